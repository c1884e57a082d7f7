/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Neighbour discovery is answered on the spot (RFC 4861, 4862), as ARP is. Ports do not
 * advertise themselves as routers, nor other people's addresses. Who asks for a router is
 * answered by the agent, which knows what routers say.
 */
#pragma once

#include <linux/if_ether.h>
#include <linux/in.h>

#include "datapath/env/env.h"
#include "datapath/stage/back.h"
#include "datapath/stage/budget.h"
#include "datapath/stage/count.h"
#include "datapath/stage/csum.h"
#include "datapath/stage/guard.h"

#define ND_ROUTER_SOLICITATION	133
#define ND_ROUTER_ADVERTISEMENT 134
#define ND_SOLICITATION		135
#define ND_ADVERTISEMENT	136
#define ND_REDIRECT		137

#define ND_HOP_LIMIT 255
#define ND_ROUTER    0x80000000 /* flags of an advertisement, host order */
#define ND_SOLICITED 0x40000000
#define ND_OVERRIDE  0x20000000

#define ND_SOURCE_LINK 1 /* options */
#define ND_TARGET_LINK 2

/* A message as long as it is with one option. */
struct nd_message {
	__u8 type;
	__u8 code;
	__u16 checksum;
	__be32 flags;
	struct abi_ip target;
	__u8 option;
	__u8 option_size;
	struct abi_mac mac;
};

#define ND_BARE_SIZE  24 /* without the option */
#define ND_RS_SIZE    8	 /* a router solicitation without options */
#define ND_FRAME_SIZE (DP_ETH_SIZE + 40 + sizeof(struct nd_message))
#define ND_WRITTEN    0 /* a verdict until nd_stage sends the answer, with fewer frames below it */

struct nd_ip {
	__be32 version;
	__be16 size;
	__u8 next;
	__u8 hop_limit;
	struct abi_ip source;
	struct abi_ip destination;
};

/* Who has TARGET: a location, or the link-local address that a known MAC makes. */
DP_INLINE bool nd_find(struct dp_ctx *ctx, struct dp_pkt *p, const struct abi_ip *target,
		       struct mac_key *owner)
{
	const struct location_value *location;
	struct location_key key = {};

	key.vni = owner->vni = p->vni;
	key.ip = *target;
	location = dp_find(ctx, location, &key);
	if (location) {
		owner->mac = location->mac;
		return true;
	}
	if (!guard_is_link_local(target) || target->b[11] != 0xff || target->b[12] != 0xfe)
		return false;
	owner->mac.b[0] = target->b[8] ^ 2;
	owner->mac.b[1] = target->b[9];
	owner->mac.b[2] = target->b[10];
	owner->mac.b[3] = target->b[13];
	owner->mac.b[4] = target->b[14];
	owner->mac.b[5] = target->b[15];
	return dp_find(ctx, mac, owner) != NULL;
}

/* P is answered that TARGET is at OWNER, which is a router (ND_ROUTER) or not (0). */
DP_STAGE int nd_answer(struct dp_ctx *ctx, struct dp_pkt *p, const struct abi_ip *target,
		       const struct abi_mac *owner, __u32 router)
{
	struct nd_message na = {};
	struct {
		struct abi_mac d, s;
		__be16 type;
	} eth = {};
	struct nd_ip ip = {};
	bool probe;

	if (!p || !target || !owner)
		return DP_DROP_INTERNAL;
	probe = guard_is_unspecified(&p->head.key);
	na.type = ND_ADVERTISEMENT;
	na.flags = dp_htonl((probe ? 0 : ND_SOLICITED) | ND_OVERRIDE | router);
	na.target = *target;
	na.option = ND_TARGET_LINK;
	na.option_size = 1;
	na.mac = *owner;
	ip.version = dp_htonl(0x60000000);
	ip.size = dp_htons(sizeof(na));
	ip.next = DP_PROTO_ICMPV6;
	ip.hop_limit = ND_HOP_LIMIT;
	ip.source = *target;
	eth.s = *owner;
	eth.type = dp_htons(ETH_P_IPV6);
	if (probe) { /* to all nodes: it has no address to answer to */
		ip.destination.w[0] = dp_htonl(0xff020000);
		ip.destination.w[3] = dp_htonl(1);
		eth.d.b[0] = eth.d.b[1] = 0x33;
		eth.d.b[5] = 1;
	} else {
		ip.destination = p->head.key.saddr;
		eth.d = p->head.key.smac;
	}
	na.checksum = csum_done(csum_words(&ip.source, 8) + csum_words(&na, sizeof(na) / 4) +
				dp_htonl(sizeof(na)) + dp_htonl(DP_PROTO_ICMPV6));
	if ((ctx->len != ND_FRAME_SIZE && dp_resize(ctx, ND_FRAME_SIZE)) ||
	    dp_store(ctx, 0, &eth, DP_ETH_SIZE) ||
	    dp_store(ctx, DP_ETH_SIZE, &ip, sizeof(ip)) ||
	    dp_store(ctx, DP_ETH_SIZE + sizeof(ip), &na, sizeof(na)))
		return DP_DROP_INTERNAL;
	p->verdict = ND_WRITTEN;
	return DP_OK;
}

DP_INLINE int nd_solicited(struct dp_ctx *ctx, struct dp_pkt *p, const struct nd_message *ns,
			   __u32 size)
{
	const struct mac_value *place;
	struct mac_key owner = {};

	if (size > ND_BARE_SIZE && ns->option == ND_SOURCE_LINK &&
	    !(p->port_flags & PORT_UNGUARDED) && !guard_same_mac(&ns->mac, &p->head.key.smac))
		return DP_DROP_ND_SPOOF;
	if (!nd_find(ctx, p, &ns->target, &owner))
		return p->network_flags & NETWORK_FLOOD ? DP_OK : DP_DROP_ND_UNKNOWN;
	if (guard_same_mac(&owner.mac, &p->head.key.smac)) /* nobody else has it */
		return DP_DROP_ND_ANNOUNCE;
	place = dp_find(ctx, mac, &owner);
	return nd_answer(ctx, p, &ns->target, &owner.mac,
			 place && PLACE_KIND(place->place) == PLACE_ROUTER ? ND_ROUTER : 0);
}

/* An advertisement: true ones are needed by nobody, unless the network floods. */
DP_INLINE int nd_advertised(struct dp_ctx *ctx, struct dp_pkt *p, const struct nd_message *na,
			    __u32 size)
{
	const struct abi_mac *smac = &p->head.key.smac;

	if (!(p->port_flags & PORT_UNGUARDED)) {
		if (size > ND_BARE_SIZE && na->option == ND_TARGET_LINK &&
		    !guard_same_mac(&na->mac, smac))
			return DP_DROP_ND_SPOOF;
		if (!guard_allows(ctx, p->slot, smac, dp_htons(ETH_P_IPV6), &na->target) &&
		    !guard_is_eui64(&na->target, &p->port_mac))
			return DP_DROP_ND_SPOOF;
	}
	return p->network_flags & NETWORK_FLOOD ? DP_OK : DP_DROP_ND_ANNOUNCE;
}

/* A router is asked for: the agent answers, in a network that floods perhaps others, too. */
DP_STAGE int nd_router_solicited(struct dp_ctx *ctx, struct dp_pkt *p)
{
	__u32 at, size;
	int reason;

	if (!p)
		return DP_DROP_INTERNAL;
	at = p->head.l4;
	size = p->head.ip_size + DP_ETH_SIZE - at;
	if (p->head.chain) /* RFC 6980 */
		return DP_DROP_ND_SPOOF;
	if (p->head.ttl != ND_HOP_LIMIT || p->head.key.sport >> 8 || size < ND_RS_SIZE)
		return DP_DROP_MALFORMED;
	if (!(p->network_flags & NETWORK_RA))
		return p->network_flags & NETWORK_FLOOD ? DP_OK : DP_DROP_RS;
	if (!budget_take_punt(ctx, p->slot))
		return DP_DROP_PUNT_RATE;
	reason = dp_punt(ctx, PUNT_RS, p->slot, p->head.size);
	if (reason)
		return reason;
	COUNT_HOST(ctx, punts);
	if (!(p->network_flags & NETWORK_FLOOD))
		p->verdict = TC_ACT_SHOT; /* the ring has it */
	return DP_OK;
}

/* The messages of neighbour discovery, once their source is known to be the port's. */
DP_STAGE int nd_message(struct dp_ctx *ctx, struct dp_pkt *p)
{
	struct nd_message message = {};
	__u32 size, at;
	__u8 type;

	if (!p)
		return DP_DROP_INTERNAL;
	type = p->head.key.sport & 0xff;
	at = p->head.l4;
	size = p->head.ip_size + DP_ETH_SIZE - at;
	if (p->head.chain) /* RFC 6980 */
		return DP_DROP_ND_SPOOF;
	if (p->head.ttl != ND_HOP_LIMIT || p->head.key.sport >> 8 || size < ND_BARE_SIZE)
		return DP_DROP_MALFORMED;
	if (size >= sizeof(message)) {
		if (dp_load(ctx, at, &message, sizeof(message)))
			return DP_DROP_MALFORMED;
	} else if (dp_load(ctx, at, &message, ND_BARE_SIZE)) {
		return DP_DROP_MALFORMED;
	}
	if (message.target.b[0] == 0xff)
		return DP_DROP_MALFORMED;
	return type == ND_SOLICITATION ? nd_solicited(ctx, p, &message, size)
				       : nd_advertised(ctx, p, &message, size);
}

DP_INLINE bool nd_is(const struct flow_key *key)
{
	__u8 type = key->sport & 0xff;

	return key->proto == DP_PROTO_ICMPV6 && !guard_is_v4(key) && key->kind == FLOW_WHOLE &&
	       type >= ND_ROUTER_SOLICITATION && type <= ND_REDIRECT;
}

/* Before the guard: what no guarded port may say, whatever its source. */
DP_INLINE int nd_forbidden(const struct dp_pkt *p)
{
	__u8 type = p->head.key.sport & 0xff;

	if (!nd_is(&p->head.key) || (p->port_flags & PORT_UNGUARDED))
		return DP_OK;
	return type == ND_ROUTER_ADVERTISEMENT || type == ND_REDIRECT ? DP_DROP_RA : DP_OK;
}

DP_INLINE int nd_stage(struct dp_ctx *ctx, struct dp_pkt *p)
{
	__u8 type = p->head.key.sport & 0xff;
	int reason;

	if (!nd_is(&p->head.key) || type == ND_ROUTER_ADVERTISEMENT || type == ND_REDIRECT)
		return DP_OK;
	if (type == ND_ROUTER_SOLICITATION)
		return nd_router_solicited(ctx, p);
	reason = nd_message(ctx, p);
	if (!reason && p->verdict == ND_WRITTEN)
		p->verdict = back_send(ctx, p, ND_FRAME_SIZE);
	return reason;
}
