/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a firewall rule says of itself, and who names whom: after random changes, in any order,
 * the indexes are what a walk over everything finds.
 */
#include "model/firewall.h"

#include <string.h>

#include "model/cloud.h"

static void test_ports(void)
{
	static const struct {
		const char *text;
		bool good;
		uint16_t low, high;
	} cases[] = {
		{"80", true, 80, 80},	     {"80:90", true, 80, 90}, {"0", true, 0, 0},
		{"0:65535", true, 0, 65535}, {"9:8", true, 9, 8}, /* validation says more */
		{NULL, false, 0, 0},	     {"", false, 0, 0},	      {"65536", false, 0, 0},
		{"80:", false, 0, 0},	     {":80", false, 0, 0},    {"1:2:3", false, 0, 0},
		{"-1", false, 0, 0},	     {" 80", false, 0, 0},    {"80:65536", false, 0, 0},
		{"http", false, 0, 0},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		uint16_t low = 7, high = 7;

		g_assert_cmpint(firewall_ports_parse(cases[i].text, &low, &high), ==,
				cases[i].good);
		g_assert_cmpuint(low, ==, cases[i].good ? cases[i].low : 7);
		g_assert_cmpuint(high, ==, cases[i].good ? cases[i].high : 7);
	}
}

static void test_rules(void)
{
	static const struct {
		struct firewall_rule rule;
		int protocol;
		const char *refused; /* how the reason begins; NULL: it is not */
	} cases[] = {
		{{.ip_version = 4}, -1, NULL},
		{{.ip_version = 4, .protocol = "icmp"}, 1, NULL},
		{{.ip_version = 6, .protocol = "icmp"}, 58, NULL},
		{{.ip_version = 6, .protocol = "tcp", .source_port = "1:9"}, 6, NULL},
		{{.ip_version = 4, .protocol = "17", .destination_port = "53"}, 17, NULL},
		{{.ip_version = 4, .source_ip_address = "0.0.0.0/0"}, -1, NULL},
		{{.ip_version = 6, .destination_ip_address = "fd00::1"}, -1, NULL},
		{{.ip_version = 5}, -1, "Invalid input for ip_version"},
		{{.ip_version = 4, .protocol = "x"}, -1, "Invalid input for protocol"},
		{{.ip_version = 4, .source_ip_address = "::1"},
		 -1,
		 "FirewallIpAddressConflict"},
		{{.ip_version = 6, .destination_ip_address = "10.0.0.1"},
		 -1,
		 "FirewallIpAddressConflict"},
		{{.ip_version = 4, .source_ip_address = "10.0.0.1/8"},
		 -1,
		 "Invalid input for source_ip_address"},
		{{.ip_version = 4, .source_port = "1"},
		 -1,
		 "FirewallRuleWithPortWithoutProtocolInvalid"},
		{{.ip_version = 4, .protocol = "gre", .source_port = "1"},
		 47,
		 "FirewallRuleInvalidICMPParameter"},
		{{.ip_version = 4, .protocol = "tcp", .source_port = "9:8"},
		 6,
		 "FirewallRuleInvalidPortValue"},
		{{.ip_version = 4, .source_group_id = {{1}}},
		 -1,
		 "Invalid input for source_firewall_group_id"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		bool good = firewall_rule_validate(&cases[i].rule, &error);

		g_assert_cmpint(firewall_rule_get_protocol(&cases[i].rule), ==,
				cases[i].protocol);
		g_assert_cmpint(good, ==, !cases[i].refused);
		if (!good)
			g_assert_true(g_str_has_prefix(error->message, cases[i].refused));
	}
}

/* ------------------------------------------------------------- the indexes */

#define RULES	 5
#define POLICIES 4
#define GROUPS	 4
#define PORTS	 6
#define CHANGES	 4000

struct names {
	struct uuid rules[RULES], policies[POLICIES], groups[GROUPS], ports[PORTS];
};

static void add_id(struct vec *list, struct uuid id)
{
	*(struct uuid *)vec_add(list, sizeof(id)) = id;
}

static void change_policy(struct cloud *cloud, const struct names *names)
{
	struct uuid id = names->policies[g_test_rand_int_range(0, POLICIES)];
	struct firewall_policy *policy = NULL;

	if (g_test_rand_int_range(0, 4)) {
		policy = attr_new(&firewall_policy_table);
		for (int i = 0; i < RULES; i++)
			if (g_test_rand_bit())
				add_id(&policy->rules, names->rules[i]);
	}
	cloud_apply(cloud, KIND_FIREWALL_POLICY, id, policy, 1);
}

/* A port is in one group at most, as its claim would have it. */
static void change_group(struct cloud *cloud, const struct names *names)
{
	struct uuid id = names->groups[g_test_rand_int_range(0, GROUPS)];
	struct firewall_group *group = NULL;

	if (g_test_rand_int_range(0, 4)) {
		group = attr_new(&firewall_group_table);
		group->object.name = g_strdup(g_test_rand_bit() ? FIREWALL_DEFAULT : "edge");
		group->object.project_id =
			g_intern_string(uuid_print(id, (char[UUID_TEXT]){0}));
		if (g_test_rand_bit())
			group->ingress_policy_id =
				names->policies[g_test_rand_int_range(0, POLICIES)];
		if (g_test_rand_bit())
			group->egress_policy_id =
				names->policies[g_test_rand_int_range(0, POLICIES)];
		for (int i = 0; i < PORTS; i++) {
			const struct firewall_group *other =
				cloud_find_port_firewall(cloud, names->ports[i]);

			if ((!other || uuid_equal(other->object.id, id)) && g_test_rand_bit())
				add_id(&group->ports, names->ports[i]);
		}
	}
	cloud_apply(cloud, KIND_FIREWALL_GROUP, id, group, 1);
}

static bool lists(const GPtrArray *list, const void *object)
{
	guint count = 0;

	for (guint i = 0; i < list->len; i++)
		count += list->pdata[i] == object;
	g_assert_cmpuint(count, <=, 1);
	return count;
}

static void compare(const struct cloud *cloud, const struct names *names)
{
	for (int p = 0; p < POLICIES; p++) {
		const struct firewall_policy *policy =
			cloud_find(cloud, KIND_FIREWALL_POLICY, names->policies[p]);

		for (int r = 0; policy && r < RULES; r++)
			g_assert_cmpint(
				lists(cloud_list_rule_policies(cloud, names->rules[r]), policy),
				==, firewall_policy_has_rule(policy, names->rules[r]));
	}
	for (int g = 0; g < GROUPS; g++) {
		const struct firewall_group *group =
			cloud_find(cloud, KIND_FIREWALL_GROUP, names->groups[g]);

		for (int p = 0; group && p < POLICIES; p++)
			g_assert_cmpint(
				lists(cloud_list_policy_firewalls(cloud, names->policies[p]),
				      group),
				==,
				uuid_equal(group->ingress_policy_id, names->policies[p]) ||
					uuid_equal(group->egress_policy_id,
						   names->policies[p]));
		for (int i = 0; group && i < PORTS; i++)
			g_assert_cmpint(cloud_find_port_firewall(cloud, names->ports[i]) ==
						group,
					==, firewall_group_has_port(group, names->ports[i]));
		if (group)
			g_assert_cmpint(cloud_find_default_firewall(
						cloud, group->object.project_id) == group,
					==, strcmp(group->object.name, FIREWALL_DEFAULT) == 0);
	}
}

/* When everything is gone nothing is named. */
static void empty(struct cloud *cloud, const struct names *names)
{
	for (int g = 0; g < GROUPS; g++)
		cloud_apply(cloud, KIND_FIREWALL_GROUP, names->groups[g], NULL, 1);
	for (int p = 0; p < POLICIES; p++)
		cloud_apply(cloud, KIND_FIREWALL_POLICY, names->policies[p], NULL, 1);
	for (int r = 0; r < RULES; r++)
		g_assert_cmpuint(cloud_list_rule_policies(cloud, names->rules[r])->len, ==, 0);
	for (int p = 0; p < POLICIES; p++)
		g_assert_cmpuint(cloud_list_policy_firewalls(cloud, names->policies[p])->len,
				 ==, 0);
	for (int i = 0; i < PORTS; i++)
		g_assert_null(cloud_find_port_firewall(cloud, names->ports[i]));
}

static void test_index(void)
{
	struct cloud *cloud = cloud_new();
	struct names names;

	for (gsize i = 0; i < sizeof(names) / sizeof(struct uuid); i++)
		((struct uuid *)&names)[i] = uuid_new();
	for (int i = 0; i < CHANGES; i++) {
		if (g_test_rand_bit())
			change_policy(cloud, &names);
		else
			change_group(cloud, &names);
		compare(cloud, &names);
	}
	empty(cloud, &names);
	cloud_free(cloud);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/firewall/ports", test_ports);
	g_test_add_func("/firewall/rules", test_rules);
	g_test_add_func("/firewall/index", test_index);
	return g_test_run();
}
