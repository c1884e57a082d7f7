/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The flow cache: find a record that is still true, remember a new one, and the
 * generation cells that tell (abi/map.h, GENERATIONS). A cell is read before the
 * table it stands for, so a change in between makes the record stale, never wrong.
 */
#pragma once

#include "abi/hash.h"
#include "datapath/env/env.h"
#include "datapath/stage/conn.h"
#include "datapath/stage/count.h"

/*
 * Sum of products, so that the multiplications run side by side; odd constants
 * (digits of sqrt 2, 3, 5 ...), the upper half mixed last.
 */
DP_INLINE __u32 flow_hash(const struct flow_key *key)
{
	const __u64 *w = (const __u64 *)key;
	__u64 h = w[0] * 0x6a09e667f3bcc909ull;

	h += w[1] * 0xbb67ae8584caa73bull;
	h += w[2] * 0x3c6ef372fe94f82bull;
	h += w[3] * 0xa54ff53a5f1d36f1ull;
	h += w[4] * 0x510e527fade682d1ull;
	h += w[5] * 0x9b05688c2b3e6c1full;
	h += w[6] * 0x1f83d9abfb41bd6bull;
	h ^= h >> 32;
	return hash_done(h);
}

DP_INLINE bool flow_same(const struct flow_key *a, const struct flow_key *b)
{
	const __u64 *x = (const __u64 *)a, *y = (const __u64 *)b;

	return !((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3]) | (x[4] ^ y[4]) |
		 (x[5] ^ y[5]) | (x[6] ^ y[6]));
}

DP_INLINE bool flow_current(struct dp_ctx *ctx, const struct flow_value *rec)
{
	__u32 zero = 0, sum;
	const struct generation_value *generation = dp_find(ctx, generation, &zero);

	if (!generation)
		return false;
	sum = generation->cell[0] + generation->cell[rec->gen[0]] +
	      generation->cell[rec->gen[1]] + generation->cell[rec->more[0]] +
	      generation->cell[rec->more[1]] + generation->cell[rec->more[2]];
	return sum == rec->gen_sum;
}

/*
 * The Ith way to look at for a key of HASH. Each key begins at a way of its own, so that the
 * first is the right one nearly always: another way is another cache line.
 */
DP_INLINE struct flow_value *flow_way(struct flow_set *set, __u32 hash, __u32 i)
{
	return &set->way[((hash >> 24) + i) & (FLOW_WAYS - 1)];
}

/* The set of HASH among this CPU's own. */
DP_INLINE __u32 flow_index(struct dp_ctx *ctx, __u32 hash)
{
	__u32 mask = dp_config(ctx, flow_mask);

	return dp_cpu(ctx) * (mask + 1) + (hash & mask);
}

/* The record of HEAD's key, when it has one that is still true. */
DP_INLINE struct flow_value *flow_find(struct dp_ctx *ctx, const struct dp_head *head)
{
	__u32 hash = flow_hash(&head->key), index = flow_index(ctx, hash);
	struct flow_set *set = dp_find(ctx, flow, &index);

	if (!set)
		return NULL;
	DP_UNROLL
	for (__u32 i = 0; i < FLOW_WAYS; i++) {
		struct flow_value *rec = flow_way(set, hash, i);

		if (dp_likely(flow_same(&rec->key, &head->key)))
			return dp_likely(flow_current(ctx, rec)) ? rec : NULL;
	}
	return NULL;
}

/* It goes to a port or a host; else there is more to be said of it. */
DP_INLINE bool flow_is_plain(const struct flow_value *rec)
{
	return (__u32)rec->verdict - FLOW_PORT <= FLOW_VTEP - FLOW_PORT;
}

/* ---------------------------------------------------------- generations */

DP_INLINE __u32 flow_cell(struct dp_ctx *ctx, __u16 cell)
{
	__u32 zero = 0;
	const struct generation_value *generation = dp_find(ctx, generation, &zero);

	return generation ? generation->cell[cell] : 0;
}

/* Starts a walk: nothing used but the host. */
DP_INLINE void flow_gens_start(struct dp_ctx *ctx, struct dp_pkt *p)
{
	p->gens = 0;
	p->gen_host = flow_cell(ctx, 0);
	p->gen_routers = flow_cell(ctx, generation_routers());
}

/* What comes next uses CELL. One too many is counted and makes the packet uncacheable. */
DP_INLINE void flow_gens_use(struct dp_ctx *ctx, struct dp_pkt *p, __u16 cell)
{
	__u32 n = p->gens;

	if (n && n <= FLOW_GENS && p->gen[n - 1] == cell)
		return; /* read before, which is better still */
	p->gens++;
	if (n >= FLOW_GENS)
		return;
	p->gen[n] = cell;
	p->gen_was[n] = flow_cell(ctx, cell);
}

/*
 * One router has led to another. Their common cell, read before all else, stands for what has
 * been used since the sender: its first router, and where that led.
 */
DP_INLINE void flow_gens_chain(struct dp_pkt *p)
{
	if (p->gens > FLOW_GENS)
		return; /* nothing is to be kept */
	p->gens = 2;
	p->gen[1] = generation_routers();
	p->gen_was[1] = p->gen_routers;
}

/* ------------------------------------------------------------ remember */

/* Verdicts that follow from the key and the tables alone, so that they may be cached. */
#define FLOW_LASTING                                                                           \
	(1ull << DP_DROP_SOURCE_MAC | 1ull << DP_DROP_SOURCE_IP | 1ull << DP_DROP_RA |         \
	 1ull << DP_DROP_DHCP_SERVER | 1ull << DP_DROP_DHCP_OTHER |                            \
	 1ull << DP_DROP_PORT_DOWN | 1ull << DP_DROP_NETWORK_DOWN |                            \
	 1ull << DP_DROP_UNKNOWN_UNICAST | 1ull << DP_DROP_OWN_MAC |                           \
	 1ull << DP_DROP_NO_ROUTE | 1ull << DP_DROP_BLACKHOLE | 1ull << DP_DROP_NO_NEIGHBOUR | \
	 1ull << DP_DROP_ROUTER_LOOP | 1ull << DP_DROP_ROUTER_DOWN |                           \
	 1ull << DP_DROP_ROUTER_LOCAL | 1ull << DP_DROP_NOT_LOCAL |                            \
	 1ull << DP_DROP_MULTICAST_ROUTE | 1ull << DP_DROP_RS | 1ull << DP_DROP_LINK_SCOPE |   \
	 1ull << DP_DROP_MARTIAN | DP_DENIALS)

DP_INLINE bool flow_may_keep(const struct dp_pkt *p, __u32 reason)
{
	if (p->gens > FLOW_GENS || p->head.key.ethertype == dp_htons(0x0806))
		return false;
	if (!reason)
		return true;
	return p->head.fragment == DP_UNFRAGMENTED && (FLOW_LASTING >> (reason & 63) & 1);
}

/* Walks of this host for each in which a live record makes room for who is no newcomer. */
#define FLOW_PATIENCE 16

/*
 * The way that costs least: the same key, else the first dead record, else one of them in turn.
 * Not the oldest: flows of one set that send in turn would then all miss for ever. Nor at once, but
 * for a connection that BEGINS: of more flows than there are ways as many as fit are hits if they stay.
 * NULL: the record is not worth another.
 */
DP_INLINE struct flow_value *flow_choose(struct dp_ctx *ctx, struct flow_set *set, __u32 hash,
					 const struct flow_key *key, bool begins)
{
	struct flow_value *rec, *dead = NULL;
	struct host_stats_value *stats;

	DP_UNROLL
	for (__u32 i = 0; i < FLOW_WAYS; i++) {
		rec = flow_way(set, hash, i);
		if (flow_same(&rec->key, key))
			return rec;
		if (!dead && (rec->verdict == FLOW_EMPTY || !flow_current(ctx, rec)))
			dead = rec;
	}
	if (dead)
		return dead;
	stats = count_host(ctx);
	if (!stats || (!begins && stats->flow_misses % FLOW_PATIENCE))
		return NULL;
	rec = flow_way(set, stats->flow_evictions++ << 24, 0);
	conn_fold(ctx, rec);
	return rec;
}

/* Remembers p->rec as the record of p's key; BEGINS: it is the first of its connection. */
DP_STAGE int flow_keep(struct dp_ctx *ctx, struct dp_pkt *p, __u32 begins)
{
	struct flow_value *rec;
	struct flow_set *set;
	__u32 hash, index;

	if (!p)
		return DP_DROP_INTERNAL;
	p->rec.key = p->head.key;
	p->rec.gen_sum = p->gen_host;
	DP_UNROLL
	for (__u32 i = 0; i < FLOW_GENS; i++) {
		bool used = i < p->gens; /* else it names cell 0 */

		*(i < 2 ? &p->rec.gen[i] : &p->rec.more[i - 2]) = used ? p->gen[i] : 0;
		p->rec.gen_sum += used ? p->gen_was[i] : p->gen_host;
	}
	hash = flow_hash(&p->head.key);
	index = flow_index(ctx, hash);
	set = dp_find(ctx, flow, &index);
	if (!set)
		return DP_DROP_INTERNAL;
	rec = flow_choose(ctx, set, hash, &p->head.key, begins);
	if (!rec)
		return DP_OK;
	__builtin_memcpy(rec, &p->rec, sizeof(*rec));
	return DP_OK;
}
