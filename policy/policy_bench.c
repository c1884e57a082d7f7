/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a bank costs: RULES rules (10000), of which one in ten names a group, and IDENTITIES
 * identities (64000) in GROUPS groups (1000). Not a test.
 */
#include <stdio.h>
#include <stdlib.h>

#include "policy/bank.h"
#include "policy/tables_fixture.h"

static const char *group_name(guint n)
{
	g_autofree char *name = g_strdup_printf("sg:%u", n);

	return g_ref_string_new_intern(name);
}

static const struct prefix *no_addresses(const char *name, gsize *count, void *data)
{
	*count = 0;
	return NULL;
}

static struct policy_rule *rule_make(guint n, guint groups)
{
	struct policy_rule *rule = g_new0(struct policy_rule, 1);
	g_autofree char *id = g_strdup_printf("rule-%u", n);

	rule->set = group_name(0);
	rule->id = g_ref_string_new_intern(id);
	rule->tier = POLICY_TIER_GROUP;
	rule->action = POLICY_ACCEPT;
	rule->family = POLICY_FAMILY_V4;
	rule->ingress = true;
	rule->proto = 6;
	rule->low = rule->high = (uint16_t)(1 + n % 5000);
	if (n % 10 == 0) {
		rule->peer = POLICY_SET;
		rule->name = group_name(n / 10 % groups);
	} else {
		rule->peer = POLICY_PREFIX;
		rule->prefix = (struct prefix){ip_from_v4(0x0a000000u | n << 8), 120};
	}
	return rule;
}

static double ms_since(gint64 start)
{
	return (double)(g_get_monotonic_time() - start) / 1000;
}

int main(int argc, char **argv)
{
	guint count = argc > 1 ? (guint)atoi(argv[1]) : 10000;
	guint identities = argc > 2 ? (guint)atoi(argv[2]) : 64000;
	guint groups = argc > 3 ? (guint)atoi(argv[3]) : 1000;
	g_autoptr(GPtrArray) rules =
		g_ptr_array_new_with_free_func((GDestroyNotify)policy_rule_free);
	struct tables tables;
	struct policy_sink sink;
	struct policy_bank *bank;
	gint64 start;

	tables_init(&tables);
	sink = tables_sink(&tables);
	for (guint i = 0; i < count; i++)
		g_ptr_array_add(rules, rule_make(i, groups));
	start = g_get_monotonic_time();
	bank = policy_bank_new((const struct policy_rule *const *)rules->pdata, rules->len, 0);
	policy_bank_put(bank, &sink, no_addresses, NULL);
	printf("%u rules: %.1f ms, %zu entries\n", count, ms_since(start),
	       tables_count(&tables));
	start = g_get_monotonic_time();
	for (guint i = 0; i < identities; i++) {
		const char *sets[2] = {group_name(i % groups), group_name(i * 7 % groups)};

		policy_bank_put_identity(bank, &sink, 256 + i, sets, 2);
	}
	printf("%u identities in %u groups: %.1f ms, %.2f us each, %zu entries\n", identities,
	       groups, ms_since(start), ms_since(start) * 1000 / identities,
	       tables_count(&tables));
	policy_bank_free(bank);
	tables_done(&tables);
	return 0;
}
