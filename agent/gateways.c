/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A router of several realms has a row for each, and on its host a slot for each; they share the address,
 * for which the outside asks one of them (`front`).
 */
#include "agent/gateways.h"

#include <linux/if_ether.h>
#include <string.h>

#include "agent/firewalls.h"

#define DOOR_MTU 65535 /* of the way between hosts: vtep's own is asked, too */

/* Of claims to one prefix of a device: nobody takes another's address, or the link, as his inside. */
enum outside_rank { RANK_OWN, RANK_LINK, RANK_INSIDE };

/* A device that is here. */
struct physical {
	const char *name; /* interned */
	uint32_t ifindex;
	struct mac mac;
	uint32_t mtu;
};

/* A gateway that this host carries. */
struct carried {
	struct wire wire; /* without a device: ifindex 0 */
	struct row *row;  /* NULL: about to be replaced */
	struct mac mac;
	bool is_new; /* nobody has been told of it */
};

/* As the kernel's maps have it, before any row. */
struct found {
	uint32_t slot, ifindex;
	struct mac mac;
};

struct gateways {
	GHashTable *physicals; /* interned name -> struct physical, owned */
	GHashTable *carried;   /* number -> struct carried, owned */
	GHashTable *found;     /* number -> struct found, owned */
	struct owner common;
	gsize rows;
	bool left; /* slots have been given up since somebody asked */
};

static struct carried *carried_find(const struct state *state, uint32_t number)
{
	return g_hash_table_lookup(state->gateways->carried, GUINT_TO_POINTER(number));
}

static const struct physical *physical_find(const struct state *state, const char *name)
{
	return name ? g_hash_table_lookup(state->gateways->physicals, name) : NULL;
}

/* ------------------------------------------------------------- entries */

static struct abi_ip abi_ip(struct ip ip)
{
	struct abi_ip out;

	memcpy(out.b, ip.b, sizeof(out.b));
	return out;
}

static struct abi_mac abi_mac(struct mac mac)
{
	struct abi_mac out;

	memcpy(out.b, mac.b, sizeof(out.b));
	return out;
}

static __be16 abi_ethertype(bool v4)
{
	return GUINT16_TO_BE(v4 ? ETH_P_IP : ETH_P_IPV6);
}

static struct abi_ip abi_mask(struct prefix prefix)
{
	struct abi_ip mask = {0};

	for (uint8_t i = 0; i < prefix.bits; i++)
		mask.b[i / 8] |= 0x80 >> i % 8;
	return mask;
}

/* One for each number: 24 bits are the router's, four its realm's. */
static struct mac door_mac(uint32_t number)
{
	return (struct mac){
		{0x0e, 0x77, 0x66 ^ number >> 24, number >> 16, number >> 8, number}};
}

/* Of both families, for it names nobody but the door. */
static struct abi_ip door_ip(uint32_t number)
{
	struct abi_ip ip = {.b = {0xfe, 0x80}};
	uint32_t low = GUINT32_TO_BE(number);

	memcpy(ip.b + 12, &low, sizeof(low));
	return ip;
}

static struct route_key route_key(uint32_t number, enum route_kind kind, bool v4, uint8_t bits,
				  struct abi_ip ip)
{
	return (struct route_key){ROUTE_PREFIX_BASE + bits, number, abi_ethertype(v4),
				  (uint16_t)kind, ip};
}

static void claim_route(struct state *state, struct row *row, const struct route_key *key,
			uint32_t flags, struct abi_ip via)
{
	const struct row_gateway *gateway = row->u.gateway;
	struct route_value value = {.flags = flags | (gateway->up ? ROUTE_UP : 0),
				    .vni = GATEWAY_VNI,
				    .via = via,
				    .mac = abi_mac(gateway->mac),
				    .mtu = (uint16_t)gateway->mtu};

	desired_claim(state->desired, &row->owner, DESIRED_ROUTE, 0, key, &value);
}

/* The router is there by its address, and speaks as it to the outside. */
static void claim_exit(struct state *state, struct row *row, const struct row_exit *exit)
{
	uint32_t number = row->key.router;
	bool v4 = ip_is_v4(exit->ip);
	struct abi_ip ip = abi_ip(exit->ip);
	struct route_key local = route_key(number, ROUTE_TO, v4, 128, ip);
	struct route_key near =
		route_key(number, ROUTE_OWN, v4, exit->subnet.bits, abi_ip(exit->subnet.ip));
	struct route_key beyond = route_key(number, ROUTE_OWN, v4, 128, door_ip(number));

	claim_route(state, row, &local, ROUTE_LOCAL, (struct abi_ip){0});
	claim_route(state, row, &near, 0, ip);
	claim_route(state, row, &beyond, 0, ip);
}

/* Where the door is; PLACE_NONE: nowhere. */
static uint32_t door_place(const struct state *state, const struct row *row)
{
	const struct carried *carried = carried_find(state, row->key.router);
	const struct peer *peer;

	if (!row->u.gateway->host)
		return PLACE(PLACE_NONE, 0);
	if (row->u.gateway->host == state->host)
		return carried && carried->wire.ifindex ? PLACE(PLACE_PORT, carried->wire.slot)
							: PLACE(PLACE_NONE, 0);
	peer = held_find_peer(state, row->u.gateway->host);
	return PLACE(PLACE_VTEP, peer ? peer->vtep : 0);
}

static void claim_door(struct state *state, struct row *row)
{
	const struct row_gateway *gateway = row->u.gateway;
	uint32_t number = row->key.router;
	struct mac mac = door_mac(number);
	struct mac_key mac_key = held_mac_key(GATEWAY_VNI, mac);
	struct mac_value mac_value = {.place = door_place(state, row)};
	struct location_key location_key = {.vni = GATEWAY_VNI, .ip = door_ip(number)};
	struct location_value location_value = {.mac = abi_mac(mac)};

	desired_claim(state->desired, &row->owner, DESIRED_LOCATION, 0, &location_key,
		      &location_value);
	if (PLACE_KIND(mac_value.place) != PLACE_NONE)
		desired_claim(state->desired, &row->owner, DESIRED_MAC, 0, &mac_key,
			      &mac_value);
	for (gsize i = 0; i < gateway->route_count; i++) {
		struct prefix prefix = gateway->routes[i];
		struct route_key key = route_key(number, ROUTE_TO, prefix_is_v4(prefix),
						 prefix.bits, abi_ip(prefix.ip));

		claim_route(state, row, &key, ROUTE_GATEWAY, door_ip(number));
	}
	for (gsize i = 0; i < gateway->exit_count; i++)
		claim_exit(state, row, &gateway->exits[i]);
}

/* Of the slots of a gateway's port behind a device the one that is asked for its address: a
 * translating one, then the lowest number. */
static const struct carried *front_find(const struct state *state, struct uuid id,
					uint32_t ifindex)
{
	const struct carried *best = NULL;
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, state->gateways->carried);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const struct carried *one = value;
		bool snat = one->row && one->row->u.gateway->snat;

		if (!one->row || !uuid_equal(one->wire.id, id) || one->wire.ifindex != ifindex)
			continue;
		if (!best || snat > best->row->u.gateway->snat ||
		    (snat == best->row->u.gateway->snat &&
		     one->row->key.router < best->row->key.router))
			best = one;
	}
	return best;
}

static void claim_outside(struct state *state, struct row *row, uint32_t ifindex,
			  enum outside_rank rank, struct prefix prefix,
			  struct outside_value value)
{
	struct outside_key key = {.prefixlen = OUTSIDE_PREFIX_BASE + prefix.bits,
				  .ifindex = ifindex,
				  .ethertype = abi_ethertype(prefix_is_v4(prefix)),
				  .ip = abi_ip(prefix.ip)};

	desired_claim(state->desired, &row->owner, DESIRED_OUTSIDE, rank, &key, &value);
}

static void fill_exit(struct gateway_value *value, const struct row_exit *exit)
{
	static const struct abi_ip none;
	int v6 = !ip_is_v4(exit->ip);

	/* One of a family: it answers for the others, too, but speaks as the first. */
	if (memcmp(&value->address[v6], &none, sizeof(none)) != 0)
		return;
	value->address[v6] = abi_ip(exit->ip);
	value->next_hop[v6] = abi_ip(exit->next_hop);
	value->link[v6] = abi_ip(exit->subnet.ip);
	value->mask[v6] = abi_mask(exit->subnet);
}

/* Where this is the gateway: its port, and what of the device's traffic is for it. */
static void claim_carried(struct state *state, struct row *row, const struct carried *carried,
			  const struct physical *physical)
{
	const struct row_gateway *gateway = row->u.gateway;
	uint32_t slot = carried->wire.slot;
	uint32_t front = front_find(state, gateway->id, physical->ifindex)->wire.slot;
	struct port_value port = {.ifindex = physical->ifindex,
				  .vni = GATEWAY_VNI,
				  .flags = PORT_GATEWAY | (gateway->up ? PORT_UP : 0),
				  .mac = abi_mac(gateway->mac),
				  .mtu = (uint16_t)MIN(gateway->mtu, physical->mtu)};
	struct gateway_value value = {.router = row->key.router,
				      .flags = gateway->snat ? GATEWAY_SNAT : 0,
				      .front = front,
				      .device_mac = abi_mac(physical->mac)};

	for (gsize i = 0; i < gateway->exit_count; i++) {
		const struct row_exit *exit = &gateway->exits[i];
		struct prefix own = {.ip = exit->ip, .bits = 128};

		fill_exit(&value, exit);
		claim_outside(state, row, physical->ifindex, RANK_OWN, own,
			      (struct outside_value){front, OUTSIDE_OWN});
		claim_outside(state, row, physical->ifindex, RANK_LINK, exit->subnet,
			      (struct outside_value){slot, OUTSIDE_LINK});
	}
	for (gsize i = 0; i < gateway->inside_count; i++)
		claim_outside(state, row, physical->ifindex, RANK_INSIDE, gateway->inside[i],
			      (struct outside_value){slot, 0});
	desired_claim(state->desired, &row->owner, DESIRED_GATEWAY, 0, &slot, &value);
	desired_claim(state->desired, &row->owner, DESIRED_PORT, 0, &slot, &port);
}

static void derive(struct state *state, struct row *row)
{
	const struct carried *carried = carried_find(state, row->key.router);
	const struct physical *physical = physical_find(state, row->u.gateway->physical);

	claim_door(state, row);
	if (carried && physical)
		claim_carried(state, row, carried, physical);
	desired_settle(state->desired, &row->owner);
}

/* Those of one port share its address, and which of them is asked for it may be another now; NULL: of
 * all ports. */
static void derive_siblings(struct state *state, const struct uuid *id)
{
	g_autoptr(GPtrArray) rows = g_ptr_array_new();
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, state->gateways->carried);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		struct carried *one = value;
		const struct physical *physical;

		if (!one->row || (id && !uuid_equal(one->wire.id, *id)))
			continue;
		physical = physical_find(state, one->row->u.gateway->physical);
		one->wire.ifindex = physical ? physical->ifindex : 0;
		g_ptr_array_add(rows, one->row);
	}
	for (guint i = 0; i < rows->len; i++)
		derive(state, rows->pdata[i]);
}

/* --------------------------------------------------------------- slots */

static uint32_t slot_take(struct state *state, const struct row *row, bool *is_new)
{
	gpointer number = GUINT_TO_POINTER(row->key.router);
	const struct found *found = g_hash_table_lookup(state->gateways->found, number);
	g_autofree char *text = NULL;
	uint32_t slot = 0;

	if (found && mac_equal(found->mac, row->u.gateway->mac)) {
		slot = found->slot;
		g_hash_table_remove(state->gateways->found, number);
		return slot;
	}
	*is_new = true;
	slot = slots_take(state->slots);
	if (!slot) {
		text = g_strdup_printf("gateway of router %u: all %u port slots are taken",
				       row->key.router, LIM_HOST_PORTS - 1);
		state->ops.complain(text, state->data);
	}
	return slot;
}

static void slot_release(struct state *state, uint32_t slot)
{
	slots_release(state->slots, slot);
	state->by_slot[slot] = NULL;
	state->gateways->left = true;
}

static struct carried *carry(struct state *state, struct row *row)
{
	const struct row_gateway *gateway = row->u.gateway;
	bool is_new = false;
	uint32_t slot = slot_take(state, row, &is_new);
	struct carried *carried;

	if (!slot)
		return NULL;
	carried = g_new0(struct carried, 1);
	carried->wire = (struct wire){.id = gateway->id, .slot = slot, .gateway = true};
	carried->mac = gateway->mac;
	carried->is_new = is_new;
	g_hash_table_insert(state->gateways->carried, GUINT_TO_POINTER(row->key.router),
			    carried);
	state->by_slot[slot] = &carried->wire;
	return carried;
}

static void drop(struct state *state, uint32_t number)
{
	struct carried *carried = carried_find(state, number);
	struct uuid id = carried->wire.id;

	slot_release(state, carried->wire.slot);
	g_hash_table_remove(state->gateways->carried, GUINT_TO_POINTER(number));
	derive_siblings(state, &id);
}

/* ---------------------------------------------------------------- rows */

void gateways_add(struct state *state, struct row *row)
{
	const struct row_gateway *gateway = row->u.gateway;
	bool here = gateway->host == state->host;
	struct carried *carried = carried_find(state, row->key.router);

	state->gateways->rows++;
	/* Another port of the router is another gateway, whose connections are others. */
	if (carried && (!here || !uuid_equal(carried->wire.id, gateway->id) ||
			!mac_equal(carried->mac, gateway->mac))) {
		drop(state, row->key.router);
		carried = NULL;
	}
	if (here && !carried)
		carried = carry(state, row);
	if (carried)
		carried->row = row;
	if (carried)
		derive_siblings(state, &gateway->id);
	else
		derive(state, row);
}

void gateways_del(struct state *state, struct row *row, bool replaced)
{
	struct carried *carried = carried_find(state, row->key.router);

	state->gateways->rows--;
	if (!carried)
		return;
	carried->row = NULL;
	if (!replaced)
		drop(state, row->key.router);
}

void gateways_again(struct state *state, struct row *row)
{
	derive(state, row);
}

void gateways_flush(struct state *state)
{
	struct gateways *gateways = state->gateways;
	uint32_t vni = GATEWAY_VNI;
	struct network_value value = {
		.flags = NETWORK_UP |
			 (firewalls_reach(state, GATEWAY_VNI) ? NETWORK_FIREWALL : 0) |
			 (firewalls_is_young(state, GATEWAY_VNI) ? NETWORK_RESUME : 0),
		.mtu = DOOR_MTU};

	if (gateways->rows)
		desired_claim(state->desired, &gateways->common, DESIRED_NETWORK, 0, &vni,
			      &value);
	desired_settle(state->desired, &gateways->common);
}

/* ------------------------------------------------------------- devices */

void state_set_physical(struct state *state, const char *name, uint32_t ifindex, struct mac mac,
			uint32_t mtu)
{
	struct gateways *gateways = state->gateways;
	struct physical *physical;

	name = g_intern_string(name);
	if (ifindex) {
		physical = g_new0(struct physical, 1);
		*physical = (struct physical){name, ifindex, mac, mtu};
		g_hash_table_replace(gateways->physicals, (gpointer)name, physical);
	} else {
		g_hash_table_remove(gateways->physicals, name);
	}
	derive_siblings(state, NULL);
}

bool state_needs_physical(const struct state *state, uint32_t ifindex)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, state->gateways->carried);
	while (g_hash_table_iter_next(&iter, NULL, &value))
		if (((const struct carried *)value)->wire.ifindex == ifindex)
			return true;
	g_hash_table_iter_init(&iter, state->gateways->found);
	while (g_hash_table_iter_next(&iter, NULL, &value))
		if (((const struct found *)value)->ifindex == ifindex)
			return true;
	return false;
}

void state_foreach_gateway(const struct state *state, state_visit_gateway visit, void *data)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, state->gateways->carried);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const struct carried *one = value;

		if (one->row)
			visit(&one->wire, one->row->u.gateway, one->is_new, data);
	}
}

void state_gateways_told(struct state *state)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, state->gateways->carried);
	while (g_hash_table_iter_next(&iter, NULL, &value))
		((struct carried *)value)->is_new = false;
}

gsize state_count_gateways(const struct state *state)
{
	return g_hash_table_size(state->gateways->carried);
}

bool state_gateways_left(struct state *state)
{
	bool left = state->gateways->left;

	state->gateways->left = false;
	return left;
}

const struct wire *gateways_find_wire(const struct state *state, struct uuid id)
{
	const struct wire *best = NULL;
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, state->gateways->carried);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const struct wire *wire = &((const struct carried *)value)->wire;

		if (uuid_equal(wire->id, id) && (!best || wire->slot < best->slot))
			best = wire;
	}
	return best;
}

/* ------------------------------------------------------------- recovery */

void state_recover_gateway(struct state *state, uint32_t slot, uint32_t number, struct mac mac,
			   uint32_t ifindex)
{
	gpointer key = GUINT_TO_POINTER(number);
	struct found *found;

	if (g_hash_table_contains(state->gateways->found, key) ||
	    !slots_hold(state->slots, slot))
		return;
	found = g_new0(struct found, 1);
	*found = (struct found){slot, ifindex, mac};
	g_hash_table_insert(state->gateways->found, key, found);
}

bool gateways_hold(const struct state *state, uint32_t slot)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, state->gateways->found);
	while (g_hash_table_iter_next(&iter, NULL, &value))
		if (((const struct found *)value)->slot == slot)
			return true;
	return false;
}

void gateways_end(struct state *state)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, state->gateways->found);
	while (g_hash_table_iter_next(&iter, NULL, &value))
		slot_release(state, ((const struct found *)value)->slot);
	g_hash_table_remove_all(state->gateways->found);
}

/* ------------------------------------------------------- life and death */

void gateways_init(struct state *state)
{
	struct gateways *gateways = g_new0(struct gateways, 1);

	gateways->physicals = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
	gateways->carried = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	gateways->found = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	state->gateways = gateways;
}

void gateways_done(struct state *state)
{
	struct gateways *gateways = state->gateways;

	g_hash_table_unref(gateways->physicals);
	g_hash_table_unref(gateways->carried);
	g_hash_table_unref(gateways->found);
	g_free(gateways);
}
