/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running laws.
 */
#include "store/law_fixture.h"

#include <string.h>
#include <glib/gstdio.h>

static struct etcd_fixture *etcd;

struct etcd_fixture *laws_get_etcd(void)
{
	if (!etcd)
		etcd = etcd_fixture_new();
	return etcd;
}

static void run_in_memory(const void *data)
{
	((const struct law *)data)->check("sqlite::memory:");
}

static void run_in_etcd(const void *data)
{
	const struct law *law = data;
	g_autofree char *url = NULL;

	if (!laws_get_etcd()) {
		g_test_skip("there is no etcd here");
		return;
	}
	url = etcd_fixture_url(etcd, law->name);
	law->check(url);
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

static void law_add(const struct law *law)
{
	g_autofree char *file = g_strconcat("/store/sqlite/file/", law->name, NULL);
	g_autofree char *memory = g_strconcat("/store/sqlite/memory/", law->name, NULL);
	g_autofree char *shared = g_strconcat("/store/etcd/", law->name, NULL);

	if (law->file)
		g_test_add_data_func(file, law, run_in_file);
	if (law->memory)
		g_test_add_data_func(memory, law, run_in_memory);
	if (law->shared)
		g_test_add_data_func(shared, law, run_in_etcd);
}

void laws_add(const struct law *laws, gsize count)
{
	for (gsize i = 0; i < count; i++)
		law_add(&laws[i]);
}

int laws_run(void)
{
	int status = g_test_run();

	etcd_fixture_free(etcd);
	return status;
}

void law_answered(uint64_t revision, const char *failed_key, const GError *error, void *data)
{
	struct answer *answer = data;

	answer->count++;
	answer->revision = revision;
	answer->code = error ? error->code : -1;
	g_strlcpy(answer->text, error ? error->message : "", sizeof(answer->text));
}

struct answer law_commit(struct store_txn *txn)
{
	struct answer answer = {0};

	store_txn_commit(txn, law_answered, &answer);
	while (answer.count == 0)
		g_main_context_iteration(NULL, TRUE);
	return answer;
}

struct answer law_put(struct store *store, const char *key, const char *value, gsize size)
{
	struct store_txn *txn = store_txn_new(store);

	store_txn_put(txn, key, value, size);
	return law_commit(txn);
}

void law_counted(const struct store_entry *entries, gsize count, uint64_t revision,
		 const GError *error, void *data)
{
	g_assert_no_error(error);
	*(gsize *)data = count;
}

void law_wait(const gsize *count)
{
	while (*count == 0)
		g_main_context_iteration(NULL, TRUE);
}
