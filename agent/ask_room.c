/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ask_room.h"

#include <stdbool.h>

static guint seats_count(const struct ask_seat *seats, guint count, uint32_t slot)
{
	guint taken = 0;

	for (guint i = 0; i < count; i++)
		taken += seats[i].slot == slot;
	return taken;
}

guint ask_room_pick(const struct ask_seat *seats, guint count, uint32_t slot, gint64 now)
{
	guint best = 0, most = 0;

	for (guint i = 0; i < count; i++) {
		bool own = seats[i].slot == slot;
		guint taken;

		if (seats[i].until < now)
			return i;
		/* with the new one SLOT has one more: of two equals its own goes */
		taken = 2 * seats_count(seats, count, seats[i].slot) + 3 * own;
		if (taken < most || (taken == most && seats[i].until >= seats[best].until))
			continue;
		most = taken;
		best = i;
	}
	return best;
}
