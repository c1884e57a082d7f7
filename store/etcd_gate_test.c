/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who answers from memory: a program that is alone, until another one may have been told of
 * anything. test/api/alone.py does the same to programs that are stopped and cut off.
 */
#include "store/store.h"

#include <string.h>

#include "store/etcd_state.h"
#include "store/law_fixture.h"

static struct store *open_store(const char *url)
{
	g_autoptr(GError) error = NULL;
	struct store *store = store_open(url, NULL, &error);

	g_assert_no_error(error);
	return store;
}

/* A timer of the gate turns it at the latest. */
static void wait_until_alone(struct store *store)
{
	while (!store_is_current(store))
		g_main_context_iteration(NULL, TRUE);
}

/* --- another one comes --------------------------------------------------------------- */

struct news {
	struct store *first; /* may be alone */
	unsigned int heard;  /* by its watch */
	unsigned int told, stale;
};

static void news_heard(const struct store_entry *entries, gsize count, uint64_t revision,
		       bool lost, void *data)
{
	g_assert_false(lost);
	((struct news *)data)->heard++;
}

/* The second one has its answer: whoever asks the first one now must find this, or wait. */
static void news_told(uint64_t revision, const char *failed_key, const GError *error,
		      void *data)
{
	struct news *news = data;

	g_assert_no_error(error);
	news->told++;
	if (store_is_current(news->first) && news->heard < news->told)
		news->stale++;
}

static void law_newcomer(const void *data)
{
	struct news news = {.first = open_store(data)};
	struct store_watch *watch;

	for (guint round = 0; round < 5; round++) {
		struct store *second;

		wait_until_alone(news.first);
		news.heard = news.told = 0;
		watch = store_watch_new(news.first, "news/", store_revision(news.first),
					news_heard, &news);
		second = open_store(data);
		for (guint i = 0; i < 20; i++) {
			g_autofree char *key = g_strdup_printf("news/%u", i);
			struct store_txn *txn = store_txn_new(second);

			store_txn_put(txn, key, "", 0);
			store_txn_commit(txn, news_told, &news);
			while (news.told == i)
				g_main_context_iteration(NULL, TRUE);
		}
		g_assert_cmpuint(news.stale, ==, 0);
		g_assert_false(store_is_current(second));
		store_close(second);
		store_watch_free(watch);
	}
	store_close(news.first);
}

/* Two that begin at once: at most one is alone at any time, and none when both have begun. */
static void law_twins(const void *data)
{
	struct store *stores[2] = {open_store(data), open_store(data)};

	for (guint i = 0; i < 100; i++) {
		g_autofree char *key = g_strdup_printf("twins/%u", i);

		g_assert_cmpint(law_put(stores[i % 2], key, "", 0).code, ==, -1);
		g_assert_false(store_is_current(stores[0]) && store_is_current(stores[1]));
	}
	g_assert_false(store_is_current(stores[0]) || store_is_current(stores[1]));
	store_close(stores[0]);
	wait_until_alone(stores[1]);
	store_close(stores[1]);
}

/* --- who had it is gone -------------------------------------------------------------- */

static void law_left(const void *data)
{
	static const char *const left[] = {"dead/7", "!dead/8"};
	const char *prefix = strstr(data, "?prefix=") + strlen("?prefix=");
	g_autofree char *gate = g_strconcat(prefix, "/gate", NULL);

	store_close(open_store(data));
	for (gsize i = 0; i < G_N_ELEMENTS(left); i++) {
		struct store *store;

		etcd_fixture_put(laws_get_etcd(), gate, left[i]);
		store = open_store(data);
		g_assert_false(store_is_current(store));
		g_assert_cmpint(law_put(store, "left", "", 0).code, ==, -1);
		/* ... and while it runs. */
		etcd_fixture_put(laws_get_etcd(), gate, left[i]);
		g_assert_cmpint(law_put(store, "left", "", 0).code, ==, -1);
		wait_until_alone(store);
		store_close(store);
	}
}

/* Nobody knows who may write any more: nobody does. */
static void law_deleted(const void *data)
{
	const char *prefix = strstr(data, "?prefix=") + strlen("?prefix=");
	g_autofree char *gate = g_strconcat(prefix, "/gate", NULL);
	g_autoptr(GString) text = g_string_new("{\"prev_kv\":false");
	struct store *store = open_store(data);
	struct answer answer;

	etcd_append_text(text, "key", gate);
	g_string_append_c(text, '}');
	g_assert_true(etcd_fixture_post(laws_get_etcd(), "/v3/kv/deleterange", text->str));
	answer = law_put(store, "deleted", "", 0);
	g_assert_cmpint(answer.code, !=, -1);
	g_assert_nonnull(strstr(answer.text, "'gate'"));
	store_close(store);
}

/* --- strangers ----------------------------------------------------------------------- */

static void on_synced(uint64_t revision, const GError *error, void *data)
{
	g_assert_no_error(error);
	++*(unsigned int *)data;
}

/* Others write beside our prefix, so the store's revision is far beyond what any watch of ours
 * is told: no flight is needed to find out that it is nothing to us. */
static void law_strangers(const void *data)
{
	struct store *stores[2] = {open_store(data), open_store(data)};
	unsigned int synced = 0;
	uint64_t flushes;

	g_assert_cmpint(law_put(stores[1], "ours", "", 0).code, ==, -1);
	flushes = store_get_counters(stores[0]).flushes;
	for (unsigned int i = 0; i < 50; i++) {
		etcd_fixture_put(laws_get_etcd(), "strange", "");
		store_sync(stores[0], on_synced, &synced);
		while (synced == i)
			g_main_context_iteration(NULL, TRUE);
	}
	g_assert_cmpuint(store_get_counters(stores[0]).flushes, ==, flushes);
	store_close(stores[0]);
	store_close(stores[1]);
}

static const struct law laws[] = {
	{"newcomer", law_newcomer, false, false, true},
	{"twins", law_twins, false, false, true},
	{"left", law_left, false, false, true},
	{"deleted", law_deleted, false, false, true},
	{"strangers", law_strangers, false, false, true},
};

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	laws_add(laws, G_N_ELEMENTS(laws));
	return laws_run();
}
