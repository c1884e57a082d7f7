/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The definition that everything incremental is tested against.
 */
#pragma once

#include "model/cloud.h"

/*
 * The rows of HOST computed from CLOUD alone. A table from "TABLE KEY"
 * (owned) to JSON text (owned).
 */
GHashTable *compile_full(const struct cloud *cloud, const char *host);
