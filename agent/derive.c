/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From rows to map entries: one function a table of rows. See abi/map.h for what the
 * entries mean.
 */
#include "agent/derive.h"

#include "agent/borders.h"
#include "agent/firewalls.h"

#include <linux/if_ether.h>
#include <stdlib.h>
#include <string.h>

/* Where two rows speak of one entry, a router's word stands over a port's. */
enum rank {
	RANK_ROUTER,
	RANK_PORT,
};

static struct abi_ip abi_ip(struct ip ip)
{
	struct abi_ip out;

	memcpy(out.b, ip.b, sizeof(out.b));
	return out;
}

static __be16 abi_ethertype(bool v4)
{
	return GUINT16_TO_BE(v4 ? ETH_P_IP : ETH_P_IPV6);
}

static struct abi_mac abi_mac(struct mac mac)
{
	struct abi_mac out;

	memcpy(out.b, mac.b, sizeof(out.b));
	return out;
}

static void claim_location(struct state *state, struct owner *owner, enum rank rank,
			   uint32_t vni, struct ip ip, struct mac mac)
{
	struct location_key key = {.vni = vni, .ip = abi_ip(ip)};
	struct location_value value = {.mac = abi_mac(mac)};

	desired_claim(state->desired, owner, DESIRED_LOCATION, rank, &key, &value);
}

void derive_host(struct state *state, struct row *row)
{
	const struct peer *peer = held_find_peer(state, row->key.name);
	struct abi_ip remote = abi_ip(row->u.host);
	struct vtep_value value = {
		.remote = remote,
		.local = abi_ip(state->local),
		.flags = VTEP_KNOWN | (peer->hop.resolved ? VTEP_RESOLVED : 0) |
			 (ip_is_v4(row->u.host) ? 0 : VTEP_V6),
		.ifindex = peer->hop.ifindex,
		.next_hop = abi_mac(peer->hop.next),
		.source = abi_mac(peer->hop.source),
		.mtu = peer->hop.mtu,
	};

	if (!(value.flags & VTEP_V6))
		value.csum = vtep_header_csum(&value);
	if (peer->vtep) {
		desired_claim(state->desired, &row->owner, DESIRED_VTEP, 0, &peer->vtep,
			      &value);
		desired_claim(state->desired, &row->owner, DESIRED_PEER, 0, &remote,
			      &peer->vtep);
	}
	desired_settle(state->desired, &row->owner);
}

/* To whom the router speaks as ADDRESS: the subnet it is in. */
static void claim_own(struct state *state, struct row *row, const struct row_address *address)
{
	struct mac mac = row_key_mac(&row->key);
	struct route_key key = {.prefixlen = ROUTE_PREFIX_BASE + address->subnet.bits,
				.router = row->key.router,
				.ethertype = abi_ethertype(ip_is_v4(address->ip)),
				.kind = ROUTE_OWN,
				.ip = abi_ip(address->subnet.ip)};
	struct route_value value = {.flags = row->u.interface.up ? ROUTE_UP : 0,
				    .vni = row->key.vni,
				    .via = abi_ip(address->ip),
				    .mac = abi_mac(mac)};

	desired_claim(state->desired, &row->owner, DESIRED_ROUTE, RANK_ROUTER, &key, &value);
}

void derive_interface(struct state *state, struct row *row)
{
	const struct row_interface *interface = &row->u.interface;
	struct mac mac = row_key_mac(&row->key);
	struct mac_key mac_key = held_mac_key(row->key.vni, mac);
	struct mac_value mac_value = {.place = PLACE(PLACE_ROUTER, row->key.router)};
	struct route_value local = {.flags = ROUTE_LOCAL | (interface->up ? ROUTE_UP : 0),
				    .vni = row->key.vni,
				    .mac = abi_mac(mac)};

	firewalls_claim(state, row);
	desired_claim(state->desired, &row->owner, DESIRED_MAC, RANK_ROUTER, &mac_key,
		      &mac_value);
	for (gsize i = 0; i < interface->count; i++) {
		struct ip ip = interface->addresses[i].ip;
		struct route_key key = {ROUTE_PREFIX_BASE + 128, row->key.router,
					abi_ethertype(ip_is_v4(ip)), 0, abi_ip(ip)};

		claim_own(state, row, &interface->addresses[i]);
		claim_location(state, &row->owner, RANK_ROUTER, row->key.vni, ip, mac);
		desired_claim(state->desired, &row->owner, DESIRED_ROUTE, RANK_ROUTER, &key,
			      &local);
	}
	desired_settle(state->desired, &row->owner);
}

void derive_route(struct state *state, struct row *row)
{
	const struct row_route *route = &row->u.route;
	struct prefix prefix = row_key_prefix(&row->key);
	struct route_key key = {ROUTE_PREFIX_BASE + prefix.bits, row->key.router,
				abi_ethertype(prefix_is_v4(prefix)), 0, abi_ip(prefix.ip)};
	struct route_value value = {.flags = (route->up ? ROUTE_UP : 0) |
					     (route->blackhole ? ROUTE_BLACKHOLE : 0) |
					     (ip_is_none(route->via) ? 0 : ROUTE_GATEWAY),
				    .vni = route->vni,
				    .via = abi_ip(route->via),
				    .mac = abi_mac(route->mac)};

	desired_claim(state->desired, &row->owner, DESIRED_ROUTE, RANK_PORT, &key, &value);
	desired_settle(state->desired, &row->owner);
}

/* The place of a location; PLACE_NONE when its port is ours and has no device. */
static uint32_t location_place(const struct state *state, const struct row *row)
{
	const struct peer *peer;
	const struct wire *wire;

	if (row->u.location.host == state->host) {
		wire = held_find_local(state, row->key.vni, row_key_mac(&row->key));
		return wire ? PLACE(PLACE_PORT, wire->slot) : PLACE(PLACE_NONE, 0);
	}
	peer = held_find_peer(state, row->u.location.host);
	return PLACE(PLACE_VTEP, peer ? peer->vtep : 0);
}

void derive_location(struct state *state, struct row *row)
{
	const struct row_location *location = &row->u.location;
	struct mac mac = row_key_mac(&row->key);
	struct mac_key key = held_mac_key(row->key.vni, mac);
	struct mac_value value = {.place = location_place(state, row),
				  .identity = location->identity};

	if (PLACE_KIND(value.place) != PLACE_NONE)
		desired_claim(state->desired, &row->owner, DESIRED_MAC, RANK_PORT, &key,
			      &value);
	for (uint32_t i = 0; i < location->count; i++)
		claim_location(state, &row->owner, RANK_PORT, row->key.vni, location->ips[i],
			       mac);
	desired_settle(state->desired, &row->owner);
}

static void claim_guard(struct state *state, struct row *row, uint32_t slot,
			const struct row_pair *pair)
{
	struct guard_key key = {.prefixlen = GUARD_PREFIX_BASE + pair->prefix.bits,
				.slot = slot,
				.mac = abi_mac(pair->mac),
				.ethertype = abi_ethertype(prefix_is_v4(pair->prefix)),
				.ip = abi_ip(pair->prefix.ip)};
	uint32_t yes = 1;

	desired_claim(state->desired, &row->owner, DESIRED_GUARD, 0, &key, &yes);
}

void derive_port(struct state *state, struct row *row)
{
	const struct row_port *port = row->u.port;
	const struct wire *wire = held_find_wire(state, port->id);
	struct port_value value = {
		.vni = port->vni,
		.identity = port->identity,
		.flags = (port->up ? PORT_UP : 0) | (port->guarded ? 0 : PORT_UNGUARDED) |
			 (port->lease_count ? PORT_DHCP4 : 0) | (port->dhcp6 ? PORT_DHCP6 : 0) |
			 (port->filtered ? PORT_FILTERED : 0),
		.mac = abi_mac(port->mac),
		.mtu = (uint16_t)port->mtu,
		.policy = port->filtered ? policies_find_bank(state->policies, port->identity)
					 : 0,
	};

	if (wire) {
		value.ifindex = wire->ifindex;
		value.flags |= wire->veth ? PORT_PEER : 0;
		value.flags |= borders_claim(state, row, wire->slot) ? PORT_BORDER : 0;
		desired_claim(state->desired, &row->owner, DESIRED_PORT, 0, &wire->slot,
			      &value);
		desired_claim(state->desired, &row->owner, DESIRED_DEVICE, 0, &wire->ifindex,
			      &wire->slot);
		for (gsize i = 0; i < port->pair_count; i++)
			claim_guard(state, row, wire->slot, &port->pairs[i]);
	}
	desired_settle(state->desired, &row->owner);
}

static gint place_compare(gconstpointer left, gconstpointer right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return a < b ? -1 : a > b;
}

/* Places a broadcast goes to, in order: PLACE_PORT sorts before PLACE_VTEP. */
static GArray *net_targets(const struct state *state, const struct net *net)
{
	GArray *targets = g_array_new(FALSE, FALSE, sizeof(uint32_t));

	for (guint i = 0; i < net->wires->len; i++) {
		const struct wire *wire = g_ptr_array_index(net->wires, i);
		uint32_t place = PLACE(PLACE_PORT, wire->slot);

		g_array_append_val(targets, place);
	}
	for (guint i = 0; i < net->members->len; i++) {
		const struct row *row = g_ptr_array_index(net->members, i);
		const struct peer *peer = held_find_peer(state, row->key.name);
		uint32_t place = PLACE(PLACE_VTEP, peer ? peer->vtep : 0);

		if (peer && peer->vtep)
			g_array_append_val(targets, place);
	}
	g_array_sort(targets, place_compare);
	return targets;
}

/* A broadcast beyond the limit reaches the first LIM_FLOOD_CHUNKS * LIM_FLOOD_CHUNK. */
static void net_limit(struct state *state, const struct net *net, GArray *targets)
{
	guint limit = LIM_FLOOD_CHUNKS * LIM_FLOOD_CHUNK;
	g_autofree char *text = NULL;

	if (targets->len <= limit)
		return;
	text = g_strdup_printf("network %u: broadcasts reach %u of %u places", net->vni, limit,
			       targets->len);
	g_array_set_size(targets, limit);
	state->ops.complain(text, state->data);
}

static void claim_flood(struct state *state, struct net *net, const GArray *targets,
			uint32_t chunk)
{
	struct flood_key key = {net->vni, chunk};
	struct flood_value value = {0};
	guint from = chunk * LIM_FLOOD_CHUNK;

	value.count = MIN(targets->len - from, LIM_FLOOD_CHUNK);
	memcpy(value.place, &g_array_index(targets, uint32_t, from),
	       value.count * sizeof(value.place[0]));
	desired_claim(state->desired, &net->owner, DESIRED_FLOOD, 0, &key, &value);
}

static bool net_advertises(const struct net *net)
{
	for (guint i = 0; i < net->routers->len; i++)
		if (held_advertises(g_ptr_array_index(net->routers, i)))
			return true;
	return false;
}

void derive_net(struct state *state, struct net *net)
{
	struct network_value value = {0};
	GArray *targets;

	if (net->row) {
		targets = net_targets(state, net);
		net_limit(state, net, targets);
		value.flags = (net->row->u.network.up ? NETWORK_UP : 0) |
			      (net->row->u.network.flood ? NETWORK_FLOOD : 0) |
			      (net_advertises(net) ? NETWORK_RA : 0) |
			      (firewalls_reach(state, net->vni) ? NETWORK_FIREWALL : 0) |
			      (firewalls_is_young(state, net->vni) ? NETWORK_RESUME : 0);
		value.mtu = net->row->u.network.mtu;
		value.flood_chunks = (targets->len + LIM_FLOOD_CHUNK - 1) / LIM_FLOOD_CHUNK;
		for (uint32_t chunk = 0; chunk < value.flood_chunks; chunk++)
			claim_flood(state, net, targets, chunk);
		desired_claim(state->desired, &net->owner, DESIRED_NETWORK, 0, &net->vni,
			      &value);
		g_array_unref(targets);
	}
	desired_settle(state->desired, &net->owner);
}
