/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Distributed routing: the sender's host does the work of every router on the
 * way, so a packet crosses the underlay once, already in its last network.
 */
#pragma once

#include "datapath/env/env.h"
#include "datapath/stage/admit.h"
#include "datapath/stage/crossing.h"
#include "datapath/stage/flow.h"
#include "datapath/stage/icmp.h"
#include "datapath/stage/mac.h"

/*
 * Addresses that mean something only where the packet was made, or nothing (RFC 1812 5.3.7,
 * RFC 4291 2.5, RFC 3927 7): no router passes them on. Loopback, "this network", IPv4's
 * link-local and class E; as a source, groups, too.
 */
DP_INLINE bool route_is_nowhere(const struct flow_key *key, const struct abi_ip *ip)
{
	if (guard_is_v4(key))
		return !ip->b[12] || ip->b[12] == 127 || ip->b[12] >= 240 ||
		       (ip->b[12] == 169 && ip->b[13] == 254);
	return !ip->d[0] && !ip->w[2] && (ip->w[3] & ~dp_htonl(1)) == 0;
}

DP_INLINE bool route_is_martian(const struct flow_key *key)
{
	bool group =
		guard_is_v4(key) ? (key->saddr.b[12] & 0xf0) == 0xe0 : key->saddr.b[0] == 0xff;

	return group || route_is_nowhere(key, &key->saddr) ||
	       route_is_nowhere(key, &key->daddr);
}

/* The next hop's MAC and place: NEXT is in p's network. */
DP_STAGE int route_neighbour(struct dp_ctx *ctx, struct dp_pkt *p, const struct abi_ip *next)
{
	const struct location_value *location;
	struct location_key key = {};
	int reason;

	if (!p || !next)
		return DP_DROP_INTERNAL;
	key.vni = p->vni;
	key.ip = *next;
	flow_gens_use(ctx, p,
		      generation_cell(GEN_ADDRESS, generation_address_id(p->vni, &key.ip)));
	location = dp_find(ctx, location, &key);
	if (!location)
		return DP_DROP_NO_NEIGHBOUR;
	p->rec.dmac = location->mac;
	reason = mac_find(ctx, p, &p->rec.dmac);
	/* a router may send a packet back where it came from: to its own port, too */
	if (reason == DP_DROP_OWN_MAC)
		return DP_OK;
	return reason == DP_DROP_UNKNOWN_UNICAST ? DP_DROP_NO_NEIGHBOUR : reason;
}

/* One router: p->place names it, and is where the packet goes next. */
DP_STAGE int route_step(struct dp_ctx *ctx, struct dp_pkt *p)
{
	const struct route_value *route;
	struct route_key key = {};
	struct abi_ip next;
	int reason;

	if (!p)
		return DP_DROP_INTERNAL;
	key.prefixlen = ROUTE_PREFIX_BASE + 128;
	key.router = p->router = PLACE_INDEX(p->place);
	key.ethertype = p->head.key.ethertype;
	__builtin_memcpy(&key.ip, &p->head.key.daddr, sizeof(key.ip));
	if (!p->hops)
		flow_gens_use(ctx, p, generation_cell(GEN_ROUTER, key.router));
	route = dp_find(ctx, route, &key);
	if (!route)
		return DP_DROP_NO_ROUTE;
	if (!(route->flags & ROUTE_UP))
		return DP_DROP_ROUTER_DOWN;
	if (route->flags & ROUTE_BLACKHOLE)
		return DP_DROP_BLACKHOLE;
	if (route->flags & ROUTE_LOCAL) {
		p->to = DP_TO_ROUTER;
		return DP_OK;
	}
	if (route_is_martian(&p->head.key))
		return DP_DROP_MARTIAN;
	if (p->head.ttl <= p->hops + 1)
		return DP_DROP_TTL;
	/* RFC 4291 section 2.5.6 */
	if (!guard_is_v4(&p->head.key) && guard_is_link_local(&p->head.key.saddr))
		return DP_DROP_LINK_SCOPE;
	p->hops++;
	p->rec.smac = route->mac;
	next = route->flags & ROUTE_GATEWAY ? route->via : p->head.key.daddr;
	if (p->network_flags & NETWORK_FIREWALL)
		crossing_note(ctx, p, 0);
	reason = admit_network(ctx, p, route->vni);
	if (reason)
		return reason;
	if (route->mtu && route->mtu < p->mtu)
		p->mtu = route->mtu;
	if (p->network_flags & NETWORK_FIREWALL)
		crossing_note(ctx, p, 1);
	reason = route_neighbour(ctx, p, &next);
	if (!reason && PLACE_KIND(p->place) == PLACE_ROUTER) {
		p->router_ip = next;
		flow_gens_chain(p);
	}
	return reason;
}

/* From router to router, until a port, a host, or an end. */
DP_STAGE int route_walk(struct dp_ctx *ctx, struct dp_pkt *p)
{
	const struct flow_key *key;

	if (!p)
		return DP_DROP_INTERNAL;
	key = &p->head.key;
	if (guard_is_multicast(key))
		return DP_DROP_MULTICAST_ROUTE;
	if (!guard_is_v4(key) && guard_is_link_local(&key->daddr)) {
		p->to = DP_TO_ROUTER;
		return guard_is_eui64(&key->daddr, &key->dmac) ? DP_OK : DP_DROP_NO_ROUTE;
	}
	for (int i = 0; i < LIM_ROUTER_HOPS; i++) {
		int reason = route_step(ctx, p);

		if (reason || p->to || PLACE_KIND(p->place) != PLACE_ROUTER)
			return reason;
	}
	return DP_DROP_ROUTER_LOOP;
}
