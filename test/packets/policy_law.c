/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Law: what a walk over random rules says of a packet, the kernel's programs do with it, by the maps
 * that a bank writes; while members and addresses change. A sender without policy, of whatever
 * identity and address, asks a port whose ingress has the rules; the native pipeline runs beside it
 * (kernel_backend.h). Every third time the rules are a firewall group's, at a port of the router between
 * the two. WEFT_PAIRS: (rules, packet) pairs; WEFT_SEED: where to begin.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/drop.h"
#include "kernel_backend.h"
#include "packet.h"
#include "policy/random_fixture.h"

#define PER_WORLD 200
#define SENDER	  "111"

struct law {
	struct random_policy random;
	struct world_backend *kernel;
	struct world world;
	struct policy_bank *bank;
	struct policy_sink sink;
	bool border; /* the port is alone in its subnet, whose network ACL the bank is, too */
	bool ingress; /* a firewall group's rules stand where the router leaves, not where it is entered */
	guint passed, denied, rejected;
};

static const enum native_map maps[POLICY_MAP_COUNT] = {
	[POLICY_MAP_CELL] = NATIVE_MAP_cell,
	[POLICY_MAP_SERVICE] = NATIVE_MAP_service,
	[POLICY_MAP_PEER_PREFIX] = NATIVE_MAP_peer_prefix,
	[POLICY_MAP_PEER_IDENTITY] = NATIVE_MAP_peer_identity,
	[POLICY_MAP_POLICY] = NATIVE_MAP_policy,
};

static void sink_put(enum policy_map map, const void *key, const void *value, void *data)
{
	struct law *law = data;

	if (!law->kernel->put(law->kernel->self, maps[map], key, value))
		g_error("the kernel takes no entry of map %d", map);
}

static void sink_del(enum policy_map map, const void *key, void *data)
{
	struct law *law = data;

	law->kernel->del(law->kernel->self, maps[map], key);
}

static void command(struct law *law, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void command(struct law *law, const char *format, ...)
{
	g_autofree char *line = NULL, *why = NULL;
	va_list list;

	va_start(list, format);
	line = g_strdup_vprintf(format, list);
	va_end(list);
	if (!world_command(&law->world, line, &why))
		g_error("%s: %s", line, why);
}

/* All addresses there are live behind a router, at the port b. */
static void world_route(struct law *law)
{
	command(law, "network 100 mtu 1450 firewall");
	command(law, "network 200 mtu 1450 firewall");
	command(law, "mac 100 02:00:00:00:aa:01 router:1");
	command(law, "route 1 10.0.0.0/8 vni 200 mac 02:00:00:00:aa:02");
	command(law, "route 1 fd00::/8 vni 200 mac 02:00:00:00:aa:02");
	for (guint i = 1; i < 128; i++)
		command(law, "location 200 10.%u.%u.%u b", i / 32, i / 8 % 4,
			i % 8 ? i % 8 : 8);
	for (guint i = 0; i < 24; i++)
		command(law, "location 200 fd%02x::%u b", i / 8, i % 8 ? i % 8 : 8);
	for (guint i = 0; i < 16; i++)
		command(law, "location 200 10.%u.%u.1 b", i / 4, i % 4);
	command(law, "firewall %s %u",
		law->ingress ? "200 02:00:00:00:aa:02" : "100 02:00:00:00:aa:01",
		policy_bank_number(law->bank));
}

/* Where both are in one network, and b holds to the rules. */
static void world_filter(struct law *law, uint32_t seed)
{
	command(law, "policy 2 %u", policy_bank_number(law->bank));
	law->border = seed % 2;
	for (int i = 0; law->border && i < 2; i++)
		command(law, "border 2 %s %u", i ? "fd09::2/128" : "10.9.0.2/32",
			policy_bank_number(law->bank));
}

static void law_open(struct law *law, uint32_t seed)
{
	const GPtrArray *rules;
	bool firewall = seed % 3 == 0;

	law->kernel->clear(law->kernel->self);
	world_init(&law->world, law->kernel);
	command(law, "network 100 mtu 1450");
	command(law, "workload a 1 if " SENDER " vni 100 mac 02:00:00:00:01:01 id 10 10.9.0.1");
	command(law, "workload b 2 if 112 vni %u mac 02:00:00:00:01:02 id 11 10.9.0.2 fd09::2",
		firewall ? 200 : 100);
	command(law, "share 2 100000");
	random_policy_open(&law->random, seed, firewall);
	law->ingress = seed % 2;
	law->border = false;
	rules = law->random.rules;
	law->sink = (struct policy_sink){sink_put, sink_del, law};
	law->bank =
		policy_bank_new((const struct policy_rule *const *)rules->pdata, rules->len, 0);
	g_assert_true(random_policy_fill(&law->random, law->bank, &law->sink));
	if (firewall)
		world_route(law);
	else
		world_filter(law, seed);
}

static void law_close(struct law *law)
{
	policy_bank_free(law->bank);
	random_policy_close(&law->random);
	world_done(&law->world);
}

static guint64 count_denied(struct law *law)
{
	static const struct {
		__u32 slot, reason;
	} words[] = {{2, DP_DROP_INGRESS}, {2, DP_DROP_INGRESS_ACL}, {1, DP_DROP_FIREWALL}};
	guint64 sum = 0, count;

	for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
		__u32 index = words[i].slot * DP_DROP_COUNT + words[i].reason;

		g_assert_true(
			law->kernel->read(law->kernel->self, NATIVE_MAP_drops, &index, &count));
		sum += count;
	}
	return sum;
}

/* Who sends PACKET, and to whom. */
static char *head_text(const struct law *law, const struct policy_packet *packet)
{
	bool v6 = packet->kind & POLICY_V6;
	char peer[IP_TEXT], near[IP_TEXT];

	ip_print(packet->peer, peer);
	ip_print(packet->near, near);
	if (!law->random.firewall)
		return g_strdup_printf("eth b a / %s %s %s", v6 ? "ip6" : "ip4", peer,
				       v6 ? "fd09::2" : "10.9.0.2");
	return g_strdup_printf("eth 02:00:00:00:aa:01 a / %s %s %s", v6 ? "ip6" : "ip4",
			       law->ingress ? peer : near, law->ingress ? near : peer);
}

/* What PACKET is, of a fresh connection. */
static char *packet_text(const struct law *law, const struct policy_packet *packet,
			 guint number)
{
	bool v6 = packet->kind & POLICY_V6;
	g_autofree char *head = head_text(law, packet);

	if (packet->proto == 6)
		return g_strdup_printf("%s / tcp %u %u flags S", head, packet->source,
				       packet->port);
	if (packet->proto == 17)
		return g_strdup_printf("%s / udp %u %u / data 4", head, packet->source,
				       packet->port);
	return g_strdup_printf("%s / %s %d 0 id %u", head, v6 ? "icmp6" : "icmp", v6 ? 128 : 8,
			       1024 + number);
}

static struct policy_packet random_packet(struct law *law, guint identity, guint number)
{
	static const uint8_t protos[] = {6, 6, 17, 1};
	bool v6 = random_policy_roll(&law->random, 2);
	const GPtrArray *sets = law->random.members[identity];
	struct policy_packet packet = {
		.kind = (law->ingress || !law->random.firewall ? POLICY_INGRESS : 0) |
			(v6 ? POLICY_V6 : 0),
		.proto = protos[random_policy_roll(&law->random, G_N_ELEMENTS(protos))],
		.port = (uint16_t)(1 + random_policy_roll(&law->random, 400)),
		.source = (uint16_t)(law->random.firewall
					     ? 100 + random_policy_roll(&law->random, 400)
					     : 1024 + number),
		.sets = (const char *const *)sets->pdata,
		.set_count = sets->len,
	};

	packet.peer = random_policy_ip(&law->random, v6);
	packet.near = random_policy_ip(&law->random, v6);
	packet.peer.b[15] += !packet.peer.b[15]; /* from a network's address nobody is heard */
	packet.near.b[15] += !packet.near.b[15];
	packet.port += packet.port == 67; /* DHCP is the agent's */
	if (packet.proto == 1) {
		packet.proto = v6 ? 58 : 1;
		packet.port = (uint16_t)((v6 ? 128 : 8) << 8);
		packet.source = 0;
	}
	return packet;
}

/* The network ACL's word, and then the others'. */
static uint8_t wanted(struct law *law, struct policy_packet packet)
{
	struct policy_packet crossing = packet;
	const struct policy_rule *rule;
	uint8_t action;

	crossing.kind |= POLICY_STATELESS;
	crossing.set_count = 0; /* at a border an address is all that counts */
	action = random_policy_ask(&law->random, &crossing, &rule);
	return law->border && action != POLICY_ACCEPT
		       ? action
		       : random_policy_ask(&law->random, &packet, &rule);
}

static void law_ask(struct law *law, guint number)
{
	guint identity = random_policy_roll(&law->random, RANDOM_IDENTITIES);
	struct policy_packet packet = random_packet(law, identity, number);
	g_autofree char *text = packet_text(law, &packet, number), *why = NULL;
	g_autoptr(GBytes) frame = packet_build(text, law->world.names, &why);
	struct native_meta meta = {.ifindex = (__u32)atoi(SENDER)};
	struct world_result result = {};
	uint8_t action = wanted(law, packet);
	guint64 before = count_denied(law);
	const char *skip;
	bool denied;

	if (!frame)
		g_error("%s: %s", text, why);
	command(law,
		"port 1 if " SENDER " vni 100 mac 02:00:00:00:01:01 id %u mtu 1450 unguarded",
		RANDOM_IDENTITY + identity);
	command(law, "bump port 1");
	skip = law->kernel->run(law->kernel->self, false, frame, &meta, &result);
	if (skip)
		g_error("%s: %s", text, skip);
	denied = count_denied(law) > before;
	if (denied != (action != POLICY_ACCEPT) ||
	    (action != POLICY_REJECT && result.outputs->len != !denied))
		g_error("%s, of identity %u: rules say %u; denied: %d, frames out: %u", text,
			RANDOM_IDENTITY + identity, action, denied, result.outputs->len);
	law->passed += action == POLICY_ACCEPT;
	law->rejected += action == POLICY_REJECT;
	law->denied += action == POLICY_DENY;
	world_result_clear(&result);
}

static gsize wish(const char *name, gsize otherwise)
{
	const char *text = g_getenv(name);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

int main(void)
{
	gsize pairs = wish("WEFT_PAIRS", 50000), seed = wish("WEFT_SEED", 1);
	const char *skip = NULL;
	struct law law = {.kernel = kernel_backend_new(&skip)};

	if (!law.kernel) {
		printf("1..0 # SKIP %s\n", skip);
		return 0;
	}
	law.kernel->config(law.kernel->self, "hz", 1000000);
	kernel_backend_load(law.kernel);
	for (gsize done = 0; done < pairs; done += PER_WORLD, seed++) {
		law_open(&law, (uint32_t)seed);
		for (guint i = 0; i < PER_WORLD; i++) {
			if (i % 20 == 0) {
				random_policy_change(&law.random, law.bank, &law.sink);
				command(&law, "bump port 2");
			}
			law_ask(&law, i);
		}
		law_close(&law);
	}
	printf("1..1\n# %u passed, %u denied, %u rejected\nok 1 policy\n", law.passed,
	       law.denied, law.rejected);
	g_assert_cmpuint(MIN(MIN(law.passed, law.denied), law.rejected), >, pairs / 200);
	kernel_backend_free(law.kernel);
	return 0;
}
