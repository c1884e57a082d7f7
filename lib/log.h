/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line per event on stderr: "LEVEL module: subject: event, cause". Levels per module
 * at run time. Lines that repeat are limited; what was suppressed is counted. Programs
 * log, libraries do not.
 */
#pragma once

#include <stdbool.h>
#include <glib.h>

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

/*
 * "info", or with modules: "info,sync=debug,store=error". Starts as "info". Changes
 * nothing when SPEC is wrong.
 */
bool log_set_levels(const char *spec, GError **error);
bool log_is_on(const char *module, enum log_level level);

/*
 * A format string of a module writes at most 10 lines in 5 seconds for each subject (what
 * is before the first ": " of the printed text); the next line afterwards tells how many
 * were suppressed.
 */
void log_write(const char *module, enum log_level level, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

#define log_error(module, ...) log_write(module, LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(module, ...)  log_write(module, LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(module, ...)  log_write(module, LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(module, ...) log_write(module, LOG_LEVEL_DEBUG, __VA_ARGS__)

/* Where lines go; for tests. NULL: stderr again. LINE has no newline. */
typedef void (*log_sink)(enum log_level level, const char *line, void *data);
void log_set_sink(log_sink sink, void *data);
/* The clock in microseconds; for tests. NULL: g_get_monotonic_time. */
void log_set_clock(gint64 (*clock)(void));
