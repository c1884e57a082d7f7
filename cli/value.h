/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of attributes, by their table: from an option's text or a template's JSON
 * to what the API takes, and back to what a person reads.
 */
#pragma once

#include <stdbool.h>
#include <glib.h>
#include "model/attr.h"

/* A list of texts and not of mappings. */
bool value_is_scalar_list(const struct attr *attr);

/* VALUE in the API's form; addresses in their canonical text, so that equal values are
 * equal. "true" is a boolean and "7" a number where one is wanted. A new reference; the
 * error names the attribute and the value. */
json_t *value_convert(const struct attr *attr, const json_t *value, GError **error);

/* One option's TEXT. For a list it is one item; an item with attributes is written
 * KEY=VALUE,KEY=VALUE; "none" is null where null is legal. */
json_t *value_parse(const struct attr *attr, const char *text, GError **error);

/* For people, on one line: null is "", lists are joined by ", ". Owned. */
char *value_print(const json_t *value);

/* WANTED (as value_convert() gives it) is what CURRENT already says. Mappings in lists may
 * have more keys in CURRENT (a fixed IP without an address matches any on its subnet); the
 * order of lists is not looked at unless ORDERED. */
bool value_matches(const struct attr *attr, const json_t *wanted, const json_t *current);
