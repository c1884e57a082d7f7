/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/tuple.h"

#include <string.h>

#include "lib/error.h"

/* UDP 10.0.0.1:1000 -> 10.0.0.2:53 */
static const uint8_t udp4[] = {
	2,  0,	 0, 0,	0, 2, 2, 0, 0,	0,  0, 1, 8,  0,		    /* Ethernet */
	69, 0,	 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, /* IPv4 */
	3,  232, 0, 53, 0, 8, 0, 0,
};

static bool matches(const char *proto, const char *ip, const char *port, const uint8_t *frame,
		    gsize size)
{
	struct tuple tuple;

	g_assert_true(tuple_parse(proto, ip, port, &tuple, NULL));
	return tuple_match(&tuple, frame, size);
}

static void test_match(void)
{
	g_assert_true(matches(NULL, NULL, NULL, udp4, sizeof(udp4)));
	g_assert_true(matches("udp", "10.0.0.1", "53", udp4, sizeof(udp4)));
	g_assert_true(matches(NULL, "10.0.0.2", "1000", udp4, sizeof(udp4)));
	g_assert_false(matches("tcp", NULL, NULL, udp4, sizeof(udp4)));
	g_assert_false(matches(NULL, "10.0.0.3", NULL, udp4, sizeof(udp4)));
	g_assert_false(matches(NULL, NULL, "54", udp4, sizeof(udp4)));
}

/* Cut anywhere it is read no further; every byte is on the heap for ASan to watch. */
static void test_cut(void)
{
	for (gsize size = 0; size <= sizeof(udp4); size++) {
		g_autofree uint8_t *part = g_memdup2(udp4, size);

		g_assert_cmpint(matches("udp", NULL, "53", part, size), ==, size >= 38);
	}
}

static void test_tunnel(void)
{
	uint8_t frame[50 + sizeof(udp4)] = {0};

	memcpy(frame, udp4, 42);
	frame[29] = 9; /* outside it is 10.0.0.9 */
	frame[36] = 4789 >> 8;
	frame[37] = 4789 & 255;
	memcpy(frame + 50, udp4, sizeof(udp4));
	g_assert_cmpuint(tuple_find_inner(frame, sizeof(frame)), ==, 50);
	g_assert_true(matches("udp", "10.0.0.1", "53", frame, sizeof(frame)));
	g_assert_true(matches("udp", "10.0.0.9", "4789", frame, sizeof(frame)));
	g_assert_false(matches("udp", NULL, "54", frame, sizeof(frame)));
	g_assert_cmpuint(tuple_find_inner(udp4, sizeof(udp4)), ==, 0);
}

/* A later fragment has no ports. */
static void test_fragment(void)
{
	uint8_t frame[sizeof(udp4)];

	memcpy(frame, udp4, sizeof(udp4));
	frame[21] = 1;
	g_assert_true(matches("udp", "10.0.0.1", NULL, frame, sizeof(frame)));
	g_assert_false(matches("udp", NULL, "53", frame, sizeof(frame)));
}

static void test_refuse(void)
{
	static const char *const bad[][3] = {{"sctp", NULL, NULL},
					     {NULL, "10.0.0", NULL},
					     {NULL, NULL, "0"},
					     {NULL, NULL, "x"}};

	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		struct tuple tuple;

		g_assert_false(tuple_parse(bad[i][0], bad[i][1], bad[i][2], &tuple, &error));
		g_assert_error(error, WEFT_ERROR, WEFT_ERROR_INVALID);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/tuple/match", test_match);
	g_test_add_func("/tuple/cut", test_cut);
	g_test_add_func("/tuple/tunnel", test_tunnel);
	g_test_add_func("/tuple/fragment", test_fragment);
	g_test_add_func("/tuple/refuse", test_refuse);
	return g_test_run();
}
