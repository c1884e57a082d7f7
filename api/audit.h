/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is a store whole? Every object has its claims and every claim its object, what is referred to
 * exists, nothing that is one's own is two objects'. The rules are those that jobs keep; here
 * they are said a second time, on purpose, from the store's entries alone.
 */
#pragma once

#include <stdbool.h>
#include <glib.h>

#include "store/store.h"

struct audit_counts {
	gsize objects, claims, findings;
	uint64_t revision;
};

/* FOUND is called with a line for each finding, in order of keys. Waits for the store; false:
 * it cannot be read. */
bool audit_store(struct store *store, void (*found)(const char *line, void *data), void *data,
		 struct audit_counts *out, GError **error);
