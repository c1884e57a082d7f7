/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The maps of both worlds and the settings fixed at load time: one table each.
 * env/bpf.h makes kernel maps and rodata of them, env/native.c real tables.
 */
#pragma once

#include "abi/map.h"
#include "abi/policy.h"

#define DP_NO_PREALLOC 1u	  /* BPF_F_NO_PREALLOC */
#define DP_MMAPABLE    (1u << 10) /* BPF_F_MMAPABLE */

struct dp_pkt;

/* X(name, type, entries, flags, key, value): see abi/map.h for what they hold. */
#define DP_MAP_TABLE(X)                                                                        \
	X(port, ARRAY, LIM_HOST_PORTS, 0, __u32, struct port_value)                            \
	X(device, HASH, LIM_HOST_PORTS, 0, __u32, __u32)                                       \
	X(guard, LPM_TRIE, LIM_GUARDS, DP_NO_PREALLOC, struct guard_key, __u32)                \
	X(border, LPM_TRIE, LIM_BORDERS, DP_NO_PREALLOC, struct border_key,                    \
	  struct border_value)                                                                 \
	X(network, HASH, LIM_NETWORKS, DP_NO_PREALLOC, __u32, struct network_value)            \
	X(mac, HASH, DEF_LOCATIONS, DP_NO_PREALLOC, struct mac_key, struct mac_value)          \
	X(location, HASH, DEF_LOCATIONS, DP_NO_PREALLOC, struct location_key,                  \
	  struct location_value)                                                               \
	X(flood, HASH, LIM_NETWORKS, DP_NO_PREALLOC, struct flood_key, struct flood_value)     \
	X(route, LPM_TRIE, LIM_ROUTES, DP_NO_PREALLOC, struct route_key, struct route_value)   \
	X(firewall, HASH, LIM_FIREWALLS, DP_NO_PREALLOC, struct mac_key, __u32)                \
	X(gateway, ARRAY, LIM_HOST_PORTS, 0, __u32, struct gateway_value)                      \
	X(outside, LPM_TRIE, LIM_OUTSIDE, DP_NO_PREALLOC, struct outside_key,                  \
	  struct outside_value)                                                                \
	X(nat, HASH, DEF_NATS, DP_NO_PREALLOC, struct nat_key, struct nat_value)               \
	X(vtep, ARRAY, LIM_HOSTS, 0, __u32, struct vtep_value)                                 \
	X(peer, HASH, LIM_HOSTS, DP_NO_PREALLOC, struct abi_ip, __u32)                         \
	X(generation, ARRAY, 1, DP_MMAPABLE, __u32, struct generation_value)                   \
	X(flow, ARRAY, DEF_FLOW_SETS, DP_MMAPABLE, __u32, struct flow_set)                     \
	X(conn, HASH, DEF_CONNS, DP_NO_PREALLOC, struct conn_key, struct conn_value)           \
	X(fragment, LRU_HASH, LIM_FRAGMENTS, 0, struct fragment_key, struct fragment_value)    \
	X(port_stats, PERCPU_ARRAY, LIM_HOST_PORTS, 0, __u32, struct port_stats_value)         \
	X(drops, PERCPU_ARRAY, LIM_HOST_PORTS *DP_DROP_COUNT, 0, __u32, __u64)                 \
	X(host_stats, PERCPU_ARRAY, 1, 0, __u32, struct host_stats_value)                      \
	X(budget, ARRAY, LIM_HOST_PORTS, 0, __u32, struct budget_value)                        \
	X(policy, HASH, LIM_POLICIES, DP_NO_PREALLOC, __u32, struct policy_value)              \
	X(peer_identity, HASH, DEF_POLICY, DP_NO_PREALLOC, struct peer_identity_key, __u32)    \
	X(peer_prefix, LPM_TRIE, LIM_PEERS, DP_NO_PREALLOC, struct peer_prefix_key, __u32)     \
	X(service, LPM_TRIE, LIM_SERVICES, DP_NO_PREALLOC, struct service_key, __u32)          \
	X(cell, HASH, DEF_POLICY, DP_NO_PREALLOC, struct cell_key, struct policy_verdict)      \
	X(port_conns, ARRAY, LIM_HOST_PORTS, DP_MMAPABLE, __u32, struct port_conns_value)      \
	X(sources, ARRAY, LIM_HOST_PORTS, DP_MMAPABLE, __u32, struct sources_value)            \
	X(sampling, ARRAY, LIM_HOST_PORTS, 0, __u32, struct sampling_value)                    \
	X(sampled, PERCPU_ARRAY, LIM_HOST_PORTS, 0, __u32, struct sampled_value)               \
	X(scratch, PERCPU_ARRAY, 1, 0, __u32, struct dp_pkt)

/* The rings `punt` and `sample` have no keys and are made by each world for itself. */

/*
 * X(type, name, default): rodata in the kernel, a field of struct dp_config natively.
 * The agent sets them between open and load.
 */
#define DP_CONFIG_TABLE(X)                                                                     \
	X(__u32, flow_mask, DEF_FLOW_SETS - 1) /* entries of `flow` - 1: a power of two - 1 */ \
	X(__u32, local_v4, 0)	   /* our tunnel address, network order; 0: none */            \
	X(__u64, local_v6_high, 0) /* ... and IPv6, as loaded from memory */                   \
	X(__u64, local_v6_low, 0)                                                              \
	X(__u32, vxlan_ifindex, 0)  /* the idle vxlan device; 0: no fallback */                \
	X(__u32, uplink_ifindex, 0) /* way out for a host without a resolved next hop */       \
	X(__u32, has_decap_l3, 0)   /* the kernel knows BPF_F_ADJ_ROOM_DECAP_L3_* (6.3) */     \
	X(__u32, capture, 0)	    /* this load is for who captures; see stage/sample.h */    \
	X(__u32, hz, 250)	    /* jiffies of a second */                                  \
	X(__u32, conn_share, 0) /* connections of one port; 0: sources are not told apart */   \
	X(__u32, pickup, 0)	/* TCP whose SYN was not seen may open a connection */         \
	X(__u32, told_mark, 0x77656674) /* skb->mark of an answer to what was rejected */
