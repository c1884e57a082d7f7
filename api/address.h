/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fixed addresses of ports: which a request means, which are free, and that nobody
 * else has them.
 */
#pragma once

#include "api/job.h"

/*
 * Makes PORT->fixed_ips complete: every entry gets its subnet and address, every address is
 * claimed, and those of BEFORE (NULL: none) that are gone are given back. GIVEN: the request
 * named addresses; without, a new port gets one of each version and all automatic ones, of the
 * subnets that serve its device_owner.
 * The port's MAC is final.
 */
bool address_allocate(struct job *job, const struct port *before, struct port *port, bool given,
		      GError **error);
/* The MAC on its network; false: another port has it. */
bool address_claim_mac(struct job *job, const struct port *port);
void address_release_mac(struct job *job, const struct port *port);
/* PORT goes: its addresses and its MAC are given back. */
void address_release(struct job *job, const struct port *port);

/* Automatic addresses of SUBNET, which is new or going, for the ports of its network. */
bool address_add_auto(struct job *job, const struct subnet *subnet, GError **error);
void address_del_auto(struct job *job, const struct subnet *subnet);
