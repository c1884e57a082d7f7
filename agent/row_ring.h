/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rings of rows, by row.told: those that a full transfer has named, and the others. A row is in one
 * of them and moves in no time, so what is left at the end is found without looking at all.
 */
#pragma once

#include "agent/rows.h"

void row_ring_init(struct row_ring *ring);
void row_ring_add(struct row_ring *ring, struct row *row);
/* Out of the ring that it is in. */
void row_ring_del(struct row *row);
/* NULL: there is none. */
struct row *row_ring_first(const struct row_ring *ring);
/* All of FROM, to the end of RING. */
void row_ring_move(struct row_ring *ring, struct row_ring *from);
