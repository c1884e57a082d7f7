/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The counters, and the one exit of a dropped packet. A super-packet counts as
 * the packets it becomes.
 */
#pragma once

#include "datapath/env/env.h"
#include "datapath/stage/sample.h"

DP_INLINE __u32 count_packets(struct dp_ctx *ctx)
{
	__u32 segments = ctx->gso_segs;

	return segments ? segments : 1;
}

/* The workload of SLOT has sent PACKETS of BYTES in all. */
DP_INLINE void count_tx(struct dp_ctx *ctx, __u32 slot, __u32 packets, __u32 bytes)
{
	struct port_stats_value *stats = dp_find(ctx, port_stats, &slot);

	if (!stats)
		return;
	stats->tx_packets += packets;
	stats->tx_bytes += bytes;
}

/* ... is given. */
DP_INLINE void count_rx(struct dp_ctx *ctx, __u32 slot, __u32 packets, __u32 bytes)
{
	struct port_stats_value *stats = dp_find(ctx, port_stats, &slot);

	if (!stats)
		return;
	stats->rx_packets += packets;
	stats->rx_bytes += bytes;
}

DP_INLINE struct host_stats_value *count_host(struct dp_ctx *ctx)
{
	__u32 zero = 0;

	return dp_find(ctx, host_stats, &zero);
}

#define COUNT_HOST(ctx, field)                                                                 \
	do {                                                                                   \
		struct host_stats_value *stats_ = count_host(ctx);                             \
		if (stats_)                                                                    \
			stats_->field++;                                                       \
	} while (0)

/* Drops for REASON, on the account of SLOT (0: no port). Returns the TC verdict. */
DP_STAGE int count_drop(struct dp_ctx *ctx, __u32 slot, __u32 reason)
{
	__u32 index = slot * DP_DROP_COUNT + (reason & (DP_DROP_COUNT - 1));
	__u64 *count = dp_find(ctx, drops, &index);

	if (count)
		*count += count_packets(ctx);
	sample_drop(ctx, slot, reason);
	return TC_ACT_SHOT;
}
