/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The packet fuzzer without a fuzzer: seeds written as layers, each whole, cut at every
 * length and with every byte changed, through every way in; then the files given as arguments
 * (what a fuzzer has found, test/fuzz/corpus/packet).
 */
#include <stdio.h>
#include <string.h>

#include "lines.h"
#include "packet.h"
#include "packet_fuzz.h"

static const char *const seeds[] = {
	"eth B A / ip4 10.0.0.11 10.0.0.12 / tcp 1 2 flags S / data 8",
	"eth B A / ip4 10.0.0.11 10.0.0.12 opt 0101018307040a00000100 / udp 1 2 / data 8",
	"eth R A / ip4 10.0.0.11 10.0.1.21 / udp 1 2 / data 8",
	"eth R A / ip4 10.0.0.11 10.0.0.1 / icmp 8 0 id 1 seq 2 / data 8",
	"eth R A / ip6 fd00:a::11 fd00:a::1 / icmp6 128 0 id 1 seq 2 / data 8",
	"eth R A / ip6 fd00:a::11 fd00:b::21 / tcp 1 2 / data 8",
	"eth R A / ip4 10.0.0.11 10.0.1.21 ttl 1 / tcp 1 2 / data 8",
	"eth R A / ip4 10.0.0.11 192.0.2.1 opt 01010101 / udp 1 2 / data 150",
	"eth R A / ip6 fd00:a::11 fd00:b::99 / dstopts / udp 1 2 / data 8",
	"eth R A / ip6 fd00:a::11 fd00:a::1 / tcp 1 2 / data 8",
	"eth R A / ip4 10.0.0.11 10.0.1.21 / udp 1 2 / data 60",
	"eth C A / ip4 10.0.0.11 10.0.0.13 tos 2 / udp 1 2 / data 8",
	"eth B A / ip4 10.0.0.11 10.0.0.12 id 5 mf / udp 1 2 len 40 / data 8",
	"eth B A / ip4 10.0.0.11 10.0.0.12 id 5 off 2 proto 17 / data 16",
	"eth B A / ip6 fd00:a::11 fd00:a::12 / hbh / dstopts / frag 0 1 9 / udp 1 2 / data 8",
	"eth B A / ip6 fd00:a::11 fd00:a::12 / routing 0 0 / ah / udp 1 2 / data 8",
	"eth ALL A / arp request A 10.0.0.11 ZERO 10.0.0.13",
	"eth ALL A / arp reply A 10.0.0.11 ZERO 10.0.0.13",
	"eth ALL A / ip4 0.0.0.0 255.255.255.255 / udp 68 67 / data 20",
	"eth ALL A / ip4 10.0.0.11 10.0.0.255 / udp 1 2 / data 8",
	"eth 33:33:ff:00:00:13 A / ip6 fd00:a::11 ff02::1:ff00:13 hop 255 / ns fd00:a::13 slla A",
	"eth 33:33:ff:00:00:13 A / ip6 :: ff02::1:ff00:13 hop 255 / ns fd00:a::13",
	"eth 33:33:00:00:00:01 A / ip6 fd00:a::11 ff02::1 hop 255 / na fd00:a::11 rso 1 tlla A",
	"eth A C / ip4 10.0.0.13 10.0.0.11 / tcp 2 1 / data 8",
	"eth A C / ip6 fd00:a::13 fd00:a::11 / udp 2 1 / data 8",
	"eth A C / vlan 3 / ip4 10.0.0.13 10.0.0.11 / tcp 2 1",
	"eth C A / ip4 10.99.0.2 10.99.0.1 / udp 50000 4789 nocsum / vxlan 100 7 /"
	" eth A C / ip4 10.0.0.13 10.0.0.11 / tcp 2 1 / data 8",
	"eth C A / ip4 10.99.0.2 10.99.0.1 tos 3 / udp 50000 4789 nocsum / vxlan 100 7 /"
	" eth ALL C / ip4 10.0.0.13 10.0.0.255 tos 2 / udp 2 1 / data 8",
	"eth C A / ip6 fd99::2 fd99::1 / udp 50000 4789 nocsum / vxlan 100 7 /"
	" eth A C / ip4 10.0.0.13 10.0.0.11 / tcp 2 1 / data 8",
	"eth C A / ip4 10.99.0.2 10.99.0.1 / udp 50000 4789 nocsum / vxlan 200 7 /"
	" eth ALL C / arp request C 10.0.1.9 ZERO 10.0.1.21",
	"eth C A / ip4 10.99.0.2 10.99.0.1 / udp 50000 4789 nocsum / vxlan 0 7 /"
	" eth D G / ip4 10.0.0.13 198.51.100.7 / udp 1000 53 / data 8",
	"eth C A / ip4 10.99.0.2 10.99.0.1 / udp 50000 4789 nocsum / vxlan 0 7 /"
	" eth D G / ip4 10.0.0.13 198.51.100.7 / icmp 3 4 / quote 60 / ip4 198.51.100.7 10.0.0.13 / udp 53 1000 / data 8",
	"eth R A / ip4 10.0.0.11 198.51.100.7 / udp 1000 53 / data 8",
	"eth R A / ip4 10.0.0.11 198.51.100.7 / icmp 8 0 id 7 seq 2 / data 8",
	"eth W C / ip4 198.51.100.7 203.0.113.5 / udp 53 1000 / data 8",
	"eth W C / ip4 198.51.100.7 203.0.113.5 id 5 mf / udp 53 1000 len 40 / data 8",
	"eth W C / ip4 198.51.100.7 203.0.113.5 id 5 off 2 proto 17 / data 16",
	"eth W C / ip4 198.51.100.7 203.0.113.5 opt 01010101 / icmp 0 0 id 7 seq 2 / data 8",
	"eth W C / ip4 192.0.2.1 203.0.113.5 / icmp 3 4 / quote 60 / ip4 203.0.113.5 198.51.100.7 / udp 1000 53 / data 8",
	"eth W C / ip4 192.0.2.1 203.0.113.5 / icmp 11 0 / quote 60 / ip4 203.0.113.5 198.51.100.7 opt 01010101 /"
	" icmp 8 0 id 7 seq 2 / data 8",
	"eth W C / ip6 2001:db8:f::7 fd00:a::11 / frag 0 1 9 / udp 53 1000 / data 8",
	"eth W C / ip6 fe80::9 2001:db8:e::5 hop 255 / ns 2001:db8:e::5 slla C",
	"eth ALL C / arp request C 203.0.113.1 ZERO 203.0.113.5",
};

/* HEAD and SIZE bytes, in a buffer of just that size. */
static void feed(guint8 head, const guint8 *bytes, gsize size)
{
	g_autofree guint8 *input = g_malloc(size + 1);

	input[0] = head;
	memcpy(input + 1, bytes, size);
	LLVMFuzzerTestOneInput(input, size + 1);
}

static void feed_all(const guint8 *bytes, gsize size)
{
	static const guint8 heads[] = {0, 0x40, 1,    2,    3,	  4,	5,    6,
				       7, 0x08, 0x09, 0x10, 0x11, 0x50, 0x20, 0x0b};

	for (guint i = 0; i < G_N_ELEMENTS(heads); i++)
		feed(heads[i], bytes, size);
}

static guint feed_variants(const char *text, GHashTable *names)
{
	static const guint8 flips[] = {0x01, 0x40, 0x80, 0xff};
	g_autofree char *why = NULL;
	g_autoptr(GBytes) frame = packet_build(text, names, &why);
	gsize size;

	if (!frame)
		g_error("%s: %s", text, why);
	const guint8 *bytes = g_bytes_get_data(frame, &size);
	g_autofree guint8 *copy = g_memdup2(bytes, size);

	feed_all(bytes, size);
	for (gsize i = 0; i < size; i++) {
		feed_all(bytes, i);
		for (guint f = 0; f < G_N_ELEMENTS(flips); f++) {
			copy[i] ^= flips[f];
			feed_all(copy, size);
			copy[i] ^= flips[f];
		}
	}
	return size;
}

int main(int argc, char **argv)
{
	g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
	guint test = 0;

	g_hash_table_insert(names, (char *)"A", (char *)"02:00:00:00:01:01");
	g_hash_table_insert(names, (char *)"B", (char *)"02:00:00:00:01:02");
	g_hash_table_insert(names, (char *)"C", (char *)"02:00:00:00:01:03");
	g_hash_table_insert(names, (char *)"R", (char *)"02:00:00:00:aa:01");
	g_hash_table_insert(names, (char *)"D", (char *)"0e:77:66:00:00:01");
	g_hash_table_insert(names, (char *)"G", (char *)"02:00:00:00:bb:01");
	g_hash_table_insert(names, (char *)"W", (char *)"02:00:00:00:99:01");
	g_hash_table_insert(names, (char *)"ALL", (char *)"ff:ff:ff:ff:ff:ff");
	g_hash_table_insert(names, (char *)"ZERO", (char *)"00:00:00:00:00:00");
	for (guint i = 0; i < G_N_ELEMENTS(seeds); i++) {
		feed_variants(seeds[i], names);
		printf("ok %u - %s\n", ++test, seeds[i]);
	}
	for (int i = 1; i < argc; i++) {
		g_autofree char *bytes = NULL;
		gsize size;

		if (lines_is(argv[i])) {
			printf("ok %u - %s: %u inputs\n", ++test, argv[i], lines_feed(argv[i]));
			continue;
		}
		if (!g_file_get_contents(argv[i], &bytes, &size, NULL))
			g_error("%s: cannot read", argv[i]);
		LLVMFuzzerTestOneInput((guint8 *)bytes, size);
		printf("ok %u - %s\n", ++test, argv[i]);
	}
	printf("1..%u\n", test);
	return 0;
}
