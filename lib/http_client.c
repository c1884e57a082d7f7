/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl's multi interface inside the GLib loop. What arrives is only collected while
 * libcurl runs; the user's callbacks run after it, so they may start and cancel calls or
 * free the client.
 */
#include "lib/http_client.h"

#include <curl/curl.h>
#include <string.h>
#include <glib-unix.h>
#include "lib/error.h"

#define ANSWER_MAX	   (64U << 20)
#define STREAM_READ	   4096 /* bytes; a hundred times before others have a turn of the loop */
#define CONNECT_TIMEOUT_MS 5000L
#define UNIX_SCHEME	   "unix:"

/* Freed by http_client_free, or at the end of the delivery in which that was called. */
struct http_client {
	CURLM *multi;
	guint timer;
	GQueue calls;	  /* links are in the calls */
	GPtrArray *heard; /* calls that received something since the last delivery */
	unsigned int delivering;
	bool dead;
};

/* Owned by its client. */
struct http_call {
	struct http_client *client;
	CURL *easy;
	struct curl_slist *headers;
	GList link;
	GByteArray *buffer;
	gsize limit;
	gsize looked;	/* so much of the buffer has no end of a line */
	http_line line; /* NULL: not a stream */
	http_answered answered;
	void *data;
	gint64 heard_at;
	unsigned int silence_ms;
	guint silence;
	bool is_heard; /* listed in client->heard */
	bool held;     /* its last callback is running */
	bool too_large;
	bool dead;
	char error[CURL_ERROR_SIZE];
};

/* --- options ------------------------------------------------------------------------- */

char *http_escape(const char *text)
{
	return g_uri_escape_string(text, NULL, FALSE);
}

char *http_join(const char *base, const char *path)
{
	gsize length = strlen(base);

	if (g_str_has_prefix(base, UNIX_SCHEME))
		return g_strconcat(base, ":", path, NULL);
	if (length > 0 && base[length - 1] == '/')
		length--;
	return g_strdup_printf("%.*s%s", (int)length, base, path);
}

/* "unix:SOCKET:/PATH" is a socket's path and a URL of which only the path matters. */
static void easy_set_url(CURL *easy, const char *url)
{
	const char *colon = g_str_has_prefix(url, UNIX_SCHEME)
				    ? strchr(url + strlen(UNIX_SCHEME), ':')
				    : NULL;
	g_autofree char *socket = NULL;
	g_autofree char *local = NULL;

	if (!colon) {
		curl_easy_setopt(easy, CURLOPT_URL, url);
		return;
	}
	url += strlen(UNIX_SCHEME);
	socket = g_strndup(url, (gsize)(colon - url));
	local = g_strconcat("http://localhost", colon + 1, NULL);
	curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, socket);
	curl_easy_setopt(easy, CURLOPT_URL, local);
}

static struct curl_slist *ask_make_headers(const struct http_ask *ask)
{
	/* No "Expect: 100-continue": it costs a round trip. */
	struct curl_slist *list = curl_slist_append(NULL, "Expect:");
	bool typed = false;

	for (gsize i = 0; i < ask->header_count; i++) {
		g_autofree char *text =
			g_strdup_printf("%s: %s", ask->headers[i].name, ask->headers[i].value);

		typed |= g_ascii_strcasecmp(ask->headers[i].name, "Content-Type") == 0;
		list = curl_slist_append(list, text);
	}
	if (ask->body && !typed)
		list = curl_slist_append(list, "Content-Type: application/json");
	return list;
}

static void easy_set_tls(CURL *easy, const struct http_tls *tls)
{
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_3);
	if (!tls)
		return;
	if (tls->ca) {
		curl_easy_setopt(easy, CURLOPT_CAINFO, tls->ca);
		curl_easy_setopt(easy, CURLOPT_CAPATH, NULL); /* and nobody else */
	}
	if (tls->crl)
		curl_easy_setopt(easy, CURLOPT_CRLFILE, tls->crl);
	if (tls->cert) {
		curl_easy_setopt(easy, CURLOPT_SSLCERT, tls->cert);
		curl_easy_setopt(easy, CURLOPT_SSLKEY, tls->key ? tls->key : tls->cert);
	}
}

static void easy_set_ask(CURL *easy, const struct http_ask *ask, struct curl_slist *headers)
{
	const char *method = ask->method ? ask->method : "GET";

	easy_set_url(easy, ask->url);
	easy_set_tls(easy, ask->tls);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
			 ask->connect_timeout_ms ? (long)ask->connect_timeout_ms
						 : CONNECT_TIMEOUT_MS);
	if (strcmp(method, "HEAD") == 0)
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	if (ask->body) {
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)ask->body_size);
		curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, ask->body);
	}
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
}

static GError *easy_make_error(CURLcode code, const char *text, bool too_large)
{
	if (too_large)
		return g_error_new(WEFT_ERROR, WEFT_ERROR_UNAVAILABLE,
				   "the answer is larger than allowed");
	return g_error_new(WEFT_ERROR, WEFT_ERROR_UNAVAILABLE, "%s",
			   *text ? text : curl_easy_strerror(code));
}

/* --- calls --------------------------------------------------------------------------- */

static void call_free(struct http_call *call)
{
	g_byte_array_unref(call->buffer);
	curl_slist_free_all(call->headers);
	g_free(call);
}

/* Takes CALL out of libcurl and of the client; freed now, or when the delivery ends. */
static void call_end(struct http_call *call)
{
	struct http_client *client = call->client;

	if (call->dead)
		return;
	call->dead = true;
	curl_multi_remove_handle(client->multi, call->easy);
	curl_easy_cleanup(call->easy);
	g_queue_unlink(&client->calls, &call->link);
	g_clear_handle_id(&call->silence, g_source_remove);
	if (!call->is_heard && !call->held)
		call_free(call);
}

void http_call_cancel(struct http_call *call)
{
	call_end(call);
}

static bool call_is_streaming(struct http_call *call)
{
	long status = 0;

	curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	return call->line && status == 200;
}

static size_t call_receive(char *data, size_t size, size_t count, void *context)
{
	struct http_call *call = context;
	gsize bytes = size * count;

	if (call->buffer->len + bytes > call->limit && !call_is_streaming(call)) {
		call->too_large = true;
		return 0;
	}
	g_byte_array_append(call->buffer, (const guint8 *)data, (guint)bytes);
	if (!call->is_heard) {
		call->is_heard = true;
		g_ptr_array_add(call->client->heard, call);
	}
	return bytes;
}

const char *http_answer_find_header(const struct http_answer *answer, const char *name)
{
	struct curl_header *header;

	return curl_easy_header(answer->call->easy, name, 0, CURLH_HEADER, -1, &header) ==
			       CURLHE_OK
		       ? header->value
		       : NULL;
}

/* Takes ERROR. */
static void call_finish(struct http_call *call, GError *error)
{
	struct http_answer answer = {.content_type = "", .call = call};
	char *type = NULL;
	long status = 0;

	curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(call->easy, CURLINFO_CONTENT_TYPE, &type);
	g_byte_array_append(call->buffer, (const guint8 *)"", 1);
	answer.status = (unsigned int)status;
	answer.body = (const char *)call->buffer->data;
	answer.body_size = call->buffer->len - 1;
	if (type)
		answer.content_type = type;
	g_clear_handle_id(&call->silence, g_source_remove);
	call->held = true;
	call->answered(error ? NULL : &answer, error, call->data);
	g_clear_error(&error);
	call->held = false;
	if (!call->dead)
		call_end(call);
	else if (!call->is_heard)
		call_free(call);
}

/* A line of megabytes comes in a hundred pieces: none is looked at, or moved, twice. */
static bool call_has_line(struct http_call *call)
{
	GByteArray *buffer = call->buffer;
	bool found = memchr(buffer->data + call->looked, '\n', buffer->len - call->looked);

	if (found)
		return true;
	call->looked = buffer->len;
	if (buffer->len > call->limit)
		call_finish(call, easy_make_error(CURLE_OK, "", true));
	return false;
}

/* Hands over the whole lines; what is left waits for its newline. */
static void call_deliver_lines(struct http_call *call)
{
	g_autoptr(GByteArray) buffer = NULL;
	gsize at = 0;
	char *end;

	call->heard_at = g_get_monotonic_time();
	if (!call_has_line(call))
		return;
	buffer = g_steal_pointer(&call->buffer);
	call->buffer = g_byte_array_new();
	while (at < buffer->len && !call->dead) {
		char *line = (char *)buffer->data + at;

		end = memchr(line, '\n', buffer->len - at);
		if (!end)
			break;
		*end = '\0';
		at += (gsize)(end - line) + 1;
		call->line(line, (gsize)(end - line), call->data);
	}
	if (call->dead)
		return;
	g_byte_array_append(call->buffer, buffer->data + at, (guint)(buffer->len - at));
	call->looked = call->buffer->len;
	if (call->buffer->len > call->limit)
		call_finish(call, easy_make_error(CURLE_OK, "", true));
}

static gboolean call_check_silence(void *data);

static void call_watch_silence(struct http_call *call, gint64 wait_us)
{
	call->silence = g_timeout_add((guint)(wait_us / 1000 + 1), call_check_silence, call);
}

/* --- the loop ------------------------------------------------------------------------ */

static void client_free_now(struct http_client *client)
{
	curl_multi_cleanup(client->multi);
	g_clear_handle_id(&client->timer, g_source_remove);
	g_ptr_array_unref(client->heard);
	g_free(client);
}

static void client_deliver_heard(struct http_client *client)
{
	for (guint i = 0; i < client->heard->len; i++) {
		struct http_call *call = client->heard->pdata[i];

		if (!call->dead && call_is_streaming(call))
			call_deliver_lines(call);
	}
	for (guint i = 0; i < client->heard->len; i++) {
		struct http_call *call = client->heard->pdata[i];

		call->is_heard = false;
		if (call->dead)
			call_free(call);
	}
	g_ptr_array_set_size(client->heard, 0);
}

static void client_deliver_ends(struct http_client *client)
{
	CURLMsg *message;
	int left;

	while (!client->dead && (message = curl_multi_info_read(client->multi, &left))) {
		CURLcode code = message->data.result;
		struct http_call *call;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&call);
		call_finish(call, code == CURLE_OK ? NULL
						   : easy_make_error(code, call->error,
								     call->too_large));
	}
}

static void client_deliver(struct http_client *client)
{
	if (client->delivering)
		return;
	client->delivering++;
	client_deliver_heard(client);
	client_deliver_ends(client);
	client->delivering--;
	if (client->dead)
		client_free_now(client);
}

static gboolean call_check_silence(void *data)
{
	struct http_call *call = data;
	struct http_client *client = call->client;
	gint64 left = call->heard_at + call->silence_ms * 1000LL - g_get_monotonic_time();

	call->silence = 0;
	if (left > 0) {
		call_watch_silence(call, left);
		return G_SOURCE_REMOVE;
	}
	client->delivering++;
	call_finish(call, g_error_new(WEFT_ERROR, WEFT_ERROR_UNAVAILABLE,
				      "nothing heard for %u ms", call->silence_ms));
	client->delivering--;
	if (client->dead)
		client_free_now(client);
	return G_SOURCE_REMOVE;
}

static gboolean client_fd_ready(int fd, GIOCondition condition, void *data)
{
	struct http_client *client = data;
	int running, flags = 0;

	if (condition & (G_IO_IN | G_IO_HUP))
		flags |= CURL_CSELECT_IN;
	if (condition & G_IO_OUT)
		flags |= CURL_CSELECT_OUT;
	if (condition & G_IO_ERR)
		flags |= CURL_CSELECT_ERR;
	curl_multi_socket_action(client->multi, fd, flags, &running);
	client_deliver(client);
	return G_SOURCE_CONTINUE;
}

static int client_watch(CURL *easy, curl_socket_t fd, int what, void *data, void *watch)
{
	struct http_client *client = data;
	GIOCondition condition = 0;
	guint source = GPOINTER_TO_UINT(watch);

	if (source)
		g_source_remove(source);
	source = 0;
	if (what != CURL_POLL_REMOVE) {
		condition |= what & CURL_POLL_IN ? G_IO_IN | G_IO_HUP | G_IO_ERR : 0;
		condition |= what & CURL_POLL_OUT ? G_IO_OUT | G_IO_ERR : 0;
		source = g_unix_fd_add(fd, condition, client_fd_ready, client);
	}
	curl_multi_assign(client->multi, fd, GUINT_TO_POINTER(source));
	return 0;
}

static gboolean client_timer_fired(void *data)
{
	struct http_client *client = data;
	int running;

	client->timer = 0;
	curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	client_deliver(client);
	return G_SOURCE_REMOVE;
}

static int client_set_timer(CURLM *multi, long timeout_ms, void *data)
{
	struct http_client *client = data;

	g_clear_handle_id(&client->timer, g_source_remove);
	if (timeout_ms == 0)
		client->timer =
			g_idle_add_full(G_PRIORITY_DEFAULT, client_timer_fired, client, NULL);
	else if (timeout_ms > 0)
		client->timer = g_timeout_add((guint)timeout_ms, client_timer_fired, client);
	return 0;
}

struct http_client *http_client_new(void)
{
	struct http_client *client = g_new0(struct http_client, 1);

	client->multi = curl_multi_init();
	client->heard = g_ptr_array_new();
	g_queue_init(&client->calls);
	curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, client_watch);
	curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
	curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, client_set_timer);
	curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
	return client;
}

void http_client_free(struct http_client *client)
{
	if (!client || client->dead)
		return;
	while (client->calls.head)
		call_end(client->calls.head->data);
	client->dead = true;
	if (!client->delivering)
		client_free_now(client);
}

static struct http_call *client_start(struct http_client *client, const struct http_ask *ask,
				      http_line line, http_answered answered, void *data)
{
	struct http_call *call = g_new0(struct http_call, 1);

	call->client = client;
	call->easy = curl_easy_init();
	call->headers = ask_make_headers(ask);
	call->buffer = g_byte_array_new();
	call->limit = ask->answer_max ? ask->answer_max : ANSWER_MAX;
	call->line = line;
	call->answered = answered;
	call->data = data;
	call->link.data = call;
	g_queue_push_tail_link(&client->calls, &call->link);
	easy_set_ask(call->easy, ask, call->headers);
	curl_easy_setopt(call->easy, CURLOPT_PRIVATE, call);
	curl_easy_setopt(call->easy, CURLOPT_ERRORBUFFER, call->error);
	curl_easy_setopt(call->easy, CURLOPT_WRITEFUNCTION, call_receive);
	curl_easy_setopt(call->easy, CURLOPT_WRITEDATA, call);
	if (line)
		curl_easy_setopt(call->easy, CURLOPT_BUFFERSIZE, (long)STREAM_READ);
	if (line && ask->timeout_ms) {
		call->silence_ms = ask->timeout_ms;
		call->heard_at = g_get_monotonic_time();
		call_watch_silence(call, call->silence_ms * 1000LL);
	} else if (ask->timeout_ms) {
		curl_easy_setopt(call->easy, CURLOPT_TIMEOUT_MS, (long)ask->timeout_ms);
	}
	curl_multi_add_handle(client->multi, call->easy);
	return call;
}

struct http_call *http_client_call(struct http_client *client, const struct http_ask *ask,
				   http_answered answered, void *data)
{
	return client_start(client, ask, NULL, answered, data);
}

struct http_call *http_client_stream(struct http_client *client, const struct http_ask *ask,
				     http_line line, http_answered answered, void *data)
{
	return client_start(client, ask, line, answered, data);
}

/* --- the blocking call --------------------------------------------------------------- */

struct fetched {
	GByteArray *body;
	gsize limit;
	bool too_large;
};

static size_t fetch_receive(char *data, size_t size, size_t count, void *context)
{
	struct fetched *fetched = context;

	if (fetched->body->len + size * count > fetched->limit) {
		fetched->too_large = true;
		return 0;
	}
	g_byte_array_append(fetched->body, (const guint8 *)data, (guint)(size * count));
	return size * count;
}

bool http_fetch(const struct http_ask *ask, unsigned int *status, char **body, GError **error)
{
	struct curl_slist *headers = ask_make_headers(ask);
	struct fetched fetched = {.limit = ask->answer_max ? ask->answer_max : ANSWER_MAX};
	static CURL *easy; /* kept: a program that blocks asks one server many times */
	char text[CURL_ERROR_SIZE] = "";
	long code = 0;
	CURLcode result;

	if (!easy)
		easy = curl_easy_init();
	else
		curl_easy_reset(easy);
	fetched.body = g_byte_array_new();
	easy_set_ask(easy, ask, headers);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, text);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, fetch_receive);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, &fetched);
	if (ask->timeout_ms)
		curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)ask->timeout_ms);
	result = curl_easy_perform(easy);
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &code);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, NULL);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(headers);
	if (result != CURLE_OK) {
		g_byte_array_unref(fetched.body);
		g_propagate_prefixed_error(error,
					   easy_make_error(result, text, fetched.too_large),
					   "%s: ", ask->url);
		return false;
	}
	g_byte_array_append(fetched.body, (const guint8 *)"", 1);
	*status = (unsigned int)code;
	*body = (char *)g_byte_array_free(fetched.body, FALSE);
	return true;
}
