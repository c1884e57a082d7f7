/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Switching inside a network: the place of a MAC, and nobody learns anything. */
#pragma once

#include "datapath/env/env.h"
#include "datapath/stage/flow.h"

/* The place of MAC in p's network, or PLACE_NONE; who it is, into p->peer. */
DP_INLINE __u32 mac_place(struct dp_ctx *ctx, struct dp_pkt *p, const struct abi_mac *mac)
{
	const struct mac_value *value;
	struct mac_key key = {};

	key.vni = p->vni;
	key.mac = *mac;
	value = dp_find(ctx, mac, &key);
	p->peer = value ? value->identity : 0;
	return value ? value->place : 0;
}

/* Where MAC of P's network is, into p->place. */
DP_STAGE int mac_find(struct dp_ctx *ctx, struct dp_pkt *p, const struct abi_mac *mac)
{
	struct abi_mac copy;

	if (!p || !mac)
		return DP_DROP_INTERNAL;
	copy = *mac;
	flow_gens_use(ctx, p, generation_cell(GEN_MAC, generation_mac_id(p->vni, &copy)));
	p->place = mac_place(ctx, p, &copy);
	if (!p->place)
		return DP_DROP_UNKNOWN_UNICAST;
	if (PLACE_KIND(p->place) == PLACE_PORT && PLACE_INDEX(p->place) == p->slot)
		return DP_DROP_OWN_MAC;
	return DP_OK;
}

/*
 * Where the frame's destination is. A router's MAC costs no cell of its own, since routed
 * packets need them all: who changes its row bumps the router, and it is read once more
 * under the router's cell.
 */
DP_STAGE int mac_switch(struct dp_ctx *ctx, struct dp_pkt *p)
{
	struct abi_mac mac;
	__u32 gens;
	int reason;

	if (!p)
		return DP_DROP_INTERNAL;
	gens = p->gens;
	mac = p->head.key.dmac;
	reason = mac_find(ctx, p, &mac);
	if (reason || PLACE_KIND(p->place) != PLACE_ROUTER)
		return reason;
	p->gens = gens;
	flow_gens_use(ctx, p, generation_cell(GEN_ROUTER, PLACE_INDEX(p->place)));
	return mac_place(ctx, p, &mac) == p->place ? DP_OK : DP_DROP_UNKNOWN_UNICAST;
}
