/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gateways of routers: what a router tells of its own, which physical network an external one is, and
 * which host is to have a gateway to it.
 */
#pragma once

#include "model/cloud.h"

/* external_gateway_info, as requests have it. */
struct gateway_wish {
	struct uuid network_id;
	bool enable_snat;
	struct vec fixed_ips; /* struct fixed_ip; none: whatever is free */
};

extern const struct attr_table gateway_wish_table;

/* external_gateway_info of a router, as replies have it; NULL: null. */
json_t *gateway_print_info(const void *router, const void *world, const char *project);
const char *gateway_get_vif_type(const struct port *gateway, const struct cloud *cloud);

/* "NAME" or "NAME:VLAN": what NETWORK is outside, as hosts name it; owned. NULL: it is nothing outside. */
char *gateway_print_physical(const struct network *network);
/* The host says that a device of its is on PHYSICAL. */
bool gateway_is_on(const struct host *host, const char *physical);
/* HOST can have gateways to NETWORK now: it is alive, open, and joined to it. */
bool gateway_can_have(const struct cloud *cloud, const struct host *host,
		      const struct network *network);
/*
 * One of those hosts for ROUTER_ID's gateway; borrowed, NULL: there is none. By rendezvous: a host
 * that goes moves its own gateways only, and one that comes would take its share.
 */
const struct host *gateway_choose_host(const struct cloud *cloud, struct uuid router_id,
				       const struct network *network);
