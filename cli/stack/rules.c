/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A group's rules are compared as a whole and by what they mean, as they have no names.
 */
#include "cli/stack/rules.h"

#include <string.h>
#include "cli/stack/member.h"
#include "cli/value.h"
#include "lib/error.h"

/* What makes a rule the rule it is. */
static const char *const keys[] = {
	"direction",	  "ethertype",	      "protocol",	 "port_range_min",
	"port_range_max", "remote_ip_prefix", "remote_group_id", "remote_address_group_id",
};

/* remote_mode says which of the two remotes is meant. */
static bool set_remote(json_t *rule, const char *mode, GError **error)
{
	if (mode && strcmp(mode, "remote_group_id") && strcmp(mode, "remote_ip_prefix")) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "rules: remote_mode: '%s' is neither remote_ip_prefix nor "
			    "remote_group_id",
			    mode);
		return false;
	}
	if (!mode || strcmp(mode, "remote_group_id")) {
		json_object_del(rule, "remote_group_id");
		return true;
	}
	json_object_del(rule, "remote_ip_prefix");
	if (!json_object_get(rule, "remote_group_id"))
		json_object_set_new(rule, "remote_group_id", json_true());
	return true;
}

/* As the API keeps it: all ports are no range. */
static void drop_whole_range(json_t *rule)
{
	if (json_integer_value(json_object_get(rule, "port_range_min")) != 1 ||
	    json_integer_value(json_object_get(rule, "port_range_max")) != UINT16_MAX)
		return;
	json_object_del(rule, "port_range_min");
	json_object_del(rule, "port_range_max");
}

static json_t *make_rule(const json_t *item, GError **error)
{
	const char *mode = json_string_value(json_object_get(item, "remote_mode"));
	json_auto_t *rule = json_pack("{s:s,s:s}", "direction", "ingress", "ethertype", "IPv4");

	for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
		const struct attr *attr = attr_find(cloud_table(KIND_SECURITY_RULE), keys[i]);
		json_t *value = json_object_get(item, keys[i]);
		json_t *done;

		if (!value || json_is_null(value))
			continue;
		done = attr->type == ATTR_UUID ? json_incref(value)
					       : value_convert(attr, value, error);
		if (!done) {
			g_prefix_error(error, "rules: ");
			return NULL;
		}
		json_object_set_new(rule, keys[i], done);
	}
	drop_whole_range(rule);
	return set_remote(rule, mode, error) ? g_steal_pointer(&rule) : NULL;
}

json_t *rules_make(const json_t *items, GError **error)
{
	json_auto_t *rules = json_array();
	json_t *item;
	size_t i;

	json_array_foreach (items, i, item) {
		json_t *rule = make_rule(item, error);

		if (!rule)
			return NULL;
		json_array_append_new(rules, rule);
	}
	return g_steal_pointer(&rules);
}

static bool has_value(const json_t *value)
{
	return value && !json_is_null(value);
}

static bool same_text(const json_t *a, const json_t *b)
{
	return json_is_string(a) && json_is_string(b) &&
	       !g_ascii_strcasecmp(json_string_value(a), json_string_value(b));
}

static bool is_same(const json_t *a, const json_t *b)
{
	for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
		const json_t *one = json_object_get(a, keys[i]);
		const json_t *other = json_object_get(b, keys[i]);

		if (!has_value(one) && !has_value(other))
			continue;
		if (!has_value(one) || !has_value(other))
			return false;
		if (!json_equal(one, other) && !same_text(one, other))
			return false;
	}
	return true;
}

/* It is a resource of its own. */
static bool is_member(const json_t *rule)
{
	json_t *tag;
	size_t i;

	json_array_foreach (json_object_get(rule, "tags"), i, tag)
		if (json_is_string(tag) && member_parse_stack(json_string_value(tag)))
			return true;
	return false;
}

static bool has_rule(const json_t *list, const json_t *rule)
{
	json_t *one;
	size_t i;

	json_array_foreach (list, i, one)
		if (!is_member(one) && is_same(one, rule))
			return true;
	return false;
}

static bool is_egress(const json_t *rule)
{
	return !g_strcmp0(json_string_value(json_object_get(rule, "direction")), "egress");
}

/* All that GROUP shall have: each once, "itself" by its id. */
static json_t *complete(const json_t *wanted, const json_t *group)
{
	json_t *all = json_array(), *rule;
	bool egress = false;
	size_t i;

	json_array_foreach (wanted, i, rule) {
		json_auto_t *copy = json_copy(rule);

		if (json_is_true(json_object_get(copy, "remote_group_id")))
			json_object_set(copy, "remote_group_id", json_object_get(group, "id"));
		egress = egress || is_egress(copy);
		if (!has_rule(all, copy))
			json_array_append(all, copy);
	}
	for (int v6 = 0; v6 < 2 && !egress; v6++)
		json_array_append_new(all, json_pack("{s:s,s:s}", "direction", "egress",
						     "ethertype", v6 ? "IPv6" : "IPv4"));
	return all;
}

bool rules_compare(const json_t *wanted, const json_t *group, json_t **missing, json_t **extra)
{
	const json_t *rules = json_object_get(group, "security_group_rules");
	json_auto_t *all = complete(wanted, group);
	json_t *rule;
	size_t i;

	*missing = json_array();
	*extra = json_array();
	json_array_foreach (all, i, rule)
		if (!has_rule(rules, rule)) {
			json_object_set(rule, "security_group_id",
					json_object_get(group, "id"));
			json_array_append(*missing, rule);
		}
	json_array_foreach (rules, i, rule)
		if (!is_member(rule) && !has_rule(all, rule))
			json_array_append(*extra, rule);
	return json_array_size(*missing) || json_array_size(*extra);
}

json_t *rules_to_body(const json_t *rule)
{
	json_t *body = json_object();

	for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
		if (has_value(json_object_get(rule, keys[i])))
			json_object_set(body, keys[i], json_object_get(rule, keys[i]));
	json_object_set(body, "security_group_id", json_object_get(rule, "security_group_id"));
	return body;
}
