/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Laws one at a time: values of any kind, what is told when it is too late, transactions that
 * go together, a process killed in the middle, a disk that is full, refusals.
 */
#include "store/store.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <glib/gstdio.h>
#include "lib/error.h"
#include "store/law_fixture.h"

static void on_lost(const struct store_entry *entries, gsize count, uint64_t revision,
		    bool lost, void *data)
{
	GString *heard = data;

	g_string_append_printf(heard, "%s%" G_GUINT64_FORMAT " ", lost ? "lost" : "", revision);
}

static void law_lost(const void *data)
{
	struct store *store = store_open(data, NULL, NULL);
	g_autoptr(GString) heard = g_string_new(NULL);
	g_autoptr(GString) future = g_string_new(NULL);
	struct store_watch *watch, *ahead;
	g_autofree char *expected = NULL;
	uint64_t revision, start;

	for (unsigned int i = 0; i < 3; i++)
		revision = law_put(store, "a", "1", 1).revision;
	store_close(store);
	store = store_open(data, NULL, NULL);
	start = store_revision(store);
	watch = store_watch_new(store, "", revision - 1, on_lost, heard);
	ahead = store_watch_new(store, "", revision + 7, on_lost, future);
	revision = law_put(store, "a", "2", 1).revision;
	expected = g_strdup_printf("lost%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " ", start,
				   revision);
	g_assert_cmpstr(heard->str, ==, expected);
	/* Others may be ahead of us. */
	if (!store_is_shared(store))
		g_assert_cmpstr(future->str, ==, "lost3 4 ");
	store_watch_free(watch);
	store_close(store);
	store_watch_free(ahead); /* after the store: legal */
}

static void law_values(const void *data)
{
	struct store *store = store_open(data, NULL, NULL);
	g_autofree char *big = g_strnfill(1 << 20, 'x');

	g_assert_cmpint(law_put(store, "empty", "", 0).code, ==, -1);
	g_assert_cmpint(law_put(store, "nul", "a\0b", 3).code, ==, -1);
	g_assert_cmpint(law_put(store, "big", big, 1 << 20).code, ==, -1);
	g_assert_cmpint(law_put(store, "it's; DROP TABLE", "x", 1).code, ==, -1);
	if (!store_is_shared(store))
		g_assert_cmpuint(store_revision(store), ==, 4);
	store_close(store);
}

/* Many transactions of one turn that put the same key, and one among them that must fail. */
static void law_together(const void *data)
{
	struct store *store = store_open(data, NULL, NULL);
	struct answer answers[40] = {0};
	gsize count = 0;

	g_assert_cmpint(law_put(store, "parent", "1", 1).code, ==, -1);
	for (guint i = 0; i < G_N_ELEMENTS(answers); i++) {
		struct store_txn *txn = store_txn_new(store);
		g_autofree char *key = g_strdup_printf("child/%u", i == 7 ? 6 : i);

		store_txn_require_exists(txn, "parent");
		store_txn_require(txn, key, 0);
		store_txn_put(txn, key, "x", 1);
		store_txn_put(txn, "guard", "", 0);
		store_txn_commit(txn, law_answered, &answers[i]);
	}
	store_range(store, "child/", 0, law_counted, &count);
	while (count == 0)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpuint(count, ==, G_N_ELEMENTS(answers) - 1);
	while (answers[G_N_ELEMENTS(answers) - 1].count == 0)
		g_main_context_iteration(NULL, TRUE);
	for (guint i = 0; i < G_N_ELEMENTS(answers); i++) {
		g_assert_cmpuint(answers[i].count, ==, 1);
		g_assert_cmpint(answers[i].code, ==, i == 7 ? WEFT_ERROR_CONFLICT : -1);
	}
	store_close(store);
}

static void law_one_owner(const void *data)
{
	struct store *store = store_open(data, NULL, NULL);
	g_autoptr(GError) error = NULL;

	g_assert_nonnull(store);
	g_assert_null(store_open(data, NULL, &error));
	g_assert_error(error, WEFT_ERROR, WEFT_ERROR_UNAVAILABLE);
	store_close(store);
}

static void set_schema(const char *url, int schema)
{
	g_autofree char *text = g_strdup_printf("PRAGMA user_version = %d", schema);
	sqlite3 *db;

	g_assert_cmpint(sqlite3_open(url + strlen("sqlite:"), &db), ==, SQLITE_OK);
	g_assert_cmpint(sqlite3_exec(db, text, NULL, NULL, NULL), ==, SQLITE_OK);
	sqlite3_close(db);
}

static void law_schema(const void *data)
{
	struct store *store = store_open(data, NULL, NULL);
	g_autoptr(GError) error = NULL;

	g_assert_null(store_get_news(store));
	store_close(store);
	set_schema(data, 99);
	g_assert_null(store_open(data, NULL, &error));
	g_assert_nonnull(strstr(error->message, "schema 99 is newer than this program's 3"));
	set_schema(data, 1);
	store = store_open(data, NULL, NULL);
	g_assert_cmpstr(store_get_news(store), ==, "schema upgraded from 1 to 3");
	store_close(store);
	store = store_open(data, NULL, NULL);
	g_assert_null(store_get_news(store));
	store_close(store);
}

static void law_epoch(const void *data)
{
	struct store *store = store_open(data, NULL, NULL);
	struct store *other = store_open("sqlite::memory:", NULL, NULL);
	g_autofree char *epoch = g_strdup(store_epoch(store));

	g_assert_cmpuint(strlen(epoch), >, 10);
	g_assert_cmpstr(epoch, !=, store_epoch(other));
	store_close(other);
	store_close(store);
	store = store_open(data, NULL, NULL);
	g_assert_cmpstr(epoch, ==, store_epoch(store));
	store_close(store);
}

/* --- killed in the middle ------------------------------------------------------------ */

struct child {
	struct store *store;
	unsigned int next; /* how many were asked for, in all lives */
	unsigned int told; /* ... and are durable, in this order */
};

struct survivors {
	unsigned int left, right, last;
	bool alone;
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
		if (strcmp(entries[i].key, "last") == 0)
			survivors->last = value;
		if (survivors->alone)
			g_assert_cmpuint(entries[i].revision, ==,
					 strcmp(entries[i].key, "last") ? value : revision);
	}
	survivors->done = true;
}

static struct survivors read_survivors(struct store *store)
{
	struct survivors survivors = {.alone = !store_is_shared(store)};

	store_range(store, "", 0, on_survivors, &survivors);
	while (!survivors.done)
		g_main_context_iteration(NULL, TRUE);
	return survivors;
}

static void child_commit(struct child *child);

static void child_done(uint64_t revision, const char *failed_key, const GError *error,
		       void *data)
{
	struct child *child = data;
	uint64_t n = ++child->told;

	if (error || write(STDOUT_FILENO, &n, sizeof(n)) != sizeof(n))
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
	struct child child = {.store = store_open(url, NULL, NULL)};

	if (!child.store)
		return 1;
	child.next = child.told = read_survivors(child.store).last;
	for (unsigned int i = 0; i < 8; i++)
		child_commit(&child);
	while (true)
		g_main_context_iteration(NULL, TRUE);
}

/* Runs a child for a while, kills it; the number of the last one it was told of. */
static uint64_t child_run(const char *url, unsigned int acknowledged)
{
	const char *argv[] = {"/proc/self/exe", "--child", url, NULL};
	uint64_t n = 0, last = 0;
	int out, status;
	GPid pid;

	g_assert_true(g_spawn_async_with_pipes(NULL, (char **)argv, NULL,
					       G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid,
					       NULL, &out, NULL, NULL));
	for (unsigned int i = 0; i < acknowledged; i++)
		g_assert_cmpint(read(out, &last, sizeof(last)), ==, sizeof(last));
	kill(pid, SIGKILL);
	while (read(out, &n, sizeof(n)) == sizeof(n))
		last = n;
	waitpid(pid, &status, 0);
	g_assert_true(WIFSIGNALED(status));
	close(out);
	return last;
}

static void law_killed(const void *data)
{
	for (unsigned int life = 1; life <= 5; life++) {
		uint64_t told = child_run(data, 40 * life);
		struct store *store = store_open(data, NULL, NULL);
		struct survivors survivors;

		g_assert_nonnull(store);
		survivors = read_survivors(store);
		g_assert_cmpuint(survivors.last, >=, told);
		g_assert_cmpuint(survivors.left, ==, survivors.last);
		g_assert_cmpuint(survivors.right, ==, survivors.last);
		if (survivors.alone)
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

static void law_full_disk(const void *data)
{
	struct store *store = store_open(data, NULL, NULL);
	g_autofree char *big = g_strnfill(200000, 'x');
	struct answer small = {0}, large = {0}, after = {0};
	struct store_txn *txn;
	gsize count = 0;

	g_assert_cmpint(law_put(store, "before", "1", 1).code, ==, -1);
	signal(SIGXFSZ, SIG_IGN);
	set_file_limit(100000);
	/* Three in one turn: the one that does not fit must not take the others with it. */
	txn = store_txn_new(store);
	store_txn_put(txn, "small", "1", 1);
	store_txn_del(txn, "before");
	store_txn_commit(txn, law_answered, &small);
	txn = store_txn_new(store);
	store_txn_put(txn, "large", big, 200000);
	store_txn_commit(txn, law_answered, &large);
	txn = store_txn_new(store);
	store_txn_del(txn, "before");
	store_txn_put(txn, "after", "1", 1);
	store_txn_commit(txn, law_answered, &after);
	store_range(store, "", 0, law_counted, &count);
	while (count == 0)
		g_main_context_iteration(NULL, TRUE);
	set_file_limit(RLIM_INFINITY);
	g_assert_cmpint(small.code, ==, -1);
	g_assert_cmpint(large.code, ==, WEFT_ERROR_UNAVAILABLE);
	g_assert_cmpint(after.code, ==, -1);
	g_assert_cmpuint(count, ==, 2);
	g_assert_cmpuint(after.revision, ==, small.revision + 1);
	g_assert_cmpint(law_put(store, "large", big, 200000).code, ==, -1);
	store_close(store);
}

/* --- refusals ------------------------------------------------------------------------ */

static void check_refused(const char *url, enum weft_error code)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(store_open(url, NULL, &error));
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

static const struct law laws[] = {
	{"values", law_values, true, true, true},
	{"lost", law_lost, true, false, true},
	{"one-owner", law_one_owner, true, false, false},
	{"epoch", law_epoch, true, false, true},
	{"killed", law_killed, true, false, true},
	{"full-disk", law_full_disk, true, false, false},
	{"together", law_together, true, true, true},
	{"schema", law_schema, true, false, false},
};

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "--child") == 0)
		return child_main(argv[2]);
	g_test_init(&argc, &argv, NULL);
	laws_add(laws, G_N_ELEMENTS(laws));
	g_test_add_func("/store/refusals", test_refusals);
	return laws_run();
}
