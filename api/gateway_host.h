/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which hosts have the gateways: what becomes of those of a host that is lost, cut off or deleted, and
 * of those that no host could have when they were made.
 */
#pragma once

#include "api/job.h"

/* HOST, which is not connected, is deleted: its gateways go to others, or wait for one. */
void gateway_leave(struct job *job, const struct host *host);
/* GATEWAY could have an address, or a host that is better than its own; LOST: that is lost for good. */
bool gateway_is_needy(const struct cloud *cloud, const struct port *gateway, bool lost);

/*
 * The gateway PORT_ID is given what it needs. LOST: the host that is not waited for any more; NULL:
 * none. DONE: it went from one host to another, NULL: none; both NULL: it stayed; or ERROR.
 */
typedef void (*gateway_mended)(struct uuid port_id, const char *from, const char *to,
			       const GError *error, void *data);
void gateway_mend(struct api *api, struct uuid port_id, const char *lost, gateway_mended done,
		  void *data);
