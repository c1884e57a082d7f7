/* SPDX-License-Identifier: Apache-2.0 */
/*
 * str_replace, str_split, list_join, digest, and what "repeat" does to its body.
 */
#include "cli/stack/function_text.h"

#include <string.h>
#include "lib/error.h"

enum strict {
	STRICT_NONE,
	STRICT_USED,
	STRICT_VALUED,
};

G_GNUC_PRINTF(2, 3)
static void *refuse(GError **error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_propagate_error(error,
			  g_error_new_valist(WEFT_ERROR, WEFT_ERROR_INVALID, format, args));
	va_end(args);
	return NULL;
}

/* The longest key of VARIABLES that AT begins with, or NULL. */
static const char *match_longest(const json_t *variables, const char *at)
{
	const char *best = NULL, *key;
	json_t *value;

	json_object_foreach ((json_t *)variables, key, value)
		if (*key && g_str_has_prefix(at, key) && (!best || strlen(key) > strlen(best)))
			best = key;
	return best;
}

/* One pass from left to right: what a value brings in is not looked at again. */
static char *replace_once(const char *text, const json_t *variables, GHashTable *used,
			  GError **error)
{
	GString *out = g_string_new(NULL);

	while (*text) {
		const char *key = match_longest(variables, text);
		g_autofree char *value = NULL;

		if (!key) {
			g_string_append_c(out, *text++);
			continue;
		}
		value = function_to_text(json_object_get(variables, key));
		g_string_append(out, value);
		if (used)
			g_hash_table_add(used, (gpointer)key);
		text += strlen(key);
		if (out->len > FUNCTION_TEXT_MAX) {
			g_string_free(out, TRUE);
			return refuse(error, "the text grows over %d bytes", FUNCTION_TEXT_MAX);
		}
	}
	return g_string_free(out, FALSE);
}

static bool check_variables(const json_t *variables, enum strict strict, GError **error)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)variables, key, value) {
		if (!*key)
			return refuse(error, "a parameter has an empty name");
		if (strict == STRICT_VALUED &&
		    (json_is_null(value) ||
		     (json_is_string(value) && !json_string_length(value))))
			return refuse(error, "parameter '%s' has no value", key);
	}
	return true;
}

static json_t *replace(json_t *argument, enum strict strict, GError **error)
{
	const json_t *template = json_object_get(argument, "template");
	const json_t *variables = json_object_get(argument, "params");
	g_autoptr(GHashTable) used = g_hash_table_new(g_str_hash, g_str_equal);
	g_autofree char *text = NULL;
	const char *key;
	json_t *value;

	if (!json_is_string(template) || !json_is_object(variables) ||
	    json_object_size(argument) != 2)
		return refuse(error, "takes template (a text) and params (a mapping)");
	if (!check_variables(variables, strict, error))
		return NULL;
	text = replace_once(json_string_value(template), variables, used, error);
	if (!text)
		return NULL;
	json_object_foreach ((json_t *)variables, key, value)
		if (strict != STRICT_NONE && !g_hash_table_contains(used, key))
			return refuse(error, "parameter '%s' is not in the template", key);
	return json_string(text);
}

json_t *text_replace(struct scope *scope, json_t *argument, GError **error)
{
	return replace(argument, STRICT_NONE, error);
}

json_t *text_replace_strict(struct scope *scope, json_t *argument, GError **error)
{
	return replace(argument, STRICT_USED, error);
}

json_t *text_replace_vstrict(struct scope *scope, json_t *argument, GError **error)
{
	return replace(argument, STRICT_VALUED, error);
}

json_t *text_split(struct scope *scope, json_t *argument, GError **error)
{
	const char *delimiter = json_string_value(json_array_get(argument, 0));
	const char *text = json_string_value(json_array_get(argument, 1));
	const json_t *index = json_array_get(argument, 2);
	g_auto(GStrv) parts = NULL;
	json_t *list;

	if (!delimiter || !*delimiter || !text || json_array_size(argument) > 3 ||
	    (index && !json_is_integer(index)))
		return refuse(error, "takes [delimiter, text] or [delimiter, text, index]");
	parts = g_strsplit(text, delimiter, -1);
	if (index) {
		json_int_t i = json_integer_value(index);

		if (i < 0 || i >= (json_int_t)g_strv_length(parts))
			return refuse(error, "'%s' has no part %" JSON_INTEGER_FORMAT, text, i);
		return json_string(parts[i]);
	}
	list = json_array();
	for (char **part = parts; *part; part++)
		json_array_append_new(list, json_string(*part));
	return list;
}

json_t *text_join(struct scope *scope, json_t *argument, GError **error)
{
	const char *delimiter = json_string_value(json_array_get(argument, 0));
	g_autoptr(GString) out = g_string_new(NULL);
	bool first = true;

	if (!delimiter || json_array_size(argument) < 2)
		return refuse(error, "takes [delimiter, list, …]");
	for (size_t i = 1; i < json_array_size(argument); i++) {
		const json_t *list = json_array_get(argument, i);
		json_t *item;
		size_t k;

		if (json_is_null(list))
			continue;
		if (!json_is_array(list))
			return refuse(error, "takes [delimiter, list, …]");
		json_array_foreach (list, k, item) {
			g_autofree char *text = function_to_text(item);

			if (!first)
				g_string_append(out, delimiter);
			first = false;
			g_string_append(out, text);
		}
		if (out->len > FUNCTION_TEXT_MAX)
			return refuse(error, "the text grows over %d bytes", FUNCTION_TEXT_MAX);
	}
	return json_string(out->str);
}

json_t *text_digest(struct scope *scope, json_t *argument, GError **error)
{
	static const struct {
		const char *name;
		GChecksumType type;
	} digests[] = {
		{"md5", G_CHECKSUM_MD5},       {"sha1", G_CHECKSUM_SHA1},
		{"sha256", G_CHECKSUM_SHA256}, {"sha384", G_CHECKSUM_SHA384},
		{"sha512", G_CHECKSUM_SHA512},
	};
	const char *name = json_string_value(json_array_get(argument, 0));
	const char *text = json_string_value(json_array_get(argument, 1));

	if (!name || !text || json_array_size(argument) != 2)
		return refuse(error, "takes [algorithm, text]");
	for (size_t i = 0; i < G_N_ELEMENTS(digests); i++) {
		g_autofree char *sum = NULL;

		if (strcmp(digests[i].name, name))
			continue;
		sum = g_compute_checksum_for_string(digests[i].type, text, -1);
		return json_string(sum);
	}
	return refuse(error, "algorithm '%s' is not known", name);
}

static json_t *substitute_text(const json_t *body, const json_t *variables, GError **error)
{
	const char *text = json_string_value(body);
	json_t *whole = json_object_get(variables, text);
	g_autofree char *replaced = NULL;

	if (whole)
		return json_incref(whole);
	replaced = replace_once(text, variables, NULL, error);
	return replaced ? json_string(replaced) : NULL;
}

static json_t *substitute_list(struct scope *scope, const json_t *body, const json_t *variables,
			       GError **error)
{
	json_auto_t *list = json_array();
	json_t *item;
	size_t i;

	json_array_foreach (body, i, item) {
		json_t *done = text_substitute(scope, item, variables, error);

		if (!done)
			return NULL;
		json_array_append_new(list, done);
	}
	return g_steal_pointer(&list);
}

static json_t *substitute_map(struct scope *scope, const json_t *body, const json_t *variables,
			      GError **error)
{
	json_auto_t *map = json_object();
	const char *key;
	json_t *item;

	json_object_foreach ((json_t *)body, key, item) {
		g_autofree char *name = replace_once(key, variables, NULL, error);
		json_t *done = name ? text_substitute(scope, item, variables, error) : NULL;

		if (!done)
			return NULL;
		json_object_set_new(map, name, done);
	}
	return g_steal_pointer(&map);
}

json_t *text_substitute(struct scope *scope, const json_t *body, const json_t *variables,
			GError **error)
{
	if (++scope->nodes > FUNCTION_NODES_MAX)
		return refuse(error, "the template makes too many values");
	if (json_is_string(body)) {
		json_t *text = substitute_text(body, variables, error);

		scope->nodes += json_string_length(text) / TEXT_PER_NODE;
		return text;
	}
	if (json_is_array(body))
		return substitute_list(scope, body, variables, error);
	if (json_is_object(body))
		return substitute_map(scope, body, variables, error);
	return json_incref((json_t *)body);
}
