/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What of a physical device's traffic is a gateway's, and who asks for a gateway there: ARP
 * (RFC 826) and neighbour discovery (RFC 4861) for its own addresses, with the device's own MAC.
 */
#pragma once

#include <linux/if_ether.h>

#include "datapath/env/env.h"
#include "datapath/stage/arp.h"
#include "datapath/stage/nd.h"

/* Whose IP is on the device at hand; NULL: nobody's here, though it may be the host's own. */
DP_INLINE const struct outside_value *outside_find(struct dp_ctx *ctx, __u32 ifindex,
						   __be16 ethertype, const struct abi_ip *ip)
{
	const struct outside_value *value;
	struct outside_key key = {};

	key.prefixlen = OUTSIDE_PREFIX_BASE + 128;
	key.ifindex = ifindex;
	key.ethertype = ethertype;
	__builtin_memcpy(&key.ip, ip, sizeof(key.ip));
	value = dp_find(ctx, outside, &key);
	return value && !(value->flags & OUTSIDE_LINK) ? value : NULL;
}

/* The gateway that answers for IP itself, which is up: into p->slot, and what it is with. */
DP_STAGE int outside_owner(struct dp_ctx *ctx, struct dp_pkt *p, const struct abi_ip *ip,
			   struct abi_mac *mac)
{
	const struct gateway_value *gateway;
	const struct outside_value *to;
	const struct port_value *port;
	__u16 type;
	__u32 slot;

	if (!p || !ip || !mac)
		return 0;
	type = p->head.key.ethertype == dp_htons(ETH_P_IPV6) ? ETH_P_IPV6 : ETH_P_IP;
	to = outside_find(ctx, ctx->ifindex, dp_htons(type), ip);
	if (!to || !(to->flags & OUTSIDE_OWN))
		return 0;
	slot = p->slot = to->slot;
	port = dp_find(ctx, port, &slot);
	gateway = dp_find(ctx, gateway, &slot);
	if (!port || !gateway || !(port->flags & PORT_UP) || !(port->flags & PORT_GATEWAY))
		return 0;
	p->port_flags = 0;
	*mac = gateway->device_mac;
	return 1;
}

DP_INLINE bool outside_reads_arp(struct dp_ctx *ctx, struct arp_body *body)
{
	return !dp_load(ctx, DP_ETH_SIZE, body, sizeof(*body)) &&
	       body->hardware == dp_htons(1) && body->protocol == dp_htons(ETH_P_IP) &&
	       body->hardware_size == 6 && body->protocol_size == 4 &&
	       body->operation == dp_htons(ARP_REQUEST);
}

/* Returns the TC verdict: what is not for a gateway is the host's. */
DP_STAGE int outside_arp(struct dp_ctx *ctx, struct dp_pkt *p)
{
	struct arp_body body = {};
	struct abi_ip target;
	struct abi_mac mac;

	if (!p || !outside_reads_arp(ctx, &body) || guard_is_group(&body.sender) ||
	    !__builtin_memcmp(body.sender_ip, body.target_ip, 4))
		return TC_ACT_OK;
	arp_to_ip(body.target_ip, &target);
	if (!outside_owner(ctx, p, &target, &mac))
		return TC_ACT_OK;
	return arp_answer(ctx, p, &body, &mac) ? TC_ACT_SHOT : p->verdict;
}

DP_STAGE int outside_nd(struct dp_ctx *ctx, struct dp_pkt *p)
{
	struct nd_message ns = {};
	struct abi_mac mac;

	if (!p || (p->head.key.sport & 0xff) != ND_SOLICITATION || p->head.key.sport >> 8 ||
	    p->head.ttl != ND_HOP_LIMIT || p->head.chain || guard_is_group(&p->head.key.smac) ||
	    dp_load(ctx, p->head.l4, &ns, ND_BARE_SIZE) ||
	    !outside_owner(ctx, p, &ns.target, &mac) ||
	    nd_answer(ctx, p, &ns.target, &mac, ND_ROUTER))
		return TC_ACT_OK;
	return back_send(ctx, p, ND_FRAME_SIZE);
}

/*
 * The kernel asks by ARP for a next hop of ours, in the name of whatever address it has found: of
 * the link there is none when the device has none. Routers do not answer strangers: the gateway's
 * name is put in.
 */
DP_INLINE int outside_asks(struct dp_ctx *ctx)
{
	const struct gateway_value *gateway;
	const struct outside_value *link;
	struct outside_key key = {};
	struct arp_body body = {};
	struct abi_ip sender;
	__u16 type = 0;
	__u32 slot;

	if (dp_load(ctx, 12, &type, 2) || type != dp_htons(ETH_P_ARP) ||
	    !outside_reads_arp(ctx, &body))
		return TC_ACT_OK;
	key.prefixlen = OUTSIDE_PREFIX_BASE + 128;
	key.ifindex = ctx->ifindex;
	key.ethertype = dp_htons(ETH_P_IP);
	arp_to_ip(body.target_ip, &sender);
	__builtin_memcpy(&key.ip, &sender, sizeof(sender));
	link = dp_find(ctx, outside, &key);
	if (!link || !(link->flags & OUTSIDE_LINK))
		return TC_ACT_OK;
	slot = link->slot;
	gateway = dp_find(ctx, gateway, &slot);
	arp_to_ip(body.sender_ip, &sender);
	if (!gateway || !gateway->address[0].w[3] ||
	    !((sender.w[3] ^ gateway->link[0].w[3]) & gateway->mask[0].w[3]))
		return TC_ACT_OK;
	__builtin_memcpy(body.sender_ip, &gateway->address[0].w[3], 4);
	dp_store(ctx, DP_ETH_SIZE, &body, sizeof(body));
	return TC_ACT_OK;
}
