/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From a place to the way out of this host: the record's second cache line. */
#pragma once

#include "abi/wire.h"
#include "datapath/env/env.h"
#include "datapath/stage/conn.h"
#include "datapath/stage/flow.h"

DP_INLINE enum dp_drop locate_port(struct dp_ctx *ctx, struct dp_pkt *p, __u32 slot)
{
	const struct port_value *port;

	flow_gens_use(ctx, p, generation_cell(GEN_PORT, slot));
	port = dp_find(ctx, port, &slot);
	p->rec.rx_slot = slot;
	if (!port || !port->ifindex)
		return DP_DROP_NO_PORT;
	if (!(port->flags & PORT_UP))
		return DP_DROP_PORT_DOWN;
	p->rec.verdict = port->flags & PORT_GATEWAY ? FLOW_GATEWAY : FLOW_PORT;
	p->rec.out = port->ifindex;
	p->rec.mtu = port->mtu;
	if (port->flags & PORT_PEER)
		p->rec.flags |= FLOW_PEER;
	p->side[1].slot = slot;
	p->side[1].bank = port->policy;
	p->side[1].filtered = !!(port->flags & PORT_FILTERED);
	p->side[1].border = !!(port->flags & PORT_BORDER);
	return DP_OK;
}

DP_INLINE enum dp_drop locate_vtep(struct dp_ctx *ctx, struct dp_pkt *p, __u32 index)
{
	const struct vtep_value *vtep = dp_find(ctx, vtep, &index);
	__u32 overhead, room;

	if (!vtep || !(vtep->flags & VTEP_KNOWN))
		return DP_DROP_NO_VTEP;
	overhead = vtep->flags & VTEP_V6 ? WIRE_OVERHEAD_V6 : WIRE_OVERHEAD_V4;
	room = vtep->mtu > overhead ? vtep->mtu - overhead : 0;
	p->rec.verdict = FLOW_VTEP;
	p->rec.out = index;
	p->rec.mtu = room && room < p->mtu ? room : p->mtu;
	return DP_OK;
}

/* The record of a packet that goes on: all but key, cells and the way out. */
DP_INLINE void locate_start(struct dp_pkt *p)
{
	__u32 hash = flow_hash(&p->head.key);

	__builtin_memset(&p->rec, 0, sizeof(p->rec));
	p->rec.key = p->head.key; /* conn reads it before flow_keep does */
	p->rec.dmac = p->head.key.dmac;
	p->rec.smac = p->head.key.smac;
	p->rec.tx_slot = p->slot;
	p->rec.from = p->from;
	p->rec.sport = dp_htons(WIRE_SPORT_MIN + (hash >> 16 & WIRE_SPORT_MASK));
	p->hops = 0;
	p->place = 0;
	p->router = 0;
	p->to = DP_TO_PLACE;
	p->quotes = 0;
	p->translates = DP_NAT_NOTHING;
	p->nat_made = 0;
	p->crossings = 0;
	p->answers = 0;
	p->account = 0;
	p->reject = 0;
	__builtin_memset(&p->router_ip, 0, sizeof(p->router_ip));
	p->verdict = -1;
}

DP_STAGE int locate_stage(struct dp_ctx *ctx, struct dp_pkt *p)
{
	if (!p)
		return DP_DROP_INTERNAL;
	p->rec.hops = p->hops;
	if (p->hops)
		p->rec.flags |= FLOW_ROUTED;
	if (conn_is_counted(&p->head.key))
		p->rec.flags |= FLOW_CONN;
	/* who sent it: on the wire, and to the connection of a port that gets it */
	if (p->slot) {
		p->rec.vx_flags = wire_flags(p->identity);
		p->rec.vx_vni = wire_vni(p->vni, p->identity);
	} else {
		p->rec.vx_flags = p->outer.flags;
		p->rec.vx_vni = p->outer.vni;
	}
	switch (PLACE_KIND(p->place)) {
	case PLACE_PORT:
		return locate_port(ctx, p, PLACE_INDEX(p->place));
	case PLACE_VTEP:
		return locate_vtep(ctx, p, PLACE_INDEX(p->place));
	default:
		return DP_DROP_UNKNOWN_UNICAST;
	}
}
