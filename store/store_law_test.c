/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every store must do, against a naive twin: random histories in groups of any size,
 * requirements that hold and fail, ranges, watches from anywhere, reopening. Where a store is
 * shared its revisions cannot be foretold: the twin learns each from the watch, and what is
 * told must still agree with it in all else.
 */
#include "store/store.h"

#include <string.h>
#include "lib/error.h"
#include "store/law_fixture.h"

/* --- the twin ------------------------------------------------------------------------ */

struct fact {
	char *key;
	char *value;	   /* NULL: deleted */
	uint64_t revision; /* 0: not told yet */
	unsigned int txn;  /* its transaction's number */
};

struct twin {
	GTree *keys;	   /* key -> struct fact (borrowed from `facts`) */
	GPtrArray *facts;  /* everything that ever happened, in order */
	uint64_t revision; /* as it must be when the store is alone */
	unsigned int txns; /* that changed something */
};

static void fact_free(void *data)
{
	struct fact *fact = data;

	g_free(fact->key);
	g_free(fact->value);
	g_free(fact);
}

static void twin_init(struct twin *twin)
{
	twin->keys = g_tree_new((GCompareFunc)(void (*)(void))strcmp);
	twin->facts = g_ptr_array_new_with_free_func(fact_free);
	twin->revision = 0;
}

static void twin_done(struct twin *twin)
{
	g_tree_unref(twin->keys);
	g_ptr_array_unref(twin->facts);
}

static const struct fact *twin_find(struct twin *twin, const char *key)
{
	return g_tree_lookup(twin->keys, key);
}

static void twin_change(struct twin *twin, const char *key, const char *value)
{
	struct fact *fact = g_new0(struct fact, 1);

	fact->key = g_strdup(key);
	fact->value = g_strdup(value);
	fact->txn = twin->txns;
	g_ptr_array_add(twin->facts, fact);
	if (value)
		g_tree_replace(twin->keys, fact->key, fact);
	else
		g_tree_remove(twin->keys, key);
}

/* --- the world ----------------------------------------------------------------------- */

struct world {
	struct store *store;
	bool alone;
	unsigned int serial; /* makes each value its own */
	struct twin twin;
	GRand *random;
	GPtrArray *watchers;
	unsigned int open; /* answers that are missing */
	unsigned int conflicts;
	unsigned int ranges;
};

/* A transaction's expected outcome. */
struct expected {
	struct world *world;
	uint64_t revision;	 /* when the store is alone */
	const struct fact *fact; /* one that it made; NULL: none */
	char *failed_key;
};

struct watcher {
	struct world *world;
	struct store_watch *watch;
	char *prefix;
	uint64_t after;	      /* told up to here */
	guint place;	      /* of the next fact */
	unsigned int free_in; /* calls until it frees itself inside one; 0: never */
};

static char *random_key(struct world *w)
{
	static const char *const kinds[] = {"port", "claim/ip", "network", "p"};

	return g_strdup_printf("%s/%d", kinds[g_rand_int_range(w->random, 0, 4)],
			       g_rand_int_range(w->random, 0, 8));
}

static void watcher_free(void *data)
{
	struct watcher *watcher = data;

	store_watch_free(watcher->watch);
	g_free(watcher->prefix);
	g_free(watcher);
}

/* What was told at REVISION are whole transactions, one of them when the store is alone. */
static void watcher_learn(struct watcher *watcher, gsize count, uint64_t revision)
{
	const struct world *w = watcher->world;
	const GPtrArray *facts = w->twin.facts;
	unsigned int first = 0, last = 0;

	g_assert_cmpuint(watcher->place + count, <=, facts->len);
	for (gsize i = 0; i < count; i++) {
		struct fact *fact = facts->pdata[watcher->place + i];

		fact->revision = revision;
		first = i ? first : fact->txn;
		last = fact->txn;
	}
	if (watcher->place + count < facts->len)
		g_assert_cmpuint(((struct fact *)facts->pdata[watcher->place + count])->txn, !=,
				 last);
	if (w->alone)
		g_assert_cmpuint(first, ==, last);
}

static void on_change(const struct store_entry *entries, gsize count, uint64_t revision,
		      bool lost, void *data)
{
	struct watcher *watcher = data;
	const GPtrArray *facts = watcher->world->twin.facts;

	g_assert_false(lost);
	g_assert_cmpuint(count, >, 0);
	g_assert_cmpuint(revision, >, watcher->after);
	if (watcher == watcher->world->watchers->pdata[0])
		watcher_learn(watcher, count, revision);
	for (gsize i = 0; i < count; i++) {
		const struct fact *fact;

		do {
			g_assert_cmpuint(watcher->place, <, facts->len);
			fact = facts->pdata[watcher->place++];
		} while (fact->revision <= watcher->after ||
			 !g_str_has_prefix(fact->key, watcher->prefix));
		g_assert_cmpuint(fact->revision, ==, revision);
		g_assert_cmpuint(entries[i].revision, ==, revision);
		g_assert_cmpstr(entries[i].key, ==, fact->key);
		g_assert_true(!entries[i].value == !fact->value);
		if (fact->value)
			g_assert_cmpmem(entries[i].value, entries[i].size, fact->value,
					strlen(fact->value));
	}
	watcher->after = revision;
	if (watcher->free_in > 0 && --watcher->free_in == 0)
		g_ptr_array_remove_fast(watcher->world->watchers, watcher);
}

static void watch_add(struct world *w, const char *prefix, uint64_t after)
{
	struct watcher *watcher = g_new0(struct watcher, 1);

	watcher->world = w;
	watcher->prefix = g_strdup(prefix);
	watcher->after = after;
	if (*prefix && g_rand_boolean(w->random))
		watcher->free_in = (unsigned int)g_rand_int_range(w->random, 1, 20);
	g_ptr_array_add(w->watchers, watcher);
	watcher->watch = store_watch_new(w->store, prefix, after, on_change, watcher);
}

/* The first watcher sees everything: a transaction before its own answer. */
static void on_done(uint64_t revision, const char *failed_key, const GError *error, void *data)
{
	struct expected *expected = data;
	struct world *w = expected->world;
	const struct watcher *first = w->watchers->pdata[0];

	g_assert_cmpstr(failed_key, ==, expected->failed_key);
	if (failed_key) {
		g_assert_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT);
		w->conflicts++;
	} else {
		g_assert_no_error(error);
		g_assert_cmpuint(store_revision(w->store), >=, revision);
		if (expected->fact)
			g_assert_cmpuint(revision, ==, expected->fact->revision);
		if (w->alone) {
			g_assert_cmpuint(revision, ==, expected->revision);
			g_assert_cmpuint(first->after, ==, revision);
		} else if (expected->fact) {
			g_assert_cmpuint(first->after, >=, revision);
		}
	}
	w->open--;
	g_free(expected->failed_key);
	g_free(expected);
}

static void add_requires(struct world *w, struct store_txn *txn, struct expected *expected)
{
	int count = g_rand_int_range(w->random, 0, 3);

	for (int i = 0; i < count; i++) {
		g_autofree char *key = random_key(w);
		const struct fact *found = twin_find(&w->twin, key);
		uint64_t wanted = found ? found->revision : 0;
		int kind = g_rand_int_range(w->random, 0, 8);
		bool holds = kind != 0;

		if (kind == 0)
			wanted = found ? wanted - (wanted > 0) : 1;
		if (kind == 1 || (kind > 1 && found && !wanted)) {
			store_txn_require_exists(txn, key);
			if (!found && !expected->failed_key)
				expected->failed_key = g_strdup(key);
			continue;
		}
		store_txn_require(txn, key, wanted);
		if (!holds && !expected->failed_key)
			expected->failed_key = g_strdup(key);
	}
}

/* Puts and deletions, some keys twice; CHANGED: what the twin is to change, in order. */
static void add_changes(struct world *w, struct store_txn *txn, GPtrArray *order,
			GHashTable *values)
{
	int count = g_rand_int_range(w->random, 0, 5);

	for (int i = 0; i < count; i++) {
		char *key = random_key(w);
		char *value = g_rand_int_range(w->random, 0, 3) == 0
				      ? NULL
				      : g_strdup_printf("v%u", w->serial++);

		if (value)
			store_txn_put(txn, key, value, strlen(value));
		else
			store_txn_del(txn, key);
		g_assert_true(store_txn_has(txn, key) == (value != NULL));
		if (!g_hash_table_contains(values, key))
			g_ptr_array_add(order, g_strdup(key));
		g_hash_table_replace(values, key, value);
	}
}

static void commit_one(struct world *w)
{
	struct store_txn *txn = store_txn_new(w->store);
	struct expected *expected = g_new0(struct expected, 1);
	g_autoptr(GPtrArray) order = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GHashTable) values =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	bool changed = false;

	expected->world = w;
	add_requires(w, txn, expected);
	add_changes(w, txn, order, values);
	for (guint i = 0; i < order->len && !expected->failed_key; i++) {
		const char *value = g_hash_table_lookup(values, order->pdata[i]);

		if (!value && !twin_find(&w->twin, order->pdata[i]))
			continue;
		twin_change(&w->twin, order->pdata[i], value);
		expected->fact = w->twin.facts->pdata[w->twin.facts->len - 1];
		changed = true;
	}
	w->twin.revision += changed;
	w->twin.txns += changed;
	expected->revision = w->twin.revision;
	w->open++;
	store_txn_commit(txn, on_done, expected);
}

struct range {
	struct world *world;
	char *prefix;
	GPtrArray *facts; /* what is to come */
	uint64_t revision;
};

static gboolean range_expect(gpointer key, gpointer value, gpointer data)
{
	const struct fact *fact = value;
	struct range *range = data;

	if (g_str_has_prefix(key, range->prefix))
		g_ptr_array_add(range->facts, (void *)fact);
	return FALSE;
}

static void on_range(const struct store_entry *entries, gsize count, uint64_t revision,
		     const GError *error, void *data)
{
	struct range *range = data;

	g_assert_no_error(error);
	if (range->world->alone)
		g_assert_cmpuint(revision, ==, range->revision);
	g_assert_cmpuint(count, ==, range->facts->len);
	for (gsize i = 0; i < count; i++) {
		const struct fact *fact = range->facts->pdata[i];

		g_assert_cmpstr(entries[i].key, ==, fact->key);
		g_assert_cmpmem(entries[i].value, entries[i].size, fact->value,
				strlen(fact->value));
		g_assert_cmpuint(entries[i].revision, <=, revision);
		if (fact->revision)
			g_assert_cmpuint(entries[i].revision, ==, fact->revision);
	}
	range->world->open--;
	range->world->ranges++;
	g_ptr_array_unref(range->facts);
	g_free(range->prefix);
	g_free(range);
}

/* Asks now, and expects what was committed until now. */
static void range_one(struct world *w, const char *prefix)
{
	struct range *range = g_new0(struct range, 1);

	range->world = w;
	range->prefix = g_strdup(prefix);
	range->facts = g_ptr_array_new();
	range->revision = w->twin.revision;
	g_tree_foreach(w->twin.keys, range_expect, range);
	w->open++;
	store_range(w->store, prefix, 0, on_range, range);
}

static void world_settle(struct world *w)
{
	while (w->open > 0)
		g_main_context_iteration(NULL, TRUE);
}

static void world_open(struct world *w, const char *url)
{
	g_autoptr(GError) error = NULL;

	w->store = store_open(url, NULL, &error);
	g_assert_no_error(error);
	w->watchers = g_ptr_array_new_with_free_func(watcher_free);
	w->alone = !store_is_shared(w->store);
	if (w->alone)
		g_assert_cmpuint(store_revision(w->store), ==, w->twin.revision);
	watch_add(w, "", store_revision(w->store));
	((struct watcher *)w->watchers->pdata[0])->place = w->twin.facts->len;
}

static void world_close(struct world *w)
{
	store_close(w->store);
	g_ptr_array_unref(w->watchers);
}

static void random_history(struct world *w, unsigned int steps, uint64_t known_after)
{
	static const char *const prefixes[] = {"", "p", "port/", "claim/", "network/3", "none"};

	for (unsigned int i = 0; i < steps; i++) {
		int kind = g_rand_int_range(w->random, 0, 20);
		const char *prefix = prefixes[g_rand_int_range(w->random, 0, 6)];

		if (kind == 0)
			range_one(w, prefix);
		else if (kind == 1)
			world_settle(w);
		else if (kind == 2 && w->open == 0)
			watch_add(w, prefix,
				  known_after + (store_revision(w->store) > known_after
							 ? g_rand_int(w->random) %
								   (store_revision(w->store) -
								    known_after)
							 : 0));
		else
			commit_one(w);
	}
	range_one(w, "");
	world_settle(w);
	for (guint i = 0; i < w->watchers->len; i++) {
		struct watcher *watcher = w->watchers->pdata[i];

		/* Nothing of its own is left untold. */
		for (guint f = watcher->place; f < w->twin.facts->len; f++) {
			const struct fact *fact = w->twin.facts->pdata[f];

			g_assert_true(fact->revision <= watcher->after ||
				      !g_str_has_prefix(fact->key, watcher->prefix));
		}
	}
}

static void law_history(const void *data)
{
	const char *url = data;
	bool kept = !g_str_has_suffix(url, ":memory:");
	struct world w = {0};

	w.random = g_rand_new_with_seed((guint32)g_test_rand_int());
	twin_init(&w.twin);
	for (unsigned int life = 0; life < (kept ? 6 : 1); life++) {
		world_open(&w, url);
		random_history(&w, kept ? 500 : 4000, store_revision(w.store));
		/* What is asked for before the end is done before the end. */
		commit_one(&w);
		range_one(&w, "p");
		world_close(&w);
		g_assert_cmpuint(w.open, ==, 0);
	}
	g_assert_cmpuint(w.conflicts, >, 50);
	g_assert_cmpuint(w.ranges, >, 50);
	twin_done(&w.twin);
	g_rand_free(w.random);
}

static const struct law laws[] = {{"history", law_history, true, true, true}};

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	laws_add(laws, G_N_ELEMENTS(laws));
	return laws_run();
}
