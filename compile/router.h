/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Routers: their interfaces and routes, and the links they make between networks.
 */
#pragma once

#include "compile/state.h"

/* The router object has come, gone or changed. */
void router_update(struct compile *compile, struct uuid id);
/* Recomputes the rows of a router in compile->dirty_routers. */
void router_update_rows(struct compile *compile, struct router_unit *router);
/* The same, later in this flush. */
void router_queue(struct compile *compile, struct router_unit *router);

/* One interface more, or less, between the two. */
struct link *router_add_link(struct compile *compile, struct net_unit *net,
			     struct router_unit *router);
void router_del_link(struct compile *compile, struct link *link);
/* Joins the components of a new link. */
void router_join_link(struct compile *compile, struct link *link);
/* Frees a link without interfaces, and adds a scope that it held to PARTED (a set). */
void router_part_link(struct link *link, GHashTable *parted);

/* The component hears of the host that carries the gateway now, and of the one that did before. */
void router_join_carrier(struct compile *compile, struct router_unit *router);
void router_leave_carrier(struct compile *compile, struct router_unit *router);

struct router_unit *router_of(struct link *link);
void router_free(void *router);
