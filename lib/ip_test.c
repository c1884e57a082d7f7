/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses: what is one and what is not, and laws against bit-by-bit twins.
 */
#include "lib/ip.h"

#include <string.h>

static struct ip ip(const char *text)
{
	struct ip ip;

	g_assert_true(ip_parse(text, &ip));
	return ip;
}

static struct prefix prefix(const char *text)
{
	struct prefix prefix;

	g_assert_true(prefix_parse(text, true, &prefix));
	return prefix;
}

static void test_ip_text(void)
{
	static const char *const same[] = {
		"0.0.0.0", "10.0.1.255",  "255.255.255.255", "::",
		"::1",	   "fd00::1:0:1", "2001:db8::1",     "fe80::ff:fe00:1"};
	static const char *const wrong[] = {
		"",	    "1",	  "1.2.3",    "1.2.3.4.5",    "256.1.1.1",
		"01.2.3.4", " 1.2.3.4",	  "1.2.3.4 ", "1.2.3.4/32",   ":",
		":::",	    "fd00::1::2", "12345::",  "fd00::1%eth0", "[::1]",
		"g::"};
	struct ip untouched = ip("9.9.9.9");
	char text[IP_TEXT];

	for (gsize i = 0; i < G_N_ELEMENTS(same); i++)
		g_assert_cmpstr(ip_print(ip(same[i]), text), ==, same[i]);
	for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++)
		g_assert_false(ip_parse(wrong[i], &untouched));
	g_assert_true(ip_equal(untouched, ip("9.9.9.9")));
	g_assert_cmpstr(ip_print(ip("::FFFF:10.0.0.1"), text), ==, "10.0.0.1");
	g_assert_cmpstr(ip_print(ip("FD00:0:0::00a1"), text), ==, "fd00::a1");
}

static void test_ip_kind(void)
{
	g_assert_true(ip_is_none(ip_none));
	g_assert_true(ip_is_none(ip("::")));
	g_assert_false(ip_is_none(ip("0.0.0.0")));
	g_assert_true(ip_is_v4(ip("0.0.0.0")));
	g_assert_false(ip_is_v4(ip("::1.2.3.4")));
	g_assert_true(ip_is_multicast(ip("224.0.0.1")));
	g_assert_true(ip_is_multicast(ip("239.255.255.255")));
	g_assert_false(ip_is_multicast(ip("240.0.0.0")));
	g_assert_true(ip_is_multicast(ip("ff02::1")));
	g_assert_false(ip_is_multicast(ip("fe80::1")));
	g_assert_cmpint(ip_compare(ip("10.0.0.2"), ip("10.0.0.10")), <, 0);
}

static void test_ip_arithmetic(void)
{
	static const struct {
		const char *from;
		int64_t n;
		const char *to;
	} sums[] = {
		{"10.0.0.255", 1, "10.0.1.0"},
		{"10.0.1.0", -1, "10.0.0.255"},
		{"fd00::ffff:ffff:ffff:ffff", 1, "fd00:0:0:1::"},
		{"fd00:0:0:1::", -1, "fd00::ffff:ffff:ffff:ffff"},
		{"::", 0, "::"},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 1, "::"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(sums); i++)
		g_assert_true(ip_equal(ip_add(ip(sums[i].from), sums[i].n), ip(sums[i].to)));
	g_assert_cmpuint(ip_distance(ip("10.0.0.1"), ip("10.0.1.1")), ==, 256);
	g_assert_cmpuint(ip_distance(ip("10.0.1.1"), ip("10.0.0.1")), ==, 0);
	g_assert_true(ip_distance(ip("::"), ip("0:0:0:1::")) == UINT64_MAX);
	g_assert_true(ip_distance(ip("::"), ip("::ffff:ffff:ffff:ffff")) == UINT64_MAX);
	g_assert_true(ip_count(ip("10.0.0.1"), ip("10.0.0.1")) == 1);
	g_assert_true(ip_count(ip("10.0.0.2"), ip("10.0.0.1")) == 0);
	g_assert_true(ip_count(ip("::"), ip("0:0:0:1::")) == ((unsigned __int128)1 << 64) + 1);
	g_assert_cmpuint(ip_to_v4(ip("1.2.3.4")), ==, 0x01020304);
	g_assert_true(ip_equal(ip_from_v4(0x01020304), ip("1.2.3.4")));
}

static void test_prefix_text(void)
{
	static const char *const same[] = {"0.0.0.0/0", "10.0.0.0/8", "10.0.0.1/32",
					   "::/0",	"fd00::/64",  "fd00::1/128"};
	static const char *const wrong[] = {"",
					    "/",
					    "10.0.0.0/",
					    "10.0.0.0/33",
					    "10.0.0.0/-1",
					    "10.0.0.0/ 8",
					    "10.0.0.0/8x",
					    "10.0.0.0/+8",
					    "::/129",
					    "10.0.0.1/24",
					    "fd00::1/64",
					    "10.0.0.0/99999999999999999999",
					    "/24"};
	struct prefix parsed;
	char text[PREFIX_TEXT];

	for (gsize i = 0; i < G_N_ELEMENTS(same); i++)
		g_assert_cmpstr(prefix_print(prefix(same[i]), text), ==, same[i]);
	for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++)
		g_assert_false(prefix_parse(wrong[i], true, &parsed));
	g_assert_true(prefix_parse("10.0.0.77/24", false, &parsed));
	g_assert_cmpstr(prefix_print(parsed, text), ==, "10.0.0.0/24");
	g_assert_true(prefix_parse("10.0.0.77", true, &parsed));
	g_assert_cmpstr(prefix_print(parsed, text), ==, "10.0.0.77/32");
	g_assert_cmpuint(prefix("10.0.0.0/8").bits, ==, 104);
	g_assert_cmpuint(prefix_length(prefix("fd00::/64")), ==, 64);
}

static void test_families_do_not_meet(void)
{
	g_assert_false(prefix_is_v4(prefix("::/0")));
	g_assert_true(prefix_is_v4(prefix("0.0.0.0/0")));
	g_assert_false(prefix_contains(prefix("::/0"), ip("10.0.0.1")));
	g_assert_true(prefix_contains(prefix("::/0"), ip("fd00::1")));
	g_assert_false(prefix_contains(prefix("0.0.0.0/0"), ip("::1")));
	g_assert_false(prefix_overlaps(prefix("::/0"), prefix("10.0.0.0/8")));
	g_assert_false(prefix_overlaps(prefix("0.0.0.0/0"), prefix("::/0")));
	g_assert_false(prefix_overlaps(prefix("::/80"), prefix("0.0.0.0/0")));
}

static bool bit_get(struct ip address, unsigned int i)
{
	return address.b[i / 8] >> (7 - i % 8) & 1;
}

static bool twin_contains(struct prefix p, struct ip address)
{
	if (prefix_is_v4(p) != ip_is_v4(address))
		return false;
	for (unsigned int i = 0; i < p.bits; i++)
		if (bit_get(p.ip, i) != bit_get(address, i))
			return false;
	return true;
}

static struct ip random_ip(void)
{
	bool v4 = g_test_rand_bit();
	struct ip address = ip(v4 ? "10.0.0.0" : "fd00::");

	/* Few different bits, so that prefixes do meet. */
	for (unsigned int i = 0; i < 3; i++) {
		unsigned int bit = (unsigned int)g_test_rand_int_range(v4 ? 104 : 8, 128);

		address.b[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
	}
	return address;
}

static struct prefix random_prefix(void)
{
	struct ip address = random_ip();
	char text[PREFIX_TEXT], printed[IP_TEXT];
	struct prefix out;

	g_snprintf(text, sizeof(text), "%s/%d", ip_print(address, printed),
		   g_test_rand_int_range(0, ip_is_v4(address) ? 33 : 129));
	g_assert_true(prefix_parse(text, false, &out));
	return out;
}

static void law_prefixes(void)
{
	for (unsigned int i = 0; i < 20000; i++) {
		struct prefix p = random_prefix(), q = random_prefix(), again;
		struct ip address = random_ip();
		char text[PREFIX_TEXT];

		g_assert_true(prefix_contains(p, address) == twin_contains(p, address));
		g_assert_true(prefix_contains(p, prefix_first(p)));
		g_assert_true(prefix_contains(p, prefix_last(p)));
		if (prefix_length(p) > 0 && prefix_length(p) < (prefix_is_v4(p) ? 32 : 128))
			g_assert_false(prefix_contains(p, ip_add(prefix_last(p), 1)));
		g_assert_true(prefix_overlaps(p, q) ==
			      (prefix_contains(p, q.ip) || prefix_contains(q, p.ip)));
		g_assert_true(prefix_parse(prefix_print(p, text), true, &again));
		g_assert_true(prefix_equal(p, again));
	}
}

static void test_mac(void)
{
	static const char *const wrong[] = {"",
					    "02:00:00:00:00",
					    "02:00:00:00:00:0g",
					    "02:00:00:00:00:01:02",
					    "02.00.00.00.00.01",
					    "0200.0000.0001",
					    " 2:00:00:00:00:01"};
	char text[MAC_TEXT];
	struct mac mac;

	g_assert_true(mac_parse("02-Ab-00:00:00:FF", &mac));
	g_assert_cmpstr(mac_print(mac, text), ==, "02:ab:00:00:00:ff");
	for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++)
		g_assert_false(mac_parse(wrong[i], &mac));
	g_assert_cmpstr(mac_print(mac, text), ==, "02:ab:00:00:00:ff");
	g_assert_false(mac_is_multicast(mac));
	g_assert_true(mac_parse("ff:ff:ff:ff:ff:ff", &mac));
	g_assert_true(mac_is_multicast(mac));
	g_assert_true(mac_is_none((struct mac){{0}}));
	g_assert_false(mac_equal(mac, (struct mac){{0}}));
}

/* RFC 4291 appendix A, the example of 34-56-78-9A-BC-DE. */
static void test_eui64(void)
{
	struct mac mac;

	g_assert_true(mac_parse("34-56-78-9A-BC-DE", &mac));
	g_assert_true(ip_equal(ip_from_eui64(prefix("fd00::/64"), mac),
			       ip("fd00::3656:78ff:fe9a:bcde")));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/ip/text", test_ip_text);
	g_test_add_func("/ip/kind", test_ip_kind);
	g_test_add_func("/ip/arithmetic", test_ip_arithmetic);
	g_test_add_func("/prefix/text", test_prefix_text);
	g_test_add_func("/prefix/families-do-not-meet", test_families_do_not_meet);
	g_test_add_func("/prefix/law", law_prefixes);
	g_test_add_func("/mac/text", test_mac);
	g_test_add_func("/mac/eui64", test_eui64);
	return g_test_run();
}
