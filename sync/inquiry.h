/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions that somebody has for a host, and waits for. A host answers by a request of its own; who
 * asks is told so, or after a while that nothing has come.
 */
#pragma once

#include <stdbool.h>
#include <glib.h>
#include <jansson.h>

#include "lib/http_server.h"

struct inquiries;

struct inquiries *inquiries_new(void);
/* Who still waits is told that the controller ends. */
void inquiries_free(struct inquiries *inquiries);

/*
 * REQUEST waits for what HOST says. The number by which it will be known, borrowed until it has
 * ended; NULL: so many wait already that REQUEST is still the caller's.
 */
const char *inquiries_add(struct inquiries *inquiries, const char *host,
			  struct http_request *request, GError **error);
/* The host cannot be asked. */
void inquiries_refuse(struct inquiries *inquiries, const char *id, const GError *error);
/* What HOST says to a question of its own, {"id", "flows", "truncated"} or {"id", "error"}. False: it was
 * asked nothing of that number, or the answer is none. */
bool inquiries_answer(struct inquiries *inquiries, const char *host, const json_t *body,
		      GError **error);

/* For tests. Default: 5 s. */
void inquiries_set_time(struct inquiries *inquiries, unsigned int milliseconds);

/* An error as the row protocol says it: {"type", "message"}. */
void inquiry_reply_error(struct http_request *request, const GError *error);
