/* SPDX-License-Identifier: Apache-2.0 */
/* Whole pages, as Prometheus reads them. */
#include "lib/metric.h"

#include <locale.h>
#include <math.h>
#include <string.h>

#include "lib/metric_process.h"

enum { HITS, LOAD, TIME, EMPTY, COUNT };

static const struct metric table[COUNT] = {
	[HITS] = {"weft_hits_total", METRIC_COUNTER, "route,status", "Hits"},
	[LOAD] = {"weft_load", METRIC_GAUGE, NULL, "A \\ and\na line"},
	[TIME] = {"weft_time_seconds", METRIC_HISTOGRAM, "route", "Time"},
	[EMPTY] = {"weft_empty_total", METRIC_COUNTER, NULL, "Never counted"},
};

static void page_is(const struct metrics *metrics, const char *wanted)
{
	g_autofree char *page = NULL;
	gsize size;

	page = metrics_print(metrics, &size);
	g_assert_cmpstr(page, ==, wanted);
	g_assert_cmpuint(size, ==, strlen(page));
}

static void test_counters(void)
{
	struct metrics *metrics = metrics_new(table, COUNT);

	page_is(metrics, "");
	metrics_add(metrics, HITS, (const char *[]){"/b", "200"}, 1);
	metrics_add(metrics, HITS, (const char *[]){"/a", "404"}, 2);
	metrics_add(metrics, HITS, (const char *[]){"/b", "200"}, 0.5);
	metrics_set(metrics, LOAD, NULL, 4294967296.0);
	page_is(metrics, "# HELP weft_hits_total Hits\n"
			 "# TYPE weft_hits_total counter\n"
			 "weft_hits_total{route=\"/a\",status=\"404\"} 2\n"
			 "weft_hits_total{route=\"/b\",status=\"200\"} 1.5\n"
			 "# HELP weft_load A \\\\ and\\na line\n"
			 "# TYPE weft_load gauge\n"
			 "weft_load 4294967296\n");
	metrics_clear(metrics, HITS);
	metrics_set(metrics, LOAD, NULL, -1);
	page_is(metrics, "# HELP weft_load A \\\\ and\\na line\n"
			 "# TYPE weft_load gauge\n"
			 "weft_load -1\n");
	metrics_free(metrics);
}

static void test_values(void)
{
	static const struct {
		double value;
		const char *text;
	} rows[] = {
		{0, "0"},	    {0.25, "0.25"},
		{INFINITY, "+Inf"}, {-INFINITY, "-Inf"},
		{NAN, "NaN"},	    {9007199254740991.0, "9007199254740991"},
	};
	static const struct metric gauge = {"weft_x", METRIC_GAUGE, NULL, "X"};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct metrics *metrics = metrics_new(&gauge, 1);
		g_autofree char *wanted = g_strdup_printf(
			"# HELP weft_x X\n# TYPE weft_x gauge\nweft_x %s\n", rows[i].text);

		metrics_set(metrics, 0, NULL, rows[i].value);
		page_is(metrics, wanted);
		metrics_free(metrics);
	}
}

static void test_escapes(void)
{
	static const struct metric gauge = {"weft_x", METRIC_GAUGE, "name", "X"};
	struct metrics *metrics = metrics_new(&gauge, 1);

	/* Quotes, backslashes, lines, and bytes that are no UTF-8. */
	metrics_set(metrics, 0, (const char *[]){"a\"b\\c\nd\xff"}, 1);
	metrics_set(metrics, 0, (const char *[]){"grün"}, 2);
	metrics_set(metrics, 0, (const char *[]){""}, 3);
	page_is(metrics, "# HELP weft_x X\n# TYPE weft_x gauge\n"
			 "weft_x{name=\"\"} 3\n"
			 "weft_x{name=\"a\\\"b\\\\c\\nd\xef\xbf\xbd\"} 1\n"
			 "weft_x{name=\"grün\"} 2\n");
	metrics_free(metrics);
}

static void test_histogram(void)
{
	const char *route[] = {"/a"};
	struct metrics *metrics = metrics_new(table, COUNT);

	/* A bound belongs to its bucket; what is above all counts in +Inf alone. */
	metrics_observe(metrics, TIME, route, 0.0001);
	metrics_observe(metrics, TIME, route, 0.25);
	metrics_observe(metrics, TIME, route, 64);
	page_is(metrics, "# HELP weft_time_seconds Time\n"
			 "# TYPE weft_time_seconds histogram\n"
			 "weft_time_seconds_bucket{route=\"/a\",le=\"0.0001\"} 1\n"
			 "weft_time_seconds_bucket{route=\"/a\",le=\"0.00025\"} 1\n"
			 "weft_time_seconds_bucket{route=\"/a\",le=\"0.0005\"} 1\n"
			 "weft_time_seconds_bucket{route=\"/a\",le=\"0.001\"} 1\n"
			 "weft_time_seconds_bucket{route=\"/a\",le=\"0.0025\"} 1\n"
			 "weft_time_seconds_bucket{route=\"/a\",le=\"0.005\"} 1\n"
			 "weft_time_seconds_bucket{route=\"/a\",le=\"0.01\"} 1\n"
			 "weft_time_seconds_bucket{route=\"/a\",le=\"0.025\"} 1\n"
			 "weft_time_seconds_bucket{route=\"/a\",le=\"0.05\"} 1\n"
			 "weft_time_seconds_bucket{route=\"/a\",le=\"0.1\"} 1\n"
			 "weft_time_seconds_bucket{route=\"/a\",le=\"0.25\"} 2\n"
			 "weft_time_seconds_bucket{route=\"/a\",le=\"0.5\"} 2\n"
			 "weft_time_seconds_bucket{route=\"/a\",le=\"1\"} 2\n"
			 "weft_time_seconds_bucket{route=\"/a\",le=\"2.5\"} 2\n"
			 "weft_time_seconds_bucket{route=\"/a\",le=\"5\"} 2\n"
			 "weft_time_seconds_bucket{route=\"/a\",le=\"10\"} 2\n"
			 "weft_time_seconds_bucket{route=\"/a\",le=\"+Inf\"} 3\n"
			 "weft_time_seconds_sum{route=\"/a\"} 64.250100000000003\n"
			 "weft_time_seconds_count{route=\"/a\"} 3\n");
	metrics_free(metrics);
}

/* However many label values come from outside. */
static void test_bound(void)
{
	struct metrics *metrics = metrics_new(table, COUNT);
	const char *known[] = {"0", "200"};

	for (unsigned int i = 0; i < METRIC_SERIES_MAX + 10; i++) {
		g_autofree char *route = g_strdup_printf("%u", i);

		metrics_add(metrics, HITS, (const char *[]){route, "200"}, 1);
	}
	g_assert_cmpuint(metrics_get_refused(metrics), ==, 10);
	metrics_add(metrics, HITS, known, 1);
	g_assert_cmpuint(metrics_get_refused(metrics), ==, 10);
	metrics_clear(metrics, HITS);
	metrics_add(metrics, HITS, (const char *[]){"new", "200"}, 1);
	g_assert_cmpuint(metrics_get_refused(metrics), ==, 10);
	metrics_free(metrics);
}

static void test_manual(void)
{
	g_autofree char *text = NULL;
	gsize size;
	FILE *out = open_memstream(&text, &size);

	metrics_print_manual(table, 1, out);
	fclose(out);
	g_assert_cmpstr(text, ==, ".It Li weft_hits_total\ncounter by route,status: Hits.\n");
}

static void test_process(void)
{
	static const struct metric rows[] = {METRIC_PROCESS(METRIC_ROW)};
	struct metrics *metrics = metrics_new(rows, G_N_ELEMENTS(rows));
	g_autofree char *page = NULL;
	const char *resident;
	gsize size;

	metric_process_collect(metrics, "test");
	page = metrics_print(metrics, &size);
	g_assert_nonnull(strstr(page, "weft_build_info{program=\"test\",version=\"" WEFT_VERSION
				      "\"} 1\n"));
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		g_assert_nonnull(strstr(page, rows[i].name));
	resident = strstr(page, "\nprocess_resident_memory_bytes ");
	g_assert_nonnull(resident);
	g_assert_cmpfloat(g_ascii_strtod(strchr(resident, ' '), NULL), >, 1 << 20);
	resident = strstr(page, "\nprocess_start_time_seconds ");
	g_assert_cmpfloat(fabs(g_ascii_strtod(strchr(resident, ' '), NULL) -
			       (double)g_get_real_time() / G_USEC_PER_SEC),
			  <, 3600);
	metrics_free(metrics);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/metric/counters", test_counters);
	g_test_add_func("/metric/values", test_values);
	g_test_add_func("/metric/escapes", test_escapes);
	g_test_add_func("/metric/histogram", test_histogram);
	g_test_add_func("/metric/bound", test_bound);
	g_test_add_func("/metric/manual", test_manual);
	g_test_add_func("/metric/process", test_process);
	return g_test_run();
}
