/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The map entries that there should be, and those that there are. Each row claims
 * entries; where rows disagree, the claim with the lowest rank, then the lowest value
 * bytes, wins: the outcome depends on the claims, never on the order they came in.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "abi/map.h"
#include "abi/policy.h"

/*
 * X(ID, map, array, key, value) in the order of writing: what is referred to stands
 * before what refers to it; removal goes backwards. Networks know of firewalls before routers lead
 * there; `device` is last, so a port can send only when all else is in place.
 */
#define DESIRED_MAPS(X)                                                                        \
	X(VTEP, vtep, true, __u32, struct vtep_value)                                          \
	X(PEER, peer, false, struct abi_ip, __u32)                                             \
	X(GUARD, guard, false, struct guard_key, __u32)                                        \
	X(CELL, cell, false, struct cell_key, struct policy_verdict)                           \
	X(SERVICE, service, false, struct service_key, __u32)                                  \
	X(PEER_PREFIX, peer_prefix, false, struct peer_prefix_key, __u32)                      \
	X(PEER_IDENTITY, peer_identity, false, struct peer_identity_key, __u32)                \
	X(POLICY, policy, false, __u32, struct policy_value)                                   \
	X(BORDER, border, false, struct border_key, struct border_value)                       \
	X(GATEWAY, gateway, true, __u32, struct gateway_value)                                 \
	X(PORT, port, true, __u32, struct port_value)                                          \
	X(FIREWALL, firewall, false, struct mac_key, __u32)                                    \
	X(FLOOD, flood, false, struct flood_key, struct flood_value)                           \
	X(NETWORK, network, false, __u32, struct network_value)                                \
	X(MAC, mac, false, struct mac_key, struct mac_value)                                   \
	X(LOCATION, location, false, struct location_key, struct location_value)               \
	X(ROUTE, route, false, struct route_key, struct route_value)                           \
	X(OUTSIDE, outside, false, struct outside_key, struct outside_value)                   \
	X(DEVICE, device, false, __u32, __u32)

enum desired_map {
#define X(id, name, array, key, value) DESIRED_##id,
	DESIRED_MAPS(X)
#undef X
		DESIRED_MAP_COUNT,
};

struct desired_shape {
	const char *name;
	uint32_t key_size;
	uint32_t value_size;
	bool array; /* deleting writes zeros, and zeros are absence */
};

extern const struct desired_shape desired_shapes[DESIRED_MAP_COUNT];

#define DESIRED_KEY_MAX	  32
#define DESIRED_VALUE_MAX 160

struct desired;
struct claim;

/* Zero-initialised within whoever claims; its claims end with desired_drop. */
struct owner {
	struct claim *claims;
};

struct desired *desired_new(void);
void desired_free(struct desired *desired); /* owners' claims are gone with it */

/* The kernel holds this entry (read at start). */
void desired_load(struct desired *desired, enum desired_map map, const void *key,
		  const void *value);

/* OWNER wants KEY to be VALUE in MAP. Said again for everything it wants, then settled: */
void desired_claim(struct desired *desired, struct owner *owner, enum desired_map map,
		   unsigned int rank, const void *key, const void *value);
/* What OWNER has not claimed since the last settle, it no longer wants. */
void desired_settle(struct desired *desired, struct owner *owner);
void desired_drop(struct desired *desired, struct owner *owner);

/*
 * An entry that one claims and no other, without a rank: KEY is to be VALUE; not any more. True
 * when it was not wanted before, or was. For entries that come and go one by one.
 */
bool desired_want(struct desired *desired, enum desired_map map, const void *key,
		  const void *value);
bool desired_unwant(struct desired *desired, enum desired_map map, const void *key);

/* The value wanted for KEY, or NULL; that the kernel has. Borrowed. */
const void *desired_find(struct desired *desired, enum desired_map map, const void *key);
const void *desired_find_held(struct desired *desired, enum desired_map map, const void *key);

/* One entry that is not as wanted. WANTED or HELD may be NULL: to delete, to create. */
struct desired_entry;
struct desired_change {
	struct desired_entry *entry;
	enum desired_map map;
	const void *key;
	const void *wanted;
	const void *held;
};

/*
 * What is to be written next: the first map with entries to put, else the last with entries to
 * delete. False: nothing is left, but for what has failed.
 */
bool desired_find_work(const struct desired *desired, enum desired_map *map, bool *put);
/*
 * Looks at LIMIT entries of MAP that may be to put (to delete) and appends to CHANGES (struct
 * desired_change, good until the next claim) those that are: each is for desired_done or desired_fail.
 * Returns how many it has looked at.
 */
guint desired_list_changes(struct desired *desired, enum desired_map map, bool put, guint limit,
			   GArray *changes);
/* The kernel now holds what is wanted of ENTRY, which may end it. */
void desired_done(struct desired *desired, struct desired_entry *entry);
/* ENTRY is no work any more until it is claimed anew, or all that failed is tried again. */
void desired_fail(struct desired *desired, struct desired_entry *entry);
void desired_retry(struct desired *desired);

gsize desired_count(const struct desired *desired, enum desired_map map); /* held */

/* Every entry that is wanted. */
typedef void (*desired_visit)(enum desired_map map, const void *key, const void *value,
			      void *data);
void desired_foreach(struct desired *desired, desired_visit visit, void *data);
