/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Broadcast, multicast and (where the network says so) unknown unicast: one copy
 * for each local port, one for each host with ports of the network. Never back to the sender, and
 * never from tunnel to tunnel. What our own headers cannot carry (not IP, IPv6 underlay, no
 * resolved next hop) goes by the vxlan device, before the frame is wrapped for the others.
 */
#pragma once

#include <linux/if_ether.h>

#include "datapath/env/env.h"
#include "datapath/stage/count.h"
#include "datapath/stage/deliver.h"
#include "datapath/stage/policy.h"
#include "datapath/stage/tunnel.h"

enum flood_round {
	FLOOD_PLAIN = 0,   /* local ports, and hosts by the vxlan device */
	FLOOD_WRAPPED = 1, /* hosts by our own headers, which are there by now */
	FLOOD_REFUSED = 2, /* the same hosts, when the kernel gave no room */
};

DP_INLINE bool flood_is_direct(const struct dp_pkt *p, const struct vtep_value *vtep)
{
	return (vtep->flags & VTEP_RESOLVED) && !(vtep->flags & VTEP_V6) &&
	       p->head.key.ethertype != dp_htons(ETH_P_ARP);
}

DP_INLINE void flood_to_port(struct dp_ctx *ctx, struct dp_pkt *p, __u32 slot)
{
	const struct port_value *port = dp_find(ctx, port, &slot);

	if (slot == p->slot || !port || !port->ifindex || !(port->flags & PORT_UP))
		return;
	if (policy_copy(ctx, p, slot, port))
		return;
	if (dp_clone(ctx, port->ifindex))
		return;
	COUNT_HOST(ctx, flood_copies);
	count_rx(ctx, slot, 1, p->head.size);
}

DP_INLINE void flood_by_device(struct dp_ctx *ctx, struct dp_pkt *p,
			       const struct vtep_value *vtep)
{
	__u32 gbp = p->rec.vx_flags & WIRE_VXLAN_G ? p->rec.vx_flags & 0xffff : 0;
	__u32 ifindex = dp_config(ctx, vxlan_ifindex);

	if (!ifindex || dp_tunnel_key(ctx, vtep, p->rec.vx_vni >> 8, gbp, 0) ||
	    dp_clone(ctx, ifindex)) {
		count_drop(ctx, p->slot, DP_DROP_ENCAP);
		return;
	}
	COUNT_HOST(ctx, encap_fallbacks);
	COUNT_HOST(ctx, flood_copies);
}

DP_INLINE void flood_wrapped(struct dp_ctx *ctx, struct dp_pkt *p,
			     const struct vtep_value *vtep)
{
	__u8 *o = dp_at(ctx, 0, TUNNEL_V4_SIZE);

	if (!o)
		return;
	tunnel_write_v4(o, vtep, &p->rec, p->head.size, p->head.tos & TUNNEL_ECN);
	if (!dp_clone(ctx, vtep->ifindex))
		COUNT_HOST(ctx, flood_copies);
}

/* One target in one round. Returns 1 for a host that waits for the next round. */
DP_STAGE int flood_target(struct dp_ctx *ctx, struct dp_pkt *p, __u32 place, __u32 round)
{
	const struct vtep_value *vtep;
	__u32 index = PLACE_INDEX(place);

	if (!p)
		return 0;
	if (PLACE_KIND(place) == PLACE_PORT) {
		if (round == FLOOD_PLAIN)
			flood_to_port(ctx, p, index);
		return 0;
	}
	if (PLACE_KIND(place) != PLACE_VTEP || !p->slot)
		return 0;
	vtep = dp_find(ctx, vtep, &index);
	if (!vtep || !(vtep->flags & VTEP_KNOWN)) {
		if (round == FLOOD_PLAIN)
			count_drop(ctx, p->slot, DP_DROP_NO_VTEP);
		return 0;
	}
	if (flood_is_direct(p, vtep)) {
		if (round == FLOOD_WRAPPED)
			flood_wrapped(ctx, p, vtep);
		else if (round == FLOOD_REFUSED)
			flood_by_device(ctx, p, vtep);
		return round == FLOOD_PLAIN;
	}
	if (round == FLOOD_PLAIN)
		flood_by_device(ctx, p, vtep);
	return 0;
}

/* All targets in one round. Returns how many wait for the next. */
DP_STAGE int flood_chunk(struct dp_ctx *ctx, struct dp_pkt *p, __u32 chunk, __u32 round)
{
	const struct flood_value *targets;
	struct flood_key key = {};
	int waiting = 0;

	if (!p)
		return 0;
	key.vni = p->vni;
	key.chunk = chunk;
	targets = dp_find(ctx, flood, &key);
	if (!targets)
		return 0;
	for (__u32 i = 0; i < LIM_FLOOD_CHUNK && i < targets->count; i++)
		waiting += flood_target(ctx, p, targets->place[i], round);
	return waiting;
}

DP_INLINE int flood_round(struct dp_ctx *ctx, struct dp_pkt *p, __u32 round)
{
	int waiting = 0;

	for (__u32 i = 0; i < LIM_FLOOD_CHUNKS && i < p->flood_chunks; i++)
		waiting += flood_chunk(ctx, p, i, round);
	return waiting;
}

/* Replicates the frame to p's network and consumes it. */
DP_STAGE int flood_stage(struct dp_ctx *ctx, struct dp_pkt *p)
{
	if (!p)
		return DP_DROP_INTERNAL;
	if (p->flood_chunks > LIM_FLOOD_CHUNKS)
		return DP_DROP_FLOOD_LIMIT;
	p->rec.mtu = p->mtu;
	if (!deliver_fits(ctx, &p->head, p->mtu))
		return DP_DROP_TOO_BIG;
	if (p->slot) {
		p->rec.vx_flags = wire_flags(p->identity);
		p->rec.vx_vni = wire_vni(p->vni, p->identity);
	}
	p->rec.key.ethertype = p->head.key.ethertype;
	p->verdict = TC_ACT_SHOT; /* the copies are what goes on */
	if (!p->slot && tunnel_strip(ctx, &p->rec, p->head.base))
		return DP_DROP_ENCAP;
	if (flood_round(ctx, p, FLOOD_PLAIN))
		flood_round(ctx, p,
			    dp_adjust(ctx, WIRE_OVERHEAD_V4, DP_ROOM_ENCAP | DP_ROOM_V4)
				    ? FLOOD_REFUSED
				    : FLOOD_WRAPPED);
	return DP_OK;
}
