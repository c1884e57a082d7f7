/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/rule.h"

#include <string.h>

static const char *name_ref(const char *name)
{
	return name ? g_ref_string_acquire((char *)name) : NULL;
}

static void name_unref(const char *name)
{
	if (name)
		g_ref_string_release((char *)name);
}

void policy_rule_done(struct policy_rule *rule)
{
	name_unref(rule->set);
	name_unref(rule->id);
	name_unref(rule->name);
	g_free(rule->except);
	memset(rule, 0, sizeof(*rule));
}

void policy_rule_free(struct policy_rule *rule)
{
	if (!rule)
		return;
	policy_rule_done(rule);
	g_free(rule);
}

struct policy_rule *policy_rule_copy(const struct policy_rule *rule)
{
	struct policy_rule *copy = g_memdup2(rule, sizeof(*rule));

	name_ref(copy->set);
	name_ref(copy->id);
	name_ref(copy->name);
	copy->except = g_memdup2(rule->except, rule->except_count * sizeof(*rule->except));
	return copy;
}

void policy_rule_end_with(struct policy_rule *rule, const char *set, const char *owner,
			  enum policy_tier tier, bool ingress)
{
	const char *id = strchr(owner, ':');
	g_autofree char *text = g_strconcat("default-", id ? id + 1 : owner, NULL);

	rule->set = g_ref_string_new_intern(set);
	rule->id = g_ref_string_new_intern(text);
	rule->order = UINT32_MAX - !ingress; /* no two rules of a set are in one place */
	rule->proto = POLICY_PROTO_ANY;
	rule->high = UINT16_MAX;
	rule->tier = tier;
	rule->family = POLICY_FAMILY_BOTH;
	rule->action = POLICY_DENY;
	rule->ingress = ingress;
}

/* FNV-1a (draft-eastlake-fnv). */
static uint32_t hash_text(uint32_t hash, const char *text)
{
	for (; *text; text++)
		hash = (hash ^ (uint8_t)*text) * 0x01000193;
	return hash;
}

uint32_t policy_rule_number(const struct policy_rule *rule)
{
	uint32_t hash = hash_text(0x811c9dc5, rule->id);

	if (rule->tier == POLICY_TIER_FIREWALL)
		hash = hash_text(hash, rule->set);
	return hash ? hash : 1;
}

bool policy_rule_is_total(const struct policy_rule *rule)
{
	return rule->peer == POLICY_ANYBODY && rule->proto == POLICY_PROTO_ANY &&
	       rule->low == 0 && rule->high == UINT16_MAX && !rule->near.bits &&
	       !rule->has_source;
}

static int order(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

int policy_rule_compare(const struct policy_rule *rule, const struct policy_rule *other)
{
	int by = order(rule->tier, other->tier);

	by = by ? by : order(rule->order, other->order);
	by = by ? by : order(rule->stateless, other->stateless);
	by = by ? by : order(policy_rule_is_total(other), policy_rule_is_total(rule));
	by = by ? by : strcmp(rule->id, other->id);
	by = by ? by : strcmp(rule->set, other->set);
	return by;
}

bool policy_rule_is_in(const struct policy_rule *rule, uint32_t kind)
{
	return rule->ingress == !!(kind & POLICY_INGRESS) &&
	       (rule->tier == POLICY_TIER_ACL) == !!(kind & POLICY_STATELESS) &&
	       (rule->family & (kind & POLICY_V6 ? POLICY_FAMILY_V6 : POLICY_FAMILY_V4));
}

struct policy_verdict policy_rule_to_verdict(const struct policy_rule *rule, uint32_t place)
{
	return (struct policy_verdict){
		.order = place,
		.rule = policy_rule_number(rule),
		.action = rule->action,
		.flags = (uint8_t)((rule->stateless ? POLICY_NO_STATE : 0) |
				   (rule->log ? POLICY_LOG : 0)),
	};
}
