/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replies with the headers that every reply has.
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

/* "http://HOST" as the client sees us; owned. */
char *reply_base(struct http_request *request);
