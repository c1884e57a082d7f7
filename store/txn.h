/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A transaction before it is committed, and the seam behind which a store is
 * implemented. For this room only.
 */
#pragma once

#include "store/store.h"

struct txn_require {
	char *key;
	uint64_t revision;
	bool any; /* any revision, but it must exist */
};

struct txn_change {
	char *key;
	char *value; /* NULL: delete */
	gsize size;
	enum store_lease lease;
	bool idle; /* deletes what was not there: changes nothing, is told to nobody */
};

/* A key is changed at most once: the last put or delete of it counts. */
struct store_txn {
	struct store *store;
	GArray *requires;  /* of struct txn_require */
	GArray *changes;   /* of struct txn_change */
	GHashTable *index; /* key -> its place in `changes` + 1 */
};

/* An empty array of struct txn_change that owns what its elements point to. */
GArray *txn_changes_new(void);

struct store {
	const struct store_ops *ops;
	struct store_counters counters;
	char *news; /* NULL: none; the implementation frees it */
};

struct store_ops {
	void (*close)(struct store *store);
	uint64_t (*get_revision)(const struct store *store);
	const char *(*get_epoch)(const struct store *store);
	void (*commit)(struct store *store, struct store_txn *txn, store_done done, void *data);
	void (*sync)(struct store *store, store_synced done, void *data);
	void (*range)(struct store *store, const char *prefix, uint64_t at,
		      store_range_done done, void *data);
	bool (*holds_lease)(const struct store *store, enum store_lease lease); /* or NULL */
	bool (*is_current)(const struct store *store); /* or NULL: always */
	bool shared;
	struct store_watch *(*watch_new)(struct store *store, const char *prefix,
					 uint64_t after, store_watcher watcher, void *data);
};
