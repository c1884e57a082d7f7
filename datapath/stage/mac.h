/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Switching inside a network: the place of a MAC, and nobody learns anything. */
#pragma once

#include "datapath/env/env.h"
#include "datapath/stage/flow.h"

/* Where MAC of P's network is, into p->place. */
DP_STAGE int mac_find(struct dp_ctx *ctx, struct dp_pkt *p, const struct abi_mac *mac)
{
	const struct mac_value *value;
	struct mac_key key = {};

	if (!p || !mac)
		return DP_DROP_INTERNAL;
	key.vni = p->vni;
	key.mac = *mac;
	flow_gens_use(ctx, p, generation_cell(GEN_MAC, generation_mac_id(p->vni, &key.mac)));
	value = dp_find(ctx, mac, &key);
	if (!value)
		return DP_DROP_UNKNOWN_UNICAST;
	p->place = value->place;
	if (PLACE_KIND(p->place) == PLACE_PORT && PLACE_INDEX(p->place) == p->slot)
		return DP_DROP_OWN_MAC;
	return DP_OK;
}
