/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of a watch as gateways print them, cut off, and printed by somebody else: the pieces are
 * what the whole is.
 */
#include "store/etcd_events.h"

#include <string.h>

/* KEYS: of the events that came one by one; REST: what is left, "" when that is no JSON. */
static const struct {
	const char *line, *keys, *rest;
} rows[] = {
	{"{\"result\":{\"header\":{\"revision\":\"7\"},\"events\":[{\"kv\":{\"key\":\"a\"}},"
	 "{\"type\":\"DELETE\",\"kv\":{\"key\":\"b\"}}]}}",
	 "a b ", "{\"result\":{\"events\":[],\"header\":{\"revision\":\"7\"}}}"},
	{"{\"result\":{\"events\":[{\"kv\":{\"key\":\"a\"}}],\"fragment\":true}}", "a ",
	 "{\"result\":{\"events\":[],\"fragment\":true}}"},
	{"{\"result\":{\"events\":[]}}", "", "{\"result\":{\"events\":[]}}"},
	{"{\"result\":{\"created\":true}}", "", "{\"result\":{\"created\":true}}"},
	/* Braces and quotes within a text are none. */
	{"{\"result\":{\"events\":[{\"kv\":{\"key\":\"}\\\"{\\\\\"}},{\"kv\":{\"key\":\"]\"}}]}}",
	 "}\"{\\ ] ", "{\"result\":{\"events\":[]}}"},
	{"{\"error\":{\"message\":\"\\\"events\\\":[{}\"}}", "",
	 "{\"error\":{\"message\":\"\\\"events\\\":[{}\"}}"},
	/* With blanks: in one piece. */
	{"{\"result\": {\"events\": [{\"kv\": {\"key\": \"a\"}}]}}", "",
	 "{\"result\":{\"events\":[{\"kv\":{\"key\":\"a\"}}]}}"},
	/* Cut off. */
	{"{\"result\":{\"events\":[{\"kv\":{\"key\":\"a\"}},{\"kv\":{\"key", "a ", ""},
	{"{\"result\":{\"events\":[{\"kv\":{\"key\":\"a\\", "", ""},
	{"{\"result\":{\"events\":[", "", ""},
	{"{\"result\":{\"events\":[{\"kv\":{\"key\":\"a\"}}", "a ", ""},
	{"", "", ""},
};

static void test_rows(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct etcd_events *events =
			etcd_events_new(rows[i].line, strlen(rows[i].line));
		g_autoptr(GString) keys = g_string_new(NULL);
		json_t *json;
		char *rest;

		while ((json = etcd_events_next(events))) {
			g_string_append_printf(keys, "%s ",
					       json_string_value(json_object_get(
						       json_object_get(json, "kv"), "key")));
			json_decref(json);
		}
		g_assert_cmpstr(keys->str, ==, rows[i].keys);
		json = etcd_events_finish(events);
		rest = json ? json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
		g_assert_cmpstr(rest ? rest : "", ==, rows[i].rest);
		free(rest);
		json_decref(json);
		etcd_events_free(events);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/store/etcd_events/rows", test_rows);
	return g_test_run();
}
