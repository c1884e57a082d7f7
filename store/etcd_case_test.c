/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a store on etcd must do beside the laws of every store: two programs on it, a member
 * that is killed, transactions too large, history that is forgotten, leases, schemas.
 */
#include "store/store.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "lib/error.h"
#include "store/etcd_state.h"
#include "store/etcd_watch.h"
#include "store/law_fixture.h"

static struct store *open_store(const void *url)
{
	g_autoptr(GError) error = NULL;
	struct store *store = store_open(url, NULL, &error);

	g_assert_no_error(error);
	return store;
}

static void wait_ms(unsigned int ms)
{
	gint64 until = g_get_monotonic_time() + ms * 1000LL;

	while (g_get_monotonic_time() < until) {
		g_main_context_iteration(NULL, FALSE);
		g_usleep(1000);
	}
}

static gsize count_keys(struct store *store, const char *prefix)
{
	gsize count = G_MAXSIZE;

	store_range(store, prefix, 0, law_counted, &count);
	while (count == G_MAXSIZE)
		g_main_context_iteration(NULL, TRUE);
	return count;
}

/* --- two programs -------------------------------------------------------------------- */

static void on_heard(const struct store_entry *entries, gsize count, uint64_t revision,
		     bool lost, void *data)
{
	GString *heard = data;

	g_string_append_printf(heard, "%s@%" G_GUINT64_FORMAT, lost ? "lost" : "", revision);
	for (gsize i = 0; i < count; i++)
		g_string_append_printf(heard, " %s=%.*s", entries[i].key, (int)entries[i].size,
				       entries[i].value ? (const char *)entries[i].value : "");
	g_string_append_c(heard, '\n');
}

static void on_synced(uint64_t revision, const GError *error, void *data)
{
	g_assert_no_error(error);
	*(uint64_t *)data = revision;
}

static void claim(struct store *store, const char *who, unsigned int number,
		  struct answer *answer)
{
	struct store_txn *txn = store_txn_new(store);
	g_autofree char *key = g_strdup_printf("claim/%u", number);

	store_txn_require(txn, key, 0);
	store_txn_put(txn, key, who, strlen(who));
	store_txn_commit(txn, law_answered, answer);
}

/* Both claim the same keys at once: each key has one owner, and both hear the same story. */
static void law_two(const void *data)
{
	struct store *stores[2] = {open_store(data), open_store(data)};
	struct answer answers[2][60] = {0};
	struct store_watch *watches[2];
	GString *heard[2];
	uint64_t after = MAX(store_revision(stores[0]), store_revision(stores[1]));
	uint64_t synced = 0;

	g_assert_cmpstr(store_epoch(stores[0]), ==, store_epoch(stores[1]));
	for (guint s = 0; s < 2; s++) {
		heard[s] = g_string_new(NULL);
		watches[s] = store_watch_new(stores[s], "", after, on_heard, heard[s]);
	}
	for (guint i = 0; i < 60; i++)
		for (guint s = 0; s < 2; s++)
			claim(stores[s], s ? "b" : "a", s ? 59 - i : i,
			      &answers[s][s ? 59 - i : i]);
	for (guint i = 0; i < 60; i++) {
		while (answers[0][i].count == 0 || answers[1][i].count == 0)
			g_main_context_iteration(NULL, TRUE);
		g_assert_true((answers[0][i].code == -1) != (answers[1][i].code == -1));
		g_assert_true(answers[0][i].code == WEFT_ERROR_CONFLICT ||
			      answers[1][i].code == WEFT_ERROR_CONFLICT);
	}
	/* What one has been told is durable the other knows after a sync. */
	g_assert_cmpint(law_put(stores[0], "news", "1", 1).code, ==, -1);
	store_sync(stores[1], on_synced, &synced);
	while (!synced)
		g_main_context_iteration(NULL, TRUE);
	g_assert_nonnull(strstr(heard[1]->str, " news=1"));
	store_sync(stores[0], on_synced, &synced);
	wait_ms(300);
	g_assert_cmpstr(heard[0]->str, ==, heard[1]->str);
	for (guint s = 0; s < 2; s++) {
		store_watch_free(watches[s]);
		store_close(stores[s]);
		g_string_free(heard[s], TRUE);
	}
}

/* --- a member that is killed --------------------------------------------------------- */

struct counter {
	struct store *store;
	uint64_t revision; /* of the key */
	unsigned int value, goal;
	bool blind; /* requires nothing */
	bool failed;
};

static void counter_step(struct counter *counter);

static void counter_done(uint64_t revision, const char *failed_key, const GError *error,
			 void *data)
{
	struct counter *counter = data;

	if (error) {
		g_test_message("%s", error->message);
		counter->failed = true;
		return;
	}
	counter->revision = revision;
	counter->value++;
	if (counter->value < counter->goal)
		counter_step(counter);
}

/* Applied twice, its second time would not find what it requires. */
static void counter_step(struct counter *counter)
{
	struct store_txn *txn = store_txn_new(counter->store);
	g_autofree char *text = g_strdup_printf("%u", counter->value + 1);

	if (!counter->blind)
		store_txn_require(txn, "counter", counter->revision);
	store_txn_put(txn, "counter", text, strlen(text));
	store_txn_commit(txn, counter_done, counter);
}

static void law_restart(const void *data)
{
	struct store *store = open_store(data);
	struct counter counter = {.store = store, .goal = 600};

	counter_step(&counter);
	for (guint kills = 0; kills < 5; kills++) {
		wait_ms(60 + 40 * kills);
		etcd_fixture_kill(laws_get_etcd());
		wait_ms(100);
		etcd_fixture_start(laws_get_etcd());
	}
	while (!counter.failed && counter.value < counter.goal)
		g_main_context_iteration(NULL, TRUE);
	g_assert_false(counter.failed);
	store_close(store);
}

/* Takes what etcd has answered out of our connections to it, and cuts them. */
static void lose_answers(const char *url)
{
	const char *colon = strrchr(url, ':');
	unsigned int port = (unsigned int)atoi(colon + 1);
	char answer[65536];

	for (int fd = 3; fd < 1024; fd++) {
		struct sockaddr_in peer;
		socklen_t length = sizeof(peer);

		if (getpeername(fd, (struct sockaddr *)&peer, &length) != 0 ||
		    peer.sin_family != AF_INET || ntohs(peer.sin_port) != port)
			continue;
		while (recv(fd, answer, sizeof(answer), MSG_DONTWAIT) > 0)
			;
		shutdown(fd, SHUT_RDWR);
	}
}

/* Each is applied by etcd, and we never hear of it: asked again it is not applied again. */
static void law_unheard(const void *data)
{
	struct store *store = open_store(data);
	struct counter counter = {.store = store, .goal = 1};
	g_autoptr(GString) heard = g_string_new(NULL);
	g_autoptr(GString) expected = g_string_new(NULL);
	struct store_watch *watch =
		store_watch_new(store, "", store_revision(store), on_heard, heard);

	for (guint i = 0; i < 20; i++) {
		counter.blind = i % 2;
		counter_step(&counter);
		wait_ms(2);
		g_usleep(30000);
		lose_answers(data);
		while (!counter.failed && counter.value < counter.goal)
			g_main_context_iteration(NULL, TRUE);
		g_assert_false(counter.failed);
		counter.goal++;
		g_string_append_printf(expected, "@%" G_GUINT64_FORMAT " counter=%u\n",
				       counter.revision, counter.value);
	}
	g_assert_cmpstr(heard->str, ==, expected->str);
	store_watch_free(watch);
	store_close(store);
}

/* --- too large ----------------------------------------------------------------------- */

static struct answer put_many(struct store *store, unsigned int count)
{
	struct store_txn *txn = store_txn_new(store);

	for (guint i = 0; i < count; i++) {
		g_autofree char *key = g_strdup_printf("many/%u", i);

		store_txn_require(txn, key, 0);
		store_txn_put(txn, key, "1", 1);
	}
	return law_commit(txn);
}

/* A bulk's watch is told the very bytes that were put, whichever comes first, it or the answer. */
static void on_same(const struct store_entry *entries, gsize count, uint64_t revision,
		    bool lost, void *data)
{
	GHashTable *put = data;

	for (gsize i = 0; i < count; i++)
		g_hash_table_remove(put, entries[i].value);
}

static void law_same_bytes(const void *data)
{
	struct store *store = open_store(data);
	g_autoptr(GHashTable) put = g_hash_table_new(NULL, NULL);
	struct store_watch *watch =
		store_watch_new(store, "same/", store_revision(store), on_same, put);

	for (guint round = 0; round < 20; round++) {
		struct store_txn *txn = store_txn_new(store);

		for (guint i = 0; i < (round % 2 ? 120 : 3); i++) {
			g_autofree char *key = g_strdup_printf("same/%u", i);

			store_txn_put(txn, key, "value", 5);
			g_hash_table_add(put, (void *)store_txn_find(txn, key));
		}
		g_assert_cmpint(law_commit(txn).code, ==, -1);
		g_assert_cmpuint(g_hash_table_size(put), ==, 0);
	}
	store_watch_free(watch);
	store_close(store);
}

static void law_large(const void *data)
{
	struct store *store = open_store(data);
	struct answer answer = put_many(store, 300);

	g_assert_cmpint(answer.code, ==, WEFT_ERROR_EXHAUSTED);
	g_assert_nonnull(strstr(answer.text, "303 comparisons"));
	g_assert_nonnull(strstr(answer.text, "--max-txn-ops"));
	g_assert_cmpuint(count_keys(store, "many/"), ==, 0);
	answer = put_many(store, 120);
	g_assert_cmpint(answer.code, ==, -1);
	g_assert_cmpuint(count_keys(store, "many/"), ==, 120);
	store_close(store);
}

/* More than a page. */
static void law_pages(const void *data)
{
	struct store *store = open_store(data);
	struct answer ignored = {0};

	for (guint i = 0; i < 4500; i++) {
		struct store_txn *txn = store_txn_new(store);
		g_autofree char *key = g_strdup_printf("page/%u", i);

		store_txn_put(txn, key, "1", 1);
		if (i < 4499)
			store_txn_commit(txn, law_answered, &ignored);
		else
			law_commit(txn);
	}
	g_assert_cmpuint(count_keys(store, "page/"), ==, 4500);
	store_close(store);
}

/* --- what is forgotten --------------------------------------------------------------- */

static void law_compacted(const void *data)
{
	struct store *store = open_store(data), *other = open_store(data);
	g_autoptr(GString) heard = g_string_new(NULL);
	g_autofree char *body = NULL, *expected = NULL;
	struct store_watch *watch =
		store_watch_new(store, "", store_revision(store), on_heard, heard);
	struct answer answer;

	g_assert_cmpint(law_put(store, "a", "1", 1).code, ==, -1);
	g_string_truncate(heard, 0);
	etcd_watch_stop((struct etcd *)store);
	g_assert_cmpint(law_put(other, "a", "2", 1).code, ==, -1);
	answer = law_put(other, "a", "3", 1);
	body = g_strdup_printf("{\"revision\":\"%" G_GUINT64_FORMAT "\",\"physical\":true}",
			       answer.revision);
	g_assert_true(etcd_fixture_post(laws_get_etcd(), "/v3/kv/compaction", body));
	etcd_watch_start((struct etcd *)store);
	while (heard->len == 0)
		g_main_context_iteration(NULL, TRUE);
	expected = g_strdup_printf("lost@%" G_GUINT64_FORMAT "\n", answer.revision);
	g_assert_cmpstr(heard->str, ==, expected);
	g_string_truncate(heard, 0);
	g_assert_cmpint(law_put(other, "a", "4", 1).code, ==, -1);
	while (heard->len == 0)
		g_main_context_iteration(NULL, TRUE);
	g_assert_true(g_str_has_suffix(heard->str, " a=4\n"));
	store_watch_free(watch);
	store_close(other);
	store_close(store);
}

/* --- leases -------------------------------------------------------------------------- */

static void put_leased(struct store *store, const char *key, enum store_lease lease)
{
	struct store_txn *txn = store_txn_new(store);

	store_txn_put_leased(txn, key, "1", 1, lease);
	g_assert_cmpint(law_commit(txn).code, ==, -1);
}

static void end_lease(struct store *store, enum store_lease lease)
{
	g_autofree char *body = g_strdup_printf("{\"ID\":\"%" G_GUINT64_FORMAT "\"}",
						((struct etcd *)store)->leases[lease].id);

	g_assert_true(etcd_fixture_post(laws_get_etcd(), "/v3/lease/revoke", body));
}

static void law_leases(const void *data)
{
	struct store *store = open_store(data), *other = open_store(data);

	put_leased(store, "lead/a", STORE_LEASE_QUICK);
	put_leased(store, "live/a", STORE_LEASE_STEADY);
	put_leased(store, "live/b", STORE_LEASE_STEADY);
	put_leased(other, "live/b", STORE_LEASE_STEADY);
	wait_ms(4000);
	g_assert_cmpuint(count_keys(other, "l"), ==, 3);
	g_assert_true(store_holds_lease(store, STORE_LEASE_QUICK));
	/* Taken for dead: the steady ones come back unless they are somebody else's. */
	end_lease(store, STORE_LEASE_QUICK);
	end_lease(store, STORE_LEASE_STEADY);
	g_assert_cmpuint(count_keys(other, "live/"), ==, 1);
	g_assert_cmpint(law_put(store, "after", "1", 1).code, ==, -1);
	wait_ms(1500);
	g_assert_cmpuint(count_keys(other, "live/"), ==, 2);
	g_assert_cmpuint(count_keys(other, "lead/"), ==, 0);
	put_leased(store, "lead/a", STORE_LEASE_QUICK);
	store_close(store);
	g_assert_cmpuint(count_keys(other, "lead/"), ==, 0);
	g_assert_cmpuint(count_keys(other, "live/"), ==, 2);
	store_close(other);
}

/* --- schemas ------------------------------------------------------------------------- */

static void law_schema(const void *data)
{
	struct store *store = open_store(data);
	g_autoptr(GError) error = NULL;
	struct answer answer;

	g_assert_null(store_get_news(store));
	g_assert_cmpint(law_put(store, "a", "1", 1).code, ==, -1);
	/* A newer program comes: this one goes on reading. */
	etcd_fixture_put(laws_get_etcd(), "schema/schema", "99");
	answer = law_put(store, "a", "2", 1);
	g_assert_cmpint(answer.code, ==, WEFT_ERROR_UNAVAILABLE);
	g_assert_nonnull(strstr(answer.text, "schema was changed to 99"));
	answer = law_put(store, "a", "2", 1);
	g_assert_nonnull(strstr(answer.text, "may not write"));
	g_assert_cmpuint(count_keys(store, ""), ==, 1);
	store_close(store);
	g_assert_null(store_open(data, NULL, &error));
	g_assert_nonnull(strstr(error->message, "schema 99 is newer"));
	/* An older one is upgraded. */
	etcd_fixture_put(laws_get_etcd(), "schema/schema", "1");
	store = open_store(data);
	g_assert_cmpstr(store_get_news(store), ==, "schema upgraded from 1 to 3");
	g_assert_cmpint(law_put(store, "a", "3", 1).code, ==, -1);
	store_close(store);
}

static void test_urls(void)
{
	static const char *const urls[] = {"etcd:", "etcd:ftp://h",
					   "etcd:http://127.0.0.1:1?x=y",
					   "etcd:http://127.0.0.1:1"};

	for (gsize i = 0; i < G_N_ELEMENTS(urls); i++) {
		g_autoptr(GError) error = NULL;
		int code;

		g_assert_null(store_open(urls[i], NULL, &error));
		g_assert_nonnull(strstr(error->message, urls[i]));
		code = i < 3 ? WEFT_ERROR_INVALID : WEFT_ERROR_UNAVAILABLE;
		g_assert_error(error, WEFT_ERROR, code);
	}
}

static const struct law laws[] = {
	{"two", law_two, false, false, true},
	{"restart", law_restart, false, false, true},
	{"unheard", law_unheard, false, false, true},
	{"large", law_large, false, false, true},
	{"same_bytes", law_same_bytes, false, false, true},
	{"pages", law_pages, false, false, true},
	{"compacted", law_compacted, false, false, true},
	{"leases", law_leases, false, false, true},
	{"schema", law_schema, false, false, true},
};

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	laws_add(laws, G_N_ELEMENTS(laws));
	g_test_add_func("/store/etcd/urls", test_urls);
	return laws_run();
}
