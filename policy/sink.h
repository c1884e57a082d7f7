/* SPDX-License-Identifier: Apache-2.0 */
/* Where a bank's map entries go: the agent's desired maps, or a test's tables. */
#pragma once

#include "abi/policy.h"

/* X(ID, map, key, value) in the order of writing: what is referred to first. */
#define POLICY_MAPS(X)                                                                         \
	X(CELL, cell, struct cell_key, struct policy_verdict)                                  \
	X(SERVICE, service, struct service_key, __u32)                                         \
	X(PEER_PREFIX, peer_prefix, struct peer_prefix_key, __u32)                             \
	X(PEER_IDENTITY, peer_identity, struct peer_identity_key, __u32)                       \
	X(POLICY, policy, __u32, struct policy_value)

enum policy_map {
#define X(id, map, key, value) POLICY_MAP_##id,
	POLICY_MAPS(X)
#undef X
		POLICY_MAP_COUNT,
};

struct policy_sink {
	void (*put)(enum policy_map map, const void *key, const void *value, void *data);
	void (*del)(enum policy_map map, const void *key, void *data);
	void *data;
};
