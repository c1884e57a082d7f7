/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows and their lists. A retired row leaves its list at once, so whoever joins later never
 * sees it, and waits in compile->changed for those who had it.
 *
 * What a port's own host is told is half a kilobyte, and nobody asks for it but that host when it
 * has lost everything: so it is not kept, only a digest that tells whether it has changed.
 */
#include "compile/row.h"

#include <string.h>

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

static struct digest digest_make(struct compile *compile, const char *text)
{
	guint8 sum[32];
	gsize size = sizeof(sum);
	struct digest digest;

	g_checksum_reset(compile->checksum);
	g_checksum_update(compile->checksum, (const guchar *)text, -1);
	g_checksum_get_digest(compile->checksum, sum, &size);
	memcpy(digest.b, sum, sizeof(digest.b));
	return digest;
}

static GRefString *row_let_go(struct compile *compile, struct row *row, const char *value)
{
	row->digest = digest_make(compile, value);
	return g_ref_string_acquire(compile->unkept);
}

bool row_is_unkept(const struct compile *compile, const struct row *row)
{
	return row->value == compile->unkept;
}

static bool row_says(struct compile *compile, const struct row *row, const char *value)
{
	struct digest digest;

	if (!row_is_unkept(compile, row))
		return g_str_equal(row->value, value);
	digest = digest_make(compile, value);
	return !memcmp(&row->digest, &digest, sizeof(digest));
}

static void row_change(struct compile *compile, struct row *row, GRefString *value)
{
	if (!row->changed) {
		const struct row_change change = {row, g_steal_pointer(&row->value)};

		row->changed = true;
		g_array_append_val(compile->changed, change);
	}
	g_clear_pointer(&row->value, g_ref_string_release);
	row->value = value;
}

static struct row *row_new(struct row_place place, const char *key)
{
	gsize size = strlen(key) + 1;
	struct row *row = g_malloc0(G_STRUCT_OFFSET(struct row, text) + size);

	row->table = place.table;
	row->key = memcpy(row->text, key, size);
	row->hash = compile_row_hash(place.table, key);
	row->list = place.list;
	row->host = place.host;
	if (row->table != COMPILE_PORT) {
		row->scope = place.scope;
		row->audience = place.audience;
	}
	if (row->list) {
		row->index = row->list->len;
		g_ptr_array_add(row->list, row);
	}
	return row;
}

static bool row_is_at(const struct row *row, struct row_place place, const char *key)
{
	return row->table == place.table && row->list == place.list &&
	       row->host == place.host &&
	       (row->table == COMPILE_PORT ||
		(row->scope == place.scope && row->audience == place.audience)) &&
	       g_str_equal(row->key, key);
}

/* Makes *row a row of KEY at PLACE; true when it says VALUE already. */
static bool row_prepare(struct compile *compile, struct row **row, struct row_place place,
			const char *key, const char *value)
{
	if (*row && !row_is_at(*row, place, key))
		row_retire(compile, row);
	if (*row && row_says(compile, *row, value))
		return true;
	if (!*row)
		*row = row_new(place, key);
	return false;
}

/* Of rows that nobody is told a value is not kept even until the flush ends: half of the first
 * flush would leave its holes. */
static GRefString *row_keep(struct compile *compile, struct row *row, const char *value)
{
	return compile->muted && row->table == COMPILE_PORT ? row_let_go(compile, row, value)
							    : g_ref_string_new(value);
}

void row_put(struct compile *compile, struct row **row, struct row_place place, char *key,
	     char *value)
{
	if (!row_prepare(compile, row, place, key, value))
		row_change(compile, *row, row_keep(compile, *row, value));
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

void row_doubt(struct row *row)
{
	memset(&row->digest, 0, sizeof(row->digest));
}

void row_settle(struct compile *compile)
{
	for (guint i = 0; i < compile->changed->len; i++) {
		struct row_change *change =
			&g_array_index(compile->changed, struct row_change, i);
		g_autoptr(GRefString) value = NULL;
		struct row *row = change->row;

		row->changed = false;
		g_clear_pointer(&change->old, g_ref_string_release);
		if (!row->value) {
			compile_row_free(row);
		} else if (row->table == COMPILE_PORT && !row_is_unkept(compile, row)) {
			value = row->value;
			row->value = row_let_go(compile, row, value);
		}
	}
	g_array_set_size(compile->changed, 0);
}

void compile_row_free(struct row *row)
{
	if (!row)
		return;
	g_clear_pointer(&row->value, g_ref_string_release);
	g_free(row);
}
