/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON from our value types. All return a new reference.
 */
#pragma once

#include <jansson.h>

#include "lib/ip.h"
#include "lib/uuid.h"

json_t *value_from_text(const char *text); /* NULL: "" */
json_t *value_from_ip(struct ip ip);
json_t *value_from_mac(struct mac mac);
json_t *value_from_prefix(struct prefix prefix);
json_t *value_from_uuid(struct uuid uuid);

/* Compact text of VALUE, members in the order in which they were set; takes the reference.
 * Owned by the caller (g_free). */
char *value_dump(json_t *value);
