/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers: each once, none again before it is settled. */
#include <glib.h>

#include "agent/slots.h"

static void test_all(void)
{
	struct slots *slots = slots_new(4);

	g_assert_cmpuint(slots_take(slots), ==, 1);
	g_assert_cmpuint(slots_take(slots), ==, 2);
	g_assert_cmpuint(slots_take(slots), ==, 3);
	g_assert_cmpuint(slots_take(slots), ==, 0);
	g_assert_cmpuint(slots_count(slots), ==, 3);
	slots_free(slots);
}

static void test_rest(void)
{
	struct slots *slots = slots_new(4);

	for (int i = 0; i < 3; i++)
		slots_take(slots);
	slots_release(slots, 2);
	g_assert_cmpuint(slots_count_resting(slots), ==, 1);
	g_assert_cmpuint(slots_take(slots), ==, 0);
	g_assert_false(slots_hold(slots, 2));
	slots_settle(slots);
	g_assert_cmpuint(slots_count_resting(slots), ==, 0);
	g_assert_cmpuint(slots_take(slots), ==, 2);
	slots_free(slots);
}

/* One that comes free is the last to be given again. */
static void test_turn(void)
{
	struct slots *slots = slots_new(5);

	g_assert_cmpuint(slots_take(slots), ==, 1);
	slots_release(slots, 1);
	slots_settle(slots);
	g_assert_cmpuint(slots_take(slots), ==, 2);
	g_assert_cmpuint(slots_take(slots), ==, 3);
	g_assert_cmpuint(slots_take(slots), ==, 4);
	g_assert_cmpuint(slots_take(slots), ==, 1);
	slots_free(slots);
}

static void test_hold(void)
{
	struct slots *slots = slots_new(4);

	g_assert_true(slots_hold(slots, 1));
	g_assert_false(slots_hold(slots, 1));
	g_assert_false(slots_hold(slots, 0));
	g_assert_false(slots_hold(slots, 4));
	g_assert_cmpuint(slots_take(slots), ==, 2);
	slots_release(slots, 0);
	slots_release(slots, 99);
	slots_release(slots, 3); /* free already */
	g_assert_cmpuint(slots_count_resting(slots), ==, 0);
	slots_free(slots);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/slots/each once", test_all);
	g_test_add_func("/slots/released numbers rest", test_rest);
	g_test_add_func("/slots/numbers go round", test_turn);
	g_test_add_func("/slots/a number found is held", test_hold);
	return g_test_run();
}
