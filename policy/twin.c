/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/twin.h"

static bool lies_in(const struct prefix *list, gsize count, struct ip ip)
{
	for (gsize i = 0; i < count; i++)
		if (prefix_contains(list[i], ip))
			return true;
	return false;
}

static bool is_peer(const struct policy_rule *rule, const struct policy_packet *packet,
		    peer_addresses addresses, void *data)
{
	const struct prefix *list;
	gsize count = 0;

	switch (rule->peer) {
	case POLICY_ANYBODY:
		return true;
	case POLICY_PREFIX:
		return prefix_contains(rule->prefix, packet->peer) &&
		       !lies_in(rule->except, rule->except_count, packet->peer);
	case POLICY_ADDRESSES:
		list = addresses(rule->name, &count, data);
		return lies_in(list, count, packet->peer);
	default:
		for (gsize i = 0; i < packet->set_count; i++)
			if (packet->sets[i] == rule->name)
				return true;
		return false;
	}
}

/* What only a firewall group's rules say. */
static bool is_near(const struct policy_rule *rule, const struct policy_packet *packet)
{
	return (!rule->near.bits || prefix_contains(rule->near, packet->near)) &&
	       (!rule->has_source ||
		(packet->source >= rule->source_low && packet->source <= rule->source_high));
}

bool policy_twin_matches(const struct policy_rule *rule, const struct policy_packet *packet,
			 peer_addresses addresses, void *data)
{
	return policy_rule_is_in(rule, packet->kind) &&
	       (rule->proto == POLICY_PROTO_ANY || rule->proto == packet->proto) &&
	       packet->port >= rule->low && packet->port <= rule->high &&
	       is_near(rule, packet) && is_peer(rule, packet, addresses, data);
}

const struct policy_rule *policy_twin_find(const struct policy_rule *const *rules, gsize count,
					   const struct policy_packet *packet,
					   peer_addresses addresses, void *data)
{
	unsigned int from = 0;

	for (gsize i = 0; i < count; i++) {
		if (rules[i]->tier < from ||
		    !policy_twin_matches(rules[i], packet, addresses, data))
			continue;
		if (rules[i]->action != POLICY_PASS)
			return rules[i];
		from = rules[i]->tier + 1u;
	}
	return NULL;
}
