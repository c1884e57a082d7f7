/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * TC ingress of a workload's device: what a port sends. The hit path is this
 * file's port_run; everything that is not yet known goes by port_slow.
 */
#pragma once

#include "datapath/env/env.h"
#include "datapath/stage/admit.h"
#include "datapath/stage/arp.h"
#include "datapath/stage/ask.h"
#include "datapath/stage/count.h"
#include "datapath/stage/deliver.h"
#include "datapath/stage/dhcp.h"
#include "datapath/stage/error.h"
#include "datapath/stage/firewall.h"
#include "datapath/stage/flood.h"
#include "datapath/stage/flow.h"
#include "datapath/stage/fragment.h"
#include "datapath/stage/gateway.h"
#include "datapath/stage/guard.h"
#include "datapath/stage/locate.h"
#include "datapath/stage/mac.h"
#include "datapath/stage/nat.h"
#include "datapath/stage/nd.h"
#include "datapath/stage/parse.h"
#include "datapath/stage/policy.h"
#include "datapath/stage/reject.h"
#include "datapath/stage/route.h"
#include "datapath/program/miss.h"

/* What a port may say at all, and what is answered on the spot. */
DP_STAGE int port_speak(struct dp_ctx *ctx, struct dp_pkt *p)
{
	int reason;

	if (!p)
		return DP_DROP_INTERNAL;
	if (p->head.key.ethertype == dp_htons(ETH_P_ARP))
		return arp_stage(ctx, p);
	reason = dhcp_stage(ctx, p);
	if (reason || p->verdict >= 0)
		return reason;
	reason = nd_forbidden(p);
	if (reason)
		return reason;
	reason = guard_source(ctx, p);
	if (reason)
		return reason;
	return nd_stage(ctx, p);
}

/* Where it goes: inside its network, through routers, or to everybody. */
DP_STAGE int port_switch(struct dp_ctx *ctx, struct dp_pkt *p)
{
	int reason;

	if (!p)
		return DP_DROP_INTERNAL;
	if (p->head.key.dmac.b[0] & 1) {
		p->to = DP_TO_MANY;
		return DP_OK;
	}
	reason = mac_switch(ctx, p);
	if (reason == DP_DROP_UNKNOWN_UNICAST && (p->network_flags & NETWORK_FLOOD)) {
		p->to = DP_TO_MANY;
		return DP_OK;
	}
	if (reason)
		return reason;
	if (PLACE_KIND(p->place) == PLACE_ROUTER) {
		if (p->head.key.ethertype == dp_htons(ETH_P_ARP))
			return DP_DROP_ARP_ANNOUNCE;
		reason = route_walk(ctx, p);
		if (reason || p->to)
			return reason;
	}
	return locate_stage(ctx, p);
}

DP_INLINE int port_walk(struct dp_ctx *ctx, struct dp_pkt *p)
{
	int reason = port_speak(ctx, p);

	if (reason || p->verdict >= 0)
		return reason;
	reason = port_switch(ctx, p);
	if (reason) {
		/* a router tells of what has come so far, and firewalls may not have let it */
		int denied = p->crossings ? firewall_stage(ctx, p) : 0;

		return denied ? denied : reason;
	}
	reason = p->to == DP_TO_PLACE ? policy_stage(ctx, p) : policy_leave(ctx, p);
	if (!reason && (p->network_flags & NETWORK_FIREWALL))
		reason = firewall_stage(ctx, p);
	if (!reason && p->rec.verdict == FLOW_GATEWAY)
		reason = nat_stage(ctx, p);
	if (reason || p->to == DP_TO_PLACE)
		return reason;
	return p->to == DP_TO_ROUTER ? icmp_answer(ctx, p) : flood_stage(ctx, p);
}

/* The end of a walk: dropped, consumed by a stage, or on its way by a new record. */
DP_STAGE int port_finish(struct dp_ctx *ctx, struct dp_pkt *p, __u32 reason)
{
	if (!p)
		return TC_ACT_SHOT;
	COUNT_HOST(ctx, flow_misses);
	if (reason) {
		ask_agent(ctx, p, reason);
		miss_keep_drop(ctx, p, reason, p->account ? p->account : p->slot);
		return p->reject ? reject_stage(ctx, p, reason) : error_stage(ctx, p, reason);
	}
	if (p->verdict >= 0) {
		count_tx(ctx, p->slot, count_packets(ctx), p->head.size);
		return p->verdict;
	}
	reason = miss_keep(ctx, p);
	if (reason) {
		nat_undo(ctx, p);
		return error_stage(ctx, p, reason);
	}
	if (p->rec.verdict == FLOW_GATEWAY)
		return gateway_walked(ctx, p);
	return deliver_from_port(ctx, &p->head, &p->rec);
}

/*
 * The record says no, or the packet is too big for it. Negative: the sender is to be told,
 * which a walk does; no more often than its budget allows.
 */
DP_STAGE int port_refuse(struct dp_ctx *ctx, struct flow_value *rec)
{
	__u32 reason;

	if (!rec)
		return TC_ACT_SHOT;
	if (rec->verdict == FLOW_DROP && (conn_lifts(ctx, rec) || reject_is_answer(ctx)))
		return -1;
	if ((rec->flags & FLOW_REJECT) && reject_is_due(ctx, &rec->key, rec->tx_slot))
		return -1;
	reason = rec->verdict == FLOW_DROP ? rec->reason : DP_DROP_TOO_BIG;
	if (error_is_due(ctx, &rec->key, rec->tx_slot, reason))
		return -1;
	COUNT_HOST(ctx, flow_hits);
	tell_denied(ctx, rec, rec->tx_slot, reason);
	return count_drop(ctx, rec->tx_slot, reason);
}

/* The packet was no plain one (a fragment, options, ICMP ...) but its flow may be known. */
DP_STAGE int port_again(struct dp_ctx *ctx, struct dp_pkt *p)
{
	struct flow_value *rec;

	if (!p)
		return -1;
	if (p->head.fragment == DP_FRAGMENT_LATER)
		fragment_find(ctx, p);
	rec = flow_find(ctx, &p->head);
	if (!rec || p->head.ttl <= rec->hops || p->head.fragment == DP_FRAGMENT_FIRST)
		return -1;
	if (rec->verdict == FLOW_DROP || !deliver_fits(ctx, &p->head, rec->mtu))
		return port_refuse(ctx, rec);
	if (rec->verdict == FLOW_GATEWAY)
		return gateway_hit(ctx, &p->head, rec);
	if (!deliver_account(ctx, &p->head, rec))
		return -1;
	COUNT_HOST(ctx, flow_hits);
	return deliver_from_port(ctx, &p->head, rec);
}

/* From who sends it on; PARSED: why it cannot be read, or 0. */
DP_STAGE int port_miss(struct dp_ctx *ctx, struct dp_pkt *p, __u32 parsed)
{
	int reason;

	if (!p)
		return TC_ACT_SHOT;
	reason = admit_port(ctx, p);
	locate_start(p);
	if (!reason && reject_is_answer(ctx))
		reject_admit(ctx, p);
	if (!reason && ctx->vlan_present)
		reason = DP_DROP_VLAN;
	if (parsed || reason == DP_DROP_VLAN) {
		p->gens = FLOW_GENS + 1; /* not of the key: keep nothing */
		reason = reason ? reason : (int)parsed;
	}
	if (!reason)
		reason = port_walk(ctx, p);
	return port_finish(ctx, p, reason);
}

/* A plain packet, read as H, that no record knows. */
DP_STAGE int port_new(struct dp_ctx *ctx, const struct dp_head *h)
{
	__u32 zero = 0;
	struct dp_pkt *p = dp_find(ctx, scratch, &zero);

	if (!p || !h)
		return TC_ACT_SHOT;
	p->head = *h;
	return port_miss(ctx, p, 0);
}

/* The whole way, from the first byte. */
DP_STAGE int port_slow(struct dp_ctx *ctx)
{
	__u32 zero = 0;
	struct dp_pkt *p = dp_find(ctx, scratch, &zero);
	int parsed, verdict;

	if (!p)
		return TC_ACT_SHOT;
	dp_pull(ctx, ctx->len < DP_PULL ? ctx->len : DP_PULL);
	parsed = parse_frame(ctx, p, 0, ctx->ifindex);
	if (!parsed && p->head.key.ethertype != dp_htons(ETH_P_ARP) && !ctx->vlan_present) {
		verdict = port_again(ctx, p);
		if (verdict >= 0)
			return verdict;
	}
	return port_miss(ctx, p, parsed);
}

DP_INLINE int port_run(struct dp_ctx *ctx)
{
	struct flow_value *rec;
	struct dp_head h;

	if (dp_unlikely(!dp_at(ctx, 0, DP_ETH_SIZE + PARSE_IPV4_SIZE + PARSE_TCP_SIZE)) &&
	    ctx->len > DP_ETH_SIZE + PARSE_IPV4_SIZE + PARSE_TCP_SIZE)
		dp_pull(ctx, ctx->len < DP_PULL ? ctx->len : DP_PULL);
	if (dp_unlikely(ctx->vlan_present || !parse_fast(ctx, 0, ctx->ifindex, &h)))
		return port_slow(ctx);
	rec = flow_find(ctx, &h);
	if (dp_unlikely(!rec || h.ttl <= rec->hops))
		return port_new(ctx, &h);
	if (dp_unlikely(!flow_is_plain(rec) || !deliver_fits(ctx, &h, rec->mtu))) {
		int verdict = rec->verdict == FLOW_GATEWAY && deliver_fits(ctx, &h, rec->mtu)
				      ? gateway_hit(ctx, &h, rec)
				      : port_refuse(ctx, rec);

		return verdict < 0 ? port_new(ctx, &h) : verdict;
	}
	if (dp_unlikely(!deliver_account(ctx, &h, rec)))
		return port_new(ctx, &h);
	COUNT_HOST(ctx, flow_hits);
	return deliver_from_port(ctx, &h, rec);
}
