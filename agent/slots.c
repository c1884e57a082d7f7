/* SPDX-License-Identifier: Apache-2.0 */
/* One byte a number; the search goes on from the last one given. */
#include "agent/slots.h"

enum slot_use {
	SLOT_FREE,
	SLOT_TAKEN,
	SLOT_RESTING,
};

struct slots {
	uint32_t limit;
	uint32_t last;
	uint32_t count[3];
	uint8_t use[];
};

struct slots *slots_new(uint32_t limit)
{
	struct slots *slots = g_malloc0(sizeof(*slots) + limit);

	slots->limit = limit;
	slots->count[SLOT_FREE] = limit - 1;
	return slots;
}

void slots_free(struct slots *slots)
{
	g_free(slots);
}

static void slot_set(struct slots *slots, uint32_t number, enum slot_use use)
{
	slots->count[slots->use[number]]--;
	slots->count[use]++;
	slots->use[number] = (uint8_t)use;
}

uint32_t slots_take(struct slots *slots)
{
	if (!slots->count[SLOT_FREE])
		return 0;
	do {
		slots->last = slots->last + 1 < slots->limit ? slots->last + 1 : 1;
	} while (slots->use[slots->last] != SLOT_FREE);
	slot_set(slots, slots->last, SLOT_TAKEN);
	return slots->last;
}

bool slots_hold(struct slots *slots, uint32_t number)
{
	if (number == 0 || number >= slots->limit || slots->use[number] != SLOT_FREE)
		return false;
	slot_set(slots, number, SLOT_TAKEN);
	return true;
}

void slots_release(struct slots *slots, uint32_t number)
{
	if (number && number < slots->limit && slots->use[number] == SLOT_TAKEN)
		slot_set(slots, number, SLOT_RESTING);
}

void slots_settle(struct slots *slots)
{
	for (uint32_t i = 1; i < slots->limit && slots->count[SLOT_RESTING]; i++)
		if (slots->use[i] == SLOT_RESTING)
			slot_set(slots, i, SLOT_FREE);
}

uint32_t slots_count(const struct slots *slots)
{
	return slots->count[SLOT_TAKEN];
}

uint32_t slots_count_resting(const struct slots *slots)
{
	return slots->count[SLOT_RESTING];
}
