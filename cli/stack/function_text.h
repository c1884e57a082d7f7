/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Template functions on texts. The argument comes evaluated and wholly known; a
 * new reference, or NULL with the error.
 */
#pragma once

#include "cli/stack/function.h"

json_t *text_replace(struct scope *scope, json_t *argument, GError **error);
/* Every parameter must occur in the template ... */
json_t *text_replace_strict(struct scope *scope, json_t *argument, GError **error);
/* ... and have a value. */
json_t *text_replace_vstrict(struct scope *scope, json_t *argument, GError **error);
json_t *text_split(struct scope *scope, json_t *argument, GError **error);
json_t *text_join(struct scope *scope, json_t *argument, GError **error);
json_t *text_digest(struct scope *scope, json_t *argument, GError **error);

/* BODY with the keys of VARIABLES replaced in all its texts and keys; a text that is a
 * variable and nothing else becomes the variable's value. For "repeat". */
json_t *text_substitute(struct scope *scope, const json_t *body, const json_t *variables,
			GError **error);
