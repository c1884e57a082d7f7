/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Object ids as values of 16 bytes (RFC 9562), printed in the 36-character form.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

struct uuid {
	uint8_t b[16];
};

#define UUID_TEXT 37

extern const struct uuid uuid_none; /* all zero: no object */

struct uuid uuid_new(void); /* random, version 4 */
/* Version 5: the same for the same. */
struct uuid uuid_from_name(struct uuid space, const char *name);
bool uuid_parse(const char *text, struct uuid *out); /* 36 characters, any case */
char *uuid_print(struct uuid uuid, char *text);	     /* into UUID_TEXT bytes; returns text */
bool uuid_is_none(struct uuid uuid);
bool uuid_equal(struct uuid a, struct uuid b);

/* For GHashTable: keys point to struct uuid. */
guint uuid_hash(gconstpointer uuid);
gboolean uuid_same(gconstpointer a, gconstpointer b);
