/* SPDX-License-Identifier: Apache-2.0 */
/* A bank that ports have left stays for walks that are under way, and is there for who comes back; what
 * one project has of the tables leaves room for others, and what was refused comes when there is some. */
#include "agent/policies_look.h"

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

/* Identities up to 9 are acme's, others zeta's. */
static const char *owner(uint32_t identity, void *data)
{
	return identity <= 9 ? "acme" : "zeta";
}

static const struct policies_ops ops = {moved, moved, complain, owner};

static struct policy_rule rule_of(const char *set, const char *id, uint16_t port)
{
	return (struct policy_rule){.set = g_ref_string_new_intern(set),
				    .id = g_ref_string_new_intern(id),
				    .proto = 6,
				    .low = port,
				    .high = port,
				    .tier = POLICY_TIER_GROUP,
				    .family = POLICY_FAMILY_BOTH,
				    .action = POLICY_ACCEPT,
				    .ingress = true};
}

static struct policy_rule rule(const char *id, uint16_t port)
{
	return rule_of("sg:a", id, port);
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

/* -------------------------------------------------------------- shares */

#define ROOM 100 /* cells */

static void heard(const char *text, void *data)
{
	g_string_append_printf(data, "%s\n", text);
}

/* An identity whose ports have COUNT rules: a cell each, of IPv4. */
struct tenant {
	uint32_t identity;
	char *set;
	GPtrArray *rules; /* struct policy_rule */
};

static void tenant_grow(struct tenant *tenant, struct policies *policies, guint count)
{
	while (tenant->rules->len < count) {
		g_autofree char *id = g_strdup_printf("r%u", tenant->rules->len);
		struct policy_rule *rule = g_new(struct policy_rule, 1);

		*rule = rule_of(tenant->set, id, (uint16_t)tenant->rules->len);
		rule->family = POLICY_FAMILY_V4;
		g_ptr_array_add(tenant->rules, rule);
		policies_put_rule(policies, rule);
	}
	while (tenant->rules->len > count) {
		policies_del_rule(policies, tenant->rules->pdata[tenant->rules->len - 1]);
		g_ptr_array_set_size(tenant->rules, (gint)tenant->rules->len - 1);
	}
	policies_flush(policies);
}

static struct tenant tenant_new(struct policies *policies, uint32_t identity, guint count)
{
	struct tenant tenant = {
		identity, g_strdup_printf("sg:%u", identity),
		g_ptr_array_new_with_free_func((GDestroyNotify)policy_rule_free)};

	policies_put_identity(policies, identity, (const char *const *)&tenant.set, 1);
	policies_hold(policies, identity);
	tenant_grow(&tenant, policies, count);
	return tenant;
}

static void tenant_done(struct tenant *tenant)
{
	g_ptr_array_unref(tenant->rules);
	g_free(tenant->set);
}

static void refusal(uint32_t identity, const char *why, void *data)
{
	g_string_append_printf(data, "%u: %s", identity, why);
}

static void assert_refused(const struct policies *policies, const char *who)
{
	g_autoptr(GString) text = g_string_new(NULL);

	policies_visit_refused(policies, refusal, text);
	g_assert_true(g_str_has_prefix(text->str, who));
	g_assert_cmpuint(policies_count_refused(policies), ==, *who ? 1 : 0);
	if (!*who)
		g_assert_cmpstr(text->str, ==, "");
}

static struct policies *shares_open(struct desired *desired, GString *told)
{
	static struct policies_ops listening;
	struct policies *policies;

	listening = ops;
	listening.complain = heard;
	policies = policies_new(desired, &listening, told);
	policies_limit(policies, ROOM);
	return policies;
}

/* One alone may have three quarters; the next one, three quarters of what is left. */
static void test_share(void)
{
	struct desired *desired = desired_new();
	g_autoptr(GString) told = g_string_new(NULL);
	struct policies *policies = shares_open(desired, told);
	struct tenant big = tenant_new(policies, 7, 75), small, more;

	g_assert_cmpuint(policies_find_bank(policies, 7), !=, 0);
	small = tenant_new(policies, 17, 18);
	g_assert_cmpuint(policies_find_bank(policies, 17), !=, 0);
	g_assert_cmpstr(told->str, ==, "");
	more = tenant_new(policies, 18, 1);
	assert_refused(policies, "18: project 'zeta' would have 19 of the 100 entries of the "
				 "host's table cell, and others leave it 18");
	g_assert_nonnull(strstr(told->str, "of 1 rules: project 'zeta' would have 19 of"));
	g_assert_cmpuint(policies_find_bank(policies, 18), ==, 0);
	g_assert_cmpuint(policies_find_bank(policies, 17), !=, 0);
	/* when there is room again it comes by itself */
	policies_release(policies, 7);
	policies_flush(policies);
	policies_flush(policies);
	g_assert_cmpuint(policies_find_bank(policies, 18), !=, 0);
	assert_refused(policies, "");
	policies_free(policies);
	desired_free(desired);
	tenant_done(&big);
	tenant_done(&small);
	tenant_done(&more);
}

/* Banks of one project have one share, however many there are. */
static void test_banks_of_one(void)
{
	struct desired *desired = desired_new();
	g_autoptr(GString) told = g_string_new(NULL);
	struct policies *policies = shares_open(desired, told);
	struct tenant one = tenant_new(policies, 1, 40), two = tenant_new(policies, 2, 36);
	struct tenant other = tenant_new(policies, 17, 20);

	assert_refused(policies, "2: project 'acme' would have 76 of the 100");
	g_assert_cmpuint(policies_find_bank(policies, 17), !=, 0);
	tenant_grow(&two, policies, 20);
	assert_refused(policies, "");
	policies_free(policies);
	desired_free(desired);
	tenant_done(&one);
	tenant_done(&two);
	tenant_done(&other);
}

/* A bank as large as half of the table is followed by another, while walks may be in the old one. */
static void test_followed(void)
{
	struct desired *desired = desired_new();
	g_autoptr(GString) told = g_string_new(NULL);
	struct policies *policies = shares_open(desired, told);
	struct tenant big;

	policies_be_patient(policies);
	big = tenant_new(policies, 7, 49);
	tenant_grow(&big, policies, 50);
	g_assert_cmpstr(told->str, ==, "");
	g_assert_cmpuint(policies_find_bank(policies, 7), !=, 0);
	g_assert_true(policies_is_resting(policies));
	policies_settle(policies);
	/* one that is larger comes when the old one is gone */
	tenant_grow(&big, policies, 51);
	assert_refused(policies, "7: the host's table cell has 100 entries, and 101");
	policies_settle(policies);
	policies_flush(policies);
	assert_refused(policies, "");
	g_assert_cmpuint(policies_find_bank(policies, 7), !=, 0);
	policies_free(policies);
	desired_free(desired);
	tenant_done(&big);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_data_func("/policies/a bank rests", GINT_TO_POINTER(true), test_rests);
	g_test_add_data_func("/policies/or goes at once", GINT_TO_POINTER(false), test_rests);
	g_test_add_func("/policies/a share", test_share);
	g_test_add_func("/policies/a share of several banks", test_banks_of_one);
	g_test_add_func("/policies/a large one is followed", test_followed);
	return g_test_run();
}
