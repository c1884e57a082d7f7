/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store: keys and values under one growing revision, compare-and-put
 * transactions, ranges, a watch. Two implementations keep one law test.
 *
 * Everything is asynchronous on the default main context, because one of them is
 * across a network. A result is delivered only when the change is durable. The
 * same revision numbers every key that one transaction changed.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

struct store;
struct store_txn;

/* "sqlite:PATH" ("sqlite::memory:" for tests). */
struct store *store_open(const char *url, GError **error);
/* For reading only, by nobody but this process: no byte of it is changed. What somebody has open
 * is WEFT_ERROR_CONFLICT, a damaged one WEFT_ERROR_INTERNAL. */
struct store *store_open_reading(const char *url, GError **error);
/* Commits what is pending; callbacks have run. Not from within one. */
void store_close(struct store *store);

/* Of the last durable transaction. */
uint64_t store_revision(const struct store *store);
/* Made when the store was created: tells one store's revisions from another's. Borrowed. */
const char *store_epoch(const struct store *store);

/* What became of the transactions so far; for metrics. */
struct store_counters {
	uint64_t committed; /* changed nothing, too */
	uint64_t conflicts;
	uint64_t failed;  /* the store could not write */
	uint64_t flushes; /* to disk, of one or many transactions */
};
struct store_counters store_get_counters(const struct store *store);

struct store_txn *store_txn_new(struct store *store);
void store_txn_free(struct store_txn *txn); /* one that was not committed */

/* The key's last change must be REVISION; 0: it must not exist. */
void store_txn_require(struct store_txn *txn, const char *key, uint64_t revision);
void store_txn_require_exists(struct store_txn *txn, const char *key);
void store_txn_put(struct store_txn *txn, const char *key, const void *value, gsize size);
void store_txn_del(struct store_txn *txn, const char *key);
/* This transaction itself puts KEY: for a bulk request that must not claim twice. */
bool store_txn_has(const struct store_txn *txn, const char *key);

/*
 * Called once. REVISION is the transaction's. On a failed requirement ERROR is
 * WEFT_ERROR_CONFLICT and FAILED_KEY names it; a store that cannot write says
 * WEFT_ERROR_UNAVAILABLE, and then nothing of the transaction is kept.
 */
typedef void (*store_done)(uint64_t revision, const char *failed_key, const GError *error,
			   void *data);
/* Takes TXN. Transactions are applied in the order in which they were committed. */
void store_txn_commit(struct store_txn *txn, store_done done, void *data);

struct store_entry {
	const char *key;
	const void *value; /* NULL: deleted (watch only) */
	gsize size;
	uint64_t revision;
};

/* COUNT entries in key order whose keys start with PREFIX; DONE once, after the last. */
typedef void (*store_range_done)(const struct store_entry *entries, gsize count,
				 uint64_t revision, const GError *error, void *data);
void store_range(struct store *store, const char *prefix, store_range_done done, void *data);

/*
 * Every change after revision AFTER of keys that start with PREFIX, one call for
 * each transaction in order of revision, and before that transaction's own
 * store_done. `lost`: changes since AFTER are no longer known; range again.
 */
typedef void (*store_watcher)(const struct store_entry *entries, gsize count, uint64_t revision,
			      bool lost, void *data);
struct store_watch;
struct store_watch *store_watch_new(struct store *store, const char *prefix, uint64_t after,
				    store_watcher watcher, void *data);
/* Legal inside its own watcher, and after store_close. */
void store_watch_free(struct store_watch *watch);
