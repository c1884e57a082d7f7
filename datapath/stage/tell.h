/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * For who wants to know of connections: that one has begun (`weft flows --follow`), and what a
 * port's policy has denied (`--denied`), with the rule that says so. A packet costs a word that
 * says that nobody looks on, and only when it opens something or is denied.
 */
#pragma once

#include "datapath/env/env.h"
#include "datapath/stage/conn.h"
#include "datapath/stage/sample.h"

/* WHAT: kind, reason << 8, flags << 16. REC has the key; WAY: as in conn.h. */
DP_INLINE int tell_flow(struct dp_ctx *ctx, __u32 slot, __u32 what, __u32 way,
			const struct flow_key *key, __u32 identity, __u32 rule)
{
	struct sampled_value *account = sample_may_tell(ctx, slot, what & 0xff);
	struct sample_event *event;
	struct sample_flow *flow;

	if (!account)
		return 0;
	event = dp_tell(ctx);
	if (!event) {
		account->untold++;
		return 0;
	}
	event->time = dp_now(ctx);
	event->slot = slot;
	event->length = ctx->len;
	event->size = sizeof(*flow);
	event->kind = what;
	event->reason = what >> 8;
	event->flags = what >> 16 | (way ? SAMPLE_RECEIVED : 0);
	__builtin_memset(event->pad, 0, sizeof(event->pad));
	flow = (struct sample_flow *)event->frame;
	conn_key_set(&flow->key, key, slot, way);
	flow->identity = identity;
	flow->rule = rule;
	dp_told(ctx, event);
	return 0;
}

/* Side WAY of P has got a connection, or passes without one. */
DP_STAGE int tell_open(struct dp_ctx *ctx, struct dp_pkt *p, __u32 way)
{
	struct dp_side *side;

	if (!p)
		return 0;
	side = way ? &p->side[1] : &p->side[0];
	return tell_flow(ctx, side->slot,
			 SAMPLE_OPEN | (side->log ? SAMPLE_LOGGED << 16 : 0) |
				 (side->hold == DP_HOLD_FREE ? SAMPLE_FREE << 16 : 0),
			 way, &p->head.key, way ? p->identity : p->peer, side->rule);
}

/* MADE: CONN_MADE flags. Of what passes freely each walk is told, which is not each packet. */
DP_INLINE void tell_opened(struct dp_ctx *ctx, struct dp_pkt *p, __u32 made)
{
	for (int way = 0; way < 2; way++) {
		const struct dp_side *side = &p->side[way];

		if (!(made & CONN_MADE << way) && (side->hold != DP_HOLD_FREE || p->quotes))
			continue;
		if (side->slot && (side->log || sample_is_told(ctx, side->slot, SAMPLE_OPEN)))
			tell_open(ctx, p, way);
	}
}

/* Who is it that may not? A denial of a side names it, else the device does. */
DP_INLINE __u32 tell_way(struct dp_ctx *ctx, __u32 slot, __u32 reason)
{
	if (DP_DENIALS_SENT >> (reason & 63) & 1)
		return CONN_SENT;
	if (DP_DENIALS_RECEIVED >> (reason & 63) & 1)
		return CONN_RECEIVED;
	return sample_slot(ctx, ctx->ifindex) == slot ? CONN_SENT : CONN_RECEIVED;
}

/* SLOT may not, for REASON; REC is a denial's, or is about to be. */
DP_STAGE int tell_deny(struct dp_ctx *ctx, const struct flow_value *rec, __u32 slot,
		       __u32 reason)
{
	if (!rec)
		return 0;
	return tell_flow(ctx, slot,
			 SAMPLE_DENY | (reason & 0xff) << 8 |
				 (rec->flags & FLOW_LOG ? SAMPLE_LOGGED << 16 : 0),
			 tell_way(ctx, slot, reason), &rec->key, rec->packets, rec->seen);
}

DP_INLINE void tell_denied(struct dp_ctx *ctx, const struct flow_value *rec, __u32 slot,
			   __u32 reason)
{
	if (sample_is_denial(reason) && slot &&
	    ((rec->flags & FLOW_LOG) || sample_is_told(ctx, slot, SAMPLE_DENY)))
		tell_deny(ctx, rec, slot, reason);
}

/* P of SLOT is denied: its record says so from here on. */
DP_INLINE void tell_record(struct dp_ctx *ctx, struct dp_pkt *p, __u32 slot, __u32 reason)
{
	p->rec.key = p->head.key;
	p->rec.flags = (p->reject ? FLOW_REJECT : 0) | (p->log ? FLOW_LOG : 0);
	/* what accepts a first packet denies no other one, nor does it use up a share */
	p->rec.seen = p->ask.verdict.action == POLICY_ACCEPT ? 0 : p->ask.verdict.rule;
	p->rec.packets = p->ask.identity;
	tell_denied(ctx, &p->rec, slot, reason);
}
