/* SPDX-License-Identifier: Apache-2.0 */
/* A bank that ports have left stays for walks that are under way, and is there for who comes back. */
#include "agent/policies.h"

#include <string.h>

#include "policy/rule.h"

#define WHO 7 /* an identity of this host's ports */

static void moved(uint32_t identity, void *data)
{
}

static void complain(const char *text, void *data)
{
	g_assert_not_reached();
}

static const struct policies_ops ops = {moved, moved, complain};

static struct policy_rule rule(const char *id, uint16_t port)
{
	return (struct policy_rule){.set = g_ref_string_new_intern("sg:a"),
				    .id = g_ref_string_new_intern(id),
				    .proto = 6,
				    .low = port,
				    .high = port,
				    .tier = POLICY_TIER_GROUP,
				    .family = POLICY_FAMILY_BOTH,
				    .action = POLICY_ACCEPT,
				    .ingress = true};
}

struct search {
	uint32_t bank;
	bool found;
};

static void look(enum desired_map map, const void *key, const void *value, void *data)
{
	struct search *search = data;

	if (map == DESIRED_POLICY && memcmp(key, &search->bank, sizeof(search->bank)) == 0)
		search->found = true;
}

static bool is_there(struct desired *desired, uint32_t bank)
{
	struct search search = {bank, false};

	desired_foreach(desired, look, &search);
	return search.found;
}

static void test_rests(gconstpointer data)
{
	const bool patient = GPOINTER_TO_INT(data);
	struct policy_rule one = rule("one", 1), two = rule("two", 2);
	const char *const sets[] = {"sg:a"};
	struct desired *desired = desired_new();
	struct policies *policies = policies_new(desired, &ops, NULL);
	uint32_t before, after;

	if (patient)
		policies_be_patient(policies);
	policies_put_identity(policies, WHO, sets, 1);
	policies_hold(policies, WHO);
	policies_put_rule(policies, &one);
	policies_flush(policies);
	before = policies_find_bank(policies, WHO);
	g_assert_true(is_there(desired, before));
	policies_put_rule(policies, &two);
	policies_settle(policies); /* in the middle of a transfer */
	policies_flush(policies);
	after = policies_find_bank(policies, WHO);
	g_assert_cmpuint(before, !=, after);
	g_assert_true(is_there(desired, after));
	g_assert_true(is_there(desired, before) == patient);
	g_assert_true(policies_is_resting(policies) == patient);
	g_assert_cmpuint(policies_count_banks(policies), ==, 1);
	/* who comes back finds it, and what is held does not go */
	policies_del_rule(policies, &two);
	policies_flush(policies);
	g_assert_cmpuint(policies_find_bank(policies, WHO), ==, before);
	policies_settle(policies);
	g_assert_false(policies_is_resting(policies));
	g_assert_true(is_there(desired, before));
	g_assert_false(is_there(desired, after));
	policies_free(policies);
	desired_free(desired);
	policy_rule_done(&one);
	policy_rule_done(&two);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_data_func("/policies/a bank rests", GINT_TO_POINTER(true), test_rests);
	g_test_add_data_func("/policies/or goes at once", GINT_TO_POINTER(false), test_rests);
	return g_test_run();
}
