/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * TC ingress of the underlay's device, after GRO: tunnel packets for this host's
 * ports. What is not UDP 4789 to our own tunnel address is the host's and untouched.
 */
#pragma once

#include "datapath/env/env.h"
#include "datapath/program/miss.h"
#include "datapath/stage/admit.h"
#include "datapath/stage/count.h"
#include "datapath/stage/deliver.h"
#include "datapath/stage/firewall.h"
#include "datapath/stage/flood.h"
#include "datapath/stage/flow.h"
#include "datapath/stage/gateway.h"
#include "datapath/stage/locate.h"
#include "datapath/stage/mac.h"
#include "datapath/stage/nat.h"
#include "datapath/stage/parse.h"
#include "datapath/stage/policy.h"
#include "datapath/stage/reject.h"
#include "datapath/stage/tunnel.h"

#define UPLINK_HEADERS (WIRE_OVERHEAD_V4 + DP_ETH_SIZE + PARSE_IPV4_SIZE + PARSE_TCP_SIZE)

/* The outer source is a host of this cloud, and the VNI one of ours. */
DP_STAGE int uplink_admit(struct dp_ctx *ctx, struct dp_pkt *p)
{
	const __u32 *index;
	struct abi_ip source;
	int reason;

	if (!p)
		return DP_DROP_INTERNAL;
	p->slot = 0;
	p->from = 0;
	p->port_flags = 0;
	__builtin_memset(p->side, 0, sizeof(p->side));
	flow_gens_start(ctx, p);
	reason = tunnel_check(p);
	if (reason)
		return reason;
	source = p->outer.source;
	index = dp_find(ctx, peer, &source);
	if (!index || !*index)
		return DP_DROP_UNKNOWN_PEER;
	p->from = *index;
	p->identity = wire_identity(p->outer.flags, p->outer.vni);
	return admit_network(ctx, p, p->outer.vni >> 8);
}

DP_INLINE int uplink_walk(struct dp_ctx *ctx, struct dp_pkt *p)
{
	int reason;

	if (p->head.key.dmac.b[0] & 1) {
		reason = tunnel_ecn(ctx, p);
		return reason ? reason : flood_stage(ctx, p);
	}
	reason = mac_find(ctx, p, &p->head.key.dmac);
	/* what came by tunnel never leaves by one, nor is it routed again */
	if (reason || PLACE_KIND(p->place) != PLACE_PORT)
		return reason && reason != DP_DROP_UNKNOWN_UNICAST ? reason : DP_DROP_NOT_LOCAL;
	reason = locate_stage(ctx, p);
	if (!reason)
		reason = policy_stage(ctx, p);
	if (!reason && (p->network_flags & NETWORK_FIREWALL))
		firewall_keep(p);
	if (!reason && p->rec.verdict == FLOW_GATEWAY)
		reason = nat_stage(ctx, p);
	return reason;
}

DP_STAGE int uplink_finish(struct dp_ctx *ctx, struct dp_pkt *p, __u32 reason)
{
	__u32 account;

	if (!p)
		return TC_ACT_SHOT;
	COUNT_HOST(ctx, flow_misses);
	if (reason) {
		/* before the record becomes a denial's, which has no receiver */
		account = p->rec.rx_slot;
		if (p->from) /* a stranger may not decide about a peer's flow */
			miss_keep_drop(ctx, p, reason, account);
		if (p->reject)
			return reject_home(ctx, p, account, reason);
		return count_drop(ctx, account, reason);
	}
	if (p->verdict >= 0)
		return p->verdict;
	reason = tunnel_ecn(ctx, p);
	if (!reason)
		reason = miss_keep(ctx, p);
	if (reason) {
		nat_undo(ctx, p);
		return count_drop(ctx, p->rec.rx_slot, reason);
	}
	if (p->rec.verdict == FLOW_GATEWAY)
		return gateway_walked(ctx, p);
	return deliver_from_tunnel(ctx, &p->rec, p->head.base);
}

/* Is the record about this sender and identity, too? */
DP_INLINE bool uplink_same(struct dp_ctx *ctx, const struct flow_value *rec,
			   const struct dp_outer *outer)
{
	const struct vtep_value *vtep = dp_find(ctx, vtep, &rec->from);

	return vtep && vtep->remote.d[1] == outer->source.d[1] &&
	       vtep->remote.d[0] == outer->source.d[0] && rec->vx_flags == outer->flags &&
	       rec->vx_vni == outer->vni;
}

/* The record says no. Negative: something has changed that the packet should walk for. */
DP_STAGE int uplink_refuse(struct dp_ctx *ctx, struct flow_value *rec)
{
	if (!rec)
		return TC_ACT_SHOT;
	if (conn_lifts(ctx, rec))
		return -1;
	if ((rec->flags & FLOW_REJECT) && reject_is_due(ctx, &rec->key, rec->tx_slot))
		return -1;
	COUNT_HOST(ctx, flow_hits);
	tell_denied(ctx, rec, rec->tx_slot, rec->reason);
	return count_drop(ctx, rec->tx_slot, rec->reason);
}

/* The record says something else than what it mostly says, or the packet is too big for it. */
DP_INLINE int uplink_aside(struct dp_ctx *ctx, const struct dp_head *h, struct flow_value *rec)
{
	if (rec->verdict == FLOW_DROP)
		return uplink_refuse(ctx, rec);
	if (deliver_fits(ctx, h, rec->mtu))
		return gateway_hit(ctx, h, rec);
	COUNT_HOST(ctx, flow_hits);
	return count_drop(ctx, rec->rx_slot, DP_DROP_TOO_BIG);
}

/* Not plain, or its ECN field changes: but its flow may be known. */
DP_STAGE int uplink_again(struct dp_ctx *ctx, struct dp_pkt *p)
{
	struct flow_value *rec;
	int reason;

	if (!p)
		return -1;
	if (p->head.fragment == DP_FRAGMENT_LATER)
		fragment_find(ctx, p);
	rec = flow_find(ctx, &p->head);
	if (!rec || !uplink_same(ctx, rec, &p->outer) || p->head.fragment == DP_FRAGMENT_FIRST)
		return -1;
	if (rec->verdict == FLOW_DROP)
		return uplink_refuse(ctx, rec);
	reason = tunnel_ecn(ctx, p);
	if (!reason && !deliver_fits(ctx, &p->head, rec->mtu))
		reason = DP_DROP_TOO_BIG;
	if (!reason && rec->verdict == FLOW_GATEWAY)
		return gateway_hit(ctx, &p->head, rec);
	if (!reason && !deliver_account(ctx, &p->head, rec))
		return -1;
	COUNT_HOST(ctx, flow_hits);
	if (reason)
		return count_drop(ctx, rec->rx_slot, reason);
	return deliver_from_tunnel(ctx, rec, p->head.base);
}

/* From who sends it on; PARSED: why it cannot be read, or 0. */
DP_STAGE int uplink_miss(struct dp_ctx *ctx, struct dp_pkt *p, __u32 parsed)
{
	int reason;

	if (!p)
		return TC_ACT_SHOT;
	reason = uplink_admit(ctx, p);
	locate_start(p);
	p->rec.vx_flags = p->outer.flags;
	p->rec.vx_vni = p->outer.vni;
	if (!reason && parsed) {
		p->gens = FLOW_GENS + 1;
		reason = parsed;
	}
	if (!reason)
		reason = uplink_walk(ctx, p);
	return uplink_finish(ctx, p, reason);
}

/* A plain packet, read as H in OUTER, that no record knows. */
DP_STAGE int uplink_new(struct dp_ctx *ctx, const struct dp_head *h,
			const struct dp_outer *outer)
{
	__u32 zero = 0;
	struct dp_pkt *p = dp_find(ctx, scratch, &zero);

	if (!p || !h || !outer)
		return TC_ACT_SHOT;
	p->head = *h;
	p->outer = *outer;
	return uplink_miss(ctx, p, 0);
}

DP_STAGE int uplink_slow(struct dp_ctx *ctx)
{
	__u32 zero = 0;
	struct dp_pkt *p = dp_find(ctx, scratch, &zero);
	int parsed, verdict;

	if (!p)
		return TC_ACT_OK;
	dp_pull(ctx, ctx->len < DP_PULL ? ctx->len : DP_PULL);
	if (tunnel_parse(ctx, p) == TUNNEL_NOT_OURS)
		return TC_ACT_OK;
	parsed = parse_frame(ctx, p, p->outer.base, FLOW_TUNNEL | p->outer.vni >> 8);
	if (!parsed && p->head.key.ethertype != dp_htons(ETH_P_ARP)) {
		verdict = uplink_again(ctx, p);
		if (verdict >= 0)
			return verdict;
	}
	return uplink_miss(ctx, p, parsed);
}

DP_INLINE int uplink_run(struct dp_ctx *ctx)
{
	struct dp_outer outer = {};
	struct flow_value *rec;
	struct dp_head h;
	__u8 *o;

	if (dp_unlikely(ctx->vlan_present)) /* for a VLAN device above this one */
		return TC_ACT_OK;
	if (dp_unlikely(!dp_at(ctx, 0, UPLINK_HEADERS)) && ctx->len >= UPLINK_HEADERS)
		dp_pull(ctx, ctx->len < DP_PULL ? ctx->len : DP_PULL);
	o = dp_at(ctx, 0, WIRE_OVERHEAD_V4);
	if (dp_unlikely(!o || !tunnel_is_ours_v4(ctx, o)))
		return uplink_slow(ctx);
	outer.source.d[1] = (__u64)dp_get32(o + 26) << 32 | 0xffff0000ull;
	outer.flags = tunnel_flags(dp_get32(o + 42));
	outer.vni = dp_ntohl(dp_get32(o + 46));
	outer.tos = o[15];
	outer.base = WIRE_OVERHEAD_V4;
	if (dp_unlikely(!parse_fast(ctx, WIRE_OVERHEAD_V4, FLOW_TUNNEL | outer.vni >> 8, &h)))
		return uplink_slow(ctx);
	rec = flow_find(ctx, &h);
	if (dp_unlikely(!rec || !uplink_same(ctx, rec, &outer)))
		return uplink_new(ctx, &h, &outer);
	if (dp_unlikely(tunnel_ecn_matters(outer.tos, h.tos)))
		return uplink_slow(ctx);
	if (dp_unlikely(rec->verdict != FLOW_PORT || !deliver_fits(ctx, &h, rec->mtu))) {
		int verdict = uplink_aside(ctx, &h, rec);

		return verdict < 0 ? uplink_new(ctx, &h, &outer) : verdict;
	}
	if (dp_unlikely(!deliver_account(ctx, &h, rec)))
		return uplink_new(ctx, &h, &outer);
	COUNT_HOST(ctx, flow_hits);
	return deliver_from_tunnel(ctx, rec, WIRE_OVERHEAD_V4);
}
