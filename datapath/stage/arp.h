/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * ARP is answered on the spot, from `location` (RFC 826; probes RFC 5227). Only in a
 * network that floods may a frame that nobody here can answer go on.
 */
#pragma once

#include <linux/if_ether.h>

#include "datapath/env/env.h"
#include "datapath/stage/back.h"
#include "datapath/stage/count.h"
#include "datapath/stage/guard.h"
#include "datapath/stage/parse.h"

#define ARP_REQUEST 1
#define ARP_REPLY   2

struct arp_body {
	__be16 hardware;
	__be16 protocol;
	__u8 hardware_size;
	__u8 protocol_size;
	__be16 operation;
	struct abi_mac sender;
	__u8 sender_ip[4];
	struct abi_mac target;
	__u8 target_ip[4];
} __attribute__((packed));

DP_INLINE void arp_to_ip(const __u8 *bytes, struct abi_ip *ip)
{
	__u32 address;

	__builtin_memcpy(&address, bytes, 4);
	parse_set_v4(ip, address);
}

/* Turns the request in BODY round, for an address that OWNER has. */
DP_INLINE int arp_answer(struct dp_ctx *ctx, struct dp_pkt *p, struct arp_body *body,
			 const struct abi_mac *owner)
{
	struct abi_mac eth[2] = {body->sender, *owner};
	__u8 ip[4];

	__builtin_memcpy(ip, body->target_ip, 4);
	body->operation = dp_htons(ARP_REPLY);
	body->target = body->sender;
	__builtin_memcpy(body->target_ip, body->sender_ip, 4);
	body->sender = *owner;
	__builtin_memcpy(body->sender_ip, ip, 4);
	if (dp_store(ctx, 0, eth, sizeof(eth)) ||
	    dp_store(ctx, DP_ETH_SIZE, body, sizeof(*body)))
		return DP_DROP_INTERNAL;
	p->verdict = back_send(ctx, p, p->head.size);
	return DP_OK;
}

DP_INLINE bool arp_is_spoofed(struct dp_ctx *ctx, struct dp_pkt *p, const struct arp_body *body,
			      const struct abi_ip *sender)
{
	if (guard_is_group(&p->head.key.smac) || guard_is_group(&body->sender))
		return true;
	if (p->port_flags & PORT_UNGUARDED)
		return false;
	if (!guard_same_mac(&body->sender, &p->head.key.smac))
		return true;
	if (!sender->w[3]) /* a probe claims nothing yet */
		return !guard_same_mac(&body->sender, &p->port_mac);
	return !guard_allows(ctx, p->slot, &body->sender, dp_htons(ETH_P_IP), sender);
}

/* Consumes the frame, drops it, or lets it go on in a network that floods. */
DP_STAGE int arp_stage(struct dp_ctx *ctx, struct dp_pkt *p)
{
	const struct location_value *location;
	struct location_key key = {};
	struct arp_body body = {};
	struct abi_ip sender;

	if (!p)
		return DP_DROP_INTERNAL;
	if (dp_load(ctx, DP_ETH_SIZE, &body, sizeof(body)) || body.hardware != dp_htons(1) ||
	    body.protocol != dp_htons(ETH_P_IP) || body.hardware_size != 6 ||
	    body.protocol_size != 4 ||
	    (body.operation != dp_htons(ARP_REQUEST) && body.operation != dp_htons(ARP_REPLY)))
		return DP_DROP_MALFORMED;
	arp_to_ip(body.sender_ip, &sender);
	if (arp_is_spoofed(ctx, p, &body, &sender))
		return DP_DROP_ARP_SPOOF;
	key.vni = p->vni;
	arp_to_ip(body.target_ip, &key.ip);
	if (body.operation == dp_htons(ARP_REPLY) || key.ip.w[3] == sender.w[3])
		return p->network_flags & NETWORK_FLOOD ? DP_OK : DP_DROP_ARP_ANNOUNCE;
	location = dp_find(ctx, location, &key);
	if (!location)
		return p->network_flags & NETWORK_FLOOD ? DP_OK : DP_DROP_ARP_UNKNOWN;
	if (guard_same_mac(&location->mac, &body.sender)) /* nobody else has it */
		return DP_DROP_ARP_ANNOUNCE;
	return arp_answer(ctx, p, &body, &location->mac);
}
