/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of table "gateway". */
#pragma once

#include "agent/rows.h"

bool rows_gateway_key(const char *text, struct row_key *out);
bool rows_gateway_read(struct row *row, const char *key, json_t *value, GError **error);
void rows_gateway_free(struct row_gateway *gateway);
