/* SPDX-License-Identifier: Apache-2.0 */
/* However much one port asks, the few questions of another stay. */
#include "agent/ask_room.h"

#define ROOM 8
#define LATE 1000

struct room {
	struct ask_seat seats[ROOM];
	gint64 now;
};

static guint ask(struct room *room, uint32_t slot)
{
	guint place = ask_room_pick(room->seats, ROOM, slot, ++room->now);

	room->seats[place] = (struct ask_seat){room->now + LATE, slot};
	return place;
}

static guint count(const struct room *room, uint32_t slot)
{
	guint n = 0;

	for (guint i = 0; i < ROOM; i++)
		n += room->seats[i].slot == slot;
	return n;
}

static void test_flood(void)
{
	struct room room = {0};

	ask(&room, 7);
	for (int i = 0; i < 100; i++)
		ask(&room, 1);
	g_assert_cmpuint(count(&room, 7), ==, 1);
	g_assert_cmpuint(count(&room, 1), ==, ROOM - 1);
	/* another comes in at the flood's expense, up to as many as it has */
	for (int i = 0; i < 100; i++)
		ask(&room, 2);
	g_assert_cmpuint(count(&room, 7), ==, 1);
	g_assert_cmpuint(count(&room, 1), >=, 3);
	g_assert_cmpuint(count(&room, 2), >=, 3);
}

/* Its own oldest goes first. */
static void test_oldest(void)
{
	struct room room = {0};

	for (guint i = 0; i < ROOM; i++)
		g_assert_cmpuint(ask(&room, 1), ==, i);
	for (guint i = 0; i < ROOM; i++)
		g_assert_cmpuint(ask(&room, 1), ==, i);
}

/* More ports than seats: each has one at most, and the newest are there. */
static void test_many(void)
{
	struct room room = {0};

	for (uint32_t slot = 1; slot <= 3 * ROOM; slot++)
		ask(&room, slot);
	for (uint32_t slot = 2 * ROOM + 1; slot <= 3 * ROOM; slot++)
		g_assert_cmpuint(count(&room, slot), ==, 1);
}

static void test_expired(void)
{
	struct room room = {0};

	for (guint i = 0; i < ROOM; i++)
		ask(&room, 1);
	room.now += 2 * LATE;
	g_assert_cmpuint(ask(&room, 2), ==, 0);
	g_assert_cmpuint(ask(&room, 1), ==, 1);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/ask-room/flood", test_flood);
	g_test_add_func("/ask-room/oldest", test_oldest);
	g_test_add_func("/ask-room/many", test_many);
	g_test_add_func("/ask-room/expired", test_expired);
	return g_test_run();
}
