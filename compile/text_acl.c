/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/text_acl.h"

#include "compile/value.h"

#define TIER_ACL 0 /* enum policy_tier */

char *text_acl_set(struct uuid acl_id)
{
	char id[UUID_TEXT];

	return g_strdup_printf("acl:%s", uuid_print(acl_id, id));
}

char *text_key_acl_rule(const struct network_acl_rule *rule)
{
	g_autofree char *set = text_acl_set(rule->network_acl_id);
	char id[UUID_TEXT];

	return g_strdup_printf("%s/%s", set, uuid_print(rule->object.id, id));
}

static void set_service(json_t *row, const struct network_acl_rule *rule)
{
	int protocol = network_acl_rule_get_protocol(rule);
	bool icmp = protocol == 1 || protocol == 58;

	if (protocol != SECURITY_PROTOCOL_ANY)
		json_object_set_new(row, "protocol", json_integer(protocol));
	if (rule->port_range_min != ATTR_INT_NONE)
		json_object_set_new(row, "min", json_integer(rule->port_range_min));
	if (rule->port_range_max != ATTR_INT_NONE)
		json_object_set_new(row, icmp ? "code" : "max",
				    json_integer(rule->port_range_max));
}

char *text_print_acl_rule(const struct network_acl_rule *rule)
{
	json_t *row = json_object();
	struct prefix prefix;

	json_object_set_new(row, "tier", json_integer(TIER_ACL));
	json_object_set_new(row, "order", json_integer(rule->number));
	json_object_set_new(
		row, "direction",
		json_string(rule->direction == DIRECTION_INGRESS ? "ingress" : "egress"));
	json_object_set_new(row, "action",
			    json_string(rule->action == ACL_ALLOW ? "accept" : "deny"));
	if (rule->ethertype)
		json_object_set_new(
			row, "ethertype",
			json_string(rule->ethertype == ETHERTYPE_IPV6 + 1 ? "IPv6" : "IPv4"));
	set_service(row, rule);
	if (network_acl_rule_get_prefix(rule, &prefix))
		json_object_set_new(row, "prefix", value_from_prefix(prefix));
	return value_dump(row);
}

char *text_key_border(struct vni vni, const struct subnet *subnet)
{
	char prefix[PREFIX_TEXT];

	return g_strdup_printf("%u/%s", vni.value, prefix_print(subnet->cidr, prefix));
}

char *text_print_border(const struct subnet *subnet)
{
	json_t *row = json_object();
	g_autofree char *set = text_acl_set(subnet->network_acl_id);

	json_object_set_new(row, "acl", json_string(set));
	return value_dump(row);
}
