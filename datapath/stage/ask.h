/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who asks for an address that is not known yet may be early: the row of a port that has just
 * been made reaches one host before the other, and an ARP request or neighbour solicitation that
 * nobody answers is sent again a second later. So the agent keeps it, too, and answers when the
 * row is there (agent/asked.c). It is dropped, and counted, all the same.
 */
#pragma once

#include "datapath/env/env.h"
#include "datapath/stage/budget.h"
#include "datapath/stage/count.h"

DP_INLINE void ask_agent(struct dp_ctx *ctx, const struct dp_pkt *p, __u32 reason)
{
	if (dp_likely(reason != DP_DROP_ARP_UNKNOWN && reason != DP_DROP_ND_UNKNOWN))
		return;
	if (p->head.size <= LIM_ASK_FRAME && budget_take_ask(ctx, p->slot) &&
	    !dp_punt(ctx, PUNT_ASK, p->slot, p->head.size))
		COUNT_HOST(ctx, punts);
}
