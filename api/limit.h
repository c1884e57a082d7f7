/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many objects of each kind a project may have: as the store keeps it, as clients give it,
 * and what holds when nobody has said anything.
 */
#pragma once

#include <jansson.h>

#include "model/object.h"

#define LIMIT_NONE  (-1) /* no limit */
#define LIMIT_UNSET (-2) /* the default holds */

struct limits {
	int64_t of[KIND_COUNT];
};

/* All unset. */
void limits_clear(struct limits *limits);
/* Objects of KIND are counted. */
bool limits_count(enum kind kind);
/* The defaults; UNLIMITED: all LIMIT_NONE. */
void limits_set_defaults(struct limits *limits, bool unlimited);
/* "NAME=N", for an option: sets NAME, or all of them with "all". */
bool limits_parse_option(struct limits *limits, const char *text, GError **error);
/* NAME is one of those that are counted. */
bool limits_know(const char *name);
/* The members of BODY that are limits. */
bool limits_read(struct limits *limits, json_t *body, GError **error);
/* {"network":100,...} of what is set; a new reference. */
json_t *limits_print(const struct limits *limits);
