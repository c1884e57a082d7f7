/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The body without end, behind http_server.h: a bounded queue between a writer and the
 * daemon that sends. For http_server.c only.
 */
#pragma once

#include <microhttpd.h>
#include "lib/http_server.h"

/* Every stream of one server. Owns none: a stream belongs to its response. */
struct http_streams {
	GQueue open; /* links are in the streams */
	gsize queue_max;
	int hangups; /* epoll of the streams' sockets */
	guint source;
	guint *resumed; /* counts connections that were resumed */
};

bool http_streams_init(struct http_streams *streams, guint *resumed);
void http_streams_done(struct http_streams *streams); /* cuts what is open */
/* Cuts those whose client's certificate is not good any more. */
void http_streams_check(struct http_streams *streams, http_stream_cut cut, void *data);

/* A stream that answers on CONNECTION (NULL: the client has gone already) to CLIENT. */
struct http_stream *http_stream_new(struct http_streams *streams,
				    struct MHD_Connection *connection, const char *client,
				    http_stream_closed closed, void *data);
/* To queue on the connection; the caller's reference. */
struct MHD_Response *http_stream_to_response(struct http_stream *stream);
