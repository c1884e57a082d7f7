/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the table border: a subnet, and the network ACL at its border. */
#pragma once

#include "agent/rows.h"

bool rows_border_key(const char *text, struct row_key *out); /* VNI/PREFIX */
bool rows_border_read(struct row *row, const char *key, json_t *value, GError **error);
