/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which objects a list asks for: attributes by name and value, where the same name
 * again means "or" and another name means "and", and tags.
 */
#pragma once

#include "model/attr.h"

struct attr_filter;

struct attr_filter *attr_filter_new(const struct attr_table *table);
void attr_filter_free(struct attr_filter *filter);
/* Who asks, interned: what is shared is shared with somebody. Default: nobody in particular. */
void attr_filter_set_project(struct attr_filter *filter, const char *project);

/*
 * NAME=VALUE of a query. True for what is no filter of this table too (KNOWN says); an error
 * when the value cannot be one of the attribute's. Of a list of items, VALUE is "KEY=TEXT":
 * fixed_ips=ip_address=10.0.0.5, and of an address a part is enough:
 * fixed_ips=ip_address_substr=0.5. `tags`, `tags-any`, `not-tags`, `not-tags-any` take names
 * with commas between.
 */
bool attr_filter_add(struct attr_filter *filter, const char *name, const char *value,
		     bool *known, GError **error);

bool attr_filter_match(const struct attr_filter *filter, const void *object, const void *world);

/* The only value asked of attribute NAME, or NULL: an index may know the answer. */
const char *attr_filter_find_only(const struct attr_filter *filter, const char *name);
