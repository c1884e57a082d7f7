/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each function as an output of a small template: what it gives, and what it says to
 * arguments that it cannot take. Parameters and their constraints likewise.
 */
#include "cli/stack/template.h"

#include <string.h>
#include "cli/stack/yaml.h"
#include "lib/error.h"

#define PARAMETERS                                                                             \
	"heat_template_version: 2021-04-16\n"                                                  \
	"parameters:\n"                                                                        \
	"  name: {type: string, default: blue}\n"                                              \
	"  count: {type: number, default: 3}\n"                                                \
	"  up: {type: boolean, default: yes}\n"                                                \
	"  list: {type: comma_delimited_list, default: 'a, b,c'}\n"                            \
	"  map: {type: json, default: {k: [1, {x: y}]}}\n"                                     \
	"conditions:\n"                                                                        \
	"  many: {not: few}\n"                                                                 \
	"  few: {equals: [{get_param: count}, 1]}\n"                                           \
	"outputs:\n"                                                                           \
	"  out:\n"                                                                             \
	"    value: "

static const struct {
	const char *text, *json;
} good[] = {
	{"{get_param: name}", "\"blue\""},
	{"{get_param: count}", "3"},
	{"{get_param: up}", "true"},
	{"{get_param: list}", "[\"a\",\"b\",\"c\"]"},
	{"{get_param: [list, 1]}", "\"b\""},
	{"{get_param: [map, k, 1, x]}", "\"y\""},
	{"{get_param: 'OS::stack_name'}", "\"s\""},
	{"{get_param: [list, {get_param: [map, k, 0]}]}", "\"b\""},
	{"{str_replace: {template: 'a-X-Y', params: {X: 1, Y: {get_param: name}}}}",
	 "\"a-1-blue\""},
	{"{str_replace: {template: 'XX XY', params: {X: a, XY: b}}}", "\"aa b\""},
	{"{str_replace: {template: 'X', params: {X: Y, Y: Z}}}", "\"Y\""},
	{"{str_replace: {template: 'X', params: {X: [1, {a: b}]}}}",
	 "\"[1, {\\\"a\\\": \\\"b\\\"}]\""},
	{"{str_replace: {template: 'aXb', params: {X: null}}}", "\"ab\""},
	{"{str_replace_strict: {template: 'X', params: {X: 1}}}", "\"1\""},
	{"{list_join: ['-', [a, 1, b]]}", "\"a-1-b\""},
	{"{list_join: [', ', {get_param: list}, [d]]}", "\"a, b, c, d\""},
	{"{list_join: [',', []]}", "\"\""},
	{"{str_split: [',', 'a,b']}", "[\"a\",\"b\"]"},
	{"{str_split: [',', 'a,b', 1]}", "\"b\""},
	{"{repeat: {for_each: {'%n%': {get_param: list}}, template: {p: 'x-%n%'}}}",
	 "[{\"p\":\"x-a\"},{\"p\":\"x-b\"},{\"p\":\"x-c\"}]"},
	{"{repeat: {for_each: {A: [1, 2], B: [x, y]}, template: 'A.B'}}",
	 "[\"1.x\",\"1.y\",\"2.x\",\"2.y\"]"},
	{"{repeat: {for_each: {A: [1, 2], B: [x, y]}, permutations: false, template: 'A.B'}}",
	 "[\"1.x\",\"2.y\"]"},
	{"{repeat: {for_each: {A: [{k: 1}]}, template: {v: A}}}", "[{\"v\":{\"k\":1}}]"},
	{"{repeat: {for_each: {A: []}, template: A}}", "[]"},
	{"{repeat: {for_each: {A: {x: 1, y: 2}}, template: A}}", "[\"x\",\"y\"]"},
	{"{repeat: {for_each: {N: [name, count]}, template: {get_param: N}}}", "[\"blue\",3]"},
	{"{if: [many, yes-it-is, no]}", "\"yes-it-is\""},
	{"{if: [few, 1, {if: [{equals: [a, a]}, 2, 3]}]}", "2"},
	{"{if: [{and: [many, {not: few}]}, 1, 2]}", "1"},
	{"{if: [{or: [few, {equals: [1, 2]}]}, 1, 2]}", "2"},
	{"{if: [true, 1, {get_param: nothing}]}", "1"},
	{"{digest: [md5, a]}", "\"0cc175b9c0f1b6a831c399e269772661\""},
	{"{list_concat: [[a], [b, a]]}", "[\"a\",\"b\",\"a\"]"},
	{"{list_concat_unique: [[a], [b, a]]}", "[\"a\",\"b\"]"},
	{"{contains: [b, {get_param: list}]}", "true"},
	{"{contains: [z, abc]}", "false"},
	{"{filter: [[a, null], [a, b, null]]}", "[\"b\"]"},
	{"{map_merge: [{a: 1, b: 2}, {b: 3}]}", "{\"a\":1,\"b\":3}"},
	{"{map_replace: [{a: x}, {keys: {a: b}, values: {x: y}}]}", "{\"b\":\"y\"}"},
	{"{a: {b: [{get_param: name}]}, get_param: c}",
	 "{\"a\":{\"b\":[\"blue\"]},\"get_param\":\"c\"}"},
};

static const struct {
	const char *text, *message;
} bad[] = {
	{"{get_param: nothing}", "parameter 'nothing' is not in the template"},
	{"{get_param: [list, 9]}", "nothing at"},
	{"{get_param: {a: b}}", "get_param: takes"},
	{"{get_resource: nothing}", "resource 'nothing' is not in the template"},
	{"{get_resource: [a]}", "get_resource: takes"},
	{"{get_attr: nothing}", "get_attr: takes"},
	{"{get_attr: [nothing, id]}", "resource 'nothing' is not in the template"},
	{"{str_replace: {template: x}}", "str_replace: takes"},
	{"{str_replace: {template: x, params: {'': 1}}}", "empty name"},
	{"{str_replace_strict: {template: x, params: {Y: 1}}}", "'Y' is not in the template"},
	{"{str_replace_vstrict: {template: X, params: {X: ''}}}", "'X' has no value"},
	{"{list_join: [a]}", "list_join: takes"},
	{"{list_join: ['-', b]}", "list_join: takes"},
	{"{str_split: ['', a]}", "str_split: takes"},
	{"{str_split: [',', a, 3]}", "has no part 3"},
	{"{repeat: {template: a}}", "repeat: takes"},
	{"{repeat: {for_each: {A: 1}, template: A}}", "for_each 'A' is not a list"},
	{"{repeat: {for_each: {A: [1], B: [1, 2]}, permutations: false, template: A}}",
	 "of one length"},
	{"{if: [many, 1]}", "if: takes"},
	{"{if: [nothing, 1, 2]}", "condition 'nothing' is not in the template"},
	{"{if: [[1], 1, 2]}", "must be true or false"},
	{"{and: [many]}", "and: takes"},
	{"{equals: [1]}", "equals: takes"},
	{"{digest: [crc, a]}", "'crc' is not known"},
	{"{list_concat: [a]}", "list_concat: takes"},
	{"{map_merge: [[1]]}", "map_merge: takes"},
	{"{map_replace: [{a: 1, b: 2}, {keys: {a: b}}]}", "two keys become one"},
	{"{get_file: x}", "get_file: not supported"},
	{"{yaql: {expression: $}}", "yaql: not supported"},
	/* Work that grows without end. */
	{"{repeat: {for_each: {A: &l [1,2,3,4,5,6,7,8,9,10], B: *l, C: *l, D: *l, E: *l, F: *l},"
	 " template: A}}",
	 "rounds"},
};

static json_t *evaluate(const char *value, GError **error)
{
	g_autofree char *text = g_strconcat(PARAMETERS, value, "\n", NULL);
	json_auto_t *root = yaml_load("t", text, strlen(text), error);
	const struct template_input input = {0};
	const struct template_source source = {0};
	json_auto_t *outputs = NULL;
	struct template *template;

	g_assert_nonnull(root);
	template = template_new("s", root, &input, error);
	if (!template)
		return NULL;
	outputs = template_evaluate_outputs(template, &source, error);
	template_free(template);
	return outputs ? json_incref(json_object_get(outputs, "out")) : NULL;
}

static void test_good(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
		g_autoptr(GError) error = NULL;
		json_auto_t *value = evaluate(good[i].text, &error);
		json_auto_t *wanted = json_loads(good[i].json, JSON_DECODE_ANY, NULL);

		if (error || !json_equal(value, wanted))
			g_error("%s: %s", good[i].text,
				error ? error->message : json_dumps(value, JSON_ENCODE_ANY));
	}
}

static void test_bad(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		json_t *value = evaluate(bad[i].text, &error);

		if (value || !error || !strstr(error->message, bad[i].message))
			g_error("%s: %s", bad[i].text, error ? error->message : "was taken");
		g_assert_error(error, WEFT_ERROR, WEFT_ERROR_INVALID);
	}
}

static const struct {
	const char *definition; /* of parameter p */
	const char *given;	/* NULL: nothing */
	const char *json;	/* NULL: refused ... */
	const char *message;	/* ... with this */
} parameters[] = {
	{"{type: string}", "x", "\"x\"", NULL},
	{"{type: string, default: 7}", NULL, "\"7\"", NULL},
	{"{type: number}", "-2", "-2", NULL},
	{"{type: number}", "2.5", "2.5", NULL},
	{"{type: boolean}", "Off", "false", NULL},
	{"{type: json}", "{\"a\": [1]}", "{\"a\":[1]}", NULL},
	{"{type: comma_delimited_list}", "", "[]", NULL},
	{"{type: string, constraints: [{allowed_values: [a, b]}]}", "b", "\"b\"", NULL},
	{"{type: string, constraints: [{length: {min: 1, max: 3}}]}", "äöü", "\"äöü\"", NULL},
	{"{type: string, constraints: [{allowed_pattern: '[a-z]+'}]}", "abc", "\"abc\"", NULL},
	{"{type: number, constraints: [{range: {min: 1}}, {modulo: {step: 2, offset: 1}}]}",
	 "5", "5", NULL},
	{"{type: string, constraints: [{custom_constraint: neutron.network}]}", "n", "\"n\"",
	 NULL},
	{"{type: string}", NULL, NULL, "parameter 'p': has no value"},
	{"{type: text}", "x", NULL, "type 'text' is not known"},
	{"{default: x}", NULL, NULL, "has no type"},
	{"7", "x", NULL, "is not a mapping"},
	{"{type: string, colour: red}", "x", NULL, "'colour' is not known"},
	{"{type: number}", "many", NULL, "'many' is not a number"},
	{"{type: number}", " 1", NULL, "is not a number"},
	{"{type: boolean}", "maybe", NULL, "'maybe' is not a boolean"},
	{"{type: json}", "{", NULL, "'{' is not a json"},
	{"{type: string, constraints: [{allowed_values: [a, b]}]}", "c", NULL,
	 "'c' is not one of"},
	{"{type: comma_delimited_list, constraints: [{allowed_values: [a]}]}", "a,c", NULL,
	 "'c' is not one of"},
	{"{type: string, constraints: [{length: {max: 3}}]}", "abcd", NULL, "length of 'abcd'"},
	{"{type: string, constraints: [{length: {}}]}", "abcd", NULL, "neither min nor max"},
	{"{type: number, constraints: [{range: {min: 1, max: 5}}]}", "6", NULL,
	 "'6' is outside"},
	{"{type: number, constraints: [{modulo: {step: 2, offset: 0}}]}", "5", NULL, "modulo"},
	{"{type: string, constraints: [{allowed_pattern: '[a-z]+'}]}", "abc1", NULL,
	 "does not match"},
	{"{type: string, constraints: [{allowed_pattern: '('}]}", "a", NULL, "allowed_pattern"},
	{"{type: string, constraints: [{colour: red}]}", "a", NULL, "'colour' is not known"},
	{"{type: string, constraints: [7]}", "a", NULL, "not a mapping"},
	{"{type: string, hidden: true, constraints: [{length: {max: 3}}]}", "secret", NULL,
	 "(hidden)"},
	{"{type: string, constraints: [{length: {max: 1}, description: be brief}]}", "ab", NULL,
	 "(be brief)"},
};

static void test_parameters(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(parameters); i++) {
		g_autofree char *text = g_strdup_printf("heat_template_version: newton\n"
							"parameters: {p: %s}\n",
							parameters[i].definition);
		g_autoptr(GError) error = NULL;
		json_auto_t *root = yaml_load("t", text, strlen(text), &error);
		json_auto_t *given = json_object();
		const struct template_input input = {.parameters = given};
		struct template *template;

		g_assert_no_error(error);
		if (parameters[i].given)
			json_object_set_new(given, "p", json_string(parameters[i].given));
		template = template_new("s", root, &input, &error);
		if (parameters[i].json) {
			json_auto_t *wanted =
				json_loads(parameters[i].json, JSON_DECODE_ANY, NULL);

			g_assert_no_error(error);
			g_assert_true(
				json_equal(json_object_get(template->parameters, "p"), wanted));
		} else if (template || !strstr(error->message, parameters[i].message)) {
			g_error("%s: %s", text, error ? error->message : "was taken");
		} else {
			g_assert_null(strstr(error->message, "secret"));
		}
		template_free(template);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/function/good", test_good);
	g_test_add_func("/function/bad", test_bad);
	g_test_add_func("/function/parameters", test_parameters);
	return g_test_run();
}
