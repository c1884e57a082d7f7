/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/bank.h"

#include <stdlib.h>
#include <string.h>

#include "policy/chain.h"
#include "policy/firewall.h"

struct policy_bank {
	uint32_t number;
	char *digest;
	GPtrArray *rules; /* struct policy_rule, sorted */
	GPtrArray *sets;
	GPtrArray *groups;
	struct chain *chain[POLICY_CHAINS];
	struct firewall_chain *firewall[POLICY_NEAR]; /* instead, of a firewall group */
};

static gint rule_compare(gconstpointer left, gconstpointer right)
{
	return policy_rule_compare(*(struct policy_rule *const *)left,
				   *(struct policy_rule *const *)right);
}

static GPtrArray *rules_copy(const struct policy_rule *const *rules, gsize count)
{
	GPtrArray *out = g_ptr_array_new_full((guint)count, (GDestroyNotify)policy_rule_free);

	for (gsize i = 0; i < count; i++)
		g_ptr_array_add(out, policy_rule_copy(rules[i]));
	g_ptr_array_sort(out, rule_compare);
	return out;
}

static void digest_add_near(GChecksum *sum, const struct policy_rule *rule)
{
	char prefix[PREFIX_TEXT];
	g_autofree char *text =
		g_strdup_printf("%s %u %u %u\n", prefix_print(rule->near, prefix),
				rule->has_source, rule->source_low, rule->source_high);

	g_checksum_update(sum, (const guchar *)text, (gssize)strlen(text));
}

static void digest_add(GChecksum *sum, const struct policy_rule *rule)
{
	char prefix[PREFIX_TEXT];
	g_autofree char *text = g_strdup_printf(
		"%s %s %s %s %u %u %u %u %u %u %u %u %u %u %u\n", rule->set, rule->id,
		rule->name ? rule->name : "", prefix_print(rule->prefix, prefix), rule->order,
		rule->proto, rule->low, rule->high, rule->tier, rule->family, rule->peer,
		rule->action, rule->ingress, rule->stateless, rule->log);

	g_checksum_update(sum, (const guchar *)text, (gssize)strlen(text));
	if (rule->tier == POLICY_TIER_FIREWALL)
		digest_add_near(sum, rule);
	for (uint32_t i = 0; i < rule->except_count; i++) {
		prefix_print(rule->except[i], prefix);
		g_checksum_update(sum, (const guchar *)prefix, (gssize)strlen(prefix));
	}
}

static char *rules_digest(const GPtrArray *rules)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);

	for (guint i = 0; i < rules->len; i++)
		digest_add(sum, g_ptr_array_index(rules, i));
	return g_strdup(g_checksum_get_string(sum));
}

char *policy_digest(const struct policy_rule *const *rules, gsize count)
{
	g_autoptr(GPtrArray) sorted = g_ptr_array_sized_new((guint)count);

	for (gsize i = 0; i < count; i++)
		g_ptr_array_add(sorted, (gpointer)rules[i]);
	g_ptr_array_sort(sorted, rule_compare);
	return rules_digest(sorted);
}

static void name_add(GPtrArray *names, const char *name)
{
	if (!g_ptr_array_find(names, name, NULL))
		g_ptr_array_add(names, (gpointer)name);
}

static void bank_names(struct policy_bank *bank)
{
	for (guint i = 0; i < bank->rules->len; i++) {
		const struct policy_rule *rule = g_ptr_array_index(bank->rules, i);

		if (rule->peer == POLICY_SET)
			name_add(bank->sets, rule->name);
		else if (rule->peer == POLICY_ADDRESSES)
			name_add(bank->groups, rule->name);
	}
}

static bool is_firewall(const struct policy_bank *bank)
{
	for (guint i = 0; i < bank->rules->len; i++) {
		const struct policy_rule *rule = g_ptr_array_index(bank->rules, i);

		if (rule->tier == POLICY_TIER_FIREWALL)
			return true;
	}
	return false;
}

static GPtrArray *chain_rules(const struct policy_bank *bank, uint32_t kind, bool firewall)
{
	GPtrArray *rules = g_ptr_array_new();

	for (guint i = 0; i < bank->rules->len; i++) {
		struct policy_rule *rule = g_ptr_array_index(bank->rules, i);

		if (policy_rule_is_in(rule, kind) &&
		    (rule->tier == POLICY_TIER_FIREWALL) == firewall)
			g_ptr_array_add(rules, rule);
	}
	return rules;
}

static void bank_chains(struct policy_bank *bank, uint32_t salt)
{
	bool firewall = is_firewall(bank);

	for (uint32_t kind = 0; kind < (firewall ? POLICY_NEAR : POLICY_CHAINS); kind++) {
		g_autoptr(GPtrArray) rules = chain_rules(bank, kind, firewall);
		const struct policy_rule *const *list =
			(const struct policy_rule *const *)rules->pdata;

		if (firewall)
			bank->firewall[kind] =
				firewall_chain_new(bank->number, kind, salt, list, rules->len);
		else
			bank->chain[kind] =
				chain_new(bank->number, kind, salt, list, rules->len);
	}
}

struct policy_bank *policy_bank_new(const struct policy_rule *const *rules, gsize count,
				    uint32_t salt)
{
	struct policy_bank *bank = g_new0(struct policy_bank, 1);
	char word[9] = "";

	bank->rules = rules_copy(rules, count);
	bank->digest = rules_digest(bank->rules);
	bank->sets = g_ptr_array_new();
	bank->groups = g_ptr_array_new();
	memcpy(word, bank->digest, 8);
	bank->number =
		((uint32_t)strtoul(word, NULL, 16) + salt) & ((1u << POLICY_BANK_BITS) - 1);
	if (!bank->number)
		bank->number = 1;
	bank_names(bank);
	bank_chains(bank, salt);
	return bank;
}

void policy_bank_free(struct policy_bank *bank)
{
	if (!bank)
		return;
	for (uint32_t kind = 0; kind < POLICY_CHAINS; kind++)
		chain_free(bank->chain[kind]);
	for (uint32_t kind = 0; kind < POLICY_NEAR; kind++)
		firewall_chain_free(bank->firewall[kind]);
	g_ptr_array_unref(bank->rules);
	g_ptr_array_unref(bank->sets);
	g_ptr_array_unref(bank->groups);
	g_free(bank->digest);
	g_free(bank);
}

uint32_t policy_bank_number(const struct policy_bank *bank)
{
	return bank->number;
}

const char *policy_bank_digest(const struct policy_bank *bank)
{
	return bank->digest;
}

const GPtrArray *policy_bank_sets(const struct policy_bank *bank)
{
	return bank->sets;
}

const GPtrArray *policy_bank_groups(const struct policy_bank *bank)
{
	return bank->groups;
}

const GPtrArray *policy_bank_rules(const struct policy_bank *bank)
{
	return bank->rules;
}

bool policy_bank_is_too_big(const struct policy_bank *bank)
{
	for (uint32_t kind = 0; kind < POLICY_NEAR; kind++)
		if (bank->firewall[kind] && firewall_chain_is_too_big(bank->firewall[kind]))
			return true;
	return false;
}

/* What follows from the rules of chain KIND. False: two classes have met in one number. */
static bool chain_put(struct policy_bank *bank, const struct policy_sink *sink, uint32_t kind,
		      struct policy_chain *value)
{
	if (bank->chain[kind]) {
		chain_write_rules(bank->chain[kind], sink, true);
		*value = chain_to_value(bank->chain[kind]);
	} else if (kind < POLICY_NEAR) {
		firewall_chain_write(bank->firewall[kind], sink, true);
		*value = firewall_chain_to_value(bank->firewall[kind]);
		return !firewall_chain_is_mixed(bank->firewall[kind]);
	}
	return true;
}

bool policy_bank_put(struct policy_bank *bank, const struct policy_sink *sink,
		     peer_addresses addresses, void *data)
{
	struct policy_value value;
	bool good = true;

	memset(&value, 0, sizeof(value));
	for (uint32_t kind = 0; kind < POLICY_CHAINS; kind++)
		good &= chain_put(bank, sink, kind, &value.chain[kind]);
	sink->put(POLICY_MAP_POLICY, &bank->number, &value, sink->data);
	return good && policy_bank_put_addresses(bank, sink, addresses, data);
}

bool policy_bank_put_addresses(struct policy_bank *bank, const struct policy_sink *sink,
			       peer_addresses addresses, void *data)
{
	bool good = true;

	for (uint32_t kind = 0; good && kind < POLICY_CHAINS; kind++)
		good = !bank->chain[kind] ||
		       chain_put_addresses(bank->chain[kind], sink, addresses, data);
	return good;
}

bool policy_bank_put_identity(struct policy_bank *bank, const struct policy_sink *sink,
			      uint32_t identity, const char *const *sets, gsize count)
{
	bool good = true;

	for (uint32_t kind = 0; good && kind < POLICY_CHAINS; kind++)
		good = !bank->chain[kind] ||
		       chain_put_identity(bank->chain[kind], sink, identity, sets, count);
	return good;
}

void policy_bank_del_identity(struct policy_bank *bank, const struct policy_sink *sink,
			      uint32_t identity)
{
	for (uint32_t kind = 0; kind < POLICY_CHAINS; kind++)
		if (bank->chain[kind])
			chain_del_identity(bank->chain[kind], sink, identity);
}

void policy_bank_clear(struct policy_bank *bank, const struct policy_sink *sink)
{
	for (uint32_t kind = 0; kind < POLICY_CHAINS; kind++)
		if (bank->chain[kind])
			chain_clear(bank->chain[kind], sink);
	for (uint32_t kind = 0; kind < POLICY_NEAR; kind++)
		if (bank->firewall[kind])
			firewall_chain_write(bank->firewall[kind], sink, false);
	sink->del(POLICY_MAP_POLICY, &bank->number, sink->data);
}
