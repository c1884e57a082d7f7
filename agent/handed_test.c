/* SPDX-License-Identifier: Apache-2.0 */
/* Printing and parsing are inverses, whatever clock each side has; what is no connection is none. */
#include "agent/handed.h"

#include <arpa/inet.h>
#include <glib.h>
#include <string.h>

#include "lib/ip.h"

static void address(struct abi_ip *out, const char *text)
{
	struct ip ip;

	g_assert_true(ip_parse(text, &ip));
	memcpy(out->b, ip.b, sizeof(out->b));
}

static void example(struct conn_key *key, struct conn_value *value)
{
	memset(key, 0, sizeof(*key));
	key->slot = 7;
	key->proto = 6;
	key->lport = htons(1000);
	key->rport = htons(80);
	address(&key->local, "10.0.0.11");
	address(&key->remote, "fd00::2");
	*value = (struct conn_value){
		.seen = 900000,
		.created = 500000,
		.packets = {1, 2},
		.bytes = {3, 1ull << 40},
		.remote_identity = 0xffffff,
		.state = CONN_FIN,
		.origin = 1,
		.fin = 2,
		.rule = 0xfedcba98,
	};
}

static void test_inverse(void)
{
	struct conn_key key, again;
	struct conn_value value, other;
	json_t *text;

	example(&key, &value);
	text = handed_print(&key, &value, 1000000, 1000);
	g_assert_true(handed_parse(text, 50000000, 100, &again, &other));
	g_assert_cmpuint(other.seen, ==, 50000000 - 10000);    /* 100 s ago */
	g_assert_cmpuint(other.created, ==, 50000000 - 50000); /* 500 s ago */
	key.slot = 0;
	g_assert_cmpmem(&key, sizeof(key), &again, sizeof(again));
	other.seen = value.seen;
	other.created = value.created;
	g_assert_cmpmem(&value, sizeof(value), &other, sizeof(other));
	/* older than this host */
	g_assert_true(handed_parse(text, 10, 100, &again, &other));
	g_assert_cmpuint(other.created, ==, 0);
	json_decref(text);
}

static void test_wrong(void)
{
	static const struct {
		size_t at;
		const char *value;
	} rows[] = {{0, "256"},	  {0, "\"tcp\""},  {1, "\"10.0.0\""}, {1, "5"},
		    {2, "65536"}, {4, "-1"},	   {5, "5"},	      {6, "2"},
		    {7, "4"},	  {8, "86400001"}, {14, "16777216"},  {15, "4294967296"},
		    {15, "null"}};
	struct conn_key key, again;
	struct conn_value value, other;

	example(&key, &value);
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		json_t *text = handed_print(&key, &value, 1000000, 1000);

		json_array_set_new(text, rows[i].at,
				   json_loads(rows[i].value, JSON_DECODE_ANY, NULL));
		g_assert_false(handed_parse(text, 1000000, 1000, &again, &other));
		json_decref(text);
	}
	json_t *text = handed_print(&key, &value, 1000000, 1000);

	json_array_append_new(text, json_integer(1));
	g_assert_false(handed_parse(text, 1000000, 1000, &again, &other));
	json_decref(text);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/agent/handed/inverse", test_inverse);
	g_test_add_func("/agent/handed/wrong", test_wrong);
	return g_test_run();
}
