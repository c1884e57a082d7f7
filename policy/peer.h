/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Peers of a chain's rules, and the classes that others fall into by their identity or their
 * address: a class is the list of the peers it belongs to. Its number follows from that
 * list alone, so that one who joins or leaves a group renumbers nobody.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "policy/rule.h"

struct peer_table;

struct peer_table *peer_table_new(void);
void peer_table_free(struct peer_table *table);

/* The number of RULE's peer, from 0; equal ones have one. */
guint peer_table_add(struct peer_table *table, const struct policy_rule *rule);
gsize peer_table_count(const struct peer_table *table);
/* POLICY_BY_* that the peers ask for. */
uint32_t peer_table_sources(const struct peer_table *table);

/* Sorted numbers of the sets among SETS (interned names); owned array of guint. */
GArray *peer_table_find_sets(const struct peer_table *table, const char *const *sets,
			     gsize count);
/* The class of the peers MEMBERS (sorted, not empty). SALT: see bank.h. */
uint32_t peer_class(const GArray *members, uint32_t salt);

/* The addresses of the group NAME (sorted), borrowed; NULL and *COUNT 0: none. */
typedef const struct prefix *(*peer_addresses)(const char *name, gsize *count, void *data);

/* One prefix, and the peers that an address belongs to for which it is the longest. */
struct peer_node {
	struct prefix prefix;
	GArray *members; /* sorted guint, owned by the list */
};

/* Prefixes of FAMILY that the peers speak of, sorted; owned array of struct peer_node. */
GArray *peer_table_list_nodes(const struct peer_table *table, bool v6, peer_addresses addresses,
			      void *data);
