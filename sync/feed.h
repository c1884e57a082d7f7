/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's end of the row protocol: connects, resumes, checks every line, posts the
 * host's status. A wrong row is refused with a message that names table, key and attribute,
 * is counted, and changes nothing.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include <jansson.h>

#include "lib/http_client.h"

struct feed;

/*
 * None of these may free the feed. Outside of a full transfer rows come right before their
 * commit: of a transaction that a broken connection cut, nothing comes.
 *
 * Rows of wrong form never get here: names of tables and attributes, types, addresses and
 * numbers in range are as the table in sync/row.c says.
 */
struct feed_ops {
	/* Rows follow until END; whatever is held and does not come is gone. Commits do not
	 * come in between. Called again when a full transfer was cut and starts over. */
	void (*begin)(uint64_t revision, void *data);
	void (*end)(uint64_t revision, void *data);
	/* VALUE is borrowed (json_incref to keep it); NULL: the row is gone. */
	void (*row)(const char *table, const char *key, json_t *value, uint64_t revision,
		    void *data);
	/* Another host hands over what it has kept of a port of ours; borrowed. May be NULL. */
	void (*hand)(const char *port, const json_t *value, void *data);
	/* Somebody asks what only the host knows, {"address": TEXT}: its connections; whoever asks waits
	 * for an answer to ID. NULL: this host answers no questions, and controllers know it. */
	void (*ask)(const char *id, const json_t *value, void *data);
	/* What was told since the last commit (or end) may be applied and makes REVISION. */
	void (*commit)(uint64_t revision, void *data);
	/* The stream is open (true) or broken. */
	void (*connected)(bool connected, void *data);
	/* For the log: one line of text. */
	void (*complain)(const char *text, void *data);
};

struct feed_config {
	const char *const *controllers; /* NULL-terminated base URLs, tried in turn */
	const char *host;
	const char *tunnel_ip;
	const char *zone;     /* availability zone; NULL: none is named */
	const char *physical; /* "NAME[:VLAN],...": what its devices are on; NULL: nothing */
	const char *token;    /* NULL: none */
	const struct http_tls *tls; /* for https; NULL: as the system trusts */
	/* Defaults when 0: 100 and 5000 ms of back-off, 10 s of silence (5 with several controllers). */
	unsigned int backoff_min_ms, backoff_max_ms, silence_ms;
};

struct feed_counters {
	uint64_t connects, fulls, resumes, rows, bad_lines, posts, failed_posts;
};

/* Starts to connect at once. Everything in CONFIG is copied. */
struct feed *feed_new(const struct feed_config *config, const struct feed_ops *ops, void *data);
void feed_free(struct feed *feed);

bool feed_is_connected(const struct feed *feed);
/* Of the last commit or end that was delivered; 0: none. */
uint64_t feed_get_revision(const struct feed *feed);
const char *feed_get_controller(const struct feed *feed); /* borrowed: the URL in use */
struct feed_counters feed_get_counters(const struct feed *feed);

/*
 * What the host reports. A change is posted soon after (several within a loop turn go
 * together); everything is posted again every 5 s and after each connect.
 */
void feed_report_revision(struct feed *feed, uint64_t applied);
void feed_report_port(struct feed *feed, const char *port_id, bool wired);
/* ... wired, and by another device than before: told so even if nobody heard that the last one
 * was gone, and until the controller has taken it. */
void feed_report_new(struct feed *feed, const char *port_id);
/* The port is no longer the host's: forget it. */
void feed_report_gone(struct feed *feed, const char *port_id);

/* What the host could not do of what it was told; LIST is taken. The controller has the last one. */
void feed_report_refused(struct feed *feed, json_t *list);

/* Posts BODY as the host's VERB ("handover", "answer"), to the NTH controller after the one in use. */
struct http_call *feed_send(struct feed *feed, const char *verb, unsigned int nth,
			    const char *body, http_answered answered, void *data);
unsigned int feed_count_controllers(const struct feed *feed);

/* Drops the connection and asks for all rows. */
void feed_resync(struct feed *feed);
