/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulation: hosts, a tenant and a weftd; what is done to them, and what must hold when
 * everything has come to rest.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

struct world;

struct world_config {
	const char *weftd; /* path of the program */
	unsigned int hosts;
	uint32_t seed;
	bool light; /* hosts count rows and keep none */
};

struct world *world_new(const struct world_config *config, GError **error);
void world_free(struct world *world);

/* COUNT changes, some at a time, while connections are cut, agents and weftd are killed. */
bool world_disturb(struct world *world, unsigned int count, GError **error);
/*
 * Waits until nothing moves. Then each host's rows are weftd's, and its entries follow from them;
 * THOROUGH: weftd is killed, the store is whole, and the rows are the full compilation's.
 */
bool world_check(struct world *world, bool thorough, GError **error);

struct world_totals {
	uint64_t asked, done, refused, lost;
	uint64_t kills, cuts, restarts, fulls, resumes, rows, entries;
};
struct world_totals world_get_totals(const struct world *world);

/* What a weftd does for many hosts: prints a table. PORTS made one after another, each of interest
 * to all. */
bool world_measure(struct world *world, unsigned int ports, GError **error);
