/* SPDX-License-Identifier: Apache-2.0 */
/* Whole frames, byte by byte; the checksum was worked out by hand. */
#include "agent/announce.h"

#include <string.h>

static const struct mac mac = {{0x02, 0, 0, 0, 0, 0xe1}};

static void check(const char *address, const char *expected)
{
	uint8_t frame[ANNOUNCE_FRAME_MAX];
	g_autoptr(GString) text = g_string_new(NULL);
	struct ip ip;
	gsize size;

	g_assert_true(ip_parse(address, &ip));
	size = announce_write(ip, mac, frame);
	for (gsize i = 0; i < size; i++)
		g_string_append_printf(text, "%02x", frame[i]);
	g_assert_cmpstr(text->str, ==, expected);
}

static void test_arp(void)
{
	check("203.0.113.5", "ffffffffffff0200000000e10806"
			     "0001080006040001"
			     "0200000000e1cb007105"
			     "000000000000cb007105");
}

static void test_nd(void)
{
	check("2001:db8::5", "3333000000010200000000e186dd"
			     "6000000000203aff"
			     "20010db8000000000000000000000005"
			     "ff020000000000000000000000000001"
			     "88007842a0000000"
			     "20010db8000000000000000000000005"
			     "02010200000000e1");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/announce/arp", test_arp);
	g_test_add_func("/announce/nd", test_nd);
	return g_test_run();
}
