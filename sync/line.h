/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lines of the row protocol, and the ones of the transaction under way. For hub.c only.
 */
#pragma once

#include <stdint.h>
#include <glib.h>

struct lines;

struct lines *lines_new(void);
void lines_free(struct lines *lines);
void lines_clear(struct lines *lines);

/* The line of a row (VALUE NULL: it is gone), formatted once until lines_clear. Borrowed. */
GRefString *lines_format(struct lines *lines, const char *table, const char *key,
			 GRefString *value, uint64_t revision);

void line_append_row(GString *text, const char *table, const char *key, const char *value,
		     uint64_t revision);
/* {"op":OP,"rev":REVISION}: commit, end, beat. Owned. */
GRefString *line_make_mark(const char *op, uint64_t revision);
