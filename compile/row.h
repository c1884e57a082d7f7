/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One row's life: made, changed, retired. Each change within a flush is remembered with the
 * value of the last flush.
 */
#pragma once

#include "compile/state.h"

guint compile_row_hash(enum compile_table table, const char *key);
guint row_hash(gconstpointer row); /* by table and key */
gboolean row_same(gconstpointer a, gconstpointer b);

/* Where a row belongs; see struct row. */
struct row_place {
	enum compile_table table;
	GPtrArray *list;
	struct scope *scope;
	struct host_unit *host;
	struct audience *audience;
};

/*
 * Makes *ROW say VALUE under KEY (both taken over); a row of another key or place is retired
 * and a new one made. Equal text changes nothing.
 */
void row_put(struct compile *compile, struct row **row, struct row_place place, char *key,
	     char *value);
/* The same with a value that many rows share. */
void row_put_shared(struct compile *compile, struct row **row, struct row_place place,
		    char *key, GRefString *value);
/* Takes *ROW (NULL is fine) from its hosts and clears it. */
void row_retire(struct compile *compile, struct row **row);
/* The flush is over: forget old values, free what is retired. */
void row_settle(struct compile *compile);
void compile_row_free(struct row *row);
