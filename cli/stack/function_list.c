/* SPDX-License-Identifier: Apache-2.0 */
/*
 * list_concat, contains, filter, map_merge and map_replace.
 */
#include "cli/stack/function_list.h"

#include <string.h>
#include "lib/error.h"

static void *refuse(GError **error, const char *text)
{
	g_set_error_literal(error, WEFT_ERROR, WEFT_ERROR_INVALID, text);
	return NULL;
}

static bool list_has(const json_t *list, const json_t *wanted)
{
	json_t *item;
	size_t i;

	json_array_foreach (list, i, item)
		if (json_equal(item, wanted))
			return true;
	return false;
}

static bool all_are(const json_t *list, json_type type)
{
	json_t *item;
	size_t i;

	if (!json_is_array(list))
		return false;
	json_array_foreach (list, i, item)
		if (json_typeof(item) != type && !json_is_null(item))
			return false;
	return true;
}

static json_t *concat(struct scope *scope, json_t *argument, bool unique, GError **error)
{
	json_auto_t *result = json_array();
	json_t *list, *item;
	size_t i, k;

	if (!all_are(argument, JSON_ARRAY))
		return refuse(error, "takes a list of lists");
	json_array_foreach (argument, i, list)
		json_array_foreach (list, k, item) {
			if (++scope->nodes > FUNCTION_NODES_MAX)
				return refuse(error, "the template makes too many values");
			if (!unique || !list_has(result, item))
				json_array_append(result, item);
		}
	return g_steal_pointer(&result);
}

json_t *list_concat(struct scope *scope, json_t *argument, GError **error)
{
	return concat(scope, argument, false, error);
}

json_t *list_concat_unique(struct scope *scope, json_t *argument, GError **error)
{
	return concat(scope, argument, true, error);
}

json_t *list_contains(struct scope *scope, json_t *argument, GError **error)
{
	const json_t *wanted = json_array_get(argument, 0);
	const json_t *in = json_array_get(argument, 1);

	if (json_array_size(argument) == 2 && json_is_array(in))
		return json_boolean(list_has(in, wanted));
	if (json_array_size(argument) == 2 && json_is_string(in) && json_is_string(wanted))
		return json_boolean(strstr(json_string_value(in), json_string_value(wanted)) !=
				    NULL);
	return refuse(error, "takes [value, list] or [text, text]");
}

json_t *list_filter(struct scope *scope, json_t *argument, GError **error)
{
	const json_t *unwanted = json_array_get(argument, 0);
	const json_t *list = json_array_get(argument, 1);
	json_t *result, *item;
	size_t i;

	if (json_array_size(argument) != 2 || !json_is_array(unwanted) || !json_is_array(list))
		return refuse(error, "takes [values to leave out, list]");
	result = json_array();
	json_array_foreach (list, i, item)
		if (!list_has(unwanted, item))
			json_array_append(result, item);
	return result;
}

json_t *list_map_merge(struct scope *scope, json_t *argument, GError **error)
{
	json_t *result, *map;
	size_t i;

	if (!all_are(argument, JSON_OBJECT))
		return refuse(error, "takes a list of mappings");
	result = json_object();
	json_array_foreach (argument, i, map)
		if (json_is_object(map))
			json_object_update(result, map);
	return result;
}

/* VALUE's replacement. Only what can be a key can be looked up. */
static json_t *replace_value(const json_t *values, json_t *value)
{
	g_autofree char *text = NULL;
	json_t *found;

	if (!json_is_object(values) || json_is_array(value) || json_is_object(value))
		return value;
	text = function_to_text(value);
	found = json_object_get(values, text);
	return found ? found : value;
}

json_t *list_map_replace(struct scope *scope, json_t *argument, GError **error)
{
	json_t *map = json_array_get(argument, 0);
	json_t *rules = json_array_get(argument, 1);
	const json_t *keys = json_object_get(rules, "keys");
	const json_t *values = json_object_get(rules, "values");
	json_auto_t *result = json_object();
	const char *key;
	json_t *value;

	if (json_array_size(argument) != 2 || !json_is_object(map) || !json_is_object(rules) ||
	    (keys && !json_is_object(keys)) || (values && !json_is_object(values)))
		return refuse(error, "takes [mapping, {keys: …, values: …}]");
	json_object_foreach (map, key, value) {
		json_t *name = json_object_get(keys, key);
		const char *to = json_is_string(name) ? json_string_value(name) : key;

		if (json_object_get(result, to))
			return refuse(error, "two keys become one");
		json_object_set(result, to, replace_value(values, value));
	}
	return g_steal_pointer(&result);
}
