/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/policies_look.h"

#include "agent/policies_data.h"

static const struct identity *identity_find(const struct policies *policies, uint32_t number)
{
	return g_hash_table_lookup(policies->identities, GUINT_TO_POINTER(number));
}

uint32_t policies_find_bank(const struct policies *policies, uint32_t number)
{
	const struct identity *identity = identity_find(policies, number);

	return identity && identity->bank && !identity->bank->refused
		       ? policy_bank_number(identity->bank->bank)
		       : 0;
}

const GPtrArray *policies_find_rules(const struct policies *policies, uint32_t number)
{
	const struct identity *identity = identity_find(policies, number);

	return identity && identity->bank ? policy_bank_rules(identity->bank->bank) : NULL;
}

const struct policy_rule *policies_find_rule(const struct policies *policies, uint32_t number)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, policies->banks);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const GPtrArray *rules = policy_bank_rules(((struct bank *)value)->bank);

		for (guint i = 0; i < rules->len; i++)
			if (policy_rule_number(g_ptr_array_index(rules, i)) == number)
				return g_ptr_array_index(rules, i);
	}
	return NULL;
}

GPtrArray *policies_list_sets(const struct policies *policies, uint32_t number)
{
	const struct identity *identity = identity_find(policies, number);
	GPtrArray *names;

	if (!identity || !identity->known)
		return NULL;
	names = g_ptr_array_new();
	for (guint i = 0; i < identity->sets->len; i++)
		g_ptr_array_add(names,
				((struct set *)g_ptr_array_index(identity->sets, i))->name);
	return names;
}

gsize policies_count_banks(const struct policies *policies)
{
	gsize count = g_hash_table_size(policies->banks);

	for (guint i = 0; i < policies->resting->len; i++)
		count -= !((struct bank *)g_ptr_array_index(policies->resting, i))
				  ->identities->len;
	return count;
}

void policies_visit_refused(const struct policies *policies, policies_refusal visit, void *data)
{
	GHashTableIter iter;
	gpointer value;

	if (!policies->refused)
		return;
	g_hash_table_iter_init(&iter, policies->banks);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const struct bank *bank = value;

		for (guint i = 0; bank->refused && i < bank->identities->len; i++)
			visit(((struct identity *)bank->identities->pdata[i])->number,
			      bank->refused, data);
	}
}

gsize policies_count_refused(const struct policies *policies)
{
	return policies->refused;
}

gsize policies_count_identities(const struct policies *policies)
{
	return g_hash_table_size(policies->identities);
}
