/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last changes, in memory and bounded, and those who watch them. A watch is a place
 * in the history; delivering is moving it forward. For this room only.
 */
#pragma once

#include "store/store.h"

struct history;

/*
 * Starts to know at REVISION; keeps at least the last transaction and at most 4 MiB. ALONE:
 * revisions are made here only, so a watch from the future has lost its way.
 */
struct history *history_new(uint64_t revision, bool alone);
void history_free(struct history *history); /* watches stay with their owners, silent */

/* What happened at REVISION, which is after the last one: takes CHANGES (of struct txn_change,
 * all effective). Not from within a watcher, none of these. */
void history_add(struct history *history, GArray *changes, uint64_t revision);
/* Nothing of ours happened until REVISION. */
void history_pass(struct history *history, uint64_t revision);
/* What happened until REVISION is not known: every watch is told so. */
void history_reset(struct history *history, uint64_t revision);
uint64_t history_get_last(const struct history *history);

/* Frees one large record of those that were forgotten; true: there are more. */
bool history_sweep(struct history *history);
bool history_has_trash(const struct history *history);

/* Somebody begins to read, or has ended: watches where he began, and others write meanwhile, so
 * until then at most 64 MiB are kept. */
void history_hold(struct history *history);
void history_release(struct history *history);

/* Calls every watch that is behind. Not from within a watcher. */
void history_deliver(struct history *history);

/* Some watch is behind. */
bool history_is_behind(const struct history *history);

struct store_watch *history_watch(struct history *history, const char *prefix, uint64_t after,
				  store_watcher watcher, void *data);
