/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See stage.h: one function a table. The row's key is found again from the entry's, so that
 * what is printed can be looked for in the controller's own words.
 */
#include "trace/stage.h"

#include <netinet/in.h>
#include <string.h>

#include "abi/drop.h"
#include "trace/host_data.h"

/* A decision under way. */
struct says {
	const struct trace_host *host;
	const struct trace_look *look;
	char *row;  /* owned; NULL: none */
	char *says; /* owned; NULL: nothing worth telling */
};

static const gsize key_sizes[] = {
#define X(map, kind, entries, flags, key, value) [NATIVE_MAP_##map] = sizeof(key),
	DP_MAP_TABLE(X)
#undef X
};

static void on_look(enum native_map map, const void *key, const void *value, void *arg)
{
	struct trace_look look = {.map = map, .value = value};

	memcpy(look.key, key, key_sizes[map]);
	g_array_append_val((GArray *)arg, look);
}

GArray *trace_stage_record(struct trace_host *host)
{
	host->native->look_arg = g_array_new(FALSE, FALSE, sizeof(struct trace_look));
	host->native->look = on_look;
	return host->native->look_arg;
}

void trace_stage_stop(struct trace_host *host)
{
	host->native->look = NULL;
	host->native->look_arg = NULL;
}

/* ------------------------------------------------------------- printing */

static const char *print_ip(const struct abi_ip *in, char *text)
{
	struct ip ip;

	memcpy(ip.b, in->b, sizeof(ip.b));
	return ip_print(ip, text);
}

static const char *print_mac(const struct abi_mac *in, char *text)
{
	struct mac mac;

	memcpy(mac.b, in->b, sizeof(mac.b));
	return mac_print(mac, text);
}

char *trace_stage_name_port(const struct row_port *port)
{
	char id[UUID_TEXT];

	uuid_print(port->id, id);
	return *port->name ? g_strdup_printf("%s (%s)", port->name, id) : g_strdup(id);
}

static char *port_row(const struct trace_host *host, uint32_t slot)
{
	const struct wire *wire = state_find_slot(host->state, slot);
	const struct gateway_value *gateway =
		native_find(host->native, NATIVE_MAP_gateway, &slot);
	char id[UUID_TEXT];

	if (wire && wire->gateway)
		return g_strdup_printf("gateway %u", gateway->router);
	return wire ? g_strdup_printf("port %s", uuid_print(wire->id, id)) : NULL;
}

/* "web (uuid)", or of a router's "gateway of router 3". */
static char *name_slot(const struct trace_host *host, uint32_t slot)
{
	const struct wire *wire = state_find_slot(host->state, slot);
	const struct gateway_value *gateway =
		native_find(host->native, NATIVE_MAP_gateway, &slot);

	if (wire && wire->gateway)
		return g_strdup_printf("gateway of router %u", gateway->router);
	return wire && wire->port ? trace_stage_name_port(wire->port) : g_strdup("?");
}

static const char *peer_name(const struct trace_host *host, const struct abi_ip *remote)
{
	const char *name;
	struct ip ip;

	memcpy(ip.b, remote->b, sizeof(ip.b));
	name = trace_host_find_peer(host, ip);
	return name ? name : "?";
}

/* "port web (uuid)", "host h2", "router 3". */
static char *print_place(const struct trace_host *host, uint32_t place)
{
	uint32_t index = PLACE_INDEX(place);
	const struct vtep_value *vtep;
	const struct wire *wire;
	g_autofree char *name = NULL;

	switch (PLACE_KIND(place)) {
	case PLACE_PORT:
		wire = state_find_slot(host->state, index);
		name = name_slot(host, index);
		return g_strdup_printf("%s%s", wire && wire->gateway ? "the " : "port ", name);
	case PLACE_VTEP:
		vtep = native_find(host->native, NATIVE_MAP_vtep, &index);
		return g_strdup_printf("host %s", vtep ? peer_name(host, &vtep->remote) : "?");
	case PLACE_ROUTER:
		return g_strdup_printf("router %u", index);
	default:
		return g_strdup("nowhere");
	}
}

/* How many bits of KEY, a trie's, the entry that was found has. */
static uint32_t trie_bits(const struct trace_look *look, const struct trace_host *host)
{
	struct trace_look probe = *look;
	uint32_t bits;

	memcpy(&bits, probe.key, sizeof(bits));
	while (bits) {
		uint32_t shorter = bits - 1;

		memcpy(probe.key, &shorter, sizeof(shorter));
		if (native_find(host->native, look->map, probe.key) != look->value)
			break;
		bits = shorter;
	}
	return bits;
}

static void print_prefix(const struct abi_ip *ip, uint32_t bits, char *text)
{
	struct prefix prefix = {.bits = (uint8_t)bits};

	memcpy(prefix.ip.b, ip->b, sizeof(prefix.ip.b));
	for (uint32_t i = bits; i < 128; i++)
		prefix.ip.b[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
	prefix_print(prefix, text);
}

/* --------------------------------------------------------------- tables */

static void say_device(struct says *s)
{
	if (!s->look->value)
		s->says = g_strdup("the device belongs to no port");
}

static void say_port(struct says *s)
{
	const struct port_value *port = s->look->value;
	g_autofree char *name = NULL;
	uint32_t slot;

	memcpy(&slot, s->look->key, sizeof(slot));
	if (!slot || !port)
		return;
	name = name_slot(s->host, slot);
	s->row = port_row(s->host, slot);
	if (port->flags & PORT_GATEWAY) {
		s->says = g_strdup_printf("%s: %s, out by physical network %s, MTU %u", name,
					  port->flags & PORT_UP ? "up" : "down",
					  trace_host_find_physical(s->host, port->ifindex),
					  port->mtu);
		return;
	}
	s->says = g_strdup_printf("%s: %s, %s, identity %u, network %u", name,
				  port->flags & PORT_UP ? "up" : "down",
				  port->flags & PORT_UNGUARDED ? "unguarded" : "guarded",
				  port->identity, port->vni);
}

static void say_guard(struct says *s)
{
	struct guard_key key;
	char mac[MAC_TEXT], ip[PREFIX_TEXT];
	struct abi_mac sender;
	struct abi_ip address;
	uint32_t bits;

	memcpy(&key, s->look->key, sizeof(key));
	sender = key.mac; /* the key is packed: no pointers into it */
	address = key.ip;
	bits = s->look->value ? trie_bits(s->look, s->host) - GUARD_PREFIX_BASE : 128;
	print_mac(&sender, mac);
	if (bits == 128)
		print_ip(&address, ip);
	else
		print_prefix(&address, bits, ip);
	s->row = port_row(s->host, key.slot);
	s->says = g_strdup_printf("%s %s send from %s", mac, s->look->value ? "may" : "may not",
				  ip);
}

static void say_network(struct says *s)
{
	const struct network_value *network = s->look->value;
	uint32_t vni;

	memcpy(&vni, s->look->key, sizeof(vni));
	if (!network) {
		s->says = g_strdup_printf("network %u is not known here", vni);
		return;
	}
	if (vni == GATEWAY_VNI)
		return; /* of all gateways, and no row's */
	s->row = g_strdup_printf("network %u", vni);
	s->says = g_strdup_printf("network %u: %s, MTU %u%s%s", vni,
				  network->flags & NETWORK_UP ? "up" : "down", network->mtu,
				  network->flags & NETWORK_FLOOD ? ", floods" : "",
				  network->flags & NETWORK_RA ? ", a router advertises" : "");
}

static void say_mac(struct says *s)
{
	const struct mac_value *value = s->look->value;
	g_autofree char *place = NULL;
	struct mac_key key;
	char mac[MAC_TEXT];

	memcpy(&key, s->look->key, sizeof(key));
	print_mac(&key.mac, mac);
	if (!value) {
		s->says = g_strdup_printf("nobody in network %u has %s", key.vni, mac);
		return;
	}
	place = print_place(s->host, value->place);
	if (key.vni == GATEWAY_VNI) {
		s->says = g_strdup_printf("the gateway is at %s", place);
		return;
	}
	if (PLACE_KIND(value->place) == PLACE_ROUTER)
		s->row = g_strdup_printf("interface %u/%u/%s", PLACE_INDEX(value->place),
					 key.vni, mac);
	else
		s->row = g_strdup_printf("location %u/%s", key.vni, mac);
	s->says = g_strdup_printf("%s is at %s", mac, place);
}

static void say_firewall(struct says *s)
{
	const struct mac_value *owner =
		native_find(s->host->native, NATIVE_MAP_mac, s->look->key);
	struct mac_key key;
	char mac[MAC_TEXT];

	memcpy(&key, s->look->key, sizeof(key));
	if (!s->look->value || !owner)
		return;
	s->row = g_strdup_printf("interface %u/%u/%s", PLACE_INDEX(owner->place), key.vni,
				 print_mac(&key.mac, mac));
	s->says = g_strdup_printf("router %u's port on network %u has a firewall group",
				  PLACE_INDEX(owner->place), key.vni);
}

static void say_location(struct says *s)
{
	const struct location_value *value = s->look->value;
	const struct mac_value *owner;
	struct location_key key;
	struct mac_key mac_key = {0};
	char ip[IP_TEXT], mac[MAC_TEXT];

	memcpy(&key, s->look->key, sizeof(key));
	print_ip(&key.ip, ip);
	if (key.vni == GATEWAY_VNI)
		return; /* the door's, which nobody has chosen */
	if (!value) {
		s->says = g_strdup_printf("nobody in network %u has %s", key.vni, ip);
		return;
	}
	print_mac(&value->mac, mac);
	mac_key.vni = key.vni;
	mac_key.mac = value->mac;
	owner = native_find(s->host->native, NATIVE_MAP_mac, &mac_key);
	if (owner && PLACE_KIND(owner->place) == PLACE_ROUTER)
		s->row = g_strdup_printf("interface %u/%u/%s", PLACE_INDEX(owner->place),
					 key.vni, mac);
	else
		s->row = g_strdup_printf("location %u/%s", key.vni, mac);
	s->says = g_strdup_printf("%s is %s", ip, mac);
}

/* A route that the router's gateway makes. */
static void say_way_out(struct says *s, const struct route_key *key,
			const struct route_value *value)
{
	struct abi_ip address = key->ip;
	char ip[IP_TEXT], prefix[PREFIX_TEXT];

	print_ip(&address, ip);
	print_prefix(&address, trie_bits(s->look, s->host) - ROUTE_PREFIX_BASE, prefix);
	s->row = g_strdup_printf("gateway %u", key->router);
	if (value->flags & ROUTE_LOCAL)
		s->says = g_strdup_printf("%s is router %u's own address%s", ip, key->router,
					  value->flags & ROUTE_UP ? "" : ", which is down");
	else if (!(value->flags & ROUTE_UP))
		s->says =
			g_strdup_printf("%s by %s: router %u is down", ip, prefix, key->router);
	else if (key->kind == ROUTE_TO)
		s->says = g_strdup_printf("%s by %s: out by the gateway of router %u, MTU %u",
					  ip, prefix, key->router, value->mtu);
}

static void say_route(struct says *s)
{
	const struct route_value *value = s->look->value;
	struct route_key key;
	struct abi_ip address;
	char ip[IP_TEXT], prefix[PREFIX_TEXT], via[IP_TEXT], mac[MAC_TEXT];

	memcpy(&key, s->look->key, sizeof(key));
	address = key.ip;
	print_ip(&address, ip);
	if (!value) {
		s->says = g_strdup_printf("router %u has no route to %s", key.router, ip);
		return;
	}
	if (value->vni == GATEWAY_VNI && !(value->flags & ROUTE_BLACKHOLE)) {
		say_way_out(s, &key, value);
		return;
	}
	if (value->flags & ROUTE_LOCAL) {
		s->row = g_strdup_printf("interface %u/%u/%s", key.router, value->vni,
					 print_mac(&value->mac, mac));
		s->says = g_strdup_printf("%s is router %u's own address%s", ip, key.router,
					  value->flags & ROUTE_UP ? "" : ", which is down");
		return;
	}
	print_prefix(&address, trie_bits(s->look, s->host) - ROUTE_PREFIX_BASE, prefix);
	s->row = g_strdup_printf("route %u/%s", key.router, prefix);
	if (!(value->flags & ROUTE_UP))
		s->says =
			g_strdup_printf("%s by %s: router %u is down", ip, prefix, key.router);
	else if (value->flags & ROUTE_BLACKHOLE)
		s->says = g_strdup_printf("%s by %s: discard", ip, prefix);
	else if (value->flags & ROUTE_GATEWAY)
		s->says = g_strdup_printf("%s by %s: to network %u, next hop %s", ip, prefix,
					  value->vni, print_ip(&value->via, via));
	else
		s->says = g_strdup_printf("%s by %s: on network %u", ip, prefix, value->vni);
}

static void say_flood(struct says *s)
{
	const struct flood_value *value = s->look->value;
	GString *places;
	struct flood_key key;

	memcpy(&key, s->look->key, sizeof(key));
	if (!value)
		return;
	places = g_string_new(NULL);
	g_string_append_printf(places, "network %u goes to", key.vni);
	for (uint32_t i = 0; i < value->count && i < LIM_FLOOD_CHUNK; i++) {
		g_autofree char *place = print_place(s->host, value->place[i]);

		g_string_append_printf(places, "%s %s", i ? "," : "", place);
	}
	s->row = g_strdup_printf("member %u/*", key.vni);
	s->says = g_string_free(places, FALSE);
}

static void say_vtep(struct says *s)
{
	const struct vtep_value *value = s->look->value;
	char ip[IP_TEXT];

	if (!value || !(value->flags & VTEP_KNOWN)) {
		s->says = g_strdup("the host's address is not known");
		return;
	}
	s->row = g_strdup_printf("host %s", peer_name(s->host, &value->remote));
	s->says = g_strdup_printf("host %s has the tunnel address %s",
				  peer_name(s->host, &value->remote),
				  print_ip(&value->remote, ip));
}

static void say_peer(struct says *s)
{
	struct abi_ip remote;
	char ip[IP_TEXT];

	memcpy(&remote, s->look->key, sizeof(remote));
	print_ip(&remote, ip);
	if (!s->look->value) {
		s->says = g_strdup_printf("%s is no host of this cloud", ip);
		return;
	}
	s->row = g_strdup_printf("host %s", peer_name(s->host, &remote));
	s->says = g_strdup_printf("%s is host %s", ip, peer_name(s->host, &remote));
}

static void say_gateway(struct says *s)
{
	const struct gateway_value *gateway = s->look->value;
	const struct abi_ip *own;
	char ip[IP_TEXT];
	uint32_t slot;

	memcpy(&slot, s->look->key, sizeof(slot));
	if (!gateway || !gateway->router)
		return;
	own = &gateway->address[gateway->address[0].w[3] ? 0 : 1];
	s->row = g_strdup_printf("gateway %u", gateway->router);
	s->says =
		g_strdup_printf("router %u is %s outside%s", gateway->router, print_ip(own, ip),
				gateway->flags & GATEWAY_SNAT ? ", which IPv4 is translated to"
							      : ", and translates nothing");
}

static void say_outside(struct says *s)
{
	const struct outside_value *value = s->look->value;
	struct outside_key key;
	struct abi_ip address;
	char ip[IP_TEXT];

	memcpy(&key, s->look->key, sizeof(key));
	address = key.ip;
	print_ip(&address, ip);
	if (!value || (value->flags & OUTSIDE_LINK)) {
		s->says = g_strdup_printf("%s is no gateway's of this host", ip);
		return;
	}
	s->row = port_row(s->host, value->slot);
	s->says = g_strdup_printf("%s is %s", ip,
				  value->flags & OUTSIDE_OWN ? "a gateway's of this host"
							     : "behind a gateway of this host");
}

/* Tables that rows fill; the others hold what packets leave behind. */
static const struct {
	const char *name;
	void (*say)(struct says *s);
} stages[NATIVE_MAPS] = {
	[NATIVE_MAP_device] = {"device", say_device},
	[NATIVE_MAP_port] = {"port", say_port},
	[NATIVE_MAP_guard] = {"guard", say_guard},
	[NATIVE_MAP_network] = {"network", say_network},
	[NATIVE_MAP_mac] = {"mac", say_mac},
	[NATIVE_MAP_location] = {"location", say_location},
	[NATIVE_MAP_flood] = {"flood", say_flood},
	[NATIVE_MAP_route] = {"route", say_route},
	[NATIVE_MAP_firewall] = {"firewall", say_firewall},
	[NATIVE_MAP_gateway] = {"gateway", say_gateway},
	[NATIVE_MAP_outside] = {"outside", say_outside},
	[NATIVE_MAP_vtep] = {"tunnel", say_vtep},
	[NATIVE_MAP_peer] = {"peer", say_peer},
};

/* The same was looked up before: stages that need it twice do not decide twice. */
static bool is_again(const GArray *looks, guint at)
{
	const struct trace_look *look = &g_array_index(looks, struct trace_look, at);

	for (guint i = 0; i < at; i++) {
		const struct trace_look *before = &g_array_index(looks, struct trace_look, i);

		if (before->map == look->map &&
		    !memcmp(before->key, look->key, key_sizes[look->map]))
			return true;
	}
	return false;
}

json_t *trace_stage_list(const struct trace_host *host, const GArray *looks)
{
	json_t *list = json_array();

	for (guint i = 0; i < looks->len; i++) {
		struct says s = {.host = host,
				 .look = &g_array_index(looks, struct trace_look, i)};

		if (!stages[s.look->map].say || is_again(looks, i))
			continue;
		stages[s.look->map].say(&s);
		if (s.says)
			json_array_append_new(list, json_pack("{s:s,s:s*,s:s}", "stage",
							      stages[s.look->map].name, "row",
							      s.row, "says", s.says));
		g_free(s.row);
		g_free(s.says);
	}
	return list;
}

void trace_stage_list_nat(const struct trace_host *host, json_t *list)
{
	uint32_t zero = 0;
	const struct dp_pkt *p = native_find(host->native, NATIVE_MAP_scratch, &zero);
	const struct flow_key *key = &p->head.key;
	char from[IP_TEXT], to[IP_TEXT];
	char *says;

	if (p->translates != DP_NAT_FLOW || p->rec.verdict != FLOW_GATEWAY)
		return;
	print_ip(&key->saddr, from);
	print_ip(&p->nat.addr, to);
	if (key->proto == IPPROTO_TCP || key->proto == IPPROTO_UDP)
		says = g_strdup_printf("%s port %u leaves as %s port %u, or another where "
				       "somebody has that",
				       from, g_ntohs(key->sport), to, g_ntohs(p->nat.port));
	else
		says = g_strdup_printf("%s leaves as %s", from, to);
	json_array_append_new(list, json_pack("{s:s,s:s}", "stage", "nat", "says", says));
	g_free(says);
}

json_t *trace_stage_list_drops(const GArray *looks)
{
	static const struct {
		const char *name, *sentence;
	} reasons[DP_DROP_COUNT] = {
#define X(number, NAME, name, sentence) [number] = {name, sentence},
		DP_DROP_TABLE(X)
#undef X
	};
	json_t *list = json_array();

	for (guint i = 0; i < looks->len; i++) {
		const struct trace_look *look = &g_array_index(looks, struct trace_look, i);
		uint32_t index;

		if (look->map != NATIVE_MAP_drops)
			continue;
		memcpy(&index, look->key, sizeof(index));
		json_array_append_new(
			list, json_pack("{s:i,s:s*,s:s*}", "slot", (int)(index / DP_DROP_COUNT),
					"reason", reasons[index % DP_DROP_COUNT].name,
					"sentence", reasons[index % DP_DROP_COUNT].sentence));
	}
	return list;
}
