/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The controller's end of the row protocol: who is connected, what each host has been
 * sent, what it may resume from, what it reported. Knows rows as text only.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include <jansson.h>
#include "lib/http_server.h"
#include "lib/uuid.h"

struct hub;
struct hub_dump;

struct hub_report {
	uint64_t revision; /* applied */
	bool full;	   /* PORTS names every wired port: the others of the host are not */
	struct hub_report_port {
		const char *id;
		bool wired;
		bool anew; /* by another device than the last one that was told */
	} * ports;
	gsize port_count;
	/* What it could not do: [{"what": TEXT, "why": TEXT}, ...]; borrowed. NULL: it does not say. */
	const json_t *refused;
};

struct hub_ops {
	/*
	 * HOST wants to connect from TUNNEL_IP (text of a valid address, or NULL when it named
	 * none), in availability ZONE (NULL: it named none). The callee calls
	 * hub_admit(session, error) once, now or later: an error refuses with its HTTP status.
	 * The texts live until then; SESSION must not be used after hub_free.
	 */
	void (*admit)(struct hub *hub, const char *host, const char *tunnel_ip,
		      const char *zone, const char *physical, void *session, void *data);
	/* All rows of HOST, each by hub_dump_row, puts in table order. */
	void (*dump)(const char *host, struct hub_dump *dump, void *data);
	/* The host's stream is open (true), or was closed for longer than the grace (false). */
	void (*alive)(const char *host, bool alive, void *data);
	/* The host that PORT has left HOST for, lately; NULL: it has not. */
	const char *(*heir)(const char *host, struct uuid port, void *data);
	/* HOST is not connected here: question ID is to go to whom it is connected to, whose hub_ask
	 * is called with the same; the host's answer finds its way by itself. False: it is connected
	 * nowhere. May be NULL. */
	bool (*forward)(const char *host, const char *id, const char *address, void *data);
	/* What the host says of itself; borrowed. Checked for form only. */
	void (*report)(const char *host, const struct hub_report *report, void *data);
};

struct hub *hub_new(const struct hub_ops *ops, const char *epoch, uint64_t revision,
		    void *data);
void hub_free(struct hub *hub);

/* There are other controllers with the same revisions: rows of hosts that are not connected here
 * are kept, too (the last 256 KiB), so that one that comes from another may resume. From
 * now on, and no rows may be waiting for their commit. */
void hub_set_shared(struct hub *hub);

/* Defaults: 10 s grace, beats every 2 s, 4 MiB of lines for each host, 5 s for an answer. For tests. */
void hub_set_patience(struct hub *hub, unsigned int milliseconds);
void hub_set_times(struct hub *hub, unsigned int grace_ms, unsigned int beat_ms);
void hub_set_backlog(struct hub *hub, gsize bytes);

/*
 * One row of HOST has changed (VALUE NULL: it is gone). Goes out with the hub_commit that
 * follows. The arguments are those of compile_emit. Nothing is kept for a host that has never
 * connected. A row given to many hosts in a row with the same KEY and VALUE is formatted once.
 */
void hub_emit(struct hub *hub, const char *host, const char *table, const char *key,
	      GRefString *value, uint64_t revision);
void hub_commit(struct hub *hub, uint64_t revision);

/* Within ops->dump. */
void hub_dump_row(struct hub_dump *dump, const char *table, const char *key, GRefString *value);

/* The answer to ops->admit; SESSION is then no longer the callee's. */
void hub_admit(struct hub *hub, void *session, const GError *error);

/* For metrics and tests. */
bool hub_is_connected(const struct hub *hub, const char *host);
gsize hub_count_connected(const struct hub *hub);

struct hub_counters {
	uint64_t lines, bytes; /* sent: rows and the marks between them */
	uint64_t fulls, resumes;
	uint64_t reports;
	uint64_t handovers; /* lines of connections from one host to another */
	/* Now: connected hosts that have not reported the last revision which had rows for them,
	 * and by how many revisions the last of them is behind. */
	uint64_t behind, behind_max;
};
struct hub_counters hub_get_counters(const struct hub *hub);
