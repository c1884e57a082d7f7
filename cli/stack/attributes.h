/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the properties of a template to the attributes of the API.
 */
#pragma once

#include <glib.h>
#include <jansson.h>
#include "cli/stack/property.h"

/* get_attr may ask TYPE for NAME. */
bool attributes_are_readable(const struct resource_type *type, const char *name);

/* Adds "KEY.PROPERTY" to UNSUPPORTED for every property in VALUES that cannot be
 * honoured; false when there was one. */
bool attributes_check_names(const struct resource_type *type, const char *key,
			    const json_t *values, GPtrArray *unsupported);

/* What is required is there, and what is known already is of the right form. */
bool attributes_check(const struct resource_type *type, const json_t *values, GError **error);

/* Who turns an id or name of KIND into an id: a new text, or NULL with ERROR. */
struct attributes_resolver {
	char *(*resolve)(void *data, enum kind kind, const char *text, GError **error);
	void *data;
};

/* VALUES (evaluated properties) as attributes, in the form of value_convert(). What has
 * something unknown in it is unknown as a whole. RESOLVER NULL: references stay as they
 * are. A new reference. */
json_t *attributes_make(const struct resource_type *type, const json_t *values,
			const struct attributes_resolver *resolver, GError **error);

/* What of OBJECT an update with CHANGES replaces, as another update says it. A new reference. */
json_t *attributes_previous(const struct attr_table *table, const json_t *object,
			    const json_t *changes);
