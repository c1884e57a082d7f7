/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one rule about schemas: what this program may open, and what it says of the rest. For
 * this room only.
 *
 *   1  as it began
 *   2  wired/HOST/PORT and live/HOST beside the objects, where a store is shared
 */
#pragma once

#include <stdbool.h>
#include <glib.h>

#include "store/store.h"

/* Whether SCHEMA is this program's or one it upgrades. */
bool schema_check(unsigned int schema, GError **error);
