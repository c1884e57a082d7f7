/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rule is words: its direction; an action, "accept" when there is none; "from" or "to" and a
 * peer, as often as wanted; services; "log"; and "name=", by which it is known. What a value may
 * be is the API's to say.
 */
#include "cli/policy_text.h"

#include <string.h>
#include "lib/error.h"
#include "lib/ip.h"

#define GROUP "group:"
#define ALL   "all"

static json_t *wrong(GError **error, const char *what, const char *word)
{
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "'%s' is not %s", word, what);
	return NULL;
}

/* ------------------------------------------------------------ selectors */

static json_t *values_parse(const char *text)
{
	g_auto(GStrv) parts = g_strsplit(text, "|", -1);
	json_t *values = json_array();

	for (char **part = parts; *part; part++)
		json_array_append_new(values, json_string(*part));
	if (!*parts)
		json_array_append_new(values, json_string(""));
	return values;
}

static json_t *requirement(const char *key, const char *relation, json_t *values)
{
	return json_pack("{s:s,s:s,s:o}", "key", key, "operator", relation, "values",
			 values ? values : json_array());
}

json_t *policy_text_parse_requirement(const char *text, GError **error)
{
	const char *equals = strchr(text, '=');
	bool is_not = equals && equals > text && equals[-1] == '!';
	g_autofree char *key =
		equals ? g_strndup(text, (gsize)(equals - text) - is_not) : g_strdup(text);

	if (!*key || (*key == '!' && (!key[1] || equals)))
		return wrong(error, "KEY, !KEY, KEY=VALUE|… or KEY!=VALUE|…", text);
	if (equals)
		return requirement(key, is_not ? "NotIn" : "In", values_parse(equals + 1));
	return *key == '!' ? requirement(key + 1, "DoesNotExist", NULL)
			   : requirement(key, "Exists", NULL);
}

json_t *policy_text_parse_selector(const char *text, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(text, ",", -1);
	json_auto_t *requirements = json_array();

	for (char **part = parts; *part; part++) {
		json_t *one = policy_text_parse_requirement(*part, error);

		if (!one)
			return NULL;
		json_array_append_new(requirements, one);
	}
	return json_incref(requirements);
}

static bool values_have(const json_t *values, const char *text)
{
	json_t *value;
	size_t i;

	json_array_foreach (values, i, value)
		if (!g_strcmp0(json_string_value(value), text))
			return true;
	return false;
}

/* As model/selector.h means it: who has not the key is in none of the values. */
static bool requirement_holds(const json_t *requirement, const json_t *labels)
{
	const char *relation = json_string_value(json_object_get(requirement, "operator"));
	const char *key = json_string_value(json_object_get(requirement, "key"));
	const char *value = json_string_value(json_object_get(labels, key));
	bool wanted = !strcmp(relation, "In") || !strcmp(relation, "Exists");
	bool any = !json_array_size(json_object_get(requirement, "values"));

	return (value && (any || values_have(json_object_get(requirement, "values"), value))) ==
	       wanted;
}

bool policy_text_selects(const json_t *requirements, const json_t *labels)
{
	json_t *requirement;
	size_t i;

	json_array_foreach (requirements, i, requirement)
		if (!requirement_holds(requirement, labels))
			return false;
	return true;
}

/* Single values are labels, the rest expressions. */
static json_t *selector_parse(const char *text, GError **error)
{
	json_auto_t *requirements = policy_text_parse_selector(text, error);
	json_auto_t *labels = json_object(), *expressions = json_array();
	json_t *one;
	size_t i;

	json_array_foreach (requirements, i, one) {
		json_t *values = json_object_get(one, "values");
		const char *key = json_string_value(json_object_get(one, "key"));

		if (!strcmp(json_string_value(json_object_get(one, "operator")), "In") &&
		    json_array_size(values) == 1 && !json_object_get(labels, key)) {
			json_object_set(labels, key, json_array_get(values, 0));
		} else {
			json_array_append(expressions, one);
		}
	}
	if (!requirements)
		return NULL;
	return json_pack("{s:O,s:O}", "match_labels", labels, "match_expressions", expressions);
}

/* ---------------------------------------------------------------- peers */

/* "10.0.0.0/8!10.1.0.0/16!10.2.0.0/16" */
static json_t *prefix_parse_peer(char **parts)
{
	json_t *except = json_array();

	for (char **part = parts + 1; *part; part++)
		json_array_append_new(except, json_string(*part));
	return json_pack("{s:s,s:o}", "cidr", parts[0], "except", except);
}

static json_t *peer_parse(const char *word, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(word, "!", -1);
	struct prefix prefix;

	if (!strcmp(word, ALL))
		return json_object();
	if (g_str_has_prefix(word, GROUP))
		return json_pack("{s:s}", "address_group_id", word + strlen(GROUP));
	if (*parts && prefix_parse(parts[0], false, &prefix))
		return prefix_parse_peer(parts);
	return selector_parse(word, error);
}

/* ------------------------------------------------------------- services */

static bool number(const char *text, json_t *out, const char *name)
{
	guint64 value;

	if (!text || !g_ascii_string_to_unsigned(text, 10, 0, UINT16_MAX, &value, NULL))
		return false;
	json_object_set_new(out, name, json_integer((json_int_t)value));
	return true;
}

/* "443", "8000-8080", or a name, which may hold a '-', too. */
static bool ports_parse(const char *text, json_t *out)
{
	g_auto(GStrv) ends = g_strsplit(text, "-", 2);

	if (ends[0] && ends[1] && number(ends[0], out, "port") &&
	    number(ends[1], out, "end_port"))
		return json_object_set_new(out, "port", json_string(ends[0])) == 0;
	return *text && json_object_set_new(out, "port", json_string(text)) == 0;
}

/* "tcp", "tcp/443", "icmp/8/0" */
static json_t *service_parse(const char *word, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(word, "/", 3);
	json_auto_t *service = json_pack("{s:s}", "protocol", parts[0] ? parts[0] : "");
	bool icmp = parts[0] && strstr(parts[0], "icmp");
	bool good = parts[0] != NULL;

	if (good && parts[1])
		good = icmp ? number(parts[1], service, "icmp_type")
			    : ports_parse(parts[1], service) && !parts[2];
	if (good && parts[1] && parts[2])
		good = icmp && number(parts[2], service, "icmp_code");
	return good ? json_incref(service)
		    : wrong(error, "PROTOCOL[/PORT[-PORT]] or icmp[/TYPE[/CODE]]", word);
}

/* ---------------------------------------------------------------- rules */

static const char *const directions[] = {"ingress", "egress", NULL};
static const char *const actions[] = {"accept", "deny", "reject", "pass", NULL};

static bool is_one_of(const char *const *names, const char *word)
{
	return word && g_strv_contains(names, word);
}

static bool append(json_t *rule, const char *list, json_t *item)
{
	return item && json_array_append_new(json_object_get(rule, list), item) == 0;
}

/* WORD and, after "from" and "to", the one that follows, which *NEXT passes over. */
static bool word_parse(json_t *rule, const char *word, char ***next, GError **error)
{
	bool from = !strcmp(word, "from"), to = !strcmp(word, "to");
	const char *direction = json_string_value(json_object_get(rule, "direction"));

	if (from || to) {
		if (!**next || strcmp(direction, from ? "ingress" : "egress"))
			return wrong(error,
				     !**next ? "followed by a peer"
				     : from  ? "said of egress"
					     : "said of ingress",
				     word) != NULL;
		return append(rule, "peers", peer_parse(*(*next)++, error));
	}
	if (!strcmp(word, "log"))
		return json_object_set_new(rule, "log", json_true()) == 0;
	if (g_str_has_prefix(word, "name="))
		return json_object_set_new(rule, "name", json_string(word + 5)) == 0;
	return append(rule, "services", service_parse(word, error));
}

json_t *policy_text_parse_rule(const char *text, GError **error)
{
	g_auto(GStrv) words = g_strsplit_set(text, " \t", -1);
	char **next = words;
	json_auto_t *rule = json_pack("{s:[],s:[]}", "peers", "services");

	if (!is_one_of(directions, *next))
		return wrong(error, "a rule: it begins with ingress or egress", text);
	json_object_set_new(rule, "direction", json_string(*next++));
	json_object_set_new(rule, "action",
			    json_string(is_one_of(actions, *next) ? *next++ : "accept"));
	while (*next) {
		const char *word = *next++;

		if (*word && !word_parse(rule, word, &next, error))
			return NULL;
	}
	return json_incref(rule);
}

/* ------------------------------------------------------------- printing */

static const char *text_at(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static char *join(const json_t *texts, const char *separator)
{
	g_autoptr(GString) out = g_string_new(NULL);
	json_t *text;
	size_t i;

	json_array_foreach (texts, i, text)
		g_string_append_printf(out, "%s%s", i ? separator : "",
				       json_string_value(text));
	return g_strdup(out->str);
}

char *policy_text_print_requirement(const json_t *one)
{
	g_autofree char *values = join(json_object_get(one, "values"), "|");
	const char *relation = text_at(one, "operator"), *key = text_at(one, "key");

	if (!strcmp(relation, "In"))
		return g_strconcat(key, "=", values, NULL);
	if (!strcmp(relation, "NotIn"))
		return g_strconcat(key, "!=", values, NULL);
	return g_strconcat(strcmp(relation, "Exists") ? "!" : "", key, NULL);
}

static void print_peer(const json_t *peer, GString *out)
{
	gsize start = out->len;
	const char *key;
	json_t *value;
	size_t i;

	if (*text_at(peer, "address_group_id"))
		g_string_append_printf(out, GROUP "%s", text_at(peer, "address_group_id"));
	if (*text_at(peer, "cidr"))
		g_string_append(out, text_at(peer, "cidr"));
	json_array_foreach (json_object_get(peer, "except"), i, value)
		g_string_append_printf(out, "!%s", json_string_value(value));
	json_object_foreach (json_object_get(peer, "match_labels"), key, value)
		g_string_append_printf(out, "%s%s=%s", out->len > start ? "," : "", key,
				       json_string_value(value));
	json_array_foreach (json_object_get(peer, "match_expressions"), i, value) {
		g_autofree char *text = policy_text_print_requirement(value);

		g_string_append_printf(out, "%s%s", out->len > start ? "," : "", text);
	}
	if (out->len == start)
		g_string_append(out, ALL);
}

static void print_number(const json_t *service, const char *name, const char *separator,
			 GString *out)
{
	const json_t *value = json_object_get(service, name);

	if (json_is_integer(value))
		g_string_append_printf(out, "%s%" JSON_INTEGER_FORMAT, separator,
				       json_integer_value(value));
}

static void print_service(const json_t *service, GString *out)
{
	g_string_append_printf(out, " %s", text_at(service, "protocol"));
	if (*text_at(service, "port"))
		g_string_append_printf(out, "/%s", text_at(service, "port"));
	print_number(service, "end_port", "-", out);
	print_number(service, "icmp_type", "/", out);
	print_number(service, "icmp_code", "/", out);
}

char *policy_text_print_rule(const json_t *rule)
{
	const char *direction = text_at(rule, "direction");
	g_autoptr(GString) out = g_string_new(direction);
	json_t *item;
	size_t i;

	g_string_append_printf(out, " %s", text_at(rule, "action"));
	json_array_foreach (json_object_get(rule, "peers"), i, item) {
		g_string_append(out, strcmp(direction, "egress") ? " from " : " to ");
		print_peer(item, out);
	}
	json_array_foreach (json_object_get(rule, "services"), i, item)
		print_service(item, out);
	if (json_is_true(json_object_get(rule, "log")))
		g_string_append(out, " log");
	if (*text_at(rule, "name"))
		g_string_append_printf(out, " name=%s", text_at(rule, "name"));
	return g_strdup(out->str);
}
