/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the firewall groups of routers' ports say of a packet (abi/policy.h). All routing is done on
 * the sender's host, so all that it crosses has been noted there (stage/crossing.h). A reply passes by
 * the sender's connection: it is known by who opened that, and judged as the packet that did, the other
 * way round and by today's rules. So wherever a router on the way may have a firewall, each port
 * keeps its connections, be it filtered or not.
 */
#pragma once

#include "datapath/env/env.h"
#include "datapath/stage/conn.h"
#include "datapath/stage/guard.h"
#include "datapath/stage/policy.h"
#include "datapath/stage/related.h"

/*
 * The question about an end of p->judged, by CHAIN: its address, and the port that is asked about with
 * it; of the near end the source port.
 */
DP_INLINE void firewall_face(struct dp_pkt *p, __u32 chain, bool near)
{
	const struct flow_key *key = &p->judged;
	bool source = near != !!(chain & POLICY_INGRESS);
	bool icmp = key->proto == IPPROTO_ICMP || key->proto == DP_PROTO_ICMPV6;
	__be16 port = near ? key->sport : key->dport;

	if (icmp) /* type and code stand where a source port does */
		port = near ? 0 : key->sport;
	p->ask.chain = near ? chain | POLICY_NEAR : chain;
	p->ask.peer = source ? key->saddr : key->daddr;
	p->ask.port[0] = port & 0xff;
	p->ask.port[1] = port >> 8;
}

/* Classes of both ports, for a cell, in *SERVICE. 0: no rule speaks of them. */
DP_INLINE int firewall_service(struct dp_ctx *ctx, struct dp_pkt *p, __u32 sources,
			       __u32 *service)
{
	__u32 source = *service, destination = policy_service(ctx, &p->ask, sources);

	*service = CELL_SERVICE(destination, source);
	return destination && (source || !(sources & POLICY_BY_SPORT));
}

/* The first rule that means either end's class or nobody's, both ways. */
DP_INLINE void firewall_cells(struct dp_ctx *ctx, struct cell_key *key, __u32 sources,
			      __u32 far, __u32 near, struct policy_verdict *best)
{
	for (int i = 0; i < 2; i++) {
		if (sources & POLICY_BY_ANY)
			policy_cell(ctx, key, POLICY_PEER_ANY, best);
		if (far)
			policy_cell(ctx, key, far, best);
		key->floor = near;
		if (!near)
			break;
	}
}

/* p->judged goes through a port: what CHAIN says, into p->ask.verdict. */
DP_STAGE int firewall_ask(struct dp_ctx *ctx, struct dp_pkt *p, __u32 chain)
{
	__u32 bank = chain / POLICY_CHAINS, sources, near, far;
	const struct policy_value *policy;
	struct policy_verdict best = {};
	struct cell_key key = {};

	if (!p)
		return DP_DROP_INTERNAL;
	p->ask.verdict = best;
	p->ask.identity = 0;
	p->ask.proto = p->judged.proto;
	p->ask.portless = p->judged.kind != FLOW_WHOLE;
	p->ask.chain = chain;
	policy = bank ? dp_find(ctx, policy, &bank) : NULL;
	if (!policy)
		return DP_DROP_NO_POLICY;
	best = policy->chain[chain % POLICY_NEAR].otherwise;
	sources = policy->chain[chain % POLICY_NEAR].sources;
	firewall_face(p, chain, true);
	key.service = sources & POLICY_BY_SPORT ? policy_service(ctx, &p->ask, 0) : 0;
	near = sources & POLICY_BY_NEAR ? policy_peer_prefix(ctx, &p->ask) : 0;
	firewall_face(p, chain, false);
	far = sources & POLICY_BY_PREFIX ? policy_peer_prefix(ctx, &p->ask) : 0;
	key.chain = chain;
	if (sources && firewall_service(ctx, p, sources, &key.service))
		firewall_cells(ctx, &key, sources, far, near, &best);
	p->ask.verdict = best;
	return DP_OK;
}

/* All ports that p goes through, of p->judged; FLIPPED: which went the other way. */
DP_STAGE int firewall_walk(struct dp_ctx *ctx, struct dp_pkt *p, __u32 flipped)
{
	if (!p)
		return DP_DROP_INTERNAL;
	for (__u32 i = 0; i < DP_CROSSINGS; i++) {
		__u32 kind = guard_is_v4(&p->judged) ? 0 : POLICY_V6;
		int reason;

		if (i >= p->crossings)
			break;
		if (!p->crossing[i].ingress == !!flipped)
			kind |= POLICY_INGRESS;
		reason = firewall_ask(ctx, p, POLICY_CHAIN(p->crossing[i].bank, kind));
		if (reason)
			return reason;
		p->crossing[i].rule = p->ask.verdict.rule;
		if (p->ask.verdict.action != POLICY_ACCEPT)
			return DP_DROP_FIREWALL;
	}
	return DP_OK;
}

/* KEY the other way round: as its reply has it, or whom it replies to. */
DP_INLINE void firewall_turn(struct flow_key *key)
{
	struct abi_ip ip = key->saddr;
	__be16 port = key->sport;

	key->saddr = key->daddr;
	key->daddr = ip;
	if (key->proto == IPPROTO_ICMP || key->proto == DP_PROTO_ICMPV6) {
		key->sport = policy_echo(key);
	} else {
		key->sport = key->dport;
		key->dport = port;
	}
}

/* What firewall_known has found. */
#define FIREWALL_NONE  0 /* no connection of the sender's: it may open one */
#define FIREWALL_OPENS 1 /* one that the sender has opened */
#define FIREWALL_REPLY 2 /* one that the other side has */

/* The sender's connection that P, or what P is an error about, is of; p->judged: who opened it. */
DP_STAGE int firewall_known(struct dp_ctx *ctx, struct dp_pkt *p)
{
	const struct conn_value *conn;
	struct conn_key key;

	if (!p)
		return FIREWALL_NONE;
	p->judged = p->quotes ? p->quoted : p->head.key;
	if (!conn_has(&p->judged))
		return FIREWALL_NONE;
	conn_key_set(&key, &p->judged, p->slot, p->quotes ? CONN_RECEIVED : CONN_SENT);
	conn = dp_find(ctx, conn, &key);
	if (!conn || (!p->quotes && conn_is_reopened(conn, p->head.tcp)))
		return FIREWALL_NONE;
	if (p->quotes ? conn->origin == CONN_SENT : conn->origin != CONN_SENT)
		firewall_turn(&p->judged);
	return conn->origin == CONN_SENT ? FIREWALL_OPENS : FIREWALL_REPLY;
}

/* P is let pass by a connection that is there: its record does not outlive it. */
DP_INLINE void firewall_hold(struct dp_pkt *p)
{
	if (p->quotes)
		return;
	if (p->side[0].hold == DP_HOLD_OPEN && !policy_is_syn(&p->head))
		p->side[0].hold = DP_HOLD_CONN; /* whoever opened it stays who did */
	p->rec.flags |= FLOW_CONN | FLOW_HELD;
}

/* Ports have connections here, be they filtered or not, or by rules without state. */
DP_INLINE void firewall_keep(struct dp_pkt *p)
{
	if (p->answers || !conn_has(&p->head.key) || !policy_concerns(p))
		return;
	p->rec.flags &= ~(FLOW_FREE | FLOW_FREE << 1);
	p->rec.flags |= FLOW_CONN;
}

/* Is P a packet that nobody has opened anything for, and that may not do so either? */
DP_INLINE bool firewall_is_stray(struct dp_ctx *ctx, const struct dp_pkt *p, int known)
{
	return known != FIREWALL_OPENS && conn_has(&p->head.key) &&
	       !policy_may_open(ctx, &p->head);
}

/*
 * In the first moments of a network's first firewall: may P be of a TCP connection from before? Nobody
 * has kept anything of it. A packet that opens one is none of these, nor is one that ends it, nor what comes from
 * outside by a gateway: strangers would leave entries there.
 */
DP_INLINE bool firewall_may_resume(const struct dp_pkt *p)
{
	return (p->network_flags & NETWORK_RESUME) && !(p->port_flags & PORT_GATEWAY) &&
	       !p->quotes && conn_has(&p->head.key) && p->head.key.proto == IPPROTO_TCP &&
	       !(p->head.tcp & (DP_TCP_SYN | DP_TCP_RST));
}

/* P goes on with a connection that ORIGIN has opened, as far as its rules let it. */
DP_STAGE int firewall_resume(struct dp_ctx *ctx, struct dp_pkt *p, __u32 origin)
{
	struct conn_value fresh = {};
	struct conn_value *conn;
	struct conn_key key;

	if (!p)
		return DP_DROP_INTERNAL;
	conn_key_set(&key, &p->head.key, p->slot, CONN_SENT);
	conn = dp_find(ctx, conn, &key);
	if (!conn) {
		if (!conn_take(ctx, &key, origin, false))
			return DP_DROP_CONN_BUDGET;
		fresh.seen = fresh.created = dp_jiffies(ctx);
		fresh.origin = origin;
		if (dp_add(ctx, conn, &key, &fresh))
			return DP_DROP_CONN_LIMIT;
		COUNT_HOST(ctx, conn_created);
	} else {
		conn->origin = origin; /* made by an answer that came first */
	}
	firewall_hold(p);
	return DP_OK;
}

/* Its own way P may not go: may it answer what its rules would let the other side open now? */
DP_STAGE int firewall_answers(struct dp_ctx *ctx, struct dp_pkt *p)
{
	if (!p)
		return DP_DROP_INTERNAL;
	firewall_turn(&p->judged);
	return firewall_walk(ctx, p, 1);
}

/* P of a port of this host, in a network of which some router has a firewall. */
DP_STAGE int firewall_stage(struct dp_ctx *ctx, struct dp_pkt *p)
{
	int known, reason;

	if (!p || p->answers)
		return DP_OK;
	p->log = 0;
	firewall_keep(p);
	if (!p->crossings)
		return DP_OK;
	if (related_is_error(&p->head.key)) {
		p->gens = FLOW_GENS + 1; /* what it quotes is not of its key */
		related_read(ctx, p);
	}
	known = firewall_known(ctx, p);
	if (known == FIREWALL_REPLY || (known && p->quotes)) {
		if (!firewall_walk(ctx, p, (known == FIREWALL_REPLY))) {
			firewall_hold(p);
			return DP_OK;
		}
		p->gens = FLOW_GENS + 1; /* what follows holds as long as that entry does */
	}
	p->judged = p->head.key;
	if (known == FIREWALL_NONE && firewall_may_resume(p) && firewall_walk(ctx, p, 0) &&
	    !firewall_answers(ctx, p))
		return firewall_resume(ctx, p, CONN_RECEIVED);
	p->judged = p->head.key;
	reason = firewall_walk(ctx, p, 0);
	p->account = p->slot;
	if (reason)
		return policy_deny(p, p->slot, reason);
	if (firewall_is_stray(ctx, p, known)) {
		if (!firewall_may_resume(p))
			return DP_DROP_NO_CONNECTION;
		reason = firewall_resume(ctx, p, CONN_SENT);
		if (reason)
			return reason;
	}
	p->account = 0;
	if (known == FIREWALL_OPENS)
		firewall_hold(p);
	return DP_OK;
}
