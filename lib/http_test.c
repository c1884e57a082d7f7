/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Server and client against each other in one loop, and the server against raw bytes.
 */
#include "lib/http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <glib/gstdio.h>
#include "lib/error.h"
#include "lib/http_client.h"
#include "lib/http_gzip.h"

struct world {
	struct http_server *server;
	struct http_client *client;
	char *base;		    /* of the first listener */
	struct http_request *kept;  /* by "/keep", answered by the test */
	struct http_stream *stream; /* of "/stream" */
	unsigned int asked;
	unsigned int closed;
	/* What the client was told. */
	unsigned int answers, errors, status, lines;
	char *body, *error, *last_line;
};

static void on_closed(void *data)
{
	struct world *w = data;

	w->closed++;
	w->stream = NULL;
}

static gboolean answer_later(void *data)
{
	http_reply_json(data, 202, g_strdup("{\"late\":true}"));
	return G_SOURCE_REMOVE;
}

static void serve_echo(struct http_request *request, const struct http_question *q)
{
	g_autoptr(GString) text = g_string_new(NULL);
	const char *token = http_request_find_header(request, "x-auth-token");
	struct http_pair more = {"X-More", "yes"};
	gsize size;

	g_string_append_printf(text, "%s %s", q->method, q->path);
	for (gsize i = 0; i < q->query_count; i++)
		g_string_append_printf(text, " %s=%s", q->query[i].name, q->query[i].value);
	g_string_append_printf(text, " [%s] %s %s", q->body, token ? token : "-",
			       q->local ? "local" : "remote");
	size = text->len;
	http_reply(request, 200, "text/plain", g_string_free(g_steal_pointer(&text), FALSE),
		   size, &more, 1);
}

static void serve(struct http_request *request, const struct http_question *q, void *data)
{
	struct world *w = data;

	w->asked++;
	if (strcmp(q->path, "/late") == 0)
		g_timeout_add(2, answer_later, request);
	else if (strcmp(q->path, "/keep") == 0)
		w->kept = request;
	else if (strcmp(q->path, "/stream") == 0)
		w->stream = http_stream_open(request, "application/x-ndjson", on_closed, w);
	else if (strcmp(q->path, "/big") == 0)
		http_reply(request, 200, NULL, g_strnfill(100000, 'x'), 100000, NULL, 0);
	else
		serve_echo(request, q);
}

static void world_init(struct world *w, const char *where)
{
	g_autoptr(GError) error = NULL;

	*w = (struct world){0};
	w->server = http_server_new(serve, w);
	http_server_set_limits(w->server, 1000, 50000);
	g_assert_true(http_server_listen(w->server, where, &error));
	g_assert_no_error(error);
	w->client = http_client_new();
	if (g_str_has_prefix(where, "unix:"))
		w->base = g_strdup(where);
	else
		w->base = g_strdup_printf("http://%s:%u/",
					  where[0] == '[' ? "[::1]" : "127.0.0.1",
					  http_server_get_port(w->server, 0));
}

static void world_done(struct world *w)
{
	http_client_free(w->client);
	http_server_free(w->server);
	while (g_main_context_iteration(NULL, FALSE))
		;
	g_free(w->base);
	g_free(w->body);
	g_free(w->error);
	g_free(w->last_line);
}

static void on_answer(const struct http_answer *answer, const GError *error, void *data)
{
	struct world *w = data;

	g_assert_true(!answer != !error);
	g_clear_pointer(&w->body, g_free);
	if (answer) {
		w->answers++;
		w->status = answer->status;
		w->body = g_strdup(answer->body);
		g_assert_cmpuint(strlen(answer->body), ==, answer->body_size);
	} else {
		g_assert_error(error, WEFT_ERROR, WEFT_ERROR_UNAVAILABLE);
		w->errors++;
		g_free(w->error);
		w->error = g_strdup(error->message);
	}
}

static void on_line(char *line, gsize size, void *data)
{
	struct world *w = data;

	g_assert_cmpuint(strlen(line), ==, size);
	w->lines++;
	g_free(w->last_line);
	w->last_line = g_strdup(line);
}

static gboolean on_deadline(void *data)
{
	g_test_message("the loop waited for 10 s");
	abort();
}

/* Runs the loop until *COUNT has reached WANTED. */
static void wait_for(const unsigned int *count, unsigned int wanted)
{
	guint deadline = g_timeout_add_seconds(10, on_deadline, NULL);

	while (*(const volatile unsigned int *)count < wanted)
		g_main_context_iteration(NULL, TRUE);
	g_source_remove(deadline);
}

static struct http_call *call(struct world *w, const char *method, const char *path,
			      const char *body)
{
	g_autofree char *url = http_join(w->base, path);
	struct http_field token = {"X-Auth-Token", "secret"};

	return http_client_call(w->client,
				&(struct http_ask){.method = method,
						   .url = url,
						   .body = body,
						   .body_size = body ? strlen(body) : 0,
						   .headers = &token,
						   .header_count = 1},
				on_answer, w);
}

static struct http_call *stream(struct world *w, unsigned int timeout_ms)
{
	g_autofree char *url = http_join(w->base, "/stream");

	return http_client_stream(
		w->client,
		&(struct http_ask){.url = url, .timeout_ms = timeout_ms, .answer_max = 1000},
		on_line, on_answer, w);
}

static void wait_stream(struct world *w)
{
	unsigned int asked = w->asked;

	wait_for(&w->asked, asked + 1);
}

static void check_echo(const char *where)
{
	struct world w;

	world_init(&w, where);
	call(&w, "POST", "/a%20b?fields=id&fields=na%2Fme&x&y=", "{}");
	wait_for(&w.answers, 1);
	g_assert_cmpuint(w.status, ==, 200);
	g_assert_cmpstr(w.body, ==, "POST /a b fields=id fields=na/me x= y= [{}] secret local");
	call(&w, "DELETE", "/gone", NULL);
	wait_for(&w.answers, 2);
	g_assert_cmpstr(w.body, ==, "DELETE /gone [] secret local");
	world_done(&w);
}

static void test_echo_v4(void)
{
	check_echo("127.0.0.1:0");
}

static void test_echo_v6(void)
{
	check_echo("[::1]:0");
}

static void test_echo_unix(void)
{
	g_autofree char *dir = g_dir_make_tmp("weft-http-XXXXXX", NULL);
	g_autofree char *where = g_strdup_printf("unix:%s/sock", dir);

	check_echo(where);
	g_assert_false(g_file_test(where + 5, G_FILE_TEST_EXISTS));
	g_assert_cmpint(g_rmdir(dir), ==, 0);
}

static void test_late(void)
{
	struct world w;

	world_init(&w, "127.0.0.1:0");
	for (unsigned int i = 0; i < 100; i++)
		call(&w, NULL, i % 2 ? "/late" : "/", NULL);
	wait_for(&w.answers, 100);
	g_assert_cmpuint(w.errors, ==, 0);
	world_done(&w);
}

static void test_body_too_large(void)
{
	g_autofree char *body = g_strnfill(1001, 'x');
	g_autofree char *fits = g_strnfill(1000, 'x');
	struct world w;

	world_init(&w, "127.0.0.1:0");
	call(&w, "POST", "/", fits);
	wait_for(&w.answers, 1);
	g_assert_cmpuint(w.status, ==, 200);
	call(&w, "POST", "/", body);
	wait_for(&w.answers, 2);
	g_assert_cmpuint(w.status, ==, 413);
	g_assert_cmpstr(w.body, ==, "body: larger than 1000 bytes\n");
	g_assert_cmpuint(w.asked, ==, 1);
	world_done(&w);
}

static int dial(struct world *w)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port =
					 htons((uint16_t)http_server_get_port(w->server, 0)),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	g_assert_cmpint(connect(fd, (void *)&to, sizeof(to)), ==, 0);
	return fd;
}

/* Sends TEXT as it is and reads until the server has said WANTED or closed. */
static char *talk_on(int fd, const char *text, const char *wanted)
{
	GString *heard = g_string_new(NULL);
	gint64 deadline = g_get_monotonic_time() + 5 * G_USEC_PER_SEC;
	char buffer[4096];

	g_assert_cmpint(send(fd, text, strlen(text), MSG_NOSIGNAL), ==, (ssize_t)strlen(text));
	while (!strstr(heard->str, wanted) && g_get_monotonic_time() < deadline) {
		ssize_t got = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);

		if (got == 0)
			break;
		if (got > 0)
			g_string_append_len(heard, buffer, got);
		else
			g_main_context_iteration(NULL, FALSE);
	}
	return g_string_free(heard, FALSE);
}

static char *talk(struct world *w, const char *text, const char *wanted)
{
	int fd = dial(w);
	char *heard = talk_on(fd, text, wanted);

	close(fd);
	return heard;
}

static void test_chunked_too_large(void)
{
	g_autoptr(GString) text = g_string_new("POST / HTTP/1.1\r\nHost: x\r\n"
					       "Transfer-Encoding: chunked\r\n\r\n");
	g_autofree char *chunk = g_strnfill(500, 'x');
	g_autofree char *heard = NULL;
	struct world w;

	for (unsigned int i = 0; i < 3; i++)
		g_string_append_printf(text, "1f4\r\n%s\r\n", chunk);
	g_string_append(text, "0\r\n\r\n");
	world_init(&w, "127.0.0.1:0");
	heard = talk(&w, text->str, "bytes\n");
	g_assert_true(g_str_has_prefix(heard, "HTTP/1.1 413 "));
	g_assert_cmpuint(w.asked, ==, 0);
	world_done(&w);
}

static void test_hostile_bytes(void)
{
	static const char *const texts[] = {
		"GET\r\n\r\n",
		"\x16\x03\x01\x02\x01\x01\xfc\x03\x03\r\n\r\n",
		"GET / HTTP/9.9\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		"GET / HTTP/1.1\r\n: x\r\n\r\n",
	};
	g_autoptr(GString) huge = g_string_new("GET / HTTP/1.1\r\nHost: x\r\n");
	g_autofree char *last = NULL;
	struct world w;

	world_init(&w, "127.0.0.1:0");
	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
		g_free(talk(&w, texts[i], "\r\n\r\n"));
	for (unsigned int i = 0; i < 5000; i++)
		g_string_append_printf(huge, "X-H%u: yyyyyyyyyyyyyyyyyyyy\r\n", i);
	g_string_append(huge, "\r\n");
	last = talk(&w, huge->str, "\r\n\r\n");
	g_assert_true(*last == '\0' || g_str_has_prefix(last, "HTTP/1.1 431 ") ||
		      g_str_has_prefix(last, "HTTP/1.1 413 "));
	call(&w, NULL, "/still", NULL);
	wait_for(&w.answers, 1);
	g_assert_cmpuint(w.status, ==, 200);
	world_done(&w);
}

/* A request whose query needs about QUERY bytes of the daemon's memory, and its header lines HEADER. */
static char *request_of(gsize query, gsize header, gsize piece)
{
	GString *text = g_string_new("GET /x?");
	g_autofree char *fill = g_strnfill(piece, 'v');

	for (gsize need = 0; need + piece + 60 <= query; need += piece + 60)
		g_string_append_printf(text, "%sa=%s", need ? "&" : "", fill);
	g_string_append(text, " HTTP/1.1\r\nHost: x\r\n");
	for (gsize need = 0; need + piece + 61 <= header; need += piece + 61)
		g_string_append_printf(text, "X-%03zu: %s\r\n", need % 1000, fill);
	g_string_append(text, "\r\n");
	return g_string_free(text, FALSE);
}

/* The answer to a request begins so: whatever the daemon can read it can also answer. */
static const char *answer_of(gsize query, gsize header)
{
	if (query > 30000)
		return header > 34000 ? "HTTP/1.1 4" : "HTTP/1.1 414 ";
	if (header > 34000)
		return "HTTP/1.1 431 ";
	return query <= 28000 && header <= 32000 ? "HTTP/1.1 200 " : "HTTP/1.1 ";
}

static void test_header_and_query(void)
{
	static const gsize pieces[] = {3, 40, 900};
	struct world w;

	world_init(&w, "127.0.0.1:0");
	for (gsize p = 0; p < G_N_ELEMENTS(pieces); p++)
		for (gsize query = 0; query <= 40000; query += 4000)
			for (gsize header = 0; header <= 44000; header += 4000) {
				g_autofree char *text = request_of(query, header, pieces[p]);
				g_autofree char *heard = talk(&w, text, "\r\n\r\n");

				if (!g_str_has_prefix(heard, answer_of(query, header)))
					g_error("query %zu header %zu in pieces of %zu: %.60s",
						query, header, pieces[p], heard);
			}
	world_done(&w);
}

static void test_keep_alive(void)
{
	static const char *const steps[][2] = {
		{"GET /one HTTP/1.1\r\nHost: x\r\n\r\n", "GET /one"},
		{"GET /late HTTP/1.1\r\nHost: x\r\n\r\n", "{\"late\":true}"},
		{"POST /three HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", "[{}]"},
	};
	struct world w;
	int fd;

	world_init(&w, "127.0.0.1:0");
	fd = dial(&w);
	for (gsize i = 0; i < G_N_ELEMENTS(steps); i++) {
		g_autofree char *heard = talk_on(fd, steps[i][0], steps[i][1]);

		g_assert_nonnull(strstr(heard, steps[i][1]));
	}
	close(fd);
	world_done(&w);
}

static void test_pipelined(void)
{
	g_autofree char *heard = NULL;
	struct world w;

	world_init(&w, "127.0.0.1:0");
	heard = talk(&w,
		     "GET /one HTTP/1.1\r\nHost: x\r\n\r\nGET /late HTTP/1.1\r\nHost: x\r\n\r\n"
		     "GET /three HTTP/1.1\r\nHost: x\r\n\r\n",
		     "/three");
	g_assert_nonnull(strstr(heard, "GET /one"));
	g_assert_nonnull(strstr(heard, "{\"late\":true}"));
	g_assert_nonnull(strstr(heard, "GET /three"));
	world_done(&w);
}

static void test_client_gone_before_reply(void)
{
	struct world w;
	struct http_call *kept;

	world_init(&w, "127.0.0.1:0");
	kept = call(&w, NULL, "/keep", NULL);
	wait_for(&w.asked, 1);
	http_call_cancel(kept);
	call(&w, NULL, "/", NULL);
	wait_for(&w.answers, 1);
	http_reply_json(w.kept, 200, g_strdup("{}"));
	call(&w, NULL, "/", NULL);
	wait_for(&w.answers, 2);
	world_done(&w);
}

static void test_server_freed_before_reply(void)
{
	struct world w;

	world_init(&w, "127.0.0.1:0");
	call(&w, NULL, "/keep", NULL);
	wait_for(&w.asked, 1);
	g_clear_pointer(&w.server, http_server_free);
	wait_for(&w.answers, 1);
	g_assert_cmpuint(w.status, ==, 503);
	http_reply_json(w.kept, 200, g_strdup("{}"));
	call(&w, NULL, "/", NULL);
	wait_for(&w.errors, 1);
	world_done(&w);
}

static void test_stream_to_freed_server(void)
{
	struct world w;

	world_init(&w, "127.0.0.1:0");
	call(&w, NULL, "/keep", NULL);
	wait_for(&w.asked, 1);
	g_clear_pointer(&w.server, http_server_free);
	w.stream = http_stream_open(w.kept, "text/plain", on_closed, &w);
	http_stream_write(w.stream, "into the void", 13);
	g_assert_cmpuint(w.closed, ==, 0);
	wait_for(&w.closed, 1);
	world_done(&w);
}

static void test_stream(void)
{
	struct world w;

	world_init(&w, "127.0.0.1:0");
	stream(&w, 0);
	wait_stream(&w);
	for (unsigned int i = 0; i < 1000; i++) {
		g_autofree char *text = g_strdup_printf("{\"n\":%u}\n{\"half\":", i);

		http_stream_write(w.stream, text, strlen(text));
		http_stream_write(w.stream, "1}\n", 3);
		if (i % 10 == 0)
			wait_for(&w.lines, i + 1);
	}
	wait_for(&w.lines, 2000);
	g_assert_cmpstr(w.last_line, ==, "{\"half\":1}");
	http_stream_write(w.stream, "last\n", 5);
	http_stream_close(w.stream);
	wait_for(&w.answers, 1);
	g_assert_cmpstr(w.last_line, ==, "last");
	g_assert_cmpuint(w.status, ==, 200);
	g_assert_cmpuint(w.closed, ==, 0);
	world_done(&w);
}

static void test_stream_client_goes(void)
{
	struct http_call *streaming;
	struct world w;

	world_init(&w, "127.0.0.1:0");
	streaming = stream(&w, 0);
	wait_stream(&w);
	http_stream_write(w.stream, "a\n", 2);
	wait_for(&w.lines, 1);
	/* Nothing is written from here on: the hang-up itself must be seen. */
	http_call_cancel(streaming);
	g_clear_pointer(&w.client, http_client_free);
	wait_for(&w.closed, 1);
	g_assert_cmpuint(w.answers + w.errors, ==, 0);
	world_done(&w);
}

static void test_stream_reader_stuck(void)
{
	g_autofree char *text = g_strnfill(20000, 'x');
	struct world w;

	world_init(&w, "127.0.0.1:0");
	stream(&w, 0);
	wait_stream(&w);
	for (unsigned int i = 0; i < 3; i++)
		http_stream_write(w.stream, text, 20000);
	g_assert_cmpuint(http_stream_get_queued(w.stream), <=, 50000);
	g_assert_cmpuint(w.closed, ==, 0);
	wait_for(&w.closed, 1);
	wait_for(&w.errors, 1);
	world_done(&w);
}

static void test_stream_server_goes(void)
{
	struct world w;

	world_init(&w, "127.0.0.1:0");
	stream(&w, 0);
	wait_stream(&w);
	http_stream_write(w.stream, "a\n", 2);
	wait_for(&w.lines, 1);
	g_clear_pointer(&w.server, http_server_free);
	g_assert_cmpuint(w.closed, ==, 1);
	wait_for(&w.errors, 1);
	world_done(&w);
}

static void test_stream_silence(void)
{
	struct world w;

	world_init(&w, "127.0.0.1:0");
	stream(&w, 30);
	wait_for(&w.errors, 1);
	g_assert_cmpstr(w.error, ==, "nothing heard for 30 ms");
	wait_for(&w.closed, 1);
	world_done(&w);
}

static void test_stream_line_too_long(void)
{
	g_autofree char *text = g_strnfill(1500, 'x');
	struct world w;

	world_init(&w, "127.0.0.1:0");
	stream(&w, 0);
	wait_stream(&w);
	http_stream_write(w.stream, text, 1500);
	wait_for(&w.errors, 1);
	g_assert_cmpstr(w.error, ==, "the answer is larger than allowed");
	wait_for(&w.closed, 1);
	world_done(&w);
}

static void test_client_errors(void)
{
	g_autofree char *url = NULL;
	struct world w;

	world_init(&w, "127.0.0.1:0");
	http_client_call(w.client, &(struct http_ask){.url = "http://127.0.0.1:1/"}, on_answer,
			 &w);
	wait_for(&w.errors, 1);
	g_assert_nonnull(strstr(w.error, "127.0.0.1"));
	http_client_call(w.client, &(struct http_ask){.url = "gopher://127.0.0.1:1/"},
			 on_answer, &w);
	wait_for(&w.errors, 2);
	http_client_call(w.client, &(struct http_ask){.url = "unix:/nowhere/sock:/x"},
			 on_answer, &w);
	wait_for(&w.errors, 3);
	url = http_join(w.base, "/keep");
	http_client_call(w.client, &(struct http_ask){.url = url, .timeout_ms = 20}, on_answer,
			 &w);
	wait_for(&w.errors, 4);
	http_reply_json(w.kept, 200, g_strdup("{}"));
	g_free(url);
	url = http_join(w.base, "/big");
	http_client_call(w.client, &(struct http_ask){.url = url, .answer_max = 1000},
			 on_answer, &w);
	wait_for(&w.errors, 5);
	g_assert_cmpstr(w.error, ==, "the answer is larger than allowed");
	world_done(&w);
}

static struct http_call *own;

static void free_client_inside(const struct http_answer *answer, const GError *error,
			       void *data)
{
	struct world *w = data;

	http_call_cancel(own);
	g_clear_pointer(&w->client, http_client_free);
	w->answers++;
}

static void line_frees_client(char *line, gsize size, void *data)
{
	struct world *w = data;

	g_clear_pointer(&w->client, http_client_free);
	w->lines++;
}

static void test_free_inside_callback(void)
{
	g_autofree char *url = NULL;
	struct world w;

	world_init(&w, "127.0.0.1:0");
	own = http_client_call(w.client, &(struct http_ask){.url = w.base}, free_client_inside,
			       &w);
	wait_for(&w.answers, 1);
	w.client = http_client_new();
	url = http_join(w.base, "/stream");
	http_client_stream(w.client, &(struct http_ask){.url = url}, line_frees_client,
			   on_answer, &w);
	wait_stream(&w);
	http_stream_write(w.stream, "a\nb\nc\n", 6);
	wait_for(&w.closed, 1);
	g_assert_cmpuint(w.lines, ==, 1);
	world_done(&w);
}

static gpointer fetch_thread(void *data)
{
	struct world *w = data;
	struct http_ask ask = {.url = w->base, .method = "PUT", .body = "{}", .body_size = 2};

	g_assert_true(http_fetch(&ask, &w->status, &w->body, NULL));
	ask.url = "http://127.0.0.1:1/";
	g_assert_false(http_fetch(&ask, &w->status, &w->error, NULL));
	g_atomic_int_inc(&w->answers);
	g_main_context_wakeup(NULL);
	return NULL;
}

static void test_fetch(void)
{
	struct world w;
	GThread *thread;

	world_init(&w, "127.0.0.1:0");
	thread = g_thread_new("fetch", fetch_thread, &w);
	wait_for(&w.answers, 1);
	g_thread_join(thread);
	g_assert_cmpuint(w.status, ==, 200);
	g_assert_cmpstr(w.body, ==, "PUT / [{}] - local");
	world_done(&w);
}

static void test_listen_errors(void)
{
	static const char *const wheres[] = {
		"",	  "127.0.0.1", "127.0.0.1:", "nowhere:1",   "127.0.0.1:65536",
		"::1:80", "[::1]",     "unix:",	     "127.0.0.1:1x"};
	g_autofree char *again = NULL;
	g_autoptr(GError) error = NULL;
	struct world w;

	world_init(&w, "127.0.0.1:0");
	for (gsize i = 0; i < G_N_ELEMENTS(wheres); i++) {
		g_assert_false(http_server_listen(w.server, wheres[i], &error));
		g_assert_error(error, WEFT_ERROR, WEFT_ERROR_INVALID);
		g_clear_error(&error);
	}
	again = g_strdup_printf("127.0.0.1:%u", http_server_get_port(w.server, 0));
	g_assert_false(http_server_listen(w.server, again, &error));
	g_assert_error(error, WEFT_ERROR, WEFT_ERROR_UNAVAILABLE);
	world_done(&w);
}

static void test_unix_stale_socket(void)
{
	g_autofree char *dir = g_dir_make_tmp("weft-http-XXXXXX", NULL);
	g_autofree char *where = g_strdup_printf("unix:%s/sock", dir);
	struct sockaddr_un_like {
		sa_family_t family;
		char path[108];
	} stale = {.family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct world w;

	g_strlcpy(stale.path, where + 5, sizeof(stale.path));
	g_assert_cmpint(bind(fd, (void *)&stale, sizeof(stale)), ==, 0);
	close(fd);
	world_init(&w, where);
	g_assert_false(http_server_listen(w.server, where, NULL)); /* alive: not taken away */
	call(&w, NULL, "/x", NULL);
	wait_for(&w.answers, 1);
	world_done(&w);
	g_assert_cmpint(g_rmdir(dir), ==, 0);
}

static void test_is_local(void)
{
	g_assert_true(http_is_local("127.0.0.1:80"));
	g_assert_true(http_is_local("127.9.9.9:80"));
	g_assert_true(http_is_local("[::1]:80"));
	g_assert_true(http_is_local("unix:/run/x"));
	g_assert_false(http_is_local("0.0.0.0:80"));
	g_assert_false(http_is_local("[::]:80"));
	g_assert_false(http_is_local("10.0.0.1:80"));
	g_assert_false(http_is_local("[::ffff:10.0.0.1]:80"));
}

static void test_gzip_is_taken(void)
{
	static const char *const yes[] = {
		"gzip", "GZIP",	      "deflate, gzip",	      "gzip;q=0.5",
		"*",	"gzip ; q=1", "identity;q=1, *;q=0.5"};
	static const char *const no[] = {"",   "identity",	 "gzip;q=0", "gzip;q=0.0, *",
					 "br", "gzip;q=0,*;q=1", "*;q=0",    "gzipped"};

	g_assert_false(http_gzip_is_taken(NULL));
	for (gsize i = 0; i < G_N_ELEMENTS(yes); i++)
		g_assert_true(http_gzip_is_taken(yes[i]));
	for (gsize i = 0; i < G_N_ELEMENTS(no); i++)
		g_assert_false(http_gzip_is_taken(no[i]));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/http/echo-v4", test_echo_v4);
	g_test_add_func("/http/echo-v6", test_echo_v6);
	g_test_add_func("/http/echo-unix", test_echo_unix);
	g_test_add_func("/http/late", test_late);
	g_test_add_func("/http/body-too-large", test_body_too_large);
	g_test_add_func("/http/chunked-too-large", test_chunked_too_large);
	g_test_add_func("/http/hostile-bytes", test_hostile_bytes);
	g_test_add_func("/http/keep-alive", test_keep_alive);
	g_test_add_func("/http/pipelined", test_pipelined);
	g_test_add_func("/http/client-gone-before-reply", test_client_gone_before_reply);
	g_test_add_func("/http/server-freed-before-reply", test_server_freed_before_reply);
	g_test_add_func("/http/stream-to-freed-server", test_stream_to_freed_server);
	g_test_add_func("/http/stream", test_stream);
	g_test_add_func("/http/stream-client-goes", test_stream_client_goes);
	g_test_add_func("/http/stream-reader-stuck", test_stream_reader_stuck);
	g_test_add_func("/http/stream-server-goes", test_stream_server_goes);
	g_test_add_func("/http/stream-silence", test_stream_silence);
	g_test_add_func("/http/header-and-query", test_header_and_query);
	g_test_add_func("/http/stream-line-too-long", test_stream_line_too_long);
	g_test_add_func("/http/client-errors", test_client_errors);
	g_test_add_func("/http/free-inside-callback", test_free_inside_callback);
	g_test_add_func("/http/fetch", test_fetch);
	g_test_add_func("/http/listen-errors", test_listen_errors);
	g_test_add_func("/http/unix-stale-socket", test_unix_stale_socket);
	g_test_add_func("/http/is-local", test_is_local);
	g_test_add_func("/http/gzip-is-taken", test_gzip_is_taken);
	return g_test_run();
}
