/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/row_ring.h"

void row_ring_init(struct row_ring *ring)
{
	ring->next = ring->prev = ring;
}

void row_ring_add(struct row_ring *ring, struct row *row)
{
	row->told = (struct row_ring){ring, ring->prev};
	ring->prev->next = &row->told;
	ring->prev = &row->told;
}

void row_ring_del(struct row *row)
{
	row->told.prev->next = row->told.next;
	row->told.next->prev = row->told.prev;
}

struct row *row_ring_first(const struct row_ring *ring)
{
	return ring->next == ring
		       ? NULL
		       : (struct row *)((char *)ring->next - G_STRUCT_OFFSET(struct row, told));
}

void row_ring_move(struct row_ring *ring, struct row_ring *from)
{
	if (from->next == from)
		return;
	from->next->prev = ring->prev;
	ring->prev->next = from->next;
	from->prev->next = ring;
	ring->prev = from->prev;
	row_ring_init(from);
}
