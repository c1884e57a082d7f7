/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * An ICMP error passes by the connection of the packet that it quotes (RFC 5927 4 says why no
 * more than that): here that packet's key is read, as far as a key can be quoted.
 */
#pragma once

#include <linux/in.h>

#include "datapath/env/env.h"
#include "datapath/stage/conn.h"
#include "datapath/stage/guard.h"
#include "datapath/stage/parse.h"

#define RELATED_ICMP_SIZE  8 /* in front of what is quoted */
#define RELATED_EXTENSIONS 4 /* quoted headers between IPv6 and transport */

/* Unreachable, too big, TTL, parameter: errors about a packet (RFC 792, RFC 4443). */
DP_INLINE bool related_is_error(const struct flow_key *key)
{
	__u8 type = key->sport & 0xff;

	if (key->kind != FLOW_WHOLE)
		return false;
	if (guard_is_v4(key))
		return key->proto == IPPROTO_ICMP &&
		       (type == 3 || type == 4 || type == 11 || type == 12);
	return key->proto == DP_PROTO_ICMPV6 && type >= 1 && type <= 4;
}

/*
 * A quoted fragment that is not the first: the first has left its ports under the way it took,
 * out of the port that gets the error, or by tunnel to the port that sends it.
 */
DP_STAGE int related_fragment(struct dp_ctx *ctx, struct dp_pkt *p, __u32 id)
{
	const struct fragment_value *first = NULL;
	const struct port_value *port;
	struct fragment_key key = {};
	__u32 slot;

	if (!p)
		return 0;
	key.id = id;
	key.saddr = p->quoted.saddr;
	key.daddr = p->quoted.daddr;
	key.proto = p->quoted.proto;
	if (p->rec.verdict == FLOW_PORT) {
		key.context = p->rec.out;
		first = dp_find(ctx, fragment, &key);
	}
	if (!first && p->slot) {
		slot = p->slot;
		port = dp_find(ctx, port, &slot);
		key.context = port ? FLOW_TUNNEL | port->vni : 0;
		first = dp_find(ctx, fragment, &key);
	}
	if (!first)
		return 0;
	p->quoted.sport = first->sport;
	p->quoted.dport = first->dport;
	return 1;
}

/* The quoted transport header at AT: what it needs for a key. */
DP_STAGE int related_l4(struct dp_ctx *ctx, struct dp_pkt *p, __u32 at)
{
	__u8 b[8] = {};
	struct flow_key *key;

	if (!p)
		return 0;
	key = &p->quoted;
	if (key->proto != IPPROTO_TCP && key->proto != IPPROTO_UDP &&
	    key->proto != IPPROTO_ICMP && key->proto != DP_PROTO_ICMPV6)
		return 1;
	if (dp_load(ctx, at, b, sizeof(b)))
		return 0;
	key->sport = (__be16)(b[0] | (__u16)b[1] << 8);
	key->dport = (__be16)(b[2] | (__u16)b[3] << 8);
	if (key->proto == IPPROTO_ICMP || key->proto == DP_PROTO_ICMPV6)
		key->dport = (__be16)(b[4] | (__u16)b[5] << 8);
	return conn_has(key);
}

DP_STAGE int related_v4(struct dp_ctx *ctx, struct dp_pkt *p, __u32 at)
{
	__u8 b[PARSE_IPV4_SIZE] = {};
	__u32 address, size;

	if (!p || dp_load(ctx, at, b, sizeof(b)))
		return 0;
	size = (b[0] & 15) * 4;
	if (b[0] >> 4 != 4 || size < PARSE_IPV4_SIZE)
		return 0;
	p->quoted.proto = b[9];
	__builtin_memcpy(&address, b + 12, 4);
	parse_set_v4(&p->quoted.saddr, address);
	__builtin_memcpy(&address, b + 16, 4);
	parse_set_v4(&p->quoted.daddr, address);
	if ((b[6] & 0x1f) | b[7])
		return related_fragment(ctx, p, (__u32)b[4] | (__u32)b[5] << 8);
	return related_l4(ctx, p, at + size);
}

DP_STAGE int related_v6(struct dp_ctx *ctx, struct dp_pkt *p, __u32 at)
{
	__u8 b[PARSE_IPV6_SIZE] = {};
	__u32 id;

	if (!p || dp_load(ctx, at, b, sizeof(b)) || b[0] >> 4 != 6)
		return 0;
	p->quoted.proto = b[6];
	__builtin_memcpy(&p->quoted.saddr, b + 8, 16);
	__builtin_memcpy(&p->quoted.daddr, b + 24, 16);
	at += PARSE_IPV6_SIZE;
	for (int i = 0; i < RELATED_EXTENSIONS; i++) {
		__u8 next = p->quoted.proto;

		if (next != PARSE_HOP_BY_HOP && next != PARSE_ROUTING &&
		    next != PARSE_FRAGMENT && next != PARSE_AH && next != PARSE_DEST_OPTIONS)
			return related_l4(ctx, p, at);
		if (dp_load(ctx, at, b, 8))
			return 0;
		p->quoted.proto = b[0];
		__builtin_memcpy(&id, b + 4, 4);
		if (next == PARSE_FRAGMENT && ((b[3] & 0xf8) | b[2]))
			return related_fragment(ctx, p, id);
		at += next == PARSE_FRAGMENT ? 8
		      : next == PARSE_AH     ? 8 + b[1] * 4u
					     : 8 + b[1] * 8u;
	}
	return 0;
}

/*
 * P is an ICMP error: what it is about into p->quoted, when that came from who is told now.
 * p->quotes: it is known.
 */
DP_STAGE int related_read(struct dp_ctx *ctx, struct dp_pkt *p)
{
	__u32 at;
	int known;

	if (!p)
		return DP_DROP_INTERNAL;
	__builtin_memset(&p->quoted, 0, sizeof(p->quoted));
	p->quoted.ethertype = p->head.key.ethertype;
	at = p->head.base + p->head.l4 + RELATED_ICMP_SIZE;
	known = guard_is_v4(&p->head.key) ? related_v4(ctx, p, at) : related_v6(ctx, p, at);
	p->quotes = known && p->quoted.saddr.d[0] == p->head.key.daddr.d[0] &&
		    p->quoted.saddr.d[1] == p->head.key.daddr.d[1];
	return DP_OK;
}
