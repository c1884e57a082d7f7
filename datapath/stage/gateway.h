/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Out of the cloud: what a gateway's record or walk has let pass is turned into its outer form
 * and goes out of the physical device, to the next hop's MAC as the kernel's neighbour table
 * has it. A gateway of another router on the same link and host is reached without the wire.
 */
#pragma once

#include "datapath/env/env.h"
#include "datapath/stage/border.h"
#include "datapath/stage/deliver.h"
#include "datapath/stage/nat_write.h"
#include "datapath/stage/outside.h"

DP_INLINE __u32 gateway_account(const struct flow_value *rec)
{
	return rec->tx_slot ? rec->tx_slot : rec->rx_slot;
}

DP_INLINE bool gateway_is_on_link(const struct gateway_value *gateway, int family,
				  const struct abi_ip *ip)
{
	const struct abi_ip *link = &gateway->link[family], *mask = &gateway->mask[family];

	return !(((link->d[0] ^ ip->d[0]) & mask->d[0]) |
		 ((link->d[1] ^ ip->d[1]) & mask->d[1]));
}

/* The frame is as the world is to see it, but for its MACs. Returns the TC verdict. */
DP_STAGE int gateway_send(struct dp_ctx *ctx, const struct flow_value *rec)
{
	const struct gateway_value *gateway;
	struct abi_mac eth[2];
	struct abi_ip next;
	__u32 slot;
	int family;

	if (!rec)
		return TC_ACT_SHOT;
	slot = rec->rx_slot;
	family = !guard_is_v4(&rec->key);
	gateway = dp_find(ctx, gateway, &slot);
	if (!gateway)
		return count_drop(ctx, slot, DP_DROP_INTERNAL);
	next = rec->key.daddr;
	if (!gateway_is_on_link(gateway, family, &next)) {
		if (gateway->next_hop[family].d[1])
			next = gateway->next_hop[family];
	} else if (outside_find(ctx, rec->out, rec->key.ethertype, &next)) {
		eth[0] = eth[1] = gateway->device_mac;
		if (dp_store(ctx, 0, eth, sizeof(eth)))
			return count_drop(ctx, slot, DP_DROP_INTERNAL);
		return dp_redirect_in(ctx, rec->out);
	}
	return dp_redirect_next(ctx, rec->out, family, &next);
}

/* A packet read as H goes by REC, as NAT, which is HOW (enum dp_nat), or not at all. */
DP_INLINE int gateway_leave(struct dp_ctx *ctx, const struct dp_head *h,
			    const struct flow_value *rec, const struct nat_value *nat,
			    __u32 how)
{
	sample_arrives(ctx, rec->rx_slot);
	if (h->base && tunnel_strip(ctx, rec, h->base))
		return count_drop(ctx, gateway_account(rec), DP_DROP_ENCAP);
	if (rec->hops && deliver_routed(ctx, rec))
		return count_drop(ctx, gateway_account(rec), DP_DROP_INTERNAL);
	if ((how == DP_NAT_FLOW && nat_write(ctx, h, nat, NAT_OUT)) ||
	    (how == DP_NAT_QUOTE && nat_write_error(ctx, h, nat, NAT_OUT)))
		return count_drop(ctx, gateway_account(rec), DP_DROP_INTERNAL);
	return gateway_send(ctx, rec);
}

/* P, whose walk is over. */
DP_STAGE int gateway_walked(struct dp_ctx *ctx, struct dp_pkt *p)
{
	if (!p)
		return TC_ACT_SHOT;
	return gateway_leave(ctx, &p->head, &p->rec, &p->nat, p->translates);
}

/* A packet by its record. Negative: it must walk, for its translation or its connection is no more. */
DP_STAGE int gateway_hit(struct dp_ctx *ctx, const struct dp_head *h, struct flow_value *rec)
{
	const struct gateway_value *gateway;
	__u32 slot, how = DP_NAT_NOTHING;
	struct nat_value nat = {};

	if (!h || !rec)
		return TC_ACT_SHOT;
	slot = rec->rx_slot;
	gateway = dp_find(ctx, gateway, &slot);
	if (!gateway)
		return -1;
	if (guard_is_v4(&h->key) && (gateway->flags & GATEWAY_SNAT)) {
		how = DP_NAT_FLOW;
		if (!nat_find(ctx, &h->key, slot, NAT_OUT, &nat))
			return -1;
	}
	if (!deliver_account(ctx, h, rec))
		return -1;
	COUNT_HOST(ctx, flow_hits);
	return gateway_leave(ctx, h, rec, &nat, how);
}
