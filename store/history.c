/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Revisions grow, with gaps where the store is shared; a place in the history is found by
 * halving. A watch that is freed inside a delivery is swept after it.
 */
#include "store/history.h"

#include "store/txn.h"

#define ENTRY_OVERHEAD 128	   /* bytes of memory besides key and value */
#define BYTES_USUAL    (1U << 20)  /* for a watch that comes late */
#define BYTES_HELD     (64U << 20) /* ... and one that is there */
#define ENTRIES_SMALL  64	   /* of a record that is freed on the spot */

struct record {
	uint64_t revision;
	GArray *changes; /* owns what ENTRIES points to */
	struct store_entry *entries;
	gsize bytes;
};

struct history {
	uint64_t last;	    /* everything until here has been added */
	uint64_t floor;	    /* everything after it is known */
	GPtrArray *records; /* of struct record, oldest first */
	guint start;	    /* those before it are gone (NULL) */
	GPtrArray *trash; /* of struct record: large ones, to be freed in a turn of their own */
	gsize bytes;
	guint holds;	    /* who reads */
	bool alone;	    /* nobody else makes revisions: none is in the future */
	GPtrArray *watches; /* borrowed: a watch is its owner's */
	bool delivering;
};

/* Owned by whoever asked for it. */
struct store_watch {
	struct history *history; /* NULL: the store is closed */
	char *prefix;
	uint64_t after;
	store_watcher watcher;
	void *data;
	bool dead;
};

static void record_free(void *data)
{
	struct record *record = data;

	if (!record)
		return;
	g_array_unref(record->changes);
	g_free(record->entries);
	g_free(record);
}

struct history *history_new(uint64_t revision, bool alone)
{
	struct history *history = g_new0(struct history, 1);

	history->last = revision;
	history->floor = revision;
	history->alone = alone;
	history->records = g_ptr_array_new_with_free_func(record_free);
	history->trash = g_ptr_array_new_with_free_func(record_free);
	history->watches = g_ptr_array_new();
	return history;
}

void history_free(struct history *history)
{
	for (guint i = 0; i < history->watches->len; i++)
		((struct store_watch *)history->watches->pdata[i])->history = NULL;
	g_ptr_array_unref(history->watches);
	g_ptr_array_unref(history->records);
	g_ptr_array_unref(history->trash);
	g_free(history);
}

/* Somebody has not seen RECORD, or may turn out not to have. */
static bool record_is_wanted(const struct history *history, const struct record *record)
{
	for (guint i = 0; i < history->watches->len; i++)
		if (((struct store_watch *)history->watches->pdata[i])->after <
		    record->revision)
			return true;
	return history->holds > 0;
}

static void history_trim(struct history *history)
{
	GPtrArray *records = history->records;

	while (history->bytes > BYTES_USUAL && history->start < records->len) {
		struct record *oldest = records->pdata[history->start];

		if (history->bytes <= BYTES_HELD && record_is_wanted(history, oldest))
			break;
		history->bytes -= oldest->bytes;
		history->floor = oldest->revision;
		records->pdata[history->start++] = NULL;
		if (oldest->changes->len > ENTRIES_SMALL)
			g_ptr_array_add(history->trash, oldest);
		else
			record_free(oldest);
	}
	if (history->start > 64 && history->start > records->len / 2) {
		g_ptr_array_remove_range(records, 0, history->start);
		history->start = 0;
	}
}

void history_add(struct history *history, GArray *changes, uint64_t revision)
{
	struct record *record = g_new0(struct record, 1);

	g_assert(revision > history->last);
	record->revision = revision;
	record->changes = changes;
	record->entries = g_new(struct store_entry, changes->len);
	for (guint i = 0; i < changes->len; i++) {
		const struct txn_change *change = &g_array_index(changes, struct txn_change, i);

		record->entries[i] = (struct store_entry){.key = change->key,
							  .value = change->value,
							  .size = change->size,
							  .revision = revision};
		record->bytes += ENTRY_OVERHEAD + change->size;
	}
	g_ptr_array_add(history->records, record);
	history->last = revision;
	history->bytes += record->bytes;
	history_trim(history);
}

bool history_sweep(struct history *history)
{
	if (history->trash->len > 0)
		g_ptr_array_set_size(history->trash, (gint)history->trash->len - 1);
	return history->trash->len > 0;
}

bool history_has_trash(const struct history *history)
{
	return history->trash->len > 0;
}

void history_hold(struct history *history)
{
	history->holds++;
}

void history_release(struct history *history)
{
	history->holds--;
}

void history_pass(struct history *history, uint64_t revision)
{
	history->last = MAX(history->last, revision);
}

void history_reset(struct history *history, uint64_t revision)
{
	g_ptr_array_set_size(history->records, 0);
	history->start = 0;
	history->bytes = 0;
	history->last = history->floor = revision;
}

uint64_t history_get_last(const struct history *history)
{
	return history->last;
}

/* The place of the first record after REVISION. */
static guint history_find_after(const struct history *history, uint64_t revision)
{
	guint low = history->start, high = history->records->len;

	while (low < high) {
		guint middle = low + (high - low) / 2;

		if (((struct record *)history->records->pdata[middle])->revision > revision)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static void watch_tell(struct store_watch *watch, const struct record *record)
{
	g_autofree struct store_entry *some = NULL;
	uint64_t revision = record->revision;
	gsize count = 0;

	watch->after = revision;
	if (*watch->prefix == '\0') {
		watch->watcher(record->entries, record->changes->len, revision, false,
			       watch->data);
		return;
	}
	for (guint i = 0; i < record->changes->len; i++) {
		if (!g_str_has_prefix(record->entries[i].key, watch->prefix))
			continue;
		if (!some)
			some = g_new(struct store_entry, record->changes->len - i);
		some[count++] = record->entries[i];
	}
	if (count > 0)
		watch->watcher(some, count, revision, false, watch->data);
}

/* A record may be trimmed, and the history reset, by nobody while watchers run. */
static void watch_advance(struct history *history, struct store_watch *watch)
{
	guint place;

	if (!watch->dead && (watch->after < history->floor ||
			     (history->alone && watch->after > history->last))) {
		watch->after = history->last;
		watch->watcher(NULL, 0, history->last, true, watch->data);
	}
	if (watch->dead || watch->after >= history->last)
		return;
	for (place = history_find_after(history, watch->after);
	     !watch->dead && place < history->records->len; place++)
		watch_tell(watch, history->records->pdata[place]);
	watch->after = MAX(watch->after, history->last);
}

void history_deliver(struct history *history)
{
	if (history->delivering)
		return;
	history->delivering = true;
	/* A watch made by a watcher is appended and served in the same pass. */
	for (guint i = 0; i < history->watches->len; i++)
		watch_advance(history, history->watches->pdata[i]);
	history->delivering = false;
	history_trim(history);
	for (guint i = history->watches->len; i-- > 0;) {
		struct store_watch *watch = history->watches->pdata[i];

		if (!watch->dead)
			continue;
		g_ptr_array_remove_index(history->watches, i);
		watch->history = NULL;
		store_watch_free(watch);
	}
}

bool history_is_behind(const struct history *history)
{
	for (guint i = 0; i < history->watches->len; i++) {
		const struct store_watch *watch = history->watches->pdata[i];

		if (watch->after < history->last ||
		    (history->alone && watch->after > history->last))
			return true;
	}
	return false;
}

struct store_watch *history_watch(struct history *history, const char *prefix, uint64_t after,
				  store_watcher watcher, void *data)
{
	struct store_watch *watch = g_new0(struct store_watch, 1);

	watch->history = history;
	watch->prefix = g_strdup(prefix);
	watch->after = after;
	watch->watcher = watcher;
	watch->data = data;
	g_ptr_array_add(history->watches, watch);
	return watch;
}

void store_watch_free(struct store_watch *watch)
{
	if (!watch)
		return;
	if (watch->history && watch->history->delivering) {
		watch->dead = true;
		return;
	}
	if (watch->history)
		g_ptr_array_remove(watch->history->watches, watch);
	g_free(watch->prefix);
	g_free(watch);
}
