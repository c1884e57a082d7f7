/* SPDX-License-Identifier: Apache-2.0 */
/* Requests layer by layer, whole replies expected; then everything a tenant may send. */
#include <string.h>
#include <glib.h>

#include "agent/dhcp4.h"

#define XID 0x11, 0x22, 0x33, 0x44
#define MAC 0x02, 0, 0, 0, 0, 0x05

/* Offsets in a request without IPv4 options. */
#define AT_IP	   14
#define AT_UDP	   34
#define AT_BOOTP   42
#define AT_OPTIONS 282

static struct ip ip(const char *text)
{
	struct ip out;

	g_assert_true(ip_parse(text, &out));
	return out;
}

static struct prefix prefix(const char *text)
{
	struct prefix out;

	g_assert_true(prefix_parse(text, true, &out));
	return out;
}

/* The port of most tests: 10.0.1.5, gateway, one name server. */
struct fixture {
	struct ip dns[2];
	struct dhcp4_route routes[2];
	struct dhcp_option options[4];
	struct dhcp4_lease leases[2];
	struct dhcp4_port port;
	uint8_t reply[DHCP4_FRAME_MAX];
	gsize size;
	uint8_t type;
};

static void fixture_init(struct fixture *fixture)
{
	static char first[] = "host-10-0-1-5", second[] = "host-10-0-2-5";

	memset(fixture, 0, sizeof(*fixture));
	fixture->dns[0] = ip("9.9.9.9");
	fixture->dns[1] = ip("8.8.8.8");
	fixture->leases[0] = (struct dhcp4_lease){.ip = ip("10.0.1.5"),
						  .prefix = prefix("10.0.1.0/24"),
						  .server = ip("10.0.1.1"),
						  .gateway = ip("10.0.1.1"),
						  .dns = fixture->dns,
						  .dns_count = 2,
						  .routes = fixture->routes,
						  .hostname = first,
						  .options = fixture->options};
	fixture->leases[1] = (struct dhcp4_lease){.ip = ip("10.0.2.5"),
						  .prefix = prefix("10.0.2.0/25"),
						  .server = ip("169.254.0.1"),
						  .hostname = second};
	fixture->port = (struct dhcp4_port){{{MAC}}, 1450, fixture->leases, 1};
}

/* ------------------------------------------------------------- requests */

struct ask {
	uint8_t type;
	const char *requested, *server, *ciaddr;
	bool broadcast;
	const char *wishes; /* codes as bytes, ends with NUL */
	uint16_t max_size;
	const char *client_id;
};

static void put(GByteArray *out, const void *data, gsize size)
{
	g_byte_array_append(out, data, (guint)size);
}

static void put_option(GByteArray *out, uint8_t code, const void *data, gsize size)
{
	uint8_t head[2] = {code, (uint8_t)size};

	put(out, head, 2);
	put(out, data, size);
}

static void put_address(GByteArray *out, uint8_t code, const char *text)
{
	struct ip address = text ? ip(text) : ip_none;

	if (text)
		put_option(out, code, address.b + 12, 4);
}

static void put_options(GByteArray *out, const struct ask *ask)
{
	uint8_t max[2] = {(uint8_t)(ask->max_size >> 8), (uint8_t)ask->max_size};

	put_option(out, 53, &ask->type, 1);
	put_address(out, 50, ask->requested);
	put_address(out, 54, ask->server);
	if (ask->max_size)
		put_option(out, 57, max, 2);
	if (ask->client_id)
		put_option(out, 61, ask->client_id, strlen(ask->client_id));
	if (ask->wishes)
		put_option(out, 55, ask->wishes, strlen(ask->wishes));
	put(out, "\xff", 1);
}

static void set16(GByteArray *out, gsize at, gsize value)
{
	out->data[at] = (uint8_t)(value >> 8);
	out->data[at + 1] = (uint8_t)value;
}

static GByteArray *request(const struct ask *ask)
{
	static const uint8_t ethernet[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, MAC, 0x08, 0};
	static const uint8_t headers[] = {0x45, 0,  0, 0,  0, 1, 0,    0,    64,   17,
					  0,	0,  0, 0,  0, 0, 0xff, 0xff, 0xff, 0xff,
					  0,	68, 0, 67, 0, 0, 0,    0};
	static const uint8_t start[] = {1, 1, 6, 0, XID, 0, 0};
	static const uint8_t cookie[] = {99, 130, 83, 99};
	uint8_t rest[228] = {0}, mac[] = {MAC};
	GByteArray *out = g_byte_array_new();
	struct ip ciaddr = ask->ciaddr ? ip(ask->ciaddr) : ip_none;

	put(out, ethernet, sizeof(ethernet));
	put(out, headers, sizeof(headers));
	put(out, start, sizeof(start));
	rest[0] = ask->broadcast ? 0x80 : 0;
	memcpy(rest + 2, ciaddr.b + 12, 4);
	memcpy(rest + 18, mac, sizeof(mac));
	put(out, rest, 226);
	put(out, cookie, sizeof(cookie));
	g_assert_cmpuint(out->len, ==, AT_OPTIONS);
	put_options(out, ask);
	set16(out, AT_IP + 2, out->len - AT_IP);
	set16(out, AT_UDP + 4, out->len - AT_UDP);
	return out;
}

static enum dhcp4_outcome answer(struct fixture *fixture, const GByteArray *frame)
{
	/* Just as long, so that a byte read too far is seen. */
	g_autofree uint8_t *exact = g_memdup2(frame->data, frame->len);

	return dhcp4_answer(&fixture->port, exact, frame->len, fixture->reply, &fixture->size,
			    &fixture->type);
}

static enum dhcp4_outcome answer_ask(struct fixture *fixture, const struct ask *ask)
{
	g_autoptr(GByteArray) frame = request(ask);

	return answer(fixture, frame);
}

/* -------------------------------------------------------------- replies */

static uint32_t sum16(const uint8_t *data, gsize size)
{
	uint32_t sum = 0;

	for (gsize i = 0; i < size; i++)
		sum += (uint32_t)data[i] << (i % 2 ? 0 : 8);
	return sum;
}

static uint32_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void check_sums(const struct fixture *fixture)
{
	const uint8_t *frame = fixture->reply;
	gsize udp = fixture->size - AT_UDP;

	g_assert_cmpuint(fold(sum16(frame + AT_IP, 20)), ==, 0xffff);
	g_assert_cmpuint(fold(sum16(frame + AT_IP + 12, 8) + 17 + (uint32_t)udp +
			      sum16(frame + AT_UDP, udp)),
			 ==, 0xffff);
}

/* HEX: bytes in hexadecimal, spaces between as one likes; "00*N" is N zero bytes. */
static GByteArray *from_hex(const char *hex)
{
	g_auto(GStrv) words = g_strsplit_set(hex, " ", -1);
	GByteArray *out = g_byte_array_new();

	for (char **word = words; *word; word++) {
		gsize zeros = g_str_has_prefix(*word, "00*")
				      ? (gsize)g_ascii_strtoull(*word + 3, NULL, 10)
				      : 0;
		uint8_t byte = 0;

		for (gsize i = 0; i < zeros; i++)
			put(out, &byte, 1);
		for (const char *at = *word; !zeros && *at; at += 2) {
			byte = (uint8_t)(g_ascii_xdigit_value(at[0]) << 4 |
					 g_ascii_xdigit_value(at[1]));
			put(out, &byte, 1);
		}
	}
	return out;
}

/* The whole frame but for the checksums, which check_sums computes on its own. */
static void check_reply(struct fixture *fixture, const char *hex)
{
	g_autoptr(GByteArray) wanted = from_hex(hex);

	check_sums(fixture);
	memset(fixture->reply + AT_IP + 10, 0, 2);
	memset(fixture->reply + AT_UDP + 6, 0, 2);
	g_assert_cmpmem(fixture->reply, fixture->size, wanted->data, wanted->len);
}

static gsize option_find(const struct fixture *fixture, uint8_t code, uint8_t *out)
{
	const uint8_t *at = fixture->reply + AT_OPTIONS, *end = fixture->reply + fixture->size;
	gsize size = 0;

	while (at < end && *at != 255) {
		g_assert_true(*at == 0 || at + 2 + at[1] <= end);
		if (*at == code) {
			memcpy(out + size, at + 2, at[1]);
			size += at[1];
		}
		at += *at == 0 ? 1 : 2 + at[1];
	}
	return size;
}

static void check_option(const struct fixture *fixture, uint8_t code, const char *hex)
{
	g_autoptr(GByteArray) wanted = from_hex(hex);
	uint8_t found[2048];
	gsize size = option_find(fixture, code, found);

	g_assert_cmpmem(found, size, wanted->data, wanted->len);
}

static void test_discover(void)
{
	struct fixture fixture;

	fixture_init(&fixture);
	g_assert_cmpint(answer_ask(&fixture, &(struct ask){.type = 1}), ==, DHCP4_REPLY);
	g_assert_cmpint(fixture.type, ==, 1);
	check_reply(&fixture,
		    /* to the client's MAC, from the server's */
		    "020000000005 fe5766740067 0800 "
		    /* to the address it is offered */
		    "45100157 0000 0000 40 11 0000 0a000101 0a000105 "
		    "0043 0044 0143 0000 "
		    /* BOOTREPLY, yiaddr 10.0.1.5 */
		    "02010600 11223344 0000 0000 00000000 0a000105 00000000 00000000 "
		    "020000000005 00*10 00*64 00*128 63825363 "
		    /* OFFER, server, lease and its halves, mask */
		    "350102 36040a000101 330400015180 3a040000a8c0 3b0400012750 "
		    "0104ffffff00 "
		    /* router, DNS, host name, MTU, broadcast, end */
		    "03040a000101 06080909090908080808 "
		    "0c0d686f73742d31302d302d312d35 1a0205aa 1c040a0001ff ff");
}

static void test_request(void)
{
	struct fixture fixture;

	fixture_init(&fixture);
	g_assert_cmpint(answer_ask(&fixture, &(struct ask){.type = 3,
							   .requested = "10.0.1.5",
							   .server = "10.0.1.1",
							   .broadcast = true,
							   .client_id = "me"}),
			==, DHCP4_REPLY);
	check_reply(&fixture,
		    "ffffffffffff fe5766740067 0800 "
		    "4510015b 0000 0000 40 11 0000 0a000101 ffffffff "
		    "0043 0044 0147 0000 "
		    "02010600 11223344 0000 8000 00000000 0a000105 00000000 00000000 "
		    "020000000005 00*10 00*64 00*128 63825363 "
		    "350105 36040a000101 330400015180 3a040000a8c0 3b0400012750 "
		    "0104ffffff00 03040a000101 06080909090908080808 "
		    "0c0d686f73742d31302d302d312d35 1a0205aa 1c040a0001ff 3d026d65 ff");
}

static void test_renew(void)
{
	struct fixture fixture;

	fixture_init(&fixture);
	g_assert_cmpint(answer_ask(&fixture, &(struct ask){.type = 3, .ciaddr = "10.0.1.5"}),
			==, DHCP4_REPLY);
	check_sums(&fixture);
	check_option(&fixture, 53, "05");
	g_assert_cmpmem(fixture.reply + AT_IP + 16, 4, ip("10.0.1.5").b + 12, 4);
	g_assert_cmpmem(fixture.reply + AT_BOOTP + 12, 4, ip("10.0.1.5").b + 12, 4);
}

static void test_nak(void)
{
	struct fixture fixture;

	fixture_init(&fixture);
	g_assert_cmpint(answer_ask(&fixture, &(struct ask){.type = 3, .requested = "10.0.9.9"}),
			==, DHCP4_REPLY);
	check_reply(&fixture, "ffffffffffff fe5766740067 0800 "
			      "45100148 0000 0000 40 11 0000 0a000101 ffffffff "
			      "0043 0044 0134 0000 "
			      "02010600 11223344 0000 0000 00000000 00000000 00000000 00000000 "
			      "020000000005 00*10 00*64 00*128 63825363 "
			      "350106 36040a000101 ff 00*50");
}

static void test_other_server(void)
{
	struct fixture fixture;

	fixture_init(&fixture);
	g_assert_cmpint(answer_ask(&fixture, &(struct ask){.type = 3,
							   .requested = "10.0.1.5",
							   .server = "10.0.1.2"}),
			==, DHCP4_IGNORED);
	g_assert_cmpint(answer_ask(&fixture, &(struct ask){.type = 3}), ==, DHCP4_IGNORED);
}

static void test_inform(void)
{
	struct fixture fixture;

	fixture_init(&fixture);
	g_assert_cmpint(answer_ask(&fixture, &(struct ask){.type = 8, .ciaddr = "10.0.1.5"}),
			==, DHCP4_REPLY);
	check_sums(&fixture);
	check_option(&fixture, 53, "05");
	check_option(&fixture, 51, "");
	check_option(&fixture, 58, "");
	check_option(&fixture, 6, "0909090908080808");
	g_assert_cmpmem(fixture.reply + AT_BOOTP + 16, 4, "\0\0\0\0", 4);
	g_assert_cmpint(answer_ask(&fixture, &(struct ask){.type = 8}), ==, DHCP4_IGNORED);
}

static void test_noted(void)
{
	struct fixture fixture;

	fixture_init(&fixture);
	g_assert_cmpint(answer_ask(&fixture, &(struct ask){.type = 4, .requested = "10.0.1.5"}),
			==, DHCP4_NOTED);
	g_assert_cmpint(answer_ask(&fixture, &(struct ask){.type = 7, .ciaddr = "10.0.1.5"}),
			==, DHCP4_NOTED);
	/* What only servers say, and what nobody does. */
	for (int type = 0; type < 256; type++)
		if (type != 1 && type != 3 && type != 4 && type != 7 && type != 8)
			g_assert_cmpint(
				answer_ask(&fixture, &(struct ask){.type = (uint8_t)type}), ==,
				DHCP4_IGNORED);
}

static void test_no_lease(void)
{
	struct fixture fixture;

	fixture_init(&fixture);
	fixture.port.count = 0;
	g_assert_cmpint(answer_ask(&fixture, &(struct ask){.type = 1}), ==, DHCP4_IGNORED);
}

static void test_second_lease(void)
{
	struct fixture fixture;

	fixture_init(&fixture);
	fixture.port.count = 2;
	g_assert_cmpint(answer_ask(&fixture, &(struct ask){.type = 1, .requested = "10.0.2.5"}),
			==, DHCP4_REPLY);
	check_option(&fixture, 54, "a9fe0001");
	check_option(&fixture, 1, "ffffff80");
	check_option(&fixture, 28, "0a00027f");
	check_option(&fixture, 3, "");
	check_option(&fixture, 6, "");
	g_assert_cmpmem(fixture.reply + AT_BOOTP + 16, 4, ip("10.0.2.5").b + 12, 4);
}

static void test_routes(void)
{
	struct fixture fixture;

	fixture_init(&fixture);
	fixture.routes[0] = (struct dhcp4_route){prefix("10.8.0.0/13"), ip("10.0.1.9")};
	fixture.routes[1] = (struct dhcp4_route){prefix("192.0.2.128/25"), ip("10.0.1.8")};
	fixture.leases[0].route_count = 2;
	answer_ask(&fixture, &(struct ask){.type = 1});
	/* With the default route, for whoever reads 121 leaves 3 alone. */
	check_option(&fixture, 121, "0d0a08 0a000109 19c0000280 0a000108 00 0a000101");
	check_option(&fixture, 249, "");
	answer_ask(&fixture, &(struct ask){.type = 1, .wishes = "\xf9"});
	check_option(&fixture, 249, "0d0a08 0a000109 19c0000280 0a000108 00 0a000101");
	/* The subnet's own default route stands. */
	fixture.routes[1] = (struct dhcp4_route){prefix("0.0.0.0/0"), ip("10.0.1.7")};
	answer_ask(&fixture, &(struct ask){.type = 1});
	check_option(&fixture, 121, "0d0a08 0a000109 00 0a000107");
}

static void option_set(struct fixture *fixture, const char *name, const char *value)
{
	fixture->options[fixture->leases[0].option_count++] =
		(struct dhcp_option){(char *)name, (char *)value};
}

static void test_operator(void)
{
	struct fixture fixture;

	fixture_init(&fixture);
	option_set(&fixture, "bootfile-name", "pxelinux.0");
	option_set(&fixture, "server-ip-address", "10.0.1.77");
	option_set(&fixture, "mtu", "1400");
	option_set(&fixture, "router", "10.0.1.2, 10.0.1.3");
	g_assert_cmpint(answer_ask(&fixture, &(struct ask){.type = 1}), ==, DHCP4_REPLY);
	check_sums(&fixture);
	check_option(&fixture, 67, "7078656c696e75782e30");
	check_option(&fixture, 26, "0578");
	check_option(&fixture, 3, "0a000102 0a000103");
	g_assert_cmpmem(fixture.reply + AT_BOOTP + 20, 4, ip("10.0.1.77").b + 12, 4);
	g_assert_cmpstr((char *)fixture.reply + AT_BOOTP + 108, ==, "pxelinux.0");
}

static const struct {
	const char *name, *value, *hex; /* hex NULL: refused */
	uint8_t code;
} operator_options[] = {
	{"domain-name", "a.b", "612e62", 15},
	{"ntp-server", "10.0.0.1,10.0.0.2", "0a000001 0a000002", 42},
	{"tftp-server", "boot", "626f6f74", 66},
	{"tftp-server-address", "10.0.0.9", "0a000009", 150},
	{"domain-search", "ab.c,d", "02616201 6300 016400", 119},
	{"classless-static-route", "10.0.0.0/8,10.0.1.9", "080a0a000109", 121},
	{"time-offset", "-1", "ffffffff", 2},
	{"lease-time", "600", "00000258", 51},
	{"42", "10.0.0.1", "0a000001", 42},
	{"224", "x y", "782079", 224},
	{"225", "10.0.0.1", "0a000001", 225},
	{"mtu", "70000", NULL, 26},
	{"mtu", "", NULL, 26},
	{"router", "here", NULL, 3},
	{"router", "fd00::1", NULL, 3},
	{"classless-static-route", "10.0.0.0/8", NULL, 121},
	{"classless-static-route", "10.0.0.1/8,10.0.0.1", NULL, 121},
	{"domain-search", "a..b", NULL, 119},
	{"53", "1", NULL, 53},
	{"255", "x", NULL, 255},
	{"256", "x", NULL, 0},
	{"-1", "x", NULL, 0},
	{"nothing-known", "x", NULL, 0},
	{"", "x", NULL, 0},
};

static void test_operator_table(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(operator_options); i++) {
		struct fixture fixture;

		fixture_init(&fixture);
		option_set(&fixture, operator_options[i].name, operator_options[i].value);
		g_assert_cmpint(
			dhcp4_option_check(operator_options[i].name, operator_options[i].value),
			==, operator_options[i].hex != NULL);
		g_assert_cmpint(answer_ask(&fixture, &(struct ask){.type = 1}), ==,
				DHCP4_REPLY);
		if (operator_options[i].hex)
			check_option(&fixture, operator_options[i].code,
				     operator_options[i].hex);
	}
}

/* What the client asks for first is there when not all fits. */
static void test_room(void)
{
	struct fixture fixture;
	char text[301];

	fixture_init(&fixture);
	memset(text, 'x', 300);
	text[300] = 0;
	option_set(&fixture, "root-path", text);
	option_set(&fixture, "domain-name", "example.org");
	answer_ask(&fixture, &(struct ask){.type = 1, .wishes = "\x0f\x06"});
	g_assert_cmpuint(fixture.size, <=, 576 + 14);
	check_option(&fixture, 15, "6578616d706c652e6f7267");
	check_option(&fixture, 17, "");
	/* A longer message, and the long option in two pieces (RFC 3396). */
	answer_ask(&fixture, &(struct ask){.type = 1, .max_size = 1400});
	check_sums(&fixture);
	{
		uint8_t found[2048];

		g_assert_cmpuint(option_find(&fixture, 17, found), ==, 300);
		g_assert_cmpmem(found, 300, text, 300);
	}
	/* More than a frame holds is not believed. */
	answer_ask(&fixture, &(struct ask){.type = 1, .max_size = 65535});
	g_assert_cmpuint(fixture.size, <=, DHCP4_FRAME_MAX);
}

/* ------------------------------------------------------------ bad frames */

/* One byte of a good DISCOVER changed: it is no request any more. */
static const struct {
	const char *name;
	gsize at;
	uint8_t value;
} faults[] = {
	{"another Ethernet type", 12, 0x86},
	{"IP version 6", AT_IP, 0x65},
	{"an IP header of 16 bytes", AT_IP, 0x44},
	{"an IP header longer than the packet", AT_IP + 2, 0},
	{"a first fragment", AT_IP + 6, 0x20},
	{"a later fragment", AT_IP + 7, 1},
	{"TCP", AT_IP + 9, 6},
	{"another port", AT_UDP + 3, 68},
	{"UDP shorter than its header", AT_UDP + 5, 4},
	{"UDP longer than the packet", AT_UDP + 4, 0x7f},
	{"a BOOTREPLY", AT_BOOTP, 2},
	{"another hardware", AT_BOOTP + 1, 6},
	{"another length of hardware addresses", AT_BOOTP + 2, 16},
	{"a relay's address", AT_BOOTP + 24, 10},
	{"another client's address", AT_BOOTP + 33, 6},
	{"a wrong cookie", AT_BOOTP + 236, 0},
	{"an option longer than the message", AT_OPTIONS + 1, 200},
};

static void test_faults(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(faults); i++) {
		g_autoptr(GByteArray) frame = request(&(struct ask){.type = 1});
		struct fixture fixture;

		fixture_init(&fixture);
		g_assert_cmpint(answer(&fixture, frame), ==, DHCP4_REPLY);
		g_assert_cmpint(frame->data[faults[i].at], !=, faults[i].value);
		frame->data[faults[i].at] = faults[i].value;
		if (answer(&fixture, frame) != DHCP4_IGNORED)
			g_error("answered: %s", faults[i].name);
	}
}

static void test_cut(void)
{
	g_autoptr(GByteArray) frame = request(&(struct ask){.type = 1, .wishes = "\x01\x03"});

	while (frame->len > 0) {
		struct fixture fixture;

		fixture_init(&fixture);
		g_byte_array_set_size(frame, frame->len - 1);
		g_assert_cmpint(answer(&fixture, frame), ==, DHCP4_IGNORED);
	}
}

/* With lengths that fit the cut, whatever options are left are read within bounds. */
static void test_cut_whole(void)
{
	g_autoptr(GByteArray) frame = request(&(struct ask){.type = 1,
							    .requested = "10.0.1.5",
							    .wishes = "\x01\x03",
							    .client_id = "abcdef"});

	while (frame->len > AT_OPTIONS) {
		struct fixture fixture;

		fixture_init(&fixture);
		g_byte_array_set_size(frame, frame->len - 1);
		set16(frame, AT_IP + 2, frame->len - AT_IP);
		set16(frame, AT_UDP + 4, frame->len - AT_UDP);
		if (answer(&fixture, frame) == DHCP4_REPLY)
			check_sums(&fixture);
	}
}

static void test_noise(void)
{
	for (int i = 0; i < 20000; i++) {
		g_autoptr(GByteArray) frame = request(
			&(struct ask){.type = (uint8_t)g_random_int_range(1, 9),
				      .requested = "10.0.1.5",
				      .ciaddr = i % 2 ? "10.0.1.5" : NULL,
				      .max_size = (uint16_t)g_random_int_range(0, 65536),
				      .wishes = "\x01\x03\x06\x79\xf9"});
		struct fixture fixture;

		fixture_init(&fixture);
		for (int n = g_random_int_range(0, 6); n > 0; n--)
			frame->data[g_random_int_range(AT_BOOTP + 34, (gint32)frame->len)] =
				(uint8_t)g_random_int_range(0, 256);
		if (answer(&fixture, frame) != DHCP4_REPLY)
			continue;
		g_assert_cmpuint(fixture.size, <=, DHCP4_FRAME_MAX);
		check_sums(&fixture);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/dhcp4/a DISCOVER is answered by an OFFER", test_discover);
	g_test_add_func("/dhcp4/a REQUEST is answered by an ACK", test_request);
	g_test_add_func("/dhcp4/a renewal is answered to the address", test_renew);
	g_test_add_func("/dhcp4/a wrong address is refused", test_nak);
	g_test_add_func("/dhcp4/what is for another server is left alone", test_other_server);
	g_test_add_func("/dhcp4/INFORM gets options and no lease", test_inform);
	g_test_add_func("/dhcp4/DECLINE and RELEASE are noted", test_noted);
	g_test_add_func("/dhcp4/a port without a lease is not answered", test_no_lease);
	g_test_add_func("/dhcp4/the second address may be asked for", test_second_lease);
	g_test_add_func("/dhcp4/routes", test_routes);
	g_test_add_func("/dhcp4/the operator's options replace ours", test_operator);
	g_test_add_func("/dhcp4/option names and values", test_operator_table);
	g_test_add_func("/dhcp4/what fits", test_room);
	g_test_add_func("/dhcp4/faults are ignored", test_faults);
	g_test_add_func("/dhcp4/cut frames are ignored", test_cut);
	g_test_add_func("/dhcp4/cut options stay within bounds", test_cut_whole);
	g_test_add_func("/dhcp4/noise stays within bounds", test_noise);
	return g_test_run();
}
