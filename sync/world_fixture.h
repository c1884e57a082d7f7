/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A controller with a truth that changes, a host that holds what it was told, and a relay
 * between them; every commit and end is compared with what was true at its revision.
 */
#pragma once

#include "lib/http_server.h"
#include "sync/feed.h"
#include "sync/hub.h"
#include "sync/proxy_fixture.h"

struct world {
	/* The controller's side. */
	struct http_server *server;
	struct hub *hub;
	GHashTable *truth;    /* key -> value */
	GPtrArray *snapshots; /* the truth at each revision, from `base` */
	uint64_t base, revision;
	GRand *random;
	GString *lives; /* "+h1 -h1 " */
	GString *reports;
	GString *hands;	   /* what the host was handed, "PORT VALUE " */
	GString *asks;	   /* what it was asked, "ID VALUE " */
	GString *forwards; /* questions for who is elsewhere, "HOST ID ADDRESS " */
	bool elsewhere;	   /* hosts that are not here are at another controller */
	bool older;	   /* the host answers no questions */
	const char *heir;  /* of any port of h2's; NULL: of none */
	GError *refuse;
	/* The host's side. */
	struct proxy *proxy;
	struct feed *feed;
	GHashTable *held;
	GHashTable *staged; /* key -> value, "" when gone */
	bool full;
	unsigned int commits, ends, connects, breaks;
	GString *complaints;
};

void world_init(struct world *w);
void world_done(struct world *w);

void world_start_hub(struct world *w);
/* One transaction of one to four changes of eight rows. */
void world_change(struct world *w);
/* Remembers the truth as that of the next revision. */
void world_snapshot(struct world *w);

extern const struct feed_ops world_feed_ops; /* data: the world */
void world_start_feed(struct world *w, const char *url, const char *token);
/* The same by way of the relay. */
void world_connect(struct world *w, const char *token);

/* The host is connected and has reached the controller's revision. */
bool world_is_level(struct world *w);

guint world_set_deadline(void); /* aborts after 10 s */
#define WAIT_FOR(condition)                                                                    \
	do {                                                                                   \
		guint deadline_ = world_set_deadline();                                        \
		while (!(condition))                                                           \
			g_main_context_iteration(NULL, TRUE);                                  \
		g_source_remove(deadline_);                                                    \
	} while (0)
