/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP client in the default main context: requests with a callback, streams read
 * line by line, and a blocking call for the command line. A URL is "http://HOST:PORT/PATH",
 * "https://..." or "unix:SOCKET:/PATH" (SOCKET is a path without ':').
 */
#pragma once

#include <stdbool.h>
#include <glib.h>

struct http_client;
struct http_call;

/* Paths of PEM files, read for each new connection; any may be NULL. */
struct http_tls {
	const char *ca; /* who may have signed the server's certificate; NULL: whom the system
			 * trusts */
	const char *cert;
	const char *key;
	const char *crl; /* which of CA's are revoked */
};

struct http_field {
	const char *name;
	const char *value;
};

/* What to ask. Everything is copied. */
struct http_ask {
	const char *method; /* NULL: GET */
	const char *url;
	const char *body; /* NULL: none; JSON by default */
	gsize body_size;
	const struct http_field *headers;
	gsize header_count;
	unsigned int timeout_ms; /* of the whole call; of silence for a stream; 0: none */
	unsigned int connect_timeout_ms; /* 0: 5000 */
	gsize answer_max;		 /* bytes; of one line for a stream; 0: 64 MiB */
	const struct http_tls *tls;	 /* for https; NULL: as the system trusts */
};

struct http_answer {
	unsigned int status;
	const char *body; /* ends with NUL */
	gsize body_size;
	const char *content_type; /* "" when unknown */
	const struct http_call *call;
};

/* A header of an ANSWER that was given to a callback, or NULL; borrowed for that long. */
const char *http_answer_find_header(const struct http_answer *answer, const char *name);

struct http_client *http_client_new(void);
void http_client_free(struct http_client *client); /* calls are cancelled without callbacks */

/*
 * Called once. Without an answer ANSWER is NULL and ERROR is WEFT_ERROR_UNAVAILABLE;
 * any HTTP status is an answer. Both are borrowed.
 */
typedef void (*http_answered)(const struct http_answer *answer, const GError *error,
			      void *data);
struct http_call *http_client_call(struct http_client *client, const struct http_ask *ask,
				   http_answered answered, void *data);

/*
 * A stream: LINE for each line of a 200 answer (without its newline, ends with NUL; may be
 * changed by the callee), then ANSWERED once: with ERROR when the connection broke, with an
 * answer when the server ended the body or answered another status (body: the error's text).
 */
typedef void (*http_line)(char *line, gsize size, void *data);
struct http_call *http_client_stream(struct http_client *client, const struct http_ask *ask,
				     http_line line, http_answered answered, void *data);

/* No callback will be called any more. Legal inside the call's own callbacks; not after
 * ANSWERED. */
void http_call_cancel(struct http_call *call);

/*
 * Blocks. False when there was no answer. On success *BODY is owned text that ends with NUL.
 */
bool http_fetch(const struct http_ask *ask, unsigned int *status, char **body, GError **error);

/* BASE ("http://HOST:PORT", with or without "/" at its end, or "unix:SOCKET") and a PATH that
 * starts with '/', as a URL for struct http_ask; owned. */
char *http_join(const char *base, const char *path);

/* TEXT percent-encoded for a path segment or query value; owned. */
char *http_escape(const char *text);
