/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One simulated host: the agent's own feed, state and apply on a kernel of tables. Ports are
 * wired as soon as their rows are here.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

struct sim_host;

/* LIGHT: counts rows and keeps none. URL is borrowed and outlives it. */
struct sim_host *sim_host_new(unsigned int number, const char *url, bool light);
void sim_host_free(struct sim_host *host);

const char *sim_host_name(const struct sim_host *host);
/* Its agent ends without a word and a new one starts; the kernel stays. */
void sim_host_restart(struct sim_host *host);

bool sim_host_is_connected(const struct sim_host *host);
uint64_t sim_host_revision(const struct sim_host *host);
gsize sim_host_entries(const struct sim_host *host);

struct sim_host_counters {
	uint64_t rows, fulls, resumes, connects, restarts;
};
struct sim_host_counters sim_host_get_counters(
	const struct sim_host *host); /* over all its agents */

/*
 * ROWS ("TABLE KEY" -> JSON text, in the form of sim_host_row_text) are what it holds; what it has in
 * its kernel is what follows from them, computed from nothing. Lines of text (owned) when not.
 */
char *sim_host_compare_rows(const struct sim_host *host, GHashTable *rows);
char *sim_host_compare_entries(const struct sim_host *host);
/* What went wrong by itself: refused rows, failed writes; owned, or NULL. */
char *sim_host_take_complaint(struct sim_host *host);

struct json_t;
/* One form for each value, whoever printed it; owned. */
char *sim_host_row_text(const struct json_t *value);
