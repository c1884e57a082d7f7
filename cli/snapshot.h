/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts as they would be with the rows that the controller sends them now. */
#pragma once

#include <jansson.h>

#include "cli/client.h"
#include "trace/host.h"

struct snapshot {
	struct client *client; /* borrowed */
	json_t *hosts;	       /* all of them, as the API lists them */
	struct ip address;     /* whose connections are asked for; none: nobody's */
};

bool snapshot_init(struct snapshot *snapshot, struct client *client, GError **error);
void snapshot_done(struct snapshot *snapshot);

/* As trace_fetch (trace/trace.h); DATA is the snapshot. The host is the caller's. */
struct trace_host *snapshot_fetch(const char *name, void *data, GError **error);
