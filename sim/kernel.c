/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table of bytes for each map.
 */
#include "sim/kernel.h"

#include <string.h>

struct kernel {
	GHashTable *maps[DESIRED_MAP_COUNT]; /* GBytes -> GBytes */
};

struct kernel *kernel_new(void)
{
	struct kernel *kernel = g_new0(struct kernel, 1);

	for (int i = 0; i < DESIRED_MAP_COUNT; i++)
		kernel->maps[i] = g_hash_table_new_full(g_bytes_hash, g_bytes_equal,
							(GDestroyNotify)g_bytes_unref,
							(GDestroyNotify)g_bytes_unref);
	return kernel;
}

void kernel_free(struct kernel *kernel)
{
	for (int i = 0; i < DESIRED_MAP_COUNT; i++)
		g_hash_table_unref(kernel->maps[i]);
	g_free(kernel);
}

gsize kernel_count(const struct kernel *kernel)
{
	gsize count = 0;

	for (int i = 0; i < DESIRED_MAP_COUNT; i++)
		count += g_hash_table_size(kernel->maps[i]);
	return count;
}

static gsize map_put(void *data, enum desired_map map, const void *keys, const void *values,
		     gsize count, GError **error)
{
	const struct desired_shape *shape = &desired_shapes[map];
	struct kernel *kernel = data;

	for (gsize i = 0; i < count; i++)
		g_hash_table_replace(
			kernel->maps[map],
			g_bytes_new((const char *)keys + i * shape->key_size, shape->key_size),
			g_bytes_new((const char *)values + i * shape->value_size,
				    shape->value_size));
	return count;
}

static gsize map_del(void *data, enum desired_map map, const void *keys, gsize count,
		     GError **error)
{
	const struct desired_shape *shape = &desired_shapes[map];
	struct kernel *kernel = data;

	for (gsize i = 0; i < count; i++) {
		g_autoptr(GBytes) key =
			g_bytes_new((const char *)keys + i * shape->key_size, shape->key_size);

		g_hash_table_remove(kernel->maps[map], key);
	}
	return count;
}

/* No verdict is cached here. */
static void map_bump(void *data, uint16_t cell)
{
}

struct apply_writer kernel_get_writer(struct kernel *kernel)
{
	return (struct apply_writer){map_put, map_del, map_bump, kernel};
}

void kernel_load(const struct kernel *kernel, struct desired *desired)
{
	for (int i = 0; i < DESIRED_MAP_COUNT; i++) {
		GHashTableIter iter;
		gpointer key, value;

		g_hash_table_iter_init(&iter, kernel->maps[i]);
		while (g_hash_table_iter_next(&iter, &key, &value))
			desired_load(desired, i, g_bytes_get_data(key, NULL),
				     g_bytes_get_data(value, NULL));
	}
}

void kernel_recover(const struct kernel *kernel, struct state *state)
{
	GHashTableIter iter;
	gpointer key, value;

	g_hash_table_iter_init(&iter, kernel->maps[DESIRED_VTEP]);
	while (g_hash_table_iter_next(&iter, &key, &value)) {
		const struct vtep_value *vtep = g_bytes_get_data(value, NULL);
		struct ip remote;
		uint32_t index;

		memcpy(&index, g_bytes_get_data(key, NULL), sizeof(index));
		memcpy(remote.b, vtep->remote.b, sizeof(remote.b));
		state_recover_vtep(state, index, remote);
	}
}

struct comparison {
	const struct kernel *kernel;
	gsize wanted;
	char *difference;
};

static void compare_entry(enum desired_map map, const void *key, const void *value, void *data)
{
	const struct desired_shape *shape = &desired_shapes[map];
	struct comparison *comparison = data;
	g_autoptr(GBytes) bytes = g_bytes_new(key, shape->key_size);
	GBytes *held = g_hash_table_lookup(comparison->kernel->maps[map], bytes);

	comparison->wanted++;
	if (comparison->difference)
		return;
	if (!held)
		comparison->difference =
			g_strdup_printf("map %s: an entry is missing", shape->name);
	else if (memcmp(g_bytes_get_data(held, NULL), value, shape->value_size) != 0)
		comparison->difference =
			g_strdup_printf("map %s: an entry has another value", shape->name);
}

char *kernel_compare(const struct kernel *kernel, struct desired *desired)
{
	struct comparison comparison = {.kernel = kernel};

	desired_foreach(desired, compare_entry, &comparison);
	if (!comparison.difference && comparison.wanted != kernel_count(kernel))
		return g_strdup_printf("%zu entries are held, %zu wanted", kernel_count(kernel),
				       comparison.wanted);
	return comparison.difference;
}
