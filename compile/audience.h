/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who sees a list of rows, where that is not everybody of a component: hosts, each counted as
 * often as something there asks for them.
 */
#pragma once

#include "compile/state.h"

struct audience {
	GHashTable *wanted; /* struct host_unit -> count */
	GHashTable *hosts;  /* set: those who see the rows since the last flush */
	GPtrArray *rows;    /* struct row, owned */
};

void audience_init(struct audience *audience);
void audience_done(struct audience *audience);

/* True when HOST did not ask before, or asks no more. */
bool audience_add(struct compile *compile, struct audience *audience, struct host_unit *host);
bool audience_del(struct compile *compile, struct audience *audience, struct host_unit *host);
bool audience_is_empty(const struct audience *audience);

/* Hosts gain and lose what has been asked for since the last flush; after change_spread. */
void audience_settle(struct compile *compile);
