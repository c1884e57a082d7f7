/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries of `nat` on real maps: they go with their connection, those without one go when they are found
 * twice, those of slots that nobody has at once; no others go.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <glib.h>
#include <netinet/in.h>
#include <bpf/bpf.h>

#include "agent/nats.h"

#define FRONT 2 /* is asked for the address that slots 1 and 2 share */
#define GONE  9

static int nat_map, conn_map, gateway_map;

static struct abi_ip address(uint32_t v4)
{
	struct abi_ip ip = {.b = {[10] = 0xff, [11] = 0xff}};

	ip.w[3] = GUINT32_TO_BE(v4);
	return ip;
}

/* The tenant's port N, seen outside as that of 1000 + N; SLOT's, which may not be asked itself. */
static struct conn_key conn_of(uint32_t slot, uint16_t n)
{
	return (struct conn_key){.slot = slot,
				 .lport = GUINT16_TO_BE(80),
				 .rport = GUINT16_TO_BE(n),
				 .local = address(0xc6336402),
				 .remote = address(0x0a00010b),
				 .proto = IPPROTO_TCP};
}

static struct nat_key out_of(uint32_t slot, uint16_t n)
{
	return (struct nat_key){.slot = slot,
				.proto = IPPROTO_TCP,
				.way = NAT_OUT,
				.port = GUINT16_TO_BE(n),
				.rport = GUINT16_TO_BE(80),
				.addr = address(0x0a00010b),
				.remote = address(0xc6336402)};
}

static struct nat_key in_of(uint32_t slot, uint16_t n)
{
	return (struct nat_key){.slot = slot == 1 ? FRONT : slot,
				.proto = IPPROTO_TCP,
				.way = NAT_IN,
				.port = GUINT16_TO_BE(1000 + n),
				.rport = GUINT16_TO_BE(80),
				.addr = address(0xcb007105),
				.remote = address(0xc6336402)};
}

static void put(uint32_t slot, uint16_t n, bool conn, bool out, bool in)
{
	struct nat_value seen = {address(0xcb007105), GUINT16_TO_BE(1000 + n), 0, slot};
	struct nat_value meant = {address(0x0a00010b), GUINT16_TO_BE(n), 0, slot};
	struct nat_key out_key = out_of(slot, n), in_key = in_of(slot, n);
	struct conn_key conn_key = conn_of(slot, n);
	struct conn_value value = {0};

	if (conn)
		g_assert_cmpint(bpf_map_update_elem(conn_map, &conn_key, &value, BPF_ANY), ==,
				0);
	if (out)
		g_assert_cmpint(bpf_map_update_elem(nat_map, &out_key, &seen, BPF_ANY), ==, 0);
	if (in)
		g_assert_cmpint(bpf_map_update_elem(nat_map, &in_key, &meant, BPF_ANY), ==, 0);
}

static bool has_out(uint32_t slot, uint16_t n)
{
	struct nat_key key = out_of(slot, n);
	struct nat_value value;

	return bpf_map_lookup_elem(nat_map, &key, &value) == 0;
}

static bool has_in(uint32_t slot, uint16_t n)
{
	struct nat_key key = in_of(slot, n);
	struct nat_value value;

	return bpf_map_lookup_elem(nat_map, &key, &value) == 0;
}

static void maps_clear(void)
{
	struct nat_key nat;
	struct conn_key conn;

	while (bpf_map_get_next_key(nat_map, NULL, &nat) == 0)
		bpf_map_delete_elem(nat_map, &nat);
	while (bpf_map_get_next_key(conn_map, NULL, &conn) == 0)
		bpf_map_delete_elem(conn_map, &conn);
}

static void test_ended(void)
{
	struct nats *nats = nats_new(nat_map, conn_map, gateway_map);
	struct conn_key first = conn_of(1, 1), second = conn_of(FRONT, 2);
	struct nat_value seen;

	maps_clear();
	for (uint16_t n = 1; n <= 2; n++)
		put(n == 1 ? 1 : FRONT, n, true, true, true);
	g_assert_true(nats_find(nats, &first, &seen));
	g_assert_cmpuint(GUINT16_FROM_BE(seen.port), ==, 1001);
	nats_ended(nats, &first);
	g_assert_false(has_out(1, 1) || has_in(1, 1) || nats_find(nats, &first, &seen));
	g_assert_true(has_out(FRONT, 2) && has_in(FRONT, 2));
	nats_ended(nats, &first); /* once more is nothing */
	nats_ended(nats, &second);
	g_assert_false(has_out(FRONT, 2) || has_in(FRONT, 2));
	nats_free(nats);
}

/* Of one port outside, who has the entry that leads back there keeps it. */
static void test_ended_half(void)
{
	struct nats *nats = nats_new(nat_map, conn_map, gateway_map);
	struct nat_value other = {address(0x0a00010c), GUINT16_TO_BE(1), 0, 1};
	struct nat_key in = in_of(1, 1);
	struct conn_key conn = conn_of(1, 1);

	maps_clear();
	put(1, 1, true, true, false);
	bpf_map_update_elem(nat_map, &in, &other, BPF_ANY);
	nats_ended(nats, &conn);
	g_assert_true(!has_out(1, 1) && has_in(1, 1));
	nats_free(nats);
}

static void test_orphans(void)
{
	struct nats *nats = nats_new(nat_map, conn_map, gateway_map);

	maps_clear();
	put(1, 1, true, true, true);
	put(1, 2, false, true, true); /* no connection */
	put(1, 3, true, false, true); /* none that leads to it */
	put(1, 4, false, true, true); /* a connection that is late */
	nats_sweep(nats);
	g_assert_cmpuint(nats_get_count(nats), ==, 7);
	g_assert_true(has_out(1, 2) && has_in(1, 2) && has_in(1, 3));
	put(1, 4, true, false, false);
	nats_sweep(nats);
	g_assert_false(has_out(1, 2) || has_in(1, 3));
	g_assert_true(has_out(1, 1) && has_in(1, 1) && has_out(1, 4) && has_in(1, 4));
	for (int i = 0; i < 2; i++)
		nats_sweep(nats); /* what led to it has gone in the one before */
	g_assert_false(has_in(1, 2));
	g_assert_cmpuint(nats_get_count(nats), ==, 4);
	nats_free(nats);
}

/* Without the entry that leads back, and with one that is another's: what leaves by it has no answer. */
static void test_halves(void)
{
	struct nats *nats = nats_new(nat_map, conn_map, gateway_map);
	struct nat_value other = {address(0x0a00010b), GUINT16_TO_BE(2), 0, FRONT};
	struct nat_key in = in_of(1, 2);

	maps_clear();
	put(1, 1, true, true, false);
	put(1, 2, true, true, false);
	put(FRONT, 3, true, true, true);
	bpf_map_update_elem(nat_map, &in, &other, BPF_ANY);
	nats_sweep(nats);
	g_assert_true(has_out(1, 1) && has_out(1, 2));
	nats_sweep(nats);
	g_assert_false(has_out(1, 1) || has_out(1, 2));
	g_assert_true(has_out(FRONT, 3) && has_in(FRONT, 3));
	nats_free(nats);
}

static bool is_gone(uint32_t slot, void *data)
{
	return slot == GONE;
}

/* More than one batch of them. */
static void test_purge(void)
{
	struct nats *nats = nats_new(nat_map, conn_map, gateway_map);

	maps_clear();
	for (uint16_t n = 1; n <= 2000; n++)
		put(n % 2 ? GONE : 1, n, true, true, true);
	nats_purge(nats, is_gone, NULL);
	for (uint16_t n = 1; n <= 2000; n++) {
		g_assert_true(has_out(n % 2 ? GONE : 1, n) == !(n % 2));
		g_assert_true(has_in(n % 2 ? GONE : 1, n) == !(n % 2));
	}
	nats_free(nats);
}

static int map_make(enum bpf_map_type type, uint32_t key, uint32_t value, uint32_t flags)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = flags);

	return bpf_map_create(type, NULL, key, value, 8192, &options);
}

int main(int argc, char **argv)
{
	const uint32_t slots[] = {1, FRONT};
	struct gateway_value gateway = {.front = FRONT};

	g_test_init(&argc, &argv, NULL);
	nat_map = map_make(BPF_MAP_TYPE_HASH, sizeof(struct nat_key), sizeof(struct nat_value),
			   BPF_F_NO_PREALLOC);
	conn_map = map_make(BPF_MAP_TYPE_HASH, sizeof(struct conn_key),
			    sizeof(struct conn_value), BPF_F_NO_PREALLOC);
	gateway_map = map_make(BPF_MAP_TYPE_ARRAY, sizeof(uint32_t), sizeof(gateway), 0);
	if (nat_map < 0 || conn_map < 0 || gateway_map < 0) {
		g_print("1..0 # SKIP no maps: %s\n", g_strerror(errno));
		return 0;
	}
	for (gsize i = 0; i < G_N_ELEMENTS(slots); i++)
		bpf_map_update_elem(gateway_map, &slots[i], &gateway, BPF_ANY);
	g_test_add_func("/nats/they go with their connection", test_ended);
	g_test_add_func("/nats/what leads back to another stays", test_ended_half);
	g_test_add_func("/nats/those without one are found", test_orphans);
	g_test_add_func("/nats/those without a way back are found", test_halves);
	g_test_add_func("/nats/those of a slot that is gone", test_purge);
	return g_test_run();
}
