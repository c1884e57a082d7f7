/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits.
 */
#include "api/limit.h"

#include <string.h>

#include "lib/error.h"
#include "model/cloud.h"

#define LIMIT_MAX 2147483647

/* Those of kinds that there are not are nobody's. */
static const struct {
	const char *name;
	int64_t initial;
} defaults[] = {
	{"network", 100},
	{"subnet", 100},
	{"port", 500},
	{"router", 10},
	{"floatingip", 50},
	{"security_group", 10},
	{"security_group_rule", 100},
	{"subnetpool", -1},
	{"rbac_policy", 10},
	{"policy", 100},
	{"network_acl", 10},
	{"network_acl_rule", 100},
	{"firewall_group", 10},
	{"firewall_policy", 10},
	{"firewall_rule", 100},
};

static bool limit_find(const char *name, enum kind *kind, int64_t *initial)
{
	for (unsigned int i = 0; i < KIND_COUNT; i++) {
		if (strcmp(cloud_table((enum kind)i)->singular, name) != 0)
			continue;
		for (gsize j = 0; j < G_N_ELEMENTS(defaults); j++) {
			if (strcmp(defaults[j].name, name) != 0)
				continue;
			*kind = (enum kind)i;
			*initial = defaults[j].initial;
			return true;
		}
	}
	return false;
}

bool limits_count(enum kind kind)
{
	int64_t initial;

	return limit_find(cloud_table(kind)->singular, &kind, &initial);
}

bool limits_know(const char *name)
{
	int64_t initial;
	enum kind kind;

	return limit_find(name, &kind, &initial);
}

void limits_clear(struct limits *limits)
{
	for (unsigned int i = 0; i < KIND_COUNT; i++)
		limits->of[i] = LIMIT_UNSET;
}

void limits_set_defaults(struct limits *limits, bool unlimited)
{
	enum kind kind;
	int64_t initial;

	limits_clear(limits);
	for (gsize i = 0; i < G_N_ELEMENTS(defaults); i++)
		if (limit_find(defaults[i].name, &kind, &initial))
			limits->of[kind] = unlimited ? LIMIT_NONE : initial;
}

bool limits_parse_option(struct limits *limits, const char *text, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(text, "=", 2);
	char *end = NULL;
	int64_t value, initial;
	enum kind kind;

	if (parts[0] && parts[1] && *parts[1]) {
		value = g_ascii_strtoll(parts[1], &end, 10);
		if (*end || value < LIMIT_NONE || value > LIMIT_MAX) {
			g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
				    "'%s' is no number from -1", parts[1]);
			return false;
		}
		for (unsigned int i = 0; strcmp(parts[0], "all") == 0 && i < KIND_COUNT; i++)
			if (limits_count((enum kind)i))
				limits->of[i] = value;
		if (strcmp(parts[0], "all") == 0)
			return true;
		if (limit_find(parts[0], &kind, &initial)) {
			limits->of[kind] = value;
			return true;
		}
	}
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "'%s' is not RESOURCE=NUMBER", text);
	return false;
}

static bool value_read(const char *name, json_t *value, int64_t *out, GError **error)
{
	g_autofree char *text = json_dumps(value, JSON_ENCODE_ANY);
	const struct attr attr = {
		.name = name, .type = ATTR_INT, .min = LIMIT_NONE, .max = LIMIT_MAX};

	if ((json_is_integer(value) || json_is_string(value)) &&
	    attr_parse(&attr, json_is_string(value) ? json_string_value(value) : text, out,
		       NULL))
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
		    "Invalid input for %s. Reason: '%s' is not an integer from -1 to %d.", name,
		    text, LIMIT_MAX);
	return false;
}

bool limits_read(struct limits *limits, json_t *body, GError **error)
{
	const char *name;
	json_t *value;
	int64_t initial;
	enum kind kind;

	json_object_foreach (body, name, value) {
		if (!limit_find(name, &kind, &initial))
			continue;
		if (!value_read(name, value, &limits->of[kind], error))
			return false;
	}
	return true;
}

json_t *limits_print(const struct limits *limits)
{
	json_t *out = json_object();

	for (unsigned int i = 0; i < KIND_COUNT; i++)
		if (limits->of[i] != LIMIT_UNSET)
			json_object_set_new(out, cloud_table((enum kind)i)->singular,
					    json_integer(limits->of[i]));
	return out;
}
