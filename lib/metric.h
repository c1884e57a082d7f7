/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program counts, for Prometheus (text format 0.0.4). A program's metrics are one
 * table, from which they are kept, printed and described in its manual page. The number of
 * series is bounded: label values may come from outside.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <glib.h>

enum metric_type {
	METRIC_COUNTER,
	METRIC_GAUGE,
	METRIC_HISTOGRAM,
};

/* A row of the table. */
struct metric {
	const char *name; /* weft_*; counters end in _total, units are _seconds and _bytes */
	enum metric_type type;
	const char *labels; /* names, separated by commas; NULL: none */
	const char *help;
};

/* A program lists its metrics as X(ID, name, type, labels, help); this is the row of one. */
#define METRIC_ROW(id, name, type, labels, help) {name, METRIC_##type, labels, help},

#define METRIC_LABELS_MAX 4
#define METRIC_SERIES_MAX 16384 /* of one metric; further ones are not kept */

struct metrics;

/* TABLE must outlive it. */
struct metrics *metrics_new(const struct metric *table, unsigned int count);
void metrics_free(struct metrics *metrics);

/*
 * ID is the metric's place in the table. VALUES: as many as it has labels, NULL when it
 * has none; any text. A counter and a histogram grow, a gauge is set; metrics_set on a
 * counter is for one that is counted elsewhere.
 */
void metrics_add(struct metrics *metrics, unsigned int id, const char *const *values,
		 double amount);
void metrics_set(struct metrics *metrics, unsigned int id, const char *const *values,
		 double value);
/* SECONDS into the histogram's buckets, 100 us to 10 s. */
void metrics_observe(struct metrics *metrics, unsigned int id, const char *const *values,
		     double seconds);
/* Forgets every series of ID: before those that exist now are set. */
void metrics_clear(struct metrics *metrics, unsigned int id);
/* Series that were not kept because there were METRIC_SERIES_MAX. */
uint64_t metrics_get_refused(const struct metrics *metrics);

#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* The page that Prometheus reads; metrics without a series are left out. Owned text. */
char *metrics_print(const struct metrics *metrics, gsize *size);
/* The table as items of an mdoc list, for the manual page. */
void metrics_print_manual(const struct metric *table, unsigned int count, FILE *out);
