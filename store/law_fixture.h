/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running a law on every kind of store, and what laws share.
 */
#pragma once

#include "store/etcd_fixture.h"
#include "store/store.h"

struct law {
	const char *name;
	void (*check)(const void *url);
	bool file, memory, shared; /* where it holds */
};

/* Adds COUNT laws to g_test; they live as long as the program. */
void laws_add(const struct law *laws, gsize count);
/* Runs what was added; the program's exit code. */
int laws_run(void);
/* The one etcd of this program, started when it is first asked for; NULL: there is none. */
struct etcd_fixture *laws_get_etcd(void);

/* What became of a transaction; the data of law_answered. */
struct answer {
	unsigned int count;
	uint64_t revision;
	int code; /* of the error, -1: none */
	char text[512];
};
void law_answered(uint64_t revision, const char *failed_key, const GError *error, void *data);
/* Commits TXN and waits. */
struct answer law_commit(struct store_txn *txn);
struct answer law_put(struct store *store, const char *key, const char *value, gsize size);

/* A store_range_done: puts the number of entries into its data, a gsize. */
void law_counted(const struct store_entry *entries, gsize count, uint64_t revision,
		 const GError *error, void *data);
/* Waits until *COUNT is not 0. */
void law_wait(const gsize *count);
