/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The hashes that both sides must agree on: which generation cell a thing has.
 */
#pragma once

#include "abi/map.h"

#define HASH_K1 0x9e3779b97f4a7c15ull /* 2^64 / golden ratio */
#define HASH_K2 0xbf58476d1ce4e5b9ull /* splitmix64 */

static inline __u64 hash_mix(__u64 h, __u64 word)
{
	h = (h ^ word) * HASH_K1;
	return h ^ h >> 29;
}

static inline __u32 hash_done(__u64 h)
{
	h *= HASH_K2;
	return (__u32)(h >> 32);
}

/* Cell of a thing of KIND (enum generation_kind) numbered ID; never 0, which is the host's. */
static inline __u16 generation_cell(__u32 kind, __u64 id)
{
	__u32 h = hash_done(hash_mix(kind, id));

	return (__u16)((h & (LIM_GENERATIONS - 1)) ? h & (LIM_GENERATIONS - 1) : 1);
}

/* The cell of all routers. */
static inline __u16 generation_routers(void)
{
	return generation_cell(GEN_ROUTERS, 0);
}

/* Id of a MAC in a network, for GEN_MAC. */
static inline __u64 generation_mac_id(__u32 vni, const struct abi_mac *mac)
{
	const __u8 *b = mac->b;
	__u64 m = (__u64)b[0] << 40 | (__u64)b[1] << 32 | (__u64)b[2] << 24 |
		  (__u64)b[3] << 16 | (__u64)b[4] << 8 | b[5];

	return hash_mix(vni, m);
}

/* Id of an address in a network, for GEN_ADDRESS. */
static inline __u64 generation_address_id(__u32 vni, const struct abi_ip *ip)
{
	return hash_mix(hash_mix(vni, ip->d[0]), ip->d[1]);
}
