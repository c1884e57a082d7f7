/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A series is found by its label values, written as they will be printed: counting costs one
 * hash look-up and printing no more thought.
 */
#include "lib/metric.h"

#include <math.h>
#include <string.h>

#define NUMBER_TEXT 32

static const double bounds[] = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
				0.05,	0.1,	 0.25,	 0.5,	1,	2.5,   5,    10};

#define BOUNDS G_N_ELEMENTS(bounds)

struct series {
	double value;	  /* of a histogram: the sum */
	uint64_t *counts; /* of a histogram: of each bucket by itself, then of what is above */
};

/* Owns its series; the table is the program's. */
struct metrics {
	const struct metric *table;
	unsigned int count;
	GHashTable **series; /* by id: text of the labels -> struct series */
	GString *labels;     /* of the series that is looked for */
	uint64_t refused;
};

static void series_free(void *data)
{
	struct series *series = data;

	g_free(series->counts);
	g_free(series);
}

struct metrics *metrics_new(const struct metric *table, unsigned int count)
{
	struct metrics *metrics = g_new0(struct metrics, 1);

	metrics->table = table;
	metrics->count = count;
	metrics->labels = g_string_new(NULL);
	metrics->series = g_new(GHashTable *, count);
	for (unsigned int i = 0; i < count; i++)
		metrics->series[i] =
			g_hash_table_new_full(g_str_hash, g_str_equal, g_free, series_free);
	return metrics;
}

void metrics_free(struct metrics *metrics)
{
	if (!metrics)
		return;
	for (unsigned int i = 0; i < metrics->count; i++)
		g_hash_table_unref(metrics->series[i]);
	g_free(metrics->series);
	g_string_free(metrics->labels, TRUE);
	g_free(metrics);
}

/* --- series -------------------------------------------------------------------------- */

static void append_escaped(GString *out, const char *text, bool quotes)
{
	for (; *text; text++) {
		if (*text == '\n')
			g_string_append(out, "\\n");
		else if (*text == '\\' || (quotes && *text == '"'))
			g_string_append_printf(out, "\\%c", *text);
		else
			g_string_append_c(out, *text);
	}
}

static void append_value(GString *out, const char *value)
{
	g_autofree char *valid = NULL;

	if (!g_utf8_validate(value, -1, NULL))
		value = valid = g_utf8_make_valid(value, -1);
	append_escaped(out, value, true);
}

/* `method="GET",status="200"` */
static void append_labels(GString *out, const char *names, const char *const *values)
{
	for (unsigned int i = 0; names; i++) {
		const char *end = strchrnul(names, ',');

		g_string_append_printf(out, "%s%.*s=\"", i ? "," : "", (int)(end - names),
				       names);
		append_value(out, values[i]);
		g_string_append_c(out, '"');
		names = *end ? end + 1 : NULL;
	}
}

/* NULL: there are too many. */
static struct series *series_get(struct metrics *metrics, unsigned int id,
				 const char *const *values)
{
	GHashTable *all = metrics->series[id];
	struct series *series;

	g_string_truncate(metrics->labels, 0);
	append_labels(metrics->labels, metrics->table[id].labels, values);
	series = g_hash_table_lookup(all, metrics->labels->str);
	if (series)
		return series;
	if (g_hash_table_size(all) >= METRIC_SERIES_MAX) {
		metrics->refused++;
		return NULL;
	}
	series = g_new0(struct series, 1);
	if (metrics->table[id].type == METRIC_HISTOGRAM)
		series->counts = g_new0(uint64_t, BOUNDS + 1);
	g_hash_table_insert(all, g_strdup(metrics->labels->str), series);
	return series;
}

void metrics_add(struct metrics *metrics, unsigned int id, const char *const *values,
		 double amount)
{
	struct series *series = series_get(metrics, id, values);

	if (series)
		series->value += amount;
}

void metrics_set(struct metrics *metrics, unsigned int id, const char *const *values,
		 double value)
{
	struct series *series = series_get(metrics, id, values);

	if (series)
		series->value = value;
}

void metrics_observe(struct metrics *metrics, unsigned int id, const char *const *values,
		     double seconds)
{
	struct series *series = series_get(metrics, id, values);
	gsize bucket = 0;

	if (!series)
		return;
	while (bucket < BOUNDS && seconds > bounds[bucket])
		bucket++;
	series->counts[bucket]++;
	series->value += seconds;
}

void metrics_clear(struct metrics *metrics, unsigned int id)
{
	g_hash_table_remove_all(metrics->series[id]);
}

uint64_t metrics_get_refused(const struct metrics *metrics)
{
	return metrics->refused;
}

/* --- printing ------------------------------------------------------------------------ */

/* Whole numbers whole, others so that they read back the same; never by the locale. */
static const char *number_print(double value, char *text)
{
	if (isnan(value))
		return "NaN";
	if (isinf(value))
		return value > 0 ? "+Inf" : "-Inf";
	if (fabs(value) < 0x1p53 && value == floor(value))
		return g_ascii_formatd(text, NUMBER_TEXT, "%.0f", value);
	return g_ascii_dtostr(text, NUMBER_TEXT, value);
}

static const char *type_name(enum metric_type type)
{
	static const char *const names[] = {"counter", "gauge", "histogram"};

	return names[type];
}

static void append_sample(GString *out, const char *name, const char *suffix,
			  const char *labels, double value)
{
	char text[NUMBER_TEXT];

	g_string_append_printf(out, "%s%s", name, suffix);
	if (*labels)
		g_string_append_printf(out, "{%s}", labels);
	g_string_append_printf(out, " %s\n", number_print(value, text));
}

static void append_histogram(GString *out, const char *name, const char *labels,
			     const struct series *series)
{
	uint64_t count = 0;

	for (gsize i = 0; i <= BOUNDS; i++) {
		g_autofree char *with = NULL;
		char text[NUMBER_TEXT];

		/* The shortest form: 0.1, not 0.10000000000000001. */
		if (i < BOUNDS)
			g_ascii_formatd(text, sizeof(text), "%g", bounds[i]);
		else
			g_strlcpy(text, "+Inf", sizeof(text));
		count += series->counts[i];
		with = g_strdup_printf("%s%sle=\"%s\"", labels, *labels ? "," : "", text);
		append_sample(out, name, "_bucket", with, (double)count);
	}
	append_sample(out, name, "_sum", labels, series->value);
	append_sample(out, name, "_count", labels, (double)count);
}

static void append_metric(GString *out, const struct metric *metric, GHashTable *all)
{
	g_autoptr(GList) keys =
		g_list_sort(g_hash_table_get_keys(all), (GCompareFunc)(void *)strcmp);

	if (!keys)
		return;
	g_string_append_printf(out, "# HELP %s ", metric->name);
	append_escaped(out, metric->help, false);
	g_string_append_printf(out, "\n# TYPE %s %s\n", metric->name, type_name(metric->type));
	for (const GList *key = keys; key; key = key->next) {
		const struct series *series = g_hash_table_lookup(all, key->data);

		if (series->counts)
			append_histogram(out, metric->name, key->data, series);
		else
			append_sample(out, metric->name, "", key->data, series->value);
	}
}

char *metrics_print(const struct metrics *metrics, gsize *size)
{
	GString *out = g_string_sized_new(16384);

	for (unsigned int i = 0; i < metrics->count; i++)
		append_metric(out, &metrics->table[i], metrics->series[i]);
	*size = out->len;
	return g_string_free(out, FALSE);
}

void metrics_print_manual(const struct metric *table, unsigned int count, FILE *out)
{
	for (unsigned int i = 0; i < count; i++) {
		fprintf(out, ".It Li %s\n%s", table[i].name, type_name(table[i].type));
		if (table[i].labels)
			fprintf(out, " by %s", table[i].labels);
		fprintf(out, ": %s.\n", table[i].help);
	}
}
