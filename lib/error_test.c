/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one table of errors: statuses, exit codes and names are there and do not collide.
 */
#include "lib/error.h"

#include <string.h>

static const enum weft_error codes[] = {
#define X(code, name, status, exit_code) WEFT_ERROR_##code,
	WEFT_ERROR_TABLE(X)
#undef X
};

static void test_table(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(codes); i++) {
		g_autoptr(GError) error = g_error_new_literal(WEFT_ERROR, (gint)codes[i],
							      "port p: mtu: 9 is wrong");

		g_assert_cmpuint(weft_error_to_status(error), >=, 400);
		g_assert_cmpuint(weft_error_to_status(error), <, 600);
		g_assert_cmpint(weft_error_to_exit(error), >, 0);
		g_assert_cmpuint(strlen(weft_error_to_name(codes[i])), >, 0);
		for (gsize j = 0; j < i; j++) {
			g_autoptr(GError) other =
				g_error_new_literal(WEFT_ERROR, (gint)codes[j], "");

			g_assert_cmpint(weft_error_to_exit(error), !=,
					weft_error_to_exit(other));
			g_assert_cmpstr(weft_error_to_name(codes[i]), !=,
					weft_error_to_name(codes[j]));
		}
	}
}

static void test_foreign_error(void)
{
	g_autoptr(GError) foreign = g_error_new_literal(G_FILE_ERROR, G_FILE_ERROR_NOENT, "x");
	g_autoptr(GError) odd = g_error_new_literal(WEFT_ERROR, 99, "x");

	g_assert_cmpuint(weft_error_to_status(foreign), ==, 500);
	g_assert_cmpint(weft_error_to_exit(foreign), ==, 1);
	g_assert_cmpuint(weft_error_to_status(odd), ==, 500);
	g_assert_cmpint(weft_error_to_exit(odd), ==, 1);
}

static void test_from_status(void)
{
	g_assert_cmpint(weft_error_from_status(400), ==, WEFT_ERROR_INVALID);
	g_assert_cmpint(weft_error_from_status(404), ==, WEFT_ERROR_NOT_FOUND);
	g_assert_cmpint(weft_error_from_status(409), ==, WEFT_ERROR_CONFLICT);
	g_assert_cmpint(weft_error_from_status(503), ==, WEFT_ERROR_UNAVAILABLE);
	g_assert_cmpint(weft_error_from_status(418), ==, WEFT_ERROR_INTERNAL);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/error/table", test_table);
	g_test_add_func("/error/foreign", test_foreign_error);
	g_test_add_func("/error/from-status", test_from_status);
	return g_test_run();
}
