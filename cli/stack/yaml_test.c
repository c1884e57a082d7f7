/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents and the JSON they are, and documents that are none and why.
 */
#include "cli/stack/yaml.h"

#include <string.h>
#include "lib/error.h"

static const struct {
	const char *name, *text, *json;
} good[] = {
	{"mapping", "a: 1\nb: text\n", "{\"a\":1,\"b\":\"text\"}"},
	{"flow", "{a: [1, 2.5, null, ~, true]}", "{\"a\":[1,2.5,null,null,true]}"},
	{"json is yaml", "{\"a\": [\"b\", -7]}", "{\"a\":[\"b\",-7]}"},
	{"yes and no", "[yes, No, on, OFF, y]", "[true,false,true,false,\"y\"]"},
	{"quoted is text", "['1', \"true\", 'null', '']", "[\"1\",\"true\",\"null\",\"\"]"},
	{"dates are texts", "v: 2021-04-16", "{\"v\":\"2021-04-16\"}"},
	{"addresses are texts", "[10.0.0.1, 10.0.0.0/24, '::1', 02:00:00:00:00:01]",
	 "[\"10.0.0.1\",\"10.0.0.0/24\",\"::1\",\"02:00:00:00:00:01\"]"},
	{"bases", "[0x1F, 0o17, 017, +3]", "[31,15,17,3]"},
	{"floats", "[1e3, .5, 2., -1.5e-1]", "[1000.0,0.5,2.0,-0.15]"},
	{"not floats", "[., e3, 1e, .inf]", "[\".\",\"e3\",\"1e\",\".inf\"]"},
	{"folded", "a: >\n  one\n  two\n", "{\"a\":\"one two\\n\"}"},
	{"alias", "a: &x [1]\nb: *x\n", "{\"a\":[1],\"b\":[1]}"},
	{"merge", "a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}\n",
	 "{\"a\":{\"p\":1,\"q\":2},\"b\":{\"q\":3,\"p\":1}}"},
	{"tags", "[!!str 7, !!int '7', ! yes]", "[\"7\",7,\"yes\"]"},
	{"number keys", "1: a", "{\"1\":\"a\"}"},
};

static const struct {
	const char *name, *text, *message;
} bad[] = {
	{"empty", "", "the file is empty"},
	{"only a comment", "# nothing\n", "the file is empty"},
	{"two documents", "a: 1\n---\nb: 2\n", "a second document"},
	{"open list", "a: [1, 2", "t:"},
	{"open text", "a: \"x", "t:"},
	{"tab", "a:\n\tb: 1\n", "t:2"},
	{"twice", "a: 1\nb: 2\na: 3\n", "t:3: key 'a' stands twice"},
	{"alias without anchor", "a: *x\n", "alias '*x' has no anchor"},
	{"alias in itself", "a: &x [*x]\n", "contains itself"},
	{"complex key", "? [a, b]\n: c\n", "a key must be a text"},
	{"unknown tag", "a: !secret x\n", "tag '!secret' is not supported"},
	{"binary", "a: !!binary aGk=\n", "is not a 'binary'"},
	{"wrong tag", "a: !!int x\n", "'x' is not a 'int'"},
	{"list tag", "a: !!set {x}\n", "is not supported"},
	{"large number", "a: 99999999999999999999\n", "out of range"},
	{"large float", "a: 1e999\n", "out of range"},
	{"zero byte", "a: \"x\\0y\"\n", "zero byte"},
	{"bad utf-8", "a: \xff\xfe\n", "t:"},
	{"bad merge", "a: {<<: 7}\n", "'<<' takes a mapping"},
	{"bad escape", "a: \"\\q\"\n", "t:"},
	{"bad indent", "a:\n  b: 1\n c: 2\n", "t:"},
	{"control character", "a: \x01\n", "t:"},
};

static void test_good(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
		g_autoptr(GError) error = NULL;
		json_auto_t *value = yaml_load("t", good[i].text, strlen(good[i].text), &error);
		json_auto_t *wanted = json_loads(good[i].json, 0, NULL);

		g_assert_no_error(error);
		g_assert_nonnull(wanted);
		if (!json_equal(value, wanted))
			g_error("%s: %s", good[i].name, json_dumps(value, JSON_COMPACT));
	}
}

static void test_bad(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		json_t *value = yaml_load("t", bad[i].text, strlen(bad[i].text), &error);

		if (value)
			g_error("%s: was read", bad[i].name);
		g_assert_error(error, WEFT_ERROR, WEFT_ERROR_INVALID);
		if (!strstr(error->message, bad[i].message))
			g_error("%s: %s", bad[i].name, error->message);
	}
}

static void expect(const GString *text, const char *message)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(yaml_load("t", text->str, text->len, &error));
	g_assert_error(error, WEFT_ERROR, WEFT_ERROR_INVALID);
	if (!strstr(error->message, message))
		g_error("wanted '%s': %s", message, error->message);
}

/* Every bound, passed by one. */
static void test_bounds(void)
{
	g_autoptr(GString) deep = g_string_new(NULL);
	g_autoptr(GString) wide = g_string_new("[");
	g_autoptr(GString) anchors = g_string_new(NULL);
	g_autoptr(GString) laughs = g_string_new("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
	g_autoptr(GString) large = g_string_new(NULL);

	for (int i = 0; i <= YAML_DEPTH_MAX; i++)
		g_string_append(deep, "[");
	expect(deep, "nested deeper");
	for (int i = 0; i < YAML_NODES_MAX; i++)
		g_string_append(wide, "1,");
	g_string_append(wide, "1]");
	expect(wide, "more than 50000 values");
	for (int i = 0; i <= YAML_ANCHORS_MAX; i++)
		g_string_append_printf(anchors, "- &a%d x\n", i);
	expect(anchors, "anchors");
	for (int i = 1; i < 12; i++)
		g_string_append_printf(laughs,
				       "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", i, i,
				       i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
	expect(laughs, "more than 50000 values");
	g_string_set_size(large, YAML_SIZE_MAX + 1);
	memset(large->str, 'a', large->len);
	expect(large, "larger than");
}

static void test_file(void)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(yaml_load_file("/nonexistent/x.yaml", &error));
	g_assert_error(error, WEFT_ERROR, WEFT_ERROR_INVALID);
	g_assert_nonnull(strstr(error->message, "/nonexistent/x.yaml: cannot read"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/yaml/good", test_good);
	g_test_add_func("/yaml/bad", test_bad);
	g_test_add_func("/yaml/bounds", test_bounds);
	g_test_add_func("/yaml/file", test_file);
	return g_test_run();
}
