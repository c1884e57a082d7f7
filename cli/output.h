/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists and objects as tables, JSON, CSV or bare values. Written into text, which
 * the command prints when all has gone well.
 */
#pragma once

#include <stdbool.h>
#include <glib.h>
#include <jansson.h>
#include "cli/option.h"

/* --format and --column. */
void output_add_options(GArray *options);

/* --format is one we know. */
bool output_check(const struct arguments *arguments, GError **error);

/* ROWS is a list of mappings. COLUMNS are the keys shown unless the user chose; JSON shows
 * whole rows then. Owned text, or NULL with a usage error. */
char *output_list(const struct arguments *arguments, const json_t *rows,
		  const GPtrArray *columns, GError **error);

/* One mapping, a key a line. */
char *output_object(const struct arguments *arguments, const json_t *object, GError **error);

/* Prints TEXT and frees it; false with ERROR when it is NULL or cannot be written. */
bool output_print(char *text, GError **error);
