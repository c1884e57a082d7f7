/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the tables rule, identity and addresses. */
#pragma once

#include <stdbool.h>
#include <glib.h>
#include <jansson.h>

#include "agent/rows.h"

bool rows_policy_key_identity(const char *text, struct row_key *out);  /* a number from 1 */
bool rows_policy_key_rule(const char *text, struct row_key *out);      /* SET/RULE */
bool rows_policy_key_addresses(const char *text, struct row_key *out); /* GROUP/PREFIX */

/* ROW's key has been parsed from KEY; its part of the union is filled. */
bool rows_policy_read_identity(struct row *row, const char *key, json_t *value, GError **error);
bool rows_policy_read_rule(struct row *row, const char *key, json_t *value, GError **error);
bool rows_policy_read_addresses(struct row *row, const char *key, json_t *value,
				GError **error);
void rows_policy_done(struct row *row);
