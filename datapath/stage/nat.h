/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Source NAT at a gateway (RFC 3022, RFC 4787, RFC 5508): IPv4 leaves under the gateway's address, from its
 * own port while nobody else speaks from that one with the same one outside. What a packet is
 * turned into stands in `nat`, two entries a connection, made with the first packet from inside;
 * here they are found and made. Nothing that is to be translated and cannot be goes on.
 */
#pragma once

#include <linux/in.h>

#include "abi/hash.h"
#include "datapath/env/env.h"
#include "datapath/stage/conn.h"
#include "datapath/stage/guard.h"
#include "datapath/stage/related.h"

#define NAT_PORT_MIN 1024 /* a port that is not kept is from here on */
#define NAT_PORTS    (65536 - NAT_PORT_MIN)
#define NAT_STEP     7919 /* from one try to the next: a prime */

#define NAT_TURNED                                                                             \
	0x80 /* with enum nat_way: of a packet that went the other way, and is quoted */

/* Their checksums cover addresses, and nobody here knows where they stand. */
#define NAT_DCCP    33
#define NAT_UDPLITE 136

DP_INLINE bool nat_has_ports(__u8 proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_ICMP;
}

/* Is a packet of KEY, which goes WAY (enum nat_way), one of a flow that can be translated? */
DP_INLINE bool nat_knows(const struct flow_key *key, __u32 way)
{
	if (key->kind != FLOW_WHOLE)
		return false;
	if (key->proto == IPPROTO_ICMP)
		return (key->sport & 0xff) ==
		       (way == NAT_OUT ? DP_ICMP_ECHO : DP_ICMP_ECHO_REPLY);
	return key->proto != DP_PROTO_ICMPV6 && key->proto != NAT_UDPLITE &&
	       key->proto != NAT_DCCP;
}

/* FLOW's entry on SLOT for WAY. INSIDE: who is inside is its source, else its destination. */
DP_INLINE void nat_key_set(struct nat_key *key, const struct flow_key *flow, __u32 slot,
			   __u32 way, bool inside)
{
	__be16 sport = flow->sport, dport = flow->dport;

	if (flow->proto == IPPROTO_ICMP) {
		sport = conn_is_request(flow) ? flow->dport : 0;
		dport = conn_is_request(flow) ? 0 : flow->dport;
	}
	__builtin_memset(key, 0, sizeof(*key));
	key->slot = slot;
	key->proto = flow->proto;
	key->way = way;
	key->port = inside ? sport : dport;
	key->rport = inside ? dport : sport;
	key->addr = inside ? flow->saddr : flow->daddr;
	key->remote = inside ? flow->daddr : flow->saddr;
}

/* What FLOW, or what it quotes (NAT_TURNED), is turned into on its WAY by SLOT. 0: nothing known. */
DP_STAGE int nat_find(struct dp_ctx *ctx, const struct flow_key *flow, __u32 slot, __u32 way,
		      struct nat_value *found)
{
	const struct nat_value *value;
	struct nat_key key;

	if (!flow || !found)
		return 0;
	nat_key_set(&key, flow, slot, way & NAT_IN, !(way & NAT_IN) == !(way & NAT_TURNED));
	value = dp_find(ctx, nat, &key);
	if (!value)
		return 0;
	*found = *value;
	return 1;
}

/* A port for P to be seen from, into p->nat, and the entry that leads back: of FRONT. */
DP_STAGE int nat_choose(struct dp_ctx *ctx, struct dp_pkt *p, __u32 front)
{
	const struct nat_value *other;
	struct nat_value back = {};
	struct nat_key key;
	__u32 hash;

	if (!p)
		return DP_DROP_INTERNAL;
	nat_key_set(&key, &p->head.key, front, NAT_IN, true);
	back.addr = key.addr;
	back.port = key.port;
	back.slot = p->rec.rx_slot;
	hash = hash_done(hash_mix(hash_mix(key.port, key.addr.d[1]), key.remote.d[1]));
	key.addr = p->nat.addr;
	for (__u32 i = 0; i < LIM_NAT_TRIES; i++) {
		p->nat.port = key.port;
		if (!dp_add(ctx, nat, &key, &back)) {
			p->nat_made = 1;
			return DP_OK;
		}
		other = dp_find(ctx, nat, &key);
		if (!other)
			return DP_DROP_NAT_FULL; /* not of ports, but of room */
		if (other->addr.d[1] == back.addr.d[1] && other->port == back.port &&
		    other->slot == back.slot)
			return DP_OK; /* made for this very flow */
		if (!nat_has_ports(key.proto))
			return DP_DROP_NAT_FULL;
		key.port = dp_htons(NAT_PORT_MIN + (hash + i * NAT_STEP) % NAT_PORTS);
	}
	return DP_DROP_NAT_FULL;
}

/* Takes away the entry that leads back to P. */
DP_STAGE int nat_forget(struct dp_ctx *ctx, const struct dp_pkt *p, __u32 front)
{
	struct nat_key key;

	if (!p)
		return 0;
	nat_key_set(&key, &p->head.key, front, NAT_IN, true);
	key.addr = p->nat.addr;
	key.port = p->nat.port;
	dp_del(ctx, nat, &key);
	return 0;
}

/* The entry of P's own way, once it can come back. Another CPU may have been faster. */
DP_STAGE int nat_keep(struct dp_ctx *ctx, struct dp_pkt *p, __u32 front)
{
	const struct nat_value *other;
	struct nat_value value;
	struct nat_key key;

	if (!p)
		return DP_DROP_INTERNAL;
	nat_key_set(&key, &p->head.key, p->rec.rx_slot, NAT_OUT, true);
	value = p->nat;
	if (!dp_add(ctx, nat, &key, &value)) {
		p->nat_made = 1;
		return DP_OK;
	}
	other = dp_find(ctx, nat, &key);
	/* Both may lead back by one entry, which is the other's then. */
	if (p->nat_made &&
	    (!other || other->port != p->nat.port || other->addr.w[3] != p->nat.addr.w[3]))
		nat_forget(ctx, p, front);
	p->nat_made = 0;
	if (!other)
		return DP_DROP_NAT_FULL;
	p->nat = *other;
	return DP_OK;
}

/* P does not go after all: what was made for it goes, too. */
DP_STAGE int nat_undo(struct dp_ctx *ctx, struct dp_pkt *p)
{
	const struct gateway_value *gateway;
	struct nat_key key;
	__u32 slot;

	if (!p || !p->nat_made)
		return 0;
	slot = p->rec.rx_slot;
	gateway = dp_find(ctx, gateway, &slot);
	if (gateway)
		nat_forget(ctx, p, gateway->front);
	nat_key_set(&key, &p->head.key, slot, NAT_OUT, true);
	dp_del(ctx, nat, &key);
	p->nat_made = 0;
	return 0;
}

/* What P was turned into is an address that the gateway has no more, and somebody else may have. */
DP_INLINE bool nat_is_stale(const struct dp_pkt *p, const struct gateway_value *gateway)
{
	return p->nat.addr.w[3] != gateway->address[0].w[3];
}

/* The entry of P's own way is not to be used any more. That which leads back to it nobody asks for: the
 * agent finds it. */
DP_STAGE int nat_renounce(struct dp_ctx *ctx, const struct dp_pkt *p)
{
	struct nat_key key;

	if (!p)
		return 0;
	nat_key_set(&key, &p->head.key, p->rec.rx_slot, NAT_OUT, true);
	dp_del(ctx, nat, &key);
	return 0;
}

/* A flow that has no entries yet gets them, unless P is one that begins nothing. */
DP_INLINE int nat_make(struct dp_ctx *ctx, struct dp_pkt *p,
		       const struct gateway_value *gateway)
{
	__u32 front = gateway->front;
	int reason;

	if (p->head.fragment == DP_FRAGMENT_LATER || !gateway->address[0].w[3])
		return DP_DROP_NAT;
	if (p->head.tcp & DP_TCP_RST)
		return DP_DROP_NO_CONNECTION;
	__builtin_memset(&p->nat, 0, sizeof(p->nat));
	p->nat.addr = gateway->address[0];
	p->nat.slot = p->rec.rx_slot;
	reason = nat_choose(ctx, p, front);
	return reason ? reason : nat_keep(ctx, p, front);
}

/* An ICMP error of somebody inside: about what has come in. */
DP_STAGE int nat_relate(struct dp_ctx *ctx, struct dp_pkt *p)
{
	if (!p)
		return DP_DROP_INTERNAL;
	p->gens = FLOW_GENS + 1; /* what it quotes is not of its key */
	related_read(ctx, p);
	if (!p->quotes ||
	    !nat_find(ctx, &p->quoted, p->rec.rx_slot, NAT_OUT | NAT_TURNED, &p->nat))
		return DP_DROP_NO_CONNECTION;
	p->translates = DP_NAT_QUOTE;
	return DP_OK;
}

/* The gateway keeps P's connection, which its entries go by. */
DP_STAGE int nat_hold(struct dp_ctx *ctx, struct dp_pkt *p)
{
	const struct conn_value *conn;
	struct dp_side *side;

	if (!p)
		return DP_DROP_INTERNAL;
	side = &p->side[1];
	conn = conn_find(ctx, &p->head.key, side->slot, CONN_RECEIVED);
	side->hold = conn && !conn_is_reopened(conn, p->head.tcp) ? DP_HOLD_CONN : DP_HOLD_OPEN;
	side->peer = p->identity;
	side->rule = 0;
	p->rec.flags &= ~(FLOW_FREE << 1);
	p->rec.flags |= FLOW_CONN | FLOW_HELD << 1;
	return DP_OK;
}

/* P is to leave by a gateway: what is it turned into? p->translates, p->nat. */
DP_STAGE int nat_stage(struct dp_ctx *ctx, struct dp_pkt *p)
{
	const struct gateway_value *gateway;
	__u32 slot;
	int found, reason;

	if (!p)
		return DP_DROP_INTERNAL;
	slot = p->rec.rx_slot;
	gateway = dp_find(ctx, gateway, &slot);
	if (!gateway)
		return DP_DROP_INTERNAL;
	if (!guard_is_v4(&p->head.key) || !(gateway->flags & GATEWAY_SNAT)) {
		/* needs no connection here, but where firewalls tell replies by it */
		if (!(p->network_flags & NETWORK_FIREWALL))
			p->rec.flags |= FLOW_FREE << 1;
		return DP_OK;
	}
	if (related_is_error(&p->head.key))
		return nat_relate(ctx, p) || nat_is_stale(p, gateway) ? DP_DROP_NO_CONNECTION
								      : DP_OK;
	if (!nat_knows(&p->head.key, NAT_OUT))
		return conn_has(&p->head.key) && p->head.key.proto == IPPROTO_ICMP
			       ? DP_DROP_NO_CONNECTION
			       : DP_DROP_NAT;
	p->translates = DP_NAT_FLOW;
	found = nat_find(ctx, &p->head.key, slot, NAT_OUT, &p->nat);
	if (found && nat_is_stale(p, gateway)) {
		nat_renounce(ctx, p);
		found = 0;
	}
	if (!found) {
		reason = nat_make(ctx, p, gateway);
		if (reason)
			return reason;
	}
	return nat_hold(ctx, p);
}
