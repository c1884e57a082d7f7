/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The feed against a controller that says anything.
 */
#include "sync/feed.h"

#include <string.h>
#include "lib/error.h"
#include "lib/http_client.h"
#include "sync/world_fixture.h"

static struct http_stream *lie_stream;

static void lie_closed(void *data)
{
	lie_stream = NULL;
}

static void lie_serve(struct http_request *request, const struct http_question *question,
		      void *data)
{
	if (strcmp(question->method, "GET") == 0)
		lie_stream =
			http_stream_open(request, "application/x-ndjson", lie_closed, NULL);
	else
		http_reply_json(request, 200, g_strdup("{}"));
}

static void lie(const char *line)
{
	http_stream_write(lie_stream, line, strlen(line));
	http_stream_write(lie_stream, "\n", 1);
}

static void lie_start(struct world *w)
{
	g_autofree char *url = NULL;

	world_init(w);
	g_clear_pointer(&w->hub, hub_free);
	http_server_free(w->server);
	w->server = http_server_new(lie_serve, w);
	g_assert_true(http_server_listen(w->server, "127.0.0.1:0", NULL));
	url = g_strdup_printf("http://127.0.0.1:%u", http_server_get_port(w->server, 0));
	world_start_feed(w, url, NULL);
	WAIT_FOR(lie_stream);
}

static const char hello[] = "{\"op\":\"hello\",\"rev\":40,\"epoch\":\"e\",\"mode\":\"full\"}";
static const char row[] = "{\"op\":\"put\",\"rev\":40,\"table\":\"host\",\"key\":\"h0\","
			  "\"value\":{\"ip\":\"10.0.0.1\"}}";
static const char end[] = "{\"op\":\"end\",\"rev\":40}";
static const char commit[] = "{\"op\":\"commit\",\"rev\":40}";

static void test_bad_lines(void)
{
	static const char *const bad[][2] = {
		{"", "line: is not JSON"},
		{"rubbish", "line: is not JSON"},
		{"{\"op\":\"put\",\"op\":\"del\"}", "line: is not JSON: duplicate"},
		{"[]", "op: is missing"},
		{"7", "line: is not JSON"},
		{"{\"rev\":40}", "op: is missing"},
		{"{\"op\":5,\"rev\":40}", "op: is missing"},
		{"{\"op\":\"put\"}", "line put: rev: is not a number"},
		{"{\"op\":\"put\",\"rev\":-1}", "line put: rev: is not a number"},
		{"{\"op\":\"explode\",\"rev\":40}", "line explode: op: is not known"},
		{"{\"op\":\"put\",\"rev\":40}", "table: is missing"},
		{"{\"op\":\"put\",\"rev\":40,\"table\":\"host\"}", "key: is missing"},
		{"{\"op\":\"put\",\"rev\":40,\"table\":\"host\",\"key\":\"h1\"}",
		 "row host h1: value: is missing"},
		{"{\"op\":\"put\",\"rev\":40,\"table\":\"host\",\"key\":\"h1\","
		 "\"value\":{\"ip\":\"10.0.0.300\"}}",
		 "row host h1: ip: \"10.0.0.300\" is not an address"},
		{"{\"op\":\"del\",\"rev\":40,\"table\":\"member\",\"key\":\"h1\"}",
		 "row member h1: key: is not VNI/NAME"},
		{"{\"op\":\"put\",\"rev\":40,\"table\":\"cake\",\"key\":\"h1\",\"value\":{}}",
		 "row cake h1: table: there is no such table"},
		{"{\"op\":\"commit\",\"rev\":41}", "comes before the end"},
		{"{\"op\":\"end\",\"rev\":41}", "rev: is not that of hello"},
		{"{\"op\":\"hello\",\"rev\":40,\"epoch\":\"e\",\"mode\":\"full\"}",
		 "comes twice"},
	};
	struct world w;

	lie_start(&w);
	lie(row);
	WAIT_FOR(strstr(w.complaints->str, "comes before hello"));
	lie("{\"op\":\"hello\",\"rev\":40,\"mode\":\"full\"}");
	lie("{\"op\":\"hello\",\"rev\":40,\"epoch\":\"e\",\"mode\":\"half\"}");
	lie("{\"op\":\"hello\",\"rev\":40,\"epoch\":\"e\",\"mode\":\"resume\"}");
	WAIT_FOR(strstr(w.complaints->str, "resumes what was not had"));
	lie(hello);
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_string_truncate(w.complaints, 0);
		lie(bad[i][0]);
		WAIT_FOR(w.complaints->len > 0);
		if (!strstr(w.complaints->str, bad[i][1]))
			g_test_message("%s: %s", bad[i][0], w.complaints->str);
		g_assert_nonnull(strstr(w.complaints->str, bad[i][1]));
	}
	lie(row);
	lie(end);
	WAIT_FOR(w.ends == 1);
	lie("{\"op\":\"commit\",\"rev\":39}");
	WAIT_FOR(strstr(w.complaints->str, "goes backwards"));
	g_assert_cmpuint(feed_get_counters(w.feed).bad_lines, ==, G_N_ELEMENTS(bad) + 5);
	g_assert_cmpuint(feed_get_counters(w.feed).rows, ==, 1);
	g_assert_cmpuint(feed_get_revision(w.feed), ==, 40);
	world_done(&w);
}

static void test_duplicates(void)
{
	struct world w;

	lie_start(&w);
	lie(hello);
	lie(hello);
	lie(row);
	lie(row);
	lie(end);
	lie(end);
	lie(row);
	lie(commit);
	lie(commit);
	WAIT_FOR(w.commits == 2);
	g_assert_cmpuint(w.ends, ==, 1);
	g_assert_cmpuint(feed_get_counters(w.feed).bad_lines, ==, 2);
	world_done(&w);
}

static void test_silence(void)
{
	struct world w;
	const char *urls[] = {NULL, NULL};
	struct feed_config config = {.controllers = urls,
				     .host = "h1",
				     .tunnel_ip = "10.99.0.2",
				     .backoff_min_ms = 2,
				     .silence_ms = 30};
	g_autofree char *url = NULL;

	lie_start(&w);
	feed_free(w.feed);
	url = g_strdup_printf("http://127.0.0.1:%u", http_server_get_port(w.server, 0));
	urls[0] = url;
	w.feed = feed_new(&config, &world_feed_ops, &w);
	WAIT_FOR(strstr(w.complaints->str, "nothing heard for 30 ms"));
	world_done(&w);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sync/bad-lines", test_bad_lines);
	g_test_add_func("/sync/duplicates", test_duplicates);
	g_test_add_func("/sync/silence", test_silence);
	return g_test_run();
}
