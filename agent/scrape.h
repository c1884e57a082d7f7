/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The metrics of weft-agent: what they are, where each comes from.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <glib.h>

struct agent;
struct scrape;

/* AGENT is read when somebody asks for a page, and outlives it. */
struct scrape *scrape_new(struct agent *agent);
void scrape_free(struct scrape *scrape);

/* At WHERE everybody may read them. */
bool scrape_listen(struct scrape *scrape, const char *where, GError **error);

/* The page of now; owned. DATA is the scrape. */
char *scrape_print(gsize *size, void *data);

/* The port that has SLOT is about to go: its drops stay in the host's sum. */
void scrape_keep_drops(struct scrape *scrape, uint32_t slot);

/* The list in weft-agent(8). */
void scrape_print_manual(FILE *out);
