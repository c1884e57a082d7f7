/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the hub refuses, and what it makes of what hosts say.
 */
#include "sync/hub.h"

#include <string.h>
#include "lib/error.h"
#include "lib/http_client.h"
#include "sync/world_fixture.h"

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
	WAIT_FOR(world_is_level(&w));
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
	WAIT_FOR(world_is_level(&w));
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
	g_string_truncate(w.reports, 0);
	feed_report_new(w.feed, b);
	WAIT_FOR(w.reports->len > 0);
	g_assert_cmpstr(w.reports->str, ==, "h1@40:b+* ");
	g_string_truncate(w.reports, 0);
	feed_report_port(w.feed, a, true);
	WAIT_FOR(w.reports->len > 0);
	g_assert_cmpstr(w.reports->str, ==, "h1@40:a+ ");
	/* What nobody has taken is told when somebody is there again. */
	g_string_truncate(w.reports, 0);
	proxy_cut_after(w.proxy, 0);
	feed_report_new(w.feed, a);
	WAIT_FOR(strstr(w.reports->str, "full:"));
	g_assert_nonnull(strstr(w.reports->str, "a+*"));
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

/* REPLY is filled in later; the client is the caller's. */
static struct http_client *ask_later(struct world *w, const char *token, const char *method,
				     const char *path, const char *body, struct reply *reply)
{
	struct http_field field = {"X-Auth-Token", token};
	struct http_client *client = http_client_new();
	g_autofree char *url = g_strdup_printf("http://127.0.0.1:%u%s",
					       http_server_get_port(w->server, 0), path);

	http_client_call(client,
			 &(struct http_ask){.method = method,
					    .url = url,
					    .headers = &field,
					    .header_count = token ? 1 : 0,
					    .body = body,
					    .body_size = body ? strlen(body) : 0},
			 on_reply, reply);
	return client;
}

/* The answer's body; owned. */
static char *ask(struct world *w, const char *token, const char *method, const char *path,
		 const char *body, unsigned int status)
{
	struct reply reply = {0};
	struct http_client *client = ask_later(w, token, method, path, body, &reply);

	WAIT_FOR(reply.status);
	g_assert_cmpuint(reply.status, ==, status);
	http_client_free(client);
	return reply.body;
}

static void check_request(struct world *w, const char *method, const char *path,
			  const char *body, unsigned int status, const char *words)
{
	g_autofree char *reply = ask(w, NULL, method, path, body, status);

	if (!strstr(reply, words))
		g_test_message("%s %s: %s", path, body, reply);
	g_assert_nonnull(strstr(reply, words));
}

/* Rows for a reader who is not the host: the whole truth, and nobody is alive for it. */
static void test_snapshot(void)
{
	static const char path[] = "/weft/v1/hosts/h1/rows?snapshot=1";
	g_autofree char *text = NULL, *refused = NULL, *bad = NULL;
	json_auto_t *document = NULL;
	json_t *rows, *row;
	struct world w;
	size_t i;

	world_init(&w);
	world_change(&w);
	text = ask(&w, "admin", "GET", path, NULL, 200);
	document = json_loads(text, 0, NULL);
	g_assert_nonnull(document);
	g_assert_cmpstr(json_string_value(json_object_get(document, "host")), ==, "h1");
	g_assert_cmpint(json_integer_value(json_object_get(document, "rev")), ==, w.revision);
	rows = json_object_get(document, "rows");
	g_assert_cmpuint(json_array_size(rows), ==, g_hash_table_size(w.truth));
	json_array_foreach (rows, i, row) {
		const char *key = json_string_value(json_object_get(row, "key"));
		g_autofree char *value = NULL;

		g_assert_cmpstr(json_string_value(json_object_get(row, "table")), ==, "host");
		value = json_dumps(json_object_get(row, "value"), JSON_COMPACT);
		g_assert_cmpstr(value, ==, g_hash_table_lookup(w.truth, key));
	}
	refused = ask(&w, "h1", "GET", path, NULL, 403);
	g_assert_nonnull(strstr(refused, "may not read its rows"));
	bad = ask(&w, "admin", "GET", "/weft/v1/hosts/h%201/rows?snapshot=1", NULL, 400);
	g_assert_cmpuint(hub_count_connected(w.hub), ==, 0);
	g_assert_cmpstr(w.lives->str, ==, "");
	world_done(&w);
}

#define PORT "aaaaaaaa-54a6-4a5c-8a44-0d3f2a3b4c5d"

/* More than a host takes in one line: its stream would break. Numbers grow when they are printed. */
static void check_long_handover(struct world *w, const char *path)
{
	g_autoptr(GString) body = g_string_new("{\"port\":\"" PORT "\",\"conns\":[");

	for (int i = 0; i < 300000; i++)
		g_string_append(body, "0.1,");
	g_string_append(body, "1]}");
	check_request(w, "POST", path, body->str, 400, "conns: more than 1048576 bytes");
}

/* From h2 to h1, and to nobody else: not from who has lost nothing, nor to who is not here. */
static void test_handover(void)
{
	static const char path[] = "/weft/v1/hosts/h2/handover";
	static const char body[] = "{\"port\":\"" PORT "\",\"conns\":[[1],[2]]}";
	g_autofree char *given = NULL, *other = NULL;
	struct world w;

	world_init(&w);
	check_request(&w, "POST", path, body, 404, "port " PORT " has not moved from it");
	w.heir = "h1";
	check_request(&w, "POST", path, body, 503, "host h1 is not connected here");
	world_connect(&w, NULL);
	WAIT_FOR(world_is_level(&w));
	check_request(&w, "POST", path, "{\"port\":\"x\",\"conns\":[]}", 400, "has no port");
	check_request(&w, "POST", path, "{\"port\":\"" PORT "\"}", 400,
		      "has no port or no conns");
	check_request(&w, "POST", path, "[", 400, "has no port");
	check_request(&w, "POST", "/weft/v1/hosts/h1/handover", body, 404, "has not moved");
	other = ask(&w, "h1", "POST", path, body, 403);
	check_long_handover(&w, path);
	g_assert_cmpstr(w.hands->str, ==, "");
	given = ask(&w, "h2", "POST", path, body, 200);
	g_assert_cmpstr(given, ==, "{\"host\":\"h1\"}");
	WAIT_FOR(w.hands->len);
	g_assert_cmpstr(w.hands->str, ==, PORT " {\"conns\":[[1],[2]],\"from\":\"h2\"} ");
	/* it is no row: revisions go on as before, and nothing of it is told again */
	world_change(&w);
	WAIT_FOR(world_is_level(&w));
	proxy_cut_after(w.proxy, 0);
	WAIT_FOR(w.connects == 2 && world_is_level(&w));
	g_assert_null(strstr(strstr(w.hands->str, PORT) + 1, PORT));
	world_done(&w);
}

#define CONNS "/weft/v1/hosts/h1/conns?address=10.0.0.7"

/* A question that waits, and what becomes of it. */
struct waiting {
	struct http_client *client;
	struct reply reply;
	char id[37];
};

static void question_ask(struct world *w, struct waiting *out)
{
	*out = (struct waiting){0};
	g_string_truncate(w->asks, 0);
	out->client = ask_later(w, "admin", "GET", CONNS, NULL, &out->reply);
	WAIT_FOR(w->asks->len);
	g_strlcpy(out->id, w->asks->str, sizeof(out->id));
	g_assert_cmpstr(w->asks->str + sizeof(out->id), ==, "{\"address\":\"10.0.0.7\"} ");
}

static void question_end(struct waiting *waiting, unsigned int status, const char *body)
{
	WAIT_FOR(waiting->reply.status);
	g_assert_cmpuint(waiting->reply.status, ==, status);
	g_assert_nonnull(strstr(waiting->reply.body, body));
	g_free(waiting->reply.body);
	http_client_free(waiting->client);
}

/* What HOST says to the question; STATUS: whether it is taken. */
static void question_answer(struct world *w, const struct waiting *waiting, const char *host,
			    const char *rest, unsigned int status, const char *words)
{
	g_autofree char *path = g_strdup_printf("/weft/v1/hosts/%s/answer", host);
	g_autofree char *body = g_strdup_printf("{\"id\":\"%s\",%s}", waiting->id, rest);
	g_autofree char *reply = ask(w, host, "POST", path, body, status);

	g_assert_nonnull(strstr(reply, words));
}

/* An administrator asks, and the host that is asked is the only one who may answer. */
static void test_questions(void)
{
	static const char flows[] = "\"flows\":[{\"port\":\"x\"}],\"truncated\":true";
	g_autofree char *refused = NULL, *bad = NULL;
	struct waiting waiting;
	struct world w;

	world_init(&w);
	bad = ask(&w, "admin", "GET", CONNS, NULL, 503);
	g_assert_nonnull(strstr(bad, "host h1: is not connected"));
	world_connect(&w, "h1");
	WAIT_FOR(world_is_level(&w));
	refused = ask(&w, "h1", "GET", CONNS, NULL, 403);
	g_assert_nonnull(strstr(refused, "may not read its connections"));
	question_ask(&w, &waiting);
	question_answer(&w, &waiting, "h2", flows, 404, "nothing of that kind was asked");
	question_answer(&w, &waiting, "h1", "\"truncated\":true", 400, "neither flows nor");
	g_assert_cmpuint(waiting.reply.status, ==, 0);
	question_answer(&w, &waiting, "h1", flows, 200, "{}");
	question_end(&waiting, 200,
		     "{\"host\":\"h1\",\"flows\":[{\"port\":\"x\"}],\"truncated\":true}");
	question_answer(&w, &waiting, "h1", flows, 404, "nothing of that kind was asked");
	question_ask(&w, &waiting);
	question_answer(&w, &waiting, "h1", "\"error\":\"too busy\"", 200, "{}");
	question_end(&waiting, 503, "host h1: too busy");
	world_done(&w);
}

static void test_questions_refused(void)
{
	struct world w;

	world_init(&w);
	world_connect(&w, NULL);
	WAIT_FOR(world_is_level(&w));
	for (int i = 0; i < 2; i++) {
		g_autofree char *reply = ask(&w, "admin", "GET",
					     i ? "/weft/v1/hosts/h1/conns"
					       : "/weft/v1/hosts/h1/conns?address=x%22",
					     NULL, 400);

		g_assert_nonnull(strstr(reply, "is not an address"));
	}
	check_request(&w, "POST", "/weft/v1/hosts/h1/answer", "[", 404, "nothing of that kind");
	check_request(&w, "POST", "/weft/v1/hosts/h1/answer", "{\"id\":7}", 404,
		      "nothing of that kind");
	g_assert_cmpuint(w.asks->len, ==, 0);
	world_done(&w);
}

/* Nobody waits for ever: not for a host that is silent, nor for a controller that ends. */
static void test_questions_unanswered(void)
{
	struct waiting waiting;
	struct world w;

	world_init(&w);
	world_connect(&w, NULL);
	WAIT_FOR(world_is_level(&w));
	hub_set_patience(w.hub, 20);
	question_ask(&w, &waiting);
	question_end(&waiting, 503, "host h1: has not answered within");
	hub_set_patience(w.hub, 60000);
	question_ask(&w, &waiting);
	feed_free(w.feed);
	w.feed = NULL;
	hub_free(w.hub);
	w.hub = NULL;
	question_end(&waiting, 503, "the controller is ending");
	world_done(&w);
}

/* An older agent is not asked; a host at another controller is asked there, and answers here. */
static void test_questions_elsewhere(void)
{
	g_autofree char *old = NULL;
	struct waiting waiting = {0};
	struct world w;

	world_init(&w);
	w.elsewhere = true;
	waiting.client = ask_later(&w, "admin", "GET", CONNS, NULL, &waiting.reply);
	WAIT_FOR(w.forwards->len);
	g_assert_true(g_str_has_prefix(w.forwards->str, "h1 "));
	g_strlcpy(waiting.id, w.forwards->str + strlen("h1 "), sizeof(waiting.id));
	g_assert_cmpstr(w.forwards->str + strlen("h1 ") + sizeof(waiting.id), ==, "10.0.0.7 ");
	question_answer(&w, &waiting, "h1", "\"flows\":[]", 200, "{}");
	question_end(&waiting, 200, "\"flows\":[],\"truncated\":false");
	w.older = true;
	world_connect(&w, NULL);
	WAIT_FOR(world_is_level(&w));
	old = ask(&w, "admin", "GET", CONNS, NULL, 503);
	g_assert_nonnull(strstr(old, "its agent is of an older version"));
	world_done(&w);
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
		{"POST", "/weft/v1/hosts/h1/status", "{\"rev\":1,\"new\":{}}", 400,
		 "new: is not a list"},
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

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sync/refused", test_refused);
	g_test_add_func("/sync/token-of-another-host", test_token_of_another_host);
	g_test_add_func("/sync/reports", test_reports);
	g_test_add_func("/sync/snapshot", test_snapshot);
	g_test_add_func("/sync/handover", test_handover);
	g_test_add_func("/sync/questions", test_questions);
	g_test_add_func("/sync/questions-refused", test_questions_refused);
	g_test_add_func("/sync/questions-unanswered", test_questions_unanswered);
	g_test_add_func("/sync/questions-elsewhere", test_questions_elsewhere);
	g_test_add_func("/sync/bad-requests", test_bad_requests);
	return g_test_run();
}
