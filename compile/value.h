/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON from our value types.
 */
#pragma once

#include <jansson.h>

#include "lib/ip.h"
#include "lib/uuid.h"

/* All return a new reference. */
json_t *value_from_text(const char *text); /* NULL: "" */
json_t *value_from_ip(struct ip ip);
json_t *value_from_mac(struct mac mac);
json_t *value_from_prefix(struct prefix prefix);
json_t *value_from_uuid(struct uuid uuid);

/* Compact text of VALUE, members in the order in which they were set; takes the reference.
 * Owned by the caller (g_free). */
char *value_dump(json_t *value);

/*
 * The same written down at once, for rows that there are many of: a member NAME of the object
 * that OUT ends in, or with NAME NULL an item of the list.
 */
void value_append_open(GString *out, const char *name, char bracket);	  /* '{' or '[' */
void value_append_text(GString *out, const char *name, const char *text); /* NULL: "" */
void value_append_int(GString *out, const char *name, int64_t number);
void value_append_bool(GString *out, const char *name, bool is);
void value_append_ip(GString *out, const char *name, struct ip ip);
void value_append_mac(GString *out, const char *name, struct mac mac);
void value_append_prefix(GString *out, const char *name, struct prefix prefix);
void value_append_uuid(GString *out, const char *name, struct uuid uuid);
void value_append_json(GString *out, const char *name, json_t *value); /* takes it */
