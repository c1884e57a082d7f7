/* SPDX-License-Identifier: Apache-2.0 */
/* Whole advertisements, who is answered, and when routers speak. */
#include <string.h>
#include <glib.h>

#include "agent/ra.h"
#include "agent/ra_clock.h"

#define SECOND G_GINT64_CONSTANT(1000000)

static const struct mac router = {.b = {0xfa, 0x16, 0x3e, 1, 2, 3}};
static const struct mac other = {.b = {0xfa, 0x16, 0x3e, 1, 2, 4}};

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

/* Written byte by byte; the checksum is what Linux takes (test/net/ipv6.sh). */
static void test_whole(void)
{
	static const uint8_t head[] = {0x33, 0x33, 0,	 0,    0,    1,	  0xfa, 0x16, 0x3e,
				       1,    2,	   3,	 0x86, 0xdd, /* Ethernet */
				       0x60, 0,	   0,	 0,    0,    88,  58,	255, /* IPv6 */
				       0xfe, 0x80, 0,	 0,    0,    0,	  0,	0,    0xf8,
				       0x16, 0x3e, 0xff, 0xfe, 1,    2,	  3,	0xff, 0x02,
				       0,    0,	   0,	 0,    0,    0,	  0,	0,    0,
				       0,    0,	   0,	 0,    1,    134, 0};
	static const uint8_t rest[] = {
		64,   0x40, 0x23, 0x28, 0,    0, 0,    0,    0, 0, 0,	 0, /* O, 9000 s */
		1,    1,    0xfa, 0x16, 0x3e, 1, 2,    3,		    /* its MAC */
		5,    1,    0,	  0,	0,    0, 0x05, 0xaa,		    /* MTU 1450 */
		25,   3,    0,	  0,	0,    0, 0x23, 0x28,		    /* name servers */
		0xfd, 0,    0,	  0,	0,    0, 0,    0,    0, 0, 0,	 0,
		0,    0,    0,	  0x53, 3,    4, 64,   0xc0, 0, 1, 0x51, 0x80,
		0,    0,    0x38, 0x40, 0,    0, 0,    0, /* /64 LA */
		0xfd, 0,    0,	  5,	0,    0, 0,    0,    0, 0, 0,	 0,
		0,    0,    0,	  0};
	struct ra_prefix prefixes[] = {{prefix("fd00:5::/64"), true}};
	struct ip dns[] = {ip("fd00::53")};
	struct ra_config config = {.other = true,
				   .prefixes = prefixes,
				   .prefix_count = 1,
				   .dns = dns,
				   .dns_count = 1};
	uint8_t frame[RA_FRAME_MAX];
	gsize size = ra_write(&config, router, 1450, &ra_all_nodes, frame);

	g_assert_cmpmem(frame, sizeof(head), head, sizeof(head));
	g_assert_cmpmem(frame + sizeof(head) + 2, size - sizeof(head) - 2, rest, sizeof(rest));
}

/* The ones' complement sum over pseudo header and message is zero. */
static void check_sum(const uint8_t *frame, gsize size)
{
	uint32_t sum = (uint32_t)(58 + size - 54);

	for (gsize i = 22; i < size; i += 2)
		sum += (uint32_t)frame[i] << 8 | frame[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	g_assert_cmphex(sum, ==, 0xffff);
}

static void test_goodbye(void)
{
	struct ra_target target = {ip("fe80::1"), other};
	uint8_t frame[RA_FRAME_MAX];
	gsize size = ra_write(NULL, router, 1450, &target, frame);

	g_assert_cmpuint(size, ==, 14 + 40 + 16 + 8);
	g_assert_cmpmem(frame, 6, other.b, 6);
	g_assert_cmpmem(frame + 38, 16, target.ip.b, 16);
	g_assert_cmpuint(frame[60] << 8 | frame[61], ==, 0); /* lifetime */
	check_sum(frame, size);
}

static void test_flags(void)
{
	struct ra_prefix prefixes[] = {{prefix("fd00:5::/64"), false}};
	struct ra_config config = {.managed = true, .prefixes = prefixes, .prefix_count = 1};
	uint8_t frame[RA_FRAME_MAX];
	gsize size = ra_write(&config, router, 1450, &ra_all_nodes, frame);

	g_assert_cmphex(frame[59], ==, 0x80);
	g_assert_cmphex(frame[14 + 40 + 16 + 16 + 3], ==, 0x80); /* on link, not automatic */
	check_sum(frame, size);
}

/* Too many of everything: servers and the first prefixes. */
static void test_room(void)
{
	struct ra_prefix prefixes[100];
	struct ip dns[100];
	struct ra_config config = {
		.prefixes = prefixes, .prefix_count = 100, .dns = dns, .dns_count = 100};
	uint8_t frame[RA_FRAME_MAX];
	gsize size;

	for (int i = 0; i < 100; i++) {
		prefixes[i] = (struct ra_prefix){prefix("fd00:5::/64"), true};
		dns[i] = ip("fd00::53");
	}
	size = ra_write(&config, router, 1450, &ra_all_nodes, frame);
	g_assert_cmpuint(size, <=, RA_FRAME_MAX);
	g_assert_cmpuint(size, >, RA_FRAME_MAX - 32);
	check_sum(frame, size);
}

static void test_hash(void)
{
	struct ra_prefix prefixes[] = {{prefix("fd00:5::/64"), true}};
	struct ra_config one = {.prefixes = prefixes, .prefix_count = 1}, two = one;

	g_assert_cmpuint(ra_config_hash(&one), ==, ra_config_hash(&two));
	two.managed = true;
	g_assert_cmpuint(ra_config_hash(&one), !=, ra_config_hash(&two));
	two = (struct ra_config){0};
	g_assert_cmpuint(ra_config_hash(&one), !=, ra_config_hash(&two));
}

static void test_solicited(void)
{
	uint8_t frame[70] = {0x33, 0x33, 0, 0, 0, 2, 2, 0, 0, 0, 0, 9, 0x86, 0xdd, 0x60};
	struct ra_target target;

	frame[20] = 58;
	frame[21] = 255;
	frame[22] = 0xfe;
	frame[23] = 0x80;
	frame[37] = 9;
	frame[54] = 133;
	g_assert_true(ra_solicited(frame, sizeof(frame), &target));
	g_assert_true(ip_equal(target.ip, ip("fe80::9")));
	g_assert_cmpmem(target.mac.b, 6, frame + 6, 6);
	g_assert_true(ra_solicited(frame, 62, &target));
	g_assert_false(ra_solicited(frame, 61, &target));
	frame[21] = 254;
	g_assert_false(ra_solicited(frame, sizeof(frame), &target));
	frame[21] = 255;
	frame[22] = 0xff;
	g_assert_false(ra_solicited(frame, sizeof(frame), &target));
	memset(frame + 22, 0, 16);
	g_assert_true(ra_solicited(frame, sizeof(frame), &target));
	g_assert_true(ip_equal(target.ip, ip("ff02::1")));
	g_assert_cmphex(target.mac.b[0], ==, 0x33);
}

/* ---------------------------------------------------------------- clock */

struct heard {
	guint count, final;
	int64_t at[64];
	int64_t now;
};

static void hear(uint32_t slot, uint32_t vni, struct mac mac, bool final, void *data)
{
	struct heard *heard = data;

	g_assert_cmpuint(slot, ==, 7);
	g_assert_cmpuint(vni, ==, 5);
	heard->final += final;
	heard->at[heard->count++ % 64] = heard->now;
}

static bool is_there(uint32_t slot, uint32_t vni, void *data)
{
	return *(bool *)data;
}

/* Runs the clock until END, at its own times. */
static void run(struct ra_clock *clock, struct heard *heard, int64_t end)
{
	for (int64_t next = ra_clock_next(clock); next && next <= end;) {
		heard->now = MAX(next, heard->now);
		next = ra_clock_run(clock, hear, heard, heard->now);
	}
	heard->now = end;
}

static void change(struct ra_clock *clock, bool has, guint version, bool present, int64_t now)
{
	ra_clock_begin(clock, 5);
	if (has)
		ra_clock_add(clock, 7, router, version, now);
	ra_clock_end(clock, is_there, &present, now);
}

static void test_clock(void)
{
	struct ra_clock *clock = ra_clock_new();
	struct heard heard = {.now = 100 * SECOND};
	guint before;

	g_assert_cmpint(ra_clock_next(clock), ==, 0);
	change(clock, true, 1, true, 100 * SECOND);
	run(clock, &heard, 140 * SECOND);
	g_assert_cmpuint(heard.count, ==, 3);
	for (guint i = 1; i < 3; i++) {
		g_assert_cmpint(heard.at[i] - heard.at[i - 1], >=, RA_APART * SECOND);
		g_assert_cmpint(heard.at[i] - heard.at[i - 1], <=, RA_INITIAL_MAX * SECOND);
	}
	change(clock, true, 1, true, heard.now); /* nothing new */
	run(clock, &heard, 20000 * SECOND);
	g_assert_cmpuint(heard.count, >=, 3 + 20000 / RA_INTERVAL_MAX - 1);
	g_assert_cmpuint(heard.count, <=, 3 + 20000 / RA_INTERVAL_MIN);
	before = heard.count;
	change(clock, true, 2, true, heard.now); /* it says something else */
	run(clock, &heard, heard.now + 40 * SECOND);
	g_assert_cmpuint(heard.count, ==, before + 3);
	g_assert_cmpuint(heard.final, ==, 0);
	change(clock, false, 0, true, heard.now);
	run(clock, &heard, heard.now + 40 * SECOND);
	g_assert_cmpuint(heard.final, ==, RA_TIMES);
	g_assert_cmpuint(ra_clock_count(clock), ==, 0);
	ra_clock_free(clock);
}

/* Multicasts are three seconds apart, however often something changes. */
static void test_apart(void)
{
	struct ra_clock *clock = ra_clock_new();
	struct heard heard = {.now = SECOND};

	for (guint i = 0; i < 40; i++) {
		change(clock, true, i, true, heard.now);
		run(clock, &heard, heard.now + SECOND);
	}
	g_assert_cmpuint(heard.count, <=, 14);
	g_assert_cmpuint(heard.count, >=, 12);
	ra_clock_free(clock);
}

static void test_port_gone(void)
{
	struct ra_clock *clock = ra_clock_new();
	struct heard heard = {.now = SECOND};

	change(clock, true, 1, true, SECOND);
	run(clock, &heard, 2 * SECOND);
	change(clock, false, 0, false, 2 * SECOND);
	g_assert_cmpuint(ra_clock_count(clock), ==, 0);
	run(clock, &heard, 1000 * SECOND);
	g_assert_cmpuint(heard.count, ==, 1);
	ra_clock_free(clock);
}

/* A router that says goodbye and comes back is a router. */
static void test_back(void)
{
	struct ra_clock *clock = ra_clock_new();
	struct heard heard = {.now = SECOND};

	change(clock, true, 1, true, SECOND);
	run(clock, &heard, 100 * SECOND);
	change(clock, false, 0, true, heard.now);
	run(clock, &heard, 101 * SECOND);
	g_assert_cmpuint(heard.final, ==, 1);
	change(clock, true, 1, true, heard.now);
	run(clock, &heard, 200 * SECOND);
	g_assert_cmpuint(heard.final, ==, 1);
	g_assert_cmpuint(heard.count, ==, 3 + 1 + 3);
	ra_clock_free(clock);
}

static void count(uint32_t slot, uint32_t vni, struct mac mac, bool final, void *data)
{
	++*(guint *)data;
}

static void test_burst(void)
{
	struct ra_clock *clock = ra_clock_new();
	guint spoken = 0;

	ra_clock_begin(clock, 5);
	for (guint i = 1; i <= 3 * RA_BURST; i++)
		ra_clock_add(clock, i, i % 2 ? router : other, 1, SECOND);
	g_assert_cmpint(ra_clock_run(clock, count, &spoken, SECOND), ==, SECOND);
	g_assert_cmpuint(spoken, ==, RA_BURST);
	ra_clock_run(clock, count, &spoken, SECOND);
	g_assert_cmpint(ra_clock_run(clock, count, &spoken, SECOND), >, SECOND);
	g_assert_cmpuint(spoken, ==, 3 * RA_BURST);
	ra_clock_free(clock);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/ra/the whole frame", test_whole);
	g_test_add_func("/ra/a goodbye has no lifetime and no options but the MAC",
			test_goodbye);
	g_test_add_func("/ra/stateful: managed, prefix not automatic", test_flags);
	g_test_add_func("/ra/what fits", test_room);
	g_test_add_func("/ra/what is said has a number", test_hash);
	g_test_add_func("/ra/who is answered", test_solicited);
	g_test_add_func("/ra/three times soon, then at random, three times at the end",
			test_clock);
	g_test_add_func("/ra/changes do not crowd", test_apart);
	g_test_add_func("/ra/a port that is gone hears nothing", test_port_gone);
	g_test_add_func("/ra/a router that comes back", test_back);
	g_test_add_func("/ra/not all at one time", test_burst);
	return g_test_run();
}
