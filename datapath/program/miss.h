/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What both programs do at the end of a walk: make the record that spares the next one. */
#pragma once

#include "datapath/env/env.h"
#include "datapath/stage/deliver.h"
#include "datapath/stage/flow.h"
#include "datapath/stage/fragment.h"
#include "datapath/stage/tell.h"

/* Denials are cached too, where they follow from the key. ACCOUNT: slot that they count on. */
DP_STAGE int miss_keep_drop(struct dp_ctx *ctx, struct dp_pkt *p, __u32 reason, __u32 account)
{
	if (!p)
		return DP_OK;
	if (sample_is_denial(reason))
		tell_record(ctx, p, account, reason);
	else
		p->rec.flags = 0;
	if (!flow_may_keep(p, reason))
		return DP_OK;
	p->rec.verdict = FLOW_DROP;
	p->rec.reason = reason;
	p->rec.hops = 0;
	p->rec.tx_slot = account;
	p->rec.rx_slot = 0;
	return flow_keep(ctx, p, 0);
}

/* The packet goes: connection, record and fragment are noted; TOO_BIG when it does not fit. */
DP_STAGE int miss_keep(struct dp_ctx *ctx, struct dp_pkt *p)
{
	__u32 flags, made;
	int reason;

	if (!p)
		return DP_DROP_INTERNAL;
	if (!deliver_fits(ctx, &p->head, p->rec.mtu))
		return DP_DROP_TOO_BIG;
	reason = conn_open(ctx, p);
	if (reason) {
		tell_record(ctx, p, p->account, reason);
		return reason;
	}
	deliver_note(ctx, &p->head, &p->rec);
	deliver_count(ctx, &p->head, &p->rec);
	flags = p->head.tcp | CONN_UNKNOWN | (p->side[0].made ? CONN_MADE : 0) |
		(p->side[1].made ? CONN_MADE << 1 : 0);
	made = p->rec.flags & FLOW_CONN ? conn_touch(ctx, &p->rec, flags) : 0;
	if (made & CONN_LOST)
		return DP_DROP_NO_CONNECTION; /* it has been aged away this instant */
	tell_opened(ctx, p, made | flags);
	if (p->head.fragment == DP_FRAGMENT_FIRST)
		fragment_keep(ctx, p);
	if (flow_may_keep(p, 0))
		flow_keep(ctx, p, (made | flags) & (CONN_MADE | CONN_MADE << 1 | DP_TCP_SYN));
	return DP_OK;
}
