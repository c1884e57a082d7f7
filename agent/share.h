/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each port's share of the connection table (abi/map.h, port_conns): no port can take what the
 * others need. The programs count what a slot opens and stop at what it is allowed; each sweep
 * of age.c moves that on by what has ended.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

struct share;

/* MAP, SOURCES: descriptors of port_conns and of sources. LIMIT: connections of one port. */
struct share *share_new(int map, int sources, uint32_t limit, GError **error);
void share_free(struct share *share);

/* A sweep: begin, each entry that stays, end. ASKS: opened towards it, and nothing has come of it. */
void share_begin(struct share *share);
void share_see(struct share *share, uint32_t slot, bool asks);
void share_end(struct share *share);

/* The agent itself puts one more into the table for the slot. False: its share is used up. */
bool share_take(struct share *share, uint32_t slot);

/* Do so many open towards the slot without going on that each source may only open a few? */
bool share_is_flooded(const struct share *share, uint32_t slot);
/* Had the slot more than half of its share at the last sweep? Then who opens and does not go on
 * waits less long. */
bool share_is_tight(const struct share *share, uint32_t slot);
/* Is there a port that has nearly used up its share, so that a sweep should come early? */
bool share_is_pressed(const struct share *share);
