/* SPDX-License-Identifier: Apache-2.0 */
/* Tables that stand for the kernel's, and what must hold in them between two applies. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "agent/desired.h"

struct kernel {
	GHashTable *maps[DESIRED_MAP_COUNT]; /* GBytes -> GBytes */
	GHashTable *bumped;		     /* cells of this apply */
	int last_put;			     /* order within one apply */
	int last_del;
	bool fail;
	bool half;	/* a bank could not be written whole in this run */
	bool unguarded; /* ... a firewall could not */
	gsize writes;
	gsize written[DESIRED_MAP_COUNT];
};

void kernel_init(struct kernel *kernel);
void kernel_done(struct kernel *kernel);

const void *kernel_find(const struct kernel *kernel, enum desired_map map, const void *key);
/* What is named is there. */
void kernel_check(const struct kernel *kernel);

/* For struct apply_writer; the order of writing is asserted. */
gsize kernel_put(void *kernel, enum desired_map map, const void *keys, const void *values,
		 gsize count, GError **error);
gsize kernel_del(void *kernel, enum desired_map map, const void *keys, gsize count,
		 GError **error);
void kernel_bump(void *kernel, uint16_t cell);
