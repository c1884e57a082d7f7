/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * VXLAN around a packet and off it (RFC 7348, abi/wire.h). Of the inner TOS only
 * the ECN bits show outside (RFC 6040): a tenant does not choose the underlay's classes. The kernel
 * refuses to wrap what came out of a tunnel and is forwarded by a workload
 * (-EALREADY), and what is not IP: those leave by the idle vxlan device.
 */
#pragma once

#include <linux/if_ether.h>

#include "abi/wire.h"
#include "datapath/env/env.h"
#include "datapath/stage/count.h"
#include "datapath/stage/csum.h"

#define TUNNEL_TTL     64
#define TUNNEL_V4_SIZE (WIRE_OVERHEAD_V4 + DP_ETH_SIZE) /* outer headers and inner Ethernet */
#define TUNNEL_V6_SIZE (WIRE_OVERHEAD_V6 + DP_ETH_SIZE)
#define TUNNEL_ECN     3
#define TUNNEL_ECN_CE  3

/* The last 30 bytes: UDP of SIZE bytes, VXLAN, inner Ethernet. */
DP_INLINE void tunnel_write_inner(__u8 *o, const struct flow_value *rec, __u32 size)
{
	const __u8 *macs = (const __u8 *)&rec->dmac;

	dp_set16(o, rec->sport);
	dp_set16(o + 2, dp_htons(WIRE_UDP_PORT));
	dp_set16(o + 4, dp_htons(size));
	dp_set16(o + 6, 0);
	dp_set32(o + 8, dp_htonl(rec->vx_flags));
	dp_set32(o + 12, dp_htonl(rec->vx_vni));
	dp_set32(o + 16, dp_get32(macs)); /* dmac and smac are neighbours */
	dp_set32(o + 20, dp_get32(macs + 4));
	dp_set32(o + 24, dp_get32(macs + 8));
	dp_set16(o + 28, rec->key.ethertype);
}

_Static_assert(offsetof(struct flow_value, smac) == offsetof(struct flow_value, dmac) + 6 &&
		       offsetof(struct flow_value, dmac) % 4 == 0,
	       "written as three words");
_Static_assert(offsetof(struct vtep_value, source) ==
			       offsetof(struct vtep_value, next_hop) + 6 &&
		       offsetof(struct vtep_value, next_hop) % 8 == 0,
	       "written as two words");

/* Headers around an inner frame of SIZE bytes: TUNNEL_V4_SIZE bytes at O. */
DP_INLINE void tunnel_write_v4(__u8 *o, const struct vtep_value *vtep,
			       const struct flow_value *rec, __u32 size, __u8 ecn)
{
	const __u8 *macs = (const __u8 *)&vtep->next_hop;
	__u32 sum = (__u16)~vtep->csum;
	__be16 length = dp_htons(size + WIRE_OVERHEAD_V4 - DP_ETH_SIZE);

	sum += length;
	sum += dp_htons(ecn);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	dp_set64(o, dp_get64(macs));
	dp_set32(o + 8, dp_get32(macs + 8));
	dp_set16(o + 12, dp_htons(ETH_P_IP));
	dp_set16(o + 14, dp_htons(0x4500 | ecn));
	dp_set16(o + 16, length);
	dp_set32(o + 18, dp_htonl(0x4000)); /* id 0, do not fragment */
	dp_set16(o + 22, dp_htons(TUNNEL_TTL << 8 | 17));
	dp_set16(o + 24, (__u16)~sum);
	dp_set32(o + 26, vtep->local.w[3]);
	dp_set32(o + 30, vtep->remote.w[3]);
	tunnel_write_inner(o + 34, rec, size + 16);
}

/* The same over IPv6: TUNNEL_V6_SIZE bytes; UDP without checksum as RFC 6935 allows. */
DP_INLINE void tunnel_write_v6(__u8 *o, const struct vtep_value *vtep,
			       const struct flow_value *rec, __u32 size, __u8 ecn)
{
	const __u8 *macs = (const __u8 *)&vtep->next_hop;

	dp_set64(o, dp_get64(macs));
	dp_set32(o + 8, dp_get32(macs + 8));
	dp_set16(o + 12, dp_htons(ETH_P_IPV6));
	dp_set32(o + 14, dp_htonl(0x60000000 | (__u32)ecn << 20 | (dp_ntohs(rec->sport) << 4)));
	dp_set16(o + 18, dp_htons(size + 16));
	dp_set16(o + 20, dp_htons(17 << 8 | TUNNEL_TTL));
	dp_set64(o + 22, vtep->local.d[0]);
	dp_set64(o + 30, vtep->local.d[1]);
	dp_set64(o + 38, vtep->remote.d[0]);
	dp_set64(o + 46, vtep->remote.d[1]);
	tunnel_write_inner(o + 54, rec, size + 16);
}

/* Out by the vxlan device, which wraps the frame itself. The reserved byte stays behind. */
DP_STAGE int tunnel_fallback(struct dp_ctx *ctx, struct flow_value *rec,
			     struct vtep_value *vtep)
{
	__u32 ifindex = dp_config(ctx, vxlan_ifindex);
	__u32 gbp;

	if (!rec || !vtep)
		return TC_ACT_SHOT;
	gbp = rec->vx_flags & WIRE_VXLAN_G ? rec->vx_flags & 0xffff : 0;
	if (!ifindex || dp_store(ctx, 0, &rec->dmac, 12) ||
	    dp_tunnel_key(ctx, vtep, rec->vx_vni >> 8, gbp, 0))
		return count_drop(ctx, rec->tx_slot, DP_DROP_ENCAP);
	COUNT_HOST(ctx, encap_fallbacks);
	return dp_redirect(ctx, ifindex);
}

DP_INLINE int tunnel_leave(struct dp_ctx *ctx, const struct vtep_value *vtep)
{
	if (dp_likely(vtep->flags & VTEP_RESOLVED))
		return dp_redirect(ctx, vtep->ifindex);
	return dp_redirect_neigh(ctx, vtep->ifindex ? vtep->ifindex
						    : dp_config(ctx, uplink_ifindex));
}

DP_STAGE int tunnel_send_v6(struct dp_ctx *ctx, struct flow_value *rec, struct vtep_value *vtep,
			    __u32 ecn)
{
	__u32 size = ctx->len;
	__u8 *o;

	if (!rec || !vtep)
		return TC_ACT_SHOT;
	if (dp_adjust(ctx, WIRE_OVERHEAD_V6, DP_ROOM_ENCAP | DP_ROOM_V6))
		return tunnel_fallback(ctx, rec, vtep);
	o = dp_at(ctx, 0, TUNNEL_V6_SIZE);
	if (!o)
		return count_drop(ctx, rec->tx_slot, DP_DROP_ENCAP);
	tunnel_write_v6(o, vtep, rec, size, ecn & TUNNEL_ECN);
	return tunnel_leave(ctx, vtep);
}

/* Wraps the frame, whose MACs rec has, and sends it to the host rec->out. */
DP_INLINE int tunnel_send(struct dp_ctx *ctx, struct flow_value *rec, __u8 tos)
{
	__u32 out = rec->out;
	struct vtep_value *vtep = dp_find(ctx, vtep, &out);
	__u32 size = ctx->len;
	__u8 *o;

	if (!vtep || !(vtep->flags & VTEP_KNOWN))
		return count_drop(ctx, rec->tx_slot, DP_DROP_NO_VTEP);
	if (dp_unlikely(vtep->flags & VTEP_V6))
		return tunnel_send_v6(ctx, rec, vtep, tos & TUNNEL_ECN);
	if (dp_adjust(ctx, WIRE_OVERHEAD_V4, DP_ROOM_ENCAP | DP_ROOM_V4))
		return tunnel_fallback(ctx, rec, vtep);
	o = dp_at(ctx, 0, TUNNEL_V4_SIZE);
	if (!o)
		return count_drop(ctx, rec->tx_slot, DP_DROP_ENCAP);
	tunnel_write_v4(o, vtep, rec, size, tos & TUNNEL_ECN);
	return tunnel_leave(ctx, vtep);
}

/* -------------------------------------------------------------- receipt */

enum tunnel_kind {
	TUNNEL_NOT_OURS, /* the host's own business */
	TUNNEL_OURS,
};

/* IPv4 at o: is it UDP to our tunnel port, and ours alone? Outer fragments are the host's. */
DP_INLINE bool tunnel_is_ours_v4(struct dp_ctx *ctx, const __u8 *o)
{
	return dp_get16(o + 12) == dp_htons(ETH_P_IP) && o[14] == 0x45 && o[23] == 17 &&
	       !(dp_get16(o + 20) & dp_htons(0x3fff)) &&
	       dp_get16(o + 36) == dp_htons(WIRE_UDP_PORT) &&
	       dp_get32(o + 30) == dp_config(ctx, local_v4) && dp_config(ctx, local_v4);
}

DP_INLINE bool tunnel_is_ours_v6(struct dp_ctx *ctx, const __u8 *o)
{
	return dp_get16(o + 12) == dp_htons(ETH_P_IPV6) && o[14] >> 4 == 6 && o[20] == 17 &&
	       dp_get16(o + 56) == dp_htons(WIRE_UDP_PORT) &&
	       dp_get64(o + 38) == dp_config(ctx, local_v6_high) &&
	       dp_get64(o + 46) == dp_config(ctx, local_v6_low) &&
	       (dp_config(ctx, local_v6_high) | dp_config(ctx, local_v6_low));
}

/* The header words without what says how it travelled. */
DP_INLINE __u32 tunnel_flags(__be32 flags)
{
	return dp_ntohl(flags) & ~(WIRE_VXLAN_D | WIRE_VXLAN_A);
}

/* Outer headers into p->outer, and the inner frame's offset into *base. */
DP_STAGE int tunnel_parse(struct dp_ctx *ctx, struct dp_pkt *p)
{
	__u8 *o;

	if (!p)
		return TUNNEL_NOT_OURS;
	o = dp_at(ctx, 0, WIRE_OVERHEAD_V6);
	if (o && tunnel_is_ours_v6(ctx, o)) {
		p->outer.source.d[0] = dp_get64(o + 22);
		p->outer.source.d[1] = dp_get64(o + 30);
		p->outer.tos = (o[14] << 4 | o[15] >> 4) & 0xff;
		p->outer.flags = tunnel_flags(dp_get32(o + 62));
		p->outer.vni = dp_ntohl(dp_get32(o + 66));
		p->outer.base = WIRE_OVERHEAD_V6;
		return TUNNEL_OURS;
	}
	o = dp_at(ctx, 0, WIRE_OVERHEAD_V4);
	if (!o || !tunnel_is_ours_v4(ctx, o))
		return TUNNEL_NOT_OURS;
	p->outer.source.d[0] = 0;
	p->outer.source.d[1] = (__u64)dp_get32(o + 26) << 32 | 0xffff0000ull;
	p->outer.tos = o[15];
	p->outer.flags = tunnel_flags(dp_get32(o + 42));
	p->outer.vni = dp_ntohl(dp_get32(o + 46));
	p->outer.base = WIRE_OVERHEAD_V4;
	return TUNNEL_OURS;
}

/* The VNI must be there, and nothing that we do not know. */
DP_INLINE enum dp_drop tunnel_check(const struct dp_pkt *p)
{
	__u32 flags = p->outer.flags & ~0xffffu;

	if (flags != WIRE_VXLAN_I && flags != (WIRE_VXLAN_I | WIRE_VXLAN_G))
		return DP_DROP_TUNNEL_HEADER;
	return DP_OK;
}

/* Does the outer ECN field change the inner one (RFC 6040 figure 4)? */
DP_INLINE bool tunnel_ecn_matters(__u8 outer, __u8 inner)
{
	outer &= TUNNEL_ECN;
	inner &= TUNNEL_ECN;
	return (outer == TUNNEL_ECN_CE && inner != TUNNEL_ECN_CE) || (outer == 1 && inner == 2);
}

/* Carries the outer ECN field inward, before the outer header goes. */
DP_STAGE int tunnel_ecn(struct dp_ctx *ctx, struct dp_pkt *p)
{
	__u8 b[12] = {};
	__u8 outer;
	__u16 old, fresh, check;
	__u32 at;

	if (!p)
		return DP_DROP_INTERNAL;
	outer = p->outer.tos & TUNNEL_ECN;
	if (p->head.key.ethertype == dp_htons(ETH_P_ARP) ||
	    !tunnel_ecn_matters(outer, p->head.tos))
		return DP_OK;
	if (!(p->head.tos & TUNNEL_ECN))
		return DP_DROP_ECN;
	at = p->head.base + DP_ETH_SIZE;
	if (dp_load(ctx, at, b, sizeof(b)))
		return DP_DROP_INTERNAL;
	p->head.tos = (p->head.tos & ~TUNNEL_ECN) | outer;
	if (p->head.key.ethertype == dp_htons(ETH_P_IPV6)) {
		b[1] = (b[1] & ~(TUNNEL_ECN << 4)) | outer << 4;
	} else {
		__builtin_memcpy(&old, b, 2);
		b[1] = (b[1] & ~TUNNEL_ECN) | outer;
		__builtin_memcpy(&fresh, b, 2);
		__builtin_memcpy(&check, b + 10, 2);
		check = csum_replace(check, old, fresh);
		__builtin_memcpy(b + 10, &check, 2);
	}
	return dp_store(ctx, at, b, sizeof(b)) ? DP_DROP_INTERNAL : DP_OK;
}

/*
 * For kernels without DECAP_L3, where skb->protocol would go on saying what the outer header was:
 * whoever gets a packet of the other family then takes it for that, and loses it, or, on the way
 * through a device's queue, each super-packet. Makes the outer header, as far as the kernel knows,
 * one of the inner family; its SIZE grows or shrinks with it.
 */
DP_INLINE int tunnel_translate(struct dp_ctx *ctx, __be16 ethertype, __u32 *size)
{
	bool to_v6 = ethertype == dp_htons(ETH_P_IPV6) && *size == WIRE_OVERHEAD_V4;
	__u8 *o;

	if (!to_v6 && !(ethertype == dp_htons(ETH_P_IP) && *size == WIRE_OVERHEAD_V6))
		return 0;
	if (dp_translate(ctx, ethertype))
		return -1;
	*size = to_v6 ? WIRE_OVERHEAD_V6 : WIRE_OVERHEAD_V4;
	o = dp_at(ctx, DP_ETH_SIZE, WIRE_OVERHEAD_V6 - WIRE_OVERHEAD_V4);
	if (!o)
		return -1;
	/* A checksum of the whole has not counted what is new, and will be rid of it. */
	for (int i = 0; to_v6 && i < WIRE_OVERHEAD_V6 - WIRE_OVERHEAD_V4; i += 4)
		dp_set32(o + i, 0);
	return 0;
}

/* Takes the outer headers (SIZE bytes) off and writes the inner Ethernet header as rec has it. */
DP_INLINE int tunnel_strip(struct dp_ctx *ctx, const struct flow_value *rec, __u32 size)
{
	const __u8 *macs = (const __u8 *)&rec->dmac;
	__u64 flags = DP_ROOM_FIXED;
	__u8 *eth;

	if (dp_config(ctx, has_decap_l3)) {
		if (rec->key.ethertype == dp_htons(ETH_P_IPV6))
			flags |= DP_ROOM_DECAP_V6;
		else if (rec->key.ethertype == dp_htons(ETH_P_IP))
			flags |= DP_ROOM_DECAP_V4;
	} else if (tunnel_translate(ctx, rec->key.ethertype, &size)) {
		return -1;
	}
	if (dp_adjust(ctx, -(int)size, flags))
		return -1;
	eth = dp_at(ctx, 0, DP_ETH_SIZE);
	if (!eth)
		return -1;
	dp_set32(eth, dp_get32(macs));
	dp_set32(eth + 4, dp_get32(macs + 4));
	dp_set32(eth + 8, dp_get32(macs + 8));
	dp_set16(eth + 12, rec->key.ethertype);
	return 0;
}
