/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Firewall groups at routers' ports. A group's bank is made as a port's is (policies.h), held under a
 * number that is no identity's, and stands in map `firewall` for each interface that names the group.
 * Networks that hang together with such an interface, by routers, keep connections.
 */
#pragma once

#include "agent/held.h"

void firewalls_init(struct state *state); /* its policies are there */
void firewalls_done(struct state *state); /* ... and have been freed */

/* An interface, with a group or without. */
void firewalls_add(struct state *state, struct row *row);
void firewalls_del(struct state *state, struct row *row);
/* What the interface of ROW needs in `firewall`. */
void firewalls_claim(struct state *state, struct row *row);
/* NUMBER is a group's, and its bank another: its interfaces are derived anew. */
bool firewalls_moved(struct state *state, uint32_t number);
/* Of the group whose number it is: its name, and its project; or NULL. */
const char *firewalls_find_name(const struct state *state, uint32_t number);
const char *firewalls_find_project(const struct state *state, uint32_t number);
/* Which networks are concerned is found again; those that are or no longer are, derived anew. */
void firewalls_flush(struct state *state);
/* A router on some way out of network VNI has a firewall. */
bool firewalls_reach(const struct state *state, uint32_t vni);
/*
 * From now on connections are kept only where a firewall is, and walks are under way: a network that one
 * comes to is young until the second call of firewalls_age, and its connections from before may go on.
 */
void firewalls_be_patient(struct state *state);
bool firewalls_is_young(const struct state *state, uint32_t vni);
bool firewalls_has_young(const struct state *state);
void firewalls_age(struct state *state);
/* The rules of the group that has BANK, in their order; NULL: none has. */
const GPtrArray *firewalls_find_rules(const struct state *state, uint32_t bank);
/*
 * Whom a port of network VNI with ADDRESS would ask to pass a packet on to TARGET: GATEWAY, or the first
 * router with a port in its subnet. False: nobody, it is in there, too.
 */
bool firewalls_find_router(const struct state *state, uint32_t vni, struct ip address,
			   struct ip target, struct ip gateway, struct mac *out);
