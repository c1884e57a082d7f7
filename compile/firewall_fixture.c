/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups, policies and rules have few ids, and name each other whether they are there or not: the API
 * would refuse some of it. A port is in one group at most.
 */
#include "compile/firewall_fixture.h"

#define GROUPS	 3
#define POLICIES 3
#define RULES	 6

static struct uuid some_id(struct history *history, uint8_t kind, int count)
{
	struct uuid id = {{0xf0, kind, (uint8_t)history_roll(history, count)}};

	return id;
}

/* A copy of what is there, or a new one; NULL: it has been deleted instead. */
static void *begin(struct history *history, enum kind kind, struct uuid id)
{
	struct world *world = &history->world;
	struct object *object;

	if (!cloud_find(world->cloud, kind, id)) {
		object = attr_new(cloud_table(kind));
		object->id = id;
		return object;
	}
	if (!history_chance(history, 25))
		return world_edit(world, kind, id);
	world_delete(world, kind, id);
	return NULL;
}

static void empty(struct vec *ids)
{
	g_free(ids->items);
	*ids = (struct vec){0};
}

static void rule_step(struct history *history)
{
	struct firewall_rule *rule =
		begin(history, KIND_FIREWALL_RULE, some_id(history, 1, RULES));

	if (!rule)
		return;
	rule->enabled = history_chance(history, 75);
	rule->action = (uint32_t)history_roll(history, 3);
	rule->ip_version = history_chance(history, 50) ? 4 : 6;
	g_clear_pointer(&rule->source_ip_address, g_free);
	if (history_chance(history, 50))
		rule->source_ip_address =
			g_strdup(rule->ip_version == 4 ? "10.2.0.0/16" : "fd00::/16");
	world_apply(&history->world, KIND_FIREWALL_RULE, rule);
}

static void policy_step_of(struct history *history)
{
	struct firewall_policy *policy =
		begin(history, KIND_FIREWALL_POLICY, some_id(history, 2, POLICIES));

	if (!policy)
		return;
	empty(&policy->rules);
	for (int i = history_roll(history, 5); i > 0; i--) {
		struct uuid id = some_id(history, 1, RULES);

		if (!firewall_policy_has_rule(policy, id))
			*(struct uuid *)vec_add(&policy->rules, sizeof(id)) = id;
	}
	world_apply(&history->world, KIND_FIREWALL_POLICY, policy);
}

static void add_ports(struct history *history, struct firewall_group *group)
{
	const struct cloud *cloud = history->world.cloud;
	const GPtrArray *ports = cloud_list(cloud, KIND_PORT);

	for (guint i = 0; i < ports->len; i++) {
		const struct port *port = ports->pdata[i];
		const struct firewall_group *other =
			cloud_find_port_firewall(cloud, port->object.id);

		if (port_is_router_interface(port) && history_chance(history, 40) &&
		    (!other || uuid_equal(other->object.id, group->object.id)))
			*(struct uuid *)vec_add(&group->ports, sizeof(struct uuid)) =
				port->object.id;
	}
}

static void group_step(struct history *history)
{
	struct firewall_group *group =
		begin(history, KIND_FIREWALL_GROUP, some_id(history, 3, GROUPS));

	if (!group)
		return;
	group->admin_state_up = history_chance(history, 85);
	group->ingress_policy_id =
		history_chance(history, 20) ? uuid_none : some_id(history, 2, POLICIES);
	group->egress_policy_id =
		history_chance(history, 20) ? uuid_none : some_id(history, 2, POLICIES);
	if (history_chance(history, 60)) {
		empty(&group->ports);
		add_ports(history, group);
	}
	world_apply(&history->world, KIND_FIREWALL_GROUP, group);
}

void firewall_step(struct history *history)
{
	int roll = history_roll(history, 10);

	if (roll < 3)
		rule_step(history);
	else if (roll < 6)
		policy_step_of(history);
	else
		group_step(history);
}
