/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups have few ids, of which some exist: rules and ports may come before their group, or
 * stay behind it. An identity follows from the groups, labels, names of ports and the project, as
 * the API sees to.
 */
#include "compile/policy_fixture.h"

#define GROUPS	 4
#define RULES	 12
#define POLICIES 6
#define LOGS	 4

static const char *const projects[] = {"acme", "zeta"};
static const char *const apps[] = {"web", "db"};

static struct uuid group_id(guint n, uint8_t kind)
{
	struct uuid id = {{0xaa, kind, (uint8_t)n, 1}};

	return id;
}

static char **string_add(struct vec *vec, const char *text)
{
	char **at = vec_add(vec, sizeof(char *));

	*at = g_strdup(text);
	return at;
}

static void label_add(struct vec *labels, const char *key, const char *value)
{
	struct label *label = vec_add(labels, sizeof(*label));

	label->key = g_strdup(key);
	label->value = g_strdup(value);
}

/* Each a few of few; which, as a number. */
static guint labels_give(struct history *history, struct port *port)
{
	static const int numbers[] = {80, 8080};
	guint app = (guint)history_roll(history, 3), old = (guint)history_roll(history, 2);
	guint named = (guint)history_roll(history, 3), project;

	vec_done(&port->labels, &label_table);
	vec_done(&port->named_ports, &named_port_table);
	if (app)
		label_add(&port->labels, "app", apps[app - 1]);
	if (old)
		label_add(&port->labels, "old", "");
	if (named) {
		struct named_port *one = vec_add(&port->named_ports, sizeof(*one));

		one->name = g_strdup("http");
		one->port = numbers[named - 1];
	}
	project = history_chance(history, 20);
	port->object.project_id = g_intern_string(projects[project]);
	return ((app * 2 + old) * 3 + named) * 2 + project;
}

void policy_give(struct history *history, struct port *port)
{
	guint mask = (guint)history_roll(history, 1 << GROUPS);
	guint label = history_chance(history, 70) ? labels_give(history, port) : 0;

	if (!label) {
		vec_done(&port->labels, &label_table);
		vec_done(&port->named_ports, &named_port_table);
		port->object.project_id = g_intern_string(projects[0]);
	}
	vec_done(&port->security_groups, attr_find(&port_table, "security_groups")->item);
	for (guint i = 0; i < GROUPS; i++)
		if (mask & 1u << i)
			*(struct uuid *)vec_add(&port->security_groups, sizeof(struct uuid)) =
				group_id(i, 1);
	port->identity = mask || label ? 100 + label * (1 << GROUPS) + mask : 7;
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

static void random_selector(struct history *history, struct selector *selector)
{
	struct requirement *requirement;

	if (history_chance(history, 50))
		label_add(&selector->match_labels, "app", apps[history_roll(history, 2)]);
	if (history_chance(history, 60))
		return;
	requirement = vec_add(&selector->match_expressions, sizeof(*requirement));
	requirement->relation = (uint32_t)history_roll(history, 4);
	requirement->key = g_strdup(history_chance(history, 50) ? "app" : "old");
	if (requirement->relation <= SELECTOR_NOT_IN)
		string_add(&requirement->values, apps[history_roll(history, 2)]);
}

static void random_peer(struct history *history, struct selector_peer *peer)
{
	switch (history_roll(history, 4)) {
	case 0:
		peer->cidr = g_strdup("10.0.0.0/8");
		break;
	case 1:
		peer->address_group_id = group_id((guint)history_roll(history, GROUPS), 2);
		break;
	default:
		random_selector(history, &peer->selector);
	}
}

static void random_service(struct history *history, struct selector_service *service,
			   bool named)
{
	*service = (struct selector_service){.end_port = ATTR_INT_NONE,
					     .icmp_type = ATTR_INT_NONE,
					     .icmp_code = ATTR_INT_NONE};
	service->protocol = g_strdup("tcp");
	service->port = g_strdup(named ? "http" : "443");
}

static void random_policy_rule(struct history *history, struct selector_policy *policy)
{
	struct selector_rule *rule = vec_add(&policy->rules, sizeof(*rule));
	int peers = history_roll(history, 3), services = history_roll(history, 3);
	bool named = history_chance(history, 50);

	rule->name = g_strdup_printf("%u", policy->rules.count);
	rule->direction = (uint32_t)history_roll(history, 2);
	rule->action = (uint32_t)history_roll(history, 4);
	while (peers--)
		random_peer(history, vec_add(&rule->peers, sizeof(struct selector_peer)));
	while (services--) {
		random_service(history,
			       vec_add(&rule->services, sizeof(struct selector_service)),
			       named);
		named = !named;
	}
}

static void random_policy(struct history *history, struct selector_policy *policy)
{
	int rules = history_roll(history, 4);
	uint32_t direction = (uint32_t)history_roll(history, 2);

	selector_done(&policy->subject);
	random_selector(history, &policy->subject);
	vec_done(&policy->rules, attr_find(&selector_policy_table, "rules")->item);
	vec_done(&policy->default_deny,
		 attr_find(&selector_policy_table, "default_deny")->item);
	policy->tier = history_roll(history, 3);
	policy->priority = history_roll(history, 3);
	while (rules--)
		random_policy_rule(history, policy);
	if (history_chance(history, 50))
		*(uint32_t *)vec_add(&policy->default_deny, sizeof(direction)) = direction;
}

static void selector_step(struct history *history)
{
	struct world *world = &history->world;
	const GPtrArray *policies = cloud_list(world->cloud, KIND_POLICY);
	struct selector_policy *policy = NULL;

	if (policies->len && history_chance(history, 70)) {
		policy = policies->pdata[history_roll(history, (int)policies->len)];
		if (policies->len >= POLICIES || history_chance(history, 40)) {
			world_delete(world, KIND_POLICY, policy->object.id);
			return;
		}
		policy = world_edit(world, KIND_POLICY, policy->object.id);
	}
	if (!policy) {
		policy = attr_new(&selector_policy_table);
		policy->object.id = world_id(world);
		policy->object.project_id =
			g_intern_string(projects[history_chance(history, 30)]);
	}
	random_policy(history, policy);
	world_apply(world, KIND_POLICY, policy);
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
		group_step,	rule_step,     rule_step,   rule_step,
		addresses_step, log_step,      member_step, selector_step,
		selector_step,	selector_step, member_step,
	};

	steps[history_roll(history, G_N_ELEMENTS(steps))](history);
}
