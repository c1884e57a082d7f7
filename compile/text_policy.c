/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/text_policy.h"

#include <stdlib.h>
#include <string.h>

#include "compile/value.h"

#define TIER_GROUP 4 /* enum policy_tier */

bool text_is_filtered(const struct port *port)
{
	return port->port_security_enabled;
}

static char *set_name(const char *kind, struct uuid id)
{
	char text[UUID_TEXT];

	return g_strdup_printf("%s:%s", kind, uuid_print(id, text));
}

char *text_set(struct uuid security_group_id)
{
	return set_name("sg", security_group_id);
}

char *text_address_set(struct uuid address_group_id)
{
	return set_name("ag", address_group_id);
}

char *text_rule_remote(const struct security_rule *rule)
{
	if (!uuid_is_none(rule->remote_group_id))
		return text_set(rule->remote_group_id);
	if (!uuid_is_none(rule->remote_address_group_id))
		return text_address_set(rule->remote_address_group_id);
	return NULL;
}

char *text_key_rule(const struct security_rule *rule)
{
	g_autofree char *set = text_set(rule->security_group_id);
	char text[UUID_TEXT];

	return g_strdup_printf("%s/%s", set, uuid_print(rule->object.id, text));
}

static void set_text(json_t *row, const char *name, char *text)
{
	json_object_set_new(row, name, json_string(text));
	g_free(text);
}

void text_set_service(json_t *row, int protocol, int64_t min, int64_t max)
{
	bool icmp = protocol == 1 || protocol == 58;

	if (protocol != SECURITY_PROTOCOL_ANY)
		json_object_set_new(row, "protocol", json_integer(protocol));
	if (min != ATTR_INT_NONE)
		json_object_set_new(row, "min", json_integer(min));
	if (max != ATTR_INT_NONE)
		json_object_set_new(row, icmp ? "code" : "max", json_integer(max));
}

char *text_print_rule(const struct security_rule *rule, const struct security_group *group)
{
	json_t *row = json_object();
	struct prefix prefix;

	json_object_set_new(row, "tier", json_integer(TIER_GROUP));
	json_object_set_new(row, "order", json_integer(0));
	json_object_set_new(
		row, "direction",
		json_string(rule->direction == DIRECTION_INGRESS ? "ingress" : "egress"));
	json_object_set_new(row, "action", json_string("accept"));
	json_object_set_new(row, "ethertype",
			    json_string(rule->ethertype == ETHERTYPE_IPV6 ? "IPv6" : "IPv4"));
	text_set_service(row, security_rule_get_protocol(rule), rule->port_range_min,
			 rule->port_range_max);
	if (security_rule_get_prefix(rule, &prefix))
		json_object_set_new(row, "prefix", value_from_prefix(prefix));
	else if (!uuid_is_none(rule->remote_group_id))
		set_text(row, "set", text_set(rule->remote_group_id));
	else if (!uuid_is_none(rule->remote_address_group_id))
		set_text(row, "addresses", text_address_set(rule->remote_address_group_id));
	if (group && !group->stateful)
		json_object_set_new(row, "stateless", json_true());
	return value_dump(row);
}

static int name_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char *text_print_identity(GPtrArray *names)
{
	json_t *row = json_object(), *sets = json_array();

	if (names->len)
		qsort(names->pdata, names->len, sizeof(void *), name_compare);
	for (guint i = 0; i < names->len; i++)
		json_array_append_new(sets, json_string(names->pdata[i]));
	json_object_set_new(row, "sets", sets);
	return value_dump(row);
}
