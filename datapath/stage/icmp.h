/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A router's address answers ping (RFC 792, RFC 4443): the request is turned round in place. */
#pragma once

#include "datapath/env/env.h"
#include "datapath/stage/back.h"
#include "datapath/stage/count.h"
#include "datapath/stage/csum.h"
#include "datapath/stage/guard.h"
#include "datapath/stage/parse.h"

#define ICMP_REPLY_TTL 64

DP_INLINE bool icmp_is_echo(const struct dp_head *h)
{
	__u8 type = guard_is_v4(&h->key) ? DP_ICMP_ECHO : DP_ICMPV6_ECHO;
	__u8 proto = guard_is_v4(&h->key) ? IPPROTO_ICMP : DP_PROTO_ICMPV6;

	/* type, and code 0 */
	return h->fragment == DP_UNFRAGMENTED && h->key.proto == proto && h->key.sport == type;
}

DP_INLINE int icmp_turn_v4(struct dp_ctx *ctx, const struct dp_head *h)
{
	__u8 ip[PARSE_IPV4_SIZE] = {};
	__u16 old, fresh, check;
	__u32 source;

	if (dp_load(ctx, DP_ETH_SIZE, ip, sizeof(ip)))
		return -1;
	__builtin_memcpy(&old, ip + 8, 2);
	ip[8] = ICMP_REPLY_TTL;
	__builtin_memcpy(&fresh, ip + 8, 2);
	__builtin_memcpy(&check, ip + 10, 2);
	check = csum_replace(check, old, fresh);
	__builtin_memcpy(ip + 10, &check, 2);
	__builtin_memcpy(&source, ip + 12, 4);
	__builtin_memcpy(ip + 12, ip + 16, 4);
	__builtin_memcpy(ip + 16, &source, 4);
	return dp_store(ctx, DP_ETH_SIZE, ip, sizeof(ip));
}

DP_INLINE int icmp_turn_v6(struct dp_ctx *ctx, const struct dp_head *h)
{
	struct {
		struct abi_ip source, destination;
	} ip;
	__u8 ttl = ICMP_REPLY_TTL;

	ip.source = h->key.daddr;
	ip.destination = h->key.saddr;
	if (dp_store(ctx, DP_ETH_SIZE + 7, &ttl, 1))
		return -1;
	return dp_store(ctx, DP_ETH_SIZE + 8, &ip, sizeof(ip));
}

/* Answers p's echo request, or says that a router does not talk. */
DP_STAGE int icmp_answer(struct dp_ctx *ctx, struct dp_pkt *p)
{
	const struct dp_head *h;
	struct abi_mac eth[2];
	__u16 type, fresh, check;
	__u32 at;

	if (!p)
		return DP_DROP_INTERNAL;
	h = &p->head;
	if (!parse_is_intact(ctx, p)) /* RFC 1122 section 3.2.1.2 */
		return DP_DROP_MALFORMED;
	if (!icmp_is_echo(h))
		return DP_DROP_ROUTER_LOCAL;
	at = h->l4;
	eth[0] = h->key.smac;
	eth[1] = h->key.dmac;
	type = h->key.sport;
	fresh = guard_is_v4(&h->key) ? DP_ICMP_ECHO_REPLY : DP_ICMPV6_ECHO_REPLY;
	if ((guard_is_v4(&h->key) ? icmp_turn_v4(ctx, h) : icmp_turn_v6(ctx, h)) ||
	    dp_load(ctx, at + 2, &check, 2))
		return DP_DROP_INTERNAL;
	check = csum_replace(check, type, fresh);
	if (dp_store(ctx, at, &fresh, 2) || dp_store(ctx, at + 2, &check, 2) ||
	    dp_store(ctx, 0, eth, sizeof(eth)))
		return DP_DROP_INTERNAL;
	p->verdict = back_send(ctx, p, h->size);
	return DP_OK;
}
