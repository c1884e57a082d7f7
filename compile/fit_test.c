/* SPDX-License-Identifier: Apache-2.0 */
/* Nested ranges at both ports: of N rules the i-th means (N - i)² combinations. */
#include <string.h>
#include <glib.h>

#include "abi/limits.h"
#include "compile/fit.h"
#include "lib/error.h"
#include "model/cloud.h"

#define FITS 57 /* 63365 combinations; of one rule more, 66729 */

static GPtrArray *rules_nest(int64_t version, guint count)
{
	GPtrArray *rules = g_ptr_array_new();

	for (guint i = 0; i < count; i++) {
		struct firewall_rule *rule = attr_new(&firewall_rule_table);

		rule->object.id.b[0] = (uint8_t)(i + 1);
		rule->enabled = true;
		rule->ip_version = version;
		rule->protocol = g_strdup("tcp");
		rule->source_port = g_strdup_printf("%u:%u", i + 1, 60000 - i);
		rule->destination_port = g_strdup(rule->source_port);
		g_ptr_array_add(rules, rule);
	}
	return rules;
}

static void rules_free(GPtrArray *rules)
{
	for (guint i = 0; i < rules->len; i++)
		attr_free(&firewall_rule_table, rules->pdata[i]);
	g_ptr_array_unref(rules);
}

static bool fits(const GPtrArray *rules, GError **error)
{
	return fit_firewall((const struct firewall_rule *const *)rules->pdata, rules->len,
			    error);
}

static void assert_fits(const GPtrArray *rules)
{
	g_autoptr(GError) error = NULL;

	g_assert_true(fits(rules, &error));
	g_assert_no_error(error);
}

static void assert_refused(const GPtrArray *rules, const char *cells, const char *rule)
{
	g_autoptr(GError) error = NULL;

	g_assert_false(fits(rules, &error));
	g_assert_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT);
	g_assert_nonnull(strstr(error->message, cells));
	g_assert_nonnull(strstr(error->message, rule));
	g_assert_nonnull(strstr(error->message, G_STRINGIFY(LIM_GROUP_CELLS)));
}

/* The limit is met to the rule, in each family by itself. */
static void test_limit(void)
{
	for (int version = 4; version <= 6; version += 2) {
		GPtrArray *rules = rules_nest(version, FITS);

		assert_fits(rules);
		rules_free(rules);
		rules = rules_nest(version, FITS + 1);
		assert_refused(rules, " 66729 ", "01000000-0000-0000-0000-000000000000");
		((struct firewall_rule *)rules->pdata[7])->ip_version = 10 - version;
		assert_fits(rules);
		rules_free(rules);
	}
}

/* What is not enabled, or behind a rule that means everything, does not count. */
static void test_not_counted(void)
{
	GPtrArray *rules = rules_nest(4, FITS + 1);
	struct firewall_rule *rule = rules->pdata[3];

	rule->enabled = false;
	assert_fits(rules);
	rule->enabled = true;
	assert_refused(rules, " 66729 ", "");
	g_clear_pointer(&rule->protocol, g_free);
	g_clear_pointer(&rule->source_port, g_free);
	g_clear_pointer(&rule->destination_port, g_free);
	assert_fits(rules);
	rules_free(rules);
}

/* Addresses multiply with ports; an address of no bits is none. */
static void test_addresses(void)
{
	GPtrArray *rules = rules_nest(4, 40); /* 22140 */

	for (guint i = 0; i < rules->len; i++)
		((struct firewall_rule *)rules->pdata[i])->source_ip_address =
			g_strdup("0.0.0.0/0");
	assert_fits(rules);
	for (guint i = 0; i < 10; i++) {
		struct firewall_rule *rule = rules->pdata[i];

		g_free(rule->source_ip_address);
		rule->source_ip_address = g_strdup_printf("10.0.0.0/%u", 8 + i);
	}
	assert_refused(rules, " combinations ", "01000000");
	rules_free(rules);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/fit/limit", test_limit);
	g_test_add_func("/fit/not-counted", test_not_counted);
	g_test_add_func("/fit/addresses", test_addresses);
	return g_test_run();
}
