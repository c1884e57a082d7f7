/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections as they begin and end, and what is denied: for clients of the socket, a stream of
 * JSON lines each, and for the agent's own log, where a port's row or a rule asks for it. Nothing
 * is told by the data plane that nobody here wants to know.
 */
#pragma once

#include <stdint.h>
#include <glib.h>

#include "abi/map.h"

struct agent;
struct follow;
struct http_question;
struct http_request;

struct follow *follow_new(struct agent *agent);
void follow_free(struct follow *follow); /* after the local server, which has cut the streams */

/* ?port=, ?project=, ?address=, ?verdict=. NULL, or why REQUEST cannot be: it is not answered. */
GError *follow_open(struct follow *follow, struct http_request *request,
		    const struct http_question *question);

/* What is wanted of SLOT, as bits of struct sampling_value. */
uint32_t follow_get_kinds(const struct follow *follow, uint32_t slot);
/* Ports have come, gone or changed. */
void follow_update(struct follow *follow);

/* The data plane tells of a flow. */
void follow_event(struct follow *follow, const struct sample_event *event);
/* A connection is forgotten. */
void follow_ended(struct follow *follow, const struct conn_key *key,
		  const struct conn_value *value);

gsize follow_count(const struct follow *follow); /* clients */
