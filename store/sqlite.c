/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The embedded store. A thread writes, for a disk takes its time and the loop has none: one
 * group of transactions after the other, each with all that has gathered meanwhile, as one SQLite
 * transaction with one flush. The database is the thread's while a group is under way and the
 * loop's otherwise. Callbacks run in the loop. When the group cannot be written each is tried
 * alone, so that one that does not fit takes no other with it.
 */
#include "store/sqlite.h"

#include <sqlite3.h>
#include <string.h>
#include "lib/error.h"
#include "store/history.h"
#include "store/sqlite_file.h"
#include "store/txn.h"

#define TELL_US 500 /* of what follows a commit, in one turn of the loop */

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

/* Transactions on their way to the disk, and back. */
struct group {
	GPtrArray *works;
	uint64_t revision; /* of the last one that was written */
	uint64_t flushes;
};

struct sqlite {
	struct store store;
	struct sqlite_file file;
	GSource *source;
	GPtrArray *waiting; /* of struct work, in order */
	struct history *history;
	uint64_t revision;
	GThread *thread;	       /* NULL: nothing was written yet */
	GAsyncQueue *orders, *answers; /* of struct group */
	bool writing;		       /* a group is with the thread */
	struct group *telling;	       /* one that is durable and whose callbacks run; NULL */
	guint told;		       /* ... of how many of its works */
	bool announced;		       /* ... and the watches know of the next one */
};

static void work_free(void *data)
{
	struct work *work = data;

	if (!work)
		return;
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

static bool sqlite_apply_all(struct sqlite *s, struct group *group, struct work **works,
			     gsize count, GError **error)
{
	uint64_t revision = group->revision;

	for (gsize i = 0; i < count; i++)
		if (!sqlite_apply(s, works[i], &revision, error))
			return false;
	if (revision == group->revision)
		return sqlite_file_run(&s->file, SQL_COMMIT, error);
	sqlite3_bind_int64(s->file.statements[SQL_REVISION], 1, (sqlite3_int64)revision);
	if (!sqlite_file_run(&s->file, SQL_REVISION, error) ||
	    !sqlite_file_run(&s->file, SQL_COMMIT, error))
		return false;
	group->revision = revision;
	group->flushes++;
	return true;
}

/* All of them on disk, or none. */
static bool sqlite_commit_works(struct sqlite *s, struct group *group, struct work **works,
				gsize count, GError **error)
{
	if (!sqlite_file_run(&s->file, SQL_BEGIN, error))
		return false;
	if (sqlite_apply_all(s, group, works, count, error))
		return true;
	/* Some errors have rolled back by themselves. */
	if (!sqlite3_get_autocommit(s->file.db))
		sqlite_file_run(&s->file, SQL_ROLLBACK, NULL);
	return false;
}

static void sqlite_commit_group(struct sqlite *s, struct group *group)
{
	struct work **works = (struct work **)group->works->pdata;
	guint count = group->works->len;
	g_autoptr(GError) unused = NULL;

	if (sqlite_commit_works(s, group, works, count,
				count > 1 ? &unused : &works[0]->error) ||
	    count == 1)
		return;
	for (guint i = 0; i < count; i++)
		sqlite_commit_works(s, group, works + i, 1, &works[i]->error);
}

static void *sqlite_write(void *data)
{
	struct sqlite *s = data;
	struct group *group;

	while ((group = g_async_queue_pop(s->orders))->works) {
		sqlite_commit_group(s, group);
		g_async_queue_push(s->answers, group);
		g_source_set_ready_time(s->source, 0);
	}
	g_free(group);
	return NULL;
}

/* --- callbacks ----------------------------------------------------------------------- */

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

/* Before its own callback everybody knows. */
static void sqlite_announce(struct sqlite *s, struct work *work)
{
	if (work->changed && !work->error)
		sqlite_remember(s, work);
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
	work->done(work->revision, work->failed_key, conflict, work->data);
}

static void group_free(struct group *group)
{
	g_ptr_array_unref(group->works);
	g_free(group);
}

/* One step. What one large transaction asks for together would hold the loop for long: the
 * watches are told in one, its callback runs in another, its memory goes in a third. */
static void sqlite_tell_next(struct sqlite *s)
{
	struct work **place = (struct work **)&s->telling->works->pdata[s->told];

	if (!s->announced) {
		s->announced = true;
		sqlite_announce(s, *place);
	} else if ((*place)->done) {
		sqlite_tell(s, *place);
		(*place)->done = NULL;
	} else {
		g_clear_pointer(place, work_free);
		s->announced = false;
		s->told++;
	}
}

static void sqlite_tell_some(struct sqlite *s)
{
	gint64 until = g_get_monotonic_time() + TELL_US;

	do
		sqlite_tell_next(s);
	while (s->told < s->telling->works->len && g_get_monotonic_time() < until);
	if (s->told == s->telling->works->len)
		g_clear_pointer(&s->telling, group_free);
	if (s->telling || history_has_trash(s->history))
		g_source_set_ready_time(s->source, 0);
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
	sqlite3_db_release_memory(s->file.db); /* pages that only a start reads all of */
	work->range_done((const struct store_entry *)(const void *)entries->data,
			 error ? 0 : entries->len, s->revision, error, work->data);
}

/* --- the loop ------------------------------------------------------------------------ */

static GPtrArray *works_new(void)
{
	return g_ptr_array_new_with_free_func(work_free);
}

/* The transactions in front, in order. */
static GPtrArray *sqlite_take_works(struct sqlite *s)
{
	GPtrArray *works = s->waiting, *rest = works_new();
	guint count = 0;

	while (count < works->len && ((struct work *)works->pdata[count])->txn)
		count++;
	for (guint i = count; i < works->len; i++)
		g_ptr_array_add(rest, g_steal_pointer(&works->pdata[i]));
	g_ptr_array_set_size(works, (gint)count);
	s->waiting = rest;
	return works;
}

static void sqlite_begin_group(struct sqlite *s)
{
	struct group *group = g_new0(struct group, 1);

	group->works = sqlite_take_works(s);
	group->revision = s->revision;
	s->writing = true;
	if (!s->thread)
		s->thread = g_thread_new("sqlite", sqlite_write, s);
	g_async_queue_push(s->orders, group);
}

static void sqlite_take_answer(struct sqlite *s, struct group *group)
{
	s->writing = false;
	s->revision = group->revision;
	s->store.counters.flushes += group->flushes;
	s->telling = group;
	s->told = 0;
	s->announced = false;
}

/* The disk has its next group before the callbacks of the last one run. A range sees, and comes
 * after, all that was asked for before it. */
static void sqlite_work(struct sqlite *s)
{
	while (!s->writing && s->waiting->len) {
		struct work *first = s->waiting->pdata[0];

		if (first->txn) {
			sqlite_begin_group(s);
		} else if (s->telling) {
			break;
		} else {
			g_ptr_array_steal_index(s->waiting, 0);
			sqlite_range_now(s, first);
			work_free(first);
		}
	}
}

static void sqlite_turn(struct sqlite *s, bool wait)
{
	struct group *answer = NULL;

	history_deliver(s->history);
	if (s->writing && !s->telling)
		answer = wait ? g_async_queue_pop(s->answers)
			      : g_async_queue_try_pop(s->answers);
	if (answer)
		sqlite_take_answer(s, answer);
	sqlite_work(s);
	if (s->telling) {
		sqlite_tell_some(s);
		sqlite_work(s);
	} else if (history_sweep(s->history)) {
		g_source_set_ready_time(s->source, 0);
	}
	/* What came while callbacks ran has woken us to no avail. */
	if (!s->telling && s->writing && g_async_queue_length(s->answers) > 0)
		g_source_set_ready_time(s->source, 0);
}

static gboolean sqlite_dispatch(GSource *source, GSourceFunc callback, gpointer data)
{
	struct sqlite *s = data;

	g_source_set_ready_time(source, -1);
	sqlite_turn(s, false);
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
	if (s->thread) {
		g_async_queue_push(s->orders, g_new0(struct group, 1));
		g_thread_join(s->thread);
	}
	g_async_queue_unref(s->orders);
	g_async_queue_unref(s->answers);
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

	while (s->writing || s->telling || s->waiting->len > 0 || history_is_behind(s->history))
		sqlite_turn(s, true);
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
	s->history = history_new(s->revision, true);
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
	s->waiting = works_new();
	s->orders = g_async_queue_new();
	s->answers = g_async_queue_new();
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
