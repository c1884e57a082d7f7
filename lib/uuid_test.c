/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ids: text both ways, version and variant, no two alike.
 */
#include "lib/uuid.h"

#include <string.h>

static void test_text(void)
{
	static const char *const wrong[] = {"",
					    "6b1a7a3e-54a6-4a5c-8a44-0d3f2a3b4c5",
					    "6b1a7a3e-54a6-4a5c-8a44-0d3f2a3b4c5d0",
					    "6b1a7a3e54a64a5c8a440d3f2a3b4c5d",
					    "6b1a7a3e-54a6-4a5c-8a44-0d3f2a3b4c5g",
					    "6b1a7a3e-54a6-4a5c-8a440-d3f2a3b4c5d",
					    "{6b1a7a3e-54a6-4a5c-8a44-0d3f2a3b4c}",
					    "6b1a7a3e-54a6-4a5c-8a44-0d3f2a3b4 5d"};
	struct uuid uuid = uuid_none;
	char text[UUID_TEXT];

	g_assert_true(uuid_is_none(uuid));
	g_assert_true(uuid_parse("6B1A7A3E-54a6-4a5c-8a44-0d3f2a3b4c5d", &uuid));
	g_assert_cmpstr(uuid_print(uuid, text), ==, "6b1a7a3e-54a6-4a5c-8a44-0d3f2a3b4c5d");
	for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++)
		g_assert_false(uuid_parse(wrong[i], &uuid));
	g_assert_cmpstr(uuid_print(uuid, text), ==, "6b1a7a3e-54a6-4a5c-8a44-0d3f2a3b4c5d");
}

/* RFC 9562 5.4. */
static void test_new(void)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(uuid_hash, uuid_same, g_free, NULL);

	for (unsigned int i = 0; i < 10000; i++) {
		struct uuid uuid = uuid_new(), again;
		char text[UUID_TEXT];

		g_assert_cmphex(uuid.b[6] >> 4, ==, 4);
		g_assert_cmphex(uuid.b[8] >> 6, ==, 2);
		g_assert_true(uuid_parse(uuid_print(uuid, text), &again));
		g_assert_true(uuid_equal(uuid, again));
		g_assert_true(g_hash_table_add(seen, g_memdup2(&uuid, sizeof(uuid))));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/uuid/text", test_text);
	g_test_add_func("/uuid/new", test_new);
	return g_test_run();
}
