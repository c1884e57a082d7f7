/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes the kernel's maps what they should be: writes what differs, adds before
 * references, removes after, then bumps the generation cells of what changed. Applying
 * twice equals applying once.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "agent/desired.h"

/* Where entries are written: the kernel (maps.c), or a test. */
struct apply_writer {
	/*
	 * COUNT entries, packed. Returns how many were written, from the first on; fewer only
	 * with ERROR, which tells why the next one was not.
	 */
	gsize (*put)(void *data, enum desired_map map, const void *keys, const void *values,
		     gsize count, GError **error);
	gsize (*del)(void *data, enum desired_map map, const void *keys, gsize count,
		     GError **error);
	void (*bump)(void *data, uint16_t cell); /* increments; 0: the host's */
	void *data;
};

struct apply_result {
	gsize puts;
	gsize dels;
	gsize failed;
};

struct apply;

/* DESIRED must outlive it. */
struct apply *apply_new(struct desired *desired, const struct apply_writer *writer);
void apply_free(struct apply *apply);

/*
 * A part of a round: looks at LIMIT entries, writes those that differ and bumps the cells of what
 * they are. True: nothing is left to do but apply_end. Between parts anything may be claimed; what is
 * then wanted comes in its order, too.
 */
bool apply_part(struct apply *apply, guint limit);
/*
 * Ends the round. False when something could not be written; ERROR names the first such map and
 * entry. What was not written is tried again by the next round. RESULT may be NULL.
 */
bool apply_end(struct apply *apply, struct apply_result *result, GError **error);

/* A whole round. */
bool apply_changes(struct desired *desired, const struct apply_writer *writer,
		   struct apply_result *result, GError **error);
