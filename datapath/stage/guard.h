/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * No packet leaves a port with an address that is not its own. Who may send from
 * what stands in `guard`; the exceptions are what a host says before it has an
 * address (RFC 4861, 3810, 2236) and its EUI-64 link-local address.
 */
#pragma once

#include <linux/in.h>

#include "datapath/env/env.h"

#define GUARD_ROUTER_SOLICITATION    133
#define GUARD_NEIGHBOUR_SOLICITATION 135
#define GUARD_MLD_REPORT	     131
#define GUARD_MLD_DONE		     132
#define GUARD_MLD2_REPORT	     143

DP_INLINE bool guard_same_mac(const struct abi_mac *a, const struct abi_mac *b)
{
	return !__builtin_memcmp(a->b, b->b, sizeof(a->b));
}

/* May the port send from this pair? */
DP_INLINE bool guard_allows(struct dp_ctx *ctx, __u32 slot, const struct abi_mac *mac,
			    __be16 ethertype, const struct abi_ip *ip)
{
	struct guard_key key;

	key.prefixlen = GUARD_PREFIX_BASE + 128;
	key.slot = slot;
	key.mac = *mac;
	key.ethertype = ethertype;
	__builtin_memcpy(&key.ip, ip, sizeof(key.ip));
	return dp_find(ctx, guard, &key) != NULL;
}

/* fe80::/64 with MAC's modified EUI-64 (RFC 4291 2.5.6, appendix A). */
DP_INLINE bool guard_is_link_local(const struct abi_ip *ip)
{
	return ip->w[0] == dp_htonl(0xfe800000) && !ip->w[1];
}

DP_INLINE bool guard_is_eui64(const struct abi_ip *ip, const struct abi_mac *mac)
{
	return guard_is_link_local(ip) && ip->b[8] == (mac->b[0] ^ 2) &&
	       ip->b[9] == mac->b[1] && ip->b[10] == mac->b[2] && ip->b[11] == 0xff &&
	       ip->b[12] == 0xfe && ip->b[13] == mac->b[3] && ip->b[14] == mac->b[4] &&
	       ip->b[15] == mac->b[5];
}

DP_INLINE bool guard_is_group(const struct abi_mac *mac)
{
	return mac->b[0] & 1;
}

/* ::ffff:0:0/96, by which tables call IPv4: it is nothing for the wire (RFC 4291 2.5.5.2). */
DP_INLINE bool guard_is_mapped(const struct abi_ip *ip)
{
	return !ip->d[0] && ip->w[2] == dp_htonl(0xffff);
}

DP_INLINE bool guard_is_v4(const struct flow_key *key)
{
	return key->ethertype == dp_htons(0x0800);
}

/* The destination is a group, or everybody. */
DP_INLINE bool guard_is_multicast(const struct flow_key *key)
{
	if (guard_is_v4(key))
		return (key->daddr.b[12] & 0xf0) == 0xe0 || !~key->daddr.w[3];
	return key->daddr.b[0] == 0xff;
}

/* "This host" before it has an address. */
DP_INLINE bool guard_is_unspecified(const struct flow_key *key)
{
	return guard_is_v4(key) ? !key->saddr.w[3] : !(key->saddr.d[0] | key->saddr.d[1]);
}

DP_INLINE bool guard_may_be_unspecified(const struct flow_key *key)
{
	__u8 type = key->sport & 0xff;

	if (guard_is_v4(key))
		return key->proto == IPPROTO_IGMP;
	return key->proto == DP_PROTO_ICMPV6 &&
	       (type == GUARD_ROUTER_SOLICITATION || type == GUARD_NEIGHBOUR_SOLICITATION ||
		type == GUARD_MLD_REPORT || type == GUARD_MLD_DONE ||
		type == GUARD_MLD2_REPORT);
}

DP_STAGE int guard_source(struct dp_ctx *ctx, struct dp_pkt *p)
{
	const struct flow_key *key;
	bool own_mac;

	if (!p)
		return DP_DROP_INTERNAL;
	key = &p->head.key;
	if (guard_is_group(&key->smac)) /* IEEE 802 9.2.2: no station is a group */
		return DP_DROP_SOURCE_MAC;
	if (!guard_is_v4(key) && (guard_is_mapped(&key->saddr) || guard_is_mapped(&key->daddr)))
		return DP_DROP_MARTIAN;
	if (p->port_flags & PORT_UNGUARDED)
		return DP_OK;
	own_mac = guard_same_mac(&key->smac, &p->port_mac);
	if (own_mac && guard_is_unspecified(key))
		return guard_may_be_unspecified(key) ? DP_OK : DP_DROP_SOURCE_IP;
	if (own_mac && guard_is_eui64(&key->saddr, &key->smac))
		return DP_OK;
	if (guard_allows(ctx, p->slot, &key->smac, key->ethertype, &key->saddr))
		return DP_OK;
	return own_mac ? DP_DROP_SOURCE_IP : DP_DROP_SOURCE_MAC;
}
