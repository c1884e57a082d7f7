/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For the law test: a small cloud that changes at random, the same way for the same seed.
 */
#pragma once

#include "compile/world_fixture.h"

#define HISTORY_HOSTS 5

/* All names a port may be bound to; the host objects come and go. */
extern const char *const history_hosts[HISTORY_HOSTS];

struct history {
	struct world world;
	GRand *rand;
	GArray *late; /* struct late: made, and applied in some later step */
};

void history_init(struct history *history, guint32 seed);
void history_done(struct history *history);

/* 0 .. below-1 */
int history_roll(struct history *history, int below);
bool history_chance(struct history *history, int percent);

/* One change, or a few that belong together in any order; sometimes none. */
void history_step(struct history *history);
/* Deletes all there is, in any order. */
void history_end(struct history *history);
