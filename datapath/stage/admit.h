/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who is it that sends, and may it at all: device -> port -> network. After this
 * every drop is on the account of a port, or of the network's tunnel.
 */
#pragma once

#include "datapath/env/env.h"
#include "datapath/stage/flow.h"

/* Network VNI into P. */
DP_INLINE enum dp_drop admit_network(struct dp_ctx *ctx, struct dp_pkt *p, __u32 vni)
{
	const struct network_value *network = dp_find(ctx, network, &vni);

	if (!network)
		return DP_DROP_NO_NETWORK;
	p->vni = vni;
	p->network_flags = network->flags;
	p->flood_chunks = network->flood_chunks;
	p->mtu = network->mtu;
	return network->flags & NETWORK_UP ? DP_OK : DP_DROP_NETWORK_DOWN;
}

DP_STAGE int admit_port(struct dp_ctx *ctx, struct dp_pkt *p)
{
	const struct port_value *port;
	const __u32 *slot;
	__u32 ifindex = ctx->ifindex;

	if (!p)
		return DP_DROP_INTERNAL;
	p->slot = 0;
	p->from = 0;
	__builtin_memset(p->side, 0, sizeof(p->side));
	flow_gens_start(ctx, p);
	slot = dp_find(ctx, device, &ifindex);
	if (!slot || !*slot)
		return DP_DROP_NO_PORT;
	flow_gens_use(ctx, p, generation_cell(GEN_PORT, *slot));
	port = dp_find(ctx, port, slot);
	if (!port || port->ifindex != ifindex)
		return DP_DROP_NO_PORT;
	p->slot = *slot;
	p->identity = port->identity;
	p->port_flags = port->flags;
	p->port_mac = port->mac;
	p->side[0].slot = *slot;
	p->side[0].bank = port->policy;
	p->side[0].filtered = !!(port->flags & PORT_FILTERED);
	p->side[0].border = !!(port->flags & PORT_BORDER);
	if (!(port->flags & PORT_UP))
		return DP_DROP_PORT_DOWN;
	return admit_network(ctx, p, port->vni);
}
