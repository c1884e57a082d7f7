/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hub and feed over real sockets in one loop. The law: at every commit and at every end the
 * host holds exactly the rows that were true at that revision, wherever and however often
 * the connection was cut.
 */
#include "sync/feed.h"

#include <stdlib.h>
#include <string.h>
#include "lib/error.h"
#include "lib/http_client.h"
#include "sync/hub.h"
#include "sync/proxy_fixture.h"

struct world {
	/* The controller's side. */
	struct http_server *server;
	struct hub *hub;
	GHashTable *truth;    /* key -> value */
	GPtrArray *snapshots; /* the truth at each revision, from `base` */
	uint64_t base, revision;
	GRand *random;
	GString *lives; /* "+h1 -h1 " */
	GString *reports;
	GError *refuse;
	/* The host's side. */
	struct proxy *proxy;
	struct feed *feed;
	GHashTable *held;
	GHashTable *staged; /* key -> value, "" when gone */
	bool full;
	unsigned int commits, ends, connects, breaks;
	GString *complaints;
};

/* --- the controller ------------------------------------------------------------------ */

static GHashTable *rows_new(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

static void rows_copy(GHashTable *from, GHashTable *to)
{
	GHashTableIter iter;
	gpointer key, value;

	g_hash_table_iter_init(&iter, from);
	while (g_hash_table_iter_next(&iter, &key, &value))
		g_hash_table_replace(to, g_strdup(key), g_strdup(value));
}

static void snapshot(struct world *w)
{
	GHashTable *copy = rows_new();

	rows_copy(w->truth, copy);
	g_ptr_array_add(w->snapshots, copy);
}

static void on_admit(struct hub *hub, const char *host, const char *tunnel_ip, void *session,
		     void *data)
{
	struct world *w = data;

	g_assert_cmpstr(tunnel_ip, ==, "10.99.0.2");
	hub_admit(hub, session, w->refuse);
}

static void on_dump(const char *host, struct hub_dump *dump, void *data)
{
	struct world *w = data;
	GHashTableIter iter;
	gpointer key, value;

	g_hash_table_iter_init(&iter, w->truth);
	while (g_hash_table_iter_next(&iter, &key, &value)) {
		g_autoptr(GRefString) k = g_ref_string_new(key);
		g_autoptr(GRefString) v = g_ref_string_new(value);

		hub_dump_row(dump, "host", k, v);
	}
}

static void on_alive(const char *host, bool alive, void *data)
{
	struct world *w = data;

	g_string_append_printf(w->lives, "%c%s ", alive ? '+' : '-', host);
}

static gint port_compare(gconstpointer a, gconstpointer b)
{
	return strcmp(((const struct hub_report_port *)a)->id,
		      ((const struct hub_report_port *)b)->id);
}

static void on_report(const char *host, const struct hub_report *report, void *data)
{
	struct world *w = data;

	qsort(report->ports, report->port_count, sizeof(*report->ports), port_compare);
	g_string_append_printf(w->reports, "%s@%" G_GUINT64_FORMAT "%s:", host,
			       report->revision, report->full ? "full" : "");
	for (gsize i = 0; i < report->port_count; i++)
		g_string_append_printf(w->reports, "%.1s%c", report->ports[i].id,
				       report->ports[i].wired ? '+' : '-');
	g_string_append_c(w->reports, ' ');
}

static const struct hub_ops hub_ops = {
	.admit = on_admit, .dump = on_dump, .alive = on_alive, .report = on_report};

static void serve(struct http_request *request, const struct http_question *question,
		  void *data)
{
	struct world *w = data;
	const char *token = http_request_find_header(request, "X-Auth-Token");

	if (!hub_serve(w->hub, request, question, token ? token : "*"))
		http_reply(request, 404, NULL, NULL, 0, NULL, 0);
}

/* One transaction of one to four changes of eight rows. */
static void change(struct world *w)
{
	int count = g_rand_int_range(w->random, 1, 5);

	w->revision++;
	for (int i = 0; i < count; i++) {
		g_autofree char *key =
			g_strdup_printf("h%d", g_rand_int_range(w->random, 0, 8));
		g_autofree char *value = g_strdup_printf("{\"ip\":\"10.0.%d.%d\"}",
							 g_rand_int_range(w->random, 0, 256),
							 g_rand_int_range(w->random, 0, 256));
		g_autoptr(GRefString) k = g_ref_string_new(key);
		g_autoptr(GRefString) v = g_ref_string_new(value);
		bool gone = g_rand_int_range(w->random, 0, 3) == 0;

		if (gone)
			g_hash_table_remove(w->truth, key);
		else
			g_hash_table_replace(w->truth, g_strdup(key), g_strdup(value));
		hub_emit(w->hub, "h1", "host", k, gone ? NULL : v, w->revision);
		hub_emit(w->hub, "h2", "host", k, gone ? NULL : v, w->revision);
	}
	snapshot(w);
	hub_commit(w->hub, w->revision);
}

static void hub_start(struct world *w)
{
	w->hub = hub_new(&hub_ops, "epoch-1", w->revision, w);
	hub_set_times(w->hub, 100, 32);
}

/* --- the host ------------------------------------------------------------------------ */

static void on_begin(uint64_t revision, void *data)
{
	struct world *w = data;

	w->full = true;
	g_hash_table_remove_all(w->staged);
}

static void on_row(const char *table, const char *key, json_t *value, uint64_t revision,
		   void *data)
{
	struct world *w = data;
	char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;

	g_assert_cmpstr(table, ==, "host");
	g_hash_table_replace(w->staged, g_strdup(key), g_strdup(text ? text : ""));
	free(text);
}

static void check_held(struct world *w, uint64_t revision)
{
	GHashTable *truth;
	GHashTableIter iter;
	gpointer key, value;

	g_assert_cmpuint(revision, >=, w->base);
	g_assert_cmpuint(revision - w->base, <, w->snapshots->len);
	truth = w->snapshots->pdata[revision - w->base];
	g_assert_cmpuint(g_hash_table_size(w->held), ==, g_hash_table_size(truth));
	g_hash_table_iter_init(&iter, truth);
	while (g_hash_table_iter_next(&iter, &key, &value))
		g_assert_cmpstr(g_hash_table_lookup(w->held, key), ==, value);
}

static void on_commit(uint64_t revision, void *data)
{
	struct world *w = data;
	GHashTableIter iter;
	gpointer key, value;

	g_assert_false(w->full);
	g_hash_table_iter_init(&iter, w->staged);
	while (g_hash_table_iter_next(&iter, &key, &value))
		if (*(const char *)value)
			g_hash_table_replace(w->held, g_strdup(key), g_strdup(value));
		else
			g_hash_table_remove(w->held, key);
	g_hash_table_remove_all(w->staged);
	w->commits++;
	check_held(w, revision);
	feed_report_revision(w->feed, revision);
}

static void on_end(uint64_t revision, void *data)
{
	struct world *w = data;

	g_assert_true(w->full);
	w->full = false;
	w->ends++;
	g_hash_table_remove_all(w->held);
	rows_copy(w->staged, w->held);
	g_hash_table_remove_all(w->staged);
	check_held(w, revision);
	feed_report_revision(w->feed, revision);
}

/* What is staged stays staged: rows after the last commit come again or are superseded. */
static void on_connected(bool connected, void *data)
{
	struct world *w = data;

	w->connects += connected;
	w->breaks += !connected;
	g_assert_cmpuint(w->connects - w->breaks, <=, 1);
	if (connected)
		w->full = false;
}

static void on_complain(const char *text, void *data)
{
	struct world *w = data;

	g_string_append_printf(w->complaints, "%s\n", text);
}

static const struct feed_ops feed_ops = {.begin = on_begin,
					 .end = on_end,
					 .row = on_row,
					 .commit = on_commit,
					 .connected = on_connected,
					 .complain = on_complain};

static void feed_start(struct world *w, const char *url, const char *token)
{
	const char *urls[] = {url, NULL};
	struct feed_config config = {.controllers = urls,
				     .host = "h1",
				     .tunnel_ip = "10.99.0.2",
				     .token = token,
				     .backoff_min_ms = 2,
				     .backoff_max_ms = 8};

	w->feed = feed_new(&config, &feed_ops, w);
}

/* --- the world ----------------------------------------------------------------------- */

static void world_init(struct world *w)
{
	*w = (struct world){.base = 40, .revision = 40};
	w->random = g_rand_new_with_seed((guint32)g_test_rand_int());
	w->truth = rows_new();
	w->held = rows_new();
	w->staged = rows_new();
	w->snapshots = g_ptr_array_new_with_free_func((GDestroyNotify)g_hash_table_unref);
	w->lives = g_string_new(NULL);
	w->reports = g_string_new(NULL);
	w->complaints = g_string_new(NULL);
	g_hash_table_insert(w->truth, g_strdup("h0"), g_strdup("{\"ip\":\"10.0.0.1\"}"));
	snapshot(w);
	w->server = http_server_new(serve, w);
	g_assert_true(http_server_listen(w->server, "127.0.0.1:0", NULL));
	w->proxy = proxy_new(http_server_get_port(w->server, 0));
	hub_start(w);
}

static void world_connect(struct world *w, const char *token)
{
	g_autofree char *url = g_strdup_printf("http://127.0.0.1:%u", proxy_get_port(w->proxy));

	feed_start(w, url, token);
}

static void world_done(struct world *w)
{
	feed_free(w->feed);
	hub_free(w->hub);
	http_server_free(w->server);
	proxy_free(w->proxy);
	g_rand_free(w->random);
	g_hash_table_unref(w->truth);
	g_hash_table_unref(w->held);
	g_hash_table_unref(w->staged);
	g_ptr_array_unref(w->snapshots);
	g_string_free(w->lives, TRUE);
	g_string_free(w->reports, TRUE);
	g_string_free(w->complaints, TRUE);
	g_clear_error(&w->refuse);
}

static gboolean on_deadline(void *data)
{
	g_test_message("the loop waited for 10 s");
	abort();
}

#define WAIT_FOR(condition)                                                                    \
	do {                                                                                   \
		guint deadline_ = g_timeout_add_seconds(10, on_deadline, NULL);                \
		while (!(condition))                                                           \
			g_main_context_iteration(NULL, TRUE);                                  \
		g_source_remove(deadline_);                                                    \
	} while (0)

static bool is_level(struct world *w)
{
	return feed_is_connected(w->feed) && feed_get_revision(w->feed) == w->revision;
}

/* --- laws ---------------------------------------------------------------------------- */

static void law_follow(void)
{
	struct world w;

	world_init(&w);
	world_connect(&w, NULL);
	WAIT_FOR(is_level(&w));
	for (unsigned int i = 0; i < 200; i++) {
		change(&w);
		if (i % 7 == 0)
			WAIT_FOR(is_level(&w));
	}
	WAIT_FOR(is_level(&w));
	g_assert_cmpuint(w.ends, ==, 1);
	g_assert_cmpuint(feed_get_counters(w.feed).bad_lines, ==, 0);
	g_assert_cmpstr(w.complaints->str, ==, "");
	g_assert_cmpstr(w.lives->str, ==, "+h1 ");
	world_done(&w);
}

/* The connection breaks after CUT bytes, and again somewhere, and again. */
static void cut_at(gsize cut, gsize backlog)
{
	struct world w;

	world_init(&w);
	hub_set_backlog(w.hub, backlog);
	proxy_cut_after(w.proxy, cut);
	world_connect(&w, NULL);
	for (unsigned int i = 0; i < 12; i++) {
		if (i >= 3)
			WAIT_FOR(is_level(&w) || proxy_count_cuts(w.proxy) > i);
		change(&w);
		if (proxy_count_cuts(w.proxy) > 0 && i % 3 == 0)
			proxy_cut_after(w.proxy, (gsize)g_rand_int_range(w.random, 0, 900));
	}
	proxy_cut_after(w.proxy, 100000);
	WAIT_FOR(is_level(&w));
	g_assert_cmpuint(feed_get_counters(w.feed).bad_lines, ==, 0);
	world_done(&w);
}

static void law_cut_anywhere(void)
{
	for (gsize cut = 0; cut < 1200; cut += 11)
		cut_at(cut, 1 << 20);
}

static void law_cut_with_short_backlog(void)
{
	for (gsize cut = 0; cut < 1200; cut += 37)
		cut_at(cut, 300);
}

static void law_resume(void)
{
	struct world w;

	world_init(&w);
	world_connect(&w, NULL);
	WAIT_FOR(is_level(&w));
	for (unsigned int i = 1; i <= 5; i++) {
		unsigned int commits = w.commits;

		proxy_cut_after(w.proxy, 0);
		change(&w);
		change(&w);
		WAIT_FOR(is_level(&w) && feed_get_counters(w.feed).resumes == i);
		g_assert_cmpuint(w.commits, ==, commits + 2);
	}
	g_assert_cmpuint(feed_get_counters(w.feed).fulls, ==, 1);
	g_assert_cmpstr(w.lives->str, ==, "+h1 ");
	world_done(&w);
}

static void law_controller_restarts(void)
{
	struct world w;

	world_init(&w);
	world_connect(&w, NULL);
	WAIT_FOR(is_level(&w));
	hub_free(w.hub);
	hub_start(&w);
	change(&w);
	WAIT_FOR(is_level(&w) && w.ends == 2);
	g_assert_cmpuint(feed_get_counters(w.feed).resumes, ==, 0);
	world_done(&w);
}

static void law_beat_tells_the_revision(void)
{
	struct world w;

	world_init(&w);
	world_connect(&w, NULL);
	WAIT_FOR(is_level(&w));
	snapshot(&w);
	hub_commit(w.hub,
		   ++w.revision); /* a transaction that was none of this host's business */
	WAIT_FOR(is_level(&w));
	g_assert_cmpuint(w.commits, ==, 1);
	world_done(&w);
}

static void law_grace(void)
{
	struct world w;

	world_init(&w);
	world_connect(&w, NULL);
	WAIT_FOR(is_level(&w));
	g_assert_true(hub_is_connected(w.hub, "h1"));
	g_assert_cmpuint(hub_count_connected(w.hub), ==, 1);
	g_clear_pointer(&w.feed, feed_free);
	WAIT_FOR(hub_count_connected(w.hub) == 0);
	g_assert_cmpstr(w.lives->str, ==, "+h1 ");
	WAIT_FOR(strlen(w.lives->str) > 4);
	g_assert_cmpstr(w.lives->str, ==, "+h1 -h1 ");
	/* What happened meanwhile is not lost. */
	change(&w);
	w.connects = w.breaks = 0;
	world_connect(&w, NULL);
	WAIT_FOR(is_level(&w));
	g_assert_cmpstr(w.lives->str, ==, "+h1 -h1 +h1 ");
	world_done(&w);
}

static void count_line(char *line, gsize size, void *data)
{
	++*(unsigned int *)data;
}

static void count_end(const struct http_answer *answer, const GError *error, void *data)
{
	g_assert_no_error(error);
	*(unsigned int *)data = 1000;
}

/* A second client for the same host takes the place; the first comes back and takes it again. */
static void law_newer_stream_counts(void)
{
	struct http_client *client = http_client_new();
	g_autofree char *url = NULL;
	unsigned int lines = 0;
	struct world w;

	world_init(&w);
	world_connect(&w, NULL);
	WAIT_FOR(is_level(&w));
	url = g_strdup_printf("http://127.0.0.1:%u/weft/v1/hosts/h1/rows?ip=10.99.0.2",
			      http_server_get_port(w.server, 0));
	http_client_stream(client, &(struct http_ask){.url = url}, count_line, count_end,
			   &lines);
	WAIT_FOR(w.breaks == 1 && lines >= 3);
	WAIT_FOR(lines == 1000 && is_level(&w));
	change(&w);
	WAIT_FOR(is_level(&w));
	g_assert_cmpuint(hub_count_connected(w.hub), ==, 1);
	g_assert_cmpstr(w.lives->str, ==, "+h1 ");
	http_client_free(client);
	world_done(&w);
}

static void law_resync(void)
{
	struct world w;

	world_init(&w);
	world_connect(&w, NULL);
	WAIT_FOR(is_level(&w));
	feed_resync(w.feed);
	change(&w);
	WAIT_FOR(w.ends == 2 && is_level(&w));
	world_done(&w);
}

static void test_refused(void)
{
	struct world w;

	world_init(&w);
	w.refuse = g_error_new(WEFT_ERROR, WEFT_ERROR_CONFLICT,
			       "host h1: tunnel_ip: 10.99.0.2 is host h9's");
	world_connect(&w, NULL);
	WAIT_FOR(strstr(w.complaints->str, "refused with 409"));
	g_assert_nonnull(strstr(w.complaints->str, "tunnel_ip: 10.99.0.2 is host h9's"));
	g_assert_cmpstr(w.lives->str, ==, "");
	g_clear_error(&w.refuse);
	WAIT_FOR(is_level(&w));
	world_done(&w);
}

static void test_token_of_another_host(void)
{
	struct world w;

	world_init(&w);
	world_connect(&w, "h2");
	WAIT_FOR(strstr(w.complaints->str, "refused with 403"));
	feed_free(w.feed);
	w.connects = w.breaks = 0;
	world_connect(&w, "h1");
	WAIT_FOR(is_level(&w));
	world_done(&w);
}

static void test_reports(void)
{
	static const char a[] = "aaaaaaaa-54a6-4a5c-8a44-0d3f2a3b4c5d";
	static const char b[] = "bbbbbbbb-54a6-4a5c-8a44-0d3f2a3b4c5d";
	struct world w;

	world_init(&w);
	world_connect(&w, NULL);
	WAIT_FOR(strstr(w.reports->str, "h1@40:"));
	g_assert_cmpstr(w.reports->str, ==, "h1@0full: h1@40: ");
	g_string_truncate(w.reports, 0);
	feed_report_port(w.feed, a, true);
	feed_report_port(w.feed, b, false);
	feed_report_port(w.feed, b, false);
	WAIT_FOR(w.reports->len > 0);
	g_assert_cmpstr(w.reports->str, ==, "h1@40:a+b- ");
	g_string_truncate(w.reports, 0);
	feed_report_port(w.feed, b, true);
	feed_report_gone(w.feed, a);
	WAIT_FOR(w.reports->len > 0);
	g_assert_cmpstr(w.reports->str, ==, "h1@40:a-b+ ");
	g_string_truncate(w.reports, 0);
	proxy_cut_after(w.proxy, 0);
	WAIT_FOR(w.reports->len > 0);
	g_assert_cmpstr(w.reports->str, ==, "h1@40full:b+ ");
	world_done(&w);
}

struct reply {
	unsigned int status;
	char *body;
};

static void on_reply(const struct http_answer *answer, const GError *error, void *data)
{
	struct reply *reply = data;

	g_assert_no_error(error);
	reply->body = g_strdup(answer->body);
	reply->status = answer->status;
}

static void check_request(struct world *w, const char *method, const char *path,
			  const char *body, unsigned int status, const char *words)
{
	struct http_client *client = http_client_new();
	g_autofree char *url = g_strdup_printf("http://127.0.0.1:%u%s",
					       http_server_get_port(w->server, 0), path);
	struct reply reply = {0};

	http_client_call(client,
			 &(struct http_ask){.method = method,
					    .url = url,
					    .body = body,
					    .body_size = body ? strlen(body) : 0},
			 on_reply, &reply);
	WAIT_FOR(reply.status);
	g_assert_cmpuint(reply.status, ==, status);
	if (!strstr(reply.body, words))
		g_test_message("%s %s: %s", path, body, reply.body);
	g_assert_nonnull(strstr(reply.body, words));
	g_free(reply.body);
	http_client_free(client);
}

static void test_bad_requests(void)
{
	static const struct {
		const char *method, *path, *body;
		unsigned int status;
		const char *words;
	} bad[] = {
		{"GET", "/weft/v1/hosts/h1/rows?ip=x", NULL, 400, "ip: 'x' is not an address"},
		{"GET", "/weft/v1/hosts/h1/rows?ip=224.0.0.1", NULL, 400, "is not an address"},
		{"GET", "/weft/v1/hosts/h1/rows?ip=10.99.0.2&rev=-1", NULL, 400,
		 "rev: '-1' is not a number"},
		{"GET", "/weft/v1/hosts/h%201/rows?ip=10.99.0.2", NULL, 400,
		 "'h 1' is not a host's name"},
		{"GET", "/weft/v1/hosts//rows", NULL, 400, "is not a host's name"},
		{"PUT", "/weft/v1/hosts/h1/rows", NULL, 404, "there is no PUT rows"},
		{"GET", "/weft/v1/hosts/h1/columns", NULL, 404, "there is no GET columns"},
		{"POST", "/weft/v1/hosts/h9/status", "{\"rev\":1}", 404, "has no stream"},
		{"POST", "/weft/v1/hosts/h1/status", "", 400, "body: "},
		{"POST", "/weft/v1/hosts/h1/status", "{", 400, "body: "},
		{"POST", "/weft/v1/hosts/h1/status", "[]", 400, "body: is not an object"},
		{"POST", "/weft/v1/hosts/h1/status", "{}", 400, "rev: is not a number"},
		{"POST", "/weft/v1/hosts/h1/status", "{\"rev\":\"1\"}", 400,
		 "rev: is not a number"},
		{"POST", "/weft/v1/hosts/h1/status", "{\"rev\":1,\"full\":1}", 400,
		 "full: is not true or false"},
		{"POST", "/weft/v1/hosts/h1/status", "{\"rev\":1,\"ports\":[]}", 400,
		 "ports: is not an object"},
		{"POST", "/weft/v1/hosts/h1/status", "{\"rev\":1,\"ports\":{\"x\":true}}", 400,
		 "ports: 'x' is not a uuid"},
		{"POST", "/weft/v1/hosts/h1/status",
		 "{\"rev\":1,\"ports\":{\"aaaaaaaa-54a6-4a5c-8a44-0d3f2a3b4c5d\":1}}", 400,
		 "true or false"},
	};
	struct world w;

	world_init(&w);
	world_connect(&w, NULL);
	WAIT_FOR(strstr(w.reports->str, "h1@40:"));
	g_string_truncate(w.reports, 0);
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
		check_request(&w, bad[i].method, bad[i].path, bad[i].body, bad[i].status,
			      bad[i].words);
	g_assert_cmpstr(w.reports->str, ==, "");
	g_assert_cmpuint(hub_count_connected(w.hub), ==, 1);
	world_done(&w);
}

/* --- a controller that says anything ------------------------------------------------- */

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
	feed_start(w, url, NULL);
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
	w.feed = feed_new(&config, &feed_ops, &w);
	WAIT_FOR(strstr(w.complaints->str, "nothing heard for 30 ms"));
	world_done(&w);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sync/follow", law_follow);
	g_test_add_func("/sync/cut-anywhere", law_cut_anywhere);
	g_test_add_func("/sync/cut-with-short-backlog", law_cut_with_short_backlog);
	g_test_add_func("/sync/resume", law_resume);
	g_test_add_func("/sync/controller-restarts", law_controller_restarts);
	g_test_add_func("/sync/beat-tells-the-revision", law_beat_tells_the_revision);
	g_test_add_func("/sync/grace", law_grace);
	g_test_add_func("/sync/newer-stream-counts", law_newer_stream_counts);
	g_test_add_func("/sync/resync", law_resync);
	g_test_add_func("/sync/refused", test_refused);
	g_test_add_func("/sync/token-of-another-host", test_token_of_another_host);
	g_test_add_func("/sync/reports", test_reports);
	g_test_add_func("/sync/bad-requests", test_bad_requests);
	g_test_add_func("/sync/bad-lines", test_bad_lines);
	g_test_add_func("/sync/duplicates", test_duplicates);
	g_test_add_func("/sync/silence", test_silence);
	return g_test_run();
}
