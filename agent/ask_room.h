/* SPDX-License-Identifier: Apache-2.0 */
/* Whose question is forgotten when there is no room for another (asked.h): one of the port that has most. */
#pragma once

#include <stdint.h>
#include <glib.h>

struct ask_seat {
	gint64 until; /* monotonic; past: it is free */
	uint32_t slot;
};

/* Where among SEATS another question of SLOT may sit NOW: a free one, or the oldest of whoever has most;
 * as many as others have is not more than they. */
guint ask_room_pick(const struct ask_seat *seats, guint count, uint32_t slot, gint64 now);
