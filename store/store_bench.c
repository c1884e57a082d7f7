/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Durable transactions a second: store_bench URL [OUTSTANDING [SECONDS]]. Each puts a port of
 * 700 bytes and three claims.
 */
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include "lib/uuid.h"

static struct store *store;
static unsigned int count;
static gint64 until;

static void commit(void);

static void on_done(uint64_t revision, const char *failed_key, const GError *error, void *data)
{
	if (error) {
		fprintf(stderr, "%s\n", error->message);
		exit(1);
	}
	count++;
	commit();
}

static void commit(void)
{
	static const char *const kinds[] = {"port", "claim/ip/n", "claim/mac/n", "child/port"};
	static char value[700];
	struct store_txn *txn = store_txn_new(store);
	char id[UUID_TEXT];

	uuid_print(uuid_new(), id);
	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
		g_autofree char *key = g_strdup_printf("%s/%s", kinds[i], id);

		store_txn_require(txn, key, 0);
		store_txn_put(txn, key, value, i ? 36 : sizeof(value));
	}
	store_txn_commit(txn, on_done, NULL);
}

int main(int argc, char **argv)
{
	unsigned int outstanding = argc > 2 ? (unsigned int)atoi(argv[2]) : 8;
	g_autoptr(GError) error = NULL;
	gint64 start = g_get_monotonic_time();

	until = start + G_USEC_PER_SEC * (argc > 3 ? atoi(argv[3]) : 5);
	store = argc > 1 ? store_open(argv[1], NULL, &error) : NULL;
	if (!store) {
		fprintf(stderr, "%s\n", error ? error->message : "store_bench URL");
		return 2;
	}
	for (unsigned int i = 0; i < outstanding; i++)
		commit();
	while (g_get_monotonic_time() < until)
		g_main_context_iteration(NULL, TRUE);
	printf("%u outstanding: %.0f transactions/s\n", outstanding,
	       count * 1e6 / (double)(g_get_monotonic_time() - start));
	return 0;
}
