/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The law: incremental = full. Random histories are applied in transactions of a few
 * changes in any order; after each flush, what every host has gathered from the emits must
 * be what compile_full says, row by row, and what compile_host says. Further: no emit that
 * changes nothing, no row twice in a flush, puts in table order before deletions in reverse,
 * one shared text for all hosts, and a compiler started midway must agree from there on. A host
 * that is told all its rows before the flush has heard some news early, and ends the same.
 */
#include "compile/compile.h"
#include "compile/full.h"

#include <string.h>

#include "compile/history_fixture.h"
#include "compile/state.h"

/* A compiler and what hosts know by it. */
struct follower {
	struct compile *compile;
	GHashTable *have[HISTORY_HOSTS]; /* "TABLE KEY" -> text */
	GHashTable *told;		 /* of this flush: "HOST TABLE KEY" */
	GHashTable *shared;		 /* of this flush: "TABLE KEY" -> value, borrowed */
	uint64_t revision;
	int rank;   /* of the last emit of this flush */
	bool early; /* some hosts know more than the last flush */
	uint64_t emits;
};

/* A history and those who follow it. */
struct law {
	struct history history;
	struct follower follower[2];
	guint followers;
};

/* ------------------------------------------------------------- what hosts are told */

static int host_index(const char *host)
{
	for (int i = 0; i < HISTORY_HOSTS; i++)
		if (g_str_equal(host, history_hosts[i]))
			return i;
	g_assert_not_reached();
}

static void check_order(struct follower *follower, enum compile_table table, bool is_put)
{
	int rank = is_put ? (int)table : 2 * COMPILE_TABLE_COUNT - 1 - (int)table;

	g_assert_cmpint(rank, >=, follower->rank);
	follower->rank = rank;
}

static void check_shared(struct follower *follower, const char *row, GRefString *value)
{
	GRefString *known = g_hash_table_lookup(follower->shared, row);

	g_assert_true(!known || known == value);
	g_hash_table_insert(follower->shared, g_strdup(row), value);
}

static void follow(const char *host, enum compile_table table, const char *key,
		   GRefString *value, uint64_t revision, void *data)
{
	struct follower *follower = data;
	GHashTable *have = follower->have[host_index(host)];
	g_autofree char *row = g_strdup_printf("%s %s", compile_table_names[table], key);
	const char *had = g_hash_table_lookup(have, row);

	g_assert_true(host == g_intern_string(host));
	g_assert_cmpuint(revision, ==, follower->revision);
	g_assert_true(g_hash_table_add(follower->told, g_strdup_printf("%s %s", host, row)));
	check_order(follower, table, value);
	follower->emits++;
	if (value) {
		g_assert_true(follower->early || g_strcmp0(had, value) != 0);
		check_shared(follower, row, value);
		g_hash_table_insert(have, g_strdup(row), g_strdup(value));
	} else {
		g_assert_true(follower->early || had);
		g_hash_table_remove(have, row);
	}
}

/* What compile_host says. */
struct gathered {
	GHashTable *rows;
	uint64_t revision;
	enum compile_table last;
};

static void gather(const char *host, enum compile_table table, const char *key,
		   GRefString *value, uint64_t revision, void *data)
{
	struct gathered *gathered = data;

	g_assert_nonnull(value);
	g_assert_cmpuint(revision, ==, gathered->revision);
	g_assert_cmpint(table, >=, gathered->last);
	gathered->last = table;
	g_assert_true(g_hash_table_insert(
		gathered->rows, g_strdup_printf("%s %s", compile_table_names[table], key),
		g_strdup(value)));
}

static GHashTable *rows_new(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

static void rows_assert_same(const char *host, GHashTable *rows, GHashTable *truth)
{
	GHashTableIter iter;
	gpointer key, value;

	g_hash_table_iter_init(&iter, truth);
	while (g_hash_table_iter_next(&iter, &key, &value)) {
		const char *text = g_hash_table_lookup(rows, key);

		if (g_strcmp0(text, value))
			g_error("%s: %s is %s, should be %s", host, (char *)key,
				text ? text : "missing", (char *)value);
	}
	g_hash_table_iter_init(&iter, rows);
	while (g_hash_table_iter_next(&iter, &key, &value))
		if (!g_hash_table_contains(truth, key))
			g_error("%s: %s should not be", host, (char *)key);
}

static void follower_start(struct law *law)
{
	struct follower *follower = &law->follower[law->followers++];

	follower->compile = compile_new(law->history.world.cloud, follow, follower);
	follower->told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	follower->shared = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (int i = 0; i < HISTORY_HOSTS; i++) {
		struct gathered start = {.rows = rows_new()};

		compile_host(follower->compile, history_hosts[i], gather, &start);
		follower->have[i] = start.rows;
	}
}

static void follower_stop(struct follower *follower)
{
	compile_free(follower->compile);
	g_hash_table_destroy(follower->told);
	g_hash_table_destroy(follower->shared);
	for (int i = 0; i < HISTORY_HOSTS; i++)
		g_hash_table_destroy(follower->have[i]);
}

/* Whole, or PORTS at a time. */
static void follower_flush(struct follower *follower, uint64_t revision, guint ports)
{
	bool done = false;

	follower->revision = revision;
	while (!done) {
		follower->rank = 0;
		g_hash_table_remove_all(follower->told);
		g_hash_table_remove_all(follower->shared);
		done = compile_flush_part(follower->compile, revision, ports);
	}
}

static void tell_early(struct law *law, struct follower *follower)
{
	int host = history_roll(&law->history, HISTORY_HOSTS);
	struct gathered gathered = {rows_new(), follower->revision, 0};

	compile_host(follower->compile, history_hosts[host], gather, &gathered);
	g_hash_table_destroy(follower->have[host]);
	follower->have[host] = gathered.rows;
	follower->early = true;
}

static void check(struct law *law)
{
	for (guint i = 0; i < law->followers; i++)
		law->follower[i].early = false;
	for (guint i = 1; i < law->followers; i++)
		if (history_chance(&law->history, 20))
			tell_early(law, &law->follower[i]);
	for (guint i = 0; i < law->followers; i++)
		follower_flush(&law->follower[i], law->history.world.revision,
			       i ? 1 + (guint)history_roll(&law->history, 3) : G_MAXUINT);
	for (int h = 0; h < HISTORY_HOSTS; h++) {
		g_autoptr(GHashTable) truth =
			compile_full(law->history.world.cloud, history_hosts[h]);

		for (guint i = 0; i < law->followers; i++) {
			struct follower *follower = &law->follower[i];
			g_autoptr(GHashTable) whole = rows_new();
			struct gathered gathered = {whole, follower->revision, 0};

			rows_assert_same(history_hosts[h], follower->have[h], truth);
			compile_host(follower->compile, history_hosts[h], gather, &gathered);
			rows_assert_same(history_hosts[h], whole, truth);
		}
	}
}

/* All that was remembered is forgotten with the last object. */
static void check_empty(const struct follower *follower)
{
	const struct compile *compile = follower->compile;

	g_assert_cmpuint(g_hash_table_size(compile->hosts), ==, 0);
	g_assert_cmpuint(g_hash_table_size(compile->nets), ==, 0);
	g_assert_cmpuint(g_hash_table_size(compile->routers), ==, 0);
	g_assert_cmpuint(g_hash_table_size(compile->ports), ==, 0);
	g_assert_cmpuint(g_hash_table_size(compile->sets), ==, 0);
	g_assert_cmpuint(g_hash_table_size(compile->identities), ==, 0);
	g_assert_cmpuint(g_hash_table_size(compile->policies), ==, 0);
	g_assert_cmpuint(g_hash_table_size(compile->shelves), ==, 0);
	g_assert_cmpuint(g_hash_table_size(compile->port_names), ==, 0);
	for (int i = 0; i < HISTORY_HOSTS; i++)
		g_assert_cmpuint(g_hash_table_size(follower->have[i]), ==, 0);
}

static void run_history(guint32 seed, int flushes)
{
	struct law law = {0};

	history_init(&law.history, seed);
	follower_start(&law);
	for (int i = 0; i < flushes; i++) {
		int changes = history_chance(&law.history, 60)
				      ? 1
				      : 1 + history_roll(&law.history, 12);

		while (changes--)
			history_step(&law.history);
		check(&law);
		if (i == flushes / 2)
			follower_start(&law);
	}
	g_test_message("seed %u: %" G_GUINT64_FORMAT " changes, %" G_GUINT64_FORMAT " emits",
		       seed, law.history.world.revision, law.follower[0].emits);
	g_assert_cmpuint(law.follower[0].emits, >, (guint)flushes);
	history_end(&law.history);
	check(&law);
	for (guint i = 0; i < law.followers; i++)
		check_empty(&law.follower[i]);
	for (guint i = 0; i < law.followers; i++)
		follower_stop(&law.follower[i]);
	history_done(&law.history);
}

static void test_incremental_is_full(gconstpointer seed)
{
	run_history(GPOINTER_TO_UINT(seed), g_test_slow() ? 20000 : 600);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (guint seed = 1; seed <= 4; seed++) {
		g_autofree char *path =
			g_strdup_printf("/compile/law/incremental-is-full/%u", seed);

		g_test_add_data_func(path, GUINT_TO_POINTER(seed), test_incremental_is_full);
	}
	return g_test_run();
}
