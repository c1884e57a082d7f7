/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/tables_fixture.h"

#include <string.h>

static const struct {
	gsize key;
	gsize value;
} sizes[POLICY_MAP_COUNT] = {
#define X(id, map, key, value) {sizeof(key), sizeof(value)},
	POLICY_MAPS(X)
#undef X
};

static void table_put(enum policy_map map, const void *key, const void *value, void *data)
{
	struct tables *tables = data;

	tables->puts++;
	g_hash_table_replace(tables->map[map], g_bytes_new(key, sizes[map].key),
			     g_bytes_new(value, sizes[map].value));
}

static void table_del(enum policy_map map, const void *key, void *data)
{
	struct tables *tables = data;
	g_autoptr(GBytes) name = g_bytes_new(key, sizes[map].key);

	tables->dels++;
	g_assert_true(g_hash_table_remove(tables->map[map], name));
}

void tables_init(struct tables *tables)
{
	memset(tables, 0, sizeof(*tables));
	for (int i = 0; i < POLICY_MAP_COUNT; i++)
		tables->map[i] = g_hash_table_new_full(g_bytes_hash, g_bytes_equal,
						       (GDestroyNotify)g_bytes_unref,
						       (GDestroyNotify)g_bytes_unref);
}

void tables_done(struct tables *tables)
{
	for (int i = 0; i < POLICY_MAP_COUNT; i++)
		g_hash_table_unref(tables->map[i]);
}

struct policy_sink tables_sink(struct tables *tables)
{
	return (struct policy_sink){table_put, table_del, tables};
}

gsize tables_count(const struct tables *tables)
{
	gsize count = 0;

	for (int i = 0; i < POLICY_MAP_COUNT; i++)
		count += g_hash_table_size(tables->map[i]);
	return count;
}

static const void *table_find(const struct tables *tables, enum policy_map map, const void *key)
{
	GBytes *name = g_bytes_new_static(key, sizes[map].key);
	GBytes *value = g_hash_table_lookup(tables->map[map], name);

	g_bytes_unref(name);
	return value ? g_bytes_get_data(value, NULL) : NULL;
}

/* BYTES with all bits from the BITSth on cleared. */
static void cut(uint8_t *bytes, gsize size, guint bits)
{
	for (guint i = bits; i < size * 8; i++)
		bytes[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
}

static uint32_t service_find(const struct tables *tables, uint32_t chain, uint8_t proto,
			     uint16_t port)
{
	for (int bits = SERVICE_PROTO + 16; bits >= SERVICE_ANY; bits--) {
		struct service_key key = {
			(uint32_t)bits, chain, proto, {port >> 8, port & 255}, 0};
		const uint32_t *class;

		cut((uint8_t *)&key.proto, 4, (guint)bits - SERVICE_ANY);
		class = table_find(tables, POLICY_MAP_SERVICE, &key);
		if (class)
			return *class;
	}
	return 0;
}

static uint32_t prefix_find(const struct tables *tables, uint32_t chain, struct ip ip)
{
	for (int bits = 128; bits >= 0; bits--) {
		struct peer_prefix_key key = {
			PEER_PREFIX_BASE + (uint32_t)bits, chain, {{{0}}}};
		const uint32_t *class;

		memcpy(key.ip.b, ip.b, sizeof(key.ip.b));
		cut(key.ip.b, 16, (guint)bits);
		class = table_find(tables, POLICY_MAP_PEER_PREFIX, &key);
		if (class)
			return *class;
	}
	return 0;
}

static void cell_find(const struct tables *tables, struct cell_key key,
		      struct policy_verdict *best)
{
	const struct policy_verdict *verdict = table_find(tables, POLICY_MAP_CELL, &key);

	if (verdict && verdict->order < best->order)
		*best = *verdict;
}

struct policy_verdict tables_ask(const struct tables *tables, uint32_t bank, uint32_t identity,
				 const struct policy_packet *packet)
{
	const struct policy_value *policy = table_find(tables, POLICY_MAP_POLICY, &bank);
	struct policy_chain chain = policy->chain[packet->kind];
	struct cell_key key = {.chain = POLICY_CHAIN(bank, packet->kind)};
	struct peer_identity_key who = {key.chain, identity};
	const uint32_t *class = table_find(tables, POLICY_MAP_PEER_IDENTITY, &who);
	uint32_t by_identity = class ? *class : 0;
	uint32_t by_prefix = prefix_find(tables, key.chain, packet->peer);
	struct policy_verdict best = chain.otherwise;

	if (!(chain.sources & ~POLICY_ONE_SERVICE))
		return best;
	key.service = chain.sources & POLICY_ONE_SERVICE
			      ? 1
			      : service_find(tables, key.chain, packet->proto, packet->port);
	for (int passes = 0; key.service && passes <= LIM_POLICY_FLOORS; passes++) {
		best = chain.otherwise;
		key.peer = POLICY_PEER_ANY;
		if (chain.sources & POLICY_BY_ANY)
			cell_find(tables, key, &best);
		key.peer = by_identity;
		if ((chain.sources & POLICY_BY_IDENTITY) && by_identity)
			cell_find(tables, key, &best);
		key.peer = by_prefix;
		if ((chain.sources & POLICY_BY_PREFIX) && by_prefix)
			cell_find(tables, key, &best);
		if (best.action != POLICY_PASS)
			break;
		key.floor = best.next;
	}
	return best;
}

struct policy_verdict tables_ask_firewall(const struct tables *tables, uint32_t bank,
					  const struct policy_packet *packet)
{
	const struct policy_value *policy = table_find(tables, POLICY_MAP_POLICY, &bank);
	const struct policy_chain *chain = &policy->chain[packet->kind];
	uint32_t number = POLICY_CHAIN(bank, packet->kind), sources = chain->sources;
	uint32_t far[] = {0, prefix_find(tables, number, packet->peer)};
	uint32_t near[] = {0, prefix_find(tables, number | POLICY_NEAR, packet->near)};
	uint32_t port = sources & POLICY_ONE_SERVICE
				? 1
				: service_find(tables, number, packet->proto, packet->port);
	uint32_t source = sources & POLICY_BY_SPORT
				  ? service_find(tables, number | POLICY_NEAR, packet->proto,
						 packet->source)
				  : 0;
	struct policy_verdict best = chain->otherwise;

	if (!sources || !port || ((sources & POLICY_BY_SPORT) && !source))
		return best;
	for (int f = !(sources & POLICY_BY_ANY); f < ((sources & POLICY_BY_PREFIX) ? 2 : 1);
	     f++)
		for (int n = 0; n < ((sources & POLICY_BY_NEAR) ? 2 : 1); n++)
			cell_find(tables,
				  (struct cell_key){number, far[f], CELL_SERVICE(port, source),
						    near[n]},
				  &best);
	return best;
}
