/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules written into a security group, as Heat has them: what the API is to have, and how it
 * differs from what it has.
 */
#pragma once

#include <stdbool.h>
#include <glib.h>
#include <jansson.h>

/* ITEMS, mappings of Heat's names with references resolved, as attributes of rules: a new
 * list. A remote_group_id that is true is the group itself. NULL with ERROR. */
json_t *rules_make(const json_t *items, GError **error);

/*
 * GROUP, an object of the API, is to have the rules WANTED and, if none of these is for egress,
 * the two that let everything out. MISSING: bodies to post. EXTRA: rules to delete. Rules that
 * are members of a stack are left alone. True: there is something to do.
 */
bool rules_compare(const json_t *wanted, const json_t *group, json_t **missing, json_t **extra);

/* RULE, an object of the API, as a body to post it again. */
json_t *rules_to_body(const json_t *rule);
