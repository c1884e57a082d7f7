/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/text_acl.h"

#include "compile/text_policy.h"
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
	text_set_service(row, network_acl_rule_get_protocol(rule), rule->port_range_min,
			 rule->port_range_max);
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
