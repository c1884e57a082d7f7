/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building a transaction. Nothing here knows how it is made durable.
 */
#include "store/txn.h"

#include <string.h>

static void require_clear(void *data)
{
	g_free(((struct txn_require *)data)->key);
}

static void change_clear(void *data)
{
	struct txn_change *change = data;

	g_free(change->key);
	g_free(change->value);
}

GArray *txn_changes_new(void)
{
	GArray *changes = g_array_new(FALSE, FALSE, sizeof(struct txn_change));

	g_array_set_clear_func(changes, change_clear);
	return changes;
}

struct store_txn *store_txn_new(struct store *store)
{
	struct store_txn *txn = g_new0(struct store_txn, 1);

	txn->store = store;
	txn->requires = g_array_new(FALSE, FALSE, sizeof(struct txn_require));
	g_array_set_clear_func(txn->requires, require_clear);
	txn->changes = txn_changes_new();
	txn->index = g_hash_table_new(g_str_hash, g_str_equal);
	return txn;
}

void store_txn_free(struct store_txn *txn)
{
	if (!txn)
		return;
	g_hash_table_unref(txn->index);
	g_array_unref(txn->requires);
	g_array_unref(txn->changes);
	g_free(txn);
}

void store_txn_require(struct store_txn *txn, const char *key, uint64_t revision)
{
	struct txn_require require = {.key = g_strdup(key), .revision = revision};

	g_array_append_val(txn->requires, require);
}

void store_txn_require_exists(struct store_txn *txn, const char *key)
{
	struct txn_require require = {.key = g_strdup(key), .any = true};

	g_array_append_val(txn->requires, require);
}

static void txn_change(struct store_txn *txn, const char *key, char *value, gsize size,
		       enum store_lease lease)
{
	guint place = GPOINTER_TO_UINT(g_hash_table_lookup(txn->index, key));
	struct txn_change change = {.value = value, .size = size, .lease = lease};

	if (place) {
		struct txn_change *earlier =
			&g_array_index(txn->changes, struct txn_change, place - 1);

		g_free(earlier->value);
		earlier->value = value;
		earlier->size = size;
		earlier->lease = lease;
		return;
	}
	change.key = g_strdup(key);
	g_array_append_val(txn->changes, change);
	g_hash_table_insert(txn->index, change.key, GUINT_TO_POINTER(txn->changes->len));
}

void store_txn_put_leased(struct store_txn *txn, const char *key, const void *value, gsize size,
			  enum store_lease lease)
{
	char *copy = g_malloc(size + 1);

	if (size > 0)
		memcpy(copy, value, size);
	copy[size] = '\0';
	txn_change(txn, key, copy, size, lease);
}

void store_txn_put(struct store_txn *txn, const char *key, const void *value, gsize size)
{
	store_txn_put_leased(txn, key, value, size, STORE_LEASE_NONE);
}

void store_txn_del(struct store_txn *txn, const char *key)
{
	txn_change(txn, key, NULL, 0, STORE_LEASE_NONE);
}

const void *store_txn_find(const struct store_txn *txn, const char *key)
{
	guint place = GPOINTER_TO_UINT(g_hash_table_lookup(txn->index, key));

	return place ? g_array_index(txn->changes, struct txn_change, place - 1).value : NULL;
}

bool store_txn_has(const struct store_txn *txn, const char *key)
{
	return store_txn_find(txn, key);
}
