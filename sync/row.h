/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of rows: which keys and attributes there are and what they may hold. The one
 * place where a row from outside is believed or not.
 */
#pragma once

#include <stdbool.h>
#include <glib.h>
#include <jansson.h>

/*
 * True when KEY and VALUE (NULL: a deletion, only the key counts) are a row of TABLE. The
 * error is WEFT_ERROR_INVALID and names table, key, attribute and value. Attributes that
 * are not known are let pass: controllers are upgraded before agents.
 */
bool row_check(const char *table, const char *key, const json_t *value, GError **error);

/* 1 to 253 of letters, digits, '.', '-', '_'; starts with a letter or digit. */
bool row_check_host(const char *name);
