/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who must be made before whom.
 */
#pragma once

#include <stdbool.h>
#include <glib.h>

struct order_node {
	const char *name;
	GPtrArray *needs;   /* struct order_node *, borrowed */
	unsigned int level; /* output: 0 needs nobody; else above all it needs */
	unsigned int state; /* order_levels()'s own; 0 at first */
};

/* Sets every level. False when there is a circle, which the error names: "a -> b -> a". */
bool order_levels(GPtrArray *nodes, GError **error);
