/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows held, by key, and who depends on whom. Replacing a row is taking the old one
 * away and adding the new; desired.h notices that nothing changed. Of rows that are many the new one
 * is let go when it says the same.
 */
#include "agent/state.h"

#include <string.h>

#include "abi/hash.h"
#include "agent/borders.h"
#include "agent/firewalls.h"
#include "agent/gateways.h"
#include "agent/derive.h"
#include "agent/held.h"
#include "agent/holders.h"
#include "agent/row_ring.h"
#include "lib/error.h"

/* ------------------------------------------------------------- indexes */

struct mac_key held_mac_key(uint32_t vni, struct mac mac)
{
	struct mac_key key = {.vni = vni};

	memcpy(key.mac.b, mac.b, sizeof(key.mac.b));
	return key;
}

static guint mac_key_hash(gconstpointer data)
{
	const struct mac_key *key = data;

	return hash_done(generation_mac_id(key->vni, &key->mac));
}

static gboolean mac_key_same(gconstpointer a, gconstpointer b)
{
	return memcmp(a, b, sizeof(struct mac_key)) == 0;
}

static guint ip_hash(gconstpointer data)
{
	struct abi_ip ip;

	memcpy(&ip, data, sizeof(ip));
	return hash_done(generation_address_id(0, &ip));
}

static gboolean ip_same(gconstpointer a, gconstpointer b)
{
	return memcmp(a, b, sizeof(struct ip)) == 0;
}

struct peer *held_find_peer(const struct state *state, const char *name)
{
	return g_hash_table_lookup(state->peers, name);
}

static struct peer *peer_get(struct state *state, const char *name)
{
	struct peer *peer = held_find_peer(state, name);

	if (peer)
		return peer;
	peer = g_new0(struct peer, 1);
	peer->name = name;
	g_hash_table_insert(state->peers, (gpointer)name, peer);
	return peer;
}

static void peer_check(struct state *state, struct peer *peer)
{
	if (!peer->row && !peer->locations && !peer->members && !peer->gateways)
		g_hash_table_remove(state->peers, peer->name);
}

static void list_add(struct row **head, struct row *row)
{
	row->prev = NULL;
	row->next = *head;
	if (*head)
		(*head)->prev = row;
	*head = row;
}

static void list_del(struct row **head, struct row *row)
{
	if (row->prev)
		row->prev->next = row->next;
	else
		*head = row->next;
	if (row->next)
		row->next->prev = row->prev;
}

static struct net *net_find(const struct state *state, uint32_t vni)
{
	return g_hash_table_lookup(state->nets, GUINT_TO_POINTER(vni));
}

static void net_mark(struct state *state, struct net *net)
{
	if (net->dirty)
		return;
	net->dirty = true;
	g_ptr_array_add(state->dirty_nets, net);
}

/* The network, for somebody who is about to change it. */
static struct net *net_get(struct state *state, uint32_t vni)
{
	struct net *net = net_find(state, vni);

	if (!net) {
		net = g_new0(struct net, 1);
		net->vni = vni;
		net->members = g_ptr_array_new();
		net->routers = g_ptr_array_new();
		net->wires = g_ptr_array_new();
		g_hash_table_insert(state->nets, GUINT_TO_POINTER(vni), net);
	}
	net_mark(state, net);
	return net;
}

static void net_free(gpointer data)
{
	struct net *net = data;

	g_ptr_array_unref(net->members);
	g_ptr_array_unref(net->routers);
	g_ptr_array_unref(net->wires);
	g_free(net);
}

static struct row *row_find(const struct state *state, const struct row_key *key)
{
	return g_hash_table_lookup(state->rows, key);
}

struct wire *held_find_wire(const struct state *state, struct uuid id)
{
	return g_hash_table_lookup(state->wires, &id);
}

/* --------------------------------------------------------------- ports */

static struct row *port_find(const struct state *state, struct uuid id)
{
	struct row_key key = {.table = ROW_PORT};

	memcpy(key.b, id.b, sizeof(id.b));
	return row_find(state, &key);
}

/* A port comes before those that may only send with its MAC, an elder id before others. */
static bool port_is_before(const struct row_port *a, const struct row_port *b, struct mac mac)
{
	bool own_a = mac_equal(a->mac, mac), own_b = mac_equal(b->mac, mac);

	return own_a != own_b ? own_a : memcmp(a->id.b, b->id.b, sizeof(a->id.b)) < 0;
}

struct wire *held_find_local(const struct state *state, uint32_t vni, struct mac mac)
{
	struct mac_key key = held_mac_key(vni, mac);
	const GPtrArray *ports = g_hash_table_lookup(state->local_macs, &key);
	const struct row_port *best = NULL;

	for (guint i = 0; ports && i < ports->len; i++) {
		const struct row *row = g_ptr_array_index(ports, i);

		if (held_find_wire(state, row->u.port->id) &&
		    (!best || port_is_before(row->u.port, best, mac)))
			best = row->u.port;
	}
	return best ? held_find_wire(state, best->id) : NULL;
}

static void local_add(struct state *state, struct row *row, struct mac mac)
{
	struct mac_key key = held_mac_key(row->u.port->vni, mac);
	GPtrArray *ports = g_hash_table_lookup(state->local_macs, &key);

	if (!ports) {
		ports = g_ptr_array_new();
		g_hash_table_insert(state->local_macs, g_memdup2(&key, sizeof(key)), ports);
	}
	if (!g_ptr_array_find(ports, row, NULL))
		g_ptr_array_add(ports, row);
}

static void local_del(struct state *state, struct row *row, struct mac mac)
{
	struct mac_key key = held_mac_key(row->u.port->vni, mac);
	GPtrArray *ports = g_hash_table_lookup(state->local_macs, &key);

	if (!ports)
		return;
	g_ptr_array_remove(ports, row);
	if (!ports->len)
		g_hash_table_remove(state->local_macs, &key);
}

static void location_again(struct state *state, struct row *row, struct mac mac)
{
	struct row_key key = {.table = ROW_LOCATION, .vni = row->u.port->vni};
	struct row *location;

	memcpy(key.b, mac.b, sizeof(mac.b));
	location = row_find(state, &key);
	if (location && location->u.location.host == state->host)
		derive_location(state, location);
}

/* Calls VISIT with each MAC of the port; some come twice. */
static void port_each_mac(struct state *state, struct row *row,
			  void (*visit)(struct state *state, struct row *row, struct mac mac))
{
	const struct row_port *port = row->u.port;

	visit(state, row, port->mac);
	for (gsize i = 0; i < port->pair_count; i++)
		if (!mac_equal(port->pairs[i].mac, port->mac))
			visit(state, row, port->pairs[i].mac);
}

/* The port's row or its device came or is about to go. */
static void port_again(struct state *state, struct row *row)
{
	derive_port(state, row);
	port_each_mac(state, row, location_again);
}

static void wire_join(struct state *state, struct wire *wire, const struct row_port *port)
{
	wire->port = port;
	g_ptr_array_add(net_get(state, port->vni)->wires, wire);
}

static void wire_leave(struct state *state, struct wire *wire)
{
	if (wire->port)
		g_ptr_array_remove_fast(net_get(state, wire->port->vni)->wires, wire);
	wire->port = NULL;
}

/* -------------------------------------------------- rows: come and go */

static void host_again(struct state *state, struct peer *peer)
{
	for (struct row *row = peer->locations; row; row = row->next)
		derive_location(state, row);
	for (struct row *row = peer->members; row; row = row->next)
		net_get(state, row->key.vni);
	for (struct row *row = peer->gateways; row; row = row->next)
		gateways_again(state, row);
}

static uint32_t vtep_take(struct state *state, struct ip remote)
{
	uint32_t index = GPOINTER_TO_UINT(g_hash_table_lookup(state->recovered, &remote));
	g_autofree char *text = NULL;

	if (index) {
		g_hash_table_remove(state->recovered, &remote);
		return index;
	}
	index = slots_take(state->vteps);
	if (!index) {
		text = g_strdup_printf("hosts: more than %u", LIM_HOSTS - 1);
		state->ops.complain(text, state->data);
	}
	return index;
}

/* An address is one host's but for a moment, while it moves. */
static void remote_add(struct state *state, struct peer *peer)
{
	const struct ip *remote = &peer->row->u.host;
	GPtrArray *peers = g_hash_table_lookup(state->remotes, remote);

	if (!peers) {
		peers = g_ptr_array_new();
		g_hash_table_insert(state->remotes, g_memdup2(remote, sizeof(*remote)), peers);
	}
	g_ptr_array_add(peers, peer);
}

static void remote_del(struct state *state, struct peer *peer, struct ip remote)
{
	GPtrArray *peers = g_hash_table_lookup(state->remotes, &remote);

	g_ptr_array_remove_fast(peers, peer);
	if (!peers->len)
		g_hash_table_remove(state->remotes, &remote);
}

static void host_add(struct state *state, struct row *row)
{
	struct peer *peer = peer_get(state, row->key.name);

	peer->row = row;
	remote_add(state, peer);
	if (!peer->vtep) {
		peer->vtep = vtep_take(state, row->u.host);
		host_again(state, peer);
	}
	state->ops.watch(row->u.host, &peer->hop, state->data);
	derive_host(state, row);
}

static void host_del(struct state *state, struct row *row, bool replaced)
{
	struct peer *peer = peer_get(state, row->key.name);

	peer->row = NULL;
	remote_del(state, peer, row->u.host);
	state->ops.unwatch(row->u.host, state->data);
	if (replaced)
		return;
	slots_release(state->vteps, peer->vtep);
	peer->vtep = 0;
	host_again(state, peer);
	peer_check(state, peer);
}

static void network_add(struct state *state, struct row *row)
{
	net_get(state, row->key.vni)->row = row;
}

static void network_del(struct state *state, struct row *row, bool replaced)
{
	net_get(state, row->key.vni)->row = NULL;
}

void held_mark_net(struct state *state, uint32_t vni)
{
	net_get(state, vni);
}

bool held_advertises(const struct row *interface)
{
	return interface->u.interface.up && interface->u.interface.ra;
}

static void interface_add(struct state *state, struct row *row)
{
	firewalls_add(state, row);
	derive_interface(state, row);
	if (row->u.interface.ra)
		g_ptr_array_add(net_get(state, row->key.vni)->routers, row);
}

static void interface_del(struct state *state, struct row *row, bool replaced)
{
	firewalls_del(state, row);
	if (row->u.interface.ra)
		g_ptr_array_remove_fast(net_get(state, row->key.vni)->routers, row);
}

static bool is_elsewhere(const struct state *state, const struct row *gateway)
{
	const char *host = gateway->u.gateway->host;

	return host && host != state->host;
}

static void gateway_add(struct state *state, struct row *row)
{
	if (is_elsewhere(state, row))
		list_add(&peer_get(state, row->u.gateway->host)->gateways, row);
	gateways_add(state, row);
}

static void gateway_del(struct state *state, struct row *row, bool replaced)
{
	struct peer *peer;

	gateways_del(state, row, replaced);
	if (!is_elsewhere(state, row))
		return;
	peer = peer_get(state, row->u.gateway->host);
	list_del(&peer->gateways, row);
	peer_check(state, peer);
}

static void location_add(struct state *state, struct row *row)
{
	if (row->u.location.host != state->host)
		list_add(&peer_get(state, row->u.location.host)->locations, row);
	derive_location(state, row);
}

static void location_del(struct state *state, struct row *row, bool replaced)
{
	struct peer *peer;

	if (row->u.location.host == state->host)
		return;
	peer = peer_get(state, row->u.location.host);
	list_del(&peer->locations, row);
	peer_check(state, peer);
}

static void member_add(struct state *state, struct row *row)
{
	list_add(&peer_get(state, row->key.name)->members, row);
	g_ptr_array_add(net_get(state, row->key.vni)->members, row);
}

static void member_del(struct state *state, struct row *row, bool replaced)
{
	struct peer *peer = peer_get(state, row->key.name);

	list_del(&peer->members, row);
	peer_check(state, peer);
	g_ptr_array_remove_fast(net_get(state, row->key.vni)->members, row);
}

static void port_add(struct state *state, struct row *row)
{
	struct wire *wire = held_find_wire(state, row->u.port->id);

	g_hash_table_add(state->ports, row);
	state->logged += row->u.port->log_count > 0;
	port_each_mac(state, row, local_add);
	holders_add(state, row);
	if (wire)
		wire_join(state, wire, row->u.port);
	port_again(state, row);
}

static void port_del(struct state *state, struct row *row, bool replaced)
{
	struct wire *wire = held_find_wire(state, row->u.port->id);

	g_hash_table_remove(state->ports, row);
	state->logged -= row->u.port->log_count > 0;
	port_each_mac(state, row, local_del);
	holders_del(state, row);
	if (wire)
		wire_leave(state, wire);
	port_each_mac(state, row, location_again);
}

/* `del` ends what depends on the row; the row's own claims are dropped after it. */
static const struct {
	void (*add)(struct state *state, struct row *row);
	void (*del)(struct state *state, struct row *row, bool replaced);
} tables[ROW_TABLE_COUNT] = {
	[ROW_HOST] = {host_add, host_del},
	[ROW_NETWORK] = {network_add, network_del},
	[ROW_INTERFACE] = {interface_add, interface_del},
	[ROW_ROUTE] = {derive_route, NULL},
	[ROW_GATEWAY] = {gateway_add, gateway_del},
	[ROW_LOCATION] = {location_add, location_del},
	[ROW_MEMBER] = {member_add, member_del},
	[ROW_RULE] = {holders_add_rule, holders_del_rule},
	[ROW_ADDRESSES] = {holders_add_address, holders_del_address},
	[ROW_IDENTITY] = {holders_add_identity, holders_del_identity},
	[ROW_BORDER] = {borders_add, borders_del},
	[ROW_PORT] = {port_add, port_del},
};

static void row_remove(struct state *state, struct row *row, bool replaced)
{
	enum row_table table = row->key.table;

	g_hash_table_steal(state->rows, row);
	row_ring_del(row);
	state->counts[table]--;
	if (tables[table].del)
		tables[table].del(state, row, replaced);
	desired_drop(state->desired, &row->owner);
	row_free(row);
}

bool state_put(struct state *state, const char *table, const char *key, json_t *value,
	       GError **error)
{
	struct row *row = row_parse(table, key, value, error), *old;

	if (!row)
		return false;
	old = row_find(state, &row->key);
	if (old && row_is_same(old, row)) {
		row_ring_del(old);
		row_ring_add(&state->told, old);
		row_free(row);
		return true;
	}
	if (old)
		row_remove(state, old, true);
	row_ring_add(&state->told, row);
	g_hash_table_add(state->rows, row);
	state->counts[row->key.table]++;
	tables[row->key.table].add(state, row);
	return true;
}

bool state_del(struct state *state, const char *table, const char *key, GError **error)
{
	struct row_key parsed;
	struct row *row;

	if (!row_key_parse(table, key, &parsed, error))
		return false;
	row = row_find(state, &parsed);
	if (row)
		row_remove(state, row, false);
	return true;
}

void state_begin(struct state *state)
{
	row_ring_move(&state->untold, &state->told);
	state->full = false;
}

bool state_end(struct state *state, guint limit)
{
	GHashTableIter iter;
	struct row *row;
	gpointer value;

	for (; (row = row_ring_first(&state->untold)); limit--) {
		if (!limit)
			return false;
		row_remove(state, row, false);
	}
	g_hash_table_iter_init(&iter, state->recovered);
	while (g_hash_table_iter_next(&iter, NULL, &value))
		slots_release(state->vteps, GPOINTER_TO_UINT(value));
	g_hash_table_remove_all(state->recovered);
	gateways_end(state);
	return state->full = true;
}

bool state_is_full(const struct state *state)
{
	return state->full;
}

/* --------------------------------------------------------------- wires */

const struct wire *state_wire(struct state *state, struct uuid id, uint32_t ifindex, bool veth,
			      uint32_t slot, GError **error)
{
	struct row *row = port_find(state, id);
	struct wire *wire;

	state_unwire(state, id);
	if (!slot || !slots_hold(state->slots, slot))
		slot = slots_take(state->slots);
	if (!slot) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_EXHAUSTED,
			    "host %s: all %u port slots are taken", state->host,
			    LIM_HOST_PORTS - 1);
		return NULL;
	}
	wire = g_new0(struct wire, 1);
	*wire = (struct wire){id, slot, ifindex, veth, NULL, false};
	g_hash_table_insert(state->wires, &wire->id, wire);
	state->by_slot[slot] = wire;
	if (row) {
		wire_join(state, wire, row->u.port);
		port_again(state, row);
	}
	return wire;
}

void state_unwire(struct state *state, struct uuid id)
{
	struct wire *wire = held_find_wire(state, id);
	struct row *row = port_find(state, id);

	if (!wire)
		return;
	wire_leave(state, wire);
	slots_release(state->slots, wire->slot);
	state->by_slot[wire->slot] = NULL;
	g_hash_table_remove(state->wires, &id);
	if (row)
		port_again(state, row);
}

const struct wire *state_find_wire(const struct state *state, struct uuid id)
{
	const struct wire *wire = held_find_wire(state, id);

	return wire ? wire : gateways_find_wire(state, id);
}

const struct wire *state_find_slot(const struct state *state, uint32_t slot)
{
	return slot < LIM_HOST_PORTS ? state->by_slot[slot] : NULL;
}

const struct row_port *state_find_port(const struct state *state, struct uuid id)
{
	const struct row *row = port_find(state, id);

	return row ? row->u.port : NULL;
}

void state_foreach_wire(const struct state *state, state_visit visit, void *data)
{
	for (uint32_t slot = 1; slot < LIM_HOST_PORTS; slot++)
		if (state->by_slot[slot])
			visit(state->by_slot[slot], data);
}

void state_foreach_wire_on(const struct state *state, uint32_t vni, state_visit visit,
			   void *data)
{
	const struct net *net = net_find(state, vni);

	for (guint i = 0; net && i < net->wires->len; i++)
		visit(g_ptr_array_index(net->wires, i), data);
}

void state_foreach_router(const struct state *state, uint32_t vni, state_visit_router visit,
			  void *data)
{
	const struct net *net = net_find(state, vni);

	for (guint i = 0; net && i < net->routers->len; i++) {
		const struct row *row = g_ptr_array_index(net->routers, i);

		if (held_advertises(row))
			visit(row_key_mac(&row->key), row->u.interface.ra, data);
	}
}

GPtrArray *state_list_ports(const struct state *state)
{
	GPtrArray *ports = g_ptr_array_new();
	GHashTableIter iter;
	gpointer row;

	g_hash_table_iter_init(&iter, state->ports);
	while (g_hash_table_iter_next(&iter, &row, NULL))
		g_ptr_array_add(ports, ((struct row *)row)->u.port);
	return ports;
}

bool state_slot_is_free(const struct state *state, uint32_t slot)
{
	return slot >= LIM_HOST_PORTS || (!state->by_slot[slot] && !gateways_hold(state, slot));
}

/* --------------------------------------------------------------- hosts */

void state_recover_vtep(struct state *state, uint32_t index, struct ip remote)
{
	if (!g_hash_table_contains(state->recovered, &remote) &&
	    slots_hold(state->vteps, index))
		g_hash_table_insert(state->recovered, g_memdup2(&remote, sizeof(remote)),
				    GUINT_TO_POINTER(index));
}

void state_set_next_hop(struct state *state, struct ip remote, const struct next_hop *hop)
{
	GPtrArray *peers = g_hash_table_lookup(state->remotes, &remote);

	for (guint i = 0; peers && i < peers->len; i++) {
		struct peer *peer = g_ptr_array_index(peers, i);

		peer->hop = *hop;
		derive_host(state, peer->row);
	}
}

/* --------------------------------------------------------------- whole */

void state_flush(struct state *state)
{
	policies_flush(state->policies);
	borders_flush(state);
	firewalls_flush(state);
	gateways_flush(state);
	for (guint i = 0; i < state->dirty_nets->len; i++) {
		struct net *net = g_ptr_array_index(state->dirty_nets, i);

		net->dirty = false;
		derive_net(state, net);
		if (state->ops.network)
			state->ops.network(net->vni, state->data);
		if (!net->row && !net->members->len && !net->wires->len && !net->routers->len)
			g_hash_table_remove(state->nets, GUINT_TO_POINTER(net->vni));
	}
	g_ptr_array_set_size(state->dirty_nets, 0);
}

void state_applied(struct state *state)
{
	slots_settle(state->vteps);
	g_array_set_size(state->stale, 0);
}

void state_slots_swept(struct state *state)
{
	slots_settle(state->slots);
}

gsize state_count_logged(const struct state *state)
{
	return state->logged;
}

gsize state_count(const struct state *state, enum row_table table)
{
	return state->counts[table];
}

struct state *state_new(const char *host, struct ip local, struct desired *desired,
			const struct state_ops *ops, void *data)
{
	struct state *state = g_new0(struct state, 1);

	state->host = g_intern_string(host);
	state->local = local;
	state->desired = desired;
	state->ops = *ops;
	state->data = data;
	row_ring_init(&state->told);
	row_ring_init(&state->untold);
	holders_init(state);
	borders_init(state);
	firewalls_init(state);
	gateways_init(state);
	state->rows = g_hash_table_new_full(row_key_hash, row_key_same,
					    (GDestroyNotify)row_free, NULL);
	state->ports = g_hash_table_new(NULL, NULL);
	state->peers = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	state->remotes = g_hash_table_new_full(ip_hash, ip_same, g_free,
					       (GDestroyNotify)g_ptr_array_unref);
	state->nets = g_hash_table_new_full(NULL, NULL, NULL, net_free);
	state->wires = g_hash_table_new_full(uuid_hash, uuid_same, NULL, g_free);
	state->local_macs = g_hash_table_new_full(mac_key_hash, mac_key_same, g_free,
						  (GDestroyNotify)g_ptr_array_unref);
	state->slots = slots_new(LIM_HOST_PORTS);
	state->vteps = slots_new(LIM_HOSTS);
	state->recovered = g_hash_table_new_full(ip_hash, ip_same, g_free, NULL);
	state->dirty_nets = g_ptr_array_new();
	return state;
}

void state_free(struct state *state)
{
	if (!state)
		return;
	holders_done(state); /* before the rows that its rules are borrowed from */
	borders_done(state);
	firewalls_done(state);
	g_hash_table_unref(state->ports);
	g_hash_table_unref(state->rows);
	g_hash_table_unref(state->peers);
	g_hash_table_unref(state->remotes);
	g_hash_table_unref(state->nets);
	g_hash_table_unref(state->wires);
	g_hash_table_unref(state->local_macs);
	g_hash_table_unref(state->recovered);
	slots_free(state->slots);
	slots_free(state->vteps);
	g_ptr_array_unref(state->dirty_nets);
	gateways_done(state);
	g_free(state);
}
