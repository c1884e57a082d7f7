/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows and their lists. A retired row leaves its list at once, so whoever joins later never
 * sees it, and waits in compile->changed for those who had it.
 */
#include "compile/row.h"

guint compile_row_hash(enum compile_table table, const char *key)
{
	return g_str_hash(key) * COMPILE_TABLE_COUNT + table;
}

guint row_hash(gconstpointer data)
{
	const struct row *row = data;

	return row->hash;
}

gboolean row_same(gconstpointer a, gconstpointer b)
{
	const struct row *left = a, *right = b;

	return left->table == right->table && g_str_equal(left->key, right->key);
}

static void row_change(struct compile *compile, struct row *row, GRefString *value)
{
	if (!row->changed) {
		row->changed = true;
		row->old = g_steal_pointer(&row->value);
		g_ptr_array_add(compile->changed, row);
	}
	g_clear_pointer(&row->value, g_ref_string_release);
	row->value = value;
}

static struct row *row_new(struct row_place place, const char *key)
{
	struct row *row = g_new0(struct row, 1);

	row->table = place.table;
	row->key = g_ref_string_new(key);
	row->hash = compile_row_hash(place.table, key);
	row->list = place.list;
	row->scope = place.scope;
	row->host = place.host;
	row->audience = place.audience;
	if (row->list) {
		row->index = row->list->len;
		g_ptr_array_add(row->list, row);
	}
	return row;
}

static bool row_is_at(const struct row *row, struct row_place place, const char *key)
{
	return row->table == place.table && row->list == place.list &&
	       row->scope == place.scope && row->host == place.host &&
	       row->audience == place.audience && g_str_equal(row->key, key);
}

/* Makes *row a row of KEY at PLACE; true when it says VALUE already. */
static bool row_prepare(struct compile *compile, struct row **row, struct row_place place,
			const char *key, const char *value)
{
	if (*row && !row_is_at(*row, place, key))
		row_retire(compile, row);
	if (*row && g_str_equal((*row)->value, value))
		return true;
	if (!*row)
		*row = row_new(place, key);
	return false;
}

void row_put(struct compile *compile, struct row **row, struct row_place place, char *key,
	     char *value)
{
	if (!row_prepare(compile, row, place, key, value))
		row_change(compile, *row, g_ref_string_new(value));
	g_free(key);
	g_free(value);
}

void row_put_shared(struct compile *compile, struct row **row, struct row_place place,
		    char *key, GRefString *value)
{
	if (!row_prepare(compile, row, place, key, value))
		row_change(compile, *row, g_ref_string_acquire(value));
	g_free(key);
}

static void row_unlist(struct row *row)
{
	struct row *last;

	if (!row->list)
		return;
	last = row->list->pdata[row->list->len - 1];
	last->index = row->index;
	g_ptr_array_remove_index_fast(row->list, row->index);
	row->list = NULL;
}

void row_retire(struct compile *compile, struct row **row)
{
	struct row *retired = g_steal_pointer(row);

	if (!retired)
		return;
	row_unlist(retired);
	row_change(compile, retired, NULL);
}

void row_settle(struct compile *compile)
{
	for (guint i = 0; i < compile->changed->len; i++) {
		struct row *row = compile->changed->pdata[i];

		row->changed = false;
		g_clear_pointer(&row->old, g_ref_string_release);
		if (!row->value)
			compile_row_free(row);
	}
	g_ptr_array_set_size(compile->changed, 0);
}

void compile_row_free(struct row *row)
{
	if (!row)
		return;
	g_ref_string_release(row->key);
	g_clear_pointer(&row->value, g_ref_string_release);
	g_clear_pointer(&row->old, g_ref_string_release);
	g_free(row);
}
