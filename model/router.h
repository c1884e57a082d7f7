/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Router: a distributed L3 instance. Its interfaces are ports that name it.
 */
#pragma once

#include "lib/ip.h"
#include "model/object.h"
#include "model/subnet.h"

struct router {
	struct object object;
	struct vec zone_hints; /* char *: availability zones */
	bool admin_state_up;
	struct vec routes; /* struct host_route */
	/* Its gateway is a port of an external network, which names it (PORT_OWNER_GATEWAY). */
	struct uuid gateway_network_id; /* none: it has no gateway */
	bool enable_snat;		/* IPv4 leaves by the gateway's address */
	char *gateway_wish; /* external_gateway_info of a request; NULL in whatever is stored */
	uint32_t number;    /* region-wide, 24 bits, what the data plane calls it */
	struct uuid flavor_id; /* what it was made with; none: nothing in particular */
	bool distributed;      /* always; kept as it was asked for */
	bool ha;	       /* never */
};

extern const struct attr_table router_table;

#define ROUTER_ROUTE_MAX		30
#define ROUTER_NUMBER_MAX		((1u << 24) - 1)
/* Where address scopes meet a router is as several: its number in each of them. */
#define ROUTER_REALM_MAX		16
#define ROUTER_NUMBER_IN(number, realm) ((number) | (uint32_t)(realm) << 24)
#define ROUTER_GATEWAY_MAX		16384 /* characters */

/* Routes: no duplicates, next hop of the destination's version, usable. */
bool router_validate(const struct router *router, GError **error);
