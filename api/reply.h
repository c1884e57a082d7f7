/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replies, and what one says of the request that it answers.
 */
#pragma once

#include "lib/http_server.h"

/* Takes BODY; NULL: none. */
void reply_json(struct http_request *request, unsigned int status, char *body, gsize size);
void reply_text(struct http_request *request, unsigned int status, const char *text);
void reply_error(struct http_request *request, const GError *error);
/* The same, where a 401 says that Keystone at URL (NULL: none) gives tokens. */
void reply_refusal(struct http_request *request, const GError *error, const char *url);
/* An error of HTTP itself: "HTTPNotFound" ... */
void reply_plain_error(struct http_request *request, unsigned int status, const char *type,
		       const char *message);
/* 404 and 405: there is no such resource, or not for this method. */
void reply_no_resource(struct http_request *request);
void reply_bad_method(struct http_request *request);

/* "req-UUID", and the client's own id after it, as they stand in the log; owned. */
char *reply_ids(struct http_request *request);

/* "https://HOST:PORT/PREFIX" as the client sees us, through whatever proxy; owned. */
char *reply_base(struct http_request *request);
