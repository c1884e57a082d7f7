/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Law: a bank says of every packet what a walk over its rules says, whatever has happened to
 * members and addresses since it was made; and what was put is deleted to the last entry.
 * WEFT_PAIRS: (rules, packet) pairs to ask about; WEFT_SEED: where to begin. The kernel is asked by
 * test/packets/policy_law.c.
 */
#include <stdlib.h>
#include <string.h>

#include "policy/firewall.h"
#include "policy/random_fixture.h"
#include "policy/tables_fixture.h"

#define PER_WORLD 400

struct world {
	struct random_policy random;
	struct tables tables;
	struct policy_sink sink;
	struct policy_bank *bank;
};

static void world_open(struct world *world, uint32_t seed, bool firewall)
{
	const GPtrArray *rules;

	random_policy_open(&world->random, seed, firewall);
	rules = world->random.rules;
	tables_init(&world->tables);
	world->sink = tables_sink(&world->tables);
	world->bank =
		policy_bank_new((const struct policy_rule *const *)rules->pdata, rules->len, 0);
	g_assert_true(random_policy_fill(&world->random, world->bank, &world->sink));
}

static void world_close(struct world *world)
{
	policy_bank_clear(world->bank, &world->sink);
	g_assert_cmpuint(tables_count(&world->tables), ==, 0);
	policy_bank_free(world->bank);
	tables_done(&world->tables);
	random_policy_close(&world->random);
}

static uint32_t roll(struct world *world, uint32_t n)
{
	return random_policy_roll(&world->random, n);
}

static void world_ask(struct world *world)
{
	static const uint8_t protos[] = {6, 17, 1, 132, 47};
	guint identity = roll(world, RANDOM_IDENTITIES);
	const GPtrArray *sets = world->random.members[identity];
	bool v6 = roll(world, 2);
	struct policy_packet packet = {
		.kind = roll(world, 2) | (v6 ? POLICY_V6 : 0) |
			(roll(world, 4) || world->random.firewall ? 0 : POLICY_STATELESS),
		.proto = protos[roll(world, G_N_ELEMENTS(protos))],
		.port = (uint16_t)(roll(world, 8) ? roll(world, 400) : roll(world, 65536)),
		.source = (uint16_t)roll(world, 600),
		.peer = random_policy_ip(&world->random, v6),
		.near = random_policy_ip(&world->random, v6),
		.sets = (const char *const *)sets->pdata,
		.set_count = sets->len,
	};
	const struct policy_rule *rule;
	uint8_t action = random_policy_ask(&world->random, &packet, &rule);
	uint32_t bank = policy_bank_number(world->bank);
	struct policy_verdict said =
		world->random.firewall
			? tables_ask_firewall(&world->tables, bank, &packet)
			: tables_ask(&world->tables, bank, RANDOM_IDENTITY + identity, &packet);

	g_assert_cmpuint(said.action, ==, action);
	g_assert_cmpuint(said.rule, ==, rule ? policy_rule_number(rule) : 0);
}

static gsize wish(const char *name, gsize otherwise)
{
	const char *text = g_getenv(name);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

static void test_law(void)
{
	gsize pairs = wish("WEFT_PAIRS", 200000), seed = wish("WEFT_SEED", 1);

	for (gsize done = 0; done < pairs; done += PER_WORLD, seed++) {
		struct world world;

		world_open(&world, (uint32_t)seed, seed % 3 == 0);
		for (int i = 0; i < PER_WORLD; i++) {
			if (i % 20 == 0)
				random_policy_change(&world.random, world.bank, &world.sink);
			world_ask(&world);
		}
		world_close(&world);
	}
}

/* A new bank of the same rules has the same number. */
static void test_number(void)
{
	struct policy_bank *twin;
	struct world world;

	world_open(&world, 7, false);
	twin = policy_bank_new((const struct policy_rule *const *)world.random.rules->pdata,
			       world.random.rules->len, 0);
	g_assert_cmpuint(policy_bank_number(twin), ==, policy_bank_number(world.bank));
	policy_bank_free(twin);
	world_close(&world);
}

static const struct prefix *no_addresses(const char *name, gsize *count, void *data)
{
	*count = 0;
	return NULL;
}

/* One more member changes one entry. */
static void test_costs(void)
{
	const char *set = g_ref_string_new_intern("sg:a");
	const struct policy_rule rule = {.set = set,
					 .id = g_ref_string_new_intern("r"),
					 .name = set,
					 .proto = POLICY_PROTO_ANY,
					 .high = UINT16_MAX,
					 .tier = POLICY_TIER_GROUP,
					 .family = POLICY_FAMILY_V4,
					 .peer = POLICY_SET,
					 .action = POLICY_ACCEPT,
					 .ingress = true};
	const struct policy_rule *rules[] = {&rule};
	g_autofree char *digest = policy_digest(rules, 1);
	struct policy_bank *bank = policy_bank_new(rules, 1, 0);
	struct tables tables;
	struct policy_sink sink;
	gsize puts;

	tables_init(&tables);
	sink = tables_sink(&tables);
	g_assert_cmpstr(digest, ==, policy_bank_digest(bank));
	g_assert_true(policy_bank_put(bank, &sink, no_addresses, NULL));
	for (uint32_t i = 0; i < 1000; i++) {
		puts = tables.puts;
		g_assert_true(policy_bank_put_identity(bank, &sink, 300 + i, &set, 1));
		g_assert_cmpuint(tables.puts - puts, ==, i ? 1 : 2);
	}
	policy_bank_clear(bank, &sink);
	g_assert_cmpuint(tables_count(&tables), ==, 0);
	policy_bank_free(bank);
	tables_done(&tables);
	g_ref_string_release((char *)rule.id);
	g_ref_string_release((char *)set);
}

/* Ranges of ports that all overlap make more pairs of classes than a host holds: nothing is put. */
static void test_too_big(void)
{
	struct policy_rule rule = {.set = g_ref_string_new_intern("fw:g"),
				   .id = g_ref_string_new_intern("r"),
				   .proto = 6,
				   .has_source = true,
				   .tier = POLICY_TIER_FIREWALL,
				   .family = POLICY_FAMILY_V4,
				   .action = POLICY_ACCEPT};
	g_autoptr(GPtrArray) rules =
		g_ptr_array_new_with_free_func((GDestroyNotify)policy_rule_free);
	struct policy_bank *bank;
	struct policy_sink sink;
	struct tables tables;
	guint widest;

	for (uint16_t i = 1; i <= 400; i++) {
		rule.order = rule.low = rule.source_low = i;
		rule.high = rule.source_high = 60000 - i;
		g_ptr_array_add(rules, policy_rule_copy(&rule));
	}
	bank = policy_bank_new((const struct policy_rule *const *)rules->pdata, rules->len, 0);
	g_assert_true(policy_bank_is_too_big(bank));
	g_assert_cmpuint(firewall_count_cells(0,
					      (const struct policy_rule *const *)rules->pdata,
					      rules->len, &widest),
			 ==, 400 * 401 * 801 / 6);
	g_assert_cmpuint(widest, ==, 0);
	tables_init(&tables);
	sink = tables_sink(&tables);
	g_assert_true(policy_bank_put(bank, &sink, no_addresses, NULL));
	g_assert_cmpuint(tables_count(&tables), ==, 1); /* which denies all */
	policy_bank_clear(bank, &sink);
	g_assert_cmpuint(tables_count(&tables), ==, 0);
	policy_bank_free(bank);
	tables_done(&tables);
	policy_rule_done(&rule);
}

/* What is counted beforehand is what is made, or more: two rules may mean one cell. */
static void test_count(void)
{
	for (uint32_t seed = 0; seed < 300; seed += 3) {
		struct world world;
		uint64_t counted = 0;

		world_open(&world, seed, true);
		for (uint32_t kind = 0; kind < POLICY_NEAR; kind++) {
			g_autoptr(GPtrArray) rules = g_ptr_array_new();
			guint widest;

			for (guint i = 0; i < world.random.rules->len; i++)
				if (policy_rule_is_in(world.random.rules->pdata[i], kind))
					g_ptr_array_add(rules, world.random.rules->pdata[i]);
			counted += firewall_count_cells(
				kind, (const struct policy_rule *const *)rules->pdata,
				rules->len, &widest);
			g_assert_true(!rules->len || widest < rules->len);
		}
		g_assert_cmpuint(counted, >=,
				 g_hash_table_size(world.tables.map[POLICY_MAP_CELL]));
		g_assert_true(!counted ==
			      !g_hash_table_size(world.tables.map[POLICY_MAP_CELL]));
		world_close(&world);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/policy/law", test_law);
	g_test_add_func("/policy/number", test_number);
	g_test_add_func("/policy/costs", test_costs);
	g_test_add_func("/policy/too-big", test_too_big);
	g_test_add_func("/policy/count", test_count);
	return g_test_run();
}
