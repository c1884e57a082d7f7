/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Differences into writes, a part at a time. The generation cells of a part are collected before
 * it is written, as the old values are needed, and bumped after it is: a verdict made from half of a
 * round stands on cells that the other half will bump.
 */
#include "agent/apply.h"

#include <string.h>

#include "abi/hash.h"
#include "lib/error.h"

#define CELL_BITS 64
#define PART	  4096 /* entries given to the writer at once */

struct apply {
	struct desired *desired;
	struct apply_writer writer;
	/* of this round */
	bool held_back; /* banks are not whole: nobody is given one */
	bool unguarded; /* a firewall is not before its router's port */
	uint32_t full;	/* bits of maps: they take no more */
	struct apply_result result;
	GError *error; /* the first */
	/* of this part */
	GArray *changes; /* struct desired_change */
	GByteArray *keys, *values;
	uint64_t cells[LIM_GENERATIONS / CELL_BITS];
};

_Static_assert(DESIRED_MAP_COUNT <= 32, "bits of `full`");

typedef void (*cells_of)(struct apply *apply, const struct desired_change *change);

static void cell_add(struct apply *apply, uint16_t cell)
{
	apply->cells[cell / CELL_BITS] |= (uint64_t)1 << cell % CELL_BITS;
}

static void port_value_cells(struct apply *apply, const struct port_value *value)
{
	if (value)
		cell_add(apply,
			 generation_cell(GEN_MAC, generation_mac_id(value->vni, &value->mac)));
}

static void port_cells(struct apply *apply, const struct desired_change *change)
{
	uint32_t slot;

	memcpy(&slot, change->key, sizeof(slot));
	cell_add(apply, generation_cell(GEN_PORT, slot));
	port_value_cells(apply, change->held);
	port_value_cells(apply, change->wanted);
}

static void guard_cells(struct apply *apply, const struct desired_change *change)
{
	const struct guard_key *key = change->key;

	cell_add(apply, generation_cell(GEN_PORT, key->slot));
}

/* Walks through several routers have one cell for all of them. */
static void router_add(struct apply *apply, uint32_t router)
{
	cell_add(apply, generation_cell(GEN_ROUTER, router));
	cell_add(apply, generation_routers());
}

/* A walk that enters a router uses the router's cell for its MAC, too. */
static void router_cells(struct apply *apply, const struct mac_value *value)
{
	if (value && PLACE_KIND(value->place) == PLACE_ROUTER)
		router_add(apply, PLACE_INDEX(value->place));
}

static void mac_cells(struct apply *apply, const struct desired_change *change)
{
	const struct mac_key *key = change->key;

	cell_add(apply, generation_cell(GEN_MAC, generation_mac_id(key->vni, &key->mac)));
	router_cells(apply, change->held);
	router_cells(apply, change->wanted);
}

static void border_cells(struct apply *apply, const struct desired_change *change)
{
	const struct border_key *key = change->key;

	cell_add(apply, generation_cell(GEN_PORT, key->slot));
}

/* Whose router's port KEY is, and whose it is about to be. */
static void owner_cells(struct apply *apply, const struct mac_key *key)
{
	router_cells(apply, desired_find_held(apply->desired, DESIRED_MAC, key));
	router_cells(apply, desired_find(apply->desired, DESIRED_MAC, key));
}

static void firewall_cells(struct apply *apply, const struct desired_change *change)
{
	owner_cells(apply, change->key);
}

static void gateway_cells(struct apply *apply, const struct desired_change *change)
{
	uint32_t slot;

	memcpy(&slot, change->key, sizeof(slot));
	cell_add(apply, generation_cell(GEN_PORT, slot));
}

/* One that led from router to router was used under the cell of all; a MAC that is a router's no
 * more says so itself. */
static void location_cells(struct apply *apply, const struct desired_change *change)
{
	const struct location_key *key = change->key;
	const struct location_value *held = change->held;
	struct mac_key mac = {.vni = key->vni};
	struct abi_ip ip;

	memcpy(&ip, &key->ip, sizeof(ip));
	cell_add(apply, generation_cell(GEN_ADDRESS, generation_address_id(key->vni, &ip)));
	if (!held)
		return;
	mac.mac = held->mac;
	owner_cells(apply, &mac);
}

static void route_cells(struct apply *apply, const struct desired_change *change)
{
	const struct route_key *key = change->key;

	router_add(apply, key->router);
}

/* A network that comes changes no verdict that stands: its VNI was in none. */
static void network_cells(struct apply *apply, const struct desired_change *change)
{
	const struct network_value *held = change->held, *wanted = change->wanted;

	if (held && (!wanted || held->flags != wanted->flags || held->mtu != wanted->mtu))
		cell_add(apply, 0);
}

/* A next hop is read for each packet; another host or another MTU is not. */
static void vtep_cells(struct apply *apply, const struct desired_change *change)
{
	const struct vtep_value *held = change->held, *wanted = change->wanted;

	if (held && (!wanted || held->mtu != wanted->mtu ||
		     memcmp(&held->remote, &wanted->remote, sizeof(held->remote)) != 0))
		cell_add(apply, 0);
}

static void peer_cells(struct apply *apply, const struct desired_change *change)
{
	if (change->held)
		cell_add(apply, 0);
}

/* The table in abi/map.h under GENERATIONS. */
static const cells_of cells_by_map[DESIRED_MAP_COUNT] = {
	[DESIRED_PORT] = port_cells,	   [DESIRED_GUARD] = guard_cells,
	[DESIRED_MAC] = mac_cells,	   [DESIRED_LOCATION] = location_cells,
	[DESIRED_ROUTE] = route_cells,	   [DESIRED_NETWORK] = network_cells,
	[DESIRED_VTEP] = vtep_cells,	   [DESIRED_PEER] = peer_cells,
	[DESIRED_BORDER] = border_cells,   [DESIRED_FIREWALL] = firewall_cells,
	[DESIRED_GATEWAY] = gateway_cells,
};

static void collect_cells(struct apply *apply, enum desired_map map)
{
	for (guint i = 0; cells_by_map[map] && i < apply->changes->len; i++)
		cells_by_map[map](apply,
				  &g_array_index(apply->changes, struct desired_change, i));
}

static void bump_cells(struct apply *apply)
{
	for (uint32_t i = 0; i < G_N_ELEMENTS(apply->cells); i++) {
		for (uint64_t left = apply->cells[i]; left; left &= left - 1)
			apply->writer.bump(
				apply->writer.data,
				(uint16_t)(i * CELL_BITS + (uint32_t)__builtin_ctzll(left)));
		apply->cells[i] = 0;
	}
}

static void apply_fail(struct apply *apply, enum desired_map map, GError *error)
{
	if (apply->error) {
		g_error_free(error);
		return;
	}
	g_prefix_error(&error, "map %s: ", desired_shapes[map].name);
	apply->error = error;
}

static const struct desired_change *change_at(const struct apply *apply, guint at)
{
	return &g_array_index(apply->changes, struct desired_change, at);
}

/* Those from FROM on cannot be written in this round. */
static void changes_fail(struct apply *apply, guint from)
{
	for (guint i = from; i < apply->changes->len; i++)
		desired_fail(apply->desired, change_at(apply, i)->entry);
	apply->result.failed += apply->changes->len - MIN(from, apply->changes->len);
}

/* As the writer takes them. */
static void changes_pack(struct apply *apply, enum desired_map map, bool put)
{
	const struct desired_shape *shape = &desired_shapes[map];

	g_byte_array_set_size(apply->keys, 0);
	g_byte_array_set_size(apply->values, 0);
	for (guint i = 0; i < apply->changes->len; i++) {
		const struct desired_change *change = change_at(apply, i);

		g_byte_array_append(apply->keys, change->key, shape->key_size);
		if (put)
			g_byte_array_append(apply->values, change->wanted, shape->value_size);
	}
}

static guint changes_write(struct apply *apply, enum desired_map map, bool put, guint from,
			   GError **error)
{
	const struct desired_shape *shape = &desired_shapes[map];
	const uint8_t *keys = apply->keys->data + (gsize)from * shape->key_size;
	gsize count = apply->changes->len - from;

	if (put)
		count = apply->writer.put(apply->writer.data, map, keys,
					  apply->values->data + (gsize)from * shape->value_size,
					  count, error);
	else
		count = apply->writer.del(apply->writer.data, map, keys, count, error);
	for (guint i = from; i < from + count; i++)
		desired_done(apply->desired, change_at(apply, i)->entry);
	*(put ? &apply->result.puts : &apply->result.dels) += count;
	return (guint)count;
}

/* A bank without all of its cells may let pass what the whole one denies. */
static bool is_of_banks(enum desired_map map)
{
	return map >= DESIRED_CELL && map <= DESIRED_POLICY;
}

static bool names_banks(enum desired_map map)
{
	return map == DESIRED_BORDER || map == DESIRED_PORT || map == DESIRED_FIREWALL;
}

/* Where a firewall could not be put before a router's port, nobody new is led there. */
static bool leads_to_routers(enum desired_map map)
{
	return map == DESIRED_NETWORK || map == DESIRED_MAC || map == DESIRED_ROUTE;
}

/* A router's port that has had no bank yet gets none, by which nothing passes: absence would not do. */
static void close_firewalls(struct apply *apply)
{
	const uint32_t closed = 0;

	for (guint i = 0; i < apply->changes->len; i++) {
		const struct desired_change *change = change_at(apply, i);
		g_autoptr(GError) error = NULL;

		if (change->held || !change->wanted)
			continue;
		if (apply->writer.put(apply->writer.data, DESIRED_FIREWALL, change->key,
				      &closed, 1, &error))
			desired_load(apply->desired, DESIRED_FIREWALL, change->key, &closed);
		else
			apply->unguarded = true;
	}
}

static bool is_barred(const struct apply *apply, enum desired_map map)
{
	return (apply->held_back && names_banks(map)) ||
	       (apply->unguarded && leads_to_routers(map)) || apply->full >> map & 1;
}

/* One entry that cannot be written does not keep back those after it; a full map does, and one of
 * banks those who would name them. */
static void changes_run(struct apply *apply, enum desired_map map, bool put)
{
	guint at = 0;

	changes_pack(apply, map, put);
	while (at < apply->changes->len && !(put && is_barred(apply, map))) {
		GError *error = NULL;

		at += changes_write(apply, map, put, at, &error);
		if (!error)
			continue;
		if (put && g_error_matches(error, WEFT_ERROR, WEFT_ERROR_EXHAUSTED))
			apply->full |= 1u << map;
		apply->held_back |= put && is_of_banks(map);
		apply->unguarded |= put && map == DESIRED_FIREWALL;
		apply_fail(apply, map, error);
		desired_fail(apply->desired, change_at(apply, at++)->entry);
		apply->result.failed++;
	}
	if (put && map == DESIRED_FIREWALL && apply->held_back)
		close_firewalls(apply);
	changes_fail(apply, at);
}

struct apply *apply_new(struct desired *desired, const struct apply_writer *writer)
{
	struct apply *apply = g_new0(struct apply, 1);

	apply->desired = desired;
	apply->writer = *writer;
	apply->changes = g_array_new(FALSE, FALSE, sizeof(struct desired_change));
	apply->keys = g_byte_array_new();
	apply->values = g_byte_array_new();
	return apply;
}

void apply_free(struct apply *apply)
{
	if (!apply)
		return;
	g_clear_error(&apply->error);
	g_array_unref(apply->changes);
	g_byte_array_unref(apply->keys);
	g_byte_array_unref(apply->values);
	g_free(apply);
}

bool apply_part(struct apply *apply, guint limit)
{
	enum desired_map map;
	bool put, more;

	while ((more = desired_find_work(apply->desired, &map, &put)) && limit > 0) {
		guint count = MIN(limit, PART);

		g_array_set_size(apply->changes, 0);
		limit -= desired_list_changes(apply->desired, map, put, count, apply->changes);
		collect_cells(apply, map);
		changes_run(apply, map, put);
	}
	bump_cells(apply);
	return !more;
}

bool apply_end(struct apply *apply, struct apply_result *result, GError **error)
{
	bool ok = !apply->error;

	if (apply->error)
		g_propagate_error(error, g_steal_pointer(&apply->error));
	if (result)
		*result = apply->result;
	apply->held_back = apply->unguarded = false;
	apply->full = 0;
	apply->result = (struct apply_result){0};
	desired_retry(apply->desired);
	return ok;
}

bool apply_changes(struct desired *desired, const struct apply_writer *writer,
		   struct apply_result *result, GError **error)
{
	struct apply *apply = apply_new(desired, writer);
	bool ok;

	apply_part(apply, G_MAXUINT);
	ok = apply_end(apply, result, error);
	apply_free(apply);
	return ok;
}
