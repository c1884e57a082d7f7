/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One row's life: made, changed, retired. Each change within a flush is remembered with the
 * value of the last flush.
 */
#pragma once

#include "compile/state.h"

/* Of a text. */
struct digest {
	uint8_t b[16];
};

/* Who gets a row: its audience when it has one. PORT: host. HOST: the peers of host. Others: all
 * who see scope, MEMBER not host. */
struct row {
	enum compile_table table;
	guint hash; /* of table and key */
	const char *key;
	GRefString *value; /* NULL: retired; freed when the flush ends */
	uint32_t index;	   /* in the list of rows that holds it */
	uint32_t seen;	   /* the recomputation that last named it; router.c */
	GPtrArray *list;   /* rows of scope, or of host for PORT; NULL for HOST */
	struct host_unit *host;
	union {
		struct {
			struct scope *scope;
			struct audience *audience;
		};
		struct digest digest; /* PORT, told to its host alone: of a value not kept */
	};
	bool changed; /* listed in compile->changed */
	char text[];  /* of the key */
};

/* A row that a flush has changed, and its value at the last flush; NULL: it is new. */
struct row_change {
	struct row *row;
	GRefString *old;
};

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
/* Its value is not kept: who wants it prints it. */
bool row_is_unkept(const struct compile *compile, const struct row *row);
/* Of a port: whatever is put next is news. */
void row_doubt(struct row *row);
void compile_row_free(struct row *row);
