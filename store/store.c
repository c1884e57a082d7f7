/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The front: which store a URL means, and the way to it.
 */
#include "store/store.h"

#include <string.h>
#include "lib/error.h"
#include "store/etcd.h"
#include "store/sqlite.h"
#include "store/txn.h"

static const struct {
	const char *scheme;
	struct store *(*open)(const char *rest, const struct http_tls *tls, GError **error);
	struct store *(*open_reading)(const char *rest, const struct http_tls *tls,
				      GError **error);
} kinds[] = {
	{"sqlite:", sqlite_open, sqlite_open_reading},
	{"etcd:", etcd_open, etcd_open_reading},
};

static struct store *open_url(const char *url, bool reading, const struct http_tls *tls,
			      GError **error)
{
	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
		struct store *store;

		if (!g_str_has_prefix(url, kinds[i].scheme))
			continue;
		store = (reading ? kinds[i].open_reading
				 : kinds[i].open)(url + strlen(kinds[i].scheme), tls, error);
		if (!store)
			g_prefix_error(error, "store %s: ", url);
		return store;
	}
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
		    "store: url '%s' does not start with sqlite: or etcd:", url);
	return NULL;
}

struct store *store_open(const char *url, const struct http_tls *tls, GError **error)
{
	return open_url(url, false, tls, error);
}

struct store *store_open_reading(const char *url, const struct http_tls *tls, GError **error)
{
	return open_url(url, true, tls, error);
}

void store_close(struct store *store)
{
	if (store)
		store->ops->close(store);
}

uint64_t store_revision(const struct store *store)
{
	return store->ops->get_revision(store);
}

const char *store_epoch(const struct store *store)
{
	return store->ops->get_epoch(store);
}

const char *store_get_news(const struct store *store)
{
	return store->news;
}

bool store_is_shared(const struct store *store)
{
	return store->ops->shared;
}

bool store_holds_lease(const struct store *store, enum store_lease lease)
{
	return !store->ops->holds_lease || store->ops->holds_lease(store, lease);
}

bool store_is_current(const struct store *store)
{
	return !store->ops->is_current || store->ops->is_current(store);
}

struct store_counters store_get_counters(const struct store *store)
{
	return store->counters;
}

void store_txn_commit(struct store_txn *txn, store_done done, void *data)
{
	txn->store->ops->commit(txn->store, txn, done, data);
}

void store_sync(struct store *store, store_synced done, void *data)
{
	store->ops->sync(store, done, data);
}

void store_range(struct store *store, const char *prefix, uint64_t at, store_range_done done,
		 void *data)
{
	store->ops->range(store, prefix, at, done, data);
}

struct store_watch *store_watch_new(struct store *store, const char *prefix, uint64_t after,
				    store_watcher watcher, void *data)
{
	return store->ops->watch_new(store, prefix, after, watcher, data);
}
