/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store: keys and values under one growing revision, compare-and-put
 * transactions, ranges, a watch. Two implementations keep one law test.
 *
 * Everything is asynchronous on the default main context, because one of them is
 * across a network. A result is delivered only when the change is durable. The
 * same revision numbers every key that one transaction changed; revisions grow, and where
 * the store is shared not every number is seen, and transactions that touch nothing in
 * common may share one.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

struct http_tls;
struct store;
struct store_txn;

/* What keys and values mean, as a number in every store. */
#define STORE_SCHEMA 3 /* 3: in etcd every transaction asks the gate */

/*
 * "sqlite:PATH" ("sqlite::memory:" for tests), or "etcd:URL[,URL...][?prefix=NAME]", with
 * what TLS there is to show (NULL: none). Blocks until it is there. An older schema is
 * upgraded; a newer one is refused, and once another program has upgraded an open store
 * every commit is WEFT_ERROR_UNAVAILABLE and says so.
 */
struct store *store_open(const char *url, const struct http_tls *tls, GError **error);
/* For reading only: no byte of it is changed. A damaged one is WEFT_ERROR_INTERNAL, and an
 * embedded one that somebody has open WEFT_ERROR_CONFLICT. */
struct store *store_open_reading(const char *url, const struct http_tls *tls, GError **error);
/* Commits what is pending; callbacks have run. Not from within one. */
void store_close(struct store *store);

/* Of the last durable transaction. */
uint64_t store_revision(const struct store *store);
/* Made when the store was created: tells one store's revisions from another's. Borrowed. */
const char *store_epoch(const struct store *store);

/* What opening it did that somebody should know, in a sentence; NULL: nothing. Borrowed. */
const char *store_get_news(const struct store *store);
/* Other programs may have it open, too. */
bool store_is_shared(const struct store *store);

/* What became of the transactions so far; for metrics. */
struct store_counters {
	uint64_t committed; /* changed nothing, too */
	uint64_t conflicts;
	uint64_t failed;  /* the store could not write */
	uint64_t flushes; /* to disk, or across the network, of one or many transactions */
};
struct store_counters store_get_counters(const struct store *store);

struct store_txn *store_txn_new(struct store *store);
void store_txn_free(struct store_txn *txn); /* one that was not committed */

/* The key's last change must be REVISION; 0: it must not exist. */
void store_txn_require(struct store_txn *txn, const char *key, uint64_t revision);
void store_txn_require_exists(struct store_txn *txn, const char *key);
void store_txn_put(struct store_txn *txn, const char *key, const void *value, gsize size);
void store_txn_del(struct store_txn *txn, const char *key);

/*
 * A put that lasts as long as this program is there, and SECONDS longer at most; the embedded
 * store, which has one program, keeps it like any other. When the program was taken for dead
 * the keys come again unless somebody else has put them; QUICK ones do not.
 */
enum store_lease {
	STORE_LEASE_NONE,
	STORE_LEASE_QUICK,  /* 3 s */
	STORE_LEASE_STEADY, /* 15 s */
	STORE_LEASE_COUNT,
};
void store_txn_put_leased(struct store_txn *txn, const char *key, const void *value, gsize size,
			  enum store_lease lease);
/* False: the others may take this program for dead. */
bool store_holds_lease(const struct store *store, enum store_lease lease);
/* This transaction itself puts KEY: for a bulk request that must not claim twice. */
bool store_txn_has(const struct store_txn *txn, const char *key);
/* The value that it puts for KEY, or NULL; borrowed. Watches of this program are told the same
 * bytes at the same address (nearly always, where the store is shared). */
const void *store_txn_find(const struct store_txn *txn, const char *key);

/*
 * Called once. REVISION is the transaction's. On a failed requirement ERROR is
 * WEFT_ERROR_CONFLICT and FAILED_KEY names it; a store that cannot write says
 * WEFT_ERROR_UNAVAILABLE, and then nothing of the transaction is kept, unless it says that
 * the outcome is not known. Across a network a transaction has a limit, which its server
 * sets: what is larger is WEFT_ERROR_EXHAUSTED and says how many comparisons, changes and
 * bytes there were. A transaction is never split.
 */
typedef void (*store_done)(uint64_t revision, const char *failed_key, const GError *error,
			   void *data);
/* Takes TXN. Transactions are applied in the order in which they were committed. */
void store_txn_commit(struct store_txn *txn, store_done done, void *data);

/* DONE once, when all that was committed before the call, by whomever, has been told to the
 * watches of this program. REVISION: of which nothing earlier is unknown. */
typedef void (*store_synced)(uint64_t revision, const GError *error, void *data);
void store_sync(struct store *store, store_synced done, void *data);
/* True: that is so already, as nobody else can have committed anything. */
bool store_is_current(const struct store *store);

struct store_entry {
	const char *key;
	const void *value; /* NULL: deleted (watch only) */
	gsize size;
	uint64_t revision;
};

/* COUNT entries in key order whose keys start with PREFIX; DONE once, after the last. As they
 * were at revision AT, which may be unknown already (WEFT_ERROR_UNAVAILABLE); 0: as they are. */
typedef void (*store_range_done)(const struct store_entry *entries, gsize count,
				 uint64_t revision, const GError *error, void *data);
void store_range(struct store *store, const char *prefix, uint64_t at, store_range_done done,
		 void *data);

/*
 * Every change after revision AFTER of keys that start with PREFIX, one call for
 * each revision in order, and before the store_done of its transactions.
 * `lost`: changes since AFTER are no longer known; range again. What follows is told
 * from REVISION on.
 */
typedef void (*store_watcher)(const struct store_entry *entries, gsize count, uint64_t revision,
			      bool lost, void *data);
struct store_watch;
struct store_watch *store_watch_new(struct store *store, const char *prefix, uint64_t after,
				    store_watcher watcher, void *data);
/* Legal inside its own watcher, and after store_close. */
void store_watch_free(struct store_watch *watch);
