/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects and JSON: decoding what clients and the store give, printing replies and
 * what is stored. Replies are printed straight into text; a list of a hundred
 * thousand ports builds no tree.
 */
#pragma once

#include "model/attr.h"

/* BODY is an object of attributes that are known and may be given by VERB; none that is
 * required is missing. attr_decode asks the same first. */
bool attr_check_names(const struct attr_table *table, json_t *body, enum attr_flag verb,
		      GError **error);

/*
 * Sets the attributes that BODY names in OBJECT: a new one for ATTR_POST, a copy of the
 * present one for ATTR_PUT. GIVEN says which (attr_bit). On an error OBJECT is to be
 * freed. The errors are those of the contract: "Unrecognized attribute(s) 'x'" ...
 */
bool attr_decode(const struct attr_table *table, json_t *body, enum attr_flag verb,
		 void *object, uint64_t *given, GError **error);

/* What of an object is printed, and for whom. */
struct attr_view {
	const void *world;   /* for computed attributes */
	const char *project; /* of who asks; NULL: nobody in particular */
	uint64_t fields;     /* attr_bit; all: UINT64_MAX */
	uint64_t aliases;    /* ... under their second names */
	uint64_t hidden;     /* ... and not for who asks, whatever the others say */
};

extern const struct attr_view attr_view_all; /* everything, no world */

void attr_encode(const struct attr_table *table, const void *object,
		 const struct attr_view *view, GString *out);
/* TEXT (NULL is "") as a JSON string. */
void attr_encode_string(GString *out, const char *text);

/* The stored form, and back. A stored object that does not fit its table is an error. */
void attr_write(const struct attr_table *table, const void *object, GString *out);
void *attr_read(const struct attr_table *table, const char *text, gsize size, GError **error);
