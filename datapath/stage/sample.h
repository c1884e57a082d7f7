/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * For who looks on: dropped packets (`weft drops --follow`), whose only cost while nobody does
 * is a word that a drop reads; and all packets of a port (`weft capture`), by programs that
 * are loaded once more with `capture` set and stand in for the others that long.
 */
#pragma once

#include "datapath/env/env.h"

/* Does anybody want to see this KIND of SLOT's? How many bytes; 0: nobody. */
DP_INLINE __u32 sample_wanted(struct dp_ctx *ctx, __u32 slot, __u32 kind)
{
	const struct sampling_value *wish = dp_find(ctx, sampling, &slot);

	if (dp_likely(!wish || !(wish->kinds & 1u << kind)))
		return 0;
	return dp_jiffies(ctx) < wish->until ? wish->size : 0;
}

/*
 * Shows SIZE bytes, or counts that it could not. WHAT: kind, reason << 8, flags << 16. Inline: who
 * calls it is as deep as functions may be.
 */
DP_INLINE void sample_show(struct dp_ctx *ctx, __u32 slot, __u32 what, __u32 size)
{
	struct sampled_value *account = dp_find(ctx, sampled, &slot);
	struct sample_event head = {};
	__u32 hz = dp_config(ctx, hz);
	__u64 second;

	if (!account)
		return;
	if ((what & 0xff) == SAMPLE_DROP) {
		second = dp_jiffies(ctx) / (hz ? hz : 1);
		if (account->second != second) {
			account->second = second;
			account->taken = 0;
			account->told = 0;
			account->denied = 0;
		}
		if (account->taken++ >= LIM_SAMPLE_RATE) {
			account->lost++;
			return;
		}
	}
	head.time = dp_now(ctx);
	head.slot = slot;
	head.length = ctx->len;
	head.kind = what;
	head.reason = what >> 8;
	head.flags = what >> 16;
	if (!dp_sample(ctx, &head, size < ctx->len ? size : ctx->len))
		account->lost++;
}

/* A packet of SLOT (0: no port's) is dropped for REASON. */
DP_INLINE void sample_drop(struct dp_ctx *ctx, __u32 slot, __u32 reason)
{
	__u32 size = sample_wanted(ctx, 0, SAMPLE_DROP);
	__u32 flags = 0;

	if (dp_likely(!size))
		return;
	if (ctx->ifindex == dp_config(ctx, uplink_ifindex) ||
	    ctx->ifindex == dp_config(ctx, vxlan_ifindex))
		flags = SAMPLE_RECEIVED;
	sample_show(ctx, slot, SAMPLE_DROP | (reason & 0xff) << 8 | flags << 16, size);
}

/* A packet of SLOT passes a point where it may be captured. */
DP_INLINE void sample_pass(struct dp_ctx *ctx, __u32 slot, __u32 kind, __u32 flags)
{
	__u32 size = slot ? sample_wanted(ctx, slot, kind) : 0;

	if (size)
		sample_show(ctx, slot, kind | flags << 16, size);
}

DP_STAGE int sample_given(struct dp_ctx *ctx, __u32 slot)
{
	sample_pass(ctx, slot, SAMPLE_BEFORE, SAMPLE_RECEIVED);
	return 0;
}

/* ------------------------------------------------------------------ flows */

/* Why a port may not send or be given a packet, as far as its policy and its share say so. */
#define SAMPLE_DENIALS                                                                         \
	(DP_DENIALS | 1ull << DP_DROP_NO_CONNECTION | 1ull << DP_DROP_CONN_BUDGET |            \
	 1ull << DP_DROP_CONN_LIMIT)

DP_INLINE bool sample_is_denial(__u32 reason)
{
	return SAMPLE_DENIALS >> (reason & 63) & 1;
}

/* Does anybody want to be told of SLOT's flows of this KIND? One word says no. */
DP_INLINE bool sample_is_told(struct dp_ctx *ctx, __u32 slot, __u32 kind)
{
	__u32 zero = 0;
	const struct sampling_value *wish = dp_find(ctx, sampling, &zero);

	if (dp_likely(!wish || !(wish->kinds & (1u << kind | 1u << SAMPLE_SOME))) ||
	    dp_jiffies(ctx) >= wish->until)
		return false;
	if (wish->kinds & 1u << kind)
		return true;
	wish = dp_find(ctx, sampling, &slot);
	return wish && (wish->kinds & 1u << kind);
}

/* SLOT's account if it may tell one more in this second. What is not told is counted. */
DP_INLINE struct sampled_value *sample_may_tell(struct dp_ctx *ctx, __u32 slot, __u32 kind)
{
	struct sampled_value *account = dp_find(ctx, sampled, &slot);
	__u32 hz = dp_config(ctx, hz);
	__u64 second = dp_jiffies(ctx) / (hz ? hz : 1);

	if (!account)
		return NULL;
	if (account->second != second) {
		account->second = second;
		account->taken = 0;
		account->told = 0;
		account->denied = 0;
	}
	if ((kind == SAMPLE_OPEN ? account->told++ : account->denied++) < LIM_SAMPLE_RATE)
		return account;
	account->untold++;
	return NULL;
}

/* SLOT is about to be given it: from a port of this host, or by tunnel and still in it. */
DP_INLINE void sample_arrives(struct dp_ctx *ctx, __u32 slot)
{
	if (dp_config(ctx, capture))
		sample_given(ctx, slot);
}

DP_INLINE __u32 sample_slot(struct dp_ctx *ctx, __u32 ifindex)
{
	const __u32 *slot = dp_find(ctx, device, &ifindex);

	return slot ? *slot : 0;
}

/* The workload of the device that it came by has sent it. */
DP_STAGE int sample_sent(struct dp_ctx *ctx)
{
	sample_pass(ctx, sample_slot(ctx, ctx->ifindex), SAMPLE_BEFORE, 0);
	return 0;
}

/* The world has sent it to the gateway of SLOT. */
DP_STAGE int sample_world(struct dp_ctx *ctx, __u32 slot)
{
	sample_pass(ctx, slot, SAMPLE_BEFORE, 0);
	return 0;
}

/* It goes out of device IFINDEX: an answer to its own sender is no packet of that. */
DP_STAGE int sample_leaves(struct dp_ctx *ctx, __u32 ifindex)
{
	if (ifindex != ctx->ifindex)
		sample_pass(ctx, sample_slot(ctx, ctx->ifindex), SAMPLE_AFTER, 0);
	sample_pass(ctx, sample_slot(ctx, ifindex), SAMPLE_AFTER, SAMPLE_RECEIVED);
	return 0;
}
