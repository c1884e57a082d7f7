/* SPDX-License-Identifier: Apache-2.0 */
/* Tables that stand for the kernel's: they look at the order in which they are written. */
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
	gsize failures; /* of this round */
	bool torn;	/* the last one had some */
	bool half;	/* a bank could not be written whole in this run */
	bool unguarded; /* ... a firewall could not */
	gsize writes;
	gsize written[DESIRED_MAP_COUNT];
};

void kernel_init(struct kernel *kernel);
void kernel_done(struct kernel *kernel);
GBytes *kernel_bytes(const void *data, gsize size);
const void *kernel_find(const struct kernel *kernel, enum desired_map map, const void *key);

/* What an apply_writer calls. */
gsize kernel_put(void *data, enum desired_map map, const void *keys, const void *values,
		 gsize count, GError **error);
gsize kernel_del(void *data, enum desired_map map, const void *keys, gsize count,
		 GError **error);
void kernel_bump(void *data, uint16_t cell);

/* What one table names the other has; REST: nothing is under way. */
void kernel_check(const struct kernel *kernel, bool rest);
