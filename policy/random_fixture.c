/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/random_fixture.h"

#include <string.h>

#define SETS 6

static const char *set_name(guint i)
{
	static const char *const names[] = {"sg:a", "sg:b", "sg:c", "sel:d", "sel:e", "acl:f"};

	static const char *refs[G_N_ELEMENTS(names)];

	if (!refs[i])
		refs[i] = g_ref_string_new_intern(names[i]);
	return refs[i];
}

static const char *group_name(guint i)
{
	static const char *const names[] = {"ag:x", "ag:y", "ag:z"};

	static const char *refs[G_N_ELEMENTS(names)];

	if (!refs[i])
		refs[i] = g_ref_string_new_intern(names[i]);
	return refs[i];
}

uint32_t random_policy_roll(struct random_policy *policy, uint32_t n)
{
	return (uint32_t)g_rand_int_range(policy->rand, 0, (gint)n);
}

/* Few addresses, so that prefixes nest and packets meet them. */
struct ip random_policy_ip(struct random_policy *policy, bool v6)
{
	struct ip ip =
		ip_from_v4(0x0a000000u | random_policy_roll(policy, 4) << 16 |
			   random_policy_roll(policy, 4) << 8 | random_policy_roll(policy, 8));

	if (v6) {
		memset(ip.b, 0, sizeof(ip.b));
		ip.b[0] = 0xfd;
		ip.b[1] = (uint8_t)random_policy_roll(policy, 3);
		ip.b[15] = (uint8_t)random_policy_roll(policy, 8);
	}
	return ip;
}

static struct prefix any_prefix(struct random_policy *policy, bool v6)
{
	static const uint8_t lengths[2][6] = {{0, 8, 16, 24, 30, 32}, {0, 8, 16, 64, 125, 128}};
	struct prefix prefix = {random_policy_ip(policy, v6),
				lengths[v6][random_policy_roll(policy, 6)]};
	char text[PREFIX_TEXT], ip[IP_TEXT];

	g_snprintf(text, sizeof(text), "%s/%u", ip_print(prefix.ip, ip), prefix.bits);
	g_assert_true(prefix_parse(text, false, &prefix));
	return prefix;
}

static void any_peer(struct random_policy *policy, struct policy_rule *rule)
{
	bool v6 = rule->family == POLICY_FAMILY_V6;

	rule->peer = (uint8_t)random_policy_roll(policy, 4);
	if (rule->peer == POLICY_SET)
		rule->name = g_ref_string_acquire(
			(char *)set_name(random_policy_roll(policy, SETS)));
	if (rule->peer == POLICY_ADDRESSES)
		rule->name = g_ref_string_acquire(
			(char *)group_name(random_policy_roll(policy, RANDOM_GROUPS)));
	if (rule->peer != POLICY_PREFIX)
		return;
	rule->family = v6 ? POLICY_FAMILY_V6 : POLICY_FAMILY_V4;
	rule->prefix = any_prefix(policy, v6);
	if (random_policy_roll(policy, 3))
		return;
	rule->except = g_new0(struct prefix, 1);
	rule->except[0] = any_prefix(policy, v6);
	rule->except_count = 1;
	if (rule->except[0].bits <= rule->prefix.bits ||
	    !prefix_contains(rule->prefix, rule->except[0].ip)) {
		rule->except_count = 0;
		g_clear_pointer(&rule->except, g_free);
	}
}

static void any_service(struct random_policy *policy, struct policy_rule *rule)
{
	static const uint16_t protos[] = {6, 17, 1, 132, POLICY_PROTO_ANY};
	uint32_t low = random_policy_roll(policy, 40) * 7,
		 high = low + random_policy_roll(policy, 3) * random_policy_roll(policy, 300);

	rule->proto = protos[random_policy_roll(policy, G_N_ELEMENTS(protos))];
	rule->high = UINT16_MAX;
	if (rule->proto == POLICY_PROTO_ANY || !random_policy_roll(policy, 4))
		return;
	rule->low = (uint16_t)low;
	rule->high = (uint16_t)MIN(high, UINT16_MAX);
}

struct policy_rule *random_policy_rule(struct random_policy *policy, guint number)
{
	static const uint8_t actions[] = {POLICY_ACCEPT, POLICY_DENY, POLICY_REJECT,
					  POLICY_PASS};
	struct policy_rule *rule = g_new0(struct policy_rule, 1);
	g_autofree char *id = g_strdup_printf("rule-%u", number);

	rule->set = g_ref_string_acquire((char *)set_name(random_policy_roll(policy, SETS)));
	rule->id = g_ref_string_new_intern(id);
	rule->family = (uint8_t)(1 + random_policy_roll(policy, 3));
	rule->tier = (uint8_t)random_policy_roll(policy, POLICY_TIER_FIREWALL);
	rule->ingress = random_policy_roll(policy, 2);
	if (rule->tier == POLICY_TIER_GROUP) {
		rule->action = POLICY_ACCEPT;
		rule->stateless = !random_policy_roll(policy, 5);
	} else {
		rule->order = number;
		rule->action = actions[random_policy_roll(
			policy, rule->tier == POLICY_TIER_ACL	     ? 2
				: rule->tier == POLICY_TIER_BASELINE ? 3
								     : 4)];
	}
	any_peer(policy, rule);
	any_service(policy, rule);
	return rule;
}

/* Of a firewall group: both ends are prefixes or anybody, and a source port may be asked for. */
static struct policy_rule *firewall_rule(struct random_policy *policy, guint number)
{
	struct policy_rule *rule = g_new0(struct policy_rule, 1);
	g_autofree char *id = g_strdup_printf("rule-%u", number);
	bool v6 = random_policy_roll(policy, 2);
	uint32_t low = random_policy_roll(policy, 40) * 7;

	rule->set = g_ref_string_new_intern("fw:g");
	rule->id = g_ref_string_new_intern(id);
	rule->order = number;
	rule->tier = POLICY_TIER_FIREWALL;
	rule->family = v6 ? POLICY_FAMILY_V6 : POLICY_FAMILY_V4;
	rule->ingress = random_policy_roll(policy, 2);
	rule->action = (uint8_t)random_policy_roll(policy, POLICY_REJECT + 1);
	if (random_policy_roll(policy, 3)) {
		rule->peer = POLICY_PREFIX;
		rule->prefix = any_prefix(policy, v6);
	}
	if (random_policy_roll(policy, 3))
		rule->near = any_prefix(policy, v6);
	any_service(policy, rule);
	if (rule->proto == POLICY_PROTO_ANY || random_policy_roll(policy, 2))
		return rule;
	rule->has_source = true;
	rule->source_low = (uint16_t)low;
	rule->source_high = (uint16_t)(low + random_policy_roll(policy, 300));
	return rule;
}

static gint rule_order(gconstpointer left, gconstpointer right)
{
	return policy_rule_compare(*(struct policy_rule *const *)left,
				   *(struct policy_rule *const *)right);
}

const struct prefix *random_policy_find_group(const char *name, gsize *count, void *data)
{
	struct random_policy *policy = data;

	for (guint i = 0; i < RANDOM_GROUPS; i++) {
		if (name != group_name(i))
			continue;
		*count = policy->groups[i]->len;
		return (const struct prefix *)policy->groups[i]->data;
	}
	*count = 0;
	return NULL;
}

void random_policy_open(struct random_policy *policy, uint32_t seed, bool firewall)
{
	guint count;

	memset(policy, 0, sizeof(*policy));
	policy->rand = g_rand_new_with_seed(seed);
	policy->firewall = firewall;
	policy->rules = g_ptr_array_new_with_free_func((GDestroyNotify)policy_rule_free);
	count = random_policy_roll(policy, 4) ? random_policy_roll(policy, 12)
					      : random_policy_roll(policy, firewall ? 40 : 80);
	for (guint i = 0; i < count; i++)
		g_ptr_array_add(policy->rules, firewall ? firewall_rule(policy, i)
							: random_policy_rule(policy, i));
	g_ptr_array_sort(policy->rules, rule_order);
	for (guint i = 0; i < RANDOM_GROUPS; i++)
		policy->groups[i] = g_array_new(FALSE, FALSE, sizeof(struct prefix));
	for (guint i = 0; i < RANDOM_IDENTITIES; i++)
		policy->members[i] = g_ptr_array_new();
}

void random_policy_close(struct random_policy *policy)
{
	for (guint i = 0; i < RANDOM_GROUPS; i++)
		g_array_unref(policy->groups[i]);
	for (guint i = 0; i < RANDOM_IDENTITIES; i++)
		g_ptr_array_unref(policy->members[i]);
	g_ptr_array_unref(policy->rules);
	g_rand_free(policy->rand);
}

static bool identity_put(struct random_policy *policy, struct policy_bank *bank,
			 const struct policy_sink *sink, guint i)
{
	const GPtrArray *sets = policy->members[i];

	return policy_bank_put_identity(bank, sink, RANDOM_IDENTITY + i,
					(const char *const *)sets->pdata, sets->len);
}

bool random_policy_fill(struct random_policy *policy, struct policy_bank *bank,
			const struct policy_sink *sink)
{
	if (!policy_bank_put(bank, sink, random_policy_find_group, policy))
		return false;
	for (guint i = 0; i < RANDOM_IDENTITIES; i++)
		if (!identity_put(policy, bank, sink, i))
			return false;
	return true;
}

void random_policy_change(struct random_policy *policy, struct policy_bank *bank,
			  const struct policy_sink *sink)
{
	guint i = random_policy_roll(policy, RANDOM_IDENTITIES);
	GPtrArray *sets = policy->members[i];
	struct prefix prefix = any_prefix(policy, random_policy_roll(policy, 2));
	GArray *group = policy->groups[random_policy_roll(policy, RANDOM_GROUPS)];
	const char *set = set_name(random_policy_roll(policy, SETS));

	if (random_policy_roll(policy, 2)) {
		if (!g_ptr_array_remove_fast(sets, (gpointer)set))
			g_ptr_array_add(sets, (gpointer)set);
		g_assert_true(identity_put(policy, bank, sink, i));
		return;
	}
	if (group->len && random_policy_roll(policy, 2))
		g_array_remove_index_fast(group, random_policy_roll(policy, group->len));
	else
		g_array_append_val(group, prefix);
	g_assert_true(policy_bank_put_addresses(bank, sink, random_policy_find_group, policy));
}

uint8_t random_policy_ask(struct random_policy *policy, const struct policy_packet *packet,
			  const struct policy_rule **rule)
{
	*rule = policy_twin_find((const struct policy_rule *const *)policy->rules->pdata,
				 policy->rules->len, packet, random_policy_find_group, policy);
	return *rule ? (*rule)->action : POLICY_DENY;
}
