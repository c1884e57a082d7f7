/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups have few ids, of which some exist: rules and ports may come before their group, or
 * stay behind it. An identity follows from the groups, as the API sees to.
 */
#include "compile/policy_fixture.h"

#define GROUPS 4
#define RULES  12
#define LOGS   4

static struct uuid group_id(guint n, uint8_t kind)
{
	struct uuid id = {{0xaa, kind, (uint8_t)n, 1}};

	return id;
}

void policy_give(struct history *history, struct port *port)
{
	guint mask = (guint)history_roll(history, 1 << GROUPS);

	vec_done(&port->security_groups, attr_find(&port_table, "security_groups")->item);
	for (guint i = 0; i < GROUPS; i++)
		if (mask & 1u << i)
			*(struct uuid *)vec_add(&port->security_groups, sizeof(struct uuid)) =
				group_id(i, 1);
	port->identity = mask ? 100 + mask : 7;
}

static void group_step(struct history *history)
{
	struct world *world = &history->world;
	struct uuid id = group_id((guint)history_roll(history, GROUPS), 1);
	struct security_group *group = cloud_find(world->cloud, KIND_SECURITY_GROUP, id)
					       ? world_edit(world, KIND_SECURITY_GROUP, id)
					       : NULL;

	if (group && history_chance(history, 30)) {
		attr_free(&security_group_table, group);
		world_delete(world, KIND_SECURITY_GROUP, id);
		return;
	}
	if (!group) {
		group = attr_new(&security_group_table);
		group->object.id = id;
	}
	group->stateful = history_chance(history, 50);
	world_apply(world, KIND_SECURITY_GROUP, group);
}

static void rule_step(struct history *history)
{
	struct world *world = &history->world;
	const GPtrArray *rules = cloud_list(world->cloud, KIND_SECURITY_RULE);
	struct security_rule *rule;

	if (rules->len >= RULES || (rules->len && history_chance(history, 40))) {
		rule = rules->pdata[history_roll(history, (int)rules->len)];
		world_delete(world, KIND_SECURITY_RULE, rule->object.id);
		return;
	}
	rule = attr_new(&security_rule_table);
	rule->object.id = world_id(world);
	rule->security_group_id = group_id((guint)history_roll(history, GROUPS), 1);
	rule->direction = (uint32_t)history_roll(history, 2);
	if (history_chance(history, 50))
		rule->remote_group_id = group_id((guint)history_roll(history, GROUPS), 1);
	else if (history_chance(history, 50))
		rule->remote_address_group_id =
			group_id((guint)history_roll(history, GROUPS), 2);
	else
		rule->remote_ip_prefix = g_strdup("10.0.0.0/8");
	world_apply(world, KIND_SECURITY_RULE, rule);
}

static void addresses_step(struct history *history)
{
	struct world *world = &history->world;
	struct uuid id = group_id((guint)history_roll(history, GROUPS), 2);
	struct address_group *group = cloud_find(world->cloud, KIND_ADDRESS_GROUP, id)
					      ? world_edit(world, KIND_ADDRESS_GROUP, id)
					      : NULL;

	if (group && history_chance(history, 20)) {
		attr_free(&address_group_table, group);
		world_delete(world, KIND_ADDRESS_GROUP, id);
		return;
	}
	if (!group) {
		group = attr_new(&address_group_table);
		group->object.id = id;
	}
	vec_done(&group->addresses, attr_find(&address_group_table, "addresses")->item);
	for (int i = 0; i < 3; i++) {
		struct prefix prefix;
		g_autofree char *text = g_strdup_printf("10.%d.0.0/16", i);

		g_assert_true(prefix_parse(text, true, &prefix));
		if (history_chance(history, 50))
			*(struct prefix *)vec_add(&group->addresses, sizeof(prefix)) = prefix;
	}
	world_apply(world, KIND_ADDRESS_GROUP, group);
}

static void member_step(struct history *history)
{
	const GPtrArray *ports = cloud_list(history->world.cloud, KIND_PORT);
	struct port *port;

	if (!ports->len)
		return;
	port = ports->pdata[history_roll(history, (int)ports->len)];
	port = world_edit(&history->world, KIND_PORT, port->object.id);
	policy_give(history, port);
	world_apply(&history->world, KIND_PORT, port);
}

/* A log of a group, of a port, or of a project; it comes, goes, or is turned off. */
static void log_step(struct history *history)
{
	struct world *world = &history->world;
	const GPtrArray *logs = cloud_list(world->cloud, KIND_LOG);
	const GPtrArray *ports = cloud_list(world->cloud, KIND_PORT);
	struct flow_log *log;

	if (logs->len >= LOGS || (logs->len && history_chance(history, 40))) {
		log = logs->pdata[history_roll(history, (int)logs->len)];
		if (history_chance(history, 50)) {
			world_delete(world, KIND_LOG, log->object.id);
			return;
		}
		log = world_edit(world, KIND_LOG, log->object.id);
		log->enabled = !log->enabled;
		world_apply(world, KIND_LOG, log);
		return;
	}
	log = attr_new(&flow_log_table);
	log->object.id = world_id(world);
	log->event = (uint32_t)history_roll(history, 3);
	if (history_chance(history, 50))
		log->resource_id = group_id((guint)history_roll(history, GROUPS), 1);
	if (ports->len && history_chance(history, 50))
		log->target_id =
			((struct object *)ports->pdata[history_roll(history, (int)ports->len)])
				->id;
	world_apply(world, KIND_LOG, log);
}

void policy_step(struct history *history)
{
	static void (*const steps[])(struct history * history) = {
		group_step,	rule_step,   rule_step, rule_step,
		addresses_step, member_step, log_step,
	};

	steps[history_roll(history, G_N_ELEMENTS(steps))](history);
}
