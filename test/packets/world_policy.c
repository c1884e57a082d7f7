/* SPDX-License-Identifier: Apache-2.0 */
/* See world_policy.h. A rule put down makes its bank's chain anew. */
#include "world_policy.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "lib/ip.h"
#include "world.h"

#define FAMILIES 2 /* IPv4 and IPv6: chains of their own */

/* Of a rule: what it speaks of. Equal ones are one class. */
struct service {
	__u32 bits; /* of service_key behind the chain: 0, 8, 8 + n */
	__u8 proto;
	__u8 port[2];
};

struct peer {
	enum { PEER_ANYBODY, PEER_IDENTITY, PEER_PREFIX } kind;
	__u32 identity;
	__u32 bits;
	struct ip ip;
};

struct rule {
	__u32 bank, kind; /* kind without the family */
	struct service service;
	struct peer peer;
	struct peer near;      /* of a firewall group's */
	struct service source; /* ... as a service of any protocol, or of the rule's */
	struct policy_verdict verdict;
	__u32 floor;
	bool is_default;
	bool firewall;
};

static bool bits_equal(const __u8 *a, const __u8 *b, __u32 bits)
{
	__u32 whole = bits / 8;

	if (memcmp(a, b, whole))
		return false;
	return !(bits % 8) || !((a[whole] ^ b[whole]) & (0xff00 >> bits % 8) & 0xff);
}

/* Is what WIDE speaks of all that NARROW does, too? */
static bool service_covers(const struct service *wide, const struct service *narrow)
{
	__u8 a[3] = {wide->proto, wide->port[0], wide->port[1]};
	__u8 b[3] = {narrow->proto, narrow->port[0], narrow->port[1]};

	return wide->bits <= narrow->bits && bits_equal(a, b, wide->bits);
}

static bool peer_covers(const struct peer *wide, const struct peer *narrow)
{
	if (wide->kind == PEER_ANYBODY)
		return true;
	if (wide->kind != narrow->kind)
		return false;
	if (wide->kind == PEER_IDENTITY)
		return wide->identity == narrow->identity;
	return wide->bits <= narrow->bits && bits_equal(wide->ip.b, narrow->ip.b, wide->bits);
}

static bool peer_is_of(const struct peer *peer, __u32 family)
{
	return peer->kind != PEER_PREFIX || ip_is_v4(peer->ip) == !family;
}

static bool put(struct world *world, enum native_map map, const void *key, const void *value)
{
	return world->backend->put(world->backend->self, map, key, value);
}

static const struct rule *rule_at(const struct world *world, guint i)
{
	return &g_array_index(world->rules, struct rule, i);
}

static void put_service(struct world *world, __u32 chain, const struct service *service,
			__u32 class)
{
	struct service_key key = {.prefixlen = SERVICE_ANY + service->bits,
				  .chain = chain,
				  .proto = service->proto};

	memcpy(key.port, service->port, 2);
	put(world, NATIVE_MAP_service, &key, &class);
}

static void put_peer(struct world *world, __u32 chain, const struct peer *peer, __u32 class)
{
	struct peer_identity_key who = {.chain = chain, .identity = peer->identity};
	struct peer_prefix_key where = {.prefixlen = PEER_PREFIX_BASE + peer->bits,
					.chain = chain};

	memcpy(where.ip.b, peer->ip.b, 16);
	if (peer->kind == PEER_IDENTITY)
		put(world, NATIVE_MAP_peer_identity, &who, &class);
	else if (peer->kind == PEER_PREFIX)
		put(world, NATIVE_MAP_peer_prefix, &where, &class);
}

/* The cell of class numbers P and S, which stand for the peer and service of these rules. */
static void put_cell(struct world *world, __u32 chain, guint p, guint s, __u32 floor)
{
	const struct rule *peer = rule_at(world, p), *service = rule_at(world, s);
	struct cell_key key = {.chain = chain,
			       .peer = peer->peer.kind == PEER_ANYBODY ? 0 : p + 1,
			       .service = s + 1,
			       .floor = floor};

	for (guint i = 0; i < world->rules->len; i++) {
		const struct rule *rule = rule_at(world, i);

		if (rule->bank != peer->bank || rule->kind != peer->kind || rule->is_default ||
		    rule->floor != floor)
			continue;
		if (peer_covers(&rule->peer, &peer->peer) &&
		    service_covers(&rule->service, &service->service)) {
			put(world, NATIVE_MAP_cell, &key, &rule->verdict);
			return;
		}
	}
}

/* The cell of a far end, a near end, a service and a source port, as those rules say. */
static void put_firewall_cell(struct world *world, __u32 chain, const guint of[4])
{
	const struct rule *far = rule_at(world, of[0]), *near = rule_at(world, of[1]);
	const struct rule *service = rule_at(world, of[2]), *source = rule_at(world, of[3]);
	struct cell_key key = {
		.chain = chain,
		.peer = far->peer.kind == PEER_ANYBODY ? 0 : of[0] + 1,
		.service = CELL_SERVICE(of[2] + 1, of[3] + 1),
		.floor = near->near.kind == PEER_ANYBODY ? 0 : of[1] + 1,
	};

	for (guint i = 0; i < world->rules->len; i++) {
		const struct rule *rule = rule_at(world, i);

		if (rule->bank != far->bank || rule->kind != far->kind || rule->is_default ||
		    !peer_covers(&rule->peer, &far->peer) ||
		    !peer_covers(&rule->near, &near->near) ||
		    !service_covers(&rule->service, &service->service) ||
		    !service_covers(&rule->source, &source->source))
			continue;
		put(world, NATIVE_MAP_cell, &key, &rule->verdict);
		return;
	}
}

/* Is the rule at I one of LAST's chain, in this family? */
static bool is_of_chain(const struct world *world, guint i, const struct rule *last,
			__u32 family)
{
	const struct rule *rule = rule_at(world, i);

	return rule->bank == last->bank && rule->kind == last->kind && !rule->is_default &&
	       peer_is_of(&rule->peer, family) && peer_is_of(&rule->near, family);
}

static void firewall_cells(struct world *world, __u32 chain, const struct rule *last,
			   __u32 family)
{
	guint n = world->rules->len;

	for (guint i = 0; i < n * n * n * n; i++) {
		const guint of[4] = {i % n, i / n % n, i / n / n % n, i / n / n / n};
		bool good = true;

		for (int k = 0; k < 4; k++)
			good &= is_of_chain(world, of[k], last, family);
		if (good)
			put_firewall_cell(world, chain, of);
	}
}

static void firewall_make(struct world *world, const struct rule *last, __u32 family,
			  struct policy_chain *out)
{
	__u32 chain = POLICY_CHAIN(last->bank, last->kind | (family ? POLICY_V6 : 0));

	for (guint i = 0; i < world->rules->len; i++) {
		const struct rule *rule = rule_at(world, i);

		if (!is_of_chain(world, i, last, family))
			continue;
		out->sources |=
			POLICY_BY_ANY | POLICY_BY_PREFIX | POLICY_BY_NEAR | POLICY_BY_SPORT;
		put_service(world, chain, &rule->service, i + 1);
		put_service(world, chain | POLICY_NEAR, &rule->source, i + 1);
		put_peer(world, chain, &rule->peer, i + 1);
		put_peer(world, chain | POLICY_NEAR, &rule->near, i + 1);
	}
	firewall_cells(world, chain, last, family);
}

/* A chain of one family: each rule's peer and service are classes, numbered as the rule. */
static void chain_make(struct world *world, const struct rule *last, __u32 family,
		       struct policy_chain *out)
{
	__u32 chain = POLICY_CHAIN(last->bank, last->kind | (family ? POLICY_V6 : 0));

	for (guint i = 0; i < world->rules->len; i++) {
		const struct rule *rule = rule_at(world, i);

		if (rule->bank != last->bank || rule->kind != last->kind)
			continue;
		if (rule->is_default)
			out->otherwise = rule->verdict;
		if (rule->is_default || !peer_is_of(&rule->peer, family))
			continue;
		out->sources |= rule->peer.kind == PEER_ANYBODY	   ? POLICY_BY_ANY
				: rule->peer.kind == PEER_IDENTITY ? POLICY_BY_IDENTITY
								   : POLICY_BY_PREFIX;
		put_service(world, chain, &rule->service, i + 1);
		put_peer(world, chain, &rule->peer, i + 1);
		for (guint j = 0; j < world->rules->len; j++) {
			const struct rule *other = rule_at(world, j);

			if (other->bank != last->bank || other->kind != last->kind ||
			    other->is_default)
				continue;
			for (__u32 floor = 0; floor < LIM_POLICY_FLOORS + 2; floor++) {
				put_cell(world, chain, i, j, floor);
				if (peer_is_of(&other->peer, family))
					put_cell(world, chain, j, i, floor);
			}
		}
	}
}

static bool bank_make(struct world *world, const struct rule *last)
{
	struct policy_value value = {};
	__u32 bank = last->bank;

	world->backend->read(world->backend->self, NATIVE_MAP_policy, &bank, &value);
	for (__u32 kind = 0; kind < POLICY_CHAINS; kind++) {
		struct policy_chain *chain = &value.chain[kind];

		if (!chain->otherwise.order)
			chain->otherwise.order = G_MAXUINT32; /* and deny */
	}
	for (__u32 family = 0; family < FAMILIES; family++)
		(last->firewall ? firewall_make : chain_make)(
			world, last, family,
			&value.chain[last->kind | (family ? POLICY_V6 : 0)]);
	return put(world, NATIVE_MAP_policy, &bank, &value);
}

/* -------------------------------------------------------------- reading */

static int index_of(const char *const *names, const char *word)
{
	for (int i = 0; names[i]; i++)
		if (!g_strcmp0(names[i], word))
			return i;
	return -1;
}

/* PORT or PORT/BITS of protocol PROTO. */
static bool read_port(struct service *service, __u8 proto, const char *word)
{
	guint number = strtoul(word, NULL, 0);

	service->proto = proto;
	service->bits = 24;
	service->port[0] = (__u8)(number >> 8);
	service->port[1] = (__u8)number;
	if (strchr(word, '/'))
		service->bits = 8 + strtoul(strchr(word, '/') + 1, NULL, 0);
	return true;
}

static bool read_service(struct rule *rule, char **words, guint count, guint *at)
{
	static const char *const names[] = {"icmp", "tcp", "udp", "gre", "icmp6", "sctp", NULL};
	static const __u8 protos[] = {1, 6, 17, 47, 58, 132};
	int found = index_of(names, words[*at]);
	guint number;

	if (found < 0)
		return false;
	rule->service = (struct service){.bits = 8, .proto = protos[found]};
	if (*at + 1 >= count || !g_ascii_isdigit(words[*at + 1][0]))
		return true;
	number = strtoul(words[++*at], NULL, 0);
	if (found == 0 || found == 4) {
		rule->service.bits = 16;
		rule->service.port[0] = (__u8)number;
		if (*at + 1 < count && g_ascii_isdigit(words[*at + 1][0])) {
			rule->service.bits = 24;
			rule->service.port[1] = (__u8)strtoul(words[++*at], NULL, 0);
		}
		return true;
	}
	return read_port(&rule->service, rule->service.proto, words[*at]);
}

static bool read_peer(struct peer *peer, const char *word)
{
	struct prefix prefix;

	if (strpbrk(word, ".:")) {
		if (!prefix_parse(word, false, &prefix))
			return false;
		*peer = (struct peer){
			.kind = PEER_PREFIX, .bits = prefix.bits, .ip = prefix.ip};
		return true;
	}
	*peer = (struct peer){.kind = PEER_IDENTITY, .identity = strtoul(word, NULL, 0)};
	return true;
}

static bool read_option(struct rule *rule, char **words, guint count, guint *at)
{
	const char *next = *at + 1 < count ? words[*at + 1] : NULL;

	if (!strcmp(words[*at], "stateless"))
		rule->verdict.flags |= POLICY_NO_STATE;
	else if (!strcmp(words[*at], "log"))
		rule->verdict.flags |= POLICY_LOG;
	else if (!strcmp(words[*at], "from") && next)
		return read_peer(rule->firewall && !(rule->kind & POLICY_INGRESS) ? &rule->near
										  : &rule->peer,
				 words[++*at]);
	else if (!strcmp(words[*at], "to") && next)
		return read_peer(rule->kind & POLICY_INGRESS ? &rule->near : &rule->peer,
				 words[++*at]);
	else if (!strcmp(words[*at], "sport") && next)
		return read_port(&rule->source, rule->service.proto, words[++*at]);
	else if (!strcmp(words[*at], "id") && next)
		rule->verdict.rule = strtoul(words[++*at], NULL, 0);
	else if (!strcmp(words[*at], "floor") && next)
		rule->floor = strtoul(words[++*at], NULL, 0);
	else if (!strcmp(words[*at], "next") && next)
		rule->verdict.next = (__u16)strtoul(words[++*at], NULL, 0);
	else
		return read_service(rule, words, count, at);
	return true;
}

static bool do_rule(struct world *world, char **words, guint count)
{
	static const char *const chains[] = {"egress",	    "ingress",	 "acl-egress",
					     "acl-ingress", "fw-egress", "fw-ingress",
					     NULL};
	static const __u32 kinds[] = {
		0, POLICY_INGRESS, POLICY_STATELESS, POLICY_STATELESS | POLICY_INGRESS,
		0, POLICY_INGRESS};
	static const char *const actions[] = {"deny", "accept", "reject", "pass", NULL};
	int chain = index_of(chains, count > 3 ? words[2] : NULL);
	int action = index_of(actions, count > 3 ? words[3] : NULL);
	struct rule rule = {};

	if (chain < 0 || action < 0)
		return false;
	rule.bank = strtoul(words[1], NULL, 0);
	rule.kind = kinds[chain];
	rule.verdict.action = (__u8)action;
	rule.firewall = chain >= 4;
	rule.is_default = !strcmp(words[0], "default");
	for (guint i = 4; i < count; i++)
		if (!read_option(&rule, words, count, &i))
			return false;
	rule.verdict.order = rule.is_default ? G_MAXUINT32 : world->rules->len;
	g_array_append_val(world->rules, rule);
	return bank_make(world, &rule);
}

static bool do_policy(struct world *world, char **words, guint count)
{
	struct world_backend *backend = world->backend;
	struct port_value value = {};
	__u32 slot;

	if (count != 3)
		return false;
	slot = strtoul(words[1], NULL, 0);
	if (!backend->read(backend->self, NATIVE_MAP_port, &slot, &value))
		return false;
	value.flags |= PORT_FILTERED;
	value.policy = strtoul(words[2], NULL, 0);
	return put(world, NATIVE_MAP_port, &slot, &value);
}

static bool set_border(struct world *world, __u32 slot)
{
	struct world_backend *backend = world->backend;
	struct port_value value = {};

	if (!backend->read(backend->self, NATIVE_MAP_port, &slot, &value))
		return false;
	value.flags |= PORT_BORDER;
	return put(world, NATIVE_MAP_port, &slot, &value);
}

/* border SLOT PREFIX BANK [in SUBNET]; DEL: the first two alone. */
static bool do_border(struct world *world, char **words, guint count, bool del)
{
	struct border_key key = {};
	struct border_value value = {};
	struct prefix prefix, subnet;

	if (count < (del ? 3 : 4) || !prefix_parse(words[2], false, &prefix))
		return false;
	subnet = prefix;
	if (count == 6 && !prefix_parse(words[5], false, &subnet))
		return false;
	key.prefixlen = BORDER_PREFIX_BASE + prefix.bits;
	key.slot = (__u16)strtoul(words[1], NULL, 0);
	key.ethertype = GUINT16_TO_BE(prefix_is_v4(prefix) ? 0x0800 : 0x86dd);
	memcpy(key.ip.b, prefix.ip.b, 16);
	if (del) {
		world->backend->del(world->backend->self, NATIVE_MAP_border, &key);
		return true;
	}
	memcpy(value.subnet.b, subnet.ip.b, 16);
	for (guint i = 0; i < subnet.bits; i++)
		value.mask.b[i / 8] |= (__u8)(0x80 >> i % 8);
	value.acl = strtoul(words[3], NULL, 0);
	return put(world, NATIVE_MAP_border, &key, &value) && set_border(world, key.slot);
}

static bool do_firewall(struct world *world, char **words, guint count, bool del)
{
	struct mac_key key = {};
	struct mac mac;
	__u32 bank;

	if (count < (del ? 3 : 4) || !mac_parse(words[2], &mac))
		return false;
	key.vni = strtoul(words[1], NULL, 0);
	memcpy(key.mac.b, mac.b, 6);
	if (del) {
		world->backend->del(world->backend->self, NATIVE_MAP_firewall, &key);
		return true;
	}
	bank = strtoul(words[3], NULL, 0);
	return put(world, NATIVE_MAP_firewall, &key, &bank);
}

bool world_policy_command(struct world *world, char **words, guint count, bool del, char **why)
{
	bool good;

	*why = NULL;
	if (!strcmp(words[0], "policy"))
		good = do_policy(world, words, count);
	else if (!strcmp(words[0], "rule") || !strcmp(words[0], "default"))
		good = do_rule(world, words, count);
	else if (!strcmp(words[0], "border"))
		good = do_border(world, words, count, del);
	else if (!strcmp(words[0], "firewall"))
		good = do_firewall(world, words, count, del);
	else
		return false;
	if (!good)
		*why = g_strdup_printf("no such %s", words[0]);
	return good;
}

void world_policy_free(GArray *rules)
{
	if (rules)
		g_array_unref(rules);
}

GArray *world_policy_new(void)
{
	return g_array_new(FALSE, FALSE, sizeof(struct rule));
}
