/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A packet that a policy rejects is dropped, and its sender told: TCP by a reset (RFC 9293
 * 3.10.7.1), all else by ICMP "administratively prohibited" (RFC 1812 5.2.7.1, RFC 4443 3.1), as
 * if the destination had said so. A sender on this host gets the packet turned round. One that
 * is elsewhere is answered as if the port it spoke to had sent the answer: the frame enters that
 * port's program once more, marked, and is routed home. The mark is chosen by the agent, and a
 * workload cannot set it: it does not cross from its namespace, nor through a tap.
 */
#pragma once

#include <linux/in.h>

#include "datapath/env/env.h"
#include "datapath/stage/back.h"
#include "datapath/stage/budget.h"
#include "datapath/stage/csum.h"
#include "datapath/stage/error.h"
#include "datapath/stage/parse.h"
#include "datapath/stage/tunnel.h"

struct reject_tcp {
	__be16 sport, dport;
	__be32 seq, ack;
	__u8 offset;
	__u8 flags;
	__be16 window;
	__u16 check;
	__be16 urgent;
};

struct reject_v4 {
	__u8 version;
	__u8 tos;
	__be16 size;
	__be16 id;
	__be16 fragment;
	__u8 ttl;
	__u8 proto;
	__u16 check;
	__be32 source, destination;
	struct reject_tcp tcp;
};

struct reject_v6 {
	__be32 version;
	__be16 size;
	__u8 next;
	__u8 hop_limit;
	struct abi_ip source, destination;
	struct reject_tcp tcp;
};

_Static_assert(sizeof(struct reject_tcp) == PARSE_TCP_SIZE, "as on the wire");
_Static_assert(sizeof(struct reject_v4) == PARSE_IPV4_SIZE + PARSE_TCP_SIZE, "as on the wire");
_Static_assert(offsetof(struct reject_v6, tcp) == PARSE_IPV6_SIZE, "as on the wire");

#define REJECT_V6_SIZE (PARSE_IPV6_SIZE + PARSE_TCP_SIZE) /* of 64 in memory */

/* May a packet of KEY be answered, on SLOT's account? */
DP_INLINE bool reject_is_due(struct dp_ctx *ctx, const struct flow_key *key, __u32 slot)
{
	return error_may_answer(key) && slot && budget_has_reject(ctx, slot);
}

/* The reset of p's segment (p->head.base is 0), but for its checksum. */
DP_INLINE int reject_segment(struct dp_ctx *ctx, const struct dp_head *h,
			     struct reject_tcp *reset)
{
	struct reject_tcp tcp = {};
	__u32 size = h->ip_size - (h->l4 - DP_ETH_SIZE) - h->l4_size;

	if (dp_load(ctx, h->l4, &tcp, sizeof(tcp)))
		return -1;
	reset->sport = tcp.dport;
	reset->dport = tcp.sport;
	reset->offset = PARSE_TCP_SIZE / 4 << 4;
	reset->flags = DP_TCP_RST;
	if (tcp.flags & DP_TCP_ACK) {
		reset->seq = tcp.ack;
		return 0;
	}
	size += !!(tcp.flags & DP_TCP_SYN) + !!(tcp.flags & DP_TCP_FIN);
	size += dp_ntohl(tcp.seq);
	reset->ack = dp_htonl(size);
	reset->flags |= DP_TCP_ACK;
	return 0;
}

DP_STAGE int reject_reset_v4(struct dp_ctx *ctx, const struct dp_pkt *p)
{
	struct reject_v4 r = {};

	if (!p || reject_segment(ctx, &p->head, &r.tcp))
		return -1;
	r.version = 0x45;
	r.size = dp_htons(sizeof(r));
	r.fragment = dp_htons(0x4000);
	r.ttl = ICMP_REPLY_TTL;
	r.proto = IPPROTO_TCP;
	r.source = p->head.key.daddr.w[3];
	r.destination = p->head.key.saddr.w[3];
	r.check = csum_done(csum_words(&r, PARSE_IPV4_SIZE / 4));
	r.tcp.check = csum_done(csum_words(&r.source, 2 + PARSE_TCP_SIZE / 4) +
				dp_htonl(PARSE_TCP_SIZE) + dp_htonl(IPPROTO_TCP));
	if (dp_resize(ctx, DP_ETH_SIZE + sizeof(r)))
		return -1;
	return dp_store(ctx, DP_ETH_SIZE, &r, sizeof(r));
}

DP_STAGE int reject_reset_v6(struct dp_ctx *ctx, const struct dp_pkt *p)
{
	struct reject_v6 r = {};

	if (!p || reject_segment(ctx, &p->head, &r.tcp))
		return -1;
	r.version = dp_htonl(0x60000000);
	r.size = dp_htons(PARSE_TCP_SIZE);
	r.next = IPPROTO_TCP;
	r.hop_limit = ICMP_REPLY_TTL;
	r.source = p->head.key.daddr;
	r.destination = p->head.key.saddr;
	r.tcp.check = csum_done(csum_words(&r.source, 8 + PARSE_TCP_SIZE / 4) +
				dp_htonl(PARSE_TCP_SIZE) + dp_htonl(IPPROTO_TCP));
	if (dp_resize(ctx, DP_ETH_SIZE + REJECT_V6_SIZE))
		return -1;
	return dp_store(ctx, DP_ETH_SIZE, &r, REJECT_V6_SIZE);
}

/* Makes the frame, which starts at 0, the answer. Negative: there is none. */
DP_INLINE int reject_turn(struct dp_ctx *ctx, struct dp_pkt *p)
{
	bool v4 = guard_is_v4(&p->head.key);
	struct abi_mac eth[2];
	struct abi_ip source;

	if (p->head.key.proto != IPPROTO_TCP) {
		if (p->head.fragment == DP_FRAGMENT_LATER)
			return -1;
		source = p->head.key.daddr;
		return error_turn(ctx, p, &source, v4 ? ERROR(3, 13) : ERROR(1, 1));
	}
	if (p->head.fragment || (p->head.tcp & DP_TCP_RST) ||
	    (v4 ? reject_reset_v4(ctx, p) : reject_reset_v6(ctx, p)))
		return -1;
	eth[0] = p->head.key.smac;
	eth[1] = p->head.key.dmac;
	return dp_store(ctx, 0, eth, sizeof(eth));
}

/* Drops p, of a port of this host, for REASON and tells it. Returns the TC verdict. */
DP_STAGE int reject_stage(struct dp_ctx *ctx, struct dp_pkt *p, __u32 reason)
{
	int verdict;

	if (!p)
		return TC_ACT_SHOT;
	verdict = count_drop(ctx, p->account, reason);
	if (!reject_is_due(ctx, &p->head.key, p->account) || !parse_is_intact(ctx, p) ||
	    reject_turn(ctx, p))
		return verdict;
	budget_take_reject(ctx, p->account);
	return back_send(ctx, p, ctx->len);
}

/* The same for p that came by tunnel for the port SLOT. */
DP_STAGE int reject_home(struct dp_ctx *ctx, struct dp_pkt *p, __u32 slot, __u32 reason)
{
	int verdict = count_drop(ctx, slot, reason);

	if (!p || !reject_is_due(ctx, &p->head.key, slot) || !parse_is_intact(ctx, p) ||
	    tunnel_strip(ctx, &p->rec, p->head.base))
		return verdict;
	p->head.base = 0;
	if (reject_turn(ctx, p))
		return verdict;
	budget_take_reject(ctx, slot);
	ctx->mark = dp_config(ctx, told_mark);
	return dp_redirect_in(ctx, p->rec.out);
}

/* Is this an answer that reject_home made? */
DP_INLINE bool reject_is_answer(struct dp_ctx *ctx)
{
	return ctx->mark && ctx->mark == dp_config(ctx, told_mark);
}

/* It goes as the port's own, whatever the port may say, and leaves no trace. */
DP_INLINE void reject_admit(struct dp_ctx *ctx, struct dp_pkt *p)
{
	ctx->mark = 0;
	p->answers = 1;
	p->port_flags |= PORT_UNGUARDED;
	p->side[0].filtered = 0;
	p->side[0].border = 0;
	p->rec.flags = FLOW_FREE | FLOW_FREE << 1;
	p->gens = FLOW_GENS + 1;
}
