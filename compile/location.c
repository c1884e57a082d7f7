/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Table `location`. For each network two indexes: who claims a MAC, and who has or names an
 * address. A pair's address is answered for only while it is alone, so when that changes
 * the locations of all who name it are printed again; nobody else's are.
 */
#include "compile/location.h"

#include <string.h>

#include "compile/row.h"
#include "compile/text.h"

static guint mac_hash(gconstpointer data)
{
	const struct mac *mac = data;
	uint32_t low;

	memcpy(&low, mac->b + 2, sizeof(low));
	return (low ^ (uint32_t)mac->b[0] << 8 ^ mac->b[1]) * 0x9e3779b1u;
}

static gboolean mac_same(gconstpointer a, gconstpointer b)
{
	return !memcmp(a, b, sizeof(struct mac));
}

static guint ip_hash(gconstpointer data)
{
	const struct ip *ip = data;
	uint32_t words[4];

	memcpy(words, ip->b, sizeof(words));
	return ((words[0] * 31 + words[1]) * 31 + words[2]) * 31 + words[3] * 0x9e3779b1u;
}

static gboolean ip_same(gconstpointer a, gconstpointer b)
{
	return !memcmp(a, b, sizeof(struct ip));
}

static void address_free(void *data)
{
	struct address *address = data;

	if (address->namers)
		g_hash_table_destroy(address->namers);
	g_slice_free(struct address, address);
}

static void location_free(void *location)
{
	g_slice_free(struct location, location);
}

GHashTable *location_table_new(void)
{
	return g_hash_table_new_full(mac_hash, mac_same, location_free, NULL);
}

GHashTable *location_addresses_new(void)
{
	return g_hash_table_new_full(ip_hash, ip_same, address_free, NULL);
}

void location_queue(struct compile *compile, struct location *location)
{
	if (location->queued)
		return;
	location->queued = true;
	g_ptr_array_add(compile->dirty_locations, location);
}

/* ------------------------------------------------------------------ addresses */

static struct address *address_get(struct net_unit *net, struct ip ip)
{
	struct address *address = g_hash_table_lookup(net->addresses, &ip);

	if (address)
		return address;
	address = g_slice_new0(struct address);
	address->ip = ip;
	g_hash_table_add(net->addresses, address);
	return address;
}

static bool address_is_lone(const struct address *address)
{
	return !address->fixed && address->namers && g_hash_table_size(address->namers) == 1;
}

static bool network_is_lone(struct ip ip, const void *data)
{
	const struct net_unit *net = data;
	const struct address *address = g_hash_table_lookup(net->addresses, &ip);

	return address && address_is_lone(address);
}

/* The address has become alone or has ceased to be: those who name it are few, one of them
 * having been alone, unless a fixed ip stood in the way before and does now. */
static void address_settle(struct compile *compile, const struct address *address, bool was)
{
	GHashTableIter iter;
	gpointer key;

	if (address_is_lone(address) == was || !address->namers)
		return;
	g_hash_table_iter_init(&iter, address->namers);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		const struct port_unit *port = key;

		for (uint32_t i = 0; i < port->claim_count; i++)
			location_queue(compile, port->claims[i].location);
	}
}

static void address_add_fixed(struct compile *compile, struct address *address)
{
	bool was = address_is_lone(address);

	address->fixed++;
	address_settle(compile, address, was);
}

/* False when UNIT names it already, by an earlier pair with another MAC. */
static bool address_add_namer(struct compile *compile, struct address *address,
			      struct port_unit *unit)
{
	bool was = address_is_lone(address);

	if (!address->namers)
		address->namers = g_hash_table_new(NULL, NULL);
	if (!g_hash_table_add(address->namers, unit))
		return false;
	address_settle(compile, address, was);
	return true;
}

void location_add_addresses(struct compile *compile, struct port_unit *unit,
			    const struct port *port)
{
	const struct address_pair *pairs = port->allowed_address_pairs.items;
	const struct fixed_ip *fixed = port->fixed_ips.items;
	uint32_t fixed_count = port->fixed_ips.count;
	uint32_t pair_count = port->allowed_address_pairs.count;

	unit->addresses = fixed_count + pair_count > 1
				  ? g_new(struct address *, fixed_count + pair_count)
				  : &unit->address;
	for (uint32_t i = 0; i < fixed_count; i++) {
		unit->addresses[i] = address_get(unit->net, fixed[i].ip);
		address_add_fixed(compile, unit->addresses[i]);
	}
	unit->fixed_count = (uint16_t)fixed_count;
	for (uint32_t i = 0; i < pair_count; i++) {
		struct address *address;

		if (!text_is_address(&pairs[i]))
			continue;
		address = address_get(unit->net, pairs[i].ip.ip);
		if (address_add_namer(compile, address, unit))
			unit->addresses[fixed_count + unit->named_count++] = address;
	}
}

static void addresses_free(struct port_unit *unit)
{
	if (unit->addresses != &unit->address)
		g_free(unit->addresses);
	unit->addresses = NULL;
}

static void addresses_del(struct compile *compile, struct port_unit *unit)
{
	uint32_t count = unit->fixed_count + unit->named_count;

	for (uint32_t i = 0; i < count; i++) {
		struct address *address = unit->addresses[i];

		bool was = address_is_lone(address);

		if (i < unit->fixed_count)
			address->fixed--;
		else
			g_hash_table_remove(address->namers, unit);
		address_settle(compile, address, was);
		if (!address->fixed &&
		    (!address->namers || !g_hash_table_size(address->namers)))
			g_hash_table_remove(unit->net->addresses, address);
	}
	addresses_free(unit);
	unit->fixed_count = unit->named_count = 0;
}

/* --------------------------------------------------------------------- claims */

static struct location *location_get(struct net_unit *net, struct mac mac)
{
	struct location *location = g_hash_table_lookup(net->locations, &mac);

	if (location)
		return location;
	location = g_slice_new0(struct location);
	location->mac = mac;
	location->net = net;
	g_hash_table_add(net->locations, location);
	return location;
}

void location_add_claims(struct compile *compile, struct port_unit *unit,
			 const struct port *port)
{
	g_autoptr(GArray) macs = g_array_new(false, false, sizeof(struct mac));

	text_list_macs(port, macs);
	unit->claims = g_slice_alloc0(macs->len * sizeof(struct claim));
	unit->claim_count = (uint16_t)macs->len;
	for (guint i = 0; i < macs->len; i++) {
		struct claim *claim = &unit->claims[i];

		claim->location = location_get(unit->net, g_array_index(macs, struct mac, i));
		claim->port = unit;
		claim->own = !i;
		claim->next = claim->location->claims;
		claim->location->claims = claim;
		location_queue(compile, claim->location);
	}
}

static void claims_free(struct port_unit *unit)
{
	g_slice_free1(unit->claim_count * sizeof(struct claim), unit->claims);
	unit->claims = NULL;
	unit->claim_count = 0;
}

static void claims_del(struct compile *compile, struct port_unit *unit)
{
	for (uint32_t i = 0; i < unit->claim_count; i++) {
		struct claim **link = &unit->claims[i].location->claims;

		while (*link != &unit->claims[i])
			link = &(*link)->next;
		*link = unit->claims[i].next;
		location_queue(compile, unit->claims[i].location);
	}
	claims_free(unit);
}

void location_del_port(struct compile *compile, struct port_unit *unit)
{
	addresses_del(compile, unit);
	claims_del(compile, unit);
}

void location_free_port(struct port_unit *unit)
{
	addresses_free(unit);
	claims_free(unit);
}

/* Own MACs before those of pairs, then the lower id: as full.c has it. */
static const struct claim *claim_best(const struct location *location)
{
	const struct claim *best = location->claims;

	for (const struct claim *claim = best; claim; claim = claim->next)
		if (claim->own != best->own ? claim->own
					    : memcmp(&claim->port->id, &best->port->id,
						     sizeof(struct uuid)) < 0)
			best = claim;
	return best;
}

void location_update(struct compile *compile, struct location *location)
{
	const struct claim *best = claim_best(location);
	struct net_unit *net = location->net;
	struct row_place place = {
		.table = COMPILE_LOCATION, .list = net->scope.rows, .scope = &net->scope};
	const struct port *port;

	location->queued = false;
	if (!best) {
		row_retire(compile, &location->row);
		g_hash_table_remove(net->locations, location);
		return;
	}
	port = cloud_find_port(compile->cloud, best->port->id);
	compile->work.locations++;
	row_put(compile, &location->row, place, text_key_location(net->vni, location->mac),
		text_print_location(port, location->mac, network_is_lone, net));
}
