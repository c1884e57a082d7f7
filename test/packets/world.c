/* SPDX-License-Identifier: Apache-2.0 */
/* Text to keys and values of abi/map.h: a table of commands. */
#include "world.h"

#include <string.h>

#include "abi/hash.h"
#include "lib/ip.h"
#include "world_policy.h"

#define SHARE 1000 /* connections that a port may open */

struct line {
	struct world *world;
	char **words;
	guint count;
	GString *why;
	bool del; /* only the key is wanted */
};

void world_result_clear(struct world_result *result)
{
	g_clear_pointer(&result->left, g_bytes_unref);
	g_clear_pointer(&result->outputs, g_array_unref);
	g_clear_pointer(&result->punts, g_array_unref);
}

void world_init(struct world *world, struct world_backend *backend)
{
	world->backend = backend;
	world->rules = world_policy_new();
	world->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

void world_done(struct world *world)
{
	g_clear_pointer(&world->names, g_hash_table_unref);
	g_clear_pointer(&world->rules, world_policy_free);
}

const char *world_name(const struct world *world, const char *word)
{
	const char *value = word ? g_hash_table_lookup(world->names, word) : NULL;

	return value ? value : word;
}

static void fail(struct line *l, const char *what, const char *word)
{
	if (!l->why->len)
		g_string_printf(l->why, "%s: '%s'", what, word ? word : "(nothing)");
}

static const char *word(struct line *l, guint n)
{
	return n < l->count ? world_name(l->world, l->words[n]) : NULL;
}

static __u64 number_of(struct line *l, const char *text)
{
	char *end = NULL;
	guint64 n = text ? g_ascii_strtoull(text, &end, 0) : 0;

	if (!text || end == text || *end)
		fail(l, "not a number", text);
	return n;
}

static __u64 number(struct line *l, guint n)
{
	return number_of(l, word(l, n));
}

static bool has(const struct line *l, const char *option)
{
	for (guint i = 1; i < l->count; i++)
		if (!strcmp(l->words[i], option))
			return true;
	return false;
}

static const char *option(struct line *l, const char *name)
{
	for (guint i = 1; i + 1 < l->count; i++)
		if (!strcmp(l->words[i], name))
			return world_name(l->world, l->words[i + 1]);
	return NULL;
}

static __u64 number_or(struct line *l, const char *name, __u64 other)
{
	const char *text = option(l, name);

	return text ? number_of(l, text) : other;
}

static struct abi_mac mac_of(struct line *l, const char *text)
{
	struct abi_mac out = {};
	struct mac mac;

	if (!text || !mac_parse(text, &mac))
		fail(l, "not a MAC", text);
	else
		memcpy(out.b, mac.b, 6);
	return out;
}

bool world_ip(const struct world *world, const char *text, struct abi_ip *out)
{
	struct ip ip;

	if (!text || !ip_parse(world_name(world, text), &ip))
		return false;
	memcpy(out->b, ip.b, 16);
	return true;
}

static struct abi_ip ip_of(struct line *l, const char *text)
{
	struct abi_ip ip = {};

	if (!world_ip(l->world, text, &ip))
		fail(l, "not an address", text);
	return ip;
}

/* The prefix's bits within 128. */
static __u32 prefix_of(struct line *l, const char *text, struct abi_ip *ip, __be16 *ethertype)
{
	struct prefix prefix = {};

	if (!text || !prefix_parse(text, false, &prefix))
		fail(l, "not a prefix", text);
	memcpy(ip->b, prefix.ip.b, 16);
	*ethertype = GUINT16_TO_BE(prefix_is_v4(prefix) ? 0x0800 : 0x86dd);
	return prefix.bits;
}

static __u32 place_of(struct line *l, const char *text)
{
	static const char *const kinds[] = {"none", "port", "vtep", "router"};
	g_auto(GStrv) parts = g_strsplit(text ? text : "", ":", 2);

	for (guint i = 0; i < G_N_ELEMENTS(kinds) && g_strv_length(parts) == 2; i++)
		if (!strcmp(parts[0], kinds[i]))
			return PLACE(i, number_of(l, parts[1]));
	fail(l, "not a place", text);
	return 0;
}

static void store(struct line *l, enum native_map map, const void *key, const void *value)
{
	struct world_backend *backend = l->world->backend;

	if (l->why->len)
		return;
	if (l->del)
		backend->del(backend->self, map, key);
	else if (!backend->put(backend->self, map, key, value))
		fail(l, "the table refuses", l->words[0]);
}

/* ------------------------------------------------------------- commands */

static void do_let(struct line *l)
{
	if (l->count > 2 && l->words[1][0] == '@')
		g_hash_table_replace(l->world->names, g_strdup(l->words[1]),
				     g_strjoinv(" ", l->words + 2));
	else if (l->count != 3)
		fail(l, "let NAME WORD", NULL);
	else
		g_hash_table_replace(l->world->names, g_strdup(l->words[1]),
				     g_strdup(word(l, 2)));
}

static void do_config(struct line *l)
{
	struct world_backend *backend = l->world->backend;
	const char *text = word(l, 2);
	struct abi_ip ip;
	struct ip parsed;

	if (text && ip_parse(text, &parsed)) {
		ip = ip_of(l, text);
		if (ip_is_v4(parsed)) {
			backend->config(backend->self, "local_v4", ip.w[3]);
		} else {
			backend->config(backend->self, "local_v6_high", ip.d[0]);
			backend->config(backend->self, "local_v6_low", ip.d[1]);
		}
		return;
	}
	backend->config(backend->self, word(l, 1), number(l, 2));
}

static void do_network(struct line *l)
{
	__u32 vni = number(l, 1);
	struct network_value value = {
		.flags = (has(l, "down") ? 0 : NETWORK_UP) |
			 (has(l, "flood") ? NETWORK_FLOOD : 0) |
			 (has(l, "ra") ? NETWORK_RA : 0) |
			 (has(l, "firewall") ? NETWORK_FIREWALL : 0) |
			 (has(l, "resume") ? NETWORK_RESUME : 0),
		.mtu = number_or(l, "mtu", 1450),
		.flood_chunks = number_or(l, "chunks", 0),
	};

	store(l, NATIVE_MAP_network, &vni, &value);
}

static void do_port(struct line *l)
{
	__u32 slot = number(l, 1);
	struct port_value value = {};

	if (!l->del) {
		value.ifindex = number_or(l, "if", 0);
		value.vni = number_or(l, "vni", 0);
		value.identity = number_or(l, "id", 0);
		value.mtu = number_or(l, "mtu", 1450);
		value.mac = mac_of(l, option(l, "mac"));
		value.flags = (has(l, "down") ? 0 : PORT_UP) | (has(l, "tap") ? 0 : PORT_PEER) |
			      (has(l, "unguarded") ? PORT_UNGUARDED : 0) |
			      (has(l, "dhcp4") ? PORT_DHCP4 : 0) |
			      (has(l, "dhcp6") ? PORT_DHCP6 : 0);
	}
	store(l, NATIVE_MAP_port, &slot, &value);
}

static void put_share(struct line *l, __u32 slot, __u32 share)
{
	struct port_conns_value value = {.allowed = share};

	store(l, NATIVE_MAP_port_conns, &slot, &value);
}

static void do_share(struct line *l)
{
	put_share(l, number(l, 1), number(l, 2));
}

static void do_device(struct line *l)
{
	__u32 ifindex = number(l, 1), slot = l->del ? 0 : number(l, 2);

	store(l, NATIVE_MAP_device, &ifindex, &slot);
}

static void put_guard(struct line *l, __u32 slot, struct abi_mac mac, const char *prefix)
{
	struct guard_key key = {.slot = slot, .mac = mac};
	__be16 ethertype = 0;
	struct abi_ip ip = {};
	__u32 one = 1;

	key.prefixlen = GUARD_PREFIX_BASE + prefix_of(l, prefix, &ip, &ethertype);
	key.ethertype = ethertype;
	memcpy(&key.ip, &ip, sizeof(ip));
	store(l, NATIVE_MAP_guard, &key, &one);
}

static void do_guard(struct line *l)
{
	put_guard(l, number(l, 1), mac_of(l, word(l, 2)), word(l, 3));
}

static void put_mac(struct line *l, __u32 vni, struct abi_mac mac, __u32 place, __u32 identity)
{
	struct mac_key key = {.vni = vni, .mac = mac};
	struct mac_value value = {.place = place, .identity = identity};

	store(l, NATIVE_MAP_mac, &key, &value);
}

static void do_mac(struct line *l)
{
	put_mac(l, number(l, 1), mac_of(l, word(l, 2)), l->del ? 0 : place_of(l, word(l, 3)),
		number_or(l, "id", 0));
}

static void put_location(struct line *l, __u32 vni, const char *ip, struct abi_mac mac)
{
	struct location_key key = {.vni = vni, .ip = ip_of(l, ip)};
	struct location_value value = {.mac = mac};

	store(l, NATIVE_MAP_location, &key, &value);
}

static void do_location(struct line *l)
{
	struct abi_mac mac = {};

	if (!l->del)
		mac = mac_of(l, word(l, 3));
	put_location(l, number(l, 1), word(l, 2), mac);
}

static void do_flood(struct line *l)
{
	struct flood_key key = {.vni = number(l, 1), .chunk = number(l, 2)};
	struct flood_value value = {};

	for (guint i = 3; i < l->count && value.count < LIM_FLOOD_CHUNK; i++)
		value.place[value.count++] = place_of(l, l->words[i]);
	store(l, NATIVE_MAP_flood, &key, &value);
}

static void do_route(struct line *l)
{
	struct route_key key = {.router = number(l, 1)};
	__be16 ethertype = 0;
	struct route_value value = {.flags = has(l, "down") ? 0 : ROUTE_UP};
	const char *via = option(l, "via"), *mac = option(l, "mac");
	const char *own = option(l, "own");
	struct abi_ip ip = {};

	key.kind = own ? ROUTE_OWN : ROUTE_TO;
	key.prefixlen = ROUTE_PREFIX_BASE + prefix_of(l, word(l, 2), &ip, &ethertype);
	key.ethertype = ethertype;
	memcpy(&key.ip, &ip, sizeof(ip));
	value.vni = number_or(l, "vni", 0);
	value.flags |= (has(l, "blackhole") ? ROUTE_BLACKHOLE : 0) |
		       (has(l, "local") ? ROUTE_LOCAL : 0) | (via ? ROUTE_GATEWAY : 0);
	if (via)
		value.via = ip_of(l, via);
	if (own)
		value.via = ip_of(l, own);
	if (mac)
		value.mac = mac_of(l, mac);
	value.mtu = number_or(l, "mtu", 0);
	store(l, NATIVE_MAP_route, &key, &value);
}

static void do_vtep(struct line *l)
{
	__u32 index = number(l, 1);
	struct vtep_value value = {.flags = VTEP_KNOWN};
	struct ip parsed;

	if (!l->del) {
		value.remote = ip_of(l, option(l, "remote"));
		value.local = ip_of(l, option(l, "local"));
		value.ifindex = number_or(l, "if", 0);
		value.next_hop = mac_of(l, option(l, "next"));
		value.source = mac_of(l, option(l, "source"));
		value.mtu = number_or(l, "mtu", 1500);
		memcpy(parsed.b, value.remote.b, 16);
		value.flags |= has(l, "unresolved") ? 0 : VTEP_RESOLVED;
		if (ip_is_v4(parsed))
			value.csum = vtep_header_csum(&value);
		else
			value.flags |= VTEP_V6;
	}
	store(l, NATIVE_MAP_vtep, &index, &value);
}

static void do_peer(struct line *l)
{
	struct abi_ip ip = ip_of(l, word(l, 1));
	__u32 index = l->del ? 0 : number(l, 2);

	store(l, NATIVE_MAP_peer, &ip, &index);
}

static void do_bump(struct line *l)
{
	struct world_backend *backend = l->world->backend;
	const char *what = l->count > 1 ? l->words[1] : "";
	struct abi_mac mac;
	struct abi_ip ip;
	__u16 cell = 0;

	if (!strcmp(what, "port")) {
		cell = generation_cell(GEN_PORT, number(l, 2));
	} else if (!strcmp(what, "router")) {
		cell = generation_cell(GEN_ROUTER, number(l, 2));
		backend->bump(backend->self, generation_routers());
	} else if (!strcmp(what, "routers")) {
		cell = generation_routers();
	} else if (!strcmp(what, "mac")) {
		mac = mac_of(l, word(l, 3));
		cell = generation_cell(GEN_MAC, generation_mac_id(number(l, 2), &mac));
	} else if (!strcmp(what, "address")) {
		ip = ip_of(l, word(l, 3));
		cell = generation_cell(GEN_ADDRESS, generation_address_id(number(l, 2), &ip));
	} else if (strcmp(what, "host")) {
		fail(l, "bump what", what);
	}
	if (!l->why->len)
		backend->bump(backend->self, cell);
}

static void do_workload(struct line *l)
{
	g_autofree char *device = l->count > 1 ? g_strdup_printf("%s.if", l->words[1]) : NULL;
	struct abi_mac mac = mac_of(l, option(l, "mac"));
	__u32 slot = number(l, 2), ifindex = number_or(l, "if", 0);
	__u32 vni = number_or(l, "vni", 0), identity = number_or(l, "id", 0);
	struct port_value port = {.ifindex = ifindex,
				  .vni = vni,
				  .identity = identity,
				  .mtu = 1450,
				  .mac = mac,
				  .flags = PORT_UP | PORT_PEER | PORT_DHCP4};

	if (l->why->len)
		return;
	g_hash_table_replace(l->world->names, g_strdup(l->words[1]),
			     g_strdup(option(l, "mac")));
	g_hash_table_replace(l->world->names, g_steal_pointer(&device),
			     g_strdup(option(l, "if")));
	store(l, NATIVE_MAP_port, &slot, &port);
	put_share(l, slot, SHARE);
	store(l, NATIVE_MAP_device, &ifindex, &slot);
	put_mac(l, vni, mac, PLACE(PLACE_PORT, slot), identity);
	for (guint i = 11; i < l->count; i++) {
		put_guard(l, slot, mac, word(l, i));
		put_location(l, vni, word(l, i), mac);
	}
}

/* NAME's word is VALUE: of `SUFFIX` behind it, if any. */
static void name_set(struct line *l, const char *name, const char *suffix, const char *value)
{
	g_hash_table_replace(l->world->names, g_strconcat(name, suffix, NULL), g_strdup(value));
}

static void do_physical(struct line *l)
{
	const char *mac = option(l, "mac"), *ifindex = option(l, "if");

	mac_of(l, mac);
	number_of(l, ifindex);
	if (l->why->len)
		return;
	name_set(l, l->words[1], "", mac);
	name_set(l, l->words[1], ".if", ifindex);
	name_set(l, l->words[1], ".outside", "yes");
}

/* A family's words of `gateway`. */
static void gateway_family(struct line *l, struct gateway_value *value, int family)
{
	static const char *const names[2][3] = {{"ip4", "next4", "link4"},
						{"ip6", "next6", "link6"}};
	const char *const *name = names[family];
	struct abi_ip *mask = &value->mask[family];
	__be16 ethertype;
	__u32 bits;

	if (option(l, name[0]))
		value->address[family] = ip_of(l, option(l, name[0]));
	if (option(l, name[1]))
		value->next_hop[family] = ip_of(l, option(l, name[1]));
	if (!option(l, name[2]))
		return;
	bits = prefix_of(l, option(l, name[2]), &value->link[family], &ethertype);
	for (__u32 i = 0; i < bits; i++)
		mask->b[i / 8] |= 0x80 >> i % 8;
}

static void do_gateway(struct line *l)
{
	struct gateway_value value = {};
	__u32 slot = number(l, 1);
	struct port_value port = {};

	if (!l->del) {
		port = (struct port_value){.ifindex = number_or(l, "if", 0),
					   .mtu = number_or(l, "mtu", 1500),
					   .mac = mac_of(l, option(l, "mac")),
					   .flags = PORT_GATEWAY |
						    (has(l, "down") ? 0 : PORT_UP)};
		value.router = number_or(l, "router", 0);
		value.flags = has(l, "snat") ? GATEWAY_SNAT : 0;
		value.front = number_or(l, "front", slot);
		value.device_mac = mac_of(l, option(l, "device"));
		gateway_family(l, &value, 0);
		gateway_family(l, &value, 1);
		put_share(l, slot, SHARE);
	}
	store(l, NATIVE_MAP_gateway, &slot, &value);
	store(l, NATIVE_MAP_port, &slot, &port);
}

static void do_outside(struct line *l)
{
	struct outside_value value = {.flags = (has(l, "own") ? OUTSIDE_OWN : 0) |
					       (has(l, "link") ? OUTSIDE_LINK : 0)};
	struct outside_key key = {.ifindex = number(l, 1)};
	__be16 ethertype = 0;
	struct abi_ip ip = {};

	key.prefixlen = OUTSIDE_PREFIX_BASE + prefix_of(l, word(l, 2), &ip, &ethertype);
	key.ethertype = ethertype;
	memcpy(&key.ip, &ip, sizeof(ip));
	if (!l->del)
		value.slot = number(l, 3);
	store(l, NATIVE_MAP_outside, &key, &value);
}

static void do_nat(struct line *l)
{
	struct nat_key key = {.slot = number(l, 1),
			      .proto = number(l, 2),
			      .way = has(l, "in") ? NAT_IN : NAT_OUT,
			      .addr = ip_of(l, word(l, 4)),
			      .port = GUINT16_TO_BE(number(l, 5)),
			      .remote = ip_of(l, word(l, 6)),
			      .rport = GUINT16_TO_BE(number(l, 7))};
	struct nat_value value = {};

	if (!l->del) {
		value.addr = ip_of(l, word(l, 8));
		value.port = GUINT16_TO_BE(number(l, 9));
		value.slot = number(l, 10);
	}
	store(l, NATIVE_MAP_nat, &key, &value);
}

static void do_looks(struct line *l)
{
	static const struct {
		const char *name;
		__u32 kind;
	} kinds[] = {{"open", SAMPLE_OPEN}, {"deny", SAMPLE_DENY}, {"some", SAMPLE_SOME}};
	struct sampling_value wish = {.until = UINT64_MAX, .size = LIM_SAMPLE_SHORT};
	__u32 slot = number(l, 1);

	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (has(l, kinds[i].name))
			wish.kinds |= 1u << kinds[i].kind;
	store(l, NATIVE_MAP_sampling, &slot, &wish);
}

static const struct {
	const char *name;
	void (*run)(struct line *l);
} commands[] = {
	{"let", do_let},	   {"config", do_config},   {"network", do_network},
	{"port", do_port},	   {"device", do_device},   {"guard", do_guard},
	{"mac", do_mac},	   {"flood", do_flood},	    {"location", do_location},
	{"route", do_route},	   {"vtep", do_vtep},	    {"peer", do_peer},
	{"workload", do_workload}, {"bump", do_bump},	    {"share", do_share},
	{"looks", do_looks},	   {"gateway", do_gateway}, {"physical", do_physical},
	{"outside", do_outside},   {"nat", do_nat},
};

/* The Nth word becomes what it stands for. */
static void set_word(struct line *l, guint n)
{
	char *value = g_strdup(word(l, n));

	g_free(l->words[n]);
	l->words[n] = value;
}

bool world_command(struct world *world, const char *text, char **why)
{
	g_autoptr(GRegex) spaces = g_regex_new("\\s+", 0, 0, NULL);
	g_autofree char *copy = g_strstrip(g_strdup(text));
	g_auto(GStrv) words = g_regex_split(spaces, copy, 0);
	struct line l = {.world = world, .words = words, .why = g_string_new(NULL)};
	bool found = false;

	l.count = g_strv_length(words);
	if (l.count > 1 && !strcmp(words[0], "del")) {
		l.del = true;
		l.words++;
		l.count--;
	}
	for (guint i = 0; i < G_N_ELEMENTS(commands) && l.count; i++)
		if (!strcmp(l.words[0], commands[i].name)) {
			commands[i].run(&l);
			found = true;
		}
	if (!found && l.count) {
		g_autofree char *complaint = NULL;

		for (guint i = 1; i < l.count; i++)
			set_word(&l, i);
		if (!world_policy_command(world, l.words, l.count, l.del, &complaint))
			fail(&l, complaint ? complaint : "no such command", text);
	}
	*why = l.why->len ? g_string_free(l.why, FALSE)
			  : (g_string_free(l.why, TRUE), (char *)NULL);
	return *why == NULL;
}
