/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Differences into writes. Generation cells are collected before anything is written, as
 * the old values are needed, and bumped after everything is.
 */
#include "agent/apply.h"

#include <string.h>

#include "abi/hash.h"
#include "lib/error.h"

struct run {
	struct desired *desired;
	const struct apply_writer *writer;
	GArray *changes; /* struct desired_change */
	GArray *cells;	 /* uint16_t */
	bool held_back;	 /* banks are not whole: nobody is given one */
	bool unguarded;	 /* a firewall is not before its router's port */
	struct apply_result result;
	GError *error; /* the first */
};

typedef void (*cells_of)(const struct desired_change *change, GArray *cells);

static void cell_add(GArray *cells, uint16_t cell)
{
	g_array_append_val(cells, cell);
}

static void port_value_cells(const struct port_value *value, GArray *cells)
{
	if (value)
		cell_add(cells,
			 generation_cell(GEN_MAC, generation_mac_id(value->vni, &value->mac)));
}

static void port_cells(const struct desired_change *change, GArray *cells)
{
	uint32_t slot;

	memcpy(&slot, change->key, sizeof(slot));
	cell_add(cells, generation_cell(GEN_PORT, slot));
	port_value_cells(change->held, cells);
	port_value_cells(change->wanted, cells);
}

static void guard_cells(const struct desired_change *change, GArray *cells)
{
	const struct guard_key *key = change->key;

	cell_add(cells, generation_cell(GEN_PORT, key->slot));
}

/* Walks through several routers have one cell for all of them. */
static void router_add(GArray *cells, uint32_t router)
{
	cell_add(cells, generation_cell(GEN_ROUTER, router));
	cell_add(cells, generation_routers());
}

/* A walk that enters a router uses the router's cell for its MAC, too. */
static void router_cells(const struct mac_value *value, GArray *cells)
{
	if (value && PLACE_KIND(value->place) == PLACE_ROUTER)
		router_add(cells, PLACE_INDEX(value->place));
}

static void mac_cells(const struct desired_change *change, GArray *cells)
{
	const struct mac_key *key = change->key;

	cell_add(cells, generation_cell(GEN_MAC, generation_mac_id(key->vni, &key->mac)));
	router_cells(change->held, cells);
	router_cells(change->wanted, cells);
}

static void border_cells(const struct desired_change *change, GArray *cells)
{
	const struct border_key *key = change->key;

	cell_add(cells, generation_cell(GEN_PORT, key->slot));
}

/* The MAC is a router's; of one that is no more, its own change says so. */
static void firewall_cells(struct run *run, const struct desired_change *change)
{
	router_cells(desired_find(run->desired, DESIRED_MAC, change->key), run->cells);
}

static void gateway_cells(const struct desired_change *change, GArray *cells)
{
	uint32_t slot;

	memcpy(&slot, change->key, sizeof(slot));
	cell_add(cells, generation_cell(GEN_PORT, slot));
}

/* One that led from router to router was used under the cell of all; a MAC that is a router's no
 * more says so itself. */
static void location_cells(struct run *run, const struct desired_change *change)
{
	const struct location_key *key = change->key;
	const struct location_value *held = change->held;
	struct mac_key mac = {.vni = key->vni};
	struct abi_ip ip;

	memcpy(&ip, &key->ip, sizeof(ip));
	cell_add(run->cells,
		 generation_cell(GEN_ADDRESS, generation_address_id(key->vni, &ip)));
	if (!held)
		return;
	mac.mac = held->mac;
	router_cells(desired_find(run->desired, DESIRED_MAC, &mac), run->cells);
}

static void route_cells(const struct desired_change *change, GArray *cells)
{
	const struct route_key *key = change->key;

	router_add(cells, key->router);
}

/* A network that comes changes no verdict that stands: its VNI was in none. */
static void network_cells(const struct desired_change *change, GArray *cells)
{
	const struct network_value *held = change->held, *wanted = change->wanted;

	if (held && (!wanted || held->flags != wanted->flags || held->mtu != wanted->mtu))
		cell_add(cells, 0);
}

/* A next hop is read for each packet; another host or another MTU is not. */
static void vtep_cells(const struct desired_change *change, GArray *cells)
{
	const struct vtep_value *held = change->held, *wanted = change->wanted;

	if (held && (!wanted || held->mtu != wanted->mtu ||
		     memcmp(&held->remote, &wanted->remote, sizeof(held->remote)) != 0))
		cell_add(cells, 0);
}

static void peer_cells(const struct desired_change *change, GArray *cells)
{
	if (change->held)
		cell_add(cells, 0);
}

/* The table in abi/map.h under GENERATIONS. */
static const cells_of cells_by_map[DESIRED_MAP_COUNT] = {
	[DESIRED_PORT] = port_cells,	   [DESIRED_GUARD] = guard_cells,
	[DESIRED_MAC] = mac_cells,	   [DESIRED_ROUTE] = route_cells,
	[DESIRED_NETWORK] = network_cells, [DESIRED_VTEP] = vtep_cells,
	[DESIRED_PEER] = peer_cells,	   [DESIRED_BORDER] = border_cells,
	[DESIRED_GATEWAY] = gateway_cells,
};

static void collect_cells(struct run *run)
{
	for (guint i = 0; i < run->changes->len; i++) {
		const struct desired_change *change =
			&g_array_index(run->changes, struct desired_change, i);

		if (change->map == DESIRED_FIREWALL)
			firewall_cells(run, change);
		if (change->map == DESIRED_LOCATION)
			location_cells(run, change);
		if (cells_by_map[change->map])
			cells_by_map[change->map](change, run->cells);
	}
}

static gint cell_compare(gconstpointer a, gconstpointer b)
{
	return *(const uint16_t *)a - *(const uint16_t *)b;
}

static void bump_cells(struct run *run)
{
	const uint16_t *cells = (const uint16_t *)run->cells->data;

	g_array_sort(run->cells, cell_compare);
	for (guint i = 0; i < run->cells->len; i++)
		if (i == 0 || cells[i] != cells[i - 1])
			run->writer->bump(run->writer->data, cells[i]);
}

static void run_fail(struct run *run, enum desired_map map, GError *error)
{
	run->result.failed++;
	if (run->error) {
		g_error_free(error);
		return;
	}
	g_prefix_error(&error, "map %s: ", desired_shapes[map].name);
	run->error = error;
}

/* The changes of MAP that are puts (or deletions), packed for the writer. */
struct batch {
	GPtrArray *entries;
	GByteArray *keys;
	GByteArray *values;
};

static void batch_done(struct batch *batch)
{
	g_ptr_array_unref(batch->entries);
	g_byte_array_unref(batch->keys);
	g_byte_array_unref(batch->values);
}

static void batch_init(struct batch *batch, const struct run *run, enum desired_map map,
		       bool put)
{
	const struct desired_shape *shape = &desired_shapes[map];

	*batch = (struct batch){g_ptr_array_new(), g_byte_array_new(), g_byte_array_new()};
	for (guint i = 0; i < run->changes->len; i++) {
		const struct desired_change *change =
			&g_array_index(run->changes, struct desired_change, i);

		if (change->map != map || (change->wanted != NULL) != put)
			continue;
		g_ptr_array_add(batch->entries, change->entry);
		g_byte_array_append(batch->keys, change->key, shape->key_size);
		if (put)
			g_byte_array_append(batch->values, change->wanted, shape->value_size);
	}
}

static gsize batch_write(struct run *run, const struct batch *batch, enum desired_map map,
			 bool put, gsize from, GError **error)
{
	const struct desired_shape *shape = &desired_shapes[map];
	const uint8_t *keys = batch->keys->data + from * shape->key_size;
	gsize count = batch->entries->len - from;

	if (put)
		return run->writer->put(run->writer->data, map, keys,
					batch->values->data + from * shape->value_size, count,
					error);
	return run->writer->del(run->writer->data, map, keys, count, error);
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
static void close_firewalls(struct run *run)
{
	const uint32_t closed = 0;

	for (guint i = 0; i < run->changes->len; i++) {
		const struct desired_change *change =
			&g_array_index(run->changes, struct desired_change, i);
		g_autoptr(GError) error = NULL;

		if (change->map != DESIRED_FIREWALL || change->held || !change->wanted)
			continue;
		if (run->writer->put(run->writer->data, DESIRED_FIREWALL, change->key, &closed,
				     1, &error))
			desired_load(run->desired, DESIRED_FIREWALL, change->key, &closed);
		else
			run->unguarded = true;
	}
}

/* One entry that cannot be written does not keep back those after it; a full map does, and one of
 * banks those who would name them. */
static void batch_run(struct run *run, enum desired_map map, bool put)
{
	struct batch batch;
	gsize at = 0;

	batch_init(&batch, run, map, put);
	if (put && ((run->held_back && names_banks(map)) ||
		    (run->unguarded && leads_to_routers(map)))) {
		run->result.failed += batch.entries->len;
		at = batch.entries->len;
		if (map == DESIRED_FIREWALL)
			close_firewalls(run);
	}
	while (at < batch.entries->len) {
		GError *error = NULL;
		gsize done = batch_write(run, &batch, map, put, at, &error);
		bool full = error && g_error_matches(error, WEFT_ERROR, WEFT_ERROR_EXHAUSTED);

		for (gsize i = at; i < at + done; i++)
			desired_done(run->desired, g_ptr_array_index(batch.entries, i));
		*(put ? &run->result.puts : &run->result.dels) += done;
		at += done;
		if (!error)
			continue;
		run_fail(run, map, error);
		run->held_back |= put && is_of_banks(map);
		run->unguarded |= put && map == DESIRED_FIREWALL;
		at++;
		if (full) {
			run->result.failed += batch.entries->len - at;
			break;
		}
	}
	batch_done(&batch);
}

bool apply_changes(struct desired *desired, const struct apply_writer *writer,
		   struct apply_result *result, GError **error)
{
	struct run run = {desired, writer, desired_list_changes(desired)};
	bool ok;

	run.cells = g_array_new(FALSE, FALSE, sizeof(uint16_t));
	collect_cells(&run);
	if (run.changes->len) {
		for (int map = 0; map < DESIRED_MAP_COUNT; map++)
			batch_run(&run, map, true);
		for (int map = DESIRED_MAP_COUNT - 1; map >= 0; map--)
			batch_run(&run, map, false);
	}
	bump_cells(&run);
	g_array_unref(run.changes);
	g_array_unref(run.cells);
	if (result)
		*result = run.result;
	ok = !run.error;
	if (run.error)
		g_propagate_error(error, run.error);
	return ok;
}
