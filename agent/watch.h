/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who looks on, over the local socket: dropped packets as they are dropped, and captures of a
 * port. Each is a stream of JSON lines for as long as its client stays.
 */
#pragma once

#include <stdint.h>
#include <glib.h>

struct agent;
struct http_question;
struct http_request;
struct watch;

struct watch *watch_new(struct agent *agent, GError **error);
void watch_free(struct watch *watch); /* streams end; the usual programs are back */

/* ?port=ID or name, ?reason=NAME. NULL, or why REQUEST cannot be: it is then not answered. */
GError *watch_drops(struct watch *watch, struct http_request *request,
		    const struct http_question *question);
/* ?port=ID or name, ?before=1, ?after=1, ?size=BYTES, ?proto=, ?host=, ?l4port=. */
GError *watch_capture(struct watch *watch, struct http_request *request,
		      const struct http_question *question);

/* What is wanted of SLOT has changed (follow.h): the data plane is told. */
void watch_wish(struct watch *watch, uint32_t slot);
/* Flows of SLOT that the data plane could not tell of. */
uint64_t watch_get_untold(const struct watch *watch, uint32_t slot);
/* The kernel counts from its start: nanoseconds since 1970. */
int64_t watch_real_time(uint64_t monotonic);

/* The port of SLOT is no more: so are its captures. */
void watch_slot_gone(struct watch *watch, uint32_t slot);

gsize watch_count_drops(const struct watch *watch);    /* streams */
gsize watch_count_captures(const struct watch *watch); /* streams */
