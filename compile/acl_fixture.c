/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ACLs have few ids; rules and subnets name them whether they are there or not. A subnet keeps what
 * it names through whatever else happens to it and to its network.
 */
#include "compile/acl_fixture.h"

#define ACLS  3
#define RULES 8

static struct uuid acl_id(guint n)
{
	struct uuid id = {{0xac, (uint8_t)n, 1}};

	return id;
}

static void rule_fill(struct history *history, struct network_acl_rule *rule)
{
	rule->number = 1 + history_roll(history, 9);
	rule->action = (uint32_t)history_roll(history, 2);
	g_clear_pointer(&rule->remote_ip_prefix, g_free);
	if (history_chance(history, 50))
		rule->remote_ip_prefix = g_strdup("10.2.0.0/16");
	rule->ethertype = rule->remote_ip_prefix ? 1 : (uint32_t)history_roll(history, 3);
}

static void rule_step(struct history *history)
{
	struct world *world = &history->world;
	const GPtrArray *rules = cloud_list(world->cloud, KIND_NETWORK_ACL_RULE);
	struct network_acl_rule *rule;
	struct uuid id;

	if (rules->len && (rules->len >= RULES || history_chance(history, 60))) {
		id = ((struct object *)rules->pdata[history_roll(history, (int)rules->len)])
			     ->id;
		if (history_chance(history, 50)) {
			world_delete(world, KIND_NETWORK_ACL_RULE, id);
			return;
		}
		rule = world_edit(world, KIND_NETWORK_ACL_RULE, id);
	} else {
		rule = attr_new(&network_acl_rule_table);
		rule->object.id = world_id(world);
		rule->network_acl_id = acl_id((guint)history_roll(history, ACLS));
		rule->direction = (uint32_t)history_roll(history, 2);
	}
	rule_fill(history, rule);
	world_apply(world, KIND_NETWORK_ACL_RULE, rule);
}

/* The API sees to it that subnets of a network are apart; here they may be equal. */
static bool has_twin(const struct world *world, const struct subnet *subnet)
{
	const GPtrArray *others = cloud_list_subnets(world->cloud, subnet->network_id);

	for (guint i = 0; i < others->len; i++) {
		const struct subnet *other = others->pdata[i];

		if (other != subnet && prefix_equal(other->cidr, subnet->cidr) &&
		    !uuid_is_none(other->network_acl_id))
			return true;
	}
	return false;
}

static void subnet_step(struct history *history)
{
	struct world *world = &history->world;
	const GPtrArray *subnets = cloud_list(world->cloud, KIND_SUBNET);
	struct subnet *subnet;

	if (!subnets->len)
		return;
	subnet = subnets->pdata[history_roll(history, (int)subnets->len)];
	if (has_twin(world, subnet))
		return;
	subnet = world_edit(world, KIND_SUBNET, subnet->object.id);
	subnet->network_acl_id = history_chance(history, 25)
					 ? uuid_none
					 : acl_id((guint)history_roll(history, ACLS));
	world_apply(world, KIND_SUBNET, subnet);
}

void acl_step(struct history *history)
{
	if (history_chance(history, 50))
		rule_step(history);
	else
		subnet_step(history);
}
