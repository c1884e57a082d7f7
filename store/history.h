/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last changes, in memory and bounded, and those who watch them. A watch is a place
 * in the history; delivering is moving it forward. For this room only.
 */
#pragma once

#include "store/store.h"

struct history;

/* Starts to know at REVISION; keeps at least the last transaction and at most BYTES. */
struct history *history_new(uint64_t revision, gsize bytes);
void history_free(struct history *history); /* watches stay with their owners, silent */

/* The next transaction: takes CHANGES (of struct txn_change, all effective). REVISION is one
 * more than the last one's. */
void history_add(struct history *history, GArray *changes, uint64_t revision);

/* Calls every watch that is behind. Not from within a watcher. */
void history_deliver(struct history *history);

/* Some watch is behind. */
bool history_is_behind(const struct history *history);

struct store_watch *history_watch(struct history *history, const char *prefix, uint64_t after,
				  store_watcher watcher, void *data);
