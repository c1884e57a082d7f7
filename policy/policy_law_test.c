/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Law: a bank says of every packet what a walk over its rules says, whatever has happened to
 * members and addresses since it was made; and what was put is deleted to the last entry.
 * WEFT_PAIRS: (rules, packet) pairs to ask about; WEFT_SEED: where to begin.
 */
#include <stdlib.h>
#include <string.h>

#include "policy/bank.h"
#include "policy/tables_fixture.h"

#define SETS	   6
#define GROUPS	   3
#define IDENTITIES 24
#define PER_WORLD  400

struct world {
	GRand *rand;
	GPtrArray *rules; /* struct policy_rule, sorted */
	GArray *groups[GROUPS];
	GPtrArray *members[IDENTITIES]; /* set names */
	struct tables tables;
	struct policy_sink sink;
	struct policy_bank *bank;
	uint32_t salt;
};

static const char *set_name(guint i)
{
	static const char *const names[] = {"sg:a", "sg:b", "sg:c", "sel:d", "sel:e", "acl:f"};

	static const char *refs[G_N_ELEMENTS(names)];

	if (!refs[i])
		refs[i] = g_ref_string_new_intern(names[i]);
	return refs[i];
}

static const char *group_name(guint i)
{
	static const char *const names[] = {"ag:x", "ag:y", "ag:z"};

	static const char *refs[G_N_ELEMENTS(names)];

	if (!refs[i])
		refs[i] = g_ref_string_new_intern(names[i]);
	return refs[i];
}

static uint32_t roll(struct world *world, uint32_t n)
{
	return (uint32_t)g_rand_int_range(world->rand, 0, (gint)n);
}

/* Few addresses, so that prefixes nest and packets meet them. */
static struct ip any_ip(struct world *world, bool v6)
{
	struct ip ip = ip_from_v4(0x0a000000u | roll(world, 4) << 16 | roll(world, 4) << 8 |
				  roll(world, 8));

	if (v6) {
		memset(ip.b, 0, sizeof(ip.b));
		ip.b[0] = 0xfd;
		ip.b[1] = (uint8_t)roll(world, 3);
		ip.b[15] = (uint8_t)roll(world, 8);
	}
	return ip;
}

static struct prefix any_prefix(struct world *world, bool v6)
{
	static const uint8_t lengths[2][6] = {{0, 8, 16, 24, 30, 32}, {0, 8, 16, 64, 125, 128}};
	struct prefix prefix = {any_ip(world, v6), lengths[v6][roll(world, 6)]};
	char text[PREFIX_TEXT], ip[IP_TEXT];

	g_snprintf(text, sizeof(text), "%s/%u", ip_print(prefix.ip, ip), prefix.bits);
	g_assert_true(prefix_parse(text, false, &prefix));
	return prefix;
}

static void any_peer(struct world *world, struct policy_rule *rule)
{
	bool v6 = rule->family == POLICY_FAMILY_V6;

	rule->peer = (uint8_t)roll(world, 4);
	if (rule->peer == POLICY_SET)
		rule->name = g_ref_string_acquire((char *)set_name(roll(world, SETS)));
	if (rule->peer == POLICY_ADDRESSES)
		rule->name = g_ref_string_acquire((char *)group_name(roll(world, GROUPS)));
	if (rule->peer != POLICY_PREFIX)
		return;
	rule->family = v6 ? POLICY_FAMILY_V6 : POLICY_FAMILY_V4;
	rule->prefix = any_prefix(world, v6);
	if (roll(world, 3))
		return;
	rule->except = g_new0(struct prefix, 1);
	rule->except[0] = any_prefix(world, v6);
	rule->except_count = 1;
	if (rule->except[0].bits <= rule->prefix.bits ||
	    !prefix_contains(rule->prefix, rule->except[0].ip)) {
		rule->except_count = 0;
		g_clear_pointer(&rule->except, g_free);
	}
}

static void any_service(struct world *world, struct policy_rule *rule)
{
	static const uint16_t protos[] = {6, 17, 1, 132, POLICY_PROTO_ANY};
	uint32_t low = roll(world, 40) * 7, high = low + roll(world, 3) * roll(world, 300);

	rule->proto = protos[roll(world, G_N_ELEMENTS(protos))];
	rule->high = UINT16_MAX;
	if (rule->proto == POLICY_PROTO_ANY || !roll(world, 4))
		return;
	rule->low = (uint16_t)low;
	rule->high = (uint16_t)MIN(high, UINT16_MAX);
}

static struct policy_rule *any_rule(struct world *world, guint number)
{
	static const uint8_t actions[] = {POLICY_ACCEPT, POLICY_DENY, POLICY_REJECT,
					  POLICY_PASS};
	struct policy_rule *rule = g_new0(struct policy_rule, 1);
	g_autofree char *id = g_strdup_printf("rule-%u", number);

	rule->set = g_ref_string_acquire((char *)set_name(roll(world, SETS)));
	rule->id = g_ref_string_new_intern(id);
	rule->family = (uint8_t)(1 + roll(world, 3));
	rule->tier = (uint8_t)roll(world, POLICY_TIER_COUNT);
	rule->ingress = roll(world, 2);
	if (rule->tier == POLICY_TIER_GROUP) {
		rule->action = POLICY_ACCEPT;
		rule->stateless = !roll(world, 5);
	} else {
		rule->order = number;
		rule->action = actions[roll(world, rule->tier == POLICY_TIER_ACL	? 2
						   : rule->tier == POLICY_TIER_BASELINE ? 3
											: 4)];
	}
	any_peer(world, rule);
	any_service(world, rule);
	return rule;
}

static gint rule_order(gconstpointer left, gconstpointer right)
{
	return policy_rule_compare(*(struct policy_rule *const *)left,
				   *(struct policy_rule *const *)right);
}

static const struct prefix *group_find(const char *name, gsize *count, void *data)
{
	struct world *world = data;

	for (guint i = 0; i < GROUPS; i++) {
		if (name != group_name(i))
			continue;
		*count = world->groups[i]->len;
		return (const struct prefix *)world->groups[i]->data;
	}
	*count = 0;
	return NULL;
}

static bool bank_fill(struct world *world)
{
	if (!policy_bank_put(world->bank, &world->sink, group_find, world))
		return false;
	for (uint32_t i = 0; i < IDENTITIES; i++)
		if (!policy_bank_put_identity(world->bank, &world->sink, 256 + i,
					      (const char *const *)world->members[i]->pdata,
					      world->members[i]->len))
			return false;
	return true;
}

static void world_open(struct world *world, uint32_t seed)
{
	guint count;

	memset(world, 0, sizeof(*world));
	world->rand = g_rand_new_with_seed(seed);
	world->rules = g_ptr_array_new_with_free_func((GDestroyNotify)policy_rule_free);
	count = roll(world, 4) ? roll(world, 12) : roll(world, 80);
	for (guint i = 0; i < count; i++)
		g_ptr_array_add(world->rules, any_rule(world, i));
	g_ptr_array_sort(world->rules, rule_order);
	for (guint i = 0; i < GROUPS; i++)
		world->groups[i] = g_array_new(FALSE, FALSE, sizeof(struct prefix));
	for (guint i = 0; i < IDENTITIES; i++)
		world->members[i] = g_ptr_array_new();
	tables_init(&world->tables);
	world->sink = tables_sink(&world->tables);
	world->bank = policy_bank_new((const struct policy_rule *const *)world->rules->pdata,
				      world->rules->len, world->salt);
	g_assert_true(bank_fill(world));
}

static void world_close(struct world *world)
{
	policy_bank_clear(world->bank, &world->sink);
	g_assert_cmpuint(tables_count(&world->tables), ==, 0);
	policy_bank_free(world->bank);
	tables_done(&world->tables);
	for (guint i = 0; i < GROUPS; i++)
		g_array_unref(world->groups[i]);
	for (guint i = 0; i < IDENTITIES; i++)
		g_ptr_array_unref(world->members[i]);
	g_ptr_array_unref(world->rules);
	g_rand_free(world->rand);
}

/* Somebody joins or leaves, or a group of addresses gets or loses one. */
static void world_change(struct world *world)
{
	guint i = roll(world, IDENTITIES);
	GPtrArray *sets = world->members[i];
	struct prefix prefix = any_prefix(world, roll(world, 2));
	GArray *group = world->groups[roll(world, GROUPS)];
	const char *set = set_name(roll(world, SETS));

	if (roll(world, 2)) {
		if (!g_ptr_array_remove_fast(sets, (gpointer)set))
			g_ptr_array_add(sets, (gpointer)set);
		g_assert_true(policy_bank_put_identity(world->bank, &world->sink, 256 + i,
						       (const char *const *)sets->pdata,
						       sets->len));
		return;
	}
	if (group->len && roll(world, 2))
		g_array_remove_index_fast(group, roll(world, group->len));
	else
		g_array_append_val(group, prefix);
	g_assert_true(policy_bank_put_addresses(world->bank, &world->sink, group_find, world));
}

static void world_ask(struct world *world)
{
	static const uint8_t protos[] = {6, 17, 1, 132, 47};
	guint identity = roll(world, IDENTITIES);
	bool v6 = roll(world, 2);
	struct policy_packet packet = {
		.kind = roll(world, 2) | (v6 ? POLICY_V6 : 0) | (roll(world, 4) ? 0 : 4),
		.proto = protos[roll(world, G_N_ELEMENTS(protos))],
		.port = (uint16_t)(roll(world, 8) ? roll(world, 400) : roll(world, 65536)),
		.peer = any_ip(world, v6),
		.sets = (const char *const *)world->members[identity]->pdata,
		.set_count = world->members[identity]->len,
	};
	const struct policy_rule *rule =
		policy_twin_find((const struct policy_rule *const *)world->rules->pdata,
				 world->rules->len, &packet, group_find, world);
	struct policy_verdict said = tables_ask(&world->tables, policy_bank_number(world->bank),
						256 + identity, &packet);
	uint8_t action = rule ? rule->action : POLICY_DENY;

	if (!rule && (packet.kind & POLICY_STATELESS)) {
		action = POLICY_ACCEPT;
		for (guint i = 0; i < world->rules->len; i++)
			if (policy_rule_is_in(g_ptr_array_index(world->rules, i), packet.kind))
				action = POLICY_DENY;
	}
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

		world_open(&world, (uint32_t)seed);
		for (int i = 0; i < PER_WORLD; i++) {
			if (i % 20 == 0)
				world_change(&world);
			world_ask(&world);
		}
		world_close(&world);
	}
}

/* A new bank of the same rules has the same number; one more member changes one entry. */
static void test_costs(void)
{
	struct world world;
	struct policy_bank *twin;
	g_autofree char *digest = NULL;
	struct policy_rule *rule;
	gsize puts;

	world_open(&world, 7);
	twin = policy_bank_new((const struct policy_rule *const *)world.rules->pdata,
			       world.rules->len, 0);
	g_assert_cmpuint(policy_bank_number(twin), ==, policy_bank_number(world.bank));
	policy_bank_free(twin);
	world_close(&world);

	memset(&world, 0, sizeof(world));
	world.rand = g_rand_new_with_seed(1);
	tables_init(&world.tables);
	world.sink = tables_sink(&world.tables);
	rule = any_rule(&world, 1);
	policy_rule_done(rule);
	*rule = (struct policy_rule){.set = g_ref_string_acquire((char *)set_name(0)),
				     .id = g_ref_string_new_intern("r"),
				     .name = g_ref_string_acquire((char *)set_name(0)),
				     .proto = POLICY_PROTO_ANY,
				     .high = UINT16_MAX,
				     .tier = POLICY_TIER_GROUP,
				     .family = POLICY_FAMILY_V4,
				     .peer = POLICY_SET,
				     .action = POLICY_ACCEPT,
				     .ingress = true};
	world.bank = policy_bank_new((const struct policy_rule *const *)&rule, 1, 0);
	digest = policy_digest((const struct policy_rule *const *)&rule, 1);
	g_assert_cmpstr(digest, ==, policy_bank_digest(world.bank));
	g_assert_true(policy_bank_put(world.bank, &world.sink, group_find, &world));
	for (uint32_t i = 0; i < 1000; i++) {
		const char *set = set_name(0);

		puts = world.tables.puts;
		g_assert_true(
			policy_bank_put_identity(world.bank, &world.sink, 300 + i, &set, 1));
		g_assert_cmpuint(world.tables.puts - puts, ==, i ? 1 : 2);
	}
	policy_bank_clear(world.bank, &world.sink);
	g_assert_cmpuint(tables_count(&world.tables), ==, 0);
	policy_bank_free(world.bank);
	tables_done(&world.tables);
	g_rand_free(world.rand);
	policy_rule_free(rule);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/policy/law", test_law);
	g_test_add_func("/policy/costs", test_costs);
	return g_test_run();
}
