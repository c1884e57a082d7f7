/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options made from attribute tables, and what was given as attributes.
 */
#pragma once

#include "cli/client.h"
#include "cli/option.h"

/* Adds the options of what KIND's attributes allow for USE: ATTR_POST, ATTR_PUT or
 * ATTR_FILTER. UNSET: scalars take no value, lists the items to take away. */
void attr_option_add(GArray *options, enum kind kind, enum attr_flag use, bool unset);

/* The main option of ATTR: "host" for binding:host_id. Interned. */
const char *attr_option_name(const struct attr *attr);

/* What the word of "create" says: the name, or what a nameless object belongs to. */
const struct attr *attr_option_word(enum kind kind);
/* The value of that word, a name turned to an id. */
/* ... as help calls it: GROUP, OBJECT. */
const char *attr_option_word_name(enum kind kind);
json_t *attr_option_read_word(struct client *client, enum kind kind, const char *text,
			      GError **error);

/* A list that is changed by requests of its own, with {LIST: [items]}. */
struct attr_action {
	const char *attribute;
	const char *add, *remove;
};
/* NULL: it is put like the others. */
const struct attr_action *attr_option_find_action(const char *attribute);

/* The attributes that ARGUMENTS give, with names turned to ids: attribute -> value. A list
 * emptied by "--no-X" begins with null. A new reference. */
json_t *attr_option_collect(struct client *client, const struct arguments *arguments,
			    GError **error);

/* ... as a query: "name=web&network_id=…"; "" when there is nothing. */
char *attr_option_query(struct client *client, const struct arguments *arguments,
			GError **error);
