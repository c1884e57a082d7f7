/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A packet of a port that cannot go on for a reason its sender should know is answered with
 * ICMP (RFC 792, RFC 1191, RFC 1812 4.3; RFC 4443), by the same buffer turned round: IP and
 * ICMP headers and the first bytes of the packet. It is counted as dropped all the same. What
 * security stops is stopped in silence, and so is what came by tunnel: its sender's host knows
 * the sizes.
 *
 * A packet too big is answered with or without "don't fragment": nothing here fragments.
 */
#pragma once

#include <linux/if_ether.h>
#include <linux/in.h>

#include "datapath/env/env.h"
#include "datapath/stage/budget.h"
#include "datapath/stage/back.h"
#include "datapath/stage/count.h"
#include "datapath/stage/csum.h"
#include "datapath/stage/guard.h"
#include "datapath/stage/icmp.h"
#include "datapath/stage/parse.h"

#define ERROR_TOS	  0xc0 /* internetwork control (RFC 1812 4.3.2.5) */
#define ERROR_ICMP_SIZE	  8
#define ERROR(type, code) ((type) << 8 | (code))

/* After the Ethernet header. */
struct error_v4 {
	__u8 version;
	__u8 tos;
	__be16 size;
	__be16 id;
	__be16 fragment;
	__u8 ttl;
	__u8 proto;
	__u16 check;
	__be32 source, destination;
	__be16 message; /* type and code */
	__u16 icmp_check;
	__be32 parameter;
};

struct error_v6 {
	__be32 version;
	__be16 size;
	__u8 next;
	__u8 hop_limit;
	struct abi_ip source, destination;
	__be16 message;
	__u16 icmp_check;
	__be32 parameter;
};

_Static_assert(sizeof(struct error_v4) == PARSE_IPV4_SIZE + ERROR_ICMP_SIZE, "as on the wire");
_Static_assert(sizeof(struct error_v6) == PARSE_IPV6_SIZE + ERROR_ICMP_SIZE, "as on the wire");

/* Type and code of what the sender is told about REASON; 0: nothing. */
DP_INLINE __u32 error_message(const struct flow_key *key, __u32 reason)
{
	bool v4 = guard_is_v4(key);

	switch (reason) {
	case DP_DROP_TOO_BIG:
		return v4 ? ERROR(3, 4) : ERROR(2, 0);
	case DP_DROP_TTL:
		return v4 ? ERROR(11, 0) : ERROR(3, 0);
	case DP_DROP_NO_ROUTE:
		return v4 ? ERROR(3, 0) : ERROR(1, 0);
	case DP_DROP_LINK_SCOPE:
		return v4 ? 0 : ERROR(1, 2);
	case DP_DROP_NO_NEIGHBOUR:
		return v4 ? ERROR(3, 1) : ERROR(1, 3);
	case DP_DROP_ROUTER_LOCAL:
		if (key->proto != IPPROTO_TCP && key->proto != IPPROTO_UDP)
			return 0;
		return v4 ? ERROR(3, 3) : ERROR(1, 4);
	default:
		return 0;
	}
}

/* An address of one host: what may be answered (RFC 1812 4.3.2.7, RFC 4443 2.4 e). */
DP_INLINE bool error_is_host(const struct flow_key *key, const struct abi_ip *ip)
{
	if (guard_is_v4(key))
		return ip->b[12] && ip->b[12] != 127 && ip->b[12] < 224;
	return ip->b[0] != 0xff && (ip->w[0] | ip->w[1] | ip->w[2]);
}

/* An ICMP message that is an error, a redirect, or of a type not known not to be one. */
DP_INLINE bool error_is_error(const struct flow_key *key)
{
	__u8 type = key->sport & 0xff;

	if (guard_is_v4(key))
		return key->proto == IPPROTO_ICMP && type != DP_ICMP_ECHO_REPLY &&
		       type != DP_ICMP_ECHO && type != 13 && type != 14; /* timestamps */
	return key->proto == DP_PROTO_ICMPV6 && (type < 128 || type == 137);
}

/* One host's packet to another, and no error itself. */
DP_INLINE bool error_may_answer(const struct flow_key *key)
{
	if (key->ethertype != dp_htons(ETH_P_IP) && key->ethertype != dp_htons(ETH_P_IPV6))
		return false;
	return !error_is_error(key) && !(key->dmac.b[0] & 1) &&
	       error_is_host(key, &key->saddr) && error_is_host(key, &key->daddr);
}

/* Is the sender of such a packet, from the port SLOT, told of REASON, and may it be now? */
DP_INLINE bool error_is_due(struct dp_ctx *ctx, const struct flow_key *key, __u32 slot,
			    __u32 reason)
{
	return error_message(key, reason) && error_may_answer(key) && slot &&
	       budget_has_error(ctx, slot);
}

DP_INLINE const struct route_value *error_route(struct dp_ctx *ctx, const struct dp_pkt *p,
						const struct abi_ip *ip, __u16 kind)
{
	struct route_key key = {};

	key.prefixlen = ROUTE_PREFIX_BASE + 128;
	key.router = p->router;
	key.ethertype = p->head.key.ethertype;
	key.kind = kind;
	__builtin_memcpy(&key.ip, ip, sizeof(key.ip));
	return dp_find(ctx, route, &key);
}

/*
 * As whom the first router speaks to the sender: its address where the sender is, or, when the
 * sender is behind a next hop, where that is.
 */
DP_STAGE int error_own(struct dp_ctx *ctx, const struct dp_pkt *p, struct abi_ip *own)
{
	const struct route_value *route;
	struct abi_ip ip;

	if (!p || !own)
		return -1;
	ip = p->head.key.saddr;
	route = error_route(ctx, p, &ip, ROUTE_OWN);
	if (!route) {
		route = error_route(ctx, p, &ip, ROUTE_TO);
		if (!route || !(route->flags & ROUTE_GATEWAY))
			return -1;
		ip = route->via;
		route = error_route(ctx, p, &ip, ROUTE_OWN);
	}
	if (!route)
		return -1;
	*own = route->via;
	return 0;
}

/* The link-local address that MAC makes. */
DP_INLINE void error_link_local(const struct abi_mac *mac, struct abi_ip *ip)
{
	ip->w[0] = dp_htonl(0xfe800000);
	ip->w[1] = 0;
	ip->b[8] = mac->b[0] ^ 2;
	ip->b[9] = mac->b[1];
	ip->b[10] = mac->b[2];
	ip->b[11] = 0xff;
	ip->b[12] = 0xfe;
	ip->b[13] = mac->b[3];
	ip->b[14] = mac->b[4];
	ip->b[15] = mac->b[5];
}

/*
 * Who says so: the address that was spoken to, the router at hand, or where no router is known
 * the destination itself, as the kernel's tunnels do when a packet is too big for them.
 * Negative: nobody can.
 */
DP_STAGE int error_source(struct dp_ctx *ctx, struct dp_pkt *p, __u32 reason,
			  struct abi_ip *source)
{
	const struct flow_key *key;

	if (!p || !source)
		return -1;
	key = &p->head.key;
	*source = key->daddr;
	if (reason == DP_DROP_ROUTER_LOCAL)
		return 0;
	if (!p->router)
		return reason == DP_DROP_TOO_BIG ? 0 : -1;
	if (p->router_ip.d[0] | p->router_ip.d[1]) {
		*source = p->router_ip;
		return 0;
	}
	if (!error_own(ctx, p, source))
		return 0;
	if (!guard_is_v4(key)) {
		error_link_local(&key->dmac, source);
		return 0;
	}
	return reason == DP_DROP_TOO_BIG ? 0 : -1;
}

/* Headers in front of SIZE bytes of p->quote, into the frame. */
DP_STAGE int error_write_v4(struct dp_ctx *ctx, const struct dp_pkt *p,
			    const struct abi_ip *source, __u32 message, __u32 size)
{
	struct error_v4 e = {};
	__u32 mtu;

	if (!p || !source)
		return -1;
	mtu = p->rec.mtu < 65535 ? p->rec.mtu : 65535;
	e.version = 0x45;
	e.tos = ERROR_TOS;
	e.size = dp_htons(sizeof(e) + size);
	e.fragment = dp_htons(0x4000);
	e.ttl = ICMP_REPLY_TTL;
	e.proto = IPPROTO_ICMP;
	e.source = source->w[3];
	e.destination = p->head.key.saddr.w[3];
	e.check = csum_done(csum_words(&e, PARSE_IPV4_SIZE / 4));
	e.message = dp_htons(message);
	if (message == ERROR(3, 4))
		e.parameter = dp_htonl(mtu);
	e.icmp_check = csum_done(csum_words(&e.message, ERROR_ICMP_SIZE / 4) +
				 csum_words(p->quote, DP_QUOTE / 4));
	return dp_store(ctx, DP_ETH_SIZE, &e, sizeof(e));
}

DP_STAGE int error_write_v6(struct dp_ctx *ctx, const struct dp_pkt *p,
			    const struct abi_ip *source, __u32 message, __u32 size)
{
	struct error_v6 e = {};

	if (!p || !source)
		return -1;
	e.version = dp_htonl(0x60000000);
	e.size = dp_htons(ERROR_ICMP_SIZE + size);
	e.next = DP_PROTO_ICMPV6;
	e.hop_limit = ICMP_REPLY_TTL;
	e.source = *source;
	e.destination = p->head.key.saddr;
	e.message = dp_htons(message);
	if (message == ERROR(2, 0))
		e.parameter = dp_htonl(p->rec.mtu);
	e.icmp_check = csum_done(csum_words(&e.source, 8 + ERROR_ICMP_SIZE / 4) +
				 csum_words(p->quote, DP_QUOTE / 4) +
				 dp_htonl(ERROR_ICMP_SIZE + size) + dp_htonl(DP_PROTO_ICMPV6));
	return dp_store(ctx, DP_ETH_SIZE, &e, sizeof(e));
}

/* Makes the frame the answer. Negative: it is no frame to be sent. */
DP_STAGE int error_turn(struct dp_ctx *ctx, struct dp_pkt *p, const struct abi_ip *source,
			__u32 message)
{
	struct abi_mac eth[2];
	__u32 last, size, head;
	bool v4;

	if (!p || !source)
		return -1;
	v4 = guard_is_v4(&p->head.key);
	head = DP_ETH_SIZE + (v4 ? sizeof(struct error_v4) : sizeof(struct error_v6));
	last = (p->head.ip_size < DP_QUOTE ? p->head.ip_size : DP_QUOTE) - 1;
	dp_hide(last);
	if (last >= DP_QUOTE)
		return -1;
	dp_hide(last);
	size = last + 1;
	__builtin_memset(p->quote, 0, sizeof(p->quote));
	if (dp_load(ctx, DP_ETH_SIZE, p->quote, size))
		return -1;
	eth[0] = p->head.key.smac;
	eth[1] = p->head.key.dmac;
	/* trims what is left of a super-packet to one packet, too */
	if (dp_resize(ctx, head + size) || dp_store(ctx, head, p->quote, size) ||
	    dp_store(ctx, 0, eth, sizeof(eth)))
		return -1;
	return v4 ? error_write_v4(ctx, p, source, message, size)
		  : error_write_v6(ctx, p, source, message, size);
}

/* Drops p for REASON and tells the port that sent it. Returns the TC verdict. */
DP_STAGE int error_stage(struct dp_ctx *ctx, struct dp_pkt *p, __u32 reason)
{
	struct abi_ip source;
	int verdict;

	if (!p)
		return TC_ACT_SHOT;
	verdict = count_drop(ctx, p->account ? p->account : p->slot, reason);
	if (p->head.fragment == DP_FRAGMENT_LATER ||
	    !error_is_due(ctx, &p->head.key, p->slot, reason) || !parse_is_intact(ctx, p) ||
	    error_source(ctx, p, reason, &source) ||
	    error_turn(ctx, p, &source, error_message(&p->head.key, reason)))
		return verdict;
	budget_take_error(ctx, p->slot);
	return back_send(ctx, p, ctx->len);
}
