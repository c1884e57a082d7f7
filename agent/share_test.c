/* SPDX-License-Identifier: Apache-2.0 */
/* Shares on a real map: as the programs count, and as sweeps move them on. */
#include <errno.h>
#include <string.h>
#include <glib.h>
#include <bpf/bpf.h>

#include "abi/map.h"
#include "agent/share.h"

#define LIMIT 80

static int map, sources;

static struct port_conns_value read_slot(uint32_t slot)
{
	struct port_conns_value value;

	g_assert_cmpint(bpf_map_lookup_elem(map, &slot, &value), ==, 0);
	return value;
}

/* What a program does COUNT times. */
static void open_some(uint32_t slot, uint32_t count)
{
	struct port_conns_value value = read_slot(slot);

	value.opened += count;
	g_assert_cmpint(bpf_map_update_elem(map, &slot, &value, BPF_ANY), ==, 0);
}

/* How many the programs let each source open towards SLOT in a second. */
static uint32_t read_most(uint32_t slot)
{
	struct sources_value value;

	g_assert_cmpint(bpf_map_lookup_elem(sources, &slot, &value), ==, 0);
	return value.most;
}

static uint32_t left(uint32_t slot)
{
	struct port_conns_value value = read_slot(slot);

	return value.allowed - value.opened;
}

static void sweep(struct share *share, uint32_t slot, uint32_t living)
{
	share_begin(share);
	for (uint32_t i = 0; i < living; i++)
		share_see(share, slot, false);
	share_end(share);
}

static struct share *fresh(void)
{
	GError *error = NULL;
	struct share *share = share_new(map, sources, LIMIT, &error);

	g_assert_no_error(error);
	return share;
}

static void test_sweeps(void)
{
	struct share *share = fresh();

	g_assert_cmpuint(left(3), ==, LIMIT);
	g_assert_false(share_is_pressed(share));
	open_some(3, 75);
	g_assert_true(share_is_pressed(share));
	sweep(share, 3, 50);
	g_assert_cmpuint(left(3), ==, LIMIT - 50);
	g_assert_true(share_is_tight(share, 3));
	g_assert_false(share_is_tight(share, 4));
	g_assert_false(share_is_pressed(share));
	sweep(share, 3, LIMIT + 7);
	g_assert_cmpuint(left(3), ==, 0);
	g_assert_false(share_is_pressed(share)); /* all alive: another sweep finds nothing */
	sweep(share, 3, 0);
	g_assert_cmpuint(left(3), ==, LIMIT);
	share_see(share, LIM_HOST_PORTS, true); /* an entry of no slot */
	share_free(share);
}

/* What is opened while a sweep is under way counts against the port. */
static void test_meanwhile(void)
{
	struct share *share = fresh();

	share_begin(share);
	open_some(5, 30);
	share_end(share);
	g_assert_cmpuint(left(5), ==, LIMIT - 30);
	share_free(share);
}

/* What the agent puts into the table counts as well, also in a sweep that has passed it by. */
static void test_taken(void)
{
	struct share *share = fresh();

	sweep(share, 7, 0);
	open_some(7, LIMIT - 2);
	g_assert_true(share_take(share, 7));
	g_assert_true(share_take(share, 7));
	g_assert_false(share_take(share, 7));
	g_assert_cmpuint(left(7), ==, 0);
	share_begin(share);
	share_end(share);
	for (uint32_t i = 0; i < 30; i++)
		g_assert_true(share_take(share, 7));
	share_begin(share);
	for (uint32_t i = 0; i < 10; i++)
		g_assert_true(share_take(share, 7));
	for (uint32_t i = 0; i < 30; i++)
		share_see(share, 7, false);
	share_end(share);
	g_assert_cmpuint(left(7), ==, LIMIT - 40);
	share_free(share);
}

/* The counter turns over. */
static void test_turn(void)
{
	struct port_conns_value value = {.opened = 0xfffffff0, .allowed = 0xfffffff5};
	uint32_t slot = 6;
	struct share *share;

	g_assert_cmpint(bpf_map_update_elem(map, &slot, &value, BPF_ANY), ==, 0);
	share = fresh();
	g_assert_cmpuint(left(slot), ==, 5); /* an earlier agent's word stands */
	sweep(share, slot, LIMIT - 16);
	g_assert_cmpuint(read_slot(slot).allowed, ==, 1); /* 0 would be no share */
	sweep(share, slot, 10);
	g_assert_cmpuint(left(slot), ==, LIMIT - 10);
	share_free(share);
}

/* Many that open towards it and do not go on: each source may open a few. */
static void test_flood(void)
{
	struct share *share = fresh();

	share_begin(share);
	for (uint32_t i = 0; i <= LIMIT / 4; i++)
		share_see(share, 8, true);
	for (uint32_t i = 0; i <= LIMIT / 4; i++)
		share_see(share, 9, false);
	share_end(share);
	g_assert_true(share_is_flooded(share, 8));
	g_assert_false(share_is_flooded(share, 9));
	g_assert_cmpuint(read_most(8), ==, 8);
	sweep(share, 8, 10);
	g_assert_false(share_is_flooded(share, 8));
	g_assert_cmpuint(read_most(8), ==, 0);
	share_begin(share);
	for (uint32_t i = 0; i <= LIMIT / 4; i++)
		share_see(share, 34, true);
	share_end(share);
	for (uint32_t slot = 0; slot < LIM_HOST_PORTS; slot++)
		g_assert_cmpuint(read_most(slot), ==, slot == 34 ? 8 : 0);
	share_free(share);
}

int main(int argc, char **argv)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);

	g_test_init(&argc, &argv, NULL);
	map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "share_test", sizeof(uint32_t),
			     sizeof(struct port_conns_value), LIM_HOST_PORTS, &opts);
	sources = bpf_map_create(BPF_MAP_TYPE_ARRAY, "sources_test", sizeof(uint32_t),
				 sizeof(struct sources_value), LIM_HOST_PORTS, &opts);
	if (map < 0 || sources < 0) {
		g_print("1..0 # SKIP no bpf here: %s\n", g_strerror(errno));
		return 0;
	}
	g_test_add_func("/share/sweeps move it on", test_sweeps);
	g_test_add_func("/share/what is opened meanwhile counts", test_meanwhile);
	g_test_add_func("/share/what the agent puts there counts", test_taken);
	g_test_add_func("/share/a flood is told from a crowd", test_flood);
	g_test_add_func("/share/counters turn over", test_turn);
	return g_test_run();
}
