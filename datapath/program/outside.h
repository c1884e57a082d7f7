/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * TC ingress of a physical device: what the world sends to the gateways on this host. All else on
 * the device is the host's own and untouched. A packet that a gateway has translated has its
 * inner form in the key, which all stages go by, long before it has it in its bytes: what is told
 * to its sender quotes what he sent.
 */
#pragma once

#include "datapath/env/env.h"
#include "datapath/program/port.h"
#include "datapath/stage/gateway.h"
#include "datapath/stage/nat.h"
#include "datapath/stage/nat_write.h"
#include "datapath/stage/outside.h"

/* What outside_enter has made of a packet, or what is to be done with it (no TC verdict is negative). */
enum outside_kind {
	OUTSIDE_HOST = -1, /* nothing of ours: a frame for somebody else */
	OUTSIDE_SELF = -2, /* for the gateway itself */
	OUTSIDE_SLOW = -3, /* not plain: it is to be read with care */
	OUTSIDE_WALK = -4, /* no record knows it */
};

/*
 * KEY as the inside knows it: of which gateway, and for whom. *NAT is for whom, *RAW what the wire
 * says. Returns enum dp_nat, or enum outside_kind.
 */
DP_INLINE int outside_enter(struct dp_ctx *ctx, struct flow_key *key,
			    const struct outside_value *to, struct nat_value *nat,
			    struct nat_value *raw)
{
	const struct gateway_value *gateway;
	__u32 slot = to->slot;

	gateway = dp_find(ctx, gateway, &slot);
	if (!gateway || !guard_same_mac(&key->dmac, &gateway->device_mac))
		return OUTSIDE_HOST;
	raw->addr = key->daddr;
	raw->port = key->dport;
	if (!(to->flags & OUTSIDE_OWN)) {
		key->context = FLOW_OUTSIDE | slot;
		return DP_NAT_NOTHING;
	}
	if (!guard_is_v4(key) || !nat_knows(key, NAT_IN) ||
	    !nat_find(ctx, key, slot, NAT_IN, nat)) {
		key->context = FLOW_OUTSIDE | slot;
		return OUTSIDE_SELF;
	}
	key->context = FLOW_OUTSIDE | nat->slot;
	key->daddr = nat->addr;
	if (nat_has_ports(key->proto))
		key->dport = nat->port;
	return DP_NAT_FLOW;
}

/* The gateway that KEY names has been sent the packet by the world: for who captures. */
DP_INLINE __u32 outside_seen(struct dp_ctx *ctx, const struct flow_key *key)
{
	__u32 slot = key->context & ~FLOW_OUTSIDE;

	if (dp_config(ctx, capture))
		sample_world(ctx, slot);
	return slot;
}

/* p->slot is the gateway, which must be up and on this device. */
DP_STAGE int outside_admit(struct dp_ctx *ctx, struct dp_pkt *p)
{
	const struct port_value *port;
	__u32 slot;

	if (!p)
		return DP_DROP_INTERNAL;
	slot = p->head.key.context & ~FLOW_OUTSIDE;
	p->slot = 0;
	p->from = 0;
	__builtin_memset(p->side, 0, sizeof(p->side));
	flow_gens_start(ctx, p);
	flow_gens_use(ctx, p, generation_cell(GEN_PORT, slot));
	port = dp_find(ctx, port, &slot);
	if (!port || !(port->flags & PORT_GATEWAY) || port->ifindex != ctx->ifindex)
		return DP_DROP_NO_PORT;
	p->slot = p->side[0].slot = slot;
	p->identity = port->identity;
	p->port_flags = port->flags;
	p->port_mac = port->mac;
	if (!(port->flags & PORT_UP))
		return DP_DROP_PORT_DOWN;
	return admit_network(ctx, p, GATEWAY_VNI);
}

/* Nobody outside has an address to which the router's way is not out by the gateway. */
DP_STAGE int outside_source(struct dp_ctx *ctx, struct dp_pkt *p, __u32 router)
{
	const struct route_value *route;
	struct route_key key = {};

	if (!p)
		return DP_DROP_INTERNAL;
	if (guard_is_group(&p->head.key.smac))
		return DP_DROP_SOURCE_MAC;
	if (!guard_is_v4(&p->head.key) &&
	    (guard_is_mapped(&p->head.key.saddr) || guard_is_mapped(&p->head.key.daddr)))
		return DP_DROP_MARTIAN;
	flow_gens_use(ctx, p, generation_cell(GEN_ROUTER, router));
	key.prefixlen = ROUTE_PREFIX_BASE + 128;
	key.router = router;
	key.ethertype = p->head.key.ethertype;
	__builtin_memcpy(&key.ip, &p->head.key.saddr, sizeof(key.ip));
	route = dp_find(ctx, route, &key);
	return route && ((route->flags & ROUTE_LOCAL) || route->vni != GATEWAY_VNI)
		       ? DP_DROP_SOURCE_IP
		       : DP_OK;
}

/* What has been translated passes by the gateway's connection, or not. */
DP_STAGE int outside_hold(struct dp_ctx *ctx, struct dp_pkt *p)
{
	const struct conn_value *conn;

	if (!p)
		return DP_DROP_INTERNAL;
	conn = conn_find(ctx, &p->head.key, p->slot, CONN_SENT);
	if (conn_is_lost(conn, p->head.tcp))
		return DP_DROP_NO_CONNECTION;
	p->side[0].hold = DP_HOLD_CONN;
	p->rec.flags &= ~FLOW_FREE;
	p->rec.flags |= FLOW_CONN | FLOW_HELD;
	return DP_OK;
}

/* Where it goes, from the router on. */
DP_STAGE int outside_switch(struct dp_ctx *ctx, struct dp_pkt *p)
{
	const struct gateway_value *gateway;
	int reason;
	__u32 slot;

	if (!p)
		return DP_DROP_INTERNAL;
	slot = p->slot;
	gateway = dp_find(ctx, gateway, &slot);
	if (!gateway)
		return DP_DROP_INTERNAL;
	p->rec.dmac = p->port_mac; /* the router's port that it comes in by */
	p->place = PLACE(PLACE_ROUTER, gateway->router);
	reason = outside_source(ctx, p, PLACE_INDEX(p->place));
	if (!reason)
		reason = route_walk(ctx, p);
	if (reason || p->to)
		return reason;
	/* nothing goes through a router from outside to outside */
	return p->vni == GATEWAY_VNI ? DP_DROP_NO_ROUTE : locate_stage(ctx, p);
}

/*
 * Strangers open no connection of the gateway's, whose share is for those inside: what is not
 * translated needs none, but where firewalls tell replies by it.
 */
DP_INLINE int outside_walk(struct dp_ctx *ctx, struct dp_pkt *p)
{
	int reason = outside_switch(ctx, p);

	if (reason) {
		int denied = p->crossings ? firewall_stage(ctx, p) : 0;

		return denied ? denied : reason;
	}
	if (p->to == DP_TO_ROUTER && p->translates)
		return DP_DROP_ROUTER_LOCAL;
	if (p->to == DP_TO_PLACE)
		reason = policy_stage(ctx, p);
	if (!reason && (p->network_flags & NETWORK_FIREWALL))
		reason = firewall_stage(ctx, p);
	if (!reason && p->to == DP_TO_ROUTER)
		return icmp_answer(ctx, p);
	if (!reason && p->translates)
		return outside_hold(ctx, p);
	if (!reason && !(p->network_flags & NETWORK_FIREWALL))
		p->rec.flags |= FLOW_FREE;
	return reason;
}

/* P's key as the wire has it, and the gateway for who speaks to its sender. */
DP_STAGE int outside_face(struct dp_ctx *ctx, struct dp_pkt *p)
{
	const struct gateway_value *gateway;
	__u32 slot;

	if (!p)
		return 0;
	slot = p->slot;
	gateway = dp_find(ctx, gateway, &slot);
	if (gateway)
		p->router_ip = gateway->address[guard_is_v4(&p->head.key) ? 0 : 1];
	p->head.key.context = ctx->ifindex;
	p->head.key.daddr = p->raw.addr;
	p->head.key.dport = p->raw.port;
	return 0;
}

DP_STAGE int outside_finish(struct dp_ctx *ctx, struct dp_pkt *p, __u32 reason)
{
	if (!p)
		return TC_ACT_SHOT;
	COUNT_HOST(ctx, flow_misses);
	if (reason) {
		miss_keep_drop(ctx, p, reason, p->account ? p->account : p->slot);
		outside_face(ctx, p);
		return p->reject ? reject_stage(ctx, p, reason) : error_stage(ctx, p, reason);
	}
	if (p->verdict >= 0) {
		count_tx(ctx, p->slot, count_packets(ctx), p->head.size);
		return p->verdict;
	}
	reason = miss_keep(ctx, p);
	outside_face(ctx, p);
	if (reason)
		return error_stage(ctx, p, reason);
	if (p->head.fragment == DP_FRAGMENT_FIRST)
		fragment_keep(ctx, p);
	if (p->translates && nat_write(ctx, &p->head, &p->nat, NAT_IN))
		return count_drop(ctx, p->slot, DP_DROP_INTERNAL);
	return deliver_from_port(ctx, &p->head, &p->rec);
}

/* P, whose key is the inside's; p->translates, p->nat and p->raw say how it has come to it. */
DP_STAGE int outside_miss(struct dp_ctx *ctx, struct dp_pkt *p)
{
	__u8 how;
	int reason;

	if (!p)
		return TC_ACT_SHOT;
	how = p->translates;
	reason = outside_admit(ctx, p);
	locate_start(p);
	if (how == DP_NAT_QUOTE)
		p->gens = FLOW_GENS + 1; /* what it quotes is not of its key */
	else
		p->translates = how;
	if (!reason)
		reason = outside_walk(ctx, p);
	return outside_finish(ctx, p, reason);
}

/* To the gateway's own address, and of no connection through it: it answers ping. */
DP_STAGE int outside_self(struct dp_ctx *ctx, struct dp_pkt *p)
{
	int reason;

	if (!p)
		return TC_ACT_SHOT;
	reason = outside_admit(ctx, p);
	locate_start(p);
	if (!reason && p->head.key.kind != FLOW_WHOLE)
		reason = DP_DROP_NAT;
	if (!reason && !icmp_is_echo(&p->head))
		reason = DP_DROP_ROUTER_LOCAL;
	if (!reason)
		reason = icmp_answer(ctx, p);
	if (reason)
		return count_drop(ctx, p->slot, reason);
	count_tx(ctx, p->slot, count_packets(ctx), p->head.size);
	return p->verdict;
}

/*
 * An ICMP error for a gateway that translates, about what has left by it: who has sent that? In its
 * inner form it must walk; else a verdict.
 */
DP_STAGE int outside_error(struct dp_ctx *ctx, struct dp_pkt *p)
{
	__u32 slot;

	if (!p)
		return TC_ACT_SHOT;
	slot = p->head.key.context & ~FLOW_OUTSIDE;
	p->rec.verdict = FLOW_EMPTY;
	p->slot = 0;
	related_read(ctx, p);
	if (!p->quotes || !nat_find(ctx, &p->quoted, slot, NAT_IN | NAT_TURNED, &p->nat))
		return count_drop(ctx, slot, DP_DROP_NO_CONNECTION);
	if (nat_write_error(ctx, &p->head, &p->nat, NAT_IN))
		return count_drop(ctx, slot, DP_DROP_INTERNAL);
	p->head.key.context = FLOW_OUTSIDE | p->nat.slot;
	p->head.key.daddr = p->nat.addr;
	p->translates = DP_NAT_QUOTE;
	return OUTSIDE_WALK;
}

/* Not plain, but its flow may be known. */
DP_STAGE int outside_again(struct dp_ctx *ctx, struct dp_pkt *p)
{
	struct flow_value *rec;

	if (!p)
		return OUTSIDE_WALK;
	rec = flow_find(ctx, &p->head);
	if (!rec || p->head.ttl <= rec->hops || p->head.fragment == DP_FRAGMENT_FIRST)
		return OUTSIDE_WALK;
	if (!flow_is_plain(rec) || !deliver_fits(ctx, &p->head, rec->mtu))
		return port_refuse(ctx, rec);
	if (!deliver_account(ctx, &p->head, rec))
		return OUTSIDE_WALK;
	COUNT_HOST(ctx, flow_hits);
	if (p->translates && nat_write(ctx, &p->head, &p->nat, NAT_IN))
		return count_drop(ctx, rec->tx_slot, DP_DROP_INTERNAL);
	return deliver_from_port(ctx, &p->head, rec);
}

/* From the first byte: a fragment, options, ICMP, or nothing of ours. A verdict, or OUTSIDE_WALK. */
DP_STAGE int outside_slow(struct dp_ctx *ctx, struct dp_pkt *p)
{
	const struct outside_value *to;
	int parsed, how;
	__u32 slot;

	if (!p)
		return TC_ACT_OK;
	dp_pull(ctx, ctx->len < DP_PULL ? ctx->len : DP_PULL);
	parsed = parse_frame(ctx, p, 0, ctx->ifindex);
	if (p->head.key.ethertype == dp_htons(ETH_P_ARP))
		return outside_arp(ctx, p);
	if (!parsed && nd_is(&p->head.key))
		return outside_nd(ctx, p);
	to = outside_find(ctx, ctx->ifindex, p->head.key.ethertype, &p->head.key.daddr);
	if (!to)
		return TC_ACT_OK;
	if (!parsed && p->head.fragment == DP_FRAGMENT_LATER)
		fragment_find(ctx, p);
	how = outside_enter(ctx, &p->head.key, to, &p->nat, &p->raw);
	if (how == OUTSIDE_HOST)
		return TC_ACT_OK;
	slot = outside_seen(ctx, &p->head.key);
	if (parsed)
		return count_drop(ctx, slot, parsed);
	if (how == OUTSIDE_SELF)
		return guard_is_v4(&p->head.key) && related_is_error(&p->head.key)
			       ? outside_error(ctx, p)
			       : outside_self(ctx, p);
	p->translates = how;
	return outside_again(ctx, p);
}

/* A plain packet, by its record. */
DP_STAGE int outside_plain(struct dp_ctx *ctx, struct dp_pkt *p)
{
	struct nat_value nat = {}, raw = {};
	const struct outside_value *to;
	struct flow_value *rec;
	struct dp_head h;
	__u32 slot;
	int how;

	if (!p)
		return TC_ACT_SHOT;
	if (dp_unlikely(!parse_fast(ctx, 0, ctx->ifindex, &h)))
		return OUTSIDE_SLOW;
	to = outside_find(ctx, ctx->ifindex, h.key.ethertype, &h.key.daddr);
	if (!to)
		return TC_ACT_OK;
	how = outside_enter(ctx, &h.key, to, &nat, &raw);
	if (how == OUTSIDE_HOST)
		return TC_ACT_OK;
	slot = outside_seen(ctx, &h.key);
	if (dp_unlikely(how == OUTSIDE_SELF))
		return count_drop(ctx, slot, DP_DROP_ROUTER_LOCAL);
	rec = flow_find(ctx, &h);
	if (dp_likely(rec && h.ttl > rec->hops)) {
		if (dp_unlikely(!flow_is_plain(rec) || !deliver_fits(ctx, &h, rec->mtu))) {
			int verdict = port_refuse(ctx, rec);

			if (verdict >= 0)
				return verdict;
		} else if (dp_likely(deliver_account(ctx, &h, rec))) {
			COUNT_HOST(ctx, flow_hits);
			if (how == DP_NAT_FLOW && nat_write(ctx, &h, &nat, NAT_IN))
				return count_drop(ctx, rec->tx_slot, DP_DROP_INTERNAL);
			return deliver_from_port(ctx, &h, rec);
		}
	}
	p->head = h;
	p->nat = nat;
	p->raw = raw;
	p->translates = how;
	return OUTSIDE_WALK;
}

DP_INLINE int outside_run(struct dp_ctx *ctx)
{
	__u32 zero = 0;
	struct dp_pkt *p = dp_find(ctx, scratch, &zero);
	int verdict;

	if (dp_unlikely(!p || ctx->vlan_present)) /* for a VLAN device above this one */
		return TC_ACT_OK;
	if (dp_unlikely(!dp_at(ctx, 0, DP_ETH_SIZE + PARSE_IPV4_SIZE + PARSE_TCP_SIZE)) &&
	    ctx->len > DP_ETH_SIZE + PARSE_IPV4_SIZE + PARSE_TCP_SIZE)
		dp_pull(ctx, ctx->len < DP_PULL ? ctx->len : DP_PULL);
	verdict = outside_plain(ctx, p);
	if (verdict == OUTSIDE_SLOW)
		verdict = outside_slow(ctx, p);
	return verdict < 0 ? outside_miss(ctx, p) : verdict;
}
