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

/* The answer's body; owned. */
static char *ask(struct world *w, const char *token, const char *method, const char *path,
		 const char *body, unsigned int status)
{
	struct http_field field = {"X-Auth-Token", token};
	struct http_client *client = http_client_new();
	g_autofree char *url = g_strdup_printf("http://127.0.0.1:%u%s",
					       http_server_get_port(w->server, 0), path);
	struct reply reply = {0};

	http_client_call(client,
			 &(struct http_ask){.method = method,
					    .url = url,
					    .headers = &field,
					    .header_count = token ? 1 : 0,
					    .body = body,
					    .body_size = body ? strlen(body) : 0},
			 on_reply, &reply);
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
	g_test_add_func("/sync/bad-requests", test_bad_requests);
	return g_test_run();
}
