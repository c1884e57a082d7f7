/* SPDX-License-Identifier: Apache-2.0 */
/* Requests option by option, replies looked at to their end; then everything a tenant may send. */
#include <string.h>
#include <glib.h>

#include "agent/dhcp6.h"
#include "agent/dhcp6_option.h"

#define AT_IP	   14
#define AT_UDP	   54
#define AT_MESSAGE 62
#define AT_OPTIONS 66

#define DUID   "\0\3\0\1\2\0\0\0\0\5"
#define SERVER "\0\3\0\1\xfe\x57\x66\x74\0\x67"

static struct ip ip(const char *text)
{
	struct ip out;

	g_assert_true(ip_parse(text, &out));
	return out;
}

/* The port of most tests: two addresses, a name server. */
struct fixture {
	struct ip ips[2], dns[1];
	struct dhcp_option options[4];
	struct dhcp6_service service;
	GByteArray *request;
	uint8_t reply[DHCP6_FRAME_MAX];
	gsize size;
};

static void add(GByteArray *out, uint16_t code, const void *data, gsize size)
{
	uint8_t head[] = {(uint8_t)(code >> 8), (uint8_t)code, (uint8_t)(size >> 8),
			  (uint8_t)size};

	g_byte_array_append(out, head, 4);
	g_byte_array_append(out, data, (guint)size);
}

static void set16(GByteArray *frame, gsize at, gsize value)
{
	frame->data[at] = (uint8_t)(value >> 8);
	frame->data[at + 1] = (uint8_t)value;
}

static void begin(struct fixture *f, uint8_t type)
{
	static const uint8_t start[AT_OPTIONS] = {
		0x33, 0x33, 0, 1,    0,	   2,	 2,    0, 0, 0, 0, 5, 0x86, 0xdd, 0x60, 0, 0,
		0,    0,    0, 17,   1,	   0xfe, 0x80, 0, 0, 0, 0, 0, 0,    0,	  0,	0, 0xff,
		0xfe, 0,    0, 5,    0xff, 0x02, 0,    0, 0, 0, 0, 0, 0,    0,	  0,	0, 0,
		1,    0,    2, 0x02, 0x22, 0x02, 0x23, 0, 0, 0, 0, 0, 0x11, 0x22, 0x33};

	g_byte_array_set_size(f->request, 0);
	g_byte_array_append(f->request, start, sizeof(start));
	f->request->data[AT_MESSAGE] = type;
}

static void fixture_init(struct fixture *f, uint8_t type)
{
	memset(f, 0, sizeof(*f));
	f->ips[0] = ip("fd00:5::11");
	f->ips[1] = ip("fd00:6::11");
	f->dns[0] = ip("fd00::53");
	f->service = (struct dhcp6_service){f->ips, 2, f->dns, 1, f->options, 0};
	f->request = g_byte_array_new();
	begin(f, type);
	add(f->request, DHCP6_CLIENT_ID, DUID, 10);
}

static void fixture_done(struct fixture *f)
{
	g_byte_array_unref(f->request);
}

/* An IA with addresses that the client names, separated by spaces. */
static void add_ia(struct fixture *f, uint16_t code, uint8_t id, const char *addresses)
{
	g_autoptr(GByteArray) ia = g_byte_array_new();
	g_auto(GStrv) parts = g_strsplit(addresses, " ", -1);
	uint8_t fixed[12] = {0, 0, 0, id};

	g_byte_array_append(ia, fixed, code == DHCP6_IA_TA ? 4 : 12);
	for (char **part = parts; *part; part++) {
		uint8_t address[24] = {0};
		struct ip named = ip(*part);

		memcpy(address, named.b, 16);
		add(ia, DHCP6_ADDRESS, address, 24);
	}
	add(f->request, code, ia->data, ia->len);
}

/* RFC 8200 section 8.1: the sum over all is zero. */
static void check_sum(const uint8_t *frame, gsize size)
{
	uint32_t sum = (uint32_t)(17 + size - AT_UDP);

	for (gsize i = AT_IP + 8; i < size; i += 2)
		sum += (uint32_t)frame[i] << 8 | (i + 1 < size ? frame[i + 1] : 0);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	g_assert_cmphex(sum, ==, 0xffff);
}

static bool answered(struct fixture *f, uint8_t *type)
{
	set16(f->request, AT_IP + 4, f->request->len - AT_UDP);
	set16(f->request, AT_UDP + 4, f->request->len - AT_UDP);
	if (dhcp6_answer(&f->service, 1450, f->request->data, f->request->len, f->reply,
			 &f->size, type) == DHCP6_IGNORED)
		return false;
	g_assert_cmpuint(f->size, <=, DHCP6_FRAME_MAX);
	g_assert_cmpuint((gsize)f->reply[AT_IP + 4] << 8 | f->reply[AT_IP + 5], ==,
			 f->size - AT_UDP);
	check_sum(f->reply, f->size);
	return true;
}

static void print_options(GString *out, const uint8_t *at, gsize size);

static void print_ia(GString *out, uint16_t code, const uint8_t *at, gsize size)
{
	gsize fixed = code == DHCP6_IA_TA ? 4 : 12;

	g_assert_cmpuint(size, >=, fixed);
	g_string_append_printf(out, "%u[", at[3]);
	print_options(out, at + fixed, size - fixed);
	g_string_append_c(out, ']');
}

static void print_option(GString *out, uint16_t code, const uint8_t *at, gsize size)
{
	char text[IP_TEXT];
	struct ip address;

	g_string_append_printf(
		out, "%s%u:", out->len && out->str[out->len - 1] != '[' ? " " : "", code);
	if (code == DHCP6_IA_NA || code == DHCP6_IA_TA || code == DHCP6_IA_PD) {
		print_ia(out, code, at, size);
	} else if (code == DHCP6_ADDRESS) {
		memcpy(address.b, at, 16);
		g_string_append_printf(
			out, "%s/%u", ip_print(address, text),
			(guint)(at[20] << 24 | at[21] << 16 | at[22] << 8 | at[23]));
	} else if (code == DHCP6_DNS) {
		memcpy(address.b, at, 16);
		g_string_append_printf(out, "%s", ip_print(address, text));
	} else {
		for (gsize i = 0; i < size; i++)
			g_string_append_printf(out, "%02x", at[i]);
	}
}

static void print_options(GString *out, const uint8_t *at, gsize size)
{
	while (size) {
		gsize length;

		g_assert_cmpuint(size, >=, 4);
		length = (gsize)at[2] << 8 | at[3];
		g_assert_cmpuint(size, >=, 4 + length);
		print_option(out, (uint16_t)(at[0] << 8 | at[1]), at + 4, length);
		at += 4 + length;
		size -= 4 + length;
	}
}

/* The reply's type, then its options but the two identifiers, which must be right. */
static void check_reply(struct fixture *f, const char *expected)
{
	static const uint8_t head[] = {0, 2, 0, 10, 0, 3, 0, 1, 0xfe, 0x57, 0x66, 0x74, 0, 0x67,
				       0, 1, 0, 10, 0, 3, 0, 1, 2,    0,    0,	  0,	0, 5};
	g_autoptr(GString) options = g_string_new(NULL), shown = g_string_new(NULL);

	g_assert_true(answered(f, NULL));
	g_assert_cmpmem(f->reply + AT_MESSAGE + 1, 3, "\x11\x22\x33", 3);
	g_assert_cmpmem(f->reply + AT_OPTIONS, sizeof(head), head, sizeof(head));
	print_options(options, f->reply + AT_OPTIONS + sizeof(head),
		      f->size - AT_OPTIONS - sizeof(head));
	g_string_printf(shown, "%u: %s", f->reply[AT_MESSAGE], options->str);
	g_assert_cmpstr(shown->str, ==, expected);
	fixture_done(f);
}

static void check_ignored(struct fixture *f)
{
	g_assert_false(answered(f, NULL));
	fixture_done(f);
}

#define BOTH  "5:fd00:5::11/86400 5:fd00:6::11/86400"
#define NAMES "23:fd00::53"

static void test_solicit(void)
{
	struct fixture f;

	fixture_init(&f, 1);
	add_ia(&f, DHCP6_IA_NA, 9, "");
	check_reply(&f, "2: 7:ff 3:9[" BOTH "] " NAMES);
}

static void test_headers(void)
{
	struct fixture f;
	static const uint8_t to[] = {2,	   0,	 0,    0, 0,	5,    0xfe,
				     0x57, 0x66, 0x74, 0, 0x67, 0x86, 0xdd};
	struct ip from = ip("fe80::fc57:66ff:fe74:67");

	fixture_init(&f, 1);
	add_ia(&f, DHCP6_IA_NA, 9, "");
	g_assert_true(answered(&f, NULL));
	g_assert_cmpmem(f.reply, 14, to, 14);
	g_assert_cmpmem(f.reply + AT_IP + 8, 16, from.b, 16);
	g_assert_cmpmem(f.reply + AT_IP + 24, 16, f.request->data + AT_IP + 8, 16);
	g_assert_cmpmem(f.reply + AT_UDP, 4, "\x02\x23\x02\x22", 4);
	fixture_done(&f);
}

static void test_rapid(void)
{
	struct fixture f;

	fixture_init(&f, 1);
	add(f.request, DHCP6_RAPID_COMMIT, "", 0);
	add_ia(&f, DHCP6_IA_NA, 9, "fd00:5::99");
	check_reply(&f, "7: 14: 3:9[" BOTH "] " NAMES);
	fixture_init(&f, 1); /* nothing to commit to */
	f.service.ip_count = 0;
	add(f.request, DHCP6_RAPID_COMMIT, "", 0);
	add_ia(&f, DHCP6_IA_NA, 9, "");
	check_reply(&f, "2: 7:ff 3:9[13:0002] " NAMES);
}

static void test_request(void)
{
	struct fixture f;

	fixture_init(&f, 3);
	add(f.request, DHCP6_SERVER_ID, SERVER, 10);
	add_ia(&f, DHCP6_IA_NA, 9, "fd00:5::11");
	check_reply(&f, "7: 3:9[" BOTH "] " NAMES);
}

/* One association has the addresses; a second, temporary ones and prefixes are not to be had. */
static void test_several(void)
{
	struct fixture f;

	fixture_init(&f, 1);
	add_ia(&f, DHCP6_IA_TA, 1, "");
	add_ia(&f, DHCP6_IA_PD, 2, "");
	add_ia(&f, DHCP6_IA_NA, 3, "");
	add_ia(&f, DHCP6_IA_NA, 4, "");
	check_reply(&f, "2: 7:ff 4:1[13:0002] 25:2[13:0006] 3:3[" BOTH "] 3:4[13:0002] " NAMES);
}

static void test_renew(void)
{
	struct fixture f;

	fixture_init(&f, 5);
	add(f.request, DHCP6_SERVER_ID, SERVER, 10);
	add_ia(&f, DHCP6_IA_NA, 9, "fd00:5::11 fd00:5::12");
	check_reply(&f, "7: 3:9[" BOTH " 5:fd00:5::12/0] " NAMES);
	fixture_init(&f, 6); /* rebind: any server may answer */
	add_ia(&f, DHCP6_IA_NA, 9, "fd00:5::11");
	check_reply(&f, "7: 3:9[" BOTH "] " NAMES);
	fixture_init(&f, 5); /* no address any more */
	f.service.ip_count = 0;
	add(f.request, DHCP6_SERVER_ID, SERVER, 10);
	add_ia(&f, DHCP6_IA_NA, 9, "fd00:5::11");
	check_reply(&f, "7: 3:9[13:0003 5:fd00:5::11/0] " NAMES);
}

static void test_confirm(void)
{
	struct fixture f;

	fixture_init(&f, 4);
	add_ia(&f, DHCP6_IA_NA, 9, "fd00:5::11 fd00:6::11");
	check_reply(&f, "7: 13:0000");
	fixture_init(&f, 4);
	add_ia(&f, DHCP6_IA_NA, 9, "fd00:5::11 fd00:7::11");
	check_reply(&f, "7: 13:0004");
	fixture_init(&f, 4);
	add_ia(&f, DHCP6_IA_NA, 9, "");
	check_ignored(&f);
}

static void test_end(void)
{
	struct fixture f;

	fixture_init(&f, 8);
	add(f.request, DHCP6_SERVER_ID, SERVER, 10);
	add_ia(&f, DHCP6_IA_NA, 9, "fd00:5::11");
	check_reply(&f, "7: 13:0000");
	fixture_init(&f, 9);
	add(f.request, DHCP6_SERVER_ID, SERVER, 10);
	add_ia(&f, DHCP6_IA_NA, 9, "fd00:5::12");
	check_reply(&f, "7: 13:0000 3:9[13:0003]");
}

static void test_information(void)
{
	struct fixture f;

	fixture_init(&f, 11);
	f.service.ip_count = 0;
	check_reply(&f, "7: " NAMES);
	fixture_init(&f, 11); /* who is nobody may ask, too */
	g_byte_array_set_size(f.request, AT_OPTIONS);
	g_assert_true(answered(&f, NULL));
	g_assert_cmpuint(f.size, ==, AT_OPTIONS + 14 + 20);
	fixture_done(&f);
	fixture_init(&f, 11);
	add_ia(&f, DHCP6_IA_NA, 9, "");
	check_ignored(&f);
}

/* RFC 8415 section 16: who must say whom it means, and who must not. */
static void test_identifiers(void)
{
	static const uint8_t with[] = {3, 5, 8, 9}, without[] = {1, 4, 6};
	struct fixture f;

	for (gsize i = 0; i < sizeof(with); i++) {
		fixture_init(&f, with[i]);
		add_ia(&f, DHCP6_IA_NA, 9, "fd00:5::11");
		check_ignored(&f);
		fixture_init(&f, with[i]);
		add(f.request, DHCP6_SERVER_ID, DUID, 10);
		add_ia(&f, DHCP6_IA_NA, 9, "fd00:5::11");
		check_ignored(&f);
	}
	for (gsize i = 0; i < sizeof(without); i++) {
		fixture_init(&f, without[i]);
		add(f.request, DHCP6_SERVER_ID, SERVER, 10);
		add_ia(&f, DHCP6_IA_NA, 9, "fd00:5::11");
		check_ignored(&f);
		fixture_init(&f, without[i]);
		g_byte_array_set_size(f.request, AT_OPTIONS);
		add_ia(&f, DHCP6_IA_NA, 9, "fd00:5::11");
		check_ignored(&f);
	}
	fixture_init(&f, 11);
	add(f.request, DHCP6_SERVER_ID, DUID, 10);
	check_ignored(&f);
}

/* What servers and relays say is no request. */
static void test_types(void)
{
	static const uint8_t types[] = {0, 2, 7, 10, 12, 13, 14, 255};
	struct fixture f;

	for (gsize i = 0; i < sizeof(types); i++) {
		uint8_t type = 99;

		fixture_init(&f, types[i]);
		add_ia(&f, DHCP6_IA_NA, 9, "fd00:5::11");
		g_assert_false(answered(&f, &type));
		g_assert_cmpuint(type, ==, types[i]);
		fixture_done(&f);
	}
}

static void test_operator(void)
{
	struct fixture f;

	fixture_init(&f, 11);
	f.options[0] = (struct dhcp_option){(char *)"domain-search", (char *)"a.example, b."};
	f.options[1] = (struct dhcp_option){(char *)"23", (char *)"fd00::54"};
	f.options[2] = (struct dhcp_option){(char *)"ntp-server", (char *)"fd00::7"};
	f.options[3] = (struct dhcp_option){(char *)"mtu", (char *)"1400"}; /* none of DHCPv6 */
	f.service.option_count = 4;
	check_reply(&f, "7: 24:0161076578616d706c65000162"
			"00 23:fd00::54 "
			"56:00010010fd000000000000000000000000000007");
}

static void test_operator_table(void)
{
	static const struct {
		const char *name, *value;
		bool good;
	} cases[] = {
		{"dns-server", "fd00::1,fd00::2", true},
		{"dns-server", "[fd00::1],[fd00::2]", true},
		{"dns-server", "10.0.0.1", false},
		{"dns-server", "", false},
		{"domain-search", "example.org", true},
		{"domain-search", "a..b", false},
		{"domain-search", ".", false},
		{"information-refresh-time", "3600", true},
		{"information-refresh-time", "soon", false},
		{"bootfile-url", "tftp://[fd00::1]/x", true},
		{"59", "tftp://[fd00::1]/x", true},
		{"bootfile-param", "a,b", true},
		{"65000", "anything", true},
		{"65000", "", false},
		{"1", "00030001", false},
		{"3", "x", false},
		{"25", "x", false},
		{"65536", "x", false},
		{"tftp-server", "10.0.0.1", false},
		{"", "x", false},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
		if (dhcp6_option_check(cases[i].name, cases[i].value) != cases[i].good)
			g_error("option %s '%s'", cases[i].name, cases[i].value);
}

/* More than a frame holds: what fits is whole. */
static void test_room(void)
{
	struct fixture f;
	struct ip many[200];

	fixture_init(&f, 1);
	for (int i = 0; i < 200; i++)
		many[i] = ip_add(ip("fd00:5::"), i);
	f.service.ips = many;
	f.service.ip_count = 200;
	for (int i = 0; i < 20; i++)
		add_ia(&f, DHCP6_IA_NA, (uint8_t)i, "");
	g_assert_true(answered(&f, NULL));
	fixture_done(&f);
}

static void test_faults(void)
{
	static const struct {
		gsize at;
		uint8_t value;
	} faults[] = {
		{6, 3},		      /* from a multicast MAC */
		{13, 0},	      /* no IPv6 */
		{AT_IP, 0x40},	      /* version */
		{AT_IP + 6, 58},      /* no UDP */
		{AT_IP + 8, 0xff},    /* from a multicast address */
		{AT_UDP + 3, 0x35},   /* another port */
		{AT_OPTIONS + 3, 99}, /* a length beyond the end */
		{AT_OPTIONS + 3, 2},  /* a DUID that is none, and nonsense behind */
	};

	for (gsize i = 0; i < G_N_ELEMENTS(faults); i++) {
		struct fixture f;

		fixture_init(&f, 1);
		f.request->data[faults[i].at] = faults[i].value;
		check_ignored(&f);
	}
}

static void test_cut(void)
{
	struct fixture f;

	fixture_init(&f, 1);
	add_ia(&f, DHCP6_IA_NA, 9, "fd00:5::11 fd00:6::11");
	g_assert_true(answered(&f, NULL));
	while (f.request->len > 0) {
		g_autofree uint8_t *exact = NULL;

		g_byte_array_set_size(f.request, f.request->len - 1);
		exact = g_memdup2(f.request->data, f.request->len);
		g_assert_cmpint(dhcp6_answer(&f.service, 1450, exact, f.request->len, f.reply,
					     &f.size, NULL),
				==, DHCP6_IGNORED);
	}
	fixture_done(&f);
}

static void test_noise(void)
{
	for (int i = 0; i < 20000; i++) {
		struct fixture f;

		fixture_init(&f, (uint8_t)g_random_int_range(1, 12));
		if (i % 2)
			add(f.request, DHCP6_SERVER_ID, SERVER, 10);
		add_ia(&f, DHCP6_IA_NA, 9, "fd00:5::11 fd00:6::12");
		for (int n = g_random_int_range(0, 4); n > 0; n--)
			f.request
				->data[g_random_int_range(AT_MESSAGE, (gint32)f.request->len)] =
				(uint8_t)g_random_int_range(0, 256);
		answered(&f, NULL);
		fixture_done(&f);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/dhcp6/a SOLICIT is answered by an ADVERTISE", test_solicit);
	g_test_add_func("/dhcp6/the frame's addresses and ports", test_headers);
	g_test_add_func("/dhcp6/rapid commit", test_rapid);
	g_test_add_func("/dhcp6/a REQUEST is answered by a REPLY", test_request);
	g_test_add_func("/dhcp6/several associations", test_several);
	g_test_add_func("/dhcp6/RENEW and REBIND", test_renew);
	g_test_add_func("/dhcp6/CONFIRM", test_confirm);
	g_test_add_func("/dhcp6/RELEASE and DECLINE", test_end);
	g_test_add_func("/dhcp6/INFORMATION-REQUEST", test_information);
	g_test_add_func("/dhcp6/identifiers of client and server", test_identifiers);
	g_test_add_func("/dhcp6/what is no request", test_types);
	g_test_add_func("/dhcp6/the operator's options replace ours", test_operator);
	g_test_add_func("/dhcp6/option names and values", test_operator_table);
	g_test_add_func("/dhcp6/what fits", test_room);
	g_test_add_func("/dhcp6/faults are ignored", test_faults);
	g_test_add_func("/dhcp6/cut frames are ignored", test_cut);
	g_test_add_func("/dhcp6/noise stays within bounds", test_noise);
	return g_test_run();
}
