/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections of this host, listed for who asks at the socket. The table is walked in small
 * steps of the main loop, as big as it may be; an answer comes when the walk has ended.
 */
#pragma once

#include <stdbool.h>
#include <glib.h>

struct agent;
struct flows;
struct http_question;
struct http_request;

struct flows *flows_new(struct agent *agent);
void flows_free(struct flows *flows); /* requests under way stay without an answer */

/* Answers REQUEST later, by its conditions: port, project, address, state, limit. False: they
 * are wrong, and the caller answers. */
bool flows_list(struct flows *flows, struct http_request *request,
		const struct http_question *question, GError **error);
