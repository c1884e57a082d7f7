/* SPDX-License-Identifier: Apache-2.0 */
/* Frames out of small captures written by hand, in both orders of bytes; and what is none. */
#include "trace/pcap.h"

#include <string.h>

static GByteArray *unhex(const char *text)
{
	GByteArray *out = g_byte_array_new();

	for (; *text; text += *text == ' ' ? 1 : 2) {
		guint8 byte;

		if (*text == ' ')
			continue;
		byte = (guint8)(g_ascii_xdigit_value(text[0]) << 4 |
				g_ascii_xdigit_value(text[1]));
		g_byte_array_append(out, &byte, 1);
		if (!text[1])
			break;
	}
	return out;
}

#define PCAP_LE "d4c3b2a1 0200 0400 00000000 00000000 ffff0000 01000000 "
#define PCAP_BE "a1b2c3d4 0002 0004 00000000 00000000 0000ffff 00000001 "
#define NG_LE                                                                                  \
	"0a0d0d0a 1c000000 4d3c2b1a 01000000 ffffffffffffffff 1c000000 "                       \
	"01000000 14000000 0100 0000 00000000 14000000 "

static const struct {
	const char *title, *bytes, *frame; /* NULL: an error */
	guint number;
} rows[] = {
	{"pcap", PCAP_LE "00000000 00000000 02000000 02000000 aabb", "aabb", 1},
	{"the second",
	 PCAP_LE "00000000 00000000 01000000 01000000 aa 00000000 00000000 "
		 "02000000 02000000 bbcc",
	 "bbcc", 2},
	{"of the other order", PCAP_BE "00000000 00000000 00000002 00000002 aabb", "aabb", 1},
	{"of nanoseconds",
	 "4d3cb2a1 0200 0400 00000000 00000000 ffff0000 01000000 "
	 "00000000 00000000 01000000 01000000 aa",
	 "aa", 1},
	{"pcapng",
	 NG_LE "06000000 24000000 00000000 00000000 00000000 02000000 02000000 "
	       "aabb0000 24000000",
	 "aabb", 1},
	{"pcapng, a simple packet", NG_LE "03000000 14000000 02000000 aabb0000 14000000",
	 "aabb", 1},
	{"not so many", PCAP_LE "00000000 00000000 02000000 02000000 aabb", NULL, 2},
	{"cut", PCAP_LE "00000000 00000000 03000000 03000000 aabb", NULL, 1},
	{"cut in its head", "d4c3b2a1 0200 0400 00000000 00000000", NULL, 1},
	{"not Ethernet",
	 "d4c3b2a1 0200 0400 00000000 00000000 ffff0000 71000000 "
	 "00000000 00000000 01000000 01000000 aa",
	 NULL, 1},
	{"an interface that there is not",
	 NG_LE "06000000 24000000 01000000 00000000 00000000 "
	       "02000000 02000000 aabb0000 24000000",
	 NULL, 1},
	{"longer than its block",
	 NG_LE "06000000 24000000 00000000 00000000 00000000 "
	       "ff000000 ff000000 aabb0000 24000000",
	 NULL, 1},
	{"a block of no size", NG_LE "06000000 00000000 00000000 00000000 00000000", NULL, 1},
	{"text", "48656c6c6f2c20776f726c6421", NULL, 1},
	{"nothing", "", NULL, 1},
};

static void test_row(gconstpointer data)
{
	const gsize i = GPOINTER_TO_SIZE(data);
	g_autoptr(GByteArray) bytes = unhex(rows[i].bytes);
	g_autoptr(GByteArray) want = rows[i].frame ? unhex(rows[i].frame) : NULL;
	g_autofree guint8 *exact = g_memdup2(bytes->data, bytes->len); /* for ASan */
	g_autoptr(GError) error = NULL;
	GByteArray *got = pcap_read(exact, bytes->len, rows[i].number, &error);

	g_assert_true(!got == !want);
	g_assert_true(!got == !!error);
	if (got)
		g_assert_cmpmem(got->data, got->len, want->data, want->len);
	g_clear_pointer(&got, g_byte_array_unref);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *path = g_strconcat("/trace/pcap/", rows[i].title, NULL);

		g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_row);
	}
	return g_test_run();
}
