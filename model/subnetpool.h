/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Subnet pool: prefixes from which subnets are taken. Address scope: pools that have no address
 * in common, so that what is in it can be routed.
 */
#pragma once

#include "lib/ip.h"
#include "model/object.h"

struct address_scope {
	struct object object;
	int64_t ip_version; /* 4 or 6 */
	bool shared;	    /* with everybody: there is a policy that says so */
};

struct subnetpool {
	struct object object;
	int64_t ip_version; /* of its prefixes */
	struct vec
		prefixes; /* struct prefix, sorted; none touches another that it could join */
	int64_t min_prefixlen, max_prefixlen, default_prefixlen; /* as people write them */
	int64_t default_quota; /* of a project: addresses, or /64s; ATTR_INT_NONE: any */
	struct uuid address_scope_id;
	bool shared;	 /* as of a scope */
	bool is_default; /* of its version */
};

extern const struct attr_table address_scope_table;
extern const struct attr_table subnetpool_table;

#define SUBNETPOOL_PREFIX_MAX 256 /* prefixes */

/* Joins and sorts the prefixes and sets the version that they have; there must be some, all of
 * one. */
bool subnetpool_set_prefixes(struct subnetpool *pool, GError **error);
/* Lengths that were not GIVEN get their defaults; all must fit each other. */
bool subnetpool_set_lengths(struct subnetpool *pool, uint64_t given, GError **error);
/* The whole of PREFIX is the pool's. */
bool subnetpool_contains(const struct subnetpool *pool, struct prefix prefix);
/* Both have some address. */
bool subnetpool_overlaps(const struct subnetpool *a, const struct subnetpool *b);
/*
 * A prefix of BITS (of 128) that no TAKEN one overlaps, from the smallest range that is free, so
 * that large ones stay. TAKEN: COUNT prefixes, which are sorted here. False: there is no room.
 */
bool subnetpool_pick(const struct subnetpool *pool, struct prefix *taken, guint count,
		     unsigned int bits, struct prefix *out);
/* PREFIX in the unit of default_quota: addresses of IPv4, /64s of IPv6. */
double subnetpool_weigh(struct prefix prefix);
