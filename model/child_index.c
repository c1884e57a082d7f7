/* SPDX-License-Identifier: Apache-2.0 */
#include "model/child_index.h"

struct child_index {
	GHashTable *lists; /* struct uuid, owned -> GPtrArray; never empty */
};

struct child_index *child_index_new(void)
{
	struct child_index *index = g_new0(struct child_index, 1);

	index->lists = g_hash_table_new_full(uuid_hash, uuid_same, g_free,
					     (GDestroyNotify)g_ptr_array_unref);
	return index;
}

void child_index_free(struct child_index *index)
{
	if (!index)
		return;
	g_hash_table_unref(index->lists);
	g_free(index);
}

void child_index_add(struct child_index *index, struct uuid parent, const void *child)
{
	GPtrArray *list = g_hash_table_lookup(index->lists, &parent);

	if (uuid_is_none(parent))
		return;
	if (!list) {
		list = g_ptr_array_new();
		g_hash_table_insert(index->lists, g_memdup2(&parent, sizeof(parent)), list);
	}
	g_ptr_array_add(list, (void *)child);
}

void child_index_del(struct child_index *index, struct uuid parent, const void *child)
{
	GPtrArray *list = g_hash_table_lookup(index->lists, &parent);

	if (list && g_ptr_array_remove_fast(list, (void *)child) && list->len == 0)
		g_hash_table_remove(index->lists, &parent);
}

const GPtrArray *child_index_list(const struct child_index *index, struct uuid parent)
{
	return g_hash_table_lookup(index->lists, &parent);
}
