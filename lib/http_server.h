/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/1.1 server in the default main context: TCP and unix sockets, keep-alive,
 * one handler, replies at any later time, streams. Sizes from outside are bounded
 * before they are believed.
 */
#pragma once

#include <stdbool.h>
#include <glib.h>

struct http_server;
struct http_request;
struct http_stream;
struct pki_id;
struct tls;

struct http_pair {
	const char *name;
	const char *value;
};

/* What was asked; borrowed, gone after the reply. */
struct http_question {
	const char *method; /* "GET" ... */
	const char *path;   /* percent-decoded, starts with '/' */
	const struct http_pair
		*query; /* decoded, in order, names may repeat; value "" when absent */
	gsize query_count;
	const char *body; /* whole; ends with a NUL that SIZE does not count */
	gsize body_size;
	const char *client;	   /* "10.0.0.1:4711" or "unix" */
	bool local;		   /* came over a unix socket or from a loopback address */
	const struct pki_id *peer; /* whom the client's certificate names; NULL: none shown */
	const GError *refused;	   /* it showed one that is not good: answer with this */
	bool secure;		   /* came over TLS */
	const char *id;		   /* "req-UUID", its own; NULL unless the server gives ids */
	const char *global_id;	   /* ... that the client gave it, of the same form; or NULL */
};

/*
 * Called once for each request, when its body is whole. It ends in exactly one of
 * http_reply and http_stream_open, now or later; until then REQUEST stays valid, and QUESTION
 * until the server is freed, even when the client has gone (the reply is then dropped).
 */
typedef void (*http_handler)(struct http_request *request, const struct http_question *question,
			     void *data);

struct http_server *http_server_new(http_handler handler, void *data);
/* Streams are cut (their closed callbacks run); open requests are answered 503. The handler
 * is not called any more. */
void http_server_free(struct http_server *server);

/* Before the first listen: TCP then is https. TLS outlives the server. */
void http_server_set_tls(struct http_server *server, struct tls *tls);
/*
 * After a change of what is in force, and now and then: cuts the streams of clients whose
 * certificate is not good any more. CUT (may be NULL) is told why, for each.
 */
typedef void (*http_stream_cut)(const char *client, const GError *why, void *data);
void http_server_check_streams(struct http_server *server, http_stream_cut cut, void *data);

/*
 * "ADDRESS:PORT", "[V6]:PORT" or "unix:PATH" (mode 0660; a stale socket is replaced).
 * "http://" or "https://" before an address instead of what set_tls implies.
 * Port 0: any. Repeatable.
 */
bool http_server_listen(struct http_server *server, const char *where, GError **error);
/* Port of the INDEXth listener; 0 for a unix socket. */
unsigned int http_server_get_port(const struct http_server *server, unsigned int index);
/* True when WHERE can be reached from this machine only (unix, loopback). */
bool http_is_local(const char *where);

/* Limits, before the first listen: default 4 MiB body, 32 MiB queued on a stream. */
void http_server_set_limits(struct http_server *server, gsize body_max, gsize stream_max);

/*
 * Before the first listen: each request has an id, which its answer names in the header HEADER,
 * and may come with one under the same name. HEADER is borrowed.
 */
void http_server_set_id_header(struct http_server *server, const char *header);

/* Whose scripts may ask, and what. Lists are separated by ", ". */
struct http_origins {
	const char *const *origins; /* "https://dash.example", or "*"; ends with NULL */
	const char *methods, *headers;
	const char *exposed; /* headers of answers that they may read */
};
/* Borrowed; NULL: nobody's. */
void http_server_set_origins(struct http_server *server, const struct http_origins *origins);

/* Told of each answer with the time from the whole question to it, before it is sent. */
typedef void (*http_observer)(const struct http_question *question, unsigned int status,
			      double seconds, void *data);
void http_server_set_observer(struct http_server *server, http_observer observer, void *data);

/* What REQUEST asks; borrowed. */
const struct http_question *http_request_get_question(const struct http_request *request);
/* Header of REQUEST, any case, or NULL; borrowed. */
const char *http_request_find_header(struct http_request *request, const char *name);
/* The answer, if large, will be compressed. */
bool http_request_takes_gzip(struct http_request *request);
/* First value of a query parameter or NULL; borrowed. */
const char *http_question_find(const struct http_question *question, const char *name);

/*
 * Answers. BODY is taken over (g_free) and may be NULL; CONTENT_TYPE may be NULL when
 * there is none. HEADERS: COUNT further header lines, copied. A large body is compressed for
 * a client that takes gzip.
 */
void http_reply(struct http_request *request, unsigned int status, const char *content_type,
		char *body, gsize body_size, const struct http_pair *headers, gsize count);
/* Same with JSON text that ends with NUL; the usual way. Takes BODY. */
void http_reply_json(struct http_request *request, unsigned int status, char *body);

/*
 * Answers 200 with a body without end. CLOSED is called once, when the client has gone,
 * reads too slowly (more than stream_max queued) or the server ends; STREAM is gone after
 * it. It is not called after http_stream_close.
 */
typedef void (*http_stream_closed)(void *data);
struct http_stream *http_stream_open(struct http_request *request, const char *content_type,
				     http_stream_closed closed, void *data);
/* Queues TEXT. Never calls back. */
void http_stream_write(struct http_stream *stream, const char *text, gsize size);
/* The same without a copy: shares TEXT with other streams. */
void http_stream_write_shared(struct http_stream *stream, GRefString *text);
/* Instead of the server's stream_max: for one that begins with a large transfer. */
void http_stream_set_max(struct http_stream *stream, gsize bytes);
gsize http_stream_get_queued(const struct http_stream *stream); /* bytes */
/* Ends the body properly after what is queued. */
void http_stream_close(struct http_stream *stream);
