/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Levels, limits and lines, by what comes out of the sink.
 */
#include "lib/log.h"

#include "lib/error.h"

static gint64 now = 1;
static GPtrArray *lines;

static gint64 clock_read(void)
{
	return now;
}

static void sink_add(enum log_level level, const char *line, void *data)
{
	g_ptr_array_add(lines, g_strdup(line));
}

static void setup(void)
{
	g_clear_pointer(&lines, g_ptr_array_unref);
	lines = g_ptr_array_new_with_free_func(g_free);
	now += 60 * G_USEC_PER_SEC;
	g_assert_true(log_set_levels("info", NULL));
	log_error("sweep", "everything: older goes");
	g_ptr_array_set_size(lines, 0);
}

static void test_line(void)
{
	setup();
	log_warn("port", "port %s: cannot attach: no such device", "3f2c");
	g_assert_cmpuint(lines->len, ==, 1);
	g_assert_cmpstr(lines->pdata[0], ==,
			"warn port: port 3f2c: cannot attach: no such device");
}

static void test_hostile_line(void)
{
	setup();
	log_info("api", "name: %s", "a\nerror store: forged\x1b[31m");
	g_assert_cmpstr(lines->pdata[0], ==, "info api: name: a?error store: forged?[31m");
}

static void test_levels(void)
{
	setup();
	g_assert_true(log_set_levels("warn, sync=debug", NULL));
	log_info("store", "quiet");
	log_debug("sync", "loud");
	log_warn("store", "heard");
	g_assert_cmpuint(lines->len, ==, 2);
	g_assert_cmpstr(lines->pdata[0], ==, "debug sync: loud");
	g_assert_cmpstr(lines->pdata[1], ==, "warn store: heard");
}

static void test_bad_levels_change_nothing(void)
{
	static const char *const specs[] = {"loud", "", "info,=debug", "sync=", "sync=INFO"};

	setup();
	g_assert_true(log_set_levels("error", NULL));
	for (gsize i = 0; i < G_N_ELEMENTS(specs); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_false(log_set_levels(specs[i], &error));
		g_assert_error(error, WEFT_ERROR, WEFT_ERROR_INVALID);
	}
	g_assert_false(log_is_on("sync", LOG_LEVEL_WARN));
	g_assert_true(log_is_on("sync", LOG_LEVEL_ERROR));
}

static void flood(const char *subject, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		log_info("sync", "%s: line %u", subject, i);
}

static void test_limit_counts(void)
{
	setup();
	flood("host a", 25);
	g_assert_cmpuint(lines->len, ==, 10);
	flood("host b", 1);
	g_assert_cmpuint(lines->len, ==, 11);
	now += 5 * G_USEC_PER_SEC;
	flood("host a", 1);
	g_assert_cmpuint(lines->len, ==, 13);
	g_assert_cmpstr(lines->pdata[11], ==, "info sync: host a: 15 similar lines suppressed");
	g_assert_cmpstr(lines->pdata[12], ==, "info sync: host a: line 0");
}

static void test_limit_is_told_by_others(void)
{
	setup();
	flood("host a", 12);
	now += 6 * G_USEC_PER_SEC;
	flood("host c", 1);
	g_assert_cmpuint(lines->len, ==, 12);
	g_assert_cmpstr(lines->pdata[10], ==, "info sync: host a: 2 similar lines suppressed");
}

static void test_many_subjects(void)
{
	setup();
	for (unsigned int i = 0; i < 10000; i++)
		log_info("sync", "host %u: came", i);
	g_assert_cmpuint(lines->len, ==, 10000);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	log_set_sink(sink_add, NULL);
	log_set_clock(clock_read);
	g_test_add_func("/log/line", test_line);
	g_test_add_func("/log/hostile-line", test_hostile_line);
	g_test_add_func("/log/levels", test_levels);
	g_test_add_func("/log/bad-levels-change-nothing", test_bad_levels_change_nothing);
	g_test_add_func("/log/limit-counts", test_limit_counts);
	g_test_add_func("/log/limit-is-told-by-others", test_limit_is_told_by_others);
	g_test_add_func("/log/many-subjects", test_many_subjects);
	return g_test_run();
}
