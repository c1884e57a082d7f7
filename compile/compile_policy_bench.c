/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What policy costs the compiler: MEMBERS ports (100000) in GROUPS groups (1000), each in two, with
 * labels, of IDENTITIES kinds (64000), on HOSTS hosts (100); RULES rules (10000) of which most are
 * one group's; POLICIES policies (100). Prints the time from nothing, the rows of a host, and what
 * one more member, rule and policy cost. Not a test.
 */
#include "compile/compile.h"

#include <stdlib.h>
#include <string.h>

#include "compile/world_fixture.h"

struct bench {
	struct world world;
	struct compile *compile;
	guint groups;
	guint rows[COMPILE_TABLE_COUNT];
	gsize bytes;
};

static void count(const char *host, enum compile_table table, const char *key,
		  GRefString *value, uint64_t revision, void *data)
{
	struct bench *bench = data;

	bench->rows[table]++;
	bench->bytes += strlen(key) + (value ? strlen(value) : 0);
}

static struct uuid group_id(guint n)
{
	return (struct uuid){{0xaa, (uint8_t)(n >> 8), (uint8_t)n, 1}};
}

static void add_port(struct bench *bench, struct uuid network, uint32_t n, uint32_t identity,
		     guint hosts)
{
	g_autofree char *host = g_strdup_printf("h%u", n % hosts);
	g_autofree char *kind = g_strdup_printf("k%u", identity / bench->groups);
	struct port *port = world_port(&bench->world, network, world_mac_n(n), host);
	struct label *label = vec_add(&port->labels, sizeof(*label));

	for (guint i = 0; i < 2; i++)
		*(struct uuid *)vec_add(&port->security_groups, sizeof(struct uuid)) =
			group_id((identity + i * 7) % bench->groups);
	label->key = g_strdup("kind");
	label->value = g_steal_pointer(&kind);
	port->identity = 256 + identity;
	world_apply(&bench->world, KIND_PORT, port);
}

/* Of group 0, but each tenth: of the group it names. */
static void add_rule(struct bench *bench, guint n)
{
	struct security_rule *rule = attr_new(&security_rule_table);

	rule->object.id = world_id(&bench->world);
	rule->security_group_id = group_id(n % 10 ? 0 : n / 10 % bench->groups);
	rule->remote_group_id = group_id(n / 10 % bench->groups);
	rule->protocol = g_strdup("tcp");
	rule->port_range_min = rule->port_range_max = 1 + n % 5000;
	world_apply(&bench->world, KIND_SECURITY_RULE, rule);
}

static void add_policy(struct bench *bench, guint n)
{
	struct selector_policy *policy = attr_new(&selector_policy_table);
	struct selector_rule *rule = vec_add(&policy->rules, sizeof(*rule));
	struct selector_peer *peer = vec_add(&rule->peers, sizeof(*peer));
	struct label *to = vec_add(&policy->subject.match_labels, sizeof(*to));
	struct label *from = vec_add(&peer->selector.match_labels, sizeof(*from));

	policy->object.id = world_id(&bench->world);
	policy->object.project_id = g_intern_string("acme");
	rule->name = g_strdup("1");
	to->key = g_strdup("kind");
	from->key = g_strdup("kind");
	to->value = g_strdup_printf("k%u", n % 64);
	from->value = g_strdup_printf("k%u", (n + 1) % 64);
	world_apply(&bench->world, KIND_POLICY, policy);
}

static void flush(struct bench *bench, const char *what)
{
	int64_t start = g_get_monotonic_time();

	memset(bench->rows, 0, sizeof(bench->rows));
	bench->bytes = 0;
	compile_flush(bench->compile, bench->world.revision);
	g_print("%s: %.3f ms, rows: %u rules, %u identities, %u others, %zu bytes\n", what,
		(double)(g_get_monotonic_time() - start) / 1000, bench->rows[COMPILE_RULE],
		bench->rows[COMPILE_IDENTITY],
		bench->rows[COMPILE_LOCATION] + bench->rows[COMPILE_PORT], bench->bytes);
}

int main(int argc, char **argv)
{
	guint numbers[] = {100000, 1000, 64000, 100, 10000, 100};
	struct bench bench = {0};
	struct network *network;
	struct uuid id;
	int64_t start;

	for (int i = 1; i < argc && i <= (int)G_N_ELEMENTS(numbers); i++)
		numbers[i - 1] = (guint)MAX(1, atoi(argv[i]));
	bench.groups = numbers[1];
	world_init(&bench.world);
	network = world_network(&bench.world, 1);
	id = network->object.id;
	world_apply(&bench.world, KIND_NETWORK, network);
	for (guint i = 0; i < numbers[4]; i++)
		add_rule(&bench, i);
	for (guint i = 0; i < numbers[5]; i++)
		add_policy(&bench, i);
	for (guint i = 0; i < numbers[0]; i++)
		add_port(&bench, id, i + 1, i % numbers[2], numbers[3]);
	start = g_get_monotonic_time();
	bench.compile = compile_new(bench.world.cloud, count, &bench);
	g_print("%u ports, %u groups, %u identities, %u hosts, %u rules, %u policies: %.0f ms\n",
		numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5],
		(double)(g_get_monotonic_time() - start) / 1000);
	compile_host(bench.compile, "h0", count, &bench);
	g_print("a host: %u rules, %u identities, %u locations, %zu bytes\n",
		bench.rows[COMPILE_RULE], bench.rows[COMPILE_IDENTITY],
		bench.rows[COMPILE_LOCATION], bench.bytes);
	add_port(&bench, id, numbers[0] + 1, 0, numbers[3]);
	flush(&bench, "one more member");
	add_port(&bench, id, numbers[0] + 2, numbers[2], numbers[3]);
	flush(&bench, "one of a new kind");
	add_rule(&bench, 1);
	flush(&bench, "one more rule");
	add_policy(&bench, 0);
	flush(&bench, "one more policy");
	compile_free(bench.compile);
	world_done(&bench.world);
	return 0;
}
