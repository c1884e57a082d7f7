/* SPDX-License-Identifier: Apache-2.0 */
/* Ageing on a real map: who is silent for too long goes, who has no port goes, nobody else. */
#include <string.h>
#include <unistd.h>
#include <glib.h>
#include <netinet/in.h>
#include <bpf/bpf.h>

#include "agent/age.h"
#include "agent/jiffies.h"

#define GONE_SLOT 9

static int conn_map;

static bool is_gone(uint32_t slot, void *data)
{
	return slot == GONE_SLOT;
}

static void ended(const struct conn_key *key, const struct conn_value *value, void *data)
{
}

static void swept(void *data)
{
	(*(int *)data)++;
}

static const struct {
	const char *name;
	uint32_t slot;
	uint32_t proto;
	uint8_t state;
	int silent; /* seconds; below zero: seen after the sweep began */
	bool stays;
} rows[] = {
	{"new TCP", 1, IPPROTO_TCP, CONN_NEW, 30, true},
	{"new TCP, silent", 1, IPPROTO_TCP, CONN_NEW, 70, false},
	{"established TCP, silent for an hour", 1, IPPROTO_TCP, CONN_ESTABLISHED, 3600, true},
	{"established TCP, silent for three", 1, IPPROTO_TCP, CONN_ESTABLISHED, 10800, false},
	{"closed TCP", 1, IPPROTO_TCP, CONN_CLOSED, 15, false},
	{"UDP, answered", 1, IPPROTO_UDP, CONN_ESTABLISHED, 200, true},
	{"UDP, answered, silent", 1, IPPROTO_UDP, CONN_ESTABLISHED, 310, false},
	{"UDP, not answered", 1, IPPROTO_UDP, CONN_NEW, 40, false},
	{"ICMP", 1, IPPROTO_ICMP, CONN_ESTABLISHED, 50, true},
	{"ICMP, silent", 1, IPPROTO_ICMP, CONN_ESTABLISHED, 70, false},
	{"seen just now", 1, IPPROTO_TCP, CONN_CLOSED, -5, true},
	{"of a port that is gone", GONE_SLOT, IPPROTO_TCP, CONN_ESTABLISHED, 0, false},
	{"of no known state", 1, IPPROTO_TCP, 77, 5, true},
};

static struct conn_key key_of(gsize row)
{
	return (struct conn_key){
		.slot = rows[row].slot, .lport = (uint16_t)row, .proto = rows[row].proto};
}

static void test_sweep(void)
{
	const struct age_ops ops = {is_gone, ended, swept};
	struct jiffies *jiffies = jiffies_new();
	uint64_t now = jiffies_get(jiffies);
	int sweeps = 0;
	struct age *age = age_new(conn_map, NULL, &ops, &sweeps);

	g_assert_cmpuint(now, >, 0);
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct conn_value value = {.state = rows[i].state};
		struct conn_key key = key_of(i);

		value.seen = now - (uint64_t)((int64_t)rows[i].silent * jiffies_hz());
		g_assert_cmpint(bpf_map_update_elem(conn_map, &key, &value, BPF_ANY), ==, 0);
	}
	age_sweep(age);
	g_assert_cmpint(sweeps, ==, 1);
	g_assert_cmpuint(age_get_count(age), ==, G_N_ELEMENTS(rows));
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct conn_key key = key_of(i);
		struct conn_value value;

		if ((bpf_map_lookup_elem(conn_map, &key, &value) == 0) != rows[i].stays)
			g_error("%s: %s", rows[i].name, rows[i].stays ? "went" : "stayed");
	}
	age_free(age);
	jiffies_free(jiffies);
}

/* More than one step of the loop reads at once. */
static void test_many(void)
{
	const struct age_ops ops = {is_gone, ended, swept};
	int sweeps = 0;
	struct age *age = age_new(conn_map, NULL, &ops, &sweeps);
	struct conn_key key = {.slot = GONE_SLOT, .proto = IPPROTO_UDP};
	struct conn_value value = {0};
	gsize before;

	age_sweep(age);
	before = age_get_expired(age);
	for (uint32_t i = 0; i < 5000; i++) {
		key.remote.w[0] = i;
		g_assert_cmpint(bpf_map_update_elem(conn_map, &key, &value, BPF_ANY), ==, 0);
	}
	age_sweep(age);
	g_assert_cmpuint(age_get_expired(age) - before, ==, 5000);
	age_free(age);
}

/* Jiffies grow with the clock, and not otherwise. */
static void test_jiffies(void)
{
	struct jiffies *jiffies = jiffies_new();
	uint64_t first = jiffies_get(jiffies), second;

	g_usleep(50000);
	second = jiffies_get(jiffies);
	g_assert_cmpuint(second, >, first);
	g_assert_cmpuint(second - first, <, 60 * jiffies_hz());
	jiffies_free(jiffies);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	conn_map = bpf_map_create(BPF_MAP_TYPE_HASH, "conn_test", sizeof(struct conn_key),
				  sizeof(struct conn_value), 16384, NULL);
	if (conn_map < 0) {
		g_print("1..0 # SKIP no bpf here: %s\n", g_strerror(errno));
		return 0;
	}
	g_test_add_func("/age/who is silent or has no port goes", test_sweep);
	g_test_add_func("/age/many at once", test_many);
	g_test_add_func("/age/jiffies grow", test_jiffies);
	return g_test_run();
}
