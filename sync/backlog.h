/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last lines of one host, bounded, in order of revision: what it may resume from.
 * Lines are shared with the backlogs of other hosts. For hub.c only.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

struct backlog {
	GArray *items; /* of struct backlog_item; those before `start` are gone */
	guint start;
	gsize bytes;
	uint64_t floor; /* every line after this revision is here */
};

void backlog_init(struct backlog *backlog, uint64_t floor);
void backlog_done(struct backlog *backlog);
/* Takes a reference to LINE. Forgets the oldest revisions beyond BYTES_MAX. */
void backlog_add(struct backlog *backlog, uint64_t revision, GRefString *line, gsize bytes_max);
typedef void (*backlog_visit)(GRefString *line, void *data);
/* The lines after REVISION, which is at least the floor. */
void backlog_replay(const struct backlog *backlog, uint64_t revision, backlog_visit visit,
		    void *data);
