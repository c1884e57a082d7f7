/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Default pools and gateways, the rules of pools, and free addresses against a
 * naive twin.
 */
#include "model/ipam.h"

#include <string.h>

#include "lib/error.h"

static struct subnet *make(const char *cidr, const char *gateway)
{
	struct subnet *subnet = attr_new(&subnet_table);

	g_assert_true(prefix_parse(cidr, true, &subnet->cidr));
	if (!gateway)
		subnet->gateway_ip = ipam_default_gateway(subnet->cidr);
	else if (*gateway)
		g_assert_true(ip_parse(gateway, &subnet->gateway_ip));
	return subnet;
}

static void check_pools(const char *cidr, const char *gateway, const char *expected)
{
	struct subnet *subnet = make(cidr, gateway);
	g_autoptr(GString) got = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	char text[IP_TEXT];

	ipam_default_pools(subnet, &subnet->allocation_pools);
	for (uint32_t i = 0; i < subnet->allocation_pools.count; i++) {
		const struct pool *pool = vec_at(struct pool, &subnet->allocation_pools, i);

		g_string_append_printf(got, "%s%s-", i ? " " : "", ip_print(pool->start, text));
		g_string_append(got, ip_print(pool->end, text));
	}
	g_assert_cmpstr(got->str, ==, expected);
	g_assert_true(ipam_validate(subnet, &error));
	g_assert_no_error(error);
	attr_free(&subnet_table, subnet);
}

static void test_defaults(void)
{
	check_pools("10.0.0.0/24", NULL, "10.0.0.2-10.0.0.254");
	check_pools("10.0.0.0/24", "10.0.0.254", "10.0.0.1-10.0.0.253");
	check_pools("10.0.0.0/24", "10.0.0.10", "10.0.0.1-10.0.0.9 10.0.0.11-10.0.0.254");
	check_pools("10.0.0.0/24", "", "10.0.0.1-10.0.0.254");
	check_pools("10.0.0.0/30", NULL, "10.0.0.2-10.0.0.2");
	check_pools("10.0.0.0/31", NULL, "10.0.0.0-10.0.0.0");
	check_pools("10.0.0.5/32", NULL, "10.0.0.5-10.0.0.5");
	check_pools("fd00::/64", NULL, "fd00::2-fd00::ffff:ffff:ffff:ffff");
	check_pools("fd00::/126", NULL, "fd00::2-fd00::3");
	check_pools("fd00::/127", "", "fd00::-fd00::1");
}

static void check_total(const char *cidr, bool pools, unsigned __int128 expected)
{
	struct subnet *subnet = make(cidr, NULL);

	if (pools)
		ipam_default_pools(subnet, &subnet->allocation_pools);
	g_assert_true(ipam_total(subnet) == expected);
	attr_free(&subnet_table, subnet);
}

static void test_total(void)
{
	check_total("10.0.0.0/24", true, 253);
	check_total("10.0.0.0/24", false, 256);
	check_total("10.0.0.0/31", true, 1);
	check_total("fd00::/64", true, ((unsigned __int128)1 << 64) - 2);
	check_total("2000::/3", false, (unsigned __int128)1 << 125);
}

static void check_rule(const char *gateway, const char *pools, const char *message)
{
	struct subnet *subnet = make("10.0.0.0/24", gateway);
	g_auto(GStrv) texts = g_strsplit(pools, " ", -1);
	g_autoptr(GError) error = NULL;

	for (char **text = texts; *text; text++) {
		struct pool *pool = vec_add(&subnet->allocation_pools, sizeof(*pool));
		char *end = strchr(*text, '-');

		*end++ = '\0';
		g_assert_true(ip_parse(*text, &pool->start) && ip_parse(end, &pool->end));
	}
	g_assert_cmpint(ipam_validate(subnet, &error), ==, !message);
	if (message && !g_str_has_prefix(error->message, message))
		g_error("%s: %s", pools, error->message);
	attr_free(&subnet_table, subnet);
}

static void test_rules(void)
{
	check_rule(NULL, "10.0.0.20-10.0.0.30 10.0.0.2-10.0.0.10", NULL);
	check_rule("10.0.0.255", "", "InvalidInput: ");
	check_rule("10.0.1.1", "", "InvalidInput: ");
	check_rule(NULL, "10.0.0.1-10.0.0.10", "GatewayConflictWithAllocationPools: ");
	check_rule(NULL, "10.0.0.9-10.0.0.5", "InvalidAllocationPool: ");
	check_rule(NULL, "10.0.0.9-fd00::1", "InvalidAllocationPool: ");
	check_rule(NULL, "10.0.0.2-10.0.1.5", "OutOfBoundsAllocationPool: ");
	check_rule(NULL, "10.0.0.2-10.0.0.255", "OutOfBoundsAllocationPool: ");
	check_rule(NULL, "10.0.0.2-10.0.0.9 10.0.0.9-10.0.0.12",
		   "OverlappingAllocationPools: ");
}

/* Fills CIDR to the last address: each one once, all inside the pools, then no more. */
static void check_fill(const char *cidr, unsigned int expected)
{
	struct subnet *subnet = make(cidr, NULL);
	g_autoptr(GHashTable) seen =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	struct ipam *ipam;
	struct ip ip, first = ip_none;
	char text[IP_TEXT];
	unsigned int count = 0;

	ipam_default_pools(subnet, &subnet->allocation_pools);
	ipam = ipam_new(subnet);
	while (ipam_pick(ipam, &ip)) {
		g_assert_true(ipam_in_pools(subnet, ip));
		g_assert_true(g_hash_table_add(seen, g_strdup(ip_print(ip, text))));
		first = ip;
		count++;
	}
	g_assert_cmpuint(count, ==, expected);
	ipam_release(ipam, first);
	g_assert_true(ipam_pick(ipam, &ip));
	g_assert_true(ip_equal(ip, first));
	g_assert_false(ipam_reserve(ipam, ip));
	ipam_free(ipam);
	attr_free(&subnet_table, subnet);
}

static void test_fill(void)
{
	check_fill("10.0.0.0/30", 1);
	check_fill("10.0.0.0/24", 253);
	check_fill("10.0.0.0/16", 65533);
	check_fill("fd00::/120", 254);
}

/* The last free address of a /16, taken and given back again and again. */
static void test_nearly_full(void)
{
	struct subnet *subnet = make("10.1.0.0/16", NULL);
	struct ipam *ipam;
	struct ip ip;

	ipam_default_pools(subnet, &subnet->allocation_pools);
	ipam = ipam_new(subnet);
	while (ipam_pick(ipam, &ip))
		;
	for (unsigned int i = 2; i < 40000; i += 7) {
		struct ip free = ip_add(subnet->cidr.ip, i);

		ipam_release(ipam, free);
		g_assert_true(ipam_pick(ipam, &ip));
		g_assert_true(ip_equal(ip, free));
	}
	ipam_free(ipam);
	attr_free(&subnet_table, subnet);
}

static void test_use(void)
{
	struct subnet *subnet = make("fd00::/64", NULL);
	struct port port = {.admin_state_up = true}, other = {.admin_state_up = true};
	struct ipam *ipam;
	struct ip ip;

	ipam_default_pools(subnet, &subnet->allocation_pools);
	ipam = ipam_new(subnet);
	for (unsigned int i = 0; i < 3000; i++) {
		g_assert_true(ipam_pick(ipam, &ip));
		ipam_add(ipam, ip, &port);
		ipam_release(ipam, ip);
		g_assert_true(ipam_find(ipam, ip) == &port);
		g_assert_false(ipam_reserve(ipam, ip));
	}
	g_assert_cmpuint(ipam_count(ipam), ==, 3000);
	ipam_del(ipam, ip, &other);
	g_assert_true(ipam_find(ipam, ip) == &port);
	ipam_del(ipam, ip, &port);
	g_assert_null(ipam_find(ipam, ip));
	g_assert_true(ipam_reserve(ipam, ip));
	g_assert_cmpuint(ipam_count(ipam), ==, 2999);
	ipam_release(ipam, ip);
	g_assert_cmpuint(ipam_count(ipam), ==, 2999);
	ipam_free(ipam);
	attr_free(&subnet_table, subnet);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/ipam/defaults", test_defaults);
	g_test_add_func("/ipam/total", test_total);
	g_test_add_func("/ipam/rules", test_rules);
	g_test_add_func("/ipam/fill", test_fill);
	g_test_add_func("/ipam/nearly-full", test_nearly_full);
	g_test_add_func("/ipam/use", test_use);
	return g_test_run();
}
