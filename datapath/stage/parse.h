/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Headers into struct dp_head. parse_fast takes what nearly all packets are (IPv4 without
 * options, IPv6 without extension headers, TCP or UDP, whole) by direct access; it says no to
 * everything else, and parse_frame reads that by copy and knows why it is wrong. What
 * parse_fast accepts, parse_frame reads alike: a law of the packet tests.
 *
 * Ethernet, IPv4 (RFC 791), IPv6 (RFC 8200), fragments (also RFC 1858, RFC 3128, RFC 5722,
 * RFC 6946, RFC 7112). The checksum of an IPv4 header is looked at only where the packet ends
 * here (parse_is_intact): on the way out it is changed by what the TTL changes (RFC 1624), so a
 * wrong one stays wrong and its receiver finds it.
 */
#pragma once

#include <linux/if_ether.h>
#include <linux/in.h>

#include "datapath/env/env.h"
#include "datapath/stage/csum.h"

#define PARSE_TCP_SIZE	20
#define PARSE_UDP_SIZE	8
#define PARSE_IPV4_SIZE 20
#define PARSE_IPV6_SIZE 40

#define PARSE_HOP_BY_HOP   0
#define PARSE_ROUTING	   43
#define PARSE_FRAGMENT	   44
#define PARSE_ESP	   50
#define PARSE_AH	   51
#define PARSE_NO_NEXT	   59
#define PARSE_DEST_OPTIONS 60

#define PARSE_CHAIN                                                                            \
	128 /* bytes of a first fragment that hold its headers, and no later one's */

#define PARSE_V4_MAPPED 0xffff0000ull /* second word of ::ffff:0.0.0.0, as loaded */

DP_INLINE void parse_set_v4(struct abi_ip *ip, __u32 address)
{
	ip->d[0] = 0;
	ip->d[1] = (__u64)address << 32 | PARSE_V4_MAPPED;
}

/* The Ethernet words of the key: two stores for smac and dmac with their tails. */
DP_INLINE void parse_set_eth(struct flow_key *key, const __u8 *eth, __u8 proto)
{
	__u64 low = dp_get64(eth);
	__u64 smac = low >> 48 | (__u64)dp_get32(eth + 8) << 16;
	__u64 type = dp_get16(eth + 12);

	dp_set64((__u8 *)key + 8, smac | (__u64)proto << 48);
	dp_set64((__u8 *)key + 16, (low & 0xffffffffffffull) | type << 48);
}

/* Transport header at constant OFFSET, ROOM bytes to the end of the IP packet. */
DP_INLINE bool parse_fast_l4(struct dp_ctx *ctx, struct dp_head *h, __u32 offset, __u32 room,
			     __u8 proto)
{
	__u8 *l4 = dp_at(ctx, h->base + offset, PARSE_UDP_SIZE);
	__u32 ports;

	if (!l4)
		return false;
	ports = dp_get32(l4);
	dp_set32((__u8 *)&h->key + 4, ports);
	h->l4 = offset;
	if (proto == IPPROTO_TCP) {
		l4 = dp_at(ctx, h->base + offset, PARSE_TCP_SIZE);
		if (!l4)
			return false;
		h->l4_size = (l4[12] >> 4) * 4;
		h->tcp = l4[13];
		return h->l4_size >= PARSE_TCP_SIZE && h->l4_size <= room;
	}
	h->l4_size = PARSE_UDP_SIZE;
	h->tcp = 0;
	__u32 length = dp_ntohs(dp_get16(l4 + 4));

	return length >= PARSE_UDP_SIZE && length <= room;
}

DP_INLINE bool parse_fast_v4(struct dp_ctx *ctx, struct dp_head *h, const __u8 *eth,
			     const __u8 *ip)
{
	__u8 proto = ip[9];

	if (ip[0] != 0x45 || (dp_get16(ip + 6) & dp_htons(0x3fff)))
		return false;
	if (proto != IPPROTO_TCP && proto != IPPROTO_UDP)
		return false;
	h->ip_size = dp_ntohs(dp_get16(ip + 2));
	h->tos = ip[1];
	h->ttl = ip[8];
	if (h->ip_size < PARSE_IPV4_SIZE || h->ip_size + DP_ETH_SIZE > h->size)
		return false;
	parse_set_eth(&h->key, eth, proto);
	parse_set_v4(&h->key.saddr, dp_get32(ip + 12));
	parse_set_v4(&h->key.daddr, dp_get32(ip + 16));
	return parse_fast_l4(ctx, h, DP_ETH_SIZE + PARSE_IPV4_SIZE,
			     h->ip_size - PARSE_IPV4_SIZE, proto);
}

DP_INLINE bool parse_fast_v6(struct dp_ctx *ctx, struct dp_head *h, const __u8 *eth)
{
	const __u8 *ip = dp_at(ctx, h->base + DP_ETH_SIZE, PARSE_IPV6_SIZE);
	__u8 proto;

	if (!ip || ip[0] >> 4 != 6)
		return false;
	proto = ip[6];
	if (proto != IPPROTO_TCP && proto != IPPROTO_UDP)
		return false;
	h->ip_size = dp_ntohs(dp_get16(ip + 4)) + PARSE_IPV6_SIZE;
	h->tos = (ip[0] << 4 | ip[1] >> 4) & 0xff;
	h->ttl = ip[7];
	if (h->ip_size + DP_ETH_SIZE > h->size)
		return false;
	parse_set_eth(&h->key, eth, proto);
	h->key.saddr.d[0] = dp_get64(ip + 8);
	h->key.saddr.d[1] = dp_get64(ip + 16);
	h->key.daddr.d[0] = dp_get64(ip + 24);
	h->key.daddr.d[1] = dp_get64(ip + 32);
	return parse_fast_l4(ctx, h, DP_ETH_SIZE + PARSE_IPV6_SIZE,
			     h->ip_size - PARSE_IPV6_SIZE, proto);
}

/* All of *H but key.context, when true. BASE and CONTEXT are the caller's. */
DP_INLINE bool parse_fast(struct dp_ctx *ctx, __u32 base, __u32 context, struct dp_head *h)
{
	__u8 *eth = dp_at(ctx, base, DP_ETH_SIZE + PARSE_IPV4_SIZE);
	__u16 type;

	if (!eth)
		return false;
	h->key.context = context;
	h->base = base;
	h->size = ctx->len - base;
	h->fragment = DP_UNFRAGMENTED;
	h->pad = 0;
	h->chain = 0;
	h->fragment_id = 0;
	type = dp_get16(eth + 12);
	if (dp_likely(type == dp_htons(ETH_P_IP)))
		return parse_fast_v4(ctx, h, eth, eth + DP_ETH_SIZE);
	return type == dp_htons(ETH_P_IPV6) && parse_fast_v6(ctx, h, eth);
}

/* ------------------------------------------------------------- by copy */

/* The transport header at h->l4; ROOM bytes of the IP packet are left there. */
DP_STAGE int parse_l4(struct dp_ctx *ctx, struct dp_pkt *p, __u32 room)
{
	__u8 b[PARSE_TCP_SIZE] = {};
	struct dp_head *h;
	__u32 want = 0;

	if (!p)
		return DP_DROP_INTERNAL;
	h = &p->head;
	if (h->key.proto == IPPROTO_TCP)
		want = PARSE_TCP_SIZE;
	else if (h->key.proto == IPPROTO_UDP || h->key.proto == IPPROTO_ICMP ||
		 h->key.proto == DP_PROTO_ICMPV6)
		want = PARSE_UDP_SIZE;
	if (!want || h->fragment == DP_FRAGMENT_LATER) {
		h->l4_size = 0;
		return DP_OK;
	}
	if (h->fragment && h->chain && h->l4 + PARSE_TCP_SIZE - h->chain > PARSE_CHAIN)
		return DP_DROP_FRAGMENT;
	if (room < want)
		return h->fragment ? DP_DROP_FRAGMENT : DP_DROP_MALFORMED;
	if (dp_load(ctx, h->base + h->l4, b, PARSE_UDP_SIZE))
		return DP_DROP_MALFORMED;
	h->l4_size = want;
	if (want == PARSE_TCP_SIZE) {
		if (dp_load(ctx, h->base + h->l4, b, PARSE_TCP_SIZE))
			return DP_DROP_MALFORMED;
		h->l4_size = (b[12] >> 4) * 4;
		h->tcp = b[13];
		if (h->l4_size < PARSE_TCP_SIZE || h->l4_size > room)
			return h->fragment && h->l4_size >= PARSE_TCP_SIZE ? DP_DROP_FRAGMENT
									   : DP_DROP_MALFORMED;
	} else if (h->key.proto == IPPROTO_UDP) {
		__u32 length = (__u32)b[4] << 8 | b[5];

		if (length < PARSE_UDP_SIZE || (length > room && !h->fragment))
			return DP_DROP_MALFORMED;
	}
	h->key.sport = (__be16)(b[0] | (__u16)b[1] << 8);
	h->key.dport = (__be16)(b[2] | (__u16)b[3] << 8);
	if (h->key.proto == IPPROTO_TCP || h->key.proto == IPPROTO_UDP)
		return DP_OK;
	/* sport holds type and code as they stand there; an echo's identifier goes to dport */
	if (h->key.proto == IPPROTO_ICMP
		    ? b[0] == DP_ICMP_ECHO || b[0] == DP_ICMP_ECHO_REPLY
		    : b[0] == DP_ICMPV6_ECHO || b[0] == DP_ICMPV6_ECHO_REPLY)
		h->key.dport = (__be16)(b[4] | (__u16)b[5] << 8);
	else
		h->key.dport = 0;
	return DP_OK;
}

DP_INLINE bool parse_is_extension(__u8 next)
{
	return next == PARSE_HOP_BY_HOP || next == PARSE_ROUTING || next == PARSE_FRAGMENT ||
	       next == PARSE_AH || next == PARSE_DEST_OPTIONS;
}

/*
 * A fragment of ROOM bytes at OFFSET (units of 8), behind AHEAD bytes that count for the size of
 * the whole. A later one may not reach to where the first has its transport header, which
 * behind extension headers is anywhere in PARSE_CHAIN bytes, nor past 64 KB.
 */
DP_INLINE enum dp_drop parse_fragment(struct dp_head *h, __u32 offset, bool more, __u32 room,
				      __u32 ahead)
{
	bool v6 = h->key.ethertype == dp_htons(ETH_P_IPV6);

	if (!offset && !more)
		return DP_OK;
	h->fragment = offset ? DP_FRAGMENT_LATER : DP_FRAGMENT_FIRST;
	h->key.kind = offset ? FLOW_FRAGMENT : FLOW_WHOLE;
	if (offset && offset * 8 < PARSE_TCP_SIZE && h->key.proto == IPPROTO_TCP)
		return DP_DROP_FRAGMENT;
	if (offset && offset * 8 < PARSE_CHAIN && v6 && parse_is_extension(h->key.proto))
		return DP_DROP_FRAGMENT;
	if (!room || ahead + offset * 8 + room > 65535 || (more && room % 8))
		return DP_DROP_FRAGMENT;
	return DP_OK;
}

/* Source routing lets a packet choose its way past the guard (RFC 7126 4.3, 4.4). */
DP_STAGE int parse_v4_options(struct dp_ctx *ctx, struct dp_pkt *p, __u32 end)
{
	__u32 at = DP_ETH_SIZE + PARSE_IPV4_SIZE;

	if (!p)
		return DP_DROP_INTERNAL;
	for (int i = 0; i < 40 && at < end; i++) {
		__u8 option[2] = {};

		if (dp_load(ctx, p->head.base + at, option, 1))
			return DP_DROP_MALFORMED;
		if (option[0] == 0)
			return DP_OK;
		if (option[0] == 1) {
			at++;
			continue;
		}
		if (at + 2 > end || dp_load(ctx, p->head.base + at, option, 2))
			return DP_DROP_MALFORMED;
		if (option[1] < 2 || at + option[1] > end)
			return DP_DROP_MALFORMED;
		if (option[0] == 131 || option[0] == 137)
			return DP_DROP_IP_OPTIONS;
		at += option[1];
	}
	return DP_OK;
}

DP_STAGE int parse_v4(struct dp_ctx *ctx, struct dp_pkt *p)
{
	__u8 b[PARSE_IPV4_SIZE] = {};
	__u32 address, offset, room, size;
	struct dp_head *h;
	int reason;

	if (!p)
		return DP_DROP_INTERNAL;
	h = &p->head;
	if (dp_load(ctx, h->base + DP_ETH_SIZE, b, sizeof(b)))
		return DP_DROP_MALFORMED;
	size = (b[0] & 15) * 4;
	h->ip_size = (__u32)b[2] << 8 | b[3];
	if (b[0] >> 4 != 4 || size < PARSE_IPV4_SIZE || h->ip_size < size ||
	    h->ip_size + DP_ETH_SIZE > h->size)
		return DP_DROP_MALFORMED;
	h->tos = b[1];
	h->ttl = b[8];
	h->key.proto = b[9];
	__builtin_memcpy(&address, b + 12, 4);
	parse_set_v4(&h->key.saddr, address);
	__builtin_memcpy(&address, b + 16, 4);
	parse_set_v4(&h->key.daddr, address);
	h->fragment_id = (__u32)b[4] | (__u32)b[5] << 8;
	h->l4 = DP_ETH_SIZE + size;
	room = h->ip_size - size;
	if (size > PARSE_IPV4_SIZE) {
		reason = parse_v4_options(ctx, p, h->l4);
		if (reason)
			return reason;
	}
	offset = ((__u32)b[6] << 8 | b[7]) & 0x1fff;
	reason = parse_fragment(h, offset, b[6] & 0x20, room, size);
	if (reason)
		return reason;
	return parse_l4(ctx, p, room);
}

/* One extension header: moves h->l4 and h->key.proto on. */
DP_INLINE enum dp_drop parse_v6_extension(struct dp_ctx *ctx, struct dp_head *h, __u32 end)
{
	__u8 b[8] = {};
	__u32 size;

	if (h->l4 + 8u > end || dp_load(ctx, h->base + h->l4, b, sizeof(b)))
		return DP_DROP_MALFORMED;
	size = 8 + b[1] * 8u;
	if (h->key.proto == PARSE_AH)
		size = 8 + b[1] * 4u;
	if (h->key.proto == PARSE_FRAGMENT)
		size = 8;
	if (h->l4 + size > end)
		return DP_DROP_MALFORMED;
	/* type 0 is the loose source route of IPv6 (RFC 5095) */
	if (h->key.proto == PARSE_ROUTING && b[2] == 0 && b[3])
		return DP_DROP_EXT_HEADERS;
	if (h->key.proto == PARSE_FRAGMENT) {
		__u32 field = (__u32)b[2] << 8 | b[3];

		__u32 ahead = h->l4 - DP_ETH_SIZE - PARSE_IPV6_SIZE;

		if (h->chain)
			return DP_DROP_FRAGMENT;
		h->key.proto = b[0];
		h->l4 += size;
		h->chain = h->l4;
		__builtin_memcpy(&h->fragment_id, b + 4, 4);
		return parse_fragment(h, field >> 3, field & 1, end - h->l4, ahead);
	}
	h->key.proto = b[0];
	h->l4 += size;
	return DP_OK;
}

DP_STAGE int parse_v6(struct dp_ctx *ctx, struct dp_pkt *p)
{
	__u8 b[PARSE_IPV6_SIZE] = {};
	struct dp_head *h;
	__u32 end;
	int i;

	if (!p)
		return DP_DROP_INTERNAL;
	h = &p->head;
	if (dp_load(ctx, h->base + DP_ETH_SIZE, b, sizeof(b)))
		return DP_DROP_MALFORMED;
	h->ip_size = ((__u32)b[4] << 8 | b[5]) + PARSE_IPV6_SIZE;
	if (b[0] >> 4 != 6 || h->ip_size + DP_ETH_SIZE > h->size)
		return DP_DROP_MALFORMED;
	h->tos = (b[0] << 4 | b[1] >> 4) & 0xff;
	h->ttl = b[7];
	h->key.proto = b[6];
	__builtin_memcpy(&h->key.saddr, b + 8, 16);
	__builtin_memcpy(&h->key.daddr, b + 24, 16);
	h->l4 = DP_ETH_SIZE + PARSE_IPV6_SIZE;
	end = DP_ETH_SIZE + h->ip_size;
	for (i = 0; i <= LIM_EXT_HEADERS; i++) {
		__u8 next = h->key.proto;
		enum dp_drop reason;

		if (h->fragment == DP_FRAGMENT_LATER || !parse_is_extension(next))
			return parse_l4(ctx, p, end - h->l4);
		if (i == LIM_EXT_HEADERS)
			break;
		reason = parse_v6_extension(ctx, h, end);
		if (reason)
			return reason;
	}
	return DP_DROP_EXT_HEADERS;
}

/* The checksum of a parsed IPv4 header, options and all, is right; IPv6 has none. */
DP_STAGE int parse_is_intact(struct dp_ctx *ctx, const struct dp_pkt *p)
{
	__u8 b[PARSE_IPV4_SIZE] = {};
	__u32 word, at;
	__u64 sum;

	if (!p)
		return 0;
	if (p->head.key.ethertype != dp_htons(ETH_P_IP))
		return 1;
	at = p->head.base + DP_ETH_SIZE;
	if (dp_load(ctx, at, b, sizeof(b)))
		return 0;
	sum = csum_words(b, PARSE_IPV4_SIZE / 4);
	at += PARSE_IPV4_SIZE;
	for (int i = 0; i < 10 && at < p->head.base + p->head.l4; i++) {
		if (dp_load(ctx, at, &word, sizeof(word)))
			return 0;
		sum += word;
		at += sizeof(word);
	}
	return !csum_done(sum);
}

/*
 * The frame at p->head.base into p->head. ARP passes with an empty IP part. CONTEXT as
 * flow_key.context.
 */
DP_STAGE int parse_frame(struct dp_ctx *ctx, struct dp_pkt *p, __u32 base, __u32 context)
{
	__u8 eth[16] = {};
	struct dp_head *h;

	if (!p)
		return DP_DROP_INTERNAL;
	h = &p->head;
	__builtin_memset(h, 0, sizeof(*h));
	if (ctx->len < base + DP_ETH_SIZE || dp_load(ctx, base, eth, DP_ETH_SIZE))
		return DP_DROP_MALFORMED;
	h->base = base;
	h->size = ctx->len - base;
	parse_set_eth(&h->key, eth, 0);
	h->key.context = context;
	switch (h->key.ethertype) {
	case dp_htons(ETH_P_IP):
		return parse_v4(ctx, p);
	case dp_htons(ETH_P_IPV6):
		return parse_v6(ctx, p);
	case dp_htons(ETH_P_ARP):
		return DP_OK;
	case dp_htons(ETH_P_8021Q):
	case dp_htons(ETH_P_8021AD):
		return DP_DROP_VLAN;
	default:
		return DP_DROP_ETHERTYPE;
	}
}
