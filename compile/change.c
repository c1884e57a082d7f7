/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A change is one (host, table, key): what the host had at the last flush, and what it shall
 * have now. First the changed rows are spread to those who saw them; then hosts gain and
 * lose whole scopes. A loss takes back only what the same row has given, because another
 * row may have taken over the key (a VNI used again).
 */
#include "compile/change.h"

#include "compile/audience.h"
#include "compile/component.h"
#include "compile/row.h"

struct change {
	struct host_unit *host;
	struct row *row; /* that HAS comes from */
	GRefString *had; /* at the last flush; NULL: nothing */
	GRefString *has; /* now; NULL: nothing */
	const char *key; /* a row's: rows end after changes */
	enum compile_table table;
	guint hash;
};

guint change_hash(gconstpointer data)
{
	const struct change *change = data;

	return change->hash ^ g_direct_hash(change->host) >> 4;
}

gboolean change_same(gconstpointer a, gconstpointer b)
{
	const struct change *left = a, *right = b;

	return left->host == right->host && left->table == right->table &&
	       (left->key == right->key || g_str_equal(left->key, right->key));
}

static void ref_string_set(GRefString **string, GRefString *value)
{
	g_clear_pointer(string, g_ref_string_release);
	if (value)
		*string = g_ref_string_acquire(value);
}

static void change_free(struct change *change)
{
	ref_string_set(&change->had, NULL);
	ref_string_set(&change->has, NULL);
	g_free(change);
}

static struct change *change_get(struct compile *compile, struct host_unit *host,
				 const struct row *row)
{
	struct change probe = {
		.host = host, .key = row->key, .table = row->table, .hash = row->hash};
	struct change *change = g_hash_table_lookup(compile->changes, &probe);

	compile->work.changes++;
	if (change)
		return change;
	change = g_new0(struct change, 1);
	*change = probe;
	g_hash_table_add(compile->changes, change);
	g_ptr_array_add(compile->log, change);
	return change;
}

static bool row_is_for(const struct row *row, const struct host_unit *host)
{
	return row->table != COMPILE_MEMBER || row->host != host;
}

static void change_give(struct change *change, struct row *row)
{
	ref_string_set(&change->has, row->value);
	change->row = row;
}

void change_gain(struct compile *compile, struct host_unit *host, struct row *row)
{
	if (!compile->muted && row_is_for(row, host))
		change_give(change_get(compile, host, row), row);
}

void change_lose(struct compile *compile, struct host_unit *host, struct row *row)
{
	struct change *change;

	if (compile->muted || !row_is_for(row, host))
		return;
	change = change_get(compile, host, row);
	if (change->row == row) {
		ref_string_set(&change->has, NULL);
		change->row = NULL;
		/* What it had is noted by change_spread if the row changed; if it gained the
		 * row in this flush, it had nothing. */
	} else if (!row->changed) {
		ref_string_set(&change->had, row->value);
	}
}

void change_gain_rows(struct compile *compile, struct host_unit *host, const GPtrArray *rows)
{
	for (guint i = 0; i < rows->len; i++)
		change_gain(compile, host, rows->pdata[i]);
}

void change_lose_rows(struct compile *compile, struct host_unit *host, const GPtrArray *rows)
{
	for (guint i = 0; i < rows->len; i++)
		change_lose(compile, host, rows->pdata[i]);
}

static void spread_to(struct compile *compile, struct host_unit *host,
		      const struct row_change *changed)
{
	struct row *row = changed->row;
	struct change *change;

	if (!row_is_for(row, host))
		return;
	change = change_get(compile, host, row);
	if (changed->old)
		ref_string_set(&change->had, changed->old);
	if (row->value)
		change_give(change, row);
}

static void spread_to_members(struct compile *compile, const struct component *component,
			      const struct row_change *changed)
{
	const struct row *row = changed->row;
	GHashTableIter iter;
	gpointer host;

	g_hash_table_iter_init(&iter, component->hosts);
	while (g_hash_table_iter_next(&iter, &host, NULL))
		if (row->table != COMPILE_HOST || host != row->host)
			spread_to(compile, host, changed);
}

void change_spread(struct compile *compile)
{
	if (compile->muted)
		return;
	for (guint i = 0; i < compile->changed->len; i++) {
		const struct row_change *changed =
			&g_array_index(compile->changed, struct row_change, i);
		const struct row *row = changed->row;
		GHashTableIter iter;
		gpointer component, host;

		if (row->table == COMPILE_PORT) {
			spread_to(compile, row->host, changed);
		} else if (row->audience) {
			g_hash_table_iter_init(&iter, row->audience->hosts);
			while (g_hash_table_iter_next(&iter, &host, NULL))
				spread_to(compile, host, changed);
		} else if (row->table == COMPILE_HOST) {
			g_hash_table_iter_init(&iter, row->host->components);
			while (g_hash_table_iter_next(&iter, &component, NULL))
				spread_to_members(compile, component, changed);
		} else {
			spread_to_members(compile, row->scope->component, changed);
		}
	}
}

/* Puts in table order, then deletions in reverse. */
static void change_emit_table(struct compile *compile, enum compile_table table, bool put)
{
	for (guint i = 0; i < compile->log->len; i++) {
		struct change *change = compile->log->pdata[i];

		if (change->table != table || !change->has == put)
			continue;
		compile->emit(change->host->name, table, change->key, change->has,
			      compile->revision, compile->data);
	}
}

static bool change_is_void(const struct change *change)
{
	if (!change->had || !change->has)
		return change->had == change->has;
	return change->had == change->has || g_str_equal(change->had, change->has);
}

void change_emit(struct compile *compile)
{
	guint kept = 0;

	g_hash_table_remove_all(compile->changes);
	for (guint i = 0; i < compile->log->len; i++) {
		struct change *change = compile->log->pdata[i];

		if (change_is_void(change))
			change_free(change);
		else
			compile->log->pdata[kept++] = change;
	}
	g_ptr_array_set_size(compile->log, kept);
	for (int table = 0; compile->emit && table < COMPILE_TABLE_COUNT; table++)
		change_emit_table(compile, table, true);
	for (int table = COMPILE_TABLE_COUNT; compile->emit && table-- > 0;)
		change_emit_table(compile, table, false);
	for (guint i = 0; i < compile->log->len; i++)
		change_free(compile->log->pdata[i]);
	g_ptr_array_set_size(compile->log, 0);
}
