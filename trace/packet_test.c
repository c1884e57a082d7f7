/* SPDX-License-Identifier: Apache-2.0 */
/* What users may write, the whole frames that come of it, and what is refused. */
#include "trace/packet.h"

#include "lib/error.h"
#include "trace/frame.h"

static const char from[] = "020000000001", to[] = "020000000002";

/* TEXT with our MACs, as hexadecimal; owned. */
static char *build(const char *text, const char *source)
{
	g_autoptr(GError) error = NULL;
	struct trace_packet packet;
	GByteArray *frame;
	GString *hex = g_string_new(NULL);

	g_assert_true(trace_packet_parse(text, &packet, &error));
	g_assert_no_error(error);
	packet.from = (struct mac){{2, 0, 0, 0, 0, 1}};
	if (!trace_packet_find_group(&packet, &packet.to))
		packet.to = (struct mac){{2, 0, 0, 0, 0, 2}};
	if (source)
		g_assert_true(ip_parse(source, &packet.source));
	frame = trace_packet_build(&packet);
	for (guint i = 0; i < frame->len; i++)
		g_string_append_printf(hex, "%02x", frame->data[i]);
	g_byte_array_unref(frame);
	trace_packet_done(&packet);
	return g_string_free(hex, FALSE);
}

static void check(const char *text, const char *source, const char *mac_to, const char *rest)
{
	g_autofree char *got = build(text, source);
	g_autofree char *wanted = g_strconcat(mac_to, from, rest, NULL);

	g_assert_cmpstr(got, ==, wanted);
}

/* Expected bytes by an independent implementation of RFC 1071. */
static void test_frames(void)
{
	check("tcp 10.0.1.5:40000 -> 10.0.2.7:80", NULL, to,
	      "08004500002800004000400623c50a0001050a0002079c40005000000000"
	      "000000005002fffffc460000");
	check("udp 10.0.2.7:53 ttl 1 size 2", "10.0.1.5", to,
	      "08004500001e00004000011162c40a0001050a0002079c400035000a4c59"
	      "0000");
	check("icmp 10.0.1.5 -> 10.0.2.7", NULL, to,
	      "08004500001c00004000400123d60a0001050a0002070800f7fd00010001");
	check("arp 10.0.1.1", "10.0.1.5", "ffffffffffff",
	      "080600010800060400010200000000010a0001050000000000000a000101");
	check("nd fd00::1", "fd00::5", "3333ff000001",
	      "86dd6000000000203afffd000000000000000000000000000005ff020000"
	      "0000000000000001ff00000187007d9500000000fd000000000000000000"
	      "0000000000010101020000000001");
}

static void test_addresses(void)
{
	static const struct {
		const char *text, *source, *target;
		unsigned int source_port, target_port;
	} good[] = {
		{"tcp 10.0.0.1", "::", "10.0.0.1", 40000, 40000},
		{"udp -> 10.0.0.1:7", "::", "10.0.0.1", 40000, 7},
		{"tcp fd00::1", "::", "fd00::1", 40000, 40000},
		{"tcp [fd00::1]:80", "::", "fd00::1", 40000, 80},
		{"tcp [fd00::2] -> [fd00::1]:80", "fd00::2", "fd00::1", 40000, 80},
		{"tcp 10.0.0.2:1 -> 10.0.0.1:65535", "10.0.0.2", "10.0.0.1", 1, 65535},
		{"  icmp   10.0.0.1 , ttl 3", "::", "10.0.0.1", 40000, 40000},
		{"arp 10.0.0.1", "::", "10.0.0.1", 40000, 40000},
		{"nd fd00::1 size 0", "::", "fd00::1", 40000, 40000},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
		g_autoptr(GError) error = NULL;
		struct trace_packet packet;
		char text[IP_TEXT];

		g_assert_true(trace_packet_parse(good[i].text, &packet, &error));
		g_assert_cmpstr(ip_print(packet.source, text), ==, good[i].source);
		g_assert_cmpstr(ip_print(packet.target, text), ==, good[i].target);
		g_assert_cmpuint(packet.source_port, ==, good[i].source_port);
		g_assert_cmpuint(packet.target_port, ==, good[i].target_port);
		trace_packet_done(&packet);
	}
}

static void test_refused(void)
{
	static const char *const bad[] = {
		"",
		"tcp",
		"sctp 10.0.0.1",
		"tcp 10.0.0",
		"tcp 10.0.0.1:",
		"tcp 10.0.0.1:65536",
		"tcp 10.0.0.1:-1",
		"tcp [fd00::1",
		"tcp [fd00::1]80",
		"tcp ]",
		"tcp []",
		"tcp ->",
		"tcp 10.0.0.1 ->",
		"tcp 10.0.0.1 -> fd00::1",
		"tcp 10.0.0.1 ttl",
		"tcp 10.0.0.1 ttl 256",
		"tcp 10.0.0.1 size 9001",
		"tcp 10.0.0.1 from 10.0.0.2",
		"tcp 10.0.0.1 10.0.0.2",
		"arp fd00::1",
		"nd 10.0.0.1",
		"hex",
		"hex 0",
		"hex 0x",
		"hex 00 0",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		struct trace_packet packet;

		g_test_message("%s", bad[i]);
		g_assert_false(trace_packet_parse(bad[i], &packet, &error));
		g_assert_error(error, WEFT_ERROR, WEFT_ERROR_INVALID);
		trace_packet_done(&packet);
	}
}

/* Whatever is typed can be printed; every length of a good frame, too. */
static void test_print(void)
{
	g_autofree char *hex = build("icmp fd00::1 size 8", "fd00::5");
	g_autofree char *text = g_strconcat("hex ", hex, NULL);
	g_autofree char *whole = NULL;
	struct trace_packet packet;

	g_assert_true(trace_packet_parse(text, &packet, NULL));
	whole = trace_frame_print(packet.frame->data, packet.frame->len);
	g_assert_cmpstr(whole, ==,
			"icmpv6 type 128 code 0 fd00::5 -> fd00::1, ttl 64, 70 bytes, "
			"02:00:00:00:00:01 -> 02:00:00:00:00:02");
	for (guint size = 0; size < packet.frame->len; size++) {
		guint8 *copy = g_memdup2(packet.frame->data, size); /* ASan sees the end */
		g_autofree char *cut = trace_frame_print(copy, size);

		g_assert_nonnull(cut);
		g_free(copy);
	}
	trace_packet_done(&packet);
}

static void check_target(const char *text, const char *target)
{
	char printed[IP_TEXT];
	struct trace_packet packet;

	g_assert_true(trace_packet_parse(text, &packet, NULL));
	g_assert_cmpstr(ip_print(trace_packet_find_target(&packet), printed), ==, target);
	trace_packet_done(&packet);
}

/* Whose connections matter for it: as it is written, or as a frame says. */
static void test_target(void)
{
	static const char *const texts[] = {"tcp 10.0.0.9:80", "icmp fd00::1"};
	static const char *const targets[] = {"10.0.0.9", "fd00::1"};

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autofree char *hex = build(texts[i], i ? "fd00::5" : "10.0.0.5");
		g_autofree char *frame = g_strconcat("hex ", hex, NULL);
		g_autofree char *cut = g_strndup(frame, strlen("hex ") + 2 * 33);

		check_target(texts[i], targets[i]);
		check_target(frame, targets[i]);
		check_target(cut, "::");
	}
	check_target("arp 10.0.0.9", "::");
	check_target("nd fd00::1", "::");
	check_target("dhcp", "::");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/trace/packet/frames", test_frames);
	g_test_add_func("/trace/packet/addresses", test_addresses);
	g_test_add_func("/trace/packet/refused", test_refused);
	g_test_add_func("/trace/packet/print", test_print);
	g_test_add_func("/trace/packet/target", test_target);
	return g_test_run();
}
