/* SPDX-License-Identifier: Apache-2.0 */
/* The insides of struct hub: for hub.c, which has the sessions, and hub_serve.c, which has the requests. */
#pragma once

#include "sync/backlog.h"
#include "sync/hub.h"
#include "sync/inquiry.h"
#include "sync/line.h"

#define HUB_SLICES     16 /* of a beat: not all hosts at the same moment */
#define HUB_DUMP_BLOCK 65536

/* Owned by the hub. */
struct session {
	struct hub *hub;
	char *name;
	struct http_stream *stream; /* NULL: not connected */
	struct backlog backlog;
	GPtrArray *staged; /* lines (references) since the last commit */
	guint grace;	   /* until it counts as dead, then until it is forgotten */
	bool alive;
	bool spoke;		/* something was sent since the last beat */
	bool answers;		/* ... questions: older agents do not */
	uint64_t sent, applied; /* revisions: of its last rows, and as it reports */
	unsigned int slice;
};

/* A host that knocks. Owned by the hub until hub_admit. */
struct knock {
	struct http_request *request;
	char *host;
	char *epoch;
	bool resumes;
	bool answers;
	uint64_t revision;
};

struct hub {
	struct hub_ops ops;
	void *data;
	char *epoch;
	uint64_t revision;
	bool shared;
	uint64_t base;	      /* where it began */
	GHashTable *sessions; /* name -> struct session */
	GHashTable *knocks;   /* set of struct knock */
	struct inquiries *inquiries;
	struct lines *lines; /* of the transaction under way */
	GPtrArray *dirty;    /* sessions with staged lines */
	GPtrArray *slices[HUB_SLICES];
	unsigned int next_slice;
	guint beat;
	unsigned int beat_slice;
	unsigned int grace_ms;
	gsize backlog_bytes;
	gsize connected;
	struct hub_counters counters;
};

struct hub_dump {
	struct hub *hub;
	struct http_stream *stream; /* NULL: a snapshot, whose rows all stay in BLOCK */
	GString *block;
	gsize lines;
	gsize bytes;
};

void hub_session_write(GRefString *line, void *session);
