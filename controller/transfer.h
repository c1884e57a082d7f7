/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cloud as a file, to move it from one store to another: a line of JSON for each key, the first
 * and the last one say what it is and that it is whole.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <glib.h>

#include "store/store.h"

/* COUNT: keys. Blocks. */
bool transfer_export(struct store *store, FILE *out, gsize *count, GError **error);
/* Into an empty store, all of it; cut off in the middle the store is no cloud, and says so. */
bool transfer_import(struct store *store, FILE *in, gsize *count, GError **error);
/* False when the import of STORE was cut off. */
bool transfer_check(struct store *store, GError **error);
