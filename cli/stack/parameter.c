/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A value is first made to fit the type, then every constraint looks at it. The
 * value of a hidden parameter appears in no message.
 */
#include "cli/stack/parameter.h"

#include <math.h>
#include <string.h>
#include "cli/stack/function.h"
#include "lib/error.h"

struct parameter {
	const char *name;
	const json_t *definition;
	const json_t *value;
};

G_GNUC_PRINTF(3, 4)
static bool refuse(const struct parameter *parameter, GError **error, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "parameter '%s': %s",
		    parameter->name, text);
	return false;
}

bool parameter_is_hidden(const json_t *definition)
{
	const json_t *hidden = json_object_get(definition, "hidden");

	return json_is_true(hidden) || (json_is_string(hidden) &&
					!g_ascii_strcasecmp(json_string_value(hidden), "true"));
}

static char *show(const struct parameter *parameter)
{
	return parameter_is_hidden(parameter->definition) ? g_strdup("(hidden)")
							  : function_to_text(parameter->value);
}

static json_t *to_string(const json_t *value)
{
	g_autofree char *text = function_to_text(value);

	return json_is_array(value) || json_is_object(value) ? NULL : json_string(text);
}

static json_t *to_number(const json_t *value)
{
	const char *text = json_string_value(value);
	char *end;
	gint64 whole;
	double number;

	if (json_is_number(value))
		return json_incref((json_t *)value);
	if (!text || !*text || g_ascii_isspace(*text))
		return NULL;
	if (g_ascii_string_to_signed(text, 10, G_MININT64, G_MAXINT64, &whole, NULL))
		return json_integer(whole);
	number = g_ascii_strtod(text, &end);
	return *end || !isfinite(number) ? NULL : json_real(number);
}

static json_t *to_boolean(const json_t *value)
{
	static const char *const yes[] = {"true", "t", "on", "y", "yes", "1", NULL};
	static const char *const no[] = {"false", "f", "off", "n", "no", "0", NULL};
	g_autofree char *text = NULL;
	g_autofree char *lower = NULL;

	if (json_is_boolean(value))
		return json_incref((json_t *)value);
	if (!json_is_string(value) && !json_is_integer(value))
		return NULL;
	text = function_to_text(value);
	lower = g_ascii_strdown(text, -1);
	if (g_strv_contains(yes, lower))
		return json_true();
	return g_strv_contains(no, lower) ? json_false() : NULL;
}

static json_t *to_list(const json_t *value)
{
	g_auto(GStrv) parts = NULL;
	json_t *list, *item;
	size_t i;

	if (!json_is_array(value) && !json_is_string(value))
		return NULL;
	list = json_array();
	json_array_foreach (value, i, item) {
		g_autofree char *text = function_to_text(item);

		json_array_append_new(list, json_string(text));
	}
	if (!json_is_string(value) || !json_string_length(value))
		return list;
	parts = g_strsplit(json_string_value(value), ",", -1);
	for (char **part = parts; *part; part++)
		json_array_append_new(list, json_string(g_strstrip(*part)));
	return list;
}

static json_t *to_json(const json_t *value)
{
	if (json_is_object(value) || json_is_array(value))
		return json_incref((json_t *)value);
	return json_is_string(value)
		       ? json_loads(json_string_value(value), JSON_REJECT_DUPLICATES, NULL)
		       : NULL;
}

static const struct {
	const char *name;
	json_t *(*convert)(const json_t *value); /* NULL: it is none */
} types[] = {
	{"string", to_string},	 {"number", to_number},
	{"boolean", to_boolean}, {"comma_delimited_list", to_list},
	{"json", to_json},
};

static json_t *convert(const struct parameter *parameter, GError **error)
{
	const char *type = json_string_value(json_object_get(parameter->definition, "type"));
	g_autofree char *text = NULL;
	json_t *value;

	for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
		if (!type || strcmp(types[i].name, type))
			continue;
		value = types[i].convert(parameter->value);
		if (value)
			return value;
		text = show(parameter);
		refuse(parameter, error, "'%s' is not a %s", text, type);
		return NULL;
	}
	if (type)
		refuse(parameter, error, "type '%s' is not known", type);
	else
		refuse(parameter, error, "has no type");
	return NULL;
}

static bool check_values(const struct parameter *parameter, const json_t *allowed,
			 GError **error)
{
	g_autofree char *list = function_to_text(allowed), *text = show(parameter);
	g_autofree char *value = function_to_text(parameter->value);
	json_t *item, *each;
	size_t i, k;

	if (!json_is_array(allowed))
		return refuse(parameter, error, "allowed_values is not a list");
	if (json_is_array(parameter->value)) {
		json_array_foreach (parameter->value, k, each) {
			struct parameter one = *parameter;

			one.value = each;
			if (!check_values(&one, allowed, error))
				return false;
		}
		return true;
	}
	json_array_foreach (allowed, i, item) {
		g_autofree char *one = function_to_text(item);

		if (!strcmp(one, value))
			return true;
	}
	return refuse(parameter, error, "'%s' is not one of %s", text, list);
}

/* NUMBER within LIMITS {min, max}; WHAT is "length of " or "". */
static bool check_limits(const struct parameter *parameter, const char *what, double number,
			 const json_t *limits, GError **error)
{
	g_autofree char *list = function_to_text(limits), *text = show(parameter);
	json_auto_t *min = NULL, *max = NULL;

	if (json_object_get(limits, "min"))
		min = to_number(json_object_get(limits, "min"));
	if (json_object_get(limits, "max"))
		max = to_number(json_object_get(limits, "max"));
	if (!min && !max)
		return refuse(parameter, error, "a constraint has neither min nor max: %s",
			      list);
	if ((min && number < json_number_value(min)) ||
	    (max && number > json_number_value(max)))
		return refuse(parameter, error, "%s'%s' is outside %s", what, text, list);
	return true;
}

static bool check_length(const struct parameter *parameter, const json_t *limits,
			 GError **error)
{
	double length = json_is_array(parameter->value)	   ? json_array_size(parameter->value)
			: json_is_object(parameter->value) ? json_object_size(parameter->value)
			: json_is_string(parameter->value)
				? g_utf8_strlen(json_string_value(parameter->value), -1)
				: -1;

	if (length < 0)
		return refuse(parameter, error, "a number has no length");
	return check_limits(parameter, "length of ", length, limits, error);
}

static bool check_range(const struct parameter *parameter, const json_t *limits, GError **error)
{
	if (!json_is_number(parameter->value))
		return refuse(parameter, error, "range is for numbers");
	return check_limits(parameter, "", json_number_value(parameter->value), limits, error);
}

static bool check_modulo(const struct parameter *parameter, const json_t *rule, GError **error)
{
	json_int_t step = json_integer_value(json_object_get(rule, "step"));
	json_int_t offset = json_integer_value(json_object_get(rule, "offset"));
	json_int_t number = json_integer_value(parameter->value);

	if (!json_is_integer(parameter->value) || step <= 0 || offset < 0 || offset >= step)
		return refuse(parameter, error, "modulo takes a whole number, step and offset");
	if (((number % step) + step) % step == offset)
		return true;
	return refuse(parameter, error,
		      "%" JSON_INTEGER_FORMAT " is not %" JSON_INTEGER_FORMAT
		      " modulo %" JSON_INTEGER_FORMAT,
		      number, offset, step);
}

static bool check_pattern(const struct parameter *parameter, const json_t *rule, GError **error)
{
	const char *pattern = json_string_value(rule);
	g_autofree char *anchored = NULL, *text = show(parameter);
	g_autofree char *value = function_to_text(parameter->value);
	g_autoptr(GError) reason = NULL;
	g_autoptr(GRegex) regex = NULL;
	bool matches;

	if (!pattern)
		return refuse(parameter, error, "allowed_pattern is not a text");
	anchored = g_strdup_printf("^(?:%s)\\z", pattern);
	regex = g_regex_new(anchored, 0, 0, &reason);
	if (!regex)
		return refuse(parameter, error, "allowed_pattern '%s': %s", pattern,
			      reason->message);
	/* A pattern that would take for ever ends at PCRE's match limit, with REASON. */
	matches = g_regex_match_full(regex, value, -1, 0, 0, NULL, &reason);
	if (reason)
		return refuse(parameter, error, "allowed_pattern '%s': %s", pattern,
			      reason->message);
	return matches || refuse(parameter, error, "'%s' does not match '%s'", text, pattern);
}

/* What it names (a network, a flavour) is looked up when it is used. */
static bool check_custom(const struct parameter *parameter, const json_t *rule, GError **error)
{
	return json_is_string(rule) ||
	       refuse(parameter, error, "custom_constraint is not a name");
}

static const struct {
	const char *name;
	bool (*check)(const struct parameter *parameter, const json_t *rule, GError **error);
} constraints[] = {
	{"allowed_values", check_values},
	{"length", check_length},
	{"range", check_range},
	{"modulo", check_modulo},
	{"allowed_pattern", check_pattern},
	{"custom_constraint", check_custom},
};

static bool check_constraint(const struct parameter *parameter, const json_t *constraint,
			     GError **error)
{
	const json_t *why = json_object_get(constraint, "description");
	g_autoptr(GError) reason = NULL;
	const char *name;
	json_t *rule;

	if (!json_is_object(constraint))
		return refuse(parameter, error, "a constraint is not a mapping");
	json_object_foreach ((json_t *)constraint, name, rule) {
		bool known = !strcmp(name, "description");

		for (size_t i = 0; i < G_N_ELEMENTS(constraints) && !reason; i++) {
			if (strcmp(constraints[i].name, name))
				continue;
			known = true;
			constraints[i].check(parameter, rule, &reason);
		}
		if (!known)
			return refuse(parameter, error, "constraint '%s' is not known", name);
	}
	if (!reason)
		return true;
	if (json_is_string(why)) {
		g_autofree char *tail = g_strdup(reason->message);

		g_clear_error(&reason);
		g_set_error(&reason, WEFT_ERROR, WEFT_ERROR_INVALID, "%s (%s)", tail,
			    json_string_value(why));
	}
	g_propagate_error(error, g_steal_pointer(&reason));
	return false;
}

static bool check_definition(const struct parameter *parameter, GError **error)
{
	static const char *const known[] = {"type",	 "label",  "description",
					    "default",	 "hidden", "constraints",
					    "immutable", "tags",   NULL};
	const json_t *constraint_list = json_object_get(parameter->definition, "constraints");
	const char *key;
	json_t *value;

	if (!json_is_object(parameter->definition))
		return refuse(parameter, error, "is not a mapping");
	json_object_foreach ((json_t *)parameter->definition, key, value)
		if (!g_strv_contains(known, key))
			return refuse(parameter, error, "'%s' is not known", key);
	if (constraint_list && !json_is_array(constraint_list))
		return refuse(parameter, error, "constraints is not a list");
	return true;
}

static json_t *resolve(struct parameter *parameter, GError **error)
{
	json_auto_t *value = NULL;
	json_t *constraint;
	size_t i;

	if (!check_definition(parameter, error))
		return NULL;
	if (!parameter->value) {
		refuse(parameter, error, "has no value and no default");
		return NULL;
	}
	value = convert(parameter, error);
	if (!value)
		return NULL;
	parameter->value = value;
	json_array_foreach (json_object_get(parameter->definition, "constraints"), i,
			    constraint)
		if (!check_constraint(parameter, constraint, error))
			return NULL;
	return g_steal_pointer(&value);
}

static bool check_given(const json_t *definitions, const json_t *given, GError **error)
{
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)given, name, value)
		if (!json_object_get(definitions, name)) {
			g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
				    "parameter '%s': not in the template", name);
			return false;
		}
	return true;
}

json_t *parameter_resolve(const json_t *definitions, const json_t *given,
			  const json_t *defaults, GError **error)
{
	json_auto_t *values = json_object();
	const char *name;
	json_t *definition;

	if (!check_given(definitions, given, error))
		return NULL;
	json_object_foreach ((json_t *)definitions, name, definition) {
		struct parameter parameter = {.name = name, .definition = definition};
		json_t *value;

		parameter.value = json_object_get(given, name);
		if (!parameter.value)
			parameter.value = json_object_get(defaults, name);
		if (!parameter.value)
			parameter.value = json_object_get(definition, "default");
		value = resolve(&parameter, error);
		if (!value)
			return NULL;
		json_object_set_new(values, name, value);
	}
	return g_steal_pointer(&values);
}
