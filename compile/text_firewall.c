/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/text_firewall.h"

#include "compile/text_policy.h"
#include "compile/value.h"

#define TIER_FIREWALL 6 /* enum policy_tier */

/*
 * Places are counted from the last rule: a policy is given its rules in front, and the others'
 * rows stay as they are.
 */
#define ORDER_END 1000000

char *text_firewall(struct uuid group_id)
{
	char id[UUID_TEXT];

	return g_strdup_printf("fw:%s", uuid_print(group_id, id));
}

void text_set_firewall(json_t *row, const struct firewall_group *group)
{
	g_autofree char *name = text_firewall(group->object.id);

	json_object_set_new(row, "firewall", json_string(name));
	if (group->object.project_id)
		json_object_set_new(row, "project", json_string(group->object.project_id));
}

static char *rule_key(const struct firewall_group *group, const struct firewall_rule *rule,
		      bool ingress)
{
	g_autofree char *name = text_firewall(group->object.id);
	char id[UUID_TEXT];

	return g_strdup_printf("%s/%s/%s", name, ingress ? "ingress" : "egress",
			       uuid_print(rule->object.id, id));
}

static void set_source(json_t *row, const struct firewall_rule *rule)
{
	uint16_t low, high;

	if (!firewall_ports_parse(rule->source_port, &low, &high))
		return;
	json_object_set_new(row, "source_min", json_integer(low));
	json_object_set_new(row, "source_max", json_integer(high));
}

static void set_service(json_t *row, const struct firewall_rule *rule)
{
	uint16_t low = 0, high = 0;
	bool has_ports = firewall_ports_parse(rule->destination_port, &low, &high);

	text_set_service(row, firewall_rule_get_protocol(rule), has_ports ? low : ATTR_INT_NONE,
			 has_ports ? high : ATTR_INT_NONE);
}

/* The far end is the one that is not behind the port. */
static char *rule_print(const struct firewall_rule *rule, bool ingress, gint64 order)
{
	static const char *const actions[] = {[FIREWALL_ALLOW] = "accept",
					      [FIREWALL_DENY] = "deny",
					      [FIREWALL_REJECT] = "reject"};
	json_t *row = json_object();
	struct prefix prefix;

	json_object_set_new(row, "tier", json_integer(TIER_FIREWALL));
	json_object_set_new(row, "order", json_integer(order));
	json_object_set_new(row, "direction", json_string(ingress ? "ingress" : "egress"));
	json_object_set_new(row, "action", json_string(actions[rule->action]));
	json_object_set_new(row, "ethertype",
			    json_string(rule->ip_version == 6 ? "IPv6" : "IPv4"));
	set_service(row, rule);
	if (firewall_rule_get_source(rule, &prefix))
		json_object_set_new(row, ingress ? "prefix" : "near",
				    value_from_prefix(prefix));
	if (firewall_rule_get_destination(rule, &prefix))
		json_object_set_new(row, ingress ? "near" : "prefix",
				    value_from_prefix(prefix));
	set_source(row, rule);
	return value_dump(row);
}

static void visit_policy(const struct cloud *cloud, const struct firewall_group *group,
			 bool ingress, route_visit visit, void *data)
{
	const struct firewall_policy *policy =
		cloud_find(cloud, KIND_FIREWALL_POLICY,
			   ingress ? group->ingress_policy_id : group->egress_policy_id);
	uint32_t count = policy ? policy->rules.count : 0;

	for (uint32_t i = 0; i < count; i++) {
		const struct firewall_rule *rule = cloud_find(
			cloud, KIND_FIREWALL_RULE, *vec_at(struct uuid, &policy->rules, i));

		if (rule && rule->enabled)
			visit(COMPILE_RULE, rule_key(group, rule, ingress),
			      rule_print(rule, ingress, ORDER_END - (gint64)(count - i)), data);
	}
}

void text_visit_firewall(const struct cloud *cloud, const struct firewall_group *group,
			 route_visit visit, void *data)
{
	if (!group->admin_state_up)
		return;
	visit_policy(cloud, group, true, visit, data);
	visit_policy(cloud, group, false, visit, data);
}
