/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a port's policy says of a packet (abi/policy.h). Asked only for packets that no record
 * knows. The sender's port is asked when the destination is known, the receiver's in the same
 * walk when it is on this host: both must let it pass before either gets a connection
 * (stage/conn.h), whose opener is judged again whenever a packet of it walks.
 */
#pragma once

#include <linux/in.h>

#include "datapath/env/env.h"
#include "datapath/stage/border.h"
#include "datapath/stage/conn.h"
#include "datapath/stage/guard.h"
#include "datapath/stage/related.h"

#define POLICY_PORT_BITS 16

/* The verdict of a pair of classes replaces a later one. */
DP_INLINE void policy_cell(struct dp_ctx *ctx, struct cell_key *key, __u32 peer,
			   struct policy_verdict *best)
{
	const struct policy_verdict *verdict;

	key->peer = peer;
	verdict = dp_find(ctx, cell, key);
	if (verdict && verdict->order < best->order)
		*best = *verdict;
}

/* Class of the packet's service in ask->chain; 0: no rule speaks of it. */
DP_INLINE __u32 policy_service(struct dp_ctx *ctx, const struct dp_ask *ask, __u32 sources)
{
	struct service_key key = {};
	const __u32 *class;

	if (sources & POLICY_ONE_SERVICE)
		return 1;
	key.prefixlen = SERVICE_PROTO + (ask->portless ? 0 : POLICY_PORT_BITS);
	key.chain = ask->chain;
	key.proto = ask->proto;
	key.port[0] = ask->port[0];
	key.port[1] = ask->port[1];
	class = dp_find(ctx, service, &key);
	return class ? *class : 0;
}

/* Class of the peer by its identity, or by its address; 0: none. */
DP_INLINE __u32 policy_peer_identity(struct dp_ctx *ctx, const struct dp_ask *ask)
{
	struct peer_identity_key key = {};
	const __u32 *class;

	key.chain = ask->chain;
	key.identity = ask->identity;
	class = dp_find(ctx, peer_identity, &key);
	return class ? *class : 0;
}

DP_INLINE __u32 policy_peer_prefix(struct dp_ctx *ctx, const struct dp_ask *ask)
{
	struct peer_prefix_key key = {};
	const __u32 *class;

	key.prefixlen = PEER_PREFIX_BASE + 128;
	key.chain = ask->chain;
	key.ip = ask->peer;
	class = dp_find(ctx, peer_prefix, &key);
	return class ? *class : 0;
}

/* p->ask: what its chain says, into ask.verdict. NO_POLICY where there is none. */
DP_STAGE int policy_ask(struct dp_ctx *ctx, struct dp_pkt *p)
{
	struct policy_verdict best;
	const struct policy_value *policy;
	struct cell_key key = {};
	__u32 bank, sources, by_identity = 0, by_prefix = 0;

	if (!p)
		return DP_DROP_INTERNAL;
	bank = p->ask.chain / POLICY_CHAINS;
	policy = bank ? dp_find(ctx, policy, &bank) : NULL;
	if (!policy)
		return DP_DROP_NO_POLICY;
	best = policy->chain[p->ask.chain % POLICY_CHAINS].otherwise;
	sources = policy->chain[p->ask.chain % POLICY_CHAINS].sources;
	p->ask.verdict = best;
	if (!(sources & (POLICY_BY_ANY | POLICY_BY_IDENTITY | POLICY_BY_PREFIX)))
		return DP_OK;
	key.chain = p->ask.chain;
	key.service = policy_service(ctx, &p->ask, sources);
	if (!key.service)
		return DP_OK;
	if (sources & POLICY_BY_IDENTITY)
		by_identity = policy_peer_identity(ctx, &p->ask);
	if (sources & POLICY_BY_PREFIX)
		by_prefix = policy_peer_prefix(ctx, &p->ask);
	for (int i = 0; i < LIM_POLICY_FLOORS; i++) {
		best = p->ask.verdict; /* the default again */
		if (sources & POLICY_BY_ANY)
			policy_cell(ctx, &key, POLICY_PEER_ANY, &best);
		if (by_identity)
			policy_cell(ctx, &key, by_identity, &best);
		if (by_prefix)
			policy_cell(ctx, &key, by_prefix, &best);
		if (best.action != POLICY_PASS)
			break;
		key.floor = best.next;
	}
	if (best.action == POLICY_PASS)
		best.action = POLICY_DENY; /* more floors than there are */
	p->ask.verdict = best;
	return DP_OK;
}

/* The type of an echo request, of this packet's family. */
DP_INLINE __u8 policy_echo(const struct flow_key *key)
{
	return guard_is_v4(key) ? DP_ICMP_ECHO : DP_ICMPV6_ECHO;
}

/*
 * What BANK says of a packet with KEY, which a side sees go KEY_WAY and whose other end is PEER: by
 * the chain of that way; FLIPPED: by the other one, for the packet is a reply and what counts is
 * the one that opened. KIND: 0 or POLICY_STATELESS. Into p->ask.verdict.
 */
DP_INLINE int policy_judge_key(struct dp_ctx *ctx, struct dp_pkt *p, __u32 bank,
			       const struct flow_key *key, __u32 key_way, __u32 peer,
			       bool flipped, __u32 kind)
{
	struct dp_ask *ask = &p->ask;
	__be16 port;

	p->reject = 0;
	p->log = 0;
	__builtin_memset(&ask->verdict, 0, sizeof(ask->verdict)); /* where there is no policy */
	if ((key_way == CONN_RECEIVED) != flipped)
		kind |= POLICY_INGRESS;
	if (!guard_is_v4(key))
		kind |= POLICY_V6;
	ask->chain = POLICY_CHAIN(bank, kind);
	ask->identity = peer;
	ask->peer = key_way ? key->saddr : key->daddr;
	ask->proto = key->proto;
	ask->portless = key->kind != FLOW_WHOLE;
	if (key->proto == IPPROTO_ICMP || key->proto == DP_PROTO_ICMPV6)
		port = flipped ? policy_echo(key) : key->sport;
	else
		port = flipped ? key->sport : key->dport;
	ask->port[0] = port & 0xff;
	ask->port[1] = port >> 8;
	return policy_ask(ctx, p);
}

/* Of a packet that nothing else lets pass: what the verdict makes of it. */
DP_INLINE int policy_deny(struct dp_pkt *p, __u32 slot, __u32 reason)
{
	p->account = slot;
	p->reject = p->ask.verdict.action == POLICY_REJECT;
	p->log = p->ask.verdict.flags & POLICY_LOG;
	return reason;
}

DP_INLINE bool policy_is_syn(const struct dp_head *h)
{
	return h->key.proto == IPPROTO_TCP &&
	       (h->tcp & (DP_TCP_SYN | DP_TCP_ACK | DP_TCP_RST)) == DP_TCP_SYN;
}

/* May this packet be a connection's first? */
DP_INLINE bool policy_may_open(struct dp_ctx *ctx, const struct dp_head *h)
{
	if (h->key.proto == IPPROTO_TCP)
		return policy_is_syn(h) || dp_config(ctx, pickup);
	if (h->key.proto == IPPROTO_ICMP || h->key.proto == DP_PROTO_ICMPV6)
		return conn_is_request(&h->key);
	return true;
}

/* Asks one side for a packet that has no connection: passes free, opens one, or is denied. */
DP_INLINE int policy_fresh(struct dp_ctx *ctx, struct dp_pkt *p, __u32 way)
{
	struct dp_side *side = way ? &p->side[1] : &p->side[0];
	int reason =
		policy_judge_key(ctx, p, side->bank, &p->head.key, way, side->peer, false, 0);

	if (reason) {
		p->account = side->slot;
		return reason;
	}
	side->rule = p->ask.verdict.rule;
	side->log = p->ask.verdict.flags & POLICY_LOG;
	if (p->ask.verdict.action != POLICY_ACCEPT)
		return policy_deny(p, side->slot, way ? DP_DROP_INGRESS : DP_DROP_EGRESS);
	side->hold = DP_HOLD_FREE;
	if ((p->ask.verdict.flags & POLICY_NO_STATE) || !conn_has(&p->head.key))
		return DP_OK;
	side->hold = DP_HOLD_OPEN;
	if (policy_may_open(ctx, &p->head))
		return DP_OK;
	p->account = side->slot;
	return DP_DROP_NO_CONNECTION;
}

/*
 * Does a connection of side WAY let the packet pass, its own or the one that it, an error, is
 * about? 1, 0, or -1: it has one, but no more. Who that one was with it knows itself.
 */
DP_INLINE int policy_known(struct dp_ctx *ctx, struct dp_pkt *p, __u32 way)
{
	const struct flow_key *flow = p->quotes ? &p->quoted : &p->head.key;
	__u32 key_way = p->quotes ? !way : way;
	struct dp_side *side = way ? &p->side[1] : &p->side[0];
	const struct conn_value *conn;
	struct conn_key key;
	__u32 peer;

	if (!conn_has(flow))
		return 0;
	conn_key_set(&key, flow, side->slot, key_way);
	conn = dp_find(ctx, conn, &key);
	if (!conn)
		return 0;
	peer = p->quotes ? conn->remote_identity : side->peer;
	if ((!p->quotes && conn_is_reopened(conn, p->head.tcp)) ||
	    policy_judge_key(ctx, p, side->bank, flow, key_way, peer, conn->origin != key_way,
			     0) ||
	    p->ask.verdict.action != POLICY_ACCEPT)
		return -1;
	if (p->ask.verdict.flags & POLICY_NO_STATE)
		return 0; /* kept for routers' firewalls: here it means nothing */
	side->rule = p->ask.verdict.rule;
	side->hold = p->quotes ? DP_HOLD_FREE : DP_HOLD_CONN;
	return 1;
}

/* The word of the network ACL at the border of a side's subnet: on each packet by itself. */
DP_STAGE int policy_border(struct dp_ctx *ctx, struct dp_pkt *p, __u32 way)
{
	struct dp_side *side;
	int reason;

	if (!p)
		return DP_DROP_INTERNAL;
	side = way ? &p->side[1] : &p->side[0];
	if (!side->border || !border_stage(ctx, p, way))
		return DP_OK;
	reason = policy_judge_key(ctx, p, side->acl, &p->head.key, way, 0, false,
				  POLICY_STATELESS);
	if (reason) {
		p->account = side->slot;
		return reason;
	}
	side->acl_rule = p->ask.verdict.rule;
	if (p->ask.verdict.action == POLICY_ACCEPT)
		return DP_OK;
	return policy_deny(p, side->slot, way ? DP_DROP_INGRESS_ACL : DP_DROP_EGRESS_ACL);
}

/* One side's word: the connection, then the rules. */
DP_STAGE int policy_side(struct dp_ctx *ctx, struct dp_pkt *p, __u32 way)
{
	int known;

	if (!p)
		return DP_DROP_INTERNAL;
	if (!(way ? p->side[1].filtered : p->side[0].filtered))
		return DP_OK;
	/* most likely it opens: one look into `conn` less */
	if (policy_is_syn(&p->head) && !policy_fresh(ctx, p, way))
		return DP_OK;
	known = policy_known(ctx, p, way);
	if (known > 0)
		return DP_OK;
	if (known < 0) /* what follows holds as long as that entry does */
		p->gens = FLOW_GENS + 1;
	return policy_fresh(ctx, p, way);
}

/* The receiver's, on what goes to many and has no connection. */
DP_STAGE int policy_hear(struct dp_ctx *ctx, struct dp_pkt *p)
{
	return p ? policy_fresh(ctx, p, CONN_RECEIVED) : DP_DROP_INTERNAL;
}

/* What resolves addresses is no traffic: where it is not answered here, it goes on as ARP. */
DP_INLINE bool policy_concerns(const struct dp_pkt *p)
{
	const struct flow_key *key = &p->head.key;
	__u8 type = key->sport & 0xff;

	if (key->ethertype == dp_htons(0x0806))
		return false;
	return guard_is_v4(key) || key->proto != DP_PROTO_ICMPV6 || key->kind != FLOW_WHOLE ||
	       (type != 133 && type != 135 && type != 136);
}

/* Both sides' word on a packet whose way is known. */
DP_STAGE int policy_stage(struct dp_ctx *ctx, struct dp_pkt *p)
{
	int reason;

	if (!p)
		return DP_DROP_INTERNAL;
	if (!(p->side[0].filtered | p->side[1].filtered | p->side[0].border |
	      p->side[1].border) ||
	    !policy_concerns(p))
		return DP_OK;
	p->side[0].peer = p->peer;
	p->side[1].peer = p->identity;
	if (related_is_error(&p->head.key)) {
		p->gens = FLOW_GENS + 1; /* what it quotes is not of its key */
		related_read(ctx, p);
	}
	reason = policy_border(ctx, p, CONN_SENT);
	if (!reason)
		reason = policy_side(ctx, p, CONN_SENT);
	if (!reason)
		reason = policy_border(ctx, p, CONN_RECEIVED);
	if (!reason)
		reason = policy_side(ctx, p, CONN_RECEIVED);
	if (reason)
		return reason;
	p->account = 0;
	p->reject = 0;
	for (int i = 0; i < 2; i++) {
		__u8 hold = p->side[i].hold;

		if (hold == DP_HOLD_CONN || hold == DP_HOLD_OPEN)
			p->rec.flags |= FLOW_CONN | FLOW_HELD << i;
		else if (hold == DP_HOLD_FREE || !conn_is_counted(&p->head.key))
			p->rec.flags |= FLOW_FREE << i;
	}
	return DP_OK;
}

/* What is answered here or goes to many: may the port send it? Without a connection. */
DP_STAGE int policy_leave(struct dp_ctx *ctx, struct dp_pkt *p)
{
	int reason;

	if (!p)
		return DP_DROP_INTERNAL;
	if (!(p->side[0].filtered | p->side[0].border) || !policy_concerns(p))
		return DP_OK;
	p->side[0].peer = 0;
	reason = policy_border(ctx, p, CONN_SENT);
	return reason ? reason : policy_side(ctx, p, CONN_SENT);
}

/* May the port SLOT be given a copy of what goes to many? Not 0: no, and it is counted. */
DP_INLINE int policy_copy(struct dp_ctx *ctx, struct dp_pkt *p, __u32 slot,
			  const struct port_value *port)
{
	int reason;

	if (!(port->flags & (PORT_FILTERED | PORT_BORDER)) || !policy_concerns(p))
		return DP_OK;
	p->side[1].slot = slot;
	p->side[1].bank = port->policy;
	p->side[1].peer = p->identity;
	p->side[1].filtered = !!(port->flags & PORT_FILTERED);
	p->side[1].border = !!(port->flags & PORT_BORDER);
	reason = policy_border(ctx, p, CONN_RECEIVED);
	if (!reason && p->side[1].filtered)
		reason = policy_hear(ctx, p);
	if (reason)
		count_drop(ctx, slot, reason);
	p->account = 0;
	p->reject = 0;
	return reason;
}
