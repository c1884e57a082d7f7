/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rule is one row for each pair of a peer and a service; a service by name one for each number
 * that the name has: who is selected is then said with the number, so that rows know no names.
 */
#include "compile/text_selector.h"

#include <string.h>

#include "compile/text_policy.h"
#include "compile/value.h"

/* enum policy_tier */
#define TIER_POLICY   1
#define TIER_BASELINE 5

#define PLACE_BITS    16
#define ORDER_DEFAULT INT32_MAX

static const char *const actions[] = {
	[SELECTOR_ACCEPT] = "accept",
	[SELECTOR_DENY] = "deny",
	[SELECTOR_REJECT] = "reject",
	[SELECTOR_PASS] = "pass",
};

static const struct selector_peer anybody;
static const struct selector_service everything = {
	.end_port = ATTR_INT_NONE, .icmp_type = ATTR_INT_NONE, .icmp_code = ATTR_INT_NONE};

/* -------------------------------------------------------------- selections */

char *text_selection(const struct selection *selection)
{
	g_autofree char *selector = selector_print(selection->selector);
	g_autofree char *text =
		selection->port_name
			? g_strdup_printf("%s;%s/%d=%u;%s", selector, selection->port_name,
					  selection->protocol, selection->number,
					  selection->project)
			: g_strdup_printf("%s;;%s", selector, selection->project);
	g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);

	return g_strdup_printf("se:%.32s", digest);
}

static bool has_named(const struct selection *selection, const struct vec *named_ports)
{
	for (uint32_t i = 0; i < named_ports->count; i++) {
		const struct named_port *named = vec_at(struct named_port, named_ports, i);

		if (named->port == selection->number &&
		    named_port_get_protocol(named) == selection->protocol &&
		    strcmp(named->name, selection->port_name) == 0)
			return true;
	}
	return false;
}

bool selection_has(const struct selection *selection, const char *project,
		   const struct vec *labels, const struct vec *named_ports)
{
	return selection->project == project && selector_matches(selection->selector, labels) &&
	       (!selection->port_name || has_named(selection, named_ports));
}

/* -------------------------------------------------------------------- rows */

/* The policy whose rules are printed, and where they go. */
struct walk {
	const struct selector_policy *policy;
	const struct selector_rule *rule;
	uint32_t place;
	text_numbers numbers;
	text_visit_rule visit;
	void *data;
};

static json_t *rule_head(const struct selector_policy *policy, int64_t order,
			 enum direction direction, const char *action, bool log)
{
	int64_t tier = policy->baseline ? TIER_BASELINE : TIER_POLICY + policy->tier;
	json_t *row = json_pack("{s:I,s:I,s:s,s:s}", "tier", (json_int_t)tier, "order",
				(json_int_t)order, "direction",
				direction == DIRECTION_INGRESS ? "ingress" : "egress", "action",
				action);

	if (log)
		json_object_set_new(row, "log", json_true());
	return row;
}

/* NUMBER: what the name of the service's port is; 0: it has none. */
static void set_service(json_t *row, const struct selector_service *service, uint16_t number)
{
	int protocol;
	uint16_t low = number, high = number;

	if (service == &everything)
		return;
	protocol = selector_service_get_protocol(service);
	json_object_set_new(row, "protocol", json_integer(protocol));
	if (!number)
		selector_service_get_range(service, &low, &high);
	if (!service->port && service->icmp_type == ATTR_INT_NONE)
		return;
	if (service->port) {
		json_object_set_new(row, "min", json_integer(low));
		json_object_set_new(row, "max", json_integer(high));
		return;
	}
	json_object_set_new(row, "min", json_integer(low >> 8));
	if (service->icmp_code != ATTR_INT_NONE)
		json_object_set_new(row, "code", json_integer(low & 255));
}

static void set_cidr(json_t *row, const struct selector_peer *peer)
{
	json_t *except = json_array();
	struct prefix prefix;

	if (prefix_parse(peer->cidr, true, &prefix))
		json_object_set_new(row, "prefix", value_from_prefix(prefix));
	for (uint32_t i = 0; i < peer->except.count; i++)
		json_array_append_new(
			except, value_from_prefix(*vec_at(struct prefix, &peer->except, i)));
	if (peer->except.count)
		json_object_set(row, "except", except);
	json_decref(except);
}

static void set_peer(json_t *row, const struct selector_peer *peer, struct text_rule *rule)
{
	if (rule->has_peer) {
		rule->remote = text_selection(&rule->peer);
		json_object_set_new(row, "set", json_string(rule->remote));
	} else if (!uuid_is_none(peer->address_group_id)) {
		rule->address_group = peer->address_group_id;
		rule->remote = text_address_set(peer->address_group_id);
		json_object_set_new(row, "addresses", json_string(rule->remote));
	} else if (peer->cidr) {
		set_cidr(row, peer);
	}
}

static void rule_emit(const struct walk *walk, struct text_rule *rule, const char *id,
		      json_t *row)
{
	char policy[UUID_TEXT];

	rule->set = text_selection(&rule->subject);
	rule->key = g_strdup_printf("%s/%s:%s", rule->set,
				    uuid_print(walk->policy->object.id, policy), id);
	rule->value = value_dump(row);
	walk->visit(rule, walk->data);
	g_free(rule->set);
	g_free(rule->remote);
	g_free(rule->key);
	g_free(rule->value);
}

static void pair_emit(const struct walk *walk, const struct selector_peer *peer,
		      const struct selector_service *service, uint16_t number, const char *id)
{
	const struct selector_policy *policy = walk->policy;
	const struct selector_rule *rule = walk->rule;
	struct selection named = {.project = policy->object.project_id,
				  .selector = &policy->subject};
	struct text_rule text = {.subject = named, .peer = named};
	json_t *row = rule_head(policy, policy->priority << PLACE_BITS | walk->place,
				rule->direction, actions[rule->action], rule->log);

	text.peer.selector = &peer->selector;
	/* to anybody's port of that name: to every port that has it */
	text.has_peer = peer == &anybody ? number && rule->direction == DIRECTION_EGRESS
					 : selector_peer_is_ports(peer);
	if (number) {
		struct selection *whose =
			rule->direction == DIRECTION_EGRESS ? &text.peer : &text.subject;

		whose->port_name = service->port;
		whose->protocol = selector_service_get_protocol(service);
		whose->number = number;
	}
	set_peer(row, peer, &text);
	set_service(row, service, number);
	rule_emit(walk, &text, id, row);
}

/* The first pair has the rule's name alone. */
static char *pair_name(const struct selector_rule *rule, uint32_t peer, uint32_t service)
{
	return peer || service ? g_strdup_printf("%s:%u.%u", rule->name, peer, service)
			       : g_strdup(rule->name);
}

static void pair_walk(const struct walk *walk, uint32_t p, uint32_t s)
{
	const struct selector_rule *rule = walk->rule;
	const struct selector_peer *peer =
		rule->peers.count ? vec_at(struct selector_peer, &rule->peers, p) : &anybody;
	const struct selector_service *service =
		rule->services.count ? vec_at(struct selector_service, &rule->services, s)
				     : &everything;
	g_autofree char *name = pair_name(rule, p, s);
	g_autoptr(GArray) numbers = NULL;

	if (!selector_service_is_named(service)) {
		pair_emit(walk, peer, service, 0, name);
		return;
	}
	numbers = walk->numbers(walk->policy->object.project_id, service->port,
				selector_service_get_protocol(service), walk->data);
	for (guint i = 0; i < numbers->len; i++) {
		uint16_t number = g_array_index(numbers, uint16_t, i);
		g_autofree char *id = g_strdup_printf("%s:%u", name, number);

		pair_emit(walk, peer, service, number, id);
	}
}

/* What is left in the tier is denied. */
static void default_emit(const struct walk *walk, enum direction direction)
{
	struct text_rule rule = {.subject = {.project = walk->policy->object.project_id,
					     .selector = &walk->policy->subject}};
	const char *id = direction == DIRECTION_INGRESS ? "default:ingress" : "default:egress";

	rule_emit(walk, &rule, id,
		  rule_head(walk->policy, ORDER_DEFAULT, direction, "deny", false));
}

void text_visit_policy(const struct selector_policy *policy, text_numbers numbers,
		       text_visit_rule visit, void *data)
{
	struct walk walk = {.policy = policy, .numbers = numbers, .visit = visit, .data = data};

	for (walk.place = 0; walk.place < policy->rules.count; walk.place++) {
		walk.rule = vec_at(struct selector_rule, &policy->rules, walk.place);
		for (uint32_t p = 0; p < MAX(walk.rule->peers.count, 1); p++)
			for (uint32_t s = 0; s < MAX(walk.rule->services.count, 1); s++)
				pair_walk(&walk, p, s);
	}
	for (int direction = 0; direction < 2; direction++)
		if (selector_policy_denies(policy, (enum direction)direction))
			default_emit(&walk, (enum direction)direction);
}

void text_visit_names(const struct selector_policy *policy,
		      void (*visit)(const char *name, int protocol, void *data), void *data)
{
	for (uint32_t i = 0; i < policy->rules.count; i++) {
		const struct selector_rule *rule =
			vec_at(struct selector_rule, &policy->rules, i);

		for (uint32_t n = 0; n < rule->services.count; n++) {
			const struct selector_service *service =
				vec_at(struct selector_service, &rule->services, n);

			if (selector_service_is_named(service))
				visit(service->port, selector_service_get_protocol(service),
				      data);
		}
	}
}
