/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What may be done on a port's account only so often in a second. */
#pragma once

#include "datapath/env/env.h"

/* SLOT's account of the current second. Two CPUs may both open it: some units are lost. */
DP_INLINE struct budget_value *budget_find(struct dp_ctx *ctx, __u32 slot)
{
	struct budget_value *budget = dp_find(ctx, budget, &slot);
	__u32 hz = dp_config(ctx, hz);
	__u64 second = dp_jiffies(ctx) / (hz ? hz : 1);

	if (budget && budget->second != second) {
		budget->second = second;
		budget->punts = 0;
		budget->errors = 0;
		budget->rejects = 0;
		budget->asks = 0;
	}
	return budget;
}

/* A port may ask the agent LIM_PUNT_RATE times in a second. */
DP_INLINE bool budget_take_punt(struct dp_ctx *ctx, __u32 slot)
{
	struct budget_value *budget = budget_find(ctx, slot);

	if (!budget || budget->punts >= LIM_PUNT_RATE)
		return false;
	dp_count_shared(&budget->punts, 1);
	return true;
}

/* ... and have it keep LIM_ASK_RATE frames that ask for an address. */
DP_INLINE bool budget_take_ask(struct dp_ctx *ctx, __u32 slot)
{
	struct budget_value *budget = budget_find(ctx, slot);

	if (!budget || budget->asks >= LIM_ASK_RATE)
		return false;
	dp_count_shared(&budget->asks, 1);
	return true;
}

/* Could it be told of an error? */
DP_INLINE bool budget_has_error(struct dp_ctx *ctx, __u32 slot)
{
	struct budget_value *budget = budget_find(ctx, slot);

	return budget && budget->errors < LIM_ERROR_RATE;
}

/* ... and is. */
DP_INLINE void budget_take_error(struct dp_ctx *ctx, __u32 slot)
{
	struct budget_value *budget = budget_find(ctx, slot);

	if (budget)
		dp_count_shared(&budget->errors, 1);
}

/* What a port rejects, or is rejected, is told as often, and is no part of the above. */
DP_INLINE bool budget_has_reject(struct dp_ctx *ctx, __u32 slot)
{
	struct budget_value *budget = budget_find(ctx, slot);

	return budget && budget->rejects < LIM_ERROR_RATE;
}

DP_INLINE void budget_take_reject(struct dp_ctx *ctx, __u32 slot)
{
	struct budget_value *budget = budget_find(ctx, slot);

	if (budget)
		dp_count_shared(&budget->rejects, 1);
}
