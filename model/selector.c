/* SPDX-License-Identifier: Apache-2.0 */
#include "model/selector.h"

#include <stdlib.h>
#include <string.h>

#include "lib/error.h"

#define NAME_MAX_LENGTH	  63
#define PREFIX_MAX_LENGTH 253

static const char *const relations[] = {"In", "NotIn", "Exists", "DoesNotExist", NULL};

static const struct attr label_attrs[] = {
	{.name = "key",
	 .type = ATTR_STRING,
	 .flags = ATTR_REQUIRED,
	 .offset = offsetof(struct label, key)},
	{.name = "value", .type = ATTR_STRING, .offset = offsetof(struct label, value)},
	{.name = NULL},
};

const struct attr_table label_table = {
	.singular = "label",
	.size = sizeof(struct label),
	.attrs = label_attrs,
};

static const struct attr_table value_table = {
	.singular = "value",
	.size = sizeof(char *),
	.attrs = (const struct attr[]){{.type = ATTR_STRING}},
};

static const struct attr requirement_attrs[] = {
	{.name = "key",
	 .type = ATTR_STRING,
	 .flags = ATTR_REQUIRED,
	 .offset = offsetof(struct requirement, key)},
	{.name = "operator",
	 .type = ATTR_ENUM,
	 .flags = ATTR_REQUIRED,
	 .offset = offsetof(struct requirement, relation),
	 .names = relations},
	{.name = "values",
	 .type = ATTR_LIST,
	 .offset = offsetof(struct requirement, values),
	 .item = &value_table,
	 .max = SELECTOR_EXPRESSION_VALUES},
	{.name = NULL},
};

const struct attr_table requirement_table = {
	.singular = "requirement",
	.size = sizeof(struct requirement),
	.attrs = requirement_attrs,
};

/* -------------------------------------------------------------- syntax */

static const char *text_of(const char *text)
{
	return text ? text : "";
}

static bool wrong(GError **error, const char *what, const char *text, const char *why)
{
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "%s '%.300s' %s", what, text, why);
	return false;
}

/* Letters, digits and, but at the ends, '-', '_' and '.'. */
static bool is_name(const char *text, gsize length)
{
	if (!length || length > NAME_MAX_LENGTH || !g_ascii_isalnum(text[0]) ||
	    !g_ascii_isalnum(text[length - 1]))
		return false;
	for (gsize i = 0; i < length; i++)
		if (!g_ascii_isalnum(text[i]) && !strchr("-_.", text[i]))
			return false;
	return true;
}

/* A DNS subdomain (RFC 1123), in lower case. */
static bool is_domain(const char *text, gsize length)
{
	if (!length || length > PREFIX_MAX_LENGTH)
		return false;
	for (gsize i = 0; i < length; i++) {
		bool edge =
			i == 0 || i + 1 == length || text[i - 1] == '.' || text[i + 1] == '.';

		if (!g_ascii_islower(text[i]) && !g_ascii_isdigit(text[i]) &&
		    (edge || !strchr("-.", text[i])))
			return false;
	}
	return true;
}

static bool key_check(const char *key, GError **error)
{
	const char *slash = strchr(key, '/');
	const char *name = slash ? slash + 1 : key;

	if ((!slash || is_domain(key, (gsize)(slash - key))) && is_name(name, strlen(name)))
		return true;
	return wrong(error, "key", key,
		     "is not [DOMAIN/]NAME, with a name of at most 63 letters, digits and, but "
		     "at its ends, '-', '_' and '.'");
}

static bool value_check(const char *value, GError **error)
{
	if (!*value || is_name(value, strlen(value)))
		return true;
	return wrong(
		error, "value", value,
		"is not at most 63 letters, digits and, but at its ends, '-', '_' and '.'");
}

bool label_validate(const struct vec *labels, GError **error)
{
	for (uint32_t i = 0; i < labels->count; i++) {
		const struct label *label = vec_at(struct label, labels, i);

		if (!key_check(text_of(label->key), error) ||
		    !value_check(text_of(label->value), error))
			return false;
	}
	return true;
}

static bool requirement_check(const struct requirement *requirement, GError **error)
{
	bool wants = requirement->relation == SELECTOR_IN ||
		     requirement->relation == SELECTOR_NOT_IN;

	if (!key_check(text_of(requirement->key), error))
		return false;
	if (wants != !!requirement->values.count)
		return wrong(error, "operator", relations[requirement->relation],
			     wants ? "needs values" : "takes no values");
	for (uint32_t i = 0; i < requirement->values.count; i++)
		if (!value_check(text_of(*vec_at(char *, &requirement->values, i)), error))
			return false;
	return true;
}

bool selector_validate(const struct selector *selector, GError **error)
{
	if (!label_validate(&selector->match_labels, error)) {
		g_prefix_error(error, "match_labels: ");
		return false;
	}
	for (uint32_t i = 0; i < selector->match_expressions.count; i++)
		if (!requirement_check(
			    vec_at(struct requirement, &selector->match_expressions, i),
			    error)) {
			g_prefix_error(error, "match_expressions: ");
			return false;
		}
	return true;
}

/* ------------------------------------------------------------- meaning */

const char *label_find(const struct vec *labels, const char *key)
{
	for (uint32_t i = 0; i < labels->count; i++) {
		const struct label *label = vec_at(struct label, labels, i);

		if (strcmp(label->key, key) == 0)
			return text_of(label->value);
	}
	return NULL;
}

static bool has_value(const struct requirement *requirement, const char *value)
{
	for (uint32_t i = 0; i < requirement->values.count; i++)
		if (strcmp(text_of(*vec_at(char *, &requirement->values, i)), value) == 0)
			return true;
	return false;
}

static bool requirement_holds(const struct requirement *requirement, const struct vec *labels)
{
	const char *value = label_find(labels, requirement->key);

	switch (requirement->relation) {
	case SELECTOR_IN:
		return value && has_value(requirement, value);
	case SELECTOR_NOT_IN:
		return !value || !has_value(requirement, value);
	case SELECTOR_EXISTS:
		return value;
	default:
		return !value;
	}
}

bool selector_matches(const struct selector *selector, const struct vec *labels)
{
	for (uint32_t i = 0; i < selector->match_labels.count; i++) {
		const struct label *label = vec_at(struct label, &selector->match_labels, i);
		const char *value = label_find(labels, label->key);

		if (!value || strcmp(value, text_of(label->value)) != 0)
			return false;
	}
	for (uint32_t i = 0; i < selector->match_expressions.count; i++)
		if (!requirement_holds(
			    vec_at(struct requirement, &selector->match_expressions, i),
			    labels))
			return false;
	return true;
}

bool selector_find_pair(const struct selector *selector, const char **key, const char **value)
{
	if (selector->match_labels.count) {
		const struct label *label = vec_at(struct label, &selector->match_labels, 0);

		*key = label->key;
		*value = text_of(label->value);
		return true;
	}
	for (uint32_t i = 0; i < selector->match_expressions.count; i++) {
		const struct requirement *requirement =
			vec_at(struct requirement, &selector->match_expressions, i);

		if (requirement->relation != SELECTOR_IN || requirement->values.count != 1)
			continue;
		*key = requirement->key;
		*value = text_of(*vec_at(char *, &requirement->values, 0));
		return true;
	}
	return false;
}

/* ---------------------------------------------------------------- text */

static int text_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Joined in their order, each once. */
static char *join_sorted(GPtrArray *parts)
{
	GString *out = g_string_new(NULL);

	if (parts->len)
		qsort(parts->pdata, parts->len, sizeof(void *), text_compare);
	for (guint i = 0; i < parts->len; i++)
		if (!i || strcmp(parts->pdata[i], parts->pdata[i - 1]) != 0)
			g_string_append_printf(out, "%s%s", i ? "," : "",
					       (char *)parts->pdata[i]);
	return g_string_free(out, FALSE);
}

static char *requirement_print(const struct requirement *requirement)
{
	g_autoptr(GPtrArray) values = g_ptr_array_new();
	g_autofree char *joined = NULL;
	const char *key = requirement->key;
	bool in = requirement->relation == SELECTOR_IN;

	if (requirement->relation == SELECTOR_EXISTS)
		return g_strdup(key);
	if (requirement->relation == SELECTOR_DOES_NOT_EXIST)
		return g_strconcat("!", key, NULL);
	for (uint32_t i = 0; i < requirement->values.count; i++)
		g_ptr_array_add(values,
				(char *)text_of(*vec_at(char *, &requirement->values, i)));
	joined = join_sorted(values);
	if (in && !strchr(joined, ','))
		return g_strconcat(key, "=", joined, NULL);
	return g_strconcat(key, in ? " in (" : " notin (", joined, ")", NULL);
}

char *selector_print(const struct selector *selector)
{
	g_autoptr(GPtrArray) parts = g_ptr_array_new_with_free_func(g_free);

	for (uint32_t i = 0; i < selector->match_labels.count; i++) {
		const struct label *label = vec_at(struct label, &selector->match_labels, i);

		g_ptr_array_add(parts,
				g_strconcat(label->key, "=", text_of(label->value), NULL));
	}
	for (uint32_t i = 0; i < selector->match_expressions.count; i++)
		g_ptr_array_add(parts,
				requirement_print(vec_at(struct requirement,
							 &selector->match_expressions, i)));
	return join_sorted(parts);
}

void selector_copy(struct selector *to, const struct selector *from)
{
	vec_copy(&to->match_labels, &from->match_labels, &label_table);
	vec_copy(&to->match_expressions, &from->match_expressions, &requirement_table);
}

void selector_done(struct selector *selector)
{
	vec_done(&selector->match_labels, &label_table);
	vec_done(&selector->match_expressions, &requirement_table);
}
