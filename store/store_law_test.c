/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every store must do, against a naive twin: random histories in groups of any size,
 * requirements that hold and fail, ranges, watches from anywhere, reopening, a process killed
 * in the middle, a disk that is full.
 */
#include "store/store.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <glib/gstdio.h>
#include "lib/error.h"

/* --- the twin ------------------------------------------------------------------------ */

struct fact {
	char *key;
	char *value; /* NULL: deleted */
	uint64_t revision;
};

struct twin {
	GTree *keys;	  /* key -> struct fact (borrowed from `facts`) */
	GPtrArray *facts; /* everything that ever happened, in order */
	uint64_t revision;
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

static uint64_t twin_find(struct twin *twin, const char *key)
{
	struct fact *fact = g_tree_lookup(twin->keys, key);

	return fact ? fact->revision : 0;
}

static void twin_change(struct twin *twin, const char *key, const char *value,
			uint64_t revision)
{
	struct fact *fact = g_new0(struct fact, 1);

	fact->key = g_strdup(key);
	fact->value = g_strdup(value);
	fact->revision = revision;
	g_ptr_array_add(twin->facts, fact);
	if (value)
		g_tree_replace(twin->keys, fact->key, fact);
	else
		g_tree_remove(twin->keys, key);
}

/* --- the world ----------------------------------------------------------------------- */

struct world {
	struct store *store;
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
	uint64_t revision;
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

static void on_change(const struct store_entry *entries, gsize count, uint64_t revision,
		      bool lost, void *data)
{
	struct watcher *watcher = data;
	const GPtrArray *facts = watcher->world->twin.facts;

	g_assert_false(lost);
	g_assert_cmpuint(count, >, 0);
	g_assert_cmpuint(revision, >, watcher->after);
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
		g_assert_cmpuint(revision, ==, expected->revision);
		g_assert_cmpuint(store_revision(w->store), >=, revision);
		g_assert_cmpuint(first->after, ==, revision);
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
		uint64_t found = twin_find(&w->twin, key);
		uint64_t wanted = found;
		bool holds = true;

		switch (g_rand_int_range(w->random, 0, 8)) {
		case 0:
			wanted = found ? found - 1 : 1;
			holds = false;
			break;
		case 1:
			store_txn_require_exists(txn, key);
			if (!found && !expected->failed_key)
				expected->failed_key = g_strdup(key);
			continue;
		default:
			break;
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
				      : g_strdup_printf("v%u", g_rand_int(w->random) % 1000);

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
		twin_change(&w->twin, order->pdata[i], value, w->twin.revision + 1);
		changed = true;
	}
	w->twin.revision += changed;
	expected->revision = w->twin.revision;
	w->open++;
	store_txn_commit(txn, on_done, expected);
}

struct range {
	struct world *world;
	char *prefix;
	GPtrArray *lines; /* what is to come, as text */
	uint64_t revision;
};

static gboolean range_expect(gpointer key, gpointer value, gpointer data)
{
	const struct fact *fact = value;
	struct range *range = data;

	if (g_str_has_prefix(key, range->prefix))
		g_ptr_array_add(range->lines,
				g_strdup_printf("%s=%s@%" G_GUINT64_FORMAT, fact->key,
						fact->value, fact->revision));
	return FALSE;
}

static void on_range(const struct store_entry *entries, gsize count, uint64_t revision,
		     const GError *error, void *data)
{
	struct range *range = data;

	g_assert_no_error(error);
	g_assert_cmpuint(revision, ==, range->revision);
	g_assert_cmpuint(count, ==, range->lines->len);
	for (gsize i = 0; i < count; i++) {
		g_autofree char *line = g_strdup_printf(
			"%s=%.*s@%" G_GUINT64_FORMAT, entries[i].key, (int)entries[i].size,
			(const char *)entries[i].value, entries[i].revision);

		g_assert_cmpstr(line, ==, range->lines->pdata[i]);
	}
	range->world->open--;
	range->world->ranges++;
	g_ptr_array_unref(range->lines);
	g_free(range->prefix);
	g_free(range);
}

/* Asks now, and expects what was committed until now. */
static void range_one(struct world *w, const char *prefix)
{
	struct range *range = g_new0(struct range, 1);

	range->world = w;
	range->prefix = g_strdup(prefix);
	range->lines = g_ptr_array_new_with_free_func(g_free);
	range->revision = w->twin.revision;
	g_tree_foreach(w->twin.keys, range_expect, range);
	w->open++;
	store_range(w->store, prefix, on_range, range);
}

static void world_settle(struct world *w)
{
	while (w->open > 0)
		g_main_context_iteration(NULL, TRUE);
}

static void world_open(struct world *w, const char *url)
{
	g_autoptr(GError) error = NULL;

	w->store = store_open(url, &error);
	g_assert_no_error(error);
	w->watchers = g_ptr_array_new_with_free_func(watcher_free);
	g_assert_cmpuint(store_revision(w->store), ==, w->twin.revision);
	watch_add(w, "", w->twin.revision);
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
				  known_after +
					  (w->twin.revision > known_after
						   ? g_rand_int(w->random) %
							     (w->twin.revision - known_after)
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
		uint64_t from = w.twin.revision;

		world_open(&w, url);
		random_history(&w, kept ? 500 : 4000, from);
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

/* --- single laws --------------------------------------------------------------------- */

struct answer {
	unsigned int count;
	uint64_t revision;
	int code; /* of the error, -1: none */
};

static void on_answer(uint64_t revision, const char *failed_key, const GError *error,
		      void *data)
{
	struct answer *answer = data;

	answer->count++;
	answer->revision = revision;
	answer->code = error ? error->code : -1;
}

static struct answer put(struct store *store, const char *key, const char *value, gsize size)
{
	struct store_txn *txn = store_txn_new(store);
	struct answer answer = {0};

	store_txn_put(txn, key, value, size);
	store_txn_commit(txn, on_answer, &answer);
	while (answer.count == 0)
		g_main_context_iteration(NULL, TRUE);
	return answer;
}

static void on_lost(const struct store_entry *entries, gsize count, uint64_t revision,
		    bool lost, void *data)
{
	GString *heard = data;

	g_string_append_printf(heard, "%s%" G_GUINT64_FORMAT " ", lost ? "lost" : "", revision);
}

static void law_lost(const void *data)
{
	struct store *store = store_open(data, NULL);
	g_autoptr(GString) heard = g_string_new(NULL);
	g_autoptr(GString) future = g_string_new(NULL);
	struct store_watch *watch, *ahead;
	uint64_t revision;

	for (unsigned int i = 0; i < 3; i++)
		revision = put(store, "a", "1", 1).revision;
	store_close(store);
	store = store_open(data, NULL);
	watch = store_watch_new(store, "", revision - 1, on_lost, heard);
	ahead = store_watch_new(store, "", revision + 7, on_lost, future);
	put(store, "a", "2", 1);
	g_assert_cmpstr(heard->str, ==, "lost3 4 ");
	g_assert_cmpstr(future->str, ==, "lost3 4 ");
	store_watch_free(watch);
	store_close(store);
	store_watch_free(ahead); /* after the store: legal */
}

static void law_values(const void *data)
{
	struct store *store = store_open(data, NULL);
	g_autofree char *big = g_strnfill(1 << 20, 'x');

	g_assert_cmpint(put(store, "empty", "", 0).code, ==, -1);
	g_assert_cmpint(put(store, "nul", "a\0b", 3).code, ==, -1);
	g_assert_cmpint(put(store, "big", big, 1 << 20).code, ==, -1);
	g_assert_cmpint(put(store, "it's; DROP TABLE", "x", 1).code, ==, -1);
	g_assert_cmpuint(store_revision(store), ==, 4);
	store_close(store);
}

static void law_one_owner(const void *data)
{
	struct store *store = store_open(data, NULL);
	g_autoptr(GError) error = NULL;

	g_assert_nonnull(store);
	g_assert_null(store_open(data, &error));
	g_assert_error(error, WEFT_ERROR, WEFT_ERROR_UNAVAILABLE);
	store_close(store);
}

static void law_epoch(const void *data)
{
	struct store *store = store_open(data, NULL);
	struct store *other = store_open("sqlite::memory:", NULL);
	g_autofree char *epoch = g_strdup(store_epoch(store));

	g_assert_cmpuint(strlen(epoch), >, 10);
	g_assert_cmpstr(epoch, !=, store_epoch(other));
	store_close(other);
	store_close(store);
	store = store_open(data, NULL);
	g_assert_cmpstr(epoch, ==, store_epoch(store));
	store_close(store);
}

/* --- killed in the middle ------------------------------------------------------------ */

struct child {
	struct store *store;
	unsigned int next;
};

static void child_commit(struct child *child);

static void child_done(uint64_t revision, const char *failed_key, const GError *error,
		       void *data)
{
	struct child *child = data;

	if (error || write(STDOUT_FILENO, &revision, sizeof(revision)) != sizeof(revision))
		_exit(1);
	child_commit(child);
}

/* Transaction N puts two keys and moves a third: all or nothing, with consecutive revisions. */
static void child_commit(struct child *child)
{
	struct store_txn *txn = store_txn_new(child->store);
	unsigned int n = ++child->next;
	g_autofree char *value = g_strdup_printf("%u", n);
	g_autofree char *left = g_strdup_printf("left/%u", n);
	g_autofree char *right = g_strdup_printf("right/%u", n);

	store_txn_put(txn, left, value, strlen(value));
	store_txn_put(txn, right, value, strlen(value));
	store_txn_put(txn, "last", value, strlen(value));
	store_txn_commit(txn, child_done, child);
}

static int child_main(const char *url)
{
	struct child child = {.store = store_open(url, NULL)};

	if (!child.store)
		return 1;
	child.next = (unsigned int)store_revision(child.store);
	for (unsigned int i = 0; i < 8; i++)
		child_commit(&child);
	while (true)
		g_main_context_iteration(NULL, TRUE);
}

struct survivors {
	unsigned int left, right, last;
	bool done;
};

static void on_survivors(const struct store_entry *entries, gsize count, uint64_t revision,
			 const GError *error, void *data)
{
	struct survivors *survivors = data;

	g_assert_no_error(error);
	for (gsize i = 0; i < count; i++) {
		unsigned int value = (unsigned int)atoi(entries[i].value);

		survivors->left += g_str_has_prefix(entries[i].key, "left/");
		survivors->right += g_str_has_prefix(entries[i].key, "right/");
		if (strcmp(entries[i].key, "last") == 0) {
			survivors->last = value;
			g_assert_cmpuint(entries[i].revision, ==, revision);
		} else {
			g_assert_cmpuint(entries[i].revision, ==, value);
		}
	}
	survivors->done = true;
}

/* Runs a child for a while, kills it; the revision that it was last told. */
static uint64_t child_run(const char *url, unsigned int acknowledged)
{
	const char *argv[] = {"/proc/self/exe", "--child", url, NULL};
	uint64_t revision = 0, last = 0;
	int out, status;
	GPid pid;

	g_assert_true(g_spawn_async_with_pipes(NULL, (char **)argv, NULL,
					       G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid,
					       NULL, &out, NULL, NULL));
	for (unsigned int i = 0; i < acknowledged; i++)
		g_assert_cmpint(read(out, &last, sizeof(last)), ==, sizeof(last));
	kill(pid, SIGKILL);
	while (read(out, &revision, sizeof(revision)) == sizeof(revision))
		last = revision;
	waitpid(pid, &status, 0);
	g_assert_true(WIFSIGNALED(status));
	close(out);
	return last;
}

static void law_killed(const void *data)
{
	for (unsigned int life = 1; life <= 5; life++) {
		uint64_t told = child_run(data, 40 * life);
		struct survivors survivors = {0};
		struct store *store = store_open(data, NULL);

		g_assert_nonnull(store);
		store_range(store, "", on_survivors, &survivors);
		while (!survivors.done)
			g_main_context_iteration(NULL, TRUE);
		g_assert_cmpuint(survivors.last, >=, told);
		g_assert_cmpuint(survivors.left, ==, survivors.last);
		g_assert_cmpuint(survivors.right, ==, survivors.last);
		g_assert_cmpuint(store_revision(store), ==, survivors.last);
		store_close(store);
	}
}

/* --- a full disk --------------------------------------------------------------------- */

static void set_file_limit(rlim_t bytes)
{
	struct rlimit limit;

	g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &limit), ==, 0);
	limit.rlim_cur = bytes;
	g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &limit), ==, 0);
}

static void on_count(const struct store_entry *entries, gsize count, uint64_t revision,
		     const GError *error, void *data)
{
	g_assert_no_error(error);
	*(gsize *)data = count;
}

static void law_full_disk(const void *data)
{
	struct store *store = store_open(data, NULL);
	g_autofree char *big = g_strnfill(200000, 'x');
	struct answer small = {0}, large = {0}, after = {0};
	struct store_txn *txn;
	gsize count = 0;

	g_assert_cmpint(put(store, "before", "1", 1).code, ==, -1);
	signal(SIGXFSZ, SIG_IGN);
	set_file_limit(100000);
	/* Three in one turn: the one that does not fit must not take the others with it. */
	txn = store_txn_new(store);
	store_txn_put(txn, "small", "1", 1);
	store_txn_del(txn, "before");
	store_txn_commit(txn, on_answer, &small);
	txn = store_txn_new(store);
	store_txn_put(txn, "large", big, 200000);
	store_txn_commit(txn, on_answer, &large);
	txn = store_txn_new(store);
	store_txn_del(txn, "before");
	store_txn_put(txn, "after", "1", 1);
	store_txn_commit(txn, on_answer, &after);
	store_range(store, "", on_count, &count);
	while (count == 0)
		g_main_context_iteration(NULL, TRUE);
	set_file_limit(RLIM_INFINITY);
	g_assert_cmpint(small.code, ==, -1);
	g_assert_cmpint(large.code, ==, WEFT_ERROR_UNAVAILABLE);
	g_assert_cmpint(after.code, ==, -1);
	g_assert_cmpuint(count, ==, 2);
	g_assert_cmpuint(after.revision, ==, small.revision + 1);
	g_assert_cmpint(put(store, "large", big, 200000).code, ==, -1);
	store_close(store);
}

/* --- refusals ------------------------------------------------------------------------ */

static void check_refused(const char *url, enum weft_error code)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(store_open(url, &error));
	g_assert_error(error, WEFT_ERROR, (gint)code);
	g_assert_nonnull(strstr(error->message, url));
}

static void test_refusals(void)
{
	g_autofree char *dir = g_dir_make_tmp("weft-store-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(dir, "junk", NULL);
	g_autofree char *url = g_strconcat("sqlite:", path, NULL);
	g_autofree char *text = NULL;

	check_refused("postgres:x", WEFT_ERROR_INVALID);
	check_refused("", WEFT_ERROR_INVALID);
	check_refused("sqlite:/proc/nowhere/x", WEFT_ERROR_UNAVAILABLE);
	g_assert_true(
		g_file_set_contents(path, "this is no database at all, is it?", -1, NULL));
	check_refused(url, WEFT_ERROR_UNAVAILABLE);
	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	g_assert_cmpstr(text, ==, "this is no database at all, is it?");
	g_remove(path);
	g_assert_cmpint(g_rmdir(dir), ==, 0);
}

/* --- running ------------------------------------------------------------------------- */

struct law {
	const char *name;
	void (*check)(const void *url);
	bool memory;
} laws[] = {
	{"history", law_history, true},	     {"values", law_values, true},
	{"lost", law_lost, false},	     {"one-owner", law_one_owner, false},
	{"epoch", law_epoch, false},	     {"killed", law_killed, false},
	{"full-disk", law_full_disk, false},
};

static void run_in_memory(const void *data)
{
	((const struct law *)data)->check("sqlite::memory:");
}

static void run_in_file(const void *data)
{
	g_autofree char *dir = g_dir_make_tmp("weft-store-XXXXXX", NULL);
	g_autofree char *url = g_strdup_printf("sqlite:%s/weft.db", dir);
	g_autofree char *wal = g_strdup_printf("%s/weft.db-wal", dir);

	((const struct law *)data)->check(url);
	g_remove(url + strlen("sqlite:"));
	g_remove(wal);
	g_assert_cmpint(g_rmdir(dir), ==, 0);
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "--child") == 0)
		return child_main(argv[2]);
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(laws); i++) {
		g_autofree char *file = g_strconcat("/store/sqlite/file/", laws[i].name, NULL);
		g_autofree char *memory =
			g_strconcat("/store/sqlite/memory/", laws[i].name, NULL);

		g_test_add_data_func(file, &laws[i], run_in_file);
		if (laws[i].memory)
			g_test_add_data_func(memory, &laws[i], run_in_memory);
	}
	g_test_add_func("/store/refusals", test_refusals);
	return g_test_run();
}
