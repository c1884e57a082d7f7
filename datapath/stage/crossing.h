/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A packet goes through a router's port: whose firewall group judges it there, for later. */
#pragma once

#include "datapath/env/env.h"

/*
 * P comes into the router by the port that it was sent to (OUT: 0), or leaves by the one that it
 * will come from; both in p's network. Noted when the port has a group.
 */
DP_STAGE int crossing_note(struct dp_ctx *ctx, struct dp_pkt *p, __u32 out)
{
	struct mac_key key = {};
	const __u32 *bank;
	__u32 n;

	if (!p)
		return DP_DROP_INTERNAL;
	key.vni = p->vni;
	key.mac = out ? p->rec.smac : p->rec.dmac;
	bank = dp_find(ctx, firewall, &key);
	if (!bank)
		return DP_OK;
	n = p->crossings++ & (DP_CROSSINGS - 1);
	p->crossing[n].bank = *bank;
	p->crossing[n].ingress = out;
	p->crossing[n].rule = 0;
	return DP_OK;
}
