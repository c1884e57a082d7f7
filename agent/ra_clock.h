/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When which router speaks to which port unasked (RFC 4861 sections 6.2.4, 6.2.5): three times soon
 * after it comes or changes, then at random within RA_INTERVAL, three times when it goes. Each
 * port is a link of its own and has a time of its own, so a host's ports do not all hear
 * theirs at once. Pure: times come from outside.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "lib/ip.h"

/* Seconds. */
#define RA_INTERVAL_MIN 200 /* MinRtrAdvInterval */
#define RA_INTERVAL_MAX 600 /* MaxRtrAdvInterval */
#define RA_INITIAL_MAX	16  /* MAX_INITIAL_RTR_ADVERT_INTERVAL */
#define RA_APART	3   /* MIN_DELAY_BETWEEN_RAS */
#define RA_TIMES	3   /* MAX_INITIAL_RTR_ADVERTISEMENTS, MAX_FINAL_RTR_ADVERTISEMENTS */
#define RA_BURST	64  /* at one time of the clock */

struct ra_clock;

struct ra_clock *ra_clock_new(void);
void ra_clock_free(struct ra_clock *clock);

/* What stands between the two is all that speaks on network VNI; NOW in microseconds. */
void ra_clock_begin(struct ra_clock *clock, uint32_t vni);
/* The router behind MAC speaks to the port SLOT; VERSION tells one thing it says from another. */
void ra_clock_add(struct ra_clock *clock, uint32_t slot, struct mac mac, guint version,
		  int64_t now);
/* A router that is missing says goodbye, as long as its port is one of PRESENT (by slot). */
void ra_clock_end(struct ra_clock *clock,
		  bool (*present)(uint32_t slot, uint32_t vni, void *data), void *data,
		  int64_t now);

/* FINAL: it is a router no more. */
typedef void (*ra_speak)(uint32_t slot, uint32_t vni, struct mac mac, bool final, void *data);
/* Calls SPEAK for what is due, at most RA_BURST times. Returns when it is to be called again;
 * 0: never. */
int64_t ra_clock_run(struct ra_clock *clock, ra_speak speak, void *data, int64_t now);
/* When ra_clock_run is to be called; 0: never. */
int64_t ra_clock_next(const struct ra_clock *clock);
gsize ra_clock_count(const struct ra_clock *clock);
