/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prefixes of a pool: joined as they should be, and taken and given back at random beside a
 * walk over every address.
 */
#include "model/subnetpool.h"

#include <string.h>

#define TAKEN_MAX 512

static struct subnetpool *pool_new(const char *const *prefixes)
{
	struct subnetpool *pool = attr_new(&subnetpool_table);

	for (; *prefixes; prefixes++)
		g_assert_true(prefix_parse(*prefixes, true,
					   vec_add(&pool->prefixes, sizeof(struct prefix))));
	return pool;
}

static void test_join(void)
{
	static const struct {
		const char *given[6], *joined;
	} cases[] = {
		{{"10.0.1.0/24", "10.0.0.0/24"}, "10.0.0.0/23"},
		{{"10.0.1.0/24", "10.0.2.0/24"}, "10.0.1.0/24 10.0.2.0/24"},
		{{"10.0.0.0/8", "10.1.0.0/16", "10.0.0.0/8"}, "10.0.0.0/8"},
		{{"10.0.0.0/25", "10.0.0.128/25", "10.0.1.0/24", "10.0.2.0/23"}, "10.0.0.0/22"},
		{{"0.0.0.0/1", "128.0.0.0/1"}, "0.0.0.0/1 128.0.0.0/1"},
		{{"fd00:1::/32", "fd00::/32"}, "fd00::/31"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct subnetpool *pool = pool_new(cases[i].given);
		g_autoptr(GString) text = g_string_new(NULL);
		char prefix[PREFIX_TEXT];

		g_assert_true(subnetpool_set_prefixes(pool, NULL));
		for (uint32_t j = 0; j < pool->prefixes.count; j++)
			g_string_append_printf(
				text, "%s%s", j ? " " : "",
				prefix_print(*vec_at(struct prefix, &pool->prefixes, j),
					     prefix));
		g_assert_cmpstr(text->str, ==, cases[i].joined);
		attr_free(&subnetpool_table, pool);
	}
}

/* Some prefix of BITS is free: each that the pool has is looked at. */
static bool walk_finds(const struct subnetpool *pool, const struct prefix *taken, guint count,
		       unsigned int bits)
{
	for (uint32_t i = 0; i < pool->prefixes.count; i++) {
		const struct prefix whole = *vec_at(struct prefix, &pool->prefixes, i);
		int64_t step = INT64_C(1) << (128 - bits);

		for (struct prefix at = {whole.ip, (uint8_t)bits};
		     bits >= whole.bits && prefix_contains(whole, at.ip);
		     at.ip = ip_add(at.ip, step)) {
			bool free = true;

			for (guint j = 0; j < count && free; j++)
				free = !prefix_overlaps(taken[j], at);
			if (free)
				return true;
		}
	}
	return false;
}

static void test_pick(void)
{
	static const char *const prefixes[] = {"10.0.0.0/26", "10.0.0.96/27",
					       "255.255.255.224/27", NULL};
	struct subnetpool *pool = pool_new(prefixes);
	struct prefix taken[TAKEN_MAX], got;
	guint count = 0;

	g_assert_true(subnetpool_set_prefixes(pool, NULL));
	for (int round = 0; round < 20000; round++) {
		unsigned int bits = 96 + (unsigned int)g_test_rand_int_range(26, 33);
		bool wanted = walk_finds(pool, taken, count, bits);

		if (count && g_test_rand_int_range(0, 100) < 45) {
			taken[g_test_rand_int_range(0, (gint32)count)] = taken[count - 1];
			count--;
			continue;
		}
		g_assert_true(subnetpool_pick(pool, taken, count, bits, &got) == wanted);
		if (!wanted)
			continue;
		g_assert_cmpuint(got.bits, ==, bits);
		g_assert_true(subnetpool_contains(pool, got));
		for (guint i = 0; i < count; i++)
			g_assert_false(prefix_overlaps(taken[i], got));
		taken[count++] = got;
	}
	attr_free(&subnetpool_table, pool);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/subnetpool/join", test_join);
	g_test_add_func("/subnetpool/pick", test_pick);
	return g_test_run();
}
