/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A packet is turned into its form on the other side of a gateway: addresses, ports, and the checksums
 * that cover them, by their differences (RFC 1624): of a packet that is yet to be completed or cut
 * up by a network card as of any other. The frame begins at 0.
 */
#pragma once

#include <linux/in.h>

#include "datapath/env/env.h"
#include "datapath/stage/csum.h"
#include "datapath/stage/nat.h"
#include "datapath/stage/parse.h"

#define NAT_IP_CHECK 10 /* offsets in an IPv4 header */
#define NAT_IP_FROM  12
#define NAT_IP_TO    16

/* CHECK after an address went from OLD to FRESH. */
DP_INLINE __u16 nat_csum_address(__u16 check, __u32 old, __u32 fresh)
{
	check = csum_replace(check, old & 0xffff, fresh & 0xffff);
	return csum_replace(check, old >> 16, fresh >> 16);
}

/* Where the checksum of PROTO stands in its header; 0: nowhere. */
DP_INLINE __u32 nat_check_at(__u8 proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return 16;
	case IPPROTO_UDP:
		return 6;
	case IPPROTO_ICMP:
		return 2;
	default:
		return 0;
	}
}

/* ... and the port of its source (TO: destination), or an echo's identifier. */
DP_INLINE __u32 nat_port_at(__u8 proto, bool to)
{
	if (proto == IPPROTO_ICMP)
		return 4;
	return to ? 2 : 0;
}

/* The IPv4 header's own address, source or destination as WAY says; the old one into *OLD. */
DP_INLINE int nat_write_address(struct dp_ctx *ctx, __u32 fresh, __u32 way, __u32 *old)
{
	__u32 at = way == NAT_OUT ? NAT_IP_FROM : NAT_IP_TO;
	__u8 ip[PARSE_IPV4_SIZE] = {};
	__u16 check;

	if (dp_load(ctx, DP_ETH_SIZE, ip, sizeof(ip)))
		return -1;
	__builtin_memcpy(old, way == NAT_OUT ? ip + NAT_IP_FROM : ip + NAT_IP_TO, 4);
	__builtin_memcpy(&check, ip + NAT_IP_CHECK, 2);
	check = nat_csum_address(check, *old, fresh);
	return dp_store(ctx, DP_ETH_SIZE + NAT_IP_CHECK, &check, 2) ||
	       dp_store(ctx, DP_ETH_SIZE + at, &fresh, 4);
}

/* The packet read as H, on its WAY, has from here on NAT's address and port. Not 0: it must not go. */
DP_STAGE int nat_write(struct dp_ctx *ctx, const struct dp_head *h, const struct nat_value *nat,
		       __u32 way)
{
	__u32 old, at, flags, check;
	__u16 port, fresh;
	__u8 proto;

	if (!h || !nat || nat_write_address(ctx, nat->addr.w[3], way, &old))
		return -1;
	proto = h->key.proto;
	check = h->l4 + nat_check_at(proto);
	if (check == h->l4 || h->fragment == DP_FRAGMENT_LATER)
		return 0;
	flags = proto == IPPROTO_UDP ? DP_CSUM_UDP : 0;
	if (proto != IPPROTO_ICMP &&
	    dp_csum(ctx, check, old, nat->addr.w[3], 4, flags | DP_CSUM_PSEUDO))
		return -1;
	at = h->l4 + nat_port_at(proto, way == NAT_IN);
	fresh = nat->port;
	if (dp_load(ctx, at, &port, 2))
		return -1;
	if (port == fresh)
		return 0;
	if (dp_csum(ctx, check, port, fresh, 2, flags))
		return -1;
	return dp_store(ctx, at, &fresh, 2);
}

/* ------------------------------------------------------- what is quoted */

/* A word of the message whose checksum is at CHECK goes from OLD to FRESH. */
DP_INLINE int nat_put(struct dp_ctx *ctx, __u32 check, __u32 at, __u16 old, __u16 fresh)
{
	if (old == fresh)
		return 0;
	return dp_csum(ctx, check, old, fresh, 2, 0) || dp_store(ctx, at, &fresh, 2);
}

/*
 * The quoted packet's transport header, as much as there is of it: an address that goes from OLD to
 * NAT's, and its port. The message goes WAY.
 */
DP_STAGE int nat_write_quoted(struct dp_ctx *ctx, const struct dp_head *h,
			      const struct nat_value *nat, __u32 way, __u32 old)
{
	__u32 at, check, end, sum_at, port_at;
	__u16 port, sum, fresh;
	__u8 ip[12] = {};

	if (!h || !nat)
		return -1;
	at = h->l4 + RELATED_ICMP_SIZE;
	check = h->l4 + nat_check_at(IPPROTO_ICMP);
	end = DP_ETH_SIZE + h->ip_size;
	if (dp_load(ctx, at, ip, sizeof(ip)) || (ip[6] & 0x1f) | ip[7])
		return 0; /* a later fragment has no ports */
	at += (ip[0] & 15) * 4;
	sum_at = at + nat_check_at(ip[9]);
	port_at = at + nat_port_at(ip[9], way == NAT_OUT);
	if (sum_at == at || port_at + 2 > end || dp_load(ctx, port_at, &port, 2))
		return 0;
	if (nat_put(ctx, check, port_at, port, nat->port))
		return -1;
	if (sum_at + 2 > end || dp_load(ctx, sum_at, &sum, 2) || (!sum && ip[9] == IPPROTO_UDP))
		return 0;
	fresh = csum_replace(sum, port, nat->port);
	if (ip[9] != IPPROTO_ICMP)
		fresh = nat_csum_address(fresh, old, nat->addr.w[3]);
	if (!fresh && ip[9] == IPPROTO_UDP)
		fresh = 0xffff;
	return nat_put(ctx, check, sum_at, sum, fresh);
}

/* The same for an ICMP error and the packet that it quotes, which went the other way. */
DP_STAGE int nat_write_error(struct dp_ctx *ctx, const struct dp_head *h,
			     const struct nat_value *nat, __u32 way)
{
	__u8 ip[PARSE_IPV4_SIZE] = {};
	__u32 at, check, old, fresh;
	__u16 sum;

	if (!h || !nat)
		return -1;
	fresh = nat->addr.w[3];
	check = h->l4 + nat_check_at(IPPROTO_ICMP);
	at = h->l4 + RELATED_ICMP_SIZE;
	if (nat_write_address(ctx, fresh, way, &old) || dp_load(ctx, at, ip, sizeof(ip)))
		return -1;
	__builtin_memcpy(&old, way == NAT_OUT ? ip + NAT_IP_TO : ip + NAT_IP_FROM, 4);
	__builtin_memcpy(&sum, ip + NAT_IP_CHECK, 2);
	if (dp_csum(ctx, check, old, fresh, 4, 0) ||
	    dp_store(ctx, at + (way == NAT_OUT ? NAT_IP_TO : NAT_IP_FROM), &fresh, 4) ||
	    nat_put(ctx, check, at + NAT_IP_CHECK, sum, nat_csum_address(sum, old, fresh)))
		return -1;
	return nat_write_quoted(ctx, h, nat, way, old);
}
