/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One table of functions. Most take their arguments evaluated; "if" and "repeat"
 * evaluate what they choose. The work of a template is bounded by the nodes and
 * the text it makes, so that nested repeats end in an error and not in the
 * night.
 */
#include "cli/stack/function.h"

#include <string.h>
#include "cli/stack/function_list.h"
#include "cli/stack/function_text.h"
#include "lib/error.h"

typedef json_t *(*function_call)(struct scope *scope, json_t *argument, GError **error);

struct function {
	const char *name;
	function_call call;
	bool lazy; /* gets its argument as it is written */
};

json_t *function_unknown(void)
{
	static json_t *unknown;

	if (!unknown)
		unknown = json_string("(known after creation)");
	return unknown;
}

bool function_is_unknown(const json_t *value)
{
	return value == function_unknown();
}

bool function_has_unknown(const json_t *value)
{
	const char *key;
	json_t *item;
	size_t i;

	if (function_is_unknown(value))
		return true;
	json_array_foreach (value, i, item)
		if (function_has_unknown(item))
			return true;
	json_object_foreach ((json_t *)value, key, item)
		if (function_has_unknown(item))
			return true;
	return false;
}

char *function_to_text(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_STRING:
		return g_strdup(json_string_value(value));
	case JSON_NULL:
		return g_strdup("");
	default: {
		char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
		char *copy = g_strdup(text);

		free(text);
		return copy;
	}
	}
}

/* One step of a path: a key of a mapping or an index of a list. NULL: no such thing. */
static json_t *step_into(json_t *value, const json_t *step)
{
	g_autofree char *text = function_to_text(step);
	guint64 index;

	if (json_is_object(value))
		return json_object_get(value, text);
	if (json_is_array(value) &&
	    g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT32, &index, NULL))
		return json_array_get(value, index);
	return NULL;
}

/* From START down the items of PATH from FIRST on; borrowed or NULL. */
static json_t *walk(json_t *start, const json_t *path, size_t first)
{
	for (size_t i = first; start && i < json_array_size(path); i++) {
		if (function_is_unknown(start))
			return start;
		start = step_into(start, json_array_get(path, i));
	}
	return start;
}

/* ARGUMENT is a name, or a list that begins with one. */
static const char *name_of(const json_t *argument)
{
	return json_string_value(json_is_array(argument) ? json_array_get(argument, 0)
							 : argument);
}

static json_t *call_get_param(struct scope *scope, json_t *argument, GError **error)
{
	const char *name = name_of(argument);
	json_auto_t *value = NULL;
	json_t *found;

	if (!name) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "get_param: takes a name or [name, step, …]");
		return NULL;
	}
	value = scope->parameter(scope, name, error);
	if (!value || !json_is_array(argument))
		return g_steal_pointer(&value);
	found = walk(value, argument, 1);
	if (!found) {
		g_autofree char *path = function_to_text(argument);

		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "get_param: nothing at %s",
			    path);
		return NULL;
	}
	return json_incref(found);
}

static json_t *call_get_resource(struct scope *scope, json_t *argument, GError **error)
{
	if (json_is_string(argument))
		return scope->resource(scope, json_string_value(argument), error);
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
		    "get_resource: takes a resource's name");
	return NULL;
}

/* A path that leads nowhere gives null, as attributes may be empty. */
static json_t *call_get_attr(struct scope *scope, json_t *argument, GError **error)
{
	const char *key = json_string_value(json_array_get(argument, 0));
	const char *name = json_string_value(json_array_get(argument, 1));
	json_auto_t *value = NULL;
	json_t *found;

	if (!key || (!name && json_array_size(argument) > 1)) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "get_attr: takes [resource, attribute, step, …]");
		return NULL;
	}
	value = scope->attribute(scope, key, name ? name : "show", error);
	if (!value)
		return NULL;
	found = walk(value, argument, 2);
	return found ? json_incref(found) : json_null();
}

static json_t *call_if(struct scope *scope, json_t *argument, GError **error)
{
	int chosen;

	if (json_array_size(argument) != 3) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "if: takes [condition, value, other value]");
		return NULL;
	}
	chosen = function_evaluate_condition(scope, json_array_get(argument, 0), error);
	if (chosen < 0)
		return NULL;
	return function_evaluate(scope, json_array_get(argument, chosen ? 1 : 2), error);
}

static json_t *call_not(struct scope *scope, json_t *argument, GError **error)
{
	int value = function_evaluate_condition(scope, argument, error);

	return value < 0 ? NULL : json_boolean(!value);
}

/* "and" (WANTED 1) and "or" (WANTED 0) end at the first that is not WANTED. */
static json_t *combine(struct scope *scope, const char *name, json_t *argument, int wanted,
		       GError **error)
{
	json_t *item;
	size_t i;

	if (json_array_size(argument) < 2) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "%s: takes a list of two or more conditions", name);
		return NULL;
	}
	json_array_foreach (argument, i, item) {
		int value = function_evaluate_condition(scope, item, error);

		if (value < 0)
			return NULL;
		if (value != wanted)
			return json_boolean(value);
	}
	return json_boolean(wanted);
}

static json_t *call_and(struct scope *scope, json_t *argument, GError **error)
{
	return combine(scope, "and", argument, 1, error);
}

static json_t *call_or(struct scope *scope, json_t *argument, GError **error)
{
	return combine(scope, "or", argument, 0, error);
}

static json_t *call_equals(struct scope *scope, json_t *argument, GError **error)
{
	if (json_array_size(argument) == 2)
		return json_boolean(
			json_equal(json_array_get(argument, 0), json_array_get(argument, 1)));
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "equals: takes [value, value]");
	return NULL;
}

/* What "repeat" runs through for one variable: a list, or a mapping's keys. */
static json_t *to_choices(const char *name, json_t *value, GError **error)
{
	const char *key;
	json_t *item, *keys;

	if (json_is_array(value))
		return json_incref(value);
	if (!json_is_object(value)) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "repeat: for_each '%s' is not a list", name);
		return NULL;
	}
	keys = json_array();
	json_object_foreach (value, key, item)
		json_array_append_new(keys, json_string(key));
	return keys;
}

struct repeat {
	json_t *body;
	json_t *choices;   /* variable -> list */
	bool permutations; /* every combination, or the n-th of each */
	size_t rounds;
};

static bool repeat_count(struct repeat *repeat, GError **error)
{
	const char *name;
	json_t *list;

	repeat->rounds = 1;
	json_object_foreach (repeat->choices, name, list) {
		size_t size = json_array_size(list);

		if (repeat->permutations)
			repeat->rounds *= size;
		else if (list == json_object_iter_value(json_object_iter(repeat->choices)))
			repeat->rounds = size;
		else if (repeat->rounds != size) {
			g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
				    "repeat: without permutations the lists of for_each must "
				    "be of one length");
			return false;
		}
		if (repeat->rounds > FUNCTION_NODES_MAX) {
			g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
				    "repeat: more than %d rounds", FUNCTION_NODES_MAX);
			return false;
		}
	}
	return true;
}

/* The variables of round ROUND; the last one turns fastest. */
static json_t *repeat_choose(const struct repeat *repeat, size_t round)
{
	json_t *chosen = json_object();
	size_t rest = repeat->rounds, index = round;
	const char *name;
	json_t *list;

	json_object_foreach (repeat->choices, name, list) {
		if (repeat->permutations) {
			rest /= json_array_size(list);
			index = round / rest;
			round %= rest;
		}
		json_object_set(chosen, name, json_array_get(list, index));
	}
	return chosen;
}

static json_t *repeat_run(struct scope *scope, const struct repeat *repeat, GError **error)
{
	json_auto_t *result = json_array();

	for (size_t i = 0; i < repeat->rounds; i++) {
		json_auto_t *chosen = repeat_choose(repeat, i);
		json_auto_t *body = text_substitute(scope, repeat->body, chosen, error);
		json_t *item = body ? function_evaluate(scope, body, error) : NULL;

		if (!item)
			return NULL;
		json_array_append_new(result, item);
	}
	return g_steal_pointer(&result);
}

static json_t *call_repeat(struct scope *scope, json_t *argument, GError **error)
{
	struct repeat repeat = {.body = json_object_get(argument, "template"),
				.permutations = true};
	json_t *permutations = json_object_get(argument, "permutations");
	json_auto_t *for_each = NULL, *choices = json_object();
	const char *name;
	json_t *value;

	if (!repeat.body || !json_is_object(json_object_get(argument, "for_each")) ||
	    (permutations && !json_is_boolean(permutations)) ||
	    json_object_size(argument) != (permutations ? 3 : 2)) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "repeat: takes template, for_each and, optional, permutations");
		return NULL;
	}
	repeat.permutations = !permutations || json_is_true(permutations);
	for_each = function_evaluate(scope, json_object_get(argument, "for_each"), error);
	if (!for_each)
		return NULL;
	if (function_has_unknown(for_each))
		return json_incref(function_unknown());
	json_object_foreach (for_each, name, value) {
		json_t *list = to_choices(name, value, error);

		if (!list)
			return NULL;
		json_object_set_new(choices, name, list);
	}
	repeat.choices = choices;
	return repeat_count(&repeat, error) ? repeat_run(scope, &repeat, error) : NULL;
}

static json_t *call_unsupported(struct scope *scope, json_t *argument, GError **error)
{
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "not supported");
	return NULL;
}

static const struct function functions[] = {
	{"get_param", call_get_param, false},
	{"get_resource", call_get_resource, false},
	{"get_attr", call_get_attr, false},
	{"if", call_if, true},
	{"repeat", call_repeat, true},
	{"equals", call_equals, false},
	{"not", call_not, true},
	{"and", call_and, true},
	{"or", call_or, true},
	{"str_replace", text_replace, false},
	{"str_replace_strict", text_replace_strict, false},
	{"str_replace_vstrict", text_replace_vstrict, false},
	{"str_split", text_split, false},
	{"list_join", text_join, false},
	{"digest", text_digest, false},
	{"list_concat", list_concat, false},
	{"list_concat_unique", list_concat_unique, false},
	{"contains", list_contains, false},
	{"filter", list_filter, false},
	{"map_merge", list_map_merge, false},
	{"map_replace", list_map_replace, false},
	{"get_file", call_unsupported, true},
	{"make_url", call_unsupported, true},
	{"resource_facade", call_unsupported, true},
	{"yaql", call_unsupported, true},
};

static const struct function *find_function(const json_t *value)
{
	const char *name;

	if (json_object_size(value) != 1)
		return NULL;
	name = json_object_iter_key(json_object_iter((json_t *)value));
	for (size_t i = 0; i < G_N_ELEMENTS(functions); i++)
		if (!strcmp(functions[i].name, name))
			return &functions[i];
	return NULL;
}

static json_t *evaluate_call(struct scope *scope, const struct function *function,
			     json_t *written, GError **error)
{
	json_auto_t *argument = NULL;
	json_t *result;
	GError *reason = NULL;

	if (!function->lazy) {
		argument = function_evaluate(scope, written, error);
		if (!argument)
			return NULL;
		if (function_has_unknown(argument))
			return json_incref(function_unknown());
	}
	result = function->call(scope, argument ? argument : written, &reason);
	scope->nodes += json_string_length(result) / TEXT_PER_NODE;
	if (result)
		return result;
	if (!g_str_has_prefix(reason->message, function->name))
		g_prefix_error(&reason, "%s: ", function->name);
	g_propagate_error(error, reason);
	return NULL;
}

static json_t *evaluate_list(struct scope *scope, json_t *value, GError **error)
{
	json_auto_t *result = json_array();
	json_t *item;
	size_t i;

	json_array_foreach (value, i, item) {
		json_t *done = function_evaluate(scope, item, error);

		if (!done)
			return NULL;
		json_array_append_new(result, done);
	}
	return g_steal_pointer(&result);
}

static json_t *evaluate_map(struct scope *scope, json_t *value, GError **error)
{
	json_auto_t *result = json_object();
	const char *key;
	json_t *item;

	json_object_foreach (value, key, item) {
		json_t *done = function_evaluate(scope, item, error);

		if (!done)
			return NULL;
		json_object_set_new(result, key, done);
	}
	return g_steal_pointer(&result);
}

json_t *function_evaluate(struct scope *scope, json_t *value, GError **error)
{
	const struct function *function;
	json_t *result;

	if (scope->depth == FUNCTION_DEPTH_MAX || ++scope->nodes > FUNCTION_NODES_MAX) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "%s",
			    scope->depth == FUNCTION_DEPTH_MAX
				    ? "functions are nested too deep"
				    : "the template makes too many values");
		return NULL;
	}
	if (!json_is_object(value) && !json_is_array(value))
		return json_incref(value);
	scope->depth++;
	function = find_function(value);
	if (function)
		result = evaluate_call(scope, function, json_object_get(value, function->name),
				       error);
	else
		result = json_is_array(value) ? evaluate_list(scope, value, error)
					      : evaluate_map(scope, value, error);
	scope->depth--;
	return result;
}

int function_evaluate_condition(struct scope *scope, json_t *value, GError **error)
{
	json_auto_t *result = NULL;

	if (json_is_string(value))
		return scope->condition(scope, json_string_value(value), error);
	result = function_evaluate(scope, value, error);
	if (!result)
		return -1;
	if (json_is_boolean(result) && !function_is_unknown(result))
		return json_is_true(result);
	if (json_is_string(result) && !function_is_unknown(result)) {
		const char *text = json_string_value(result);

		if (!g_ascii_strcasecmp(text, "true"))
			return 1;
		if (!g_ascii_strcasecmp(text, "false"))
			return 0;
	}
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
		    "a condition must be true or false when the stack is created");
	return -1;
}
