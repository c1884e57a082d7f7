/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections of this host, listed for who asks at the socket or by way of weftd. The table is walked in small
 * steps of the main loop, as big as it may be; an answer comes when the walk has ended.
 */
#pragma once

#include <stdbool.h>
#include <glib.h>
#include <jansson.h>

struct agent;
struct flow_filter;
struct flows;
struct http_question;
struct http_request;

struct flows *flows_new(struct agent *agent);
void flows_free(struct flows *flows); /* requests under way stay without an answer */

/* What FILTER wants, which is taken; DONE is called later. False: too many are at it. */
typedef void (*flows_listed)(json_t *list, bool truncated, void *data);
bool flows_walk(struct flows *flows, struct flow_filter *filter, flows_listed done, void *data,
		GError **error);

/* Answers REQUEST later, by its conditions: port, project, address, state, limit. False: they
 * are wrong, and the caller answers. */
bool flows_list(struct flows *flows, struct http_request *request,
		const struct http_question *question, GError **error);
