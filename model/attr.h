/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A resource is one attribute table. Everything that decodes, validates, encodes, filters, sorts,
 * documents or prints a resource reads this table, and no resource does any of it by itself.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>
#include <jansson.h>

/* What stands at an attribute's offset in the resource's struct. */
enum attr_type {
	ATTR_BOOL,   /* bool */
	ATTR_INT,    /* int64_t, within [min, max]; if nullable, ATTR_INT_NONE is null */
	ATTR_STRING, /* char *, owned; NULL is null; at most max characters */
	ATTR_ENUM,   /* uint32_t, index into names */
	ATTR_UUID,   /* struct uuid; none is null */
	ATTR_IP,     /* struct ip; none is null */
	ATTR_PREFIX, /* struct prefix; bits 0 and ip none is null */
	ATTR_MAC,    /* struct mac; none is null */
	ATTR_TIME,   /* int64_t, seconds since 1970, printed 2026-11-20T23:39:08Z */
	ATTR_DICT,   /* char *, owned: the text of a JSON object, or NULL */
	ATTR_LIST,   /* struct vec of what `item` describes; null is the empty list */
	ATTR_U32,    /* uint32_t, or a struct that is one (struct vni); 0 is null if nullable */
	ATTR_SYMBOL, /* const char *, interned; otherwise as ATTR_STRING */
	ATTR_COUNT,  /* unsigned __int128, of addresses: printed exactly, never parsed */
};

#define ATTR_INT_NONE INT64_MIN

/* A string, symbol or dictionary that may not be null is printed "" or {} when its pointer
 * is NULL: what most objects leave empty costs no memory. */

/* An owned array. COUNT elements of the size that the attribute's item table says. */
struct vec {
	void *items;
	uint32_t count;
};

enum attr_flag {
	ATTR_POST = 1 << 0,	 /* may be given on create */
	ATTR_PUT = 1 << 1,	 /* ... on update */
	ATTR_REQUIRED = 1 << 2,	 /* must be given on create */
	ATTR_VISIBLE = 1 << 3,	 /* in replies */
	ATTR_FILTER = 1 << 4,	 /* ?name=value */
	ATTR_SORT = 1 << 5,	 /* ?sort_key=name */
	ATTR_NULLABLE = 1 << 6,	 /* null is a value */
	ATTR_ADMIN_SET = 1 << 7, /* only an admin may give it */
	ATTR_ADMIN_SEE = 1 << 8, /* only an admin gets it back */
	ATTR_COMPUTED =
		1 << 9, /* not stored: print() makes it; what a request gives is a wish */
	ATTR_COLUMN = 1 << 10,	  /* a column of the command line's short list */
	ATTR_MULTILINE = 1 << 11, /* the string may hold line ends */
	ATTR_BARE = 1 << 12,	  /* a full-length prefix prints as an address */
	ATTR_NULL_IN = 1 << 13,	  /* null is taken for the empty value, but never printed */
	ATTR_MERGE = 1 << 14,	  /* an update names changes: an item without a value goes */
	ATTR_NUMBER_IN = 1 << 15, /* a string that may be given as a JSON number */
	ATTR_MAP = 1 << 16,	  /* the list is an object in JSON; its items: name and text,
				   * sorted by name */
	ATTR_ORDERED = 1 << 17,	  /* the list's order means something */
	ATTR_UNIQUE = 1 << 20,	  /* a list of scalars that refuses to be told one twice */
	ATTR_MEMBER = 1 << 21,	  /* a prefix with its length written; host bits are cleared */
	ATTR_QUOTED = 1 << 22,	  /* an integer that replies print as a string */
	ATTR_CALLER = 1 << 24,	  /* shown as print_for says, whatever is stored */
};

struct attr_table;

struct attr {
	const char *name;
	enum attr_type type;
	uint32_t flags; /* enum attr_flag */
	size_t offset;
	int64_t min, max;	       /* ATTR_INT: range; ATTR_STRING, ATTR_DICT: longest;
				   * ATTR_LIST: most items; 0,0: no limit */
	const char *initial;	       /* default as text, parsed like a filter; NULL: none */
	const char *const *names;      /* ATTR_ENUM; ends with NULL; the name "" is null */
	const struct attr_table *item; /* ATTR_LIST; of a dictionary: its keys, NULL: any */
	const char *alias;	       /* a second name for the same value, e.g. tenant_id */
	/* ATTR_UUID: title of what it names, when a request's value that is no id is nobody's
	 * (404), as the reference has it here and there; NULL: not a valid UUID (400). */
	const char *missing;
	/* Of a scalar list's item: the error's type when a request's is no such value; or NULL. */
	const char *fault;
	/* ATTR_COMPUTED: a new reference, or NULL for null. WORLD is the model it lives in. */
	json_t *(*print)(const void *object, const void *world);
	/* As PROJECT (NULL: nobody in particular) is to be told, or as policy is to take it. */
	json_t *(*print_for)(const void *object, const void *world, const char *project);
	/* OBJECT is found by each of its faces: what FACE has here; NULL: it has no more. */
	json_t *(*print_face)(const void *object, uint32_t face);
	const char *help; /* one line, for --help and the reference */
};

/* Table of a resource, or of the items of a list (then `size` is the item's; a list of
 * scalars has one attribute without a name). */
struct attr_table {
	const char *singular; /* "port" */
	const char *plural;   /* "ports" */
	const char *path;     /* "security-groups", of a URL; NULL: as the plural */
	const char *title;    /* "Port", for error types: PortNotFound */
	size_t size;
	const struct attr *attrs; /* ends with name NULL (scalars: one entry) */
	const char *help;
};

/* A table has at most this many attributes, so that a uint64_t says which were given. */
#define ATTR_COUNT_MAX 64

const char *attr_table_path(const struct attr_table *table);
/* By name or alias; NULL. */
const struct attr *attr_find(const struct attr_table *table, const char *name);
unsigned int attr_count(const struct attr_table *table);
/* The bit of ATTR, which must be of TABLE. */
uint64_t attr_bit(const struct attr_table *table, const struct attr *attr);
/* ... of the attribute called NAME, which must exist. */
uint64_t attr_bit_of(const struct attr_table *table, const char *name);
/* The items of a list have no names: they are scalars. */
bool attr_table_is_scalar(const struct attr_table *table);
/* ... have a name and a text: ATTR_MAP. */
bool attr_is_map(const struct attr *attr);

/* An object with its defaults; freed by attr_free, which accepts NULL. */
void *attr_new(const struct attr_table *table);
void attr_set_defaults(const struct attr_table *table, void *object); /* all zero before */
void attr_free(const struct attr_table *table, void *object);
void *attr_copy(const struct attr_table *table, const void *object);

/* Sets ATTR, a scalar, of OBJECT from TEXT, as filters, defaults and the command line give
 * it. The error tells the reason only: "'x' is not a valid UUID". */
bool attr_parse(const struct attr *attr, const char *text, void *object, GError **error);
/* Appends the plain text of a scalar; nothing for null. */
void attr_print(const struct attr *attr, const void *object, GString *out);
bool attr_is_null(const struct attr *attr, const void *object);
/* Below, equal, above; null is lowest. Lists compare item by item. */
int attr_compare(const struct attr *attr, const void *a, const void *b, const void *world);

/* What an attribute that is computed, or shown as its caller is to be told, says to one of
 * PROJECT: a new reference, or NULL for null. */
json_t *attr_get_computed(const struct attr *attr, const void *object, const void *world,
			  const char *project);

/* Room for one more item of SIZE bytes, zeroed; valid until the next. */
void *vec_add(struct vec *vec, size_t size);
void vec_done(struct vec *vec, const struct attr_table *item);
void vec_copy(struct vec *to, const struct vec *from, const struct attr_table *item);

#define vec_at(type, vec, i) (&((type *)(vec)->items)[i])
