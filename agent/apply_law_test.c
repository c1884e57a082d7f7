/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random histories of rows, devices and next hops against tables that stand for the
 * kernel's. Whatever the way, and however small the parts: the tables are what a fresh start from the
 * final rows gives, a second apply writes nothing, order and generations are as abi/map.h says.
 */
#include <string.h>
#include <glib.h>
#include <jansson.h>

#include "abi/hash.h"
#include "agent/apply.h"
#include "agent/kernel_fixture.h"
#include "agent/random_fixture.h"
#include "agent/state.h"

#define HISTORIES 60
#define STEPS	  160

/* ---------------------------------------------------------- the world */

static struct next_hop hops[256]; /* by the last byte of the remote */

static void hop_watch(struct ip remote, struct next_hop *out, void *data)
{
	*out = hops[remote.b[15]];
}

static void hop_unwatch(struct ip remote, void *data)
{
}

static void complain(const char *text, void *data)
{
	g_error("%s", text);
}

/* Devices that are here: of "outer" and "outer:7". */
static struct {
	const char *name;
	uint32_t ifindex;
	struct mac mac;
	uint32_t mtu;
} physicals[] = {{"outer"}, {"outer:7"}};

static void tell_physical(struct state *state, gsize i)
{
	state_set_physical(state, physicals[i].name, physicals[i].ifindex, physicals[i].mac,
			   physicals[i].mtu);
}

static const struct state_ops ops = {hop_watch, hop_unwatch, complain, NULL};

struct world {
	struct kernel kernel;
	struct desired *desired;
	struct apply *apply;
	struct state *state;
	guint part;	  /* rows, or entries, of a part */
	gsize unfinished; /* parts that have left something */
	GHashTable *rows; /* "table key" -> JSON text: what should be held */
};

static struct ip own_ip(void)
{
	return ip_from_v4(0x0a090001);
}

/* DESIRED and STATE take the place of those the world has. */
static void world_take(struct world *world, struct desired *desired, struct state *state)
{
	struct apply_writer writer = {kernel_put, kernel_del, kernel_bump, &world->kernel};

	state_free(world->state);
	apply_free(world->apply);
	desired_free(world->desired);
	world->state = state;
	world->desired = desired;
	world->apply = apply_new(desired, &writer);
}

static void world_init(struct world *world)
{
	struct desired *desired = desired_new();

	*world = (struct world){.part = G_MAXUINT};
	kernel_init(&world->kernel);
	world_take(world, desired, state_new("me", own_ip(), desired, &ops, NULL));
	world->rows = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	for (gsize i = 0; i < G_N_ELEMENTS(physicals); i++)
		tell_physical(world->state, i);
	state_begin(world->state);
	state_end(world->state, G_MAXUINT);
}

static void world_done(struct world *world)
{
	state_free(world->state);
	apply_free(world->apply);
	desired_free(world->desired);
	g_hash_table_unref(world->rows);
	kernel_done(&world->kernel);
}

static void put_text(struct state *state, const char *name, const char *text)
{
	g_auto(GStrv) parts = g_strsplit(name, " ", 2);
	json_t *value = json_loads(text, 0, NULL);
	GError *error = NULL;

	g_assert_nonnull(value);
	state_put(state, parts[0], parts[1], value, &error);
	g_assert_no_error(error);
	json_decref(value);
}

static void world_put(struct world *world, char *name, char *text)
{
	put_text(world->state, name, text);
	g_hash_table_replace(world->rows, name, text);
}

static void world_del(struct world *world, const char *name)
{
	g_auto(GStrv) parts = g_strsplit(name, " ", 2);
	GError *error = NULL;

	state_del(world->state, parts[0], parts[1], &error);
	g_assert_no_error(error);
	g_hash_table_remove(world->rows, name);
}

/* ------------------------------------------------------- random changes */

static void step_put(struct world *world)
{
	char *text, *name = random_row(&text);

	world_put(world, name, text);
}

static void step_del(struct world *world)
{
	g_autofree gpointer *names = g_hash_table_get_keys_as_array(world->rows, NULL);
	guint count = g_hash_table_size(world->rows);
	g_autofree char *name = count ? g_strdup(names[pick((int)count)]) : NULL;

	if (name)
		world_del(world, name);
}

static struct uuid random_uuid(void)
{
	g_autofree char *text = port_id(pick(PORTS));
	struct uuid id;

	g_assert_true(uuid_parse(text, &id));
	return id;
}

static void step_wire(struct world *world)
{
	g_assert_nonnull(state_wire(world->state, random_uuid(), (uint32_t)(100 + pick(50)),
				    pick(2), 0, NULL));
}

static void step_unwire(struct world *world)
{
	state_unwire(world->state, random_uuid());
}

static void step_physical(struct world *world)
{
	gsize i = (gsize)pick(2);

	physicals[i].ifindex = pick(4) ? (uint32_t)(200 + 10 * i + pick(2)) : 0;
	physicals[i].mac.b[5] = (uint8_t)pick(2);
	physicals[i].mtu = pick(2) ? 1500 : 1300;
	tell_physical(world->state, i);
}

static void step_hop(struct world *world)
{
	int last = (1 + pick(HOSTS - 1)) * 10 + pick(3);
	struct ip remote =
		ip_from_v4(0x0a090000u | (uint32_t)(last / 10) << 8 | (uint32_t)last);

	hops[last] = (struct next_hop){pick(2),
				       (uint32_t)(2 + pick(2)),
				       {{2, 0, 0, 0, 0, (uint8_t)pick(3)}},
				       {{2, 0, 0, 0, 0, 9}},
				       1500};
	state_set_next_hop(world->state, remote, &hops[last]);
}

/* A full transfer that brings some of the rows, in another order. */
static void step_transfer(struct world *world)
{
	g_autoptr(GPtrArray) lost = g_ptr_array_new_with_free_func(g_free);
	GHashTableIter iter;
	gpointer key, value;

	state_begin(world->state);
	g_hash_table_iter_init(&iter, world->rows);
	while (g_hash_table_iter_next(&iter, &key, &value)) {
		if (pick(10))
			put_text(world->state, key, value);
		else
			g_ptr_array_add(lost, g_strdup(key));
	}
	state_end(world->state, world->part);
	for (guint i = 0; i < lost->len; i++)
		g_hash_table_remove(world->rows, g_ptr_array_index(lost, i));
}

static void (*const steps[])(struct world *world) = {
	step_put, step_put,  step_put,	  step_put, step_put,	   step_put,
	step_del, step_wire, step_unwire, step_hop, step_transfer, step_physical,
};

/* ------------------------------------------------------------- the laws */

static GHashTable *copy_map(GHashTable *map)
{
	GHashTable *copy = g_hash_table_new_full(g_bytes_hash, g_bytes_equal,
						 (GDestroyNotify)g_bytes_unref,
						 (GDestroyNotify)g_bytes_unref);
	GHashTableIter iter;
	gpointer key, value;

	g_hash_table_iter_init(&iter, map);
	while (g_hash_table_iter_next(&iter, &key, &value))
		g_hash_table_insert(copy, g_bytes_ref(key), g_bytes_ref(value));
	return copy;
}

static bool was_bumped(const struct kernel *kernel, uint16_t cell)
{
	return g_hash_table_contains(kernel->bumped, GUINT_TO_POINTER(cell + 1u));
}

/* Ports that keep the bank of CHAIN while its entries change have their flows walk again. */
static void check_chain_bump(const struct world *world, GHashTable *ports, uint32_t chain)
{
	const struct kernel *kernel = &world->kernel;
	GHashTableIter iter;
	gpointer key, value;

	g_hash_table_iter_init(&iter, kernel->maps[DESIRED_PORT]);
	while (g_hash_table_iter_next(&iter, &key, &value)) {
		const struct port_value *port = g_bytes_get_data(value, NULL), *wanted;
		uint32_t slot;

		memcpy(&slot, g_bytes_get_data(key, NULL), sizeof(slot));
		wanted = desired_find(world->desired, DESIRED_PORT, &slot);
		if (port->policy && port->policy == chain >> 3 && wanted &&
		    wanted->policy == port->policy && g_hash_table_contains(ports, key))
			g_assert_true(was_bumped(kernel, generation_cell(GEN_PORT, slot)));
	}
}

static void check_router_bump(const struct kernel *kernel, uint32_t router)
{
	g_assert_true(was_bumped(kernel, generation_cell(GEN_ROUTER, router)));
	g_assert_true(was_bumped(kernel, generation_routers()));
}

static void check_mac_bump(const struct kernel *kernel, const struct mac_value *mac)
{
	if (mac && PLACE_KIND(mac->place) == PLACE_ROUTER)
		check_router_bump(kernel, PLACE_INDEX(mac->place));
}

/* What was there of a MAC or an address before, where routers may have led by it. */
static void check_way_bump(const struct kernel *kernel, GHashTable *macs, enum desired_map map,
			   const void *key, GBytes *old)
{
	const struct location_key *location = key;
	struct mac_key mac = {};
	GBytes *value = old;

	if (!old || (map != DESIRED_MAC && map != DESIRED_LOCATION))
		return;
	if (map == DESIRED_LOCATION) {
		g_autoptr(GBytes) name = NULL;

		mac.vni = location->vni;
		mac.mac = ((const struct location_value *)g_bytes_get_data(old, NULL))->mac;
		name = kernel_bytes(&mac, sizeof(mac));
		value = g_hash_table_lookup(macs, name);
	}
	check_mac_bump(kernel, value ? g_bytes_get_data(value, NULL) : NULL);
}

/* The cell that a change of KEY needs, said once more and differently. */
static void check_bump(const struct kernel *kernel, enum desired_map map, const void *key)
{
	const struct location_key *location = key;
	const struct route_key *route = key;
	const struct border_key *border = key;
	const struct guard_key *guard = key;
	const struct mac_key *mac = key;
	uint32_t slot;

	if (map == DESIRED_LOCATION)
		g_assert_true(was_bumped(
			kernel,
			generation_cell(GEN_ADDRESS,
					generation_address_id(location->vni, &location->ip))));
	else if (map == DESIRED_ROUTE)
		check_router_bump(kernel, route->router);
	else if (map == DESIRED_GUARD)
		g_assert_true(was_bumped(kernel, generation_cell(GEN_PORT, guard->slot)));
	else if (map == DESIRED_BORDER)
		g_assert_true(was_bumped(kernel, generation_cell(GEN_PORT, border->slot)));
	else if (map == DESIRED_MAC)
		g_assert_true(was_bumped(
			kernel,
			generation_cell(GEN_MAC, generation_mac_id(mac->vni, &mac->mac))));
	else if (map == DESIRED_FIREWALL)
		check_mac_bump(kernel, kernel_find(kernel, DESIRED_MAC, mac));
	else if (map == DESIRED_PORT || map == DESIRED_GATEWAY) {
		memcpy(&slot, key, sizeof(slot));
		g_assert_true(was_bumped(kernel, generation_cell(GEN_PORT, slot)));
	}
}

static void check_policy_bumps(const struct world *world, GHashTable *const *before)
{
	static const enum desired_map maps[] = {DESIRED_PEER_IDENTITY, DESIRED_PEER_PREFIX};

	for (gsize i = 0; i < G_N_ELEMENTS(maps); i++) {
		GHashTableIter iter;
		gpointer key, value;

		g_hash_table_iter_init(&iter, world->kernel.maps[maps[i]]);
		while (g_hash_table_iter_next(&iter, &key, &value)) {
			GBytes *old = g_hash_table_lookup(before[maps[i]], key);
			const uint32_t *words = g_bytes_get_data(key, NULL);

			if (!old || !g_bytes_equal(old, value))
				check_chain_bump(world, before[DESIRED_PORT],
						 words[maps[i] == DESIRED_PEER_PREFIX]);
		}
	}
}

static void check_map_bumps(const struct kernel *kernel, enum desired_map map,
			    GHashTable *const *befores)
{
	GHashTable *before = befores[map], *after = kernel->maps[map];
	GHashTableIter iter;
	gpointer key, value;

	g_hash_table_iter_init(&iter, after);
	while (g_hash_table_iter_next(&iter, &key, &value)) {
		GBytes *old = g_hash_table_lookup(before, key);

		if (old && g_bytes_equal(old, value))
			continue;
		check_bump(kernel, map, g_bytes_get_data(key, NULL));
		check_way_bump(kernel, befores[DESIRED_MAC], map, g_bytes_get_data(key, NULL),
			       old);
	}
	g_hash_table_iter_init(&iter, before);
	while (g_hash_table_iter_next(&iter, &key, &value)) {
		if (g_hash_table_contains(after, key))
			continue;
		check_bump(kernel, map, g_bytes_get_data(key, NULL));
		check_way_bump(kernel, befores[DESIRED_MAC], map, g_bytes_get_data(key, NULL),
			       value);
		if (map == DESIRED_NETWORK || map == DESIRED_VTEP || map == DESIRED_PEER)
			g_assert_true(was_bumped(kernel, 0));
	}
}

/* The round has ended: well, or with ERROR. */
static void world_finish(struct world *world, struct apply_result *result)
{
	GError *error = NULL;
	bool ok = apply_end(world->apply, result, &error);

	g_assert_true(ok == !error);
	g_assert_true(ok == (world->kernel.failures == 0));
	world->kernel.half = world->kernel.unguarded = false;
	g_clear_error(&error);
	if (ok)
		state_applied(world->state);
	else
		state_failed(world->state);
}

/* One part. True: the round has ended. */
static bool world_apply_part(struct world *world, struct apply_result *result)
{
	GHashTable *before[DESIRED_MAP_COUNT];
	const GArray *stale;
	bool done;

	if (!state_is_full(world->state) && !state_end(world->state, world->part))
		return false;
	for (int i = 0; i < DESIRED_MAP_COUNT; i++)
		before[i] = copy_map(world->kernel.maps[i]);
	world->kernel.last_put = 0;
	world->kernel.last_del = DESIRED_MAP_COUNT;
	g_hash_table_remove_all(world->kernel.bumped);
	state_flush(world->state);
	done = apply_part(world->apply, world->part);
	stale = state_stale(world->state);
	for (guint i = 0; i < stale->len; i++)
		kernel_bump(&world->kernel,
			    generation_cell(GEN_PORT, g_array_index(stale, uint32_t, i)));
	if (done)
		world_finish(world, result);
	if (world->kernel.failures == 0 && (done || !world->kernel.torn)) {
		kernel_check(&world->kernel, done);
		check_policy_bumps(world, before);
	}
	if (done) {
		world->kernel.torn = world->kernel.failures > 0;
		world->kernel.failures = 0;
	}
	for (int i = 0; i < DESIRED_MAP_COUNT; i++)
		check_map_bumps(&world->kernel, i, before);
	for (int i = 0; i < DESIRED_MAP_COUNT; i++)
		g_hash_table_unref(before[i]);
	if (pick(3) == 0)
		state_slots_swept(world->state);
	return done;
}

static void world_apply(struct world *world, struct apply_result *result)
{
	while (!world_apply_part(world, result))
		world->unfinished++;
}

static void recover_wire(const struct wire *wire, void *data)
{
	const struct wire *again;

	if (wire->gateway)
		return;
	again = state_wire(data, wire->id, wire->ifindex, wire->veth, wire->slot, NULL);

	g_assert_nonnull(again);
	g_assert_cmpuint(again->slot, ==, wire->slot);
}

static void recover_gateway(struct state *state, const struct kernel *kernel,
			    const uint32_t *slot, const struct gateway_value *gateway)
{
	const struct port_value *port = kernel_find(kernel, DESIRED_PORT, slot);
	struct mac mac;

	g_assert_nonnull(port);
	memcpy(mac.b, port->mac.b, sizeof(mac.b));
	state_recover_gateway(state, *slot, gateway->router, mac, port->ifindex);
}

/* A state made now from the rows held, with the numbers that the kernel's tables show. */
static struct state *fresh_state(struct world *world, struct desired *desired)
{
	struct state *state = state_new("me", own_ip(), desired, &ops, NULL);
	GHashTableIter iter;
	gpointer key, value;

	g_hash_table_iter_init(&iter, world->kernel.maps[DESIRED_VTEP]);
	while (g_hash_table_iter_next(&iter, &key, &value)) {
		const struct vtep_value *vtep = g_bytes_get_data(value, NULL);
		struct ip remote;
		uint32_t index;

		memcpy(&index, g_bytes_get_data(key, NULL), sizeof(index));
		memcpy(&remote, &vtep->remote, sizeof(remote));
		state_recover_vtep(state, index, remote);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(physicals); i++)
		tell_physical(state, i);
	g_hash_table_iter_init(&iter, world->kernel.maps[DESIRED_GATEWAY]);
	while (g_hash_table_iter_next(&iter, &key, &value))
		recover_gateway(state, &world->kernel, g_bytes_get_data(key, NULL),
				g_bytes_get_data(value, NULL));
	state_foreach_wire(world->state, recover_wire, state);
	state_begin(state);
	g_hash_table_iter_init(&iter, world->rows);
	while (g_hash_table_iter_next(&iter, &key, &value))
		put_text(state, key, value);
	state_end(state, G_MAXUINT);
	state_flush(state);
	return state;
}

struct compare {
	const struct kernel *kernel;
	gsize count;
};

static void compare_entry(enum desired_map map, const void *key, const void *value, void *data)
{
	struct compare *compare = data;
	const void *held = kernel_find(compare->kernel, map, key);

	g_assert_nonnull(held);
	g_assert_cmpmem(held, desired_shapes[map].value_size, value,
			desired_shapes[map].value_size);
	compare->count++;
}

static gsize kernel_count(const struct kernel *kernel)
{
	gsize count = 0;

	for (int i = 0; i < DESIRED_MAP_COUNT; i++)
		count += g_hash_table_size(kernel->maps[i]);
	return count;
}

static void check_equals_fresh(struct world *world)
{
	struct desired *desired = desired_new();
	struct state *state = fresh_state(world, desired);
	struct compare compare = {&world->kernel, 0};

	desired_foreach(desired, compare_entry, &compare);
	g_assert_cmpuint(compare.count, ==, kernel_count(&world->kernel));
	for (int i = 0; i < DESIRED_MAP_COUNT; i++)
		g_assert_cmpuint(desired_count(world->desired, i), ==,
				 g_hash_table_size(world->kernel.maps[i]));
	state_free(state);
	desired_free(desired);
}

/* Histories that write nothing into some map prove nothing of it. */
static void add_written(const struct kernel *kernel, gsize *written)
{
	for (int i = 0; i < DESIRED_MAP_COUNT; i++)
		written[i] += kernel->written[i];
}

static void run_history(void (*check)(struct world *world), bool failures)
{
	gsize written[DESIRED_MAP_COUNT] = {0};

	for (int history = 0; history < HISTORIES; history++) {
		struct world world;

		world_init(&world);
		for (int step = 0; step < STEPS; step++) {
			steps[pick(G_N_ELEMENTS(steps))](&world);
			if (pick(4))
				continue;
			world.kernel.fail = failures && pick(2);
			world_apply(&world, NULL);
			if (world.kernel.fail)
				continue;
			check(&world);
		}
		world.kernel.fail = false;
		world_apply(&world, NULL);
		check(&world);
		g_assert_cmpuint(world.kernel.writes, >, 20);
		add_written(&world.kernel, written);
		world_done(&world);
	}
	for (int i = 0; i < DESIRED_MAP_COUNT; i++)
		if (!written[i])
			g_error("map %s: never written", desired_shapes[i].name);
}

static void test_incremental(void)
{
	run_history(check_equals_fresh, false);
}

static void test_failures(void)
{
	run_history(check_equals_fresh, true);
}

static void check_twice(struct world *world)
{
	struct apply_result result;
	gsize writes = world->kernel.writes;

	world_apply(world, &result);
	g_assert_cmpuint(result.puts + result.dels + result.failed, ==, 0);
	g_assert_cmpuint(world->kernel.writes, ==, writes);
	g_assert_cmpuint(g_hash_table_size(world->kernel.bumped), ==, 0);
}

static void test_twice(void)
{
	run_history(check_twice, false);
}

/* Parts as small as they come, and anything may happen between them. */
static void run_parts(bool failures)
{
	for (int history = 0; history < HISTORIES; history++) {
		struct world world;

		world_init(&world);
		for (int step = 0; step < STEPS; step++) {
			steps[pick(G_N_ELEMENTS(steps))](&world);
			world.part = (guint)(1 + pick(6));
			world.kernel.fail = failures && pick(2);
			if (pick(2) && !world_apply_part(&world, NULL))
				world.unfinished++;
		}
		world.kernel.fail = false;
		world_apply(&world,
			    NULL); /* the round that is under way, which may have failed */
		world_apply(&world, NULL);
		check_equals_fresh(&world);
		check_twice(&world);
		g_assert_cmpuint(world.unfinished, >, 20);
		world_done(&world);
	}
}

static void test_parts(void)
{
	run_parts(false);
}

static void test_failed_parts(void)
{
	run_parts(true);
}

/* The same rows once more, whole: nothing is written. */
static void check_resync(struct world *world)
{
	GHashTableIter iter;
	gpointer key, value;

	state_begin(world->state);
	g_hash_table_iter_init(&iter, world->rows);
	while (g_hash_table_iter_next(&iter, &key, &value))
		put_text(world->state, key, value);
	state_end(world->state, G_MAXUINT);
	check_twice(world);
}

static void test_resync(void)
{
	run_history(check_resync, false);
}

/* The agent ends, and another finds the kernel's tables: nothing is written. */
static void check_restart(struct world *world)
{
	struct desired *desired = desired_new();
	GHashTableIter iter;
	gpointer key, value;

	for (int i = 0; i < DESIRED_MAP_COUNT; i++) {
		g_hash_table_iter_init(&iter, world->kernel.maps[i]);
		while (g_hash_table_iter_next(&iter, &key, &value))
			desired_load(desired, i, g_bytes_get_data(key, NULL),
				     g_bytes_get_data(value, NULL));
	}
	world_take(world, desired, fresh_state(world, desired));
	check_twice(world);
}

static void test_restart(void)
{
	run_history(check_restart, false);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/apply/incremental equals fresh", test_incremental);
	g_test_add_func("/apply/in parts, with changes between them", test_parts);
	g_test_add_func("/apply/in parts, of which some fail", test_failed_parts);
	g_test_add_func("/apply/failed writes are made good", test_failures);
	g_test_add_func("/apply/twice writes nothing", test_twice);
	g_test_add_func("/apply/a full transfer of the same writes nothing", test_resync);
	g_test_add_func("/apply/a restart writes nothing", test_restart);
	return g_test_run();
}
