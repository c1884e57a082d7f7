/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The embedded store. What one turn of the loop brings is applied in the next: all its
 * transactions in one SQLite transaction, so that they share one flush to disk. Callbacks
 * run after it. When the group cannot be written each is tried alone, so that one that does
 * not fit takes no other with it.
 */
#include "store/sqlite.h"

#include <sqlite3.h>
#include <string.h>
#include "lib/error.h"
#include "store/history.h"
#include "store/sqlite_file.h"
#include "store/txn.h"

#define HISTORY_BYTES (64U << 20)

/* One thing that was asked for: a transaction, a range, or to be called when it is its turn. */
struct work {
	struct store_txn *txn;
	store_done done;
	char *prefix;
	uint64_t at;
	store_range_done range_done;
	store_synced synced;
	void *data;
	/* What became of the transaction. */
	uint64_t revision;
	bool changed;
	const char *failed_key; /* borrowed from TXN */
	GError *error;
};

struct sqlite {
	struct store store;
	struct sqlite_file file;
	GSource *source;
	GPtrArray *waiting; /* of struct work, in order */
	struct history *history;
	uint64_t revision;
};

static void work_free(void *data)
{
	struct work *work = data;

	store_txn_free(work->txn);
	g_free(work->prefix);
	g_clear_error(&work->error);
	g_free(work);
}

/* --- transactions -------------------------------------------------------------------- */

/* The revision of KEY, 0 when it does not exist. */
static bool sqlite_find(struct sqlite *s, const char *key, uint64_t *revision, GError **error)
{
	sqlite3_stmt *statement = s->file.statements[SQL_FIND];
	int result;

	sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
	result = sqlite3_step(statement);
	*revision = result == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(statement, 0) : 0;
	if (result != SQLITE_ROW && result != SQLITE_DONE)
		sqlite_file_fail(&s->file, "read", error);
	sqlite3_reset(statement);
	return result == SQLITE_ROW || result == SQLITE_DONE;
}

/* Fills failed_key when a requirement does not hold. False: the disk. */
static bool sqlite_check(struct sqlite *s, struct work *work, GError **error)
{
	const GArray *requires = work->txn->requires;

	for (guint i = 0; i < requires->len; i++) {
		const struct txn_require *require =
			&g_array_index(requires, struct txn_require, i);
		uint64_t found;

		if (!sqlite_find(s, require->key, &found, error))
			return false;
		if (require->any ? found > 0 : found == require->revision)
			continue;
		work->failed_key = require->key;
		return true;
	}
	return true;
}

static bool sqlite_change(struct sqlite *s, const struct txn_change *change, uint64_t revision,
			  GError **error)
{
	enum statement id = change->value ? SQL_PUT : SQL_DEL;
	sqlite3_stmt *statement = s->file.statements[id];

	sqlite3_bind_text(statement, 1, change->key, -1, SQLITE_STATIC);
	if (change->value) {
		sqlite3_bind_blob64(statement, 2, change->value, change->size, SQLITE_STATIC);
		sqlite3_bind_int64(statement, 3, (sqlite3_int64)revision);
	}
	return sqlite_file_run(&s->file, id, error);
}

/* Marks the deletions of what is not there. COUNT: the changes that are some. */
static bool sqlite_mark_idle(struct sqlite *s, struct store_txn *txn, guint *count,
			     GError **error)
{
	*count = 0;
	for (guint i = 0; i < txn->changes->len; i++) {
		struct txn_change *change = &g_array_index(txn->changes, struct txn_change, i);
		uint64_t found = 1;

		if (!change->value && !sqlite_find(s, change->key, &found, error))
			return false;
		change->idle = found == 0;
		*count += !change->idle;
	}
	return true;
}

static bool sqlite_apply(struct sqlite *s, struct work *work, uint64_t *revision,
			 GError **error)
{
	struct store_txn *txn = work->txn;
	guint count;

	work->changed = false;
	work->failed_key = NULL;
	work->revision = *revision;
	if (!sqlite_check(s, work, error))
		return false;
	if (work->failed_key)
		return true;
	if (!sqlite_mark_idle(s, txn, &count, error))
		return false;
	if (count == 0)
		return true;
	work->changed = true;
	work->revision = ++*revision;
	for (guint i = 0; i < txn->changes->len; i++) {
		const struct txn_change *change =
			&g_array_index(txn->changes, struct txn_change, i);

		if (!change->idle && !sqlite_change(s, change, work->revision, error))
			return false;
	}
	return true;
}

static bool sqlite_apply_all(struct sqlite *s, struct work **works, gsize count, GError **error)
{
	uint64_t revision = s->revision;

	for (gsize i = 0; i < count; i++)
		if (!sqlite_apply(s, works[i], &revision, error))
			return false;
	if (revision == s->revision)
		return sqlite_file_run(&s->file, SQL_COMMIT, error);
	sqlite3_bind_int64(s->file.statements[SQL_REVISION], 1, (sqlite3_int64)revision);
	if (!sqlite_file_run(&s->file, SQL_REVISION, error) ||
	    !sqlite_file_run(&s->file, SQL_COMMIT, error))
		return false;
	s->revision = revision;
	s->store.counters.flushes++;
	return true;
}

/* All of them on disk, or none. */
static bool sqlite_commit_group(struct sqlite *s, struct work **works, gsize count,
				GError **error)
{
	if (!sqlite_file_run(&s->file, SQL_BEGIN, error))
		return false;
	if (sqlite_apply_all(s, works, count, error))
		return true;
	/* Some errors have rolled back by themselves. */
	if (!sqlite3_get_autocommit(s->file.db))
		sqlite_file_run(&s->file, SQL_ROLLBACK, NULL);
	return false;
}

static void sqlite_remember(struct sqlite *s, struct work *work)
{
	GArray *changes = g_steal_pointer(&work->txn->changes);

	work->txn->changes = g_array_new(FALSE, FALSE, sizeof(struct txn_change));
	for (guint i = changes->len; i-- > 0;)
		if (g_array_index(changes, struct txn_change, i).idle)
			g_array_remove_index(changes, i);
	history_add(s->history, changes, work->revision);
	history_deliver(s->history);
}

static void sqlite_tell(struct sqlite *s, struct work *work)
{
	struct store_counters *counters = &s->store.counters;
	g_autoptr(GError) conflict = NULL;

	if (work->error) {
		g_prefix_error(&work->error, "store: ");
		counters->failed++;
		work->done(s->revision, NULL, work->error, work->data);
		return;
	}
	++*(work->failed_key ? &counters->conflicts : &counters->committed);
	if (work->failed_key)
		conflict = g_error_new(WEFT_ERROR, WEFT_ERROR_CONFLICT,
				       "key %s is not as required", work->failed_key);
	else if (work->changed)
		sqlite_remember(s, work);
	work->done(work->revision, work->failed_key, conflict, work->data);
}

static void sqlite_commit_works(struct sqlite *s, struct work **works, gsize count)
{
	g_autoptr(GError) unused = NULL;

	if (!sqlite_commit_group(s, works, count, count > 1 ? &unused : &works[0]->error) &&
	    count > 1)
		for (gsize i = 0; i < count; i++)
			sqlite_commit_group(s, works + i, 1, &works[i]->error);
	for (gsize i = 0; i < count; i++)
		sqlite_tell(s, works[i]);
}

/* --- ranges -------------------------------------------------------------------------- */

static void entry_clear(void *data)
{
	struct store_entry *entry = data;

	g_free((char *)entry->key);
	g_free((void *)entry->value);
}

static GArray *sqlite_read_range(struct sqlite *s, const char *prefix, GError **error)
{
	GArray *entries = g_array_new(FALSE, FALSE, sizeof(struct store_entry));
	sqlite3_stmt *statement = s->file.statements[SQL_RANGE];
	int result;

	g_array_set_clear_func(entries, entry_clear);
	sqlite3_bind_text(statement, 1, prefix, -1, SQLITE_STATIC);
	while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
		const char *key = (const char *)sqlite3_column_text(statement, 0);
		struct store_entry entry = {.size = (gsize)sqlite3_column_bytes(statement, 1)};
		char *value;

		if (!g_str_has_prefix(key, prefix))
			break;
		value = g_malloc(entry.size + 1);
		if (entry.size > 0)
			memcpy(value, sqlite3_column_blob(statement, 1), entry.size);
		value[entry.size] = '\0';
		entry.key = g_strdup(key);
		entry.value = value;
		entry.revision = (uint64_t)sqlite3_column_int64(statement, 2);
		g_array_append_val(entries, entry);
	}
	if (result != SQLITE_ROW && result != SQLITE_DONE)
		sqlite_file_fail(&s->file, "read", error);
	sqlite3_reset(statement);
	return entries;
}

static void sqlite_range_now(struct sqlite *s, const struct work *work)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GArray) entries = NULL;

	if (work->synced) {
		work->synced(s->revision, NULL, work->data);
		return;
	}
	entries = sqlite_read_range(s, work->prefix, &error);
	if (!error && work->at && work->at != s->revision)
		g_set_error(&error, WEFT_ERROR, WEFT_ERROR_UNAVAILABLE,
			    "revision %" G_GUINT64_FORMAT " is past", work->at);
	work->range_done((const struct store_entry *)(const void *)entries->data,
			 error ? 0 : entries->len, s->revision, error, work->data);
}

/* --- the loop ------------------------------------------------------------------------ */

static void sqlite_work(struct sqlite *s, GPtrArray *works)
{
	guint at = 0;

	while (at < works->len) {
		guint end = at;

		while (end < works->len && ((struct work *)works->pdata[end])->txn)
			end++;
		if (end > at)
			sqlite_commit_works(s, (struct work **)works->pdata + at, end - at);
		else
			sqlite_range_now(s, works->pdata[end++]);
		at = end;
	}
}

static void sqlite_turn(struct sqlite *s)
{
	g_autoptr(GPtrArray) works = g_steal_pointer(&s->waiting);

	s->waiting = g_ptr_array_new_with_free_func(work_free);
	history_deliver(s->history);
	sqlite_work(s, works);
}

static gboolean sqlite_dispatch(GSource *source, GSourceFunc callback, gpointer data)
{
	g_source_set_ready_time(source, -1);
	sqlite_turn(data);
	return G_SOURCE_CONTINUE;
}

static GSourceFuncs sqlite_source = {.dispatch = sqlite_dispatch};

static void sqlite_add_work(struct sqlite *s, struct work *work)
{
	g_ptr_array_add(s->waiting, work);
	g_source_set_ready_time(s->source, 0);
}

static void sqlite_commit(struct store *store, struct store_txn *txn, store_done done,
			  void *data)
{
	struct work *work = g_new0(struct work, 1);

	work->txn = txn;
	work->done = done;
	work->data = data;
	sqlite_add_work((struct sqlite *)store, work);
}

static void sqlite_sync(struct store *store, store_synced done, void *data)
{
	struct work *work = g_new0(struct work, 1);

	work->synced = done;
	work->data = data;
	sqlite_add_work((struct sqlite *)store, work);
}

static void sqlite_range(struct store *store, const char *prefix, uint64_t at,
			 store_range_done done, void *data)
{
	struct work *work = g_new0(struct work, 1);

	work->prefix = g_strdup(prefix);
	work->at = at;
	work->range_done = done;
	work->data = data;
	sqlite_add_work((struct sqlite *)store, work);
}

static struct store_watch *sqlite_watch_new(struct store *store, const char *prefix,
					    uint64_t after, store_watcher watcher, void *data)
{
	struct sqlite *s = (struct sqlite *)store;

	g_source_set_ready_time(s->source, 0);
	return history_watch(s->history, prefix, after, watcher, data);
}

static uint64_t sqlite_get_revision(const struct store *store)
{
	return ((const struct sqlite *)store)->revision;
}

static const char *sqlite_get_epoch(const struct store *store)
{
	return ((const struct sqlite *)store)->file.epoch;
}

/* --- open and close ------------------------------------------------------------------ */

static void sqlite_free(struct sqlite *s)
{
	sqlite_file_close(&s->file);
	g_free(s->store.news);
	if (s->source) {
		g_source_destroy(s->source);
		g_source_unref(s->source);
	}
	if (s->history)
		history_free(s->history);
	g_ptr_array_unref(s->waiting);
	g_free(s);
}

static void sqlite_close(struct store *store)
{
	struct sqlite *s = (struct sqlite *)store;

	while (s->waiting->len > 0 || history_is_behind(s->history))
		sqlite_turn(s);
	sqlite_free(s);
}

static const struct store_ops sqlite_ops = {
	.close = sqlite_close,
	.get_revision = sqlite_get_revision,
	.get_epoch = sqlite_get_epoch,
	.commit = sqlite_commit,
	.sync = sqlite_sync,
	.range = sqlite_range,
	.watch_new = sqlite_watch_new,
};

static struct store *sqlite_start(struct sqlite *s)
{
	s->revision = s->file.revision;
	if (s->file.upgraded_from)
		s->store.news = g_strdup_printf("schema upgraded from %d to %d",
						s->file.upgraded_from, STORE_SCHEMA);
	s->history = history_new(s->revision, HISTORY_BYTES, true);
	s->source = g_source_new(&sqlite_source, sizeof(GSource));
	g_source_set_callback(s->source, NULL, s, NULL);
	g_source_attach(s->source, NULL);
	return &s->store;
}

static struct store *sqlite_new(const char *path,
				bool (*open)(struct sqlite_file *file, const char *path,
					     GError **error),
				GError **error)
{
	struct sqlite *s = g_new0(struct sqlite, 1);

	s->store.ops = &sqlite_ops;
	s->waiting = g_ptr_array_new_with_free_func(work_free);
	if (open(&s->file, path, error))
		return sqlite_start(s);
	sqlite_free(s);
	return NULL;
}

struct store *sqlite_open(const char *path, const struct http_tls *tls, GError **error)
{
	return sqlite_new(path, sqlite_file_open, error);
}

struct store *sqlite_open_reading(const char *path, const struct http_tls *tls, GError **error)
{
	return sqlite_new(path, sqlite_file_open_reading, error);
}
