/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The native tables keep the kernel's rules. */
#include "datapath/env/native_table.h"

struct lpm {
	__u32 bits;
	__u8 b[4];
};

static void put_prefix(struct native_table *table, __u32 bits, __u8 a, __u8 b, __u32 value)
{
	struct lpm key = {bits, {a, b, 0xff, 0xff}}; /* bits behind the prefix do not count */

	g_assert_true(native_table_put(table, &key, &value));
}

static __u32 find_address(struct native_table *table, __u8 a, __u8 b, __u8 c, __u8 d)
{
	struct lpm key = {32, {a, b, c, d}};
	__u32 *value = native_table_find(table, &key);

	return value ? *value : 0;
}

static void test_longest_prefix(void)
{
	struct native_table *table = native_table_new(BPF_MAP_TYPE_LPM_TRIE, 8, 8, 4);
	struct lpm key = {16, {10, 1, 0, 0}};

	g_assert_cmpuint(find_address(table, 10, 1, 2, 3), ==, 0);
	put_prefix(table, 8, 10, 9, 1);
	put_prefix(table, 16, 10, 1, 2);
	put_prefix(table, 13, 10, 8, 3);
	g_assert_cmpuint(find_address(table, 10, 1, 2, 3), ==, 2);
	g_assert_cmpuint(find_address(table, 10, 2, 2, 3), ==, 1);
	g_assert_cmpuint(find_address(table, 10, 15, 2, 3), ==, 3);
	g_assert_cmpuint(find_address(table, 10, 16, 2, 3), ==, 1);
	g_assert_cmpuint(find_address(table, 11, 1, 2, 3), ==, 0);
	native_table_del(table, &key);
	g_assert_cmpuint(find_address(table, 10, 1, 2, 3), ==, 1);
	put_prefix(table, 0, 0, 0, 9);
	g_assert_cmpuint(find_address(table, 11, 1, 2, 3), ==, 9);
	key.bits = 33;
	g_assert_false(native_table_put(table, &key, &key.bits));
	native_table_free(table);
}

static void test_limits(void)
{
	struct native_table *hash = native_table_new(BPF_MAP_TYPE_HASH, 2, 4, 4);
	struct native_table *lru = native_table_new(BPF_MAP_TYPE_LRU_HASH, 2, 4, 4);
	struct native_table *array = native_table_new(BPF_MAP_TYPE_ARRAY, 2, 4, 4);

	for (__u32 i = 0; i < 3; i++) {
		g_assert_cmpint(native_table_put(hash, &i, &i), ==, i < 2);
		g_assert_true(native_table_put(lru, &i, &i));
		g_assert_cmpint(native_table_put(array, &i, &i), ==, i < 2);
		g_assert_cmpint(native_table_find(hash, &i) != NULL, ==, i < 2);
		g_assert_cmpint(native_table_find(array, &i) != NULL, ==, i < 2);
		g_assert_nonnull(native_table_find(lru, &i));
	}
	__u32 oldest = 0, one = 1, seven = 7;

	g_assert_null(native_table_find(lru, &oldest));
	g_assert_true(native_table_put(hash, &one, &seven)); /* a full table still replaces */
	g_assert_cmpuint(*(__u32 *)native_table_find(hash, &one), ==, 7);
	native_table_del(array, &one);
	g_assert_cmpuint(*(__u32 *)native_table_find(array, &one), ==, 0);
	native_table_clear(hash);
	g_assert_null(native_table_find(hash, &one));
	native_table_free(hash);
	native_table_free(lru);
	native_table_free(array);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/table/longest-prefix", test_longest_prefix);
	g_test_add_func("/table/limits", test_limits);
	return g_test_run();
}
