/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests: a cloud to write to, with objects made and edited in a line each. An edit is
 * begun with a copy of what the cloud has, changed, and given to world_apply.
 */
#pragma once

#include "compile/compile.h"

struct world {
	struct cloud *cloud;
	uint64_t revision;
	uint64_t ids; /* ids handed out */
};

void world_init(struct world *world);
void world_done(struct world *world);

/* Ids are numbered, so a failing seed fails the same way again. */
struct uuid world_id(struct world *world);

/* New, not yet applied; with what the rows need set. */
struct host *world_host(struct world *world, const char *name, const char *tunnel_ip);
struct network *world_network(struct world *world, uint32_t vni);
struct subnet *world_subnet(struct world *world, struct uuid network_id, const char *cidr,
			    const char *gateway);
struct router *world_router(struct world *world, uint32_t number);
/* HOST NULL: unbound. */
struct port *world_port(struct world *world, struct uuid network_id, struct mac mac,
			const char *host);
struct port *world_interface(struct world *world, struct uuid router_id, struct uuid network_id,
			     struct mac mac);

struct port *world_gateway(struct world *world, struct uuid router_id, struct uuid network_id,
			   struct mac mac, const char *host);

void world_add_ip(struct port *port, struct uuid subnet_id, struct ip ip);
/* MAC NULL: the port's own. */
void world_add_pair(struct port *port, const char *prefix, const char *mac);
void world_add_route(struct vec *routes, const char *destination, const char *nexthop);

/* A deep copy of the object in the cloud. */
void *world_edit(struct world *world, enum kind kind, struct uuid id);

/* OBJECT is handed over. */
void world_apply(struct world *world, enum kind kind, void *object);
void world_delete(struct world *world, enum kind kind, struct uuid id);

struct ip world_ip(const char *text);
struct mac world_mac(const char *text);
/* 02:00:00 and three bytes of N. */
struct mac world_mac_n(uint32_t n);
