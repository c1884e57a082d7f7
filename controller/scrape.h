/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The metrics of weftd: what they are, where each comes from, who may read them.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <glib.h>

#include "lib/http_server.h"

struct api;
struct cloud;
struct gateways;
struct guestlist;
struct hub;
struct nova;
struct scrape;
struct store;

/* Borrowed; they outlive it. */
struct scrape_sources {
	const struct store *store;
	const struct cloud *cloud;
	const struct api *api;
	const struct hub *hub;
	const struct nova *nova; /* NULL: nobody tells it */
	const struct gateways *gateways;
};

struct scrape *scrape_new(const struct scrape_sources *sources);
void scrape_free(struct scrape *scrape);

/* At WHERE everybody may read them. */
bool scrape_listen(struct scrape *scrape, const char *where, GError **error);

/* An http_observer; DATA is the scrape. */
void scrape_observe(const struct http_question *question, unsigned int status, double seconds,
		    void *data);

/* Answers GET /metrics, to an administrator only. False, and REQUEST untouched, when it is
 * something else. */
bool scrape_serve(struct scrape *scrape, const struct guestlist *guests,
		  struct http_request *request, const struct http_question *question);

/* The list in weftd(8). */
void scrape_print_manual(FILE *out);
