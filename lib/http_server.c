/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libmicrohttpd inside the GLib loop. One daemon for each listener; its epoll descriptor
 * is one GSource. A request that is not answered at once leaves its connection suspended
 * until it is; one answered inside the handler costs no suspension.
 */
#include "lib/http_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "lib/error.h"
#include "lib/http_gzip.h"
#include "lib/http_listen.h"
#include "lib/http_origin.h"
#include "lib/http_peer.h"
#include "lib/http_stream.h"
#include "lib/uuid.h"

#define BODY_MAX	(4U << 20)
#define STREAM_MAX	(32U << 20)
#define QUERY_MAX	28672 /* of a request's first line, with what its arguments need */
#define HEADER_MAX	32768 /* of its header lines, with the same */
#define ARGUMENT_BYTES	56    /* what the daemon needs to note one argument, or line */
#define ANSWER_BYTES	16384 /* ... for the lines of the answer, and to read on */
#define CONNECTIONS_MAX 32768
#define IDLE_SECONDS	75U
#define CLIENT_TEXT	64
#define ID_TEXT		(UUID_TEXT + 4)

struct listener {
	GSource source;
	struct MHD_Daemon *daemon;
	gpointer tag;
	gint64 deadline; /* when the daemon wants to run by itself; -1: never */
	struct http_server *server;
	guint resumed; /* what the daemon has seen of the server's count */
	unsigned int port;
	char *path; /* of a unix socket, to unlink; else NULL */
};

/* Owns its listeners; requests and streams that outlive it are cut loose. */
struct http_server {
	http_handler handler;
	void *data;
	http_observer observer; /* NULL: none */
	void *observer_data;
	GPtrArray *listeners;
	GQueue requests; /* links are in the requests */
	struct http_streams streams;
	gsize body_max;
	bool ending;
	struct tls *tls;		    /* NULL: none; borrowed */
	const char *id_header;		    /* NULL: requests have no ids; borrowed */
	const struct http_origins *origins; /* NULL: none; borrowed */
	guint resumed; /* a count: a daemon without a thread does not notice by itself */
};

/* Owned by its connection until handed to the handler, by the handler until answered. */
struct http_request {
	struct http_server *server;
	struct MHD_Connection *connection; /* NULL: the client has gone */
	GList link;
	struct http_question question;
	GArray *query; /* of struct http_pair */
	GByteArray *body;
	struct MHD_Response *response; /* waits to be queued */
	unsigned int status;
	gint64 started; /* handed over, monotonic; 0: not */
	gsize read;	/* of the body, kept or not */
	bool handed;	/* the handler has it and has not answered */
	bool suspended;
	char client[CLIENT_TEXT];
	struct pki_id peer; /* name NULL: none */
	GError *refused;
	char id[ID_TEXT], global_id[ID_TEXT];
};

/* --- the loop ------------------------------------------------------------------------ */

static gboolean listener_prepare(GSource *source, int *timeout)
{
	struct listener *listener = (struct listener *)source;
	MHD_UNSIGNED_LONG_LONG wait;

	*timeout = 0;
	listener->deadline = -1;
	if (listener->resumed != listener->server->resumed)
		return TRUE;
	*timeout = -1;
	if (MHD_get_timeout(listener->daemon, &wait) == MHD_YES) {
		*timeout = (int)MIN(wait, (MHD_UNSIGNED_LONG_LONG)G_MAXINT);
		listener->deadline = g_source_get_time(source) + *timeout * 1000LL;
	}
	return *timeout == 0;
}

static gboolean listener_check(GSource *source)
{
	struct listener *listener = (struct listener *)source;

	return listener->resumed != listener->server->resumed ||
	       g_source_query_unix_fd(source, listener->tag) != 0 ||
	       (listener->deadline >= 0 && g_source_get_time(source) >= listener->deadline);
}

static gboolean listener_dispatch(GSource *source, GSourceFunc callback, gpointer data)
{
	struct listener *listener = (struct listener *)source;

	listener->resumed = listener->server->resumed;
	MHD_run(listener->daemon);
	return G_SOURCE_CONTINUE;
}

static GSourceFuncs listener_funcs = {
	.prepare = listener_prepare,
	.check = listener_check,
	.dispatch = listener_dispatch,
};

/* --- requests ------------------------------------------------------------------------ */

static void request_describe_client(struct http_request *request)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *address = info ? info->client_addr : NULL;
	char text[INET6_ADDRSTRLEN];

	if (address && address->sa_family == AF_INET) {
		const struct sockaddr_in *v4 = (const void *)address;

		inet_ntop(AF_INET, &v4->sin_addr, text, sizeof(text));
		g_snprintf(request->client, CLIENT_TEXT, "%s:%u", text, ntohs(v4->sin_port));
		request->question.local = ntohl(v4->sin_addr.s_addr) >> 24 == 127;
	} else if (address && address->sa_family == AF_INET6) {
		const struct sockaddr_in6 *v6 = (const void *)address;

		inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof(text));
		g_snprintf(request->client, CLIENT_TEXT, "[%s]:%u", text, ntohs(v6->sin6_port));
		request->question.local = IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
	} else {
		g_strlcpy(request->client, "unix", CLIENT_TEXT);
		request->question.local = address && address->sa_family == AF_UNIX;
	}
	request->question.client = request->client;
}

/* Copies: the request may outlive its connection. */
static void request_describe_peer(struct http_request *request)
{
	const struct http_peer *peer = http_peer_find(request->connection);

	if (peer && peer->known) {
		pki_id_copy(&peer->id, &request->peer);
		request->question.peer = &request->peer;
	} else if (peer && peer->refused) {
		request->refused = g_error_copy(peer->refused);
		request->question.refused = request->refused;
	}
}

/* A global id that is none comes from somebody who wants to write into our log. */
static void request_describe_id(struct http_request *request)
{
	const char *name = request->server->id_header, *given;
	struct uuid id;

	if (!name)
		return;
	strcpy(request->id, "req-");
	uuid_print(uuid_new(), request->id + strlen("req-"));
	request->question.id = request->id;
	given = http_request_find_header(request, name);
	if (!given || !g_str_has_prefix(given, "req-") ||
	    !uuid_parse(given + strlen("req-"), &id))
		return;
	g_strlcpy(request->global_id, given, ID_TEXT);
	request->question.global_id = request->global_id;
}

static enum MHD_Result request_add_query(void *data, enum MHD_ValueKind kind, const char *key,
					 const char *value)
{
	struct http_request *request = data;
	struct http_pair pair = {key, value ? value : ""};

	g_array_append_val(request->query, pair);
	return MHD_YES;
}

static struct http_request *request_new(struct http_server *server,
					struct MHD_Connection *connection, const char *url,
					const char *method)
{
	struct http_request *request = g_new0(struct http_request, 1);

	request->server = server;
	request->connection = connection;
	request->link.data = request;
	request->query = g_array_new(FALSE, FALSE, sizeof(struct http_pair));
	request->body = g_byte_array_new();
	request->question.method = method;
	request->question.path = url;
	g_queue_push_tail_link(&server->requests, &request->link);
	request_describe_id(request);
	return request;
}

static void request_free(struct http_request *request)
{
	if (request->server)
		g_queue_unlink(&request->server->requests, &request->link);
	g_clear_pointer(&request->response, MHD_destroy_response);
	g_array_unref(request->query);
	g_byte_array_unref(request->body);
	pki_id_done(&request->peer);
	g_clear_error(&request->refused);
	g_free(request);
}

/* BODY_SIZE bytes are announced: no need to read what will be refused. */
static bool request_announces_too_much(struct http_request *request)
{
	const char *length = http_request_find_header(request, "Content-Length");
	guint64 size;

	return length && g_ascii_string_to_unsigned(length, 10, 0, G_MAXUINT64, &size, NULL) &&
	       size > request->server->body_max;
}

static enum MHD_Result request_queue(struct http_request *request)
{
	enum MHD_Result result =
		MHD_queue_response(request->connection, request->status, request->response);

	g_clear_pointer(&request->response, MHD_destroy_response);
	return result;
}

/* Only while there is a client: the question's method and path are the connection's. */
static void request_observe(const struct http_request *request, unsigned int status)
{
	const struct http_server *server = request->server;
	gint64 waited = request->started ? g_get_monotonic_time() - request->started : 0;

	if (server && server->observer && request->connection)
		server->observer(&request->question, status, (double)waited / G_USEC_PER_SEC,
				 server->observer_data);
}

/* What every answer has, whoever gave it. */
static void request_add_headers(struct http_request *request, struct MHD_Response *response)
{
	const struct http_server *server = request->server;
	const char *origin;

	if (!server || !request->connection || !response)
		return;
	if (request->question.id)
		MHD_add_response_header(response, server->id_header, request->id);
	origin = http_origin_find(server->origins, request);
	if (origin)
		http_origin_add(server->origins, origin, response);
	/* The client's next try shall show the certificate it has then. */
	if (request->refused)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
}

/* The answer is there: inside the handler the daemon is about to take it, later it must
 * be told, and when the client has gone nobody will. */
static void request_answer(struct http_request *request, unsigned int status,
			   struct MHD_Response *response)
{
	request_observe(request, status);
	request->handed = false;
	request->status = status;
	request->response = response;
	request_add_headers(request, response);
	if (!request->connection) {
		request_free(request);
	} else if (request->suspended) {
		request->suspended = false;
		request->server->resumed++;
		MHD_resume_connection(request->connection);
	}
}

static void request_refuse_size(struct http_request *request)
{
	char *text = g_strdup_printf("body: larger than %" G_GSIZE_FORMAT " bytes\n",
				     request->server->body_max);

	http_reply(request, 413, "text/plain; charset=utf-8", text, strlen(text), NULL, 0);
}

static void request_hand_over(struct http_request *request)
{
	struct http_question *question = &request->question;
	struct MHD_Response *preflight = NULL;

	MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, request_add_query,
				  request);
	request_describe_client(request);
	request_describe_peer(request);
	question->secure = MHD_get_connection_info(request->connection,
						   MHD_CONNECTION_INFO_GNUTLS_SESSION) != NULL;
	question->query = (const struct http_pair *)(const void *)request->query->data;
	question->query_count = request->query->len;
	question->body_size = request->body->len;
	g_byte_array_append(request->body, (const guint8 *)"", 1);
	question->body = (const char *)request->body->data;
	request->started = g_get_monotonic_time();
	if (strcmp(question->method, MHD_HTTP_METHOD_OPTIONS) == 0)
		preflight = http_origin_preflight(request->server->origins, request);
	if (preflight) {
		request_answer(request, 200, preflight);
		return;
	}
	request->handed = true;
	request->server->handler(request, question, request->server->data);
}

/* False: not even worth an answer. */
static bool request_read(struct http_request *request, const char *data, gsize size)
{
	gsize limit = request->server->body_max;

	request->read += size;
	if (request->read > limit) {
		g_byte_array_set_size(request->body, 0);
		return request->read <= 4 * limit;
	}
	g_byte_array_append(request->body, (const guint8 *)data, (guint)size);
	return true;
}

static void request_refuse(struct http_request *request, unsigned int status, const char *why)
{
	char *text = g_strconcat(why, "\n", NULL);

	http_reply(request, status, "text/plain; charset=utf-8", text, strlen(text), NULL, 0);
}

/*
 * A daemon that has no memory left for an answer closes the connection without one. So a query that
 * would need too much is cut off, in the daemon's own buffer, before it is taken apart; what is
 * returned becomes the context of the request. The header's lines are measured when they are there.
 */
static void *server_measure_query(void *cut_off, const char *uri,
				  struct MHD_Connection *connection)
{
	char *query = strchr(uri, '?');
	gsize bytes = strlen(uri);

	for (const char *place = query; place; place = strchr(place + 1, '&'))
		bytes += ARGUMENT_BYTES;
	if (!query || bytes <= QUERY_MAX)
		return NULL;
	query[1] = '\0';
	return cut_off;
}

static enum MHD_Result header_add(void *data, enum MHD_ValueKind kind, const char *name,
				  const char *value)
{
	*(gsize *)data += strlen(name) + (value ? strlen(value) : 0) + ARGUMENT_BYTES;
	return MHD_YES;
}

static bool header_is_too_large(struct MHD_Connection *connection)
{
	gsize bytes = 0;

	MHD_get_connection_values(connection, MHD_HEADER_KIND, header_add, &bytes);
	return bytes > HEADER_MAX;
}

/*
 * The daemon calls this when the header is there, for each piece of the body, after the
 * body, and once more after a suspension.
 */
static enum MHD_Result server_access(void *data, struct MHD_Connection *connection,
				     const char *url, const char *method, const char *version,
				     const char *upload, size_t *upload_size, void **context)
{
	struct http_server *server = data;
	struct http_request *request = *context;

	if (!request || *context == server) {
		bool cut_off = request;

		*context = request = request_new(server, connection, url, method);
		if (cut_off)
			request_refuse(request, 414, "query: too many arguments, or too long");
		else if (header_is_too_large(connection))
			request_refuse(request, 431, "header: too many lines, or too long");
		else if (request_announces_too_much(request))
			request_refuse_size(request);
		else
			return MHD_YES;
		return request_queue(request);
	}
	if (*upload_size > 0) {
		bool good = request_read(request, upload, *upload_size);

		*upload_size = 0;
		return good ? MHD_YES : MHD_NO;
	}
	if (!request->response && request->read > server->body_max)
		request_refuse_size(request);
	if (!request->response && server->ending)
		http_reply(request, 503, NULL, NULL, 0, NULL, 0);
	if (!request->response)
		request_hand_over(request);
	if (request->response)
		return request_queue(request);
	request->suspended = true;
	MHD_suspend_connection(connection);
	return MHD_YES;
}

static void server_completed(void *data, struct MHD_Connection *connection, void **context,
			     enum MHD_RequestTerminationCode code)
{
	struct http_request *request = *context;

	*context = NULL;
	if (!request || (void *)request == data) /* it ended within its header */
		return;
	if (request->handed)
		request->connection = NULL; /* the handler still has it */
	else
		request_free(request);
}

/* --- answers ------------------------------------------------------------------------- */

bool http_request_takes_gzip(struct http_request *request)
{
	return http_gzip_is_taken(http_request_find_header(request, "Accept-Encoding"));
}

/* Takes BODY. */
static struct MHD_Response *body_to_response(struct http_request *request, char *body,
					     gsize size)
{
	struct MHD_Response *response = NULL;
	bool large = body && size >= HTTP_GZIP_MIN && size <= G_MAXUINT;

	if (large && http_request_takes_gzip(request))
		response = http_gzip_new(body, size);
	else
		response = MHD_create_response_from_buffer(
			body ? size : 0, body ? body : (char *)"",
			body ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
	if (large && response)
		MHD_add_response_header(response, MHD_HTTP_HEADER_VARY, "Accept-Encoding");
	return response;
}

void http_reply(struct http_request *request, unsigned int status, const char *content_type,
		char *body, gsize body_size, const struct http_pair *headers, gsize count)
{
	struct MHD_Response *response = body_to_response(request, body, body_size);

	if (content_type)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
	for (gsize i = 0; i < count; i++)
		MHD_add_response_header(response, headers[i].name, headers[i].value);
	request_answer(request, status, response);
}

void http_reply_json(struct http_request *request, unsigned int status, char *body)
{
	http_reply(request, status, "application/json", body, strlen(body), NULL, 0);
}

struct http_stream *http_stream_open(struct http_request *request, const char *content_type,
				     http_stream_closed closed, void *data)
{
	struct http_stream *stream =
		http_stream_new(request->server ? &request->server->streams : NULL,
				request->connection, request->client, closed, data);
	struct MHD_Response *response = NULL;

	if (request->connection) {
		response = http_stream_to_response(stream);
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
	}
	request_answer(request, 200, response);
	return stream;
}

const struct http_question *http_request_get_question(const struct http_request *request)
{
	return &request->question;
}

const char *http_request_find_header(struct http_request *request, const char *name)
{
	if (!request->connection)
		return NULL;
	return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

const char *http_question_find(const struct http_question *question, const char *name)
{
	for (gsize i = 0; i < question->query_count; i++)
		if (strcmp(question->query[i].name, name) == 0)
			return question->query[i].value;
	return NULL;
}

/* --- the server ---------------------------------------------------------------------- */

static void listener_free(void *data)
{
	struct listener *listener = data;

	MHD_stop_daemon(listener->daemon);
	if (listener->path)
		unlink(listener->path);
	g_free(listener->path);
	g_source_destroy(&listener->source);
	g_source_unref(&listener->source);
}

struct http_server *http_server_new(http_handler handler, void *data)
{
	struct http_server *server = g_new0(struct http_server, 1);

	server->handler = handler;
	server->data = data;
	server->listeners = g_ptr_array_new_with_free_func(listener_free);
	server->body_max = BODY_MAX;
	server->streams.queue_max = STREAM_MAX;
	g_queue_init(&server->requests);
	if (!http_streams_init(&server->streams, &server->resumed))
		g_error("http: no epoll: %s", g_strerror(errno));
	return server;
}

void http_server_free(struct http_server *server)
{
	if (!server)
		return;
	server->ending = true;
	for (GList *link = server->requests.head, *next; link; link = next) {
		struct http_request *request = link->data;

		next = link->next;
		if (!request->handed)
			continue;
		/* The handler may answer later still: it keeps the request, we answer with
		 * a response of our own. */
		request->status = 503;
		request->response =
			MHD_create_response_from_buffer(0, (char *)"", MHD_RESPMEM_PERSISTENT);
		request->suspended = false;
		MHD_resume_connection(request->connection);
	}
	http_streams_done(&server->streams);
	/* Once to read what was resumed, once to write it. */
	for (unsigned int i = 0; i < server->listeners->len; i++)
		for (unsigned int turn = 0; turn < 2; turn++)
			MHD_run(((struct listener *)server->listeners->pdata[i])->daemon);
	g_ptr_array_unref(server->listeners);
	for (GList *link; (link = g_queue_pop_head_link(&server->requests));)
		((struct http_request *)link->data)->server = NULL;
	g_free(server);
}

void http_server_set_tls(struct http_server *server, struct tls *tls)
{
	server->tls = tls;
}

void http_server_set_id_header(struct http_server *server, const char *header)
{
	server->id_header = header;
}

void http_server_set_origins(struct http_server *server, const struct http_origins *origins)
{
	server->origins = origins;
}

void http_server_check_streams(struct http_server *server, http_stream_cut cut, void *data)
{
	http_streams_check(&server->streams, cut, data);
}

static struct MHD_Daemon *daemon_start(struct http_server *server, int fd, bool tls)
{
	struct MHD_OptionItem common[] = {
		{MHD_OPTION_LISTEN_SOCKET, fd, NULL},
		{MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)server_completed, server},
		{MHD_OPTION_CONNECTION_MEMORY_LIMIT, QUERY_MAX + HEADER_MAX + ANSWER_BYTES,
		 NULL},
		{MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX, NULL},
		{MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS, NULL},
		{MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)server_measure_query, server},
		{MHD_OPTION_END, 0, NULL},
	};
	unsigned int flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_TURBO;

	if (!tls)
		return MHD_start_daemon(flags, 0, NULL, NULL, server_access, server,
					MHD_OPTION_ARRAY, common, MHD_OPTION_END);
	return MHD_start_daemon(flags | MHD_USE_TLS, 0, NULL, NULL, server_access, server,
				MHD_OPTION_ARRAY, common, MHD_OPTION_HTTPS_CERT_CALLBACK2,
				http_peer_pick, MHD_OPTION_HTTPS_PRIORITIES, TLS_PRIORITIES,
				MHD_OPTION_NOTIFY_CONNECTION, http_peer_notify, server->tls,
				MHD_OPTION_END);
}

static bool listen_wants_tls(const struct http_server *server, const char *where, bool *tls,
			     GError **error)
{
	const char *scheme;

	http_listen_find_address(where, &scheme);
	*tls = scheme ? strcmp(scheme, "https") == 0
		      : server->tls && !http_listen_find_path(where);
	if (!*tls || server->tls)
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
		    "listen: '%s' needs a certificate and a key", where);
	return false;
}

static void listener_add(struct http_server *server, struct MHD_Daemon *daemon,
			 const char *where, unsigned int port)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
	struct listener *listener =
		(struct listener *)g_source_new(&listener_funcs, sizeof(*listener));

	listener->daemon = daemon;
	listener->server = server;
	listener->port = port;
	listener->path = g_strdup(http_listen_find_path(where));
	listener->tag = g_source_add_unix_fd(&listener->source, info->epoll_fd, G_IO_IN);
	g_source_attach(&listener->source, NULL);
	g_ptr_array_add(server->listeners, listener);
}

bool http_server_listen(struct http_server *server, const char *where, GError **error)
{
	struct MHD_Daemon *daemon;
	unsigned int port;
	bool tls;
	int fd;

	if (!listen_wants_tls(server, where, &tls, error))
		return false;
	fd = http_listen_open(where, &port, error);
	if (fd < 0)
		return false;
	daemon = daemon_start(server, fd, tls);
	if (!daemon) {
		close(fd);
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_UNAVAILABLE,
			    "listen: cannot serve on '%s': %s", where, g_strerror(errno));
		return false;
	}
	listener_add(server, daemon, where, port);
	return true;
}

unsigned int http_server_get_port(const struct http_server *server, unsigned int index)
{
	return ((const struct listener *)server->listeners->pdata[index])->port;
}

bool http_is_local(const char *where)
{
	return http_listen_is_local(where);
}

void http_server_set_limits(struct http_server *server, gsize body_max, gsize stream_max)
{
	server->body_max = body_max;
	server->streams.queue_max = stream_max;
}

void http_server_set_observer(struct http_server *server, http_observer observer, void *data)
{
	server->observer = observer;
	server->observer_data = data;
}
