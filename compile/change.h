/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one flush changes for each host, coalesced: however often a row comes and goes in a
 * flush, its host hears of it once, or not at all when it ends as it began.
 */
#pragma once

#include "compile/state.h"

guint change_hash(gconstpointer change);
gboolean change_same(gconstpointer a, gconstpointer b);

/* HOST begins, or ceases, to see ROW. */
void change_gain(struct compile *compile, struct host_unit *host, struct row *row);
void change_lose(struct compile *compile, struct host_unit *host, struct row *row);
/* All rows of a list. */
void change_gain_rows(struct compile *compile, struct host_unit *host, const GPtrArray *rows);
void change_lose_rows(struct compile *compile, struct host_unit *host, const GPtrArray *rows);

/* Tells every changed row to those who saw it at the last flush. Comes before any gain or
 * loss. */
void change_spread(struct compile *compile);

/* Emits and forgets. */
void change_emit(struct compile *compile);
