/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Template functions on lists and mappings. The argument comes evaluated and
 * wholly known; a new reference, or NULL with the error.
 */
#pragma once

#include "cli/stack/function.h"

json_t *list_concat(struct scope *scope, json_t *argument, GError **error);
json_t *list_concat_unique(struct scope *scope, json_t *argument, GError **error);
json_t *list_contains(struct scope *scope, json_t *argument, GError **error);
json_t *list_filter(struct scope *scope, json_t *argument, GError **error);
json_t *list_map_merge(struct scope *scope, json_t *argument, GError **error);
json_t *list_map_replace(struct scope *scope, json_t *argument, GError **error);
