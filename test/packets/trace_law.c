/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Laws of trace over a small random cloud of three hosts:
 *   - what it says of the runs on the first host is what the kernel does with the same frames,
 *     copy for copy and byte for byte, whatever the kernel's caches hold by then;
 *   - a well-formed packet arrives at the port that has its address, exactly when that may be;
 *   - one for the world leaves by the router's gateway, and no inner address of IPv4 ever does.
 */
#include <stdio.h>
#include <string.h>

#include "abi/drop.h"
#include "abi/wire.h"
#include "kernel_backend.h"
#include "lib/error.h"
#include "trace/host_data.h"
#include "trace/trace.h"

#define HOSTS	3
#define PORTS	24
#define NETS	3 /* the first two are joined by a router, the third floods */
#define PACKETS 1000
#define SLOTS	16

struct fake_port {
	struct uuid id;
	struct mac mac;
	struct ip ip4, ip6;
	guint host, net;
	bool up, wired, guarded;
};

struct fixture {
	GRand *random;
	struct fake_port ports[PORTS];
	struct trace *trace;
	struct trace_host *first; /* the trace's */
	struct world_backend *kernel;
	guint compared, delivered, dropped, copies, skipped, oracle, left;
	uint16_t outward; /* packets for the world: each has a port of its own, which is kept */
};

static guint pick(struct fixture *f, guint n)
{
	return (guint)g_rand_int_range(f->random, 0, (gint32)n);
}

/* ---------------------------------------------------------------- cloud */

static void make_ports(struct fixture *f)
{
	for (guint i = 0; i < PORTS; i++) {
		struct fake_port *port = &f->ports[i];
		char text[IP_TEXT];

		*port = (struct fake_port){.id = uuid_new(),
					   .mac = {{2, 0, 0, 1, 0, (guint8)i}},
					   .host = i % HOSTS,
					   .net = pick(f, NETS),
					   .up = pick(f, 8) > 0,
					   .wired = pick(f, 8) > 0,
					   .guarded = pick(f, 8) > 0};
		snprintf(text, sizeof(text), "10.0.%u.%u", port->net, 10 + i);
		g_assert_true(ip_parse(text, &port->ip4));
		snprintf(text, sizeof(text), "fd00:%u::%u", port->net + 1, 10 + i);
		g_assert_true(ip_parse(text, &port->ip6));
	}
}

static void put(struct trace_host *host, const char *table, const char *key, const char *format,
		...) G_GNUC_PRINTF(4, 5);

static void put(struct trace_host *host, const char *table, const char *key, const char *format,
		...)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	json_t *value;
	va_list list;

	va_start(list, format);
	text = g_strdup_vprintf(format, list);
	va_end(list);
	value = json_loads(text, 0, NULL);
	g_assert_nonnull(value);
	trace_host_put(host, table, key, value, &error);
	g_assert_no_error(error);
	json_decref(value);
}

static void put_port(struct fixture *f, struct trace_host *host, guint self,
		     const struct fake_port *port)
{
	char id[UUID_TEXT], net[UUID_TEXT], mac[MAC_TEXT], ip4[IP_TEXT], ip6[IP_TEXT];
	g_autofree char *key = NULL;

	mac_print(port->mac, mac);
	ip_print(port->ip4, ip4);
	ip_print(port->ip6, ip6);
	key = g_strdup_printf("%u/%s", 5 + port->net, mac);
	put(host, "location", key, "{\"host\":\"h%u\",\"identity\":7,\"ips\":[\"%s\",\"%s\"]}",
	    port->host, ip4, ip6);
	if (port->host != self)
		return;
	if (!port->wired)
		trace_host_unwire(host, port->id);
	put(host, "port", uuid_print(port->id, id),
	    "{\"network\":\"%s\",\"vni\":%u,\"mac\":\"%s\",\"identity\":7,\"mtu\":1450,"
	    "\"up\":%s,\"guarded\":%s,\"name\":\"\",\"project\":\"p\",\"pairs\":["
	    "{\"mac\":\"%s\",\"prefix\":\"%s/32\"},{\"mac\":\"%s\",\"prefix\":\"%s/128\"}],"
	    "\"dhcp4\":[]}",
	    uuid_print(uuid_new(), net), 5 + port->net, mac, port->up ? "true" : "false",
	    port->guarded ? "true" : "false", mac, ip4, mac, ip6);
}

static void put_router(struct trace_host *host)
{
	for (guint net = 0; net < 2; net++) {
		g_autofree char *interface =
			g_strdup_printf("1/%u/02:00:00:02:00:0%u", 5 + net, net);
		g_autofree char *four = g_strdup_printf("1/10.0.%u.0/24", net);
		g_autofree char *six = g_strdup_printf("1/fd00:%u::/64", net + 1);

		put(host, "interface", interface,
		    "{\"ips\":[\"10.0.%u.1/24\",\"fd00:%u::1/64\"],\"up\":true}", net, net + 1);
		put(host, "route", four,
		    "{\"vni\":%u,\"mac\":\"02:00:00:02:00:0%u\",\"up\":true}", 5 + net, net);
		put(host, "route", six,
		    "{\"vni\":%u,\"mac\":\"02:00:00:02:00:0%u\",\"up\":true}", 5 + net, net);
	}
	put(host, "gateway", "1",
	    "{\"id\":\"3f9f0c38-6a5e-4b1e-9d0c-7a0c5c1f2b11\",\"host\":\"h0\","
	    "\"mac\":\"02:00:00:02:01:00\",\"up\":true,\"snat\":true,\"mtu\":1400,"
	    "\"physical\":\"wan\",\"addresses\":[{\"ip\":\"203.0.113.5\","
	    "\"subnet\":\"203.0.113.0/24\",\"gateway\":\"203.0.113.1\"},"
	    "{\"ip\":\"2001:db8:e::5\",\"subnet\":\"2001:db8:e::/64\","
	    "\"gateway\":\"2001:db8:e::1\"}],\"routes\":[\"0.0.0.0/0\",\"203.0.113.0/24\","
	    "\"::/0\",\"2001:db8:e::/64\"],\"inside\":[\"fd00:1::/64\",\"fd00:2::/64\"]}");
	put(host, "route", "1/192.168.0.0/16", "{\"blackhole\":true,\"up\":true}");
	put(host, "route", "1/172.16.0.0/12",
	    "{\"vni\":5,\"mac\":\"02:00:00:02:00:00\",\"via\":\"10.0.0.10\",\"up\":true}");
}

static struct trace_host *fetch(const char *name, void *data, GError **error)
{
	struct fixture *f = data;
	guint self = (guint)(name[1] - '0');
	struct trace_host *host = trace_host_new(name, ip_from_v4(0x0a630001 + self));

	for (guint i = 0; i < HOSTS; i++) {
		g_autofree char *key = g_strdup_printf("h%u", i);

		if (i == self)
			continue;
		put(host, "host", key, "{\"ip\":\"10.99.0.%u\"}", 1 + i);
		for (guint net = 0; net < NETS; net++) {
			g_autofree char *member = g_strdup_printf("%u/h%u", 5 + net, i);

			put(host, "member", member, "{}");
		}
	}
	for (guint net = 0; net < NETS; net++) {
		g_autofree char *vni = g_strdup_printf("%u", 5 + net);
		char id[UUID_TEXT];

		put(host, "network", vni,
		    "{\"id\":\"%s\",\"mtu\":1450,\"up\":true,\"flood\":%s}",
		    uuid_print(uuid_new(), id), net == 2 ? "true" : "false");
	}
	put_router(host);
	for (guint i = 0; i < PORTS; i++)
		put_port(f, host, self, &f->ports[i]);
	g_assert_true(trace_host_wire(host, error));
	if (self == 0)
		f->first = host;
	return host;
}

/* --------------------------------------------------------------- kernel */

static void entry_put(enum desired_map map, const void *key, const void *value, void *data)
{
	static const enum native_map maps[] = {
#define X(id, name, array, key, value) [DESIRED_##id] = NATIVE_MAP_##name,
		DESIRED_MAPS(X)
#undef X
	};
	struct world_backend *kernel = data;

	g_assert_true(kernel->put(kernel->self, maps[map], key, value));
}

static void make_kernel(struct fixture *f)
{
	const struct dp_config *config = &f->first->native->config;
	void *self = f->kernel->self;

	f->kernel->config(self, "local_v4", config->local_v4);
	f->kernel->config(self, "vxlan_ifindex", config->vxlan_ifindex);
	f->kernel->config(self, "uplink_ifindex", config->uplink_ifindex);
	f->kernel->config(self, "has_decap_l3", 1);
	kernel_backend_load(f->kernel);
	desired_foreach(f->first->desired, entry_put, f->kernel);
	for (__u32 slot = 0; slot < SLOTS; slot++)
		f->kernel->put(self, NATIVE_MAP_port_conns, &slot,
			       native_find(f->first->native, NATIVE_MAP_port_conns, &slot));
}

static void forget_one(const void *key, void *value, void *arg)
{
	struct world_backend *kernel = arg;

	kernel->del(kernel->self, NATIVE_MAP_nat, key);
}

/* Trace knows no translation but its packet's own; an earlier one would cost this one its port. */
static void forget_nat(struct fixture *f)
{
	native_for_each(f->first->native, NATIVE_MAP_nat, forget_one, f->kernel);
}

/* Reasons and numbers of all drops so far. */
static void read_drops(struct fixture *f, guint64 *counts)
{
	for (guint i = 0; i < SLOTS * DP_DROP_COUNT; i++) {
		__u32 index = i;

		if (!f->kernel->read(f->kernel->self, NATIVE_MAP_drops, &index, &counts[i]))
			g_error("cannot read the drops");
	}
}

static GBytes *read_bytes(const json_t *object)
{
	const char *hex = json_string_value(json_object_get(object, "bytes"));
	GByteArray *out = g_byte_array_new();

	for (; *hex; hex += 2) {
		guint8 byte = (guint8)(g_ascii_xdigit_value(hex[0]) << 4 |
				       g_ascii_xdigit_value(hex[1]));

		g_byte_array_append(out, &byte, 1);
	}
	return g_byte_array_free_to_bytes(out);
}

static bool is(const json_t *result, const char *what)
{
	return !strcmp(json_string_value(json_object_get(result, "result")), what);
}

/* Is OUTPUT's frame SIZE bytes at BYTES? */
static bool is_frame(const struct native_output *output, const guint8 *bytes, gsize size)
{
	gsize got;
	const void *data = g_bytes_get_data(output->frame, &got);

	return got == size && !memcmp(data, bytes, got);
}

/* The device that RESULT's frame leaves by. */
static bool is_device(struct fixture *f, const json_t *result, __u32 ifindex)
{
	const char *port = json_string_value(json_object_get(result, "port"));
	struct uuid id;

	if (!ifindex) /* of a redirected frame the kernel does not say */
		return true;
	if (is(result, "sent"))
		return ifindex == TRACE_UPLINK || ifindex == TRACE_VXLAN;
	return port && uuid_parse(port, &id) &&
	       state_find_wire(f->first->state, id)->ifindex == ifindex;
}

/* Takes the output that is RESULT's frame from OUTPUTS. The vxlan device wraps it later. */
static bool take_output(struct fixture *f, GArray *outputs, const json_t *result)
{
	g_autoptr(GBytes) frame = read_bytes(result);
	gsize size;
	const guint8 *bytes = g_bytes_get_data(frame, &size);

	for (guint i = 0; i < outputs->len; i++) {
		const struct native_output *output =
			&g_array_index(outputs, struct native_output, i);
		bool later = is(result, "sent") && output->ifindex != TRACE_UPLINK &&
			     size > WIRE_OVERHEAD_V4;

		if (!is_device(f, result, output->ifindex) ||
		    (!is_frame(output, bytes, size) &&
		     (!later ||
		      !is_frame(output, bytes + WIRE_OVERHEAD_V4, size - WIRE_OVERHEAD_V4))))
			continue;
		g_array_remove_index(outputs, i);
		return true;
	}
	return false;
}

static const char *reason_name(guint number)
{
	static const char *const names[DP_DROP_COUNT] = {
#define X(number, NAME, name, sentence) [number] = name,
		DP_DROP_TABLE(X)
#undef X
	};

	return names[number] ? names[number] : "?";
}

/* The drop that RESULT tells is among those the kernel has counted, and is taken from them. */
static bool take_drop(struct fixture *f, guint64 *drops, const json_t *result)
{
	const char *reason = json_string_value(json_object_get(result, "reason"));
	const char *id = json_string_value(json_object_get(result, "port"));

	for (guint i = 0; i < SLOTS * DP_DROP_COUNT; i++) {
		const struct wire *wire = state_find_slot(f->first->state, i / DP_DROP_COUNT);
		char text[UUID_TEXT];

		if (!drops[i] || strcmp(reason_name(i % DP_DROP_COUNT), reason) ||
		    g_strcmp0(wire ? uuid_print(wire->id, text) : NULL, id))
			continue;
		drops[i]--;
		return true;
	}
	return false;
}

static void compare_results(struct fixture *f, const json_t *entry, struct world_result *kernel,
			    guint64 *drops)
{
	guint agent = 0;
	json_t *result;
	size_t i;

	json_array_foreach (json_object_get(entry, "results"), i, result) {
		bool good = true;

		if (is(result, "dropped")) {
			good = take_drop(f, drops, result);
			f->dropped++;
		} else if (is(result, "agent")) {
			agent++;
		} else if (!is(result, "nobody") && !is(result, "passed")) {
			good = take_output(f, kernel->outputs, result);
			f->copies++;
		}
		if (!good)
			g_error("only trace knows of this: %s\n%s", json_dumps(result, 0),
				json_dumps(entry, JSON_INDENT(1)));
	}
	for (guint n = kernel->punts->len; n > 0;
	     n--) /* it is dropped, and kept by the agent */
		if (g_array_index(kernel->punts, struct native_punt, n - 1).kind == PUNT_ASK)
			g_array_remove_index(kernel->punts, n - 1);
	if (kernel->outputs->len || kernel->punts->len != agent)
		g_error("the kernel did more: %s", json_dumps(entry, JSON_INDENT(1)));
	for (i = 0; i < SLOTS * DP_DROP_COUNT; i++)
		if (drops[i])
			g_error("the kernel dropped for %s, too: %s",
				reason_name(i % DP_DROP_COUNT),
				json_dumps(entry, JSON_INDENT(1)));
}

/* Limits of a second would let the kernel answer less than trace, which knows no time. */
static void forget_budgets(struct fixture *f)
{
	static const struct budget_value zeros;

	for (__u32 slot = 0; slot < SLOTS; slot++)
		g_assert_true(
			f->kernel->put(f->kernel->self, NATIVE_MAP_budget, &slot, &zeros));
}

/* One run on the first host, which the trace tells of, in the kernel. */
static void compare(struct fixture *f, const json_t *entry)
{
	static guint64 before[SLOTS * DP_DROP_COUNT], after[SLOTS * DP_DROP_COUNT];
	g_autoptr(GBytes) frame = read_bytes(entry);
	const char *port = json_string_value(json_object_get(entry, "port"));
	struct native_meta meta = {.ifindex = TRACE_UPLINK};
	struct world_result result = {0};
	struct uuid id;

	if (port && uuid_parse(port, &id))
		meta.ifindex = state_find_wire(f->first->state, id)->ifindex;
	forget_budgets(f);
	read_drops(f, before);
	if (f->kernel->run(f->kernel->self, !port, frame, &meta, &result)) {
		f->skipped++;
		return;
	}
	read_drops(f, after);
	for (guint i = 0; i < G_N_ELEMENTS(after); i++)
		after[i] -= before[i];
	compare_results(f, entry, &result, after);
	world_result_clear(&result);
	f->compared++;
}

/* -------------------------------------------------------------- packets */

static struct ip random_address(struct fixture *f, bool v4)
{
	static const char *const others[][2] = {
		{"10.0.0.1", "fd00:1::1"},	  {"10.0.1.1", "fd00:2::1"},
		{"10.0.0.99", "fd00:1::99"},	  {"192.168.1.1", "fe80::1"},
		{"172.16.5.5", "fd99::1"},	  {"255.255.255.255", "ff02::1"},
		{"8.8.8.8", "2001:db8::1"},	  {"203.0.113.99", "2001:db8:e::99"},
		{"203.0.113.5", "2001:db8:e::5"},
	};
	const struct fake_port *port = &f->ports[pick(f, PORTS)];
	struct ip ip;

	if (pick(f, 4))
		return v4 ? port->ip4 : port->ip6;
	g_assert_true(ip_parse(others[pick(f, G_N_ELEMENTS(others))][v4 ? 0 : 1], &ip));
	return ip;
}

/* Beyond the router's gateway. */
static bool is_world(struct ip ip)
{
	static const char *const prefixes[] = {
		"8.8.8.8/32", "203.0.113.99/32", "2001:db8::/64", "2001:db8:e::99/128",
		"fd99::/64",  "10.0.2.0/24",	 "fd00:3::/64"};

	for (guint i = 0; i < G_N_ELEMENTS(prefixes); i++) {
		struct prefix prefix;

		g_assert_true(prefix_parse(prefixes[i], false, &prefix));
		if (prefix_contains(prefix, ip))
			return true;
	}
	return false;
}

static struct trace_packet random_packet(struct fixture *f)
{
	static const enum trace_kind kinds[] = {TRACE_TCP, TRACE_UDP,  TRACE_ICMP, TRACE_TCP,
						TRACE_UDP, TRACE_ICMP, TRACE_ARP,  TRACE_ND};
	struct trace_packet packet = {.kind = kinds[pick(f, G_N_ELEMENTS(kinds))],
				      .source_port = (uint16_t)(40000 + pick(f, 4)),
				      .target_port = (uint16_t)(1000 + pick(f, 100)),
				      .ttl = pick(f, 10) ? 64 : (uint8_t)pick(f, 4),
				      .size = pick(f, 20) ? (uint16_t)pick(f, 64) : 1450};
	bool v4 = packet.kind == TRACE_ARP || (packet.kind != TRACE_ND && pick(f, 2));

	if (pick(f, 50) == 0)
		packet.kind = TRACE_DHCP;
	packet.target = random_address(f, v4);
	if (is_world(packet.target))
		packet.source_port = 20000 + f->outward++ % 20000;
	if (pick(f, 10) == 0)
		packet.source = random_address(f, v4);
	if (pick(f, 20) == 0)
		packet.from = f->ports[pick(f, PORTS)].mac;
	if (pick(f, 10) == 0)
		packet.to = f->ports[pick(f, PORTS)].mac;
	return packet;
}

static const json_t *subnets_of(const struct fake_port *port)
{
	static json_t *all[NETS];

	if (!all[port->net])
		all[port->net] = json_pack(
			"[{s:s,s:s},{s:s,s:s}]", "cidr",
			(const char *const[]){"10.0.0.0/24", "10.0.1.0/24",
					      "10.0.2.0/24"}[port->net],
			"gateway_ip",
			(const char *const[]){"10.0.0.1", "10.0.1.1", "10.0.2.1"}[port->net],
			"cidr",
			(const char *const[]){"fd00:1::/64", "fd00:2::/64",
					      "fd00:3::/64"}[port->net],
			"gateway_ip",
			(const char *const[]){"fd00:1::1", "fd00:2::1",
					      "fd00:3::1"}[port->net]);
	return all[port->net];
}

/* Some bytes of the frame are anything. */
static json_t *run_damaged(struct fixture *f, struct trace_host *host,
			   const struct fake_port *port, struct trace_packet *packet)
{
	const struct wire *wire = state_find_wire(host->state, port->id);
	g_autoptr(GBytes) frame = NULL;
	GByteArray *bytes;

	if (mac_is_none(packet->from))
		packet->from = port->mac;
	if (ip_is_none(packet->source))
		packet->source = ip_is_v4(packet->target) ? port->ip4 : port->ip6;
	if (mac_is_none(packet->to))
		packet->to = f->ports[pick(f, PORTS)].mac;
	bytes = trace_packet_build(packet);
	for (guint n = pick(f, 4); n-- > 0;)
		bytes->data[pick(f, MIN(bytes->len, 60))] = (guint8)pick(f, 256);
	if (pick(f, 10) == 0)
		g_byte_array_set_size(bytes, 34 + pick(f, bytes->len - 33));
	frame = g_byte_array_free_to_bytes(bytes);
	return trace_frame(f->trace, host, wire->ifindex, frame, NULL);
}

/* --------------------------------------------------------------- oracle */

static const struct fake_port *find_owner(struct fixture *f, struct ip ip)
{
	for (guint i = 0; i < PORTS; i++)
		if (ip_equal(f->ports[i].ip4, ip) || ip_equal(f->ports[i].ip6, ip))
			return &f->ports[i];
	return NULL;
}

/* What anybody would expect, without knowing how it is done. */
static bool should_arrive(const struct fake_port *from, const struct fake_port *to,
			  const struct trace_packet *packet)
{
	guint headers =
		(ip_is_v4(packet->target) ? 20 : 40) + (packet->kind == TRACE_TCP ? 20 : 8);

	return from->up && to->up && to->wired &&
	       (packet->kind == TRACE_ARP || headers + packet->size <= 1450) &&
	       (from->net == to->net || (from->net < 2 && to->net < 2 && packet->ttl > 1));
}

/* A packet that every port of the network is to have. */
static bool is_for_all(struct fixture *f, const struct fake_port *from,
		       const struct trace_packet *packet)
{
	const struct fake_port *owner = find_owner(f, packet->target);

	if (packet->kind == TRACE_ARP)
		return from->net == 2 && (!owner || owner->net != 2);
	return ip_is_multicast(packet->target) ||
	       (ip_is_v4(packet->target) && ip_to_v4(packet->target) == 0xffffffff);
}

static bool is_delivered(const json_t *results, const struct fake_port *port)
{
	char id[UUID_TEXT];
	json_t *result;
	size_t i;

	uuid_print(port->id, id);
	json_array_foreach (results, i, result)
		if (is(result, "delivered") &&
		    !strcmp(json_string_value(json_object_get(result, "port")), id))
			return true;
	return false;
}

static bool has_receiver(struct fixture *f, const struct fake_port *from,
			 const struct fake_port *to, const struct trace_packet *packet)
{
	if (is_for_all(f, from, packet))
		return from != to && from->net == to->net && should_arrive(from, to, packet);
	return packet->kind != TRACE_ARP && find_owner(f, packet->target) == to &&
	       should_arrive(from, to, packet);
}

static void check_oracle(struct fixture *f, const struct fake_port *from,
			 const struct trace_packet *packet, const json_t *out)
{
	const json_t *results = json_object_get(out, "results");
	const struct fake_port *owner = find_owner(f, packet->target);

	/* the static route's receiver is the kernel's part of the law alone */
	if (ip_is_v4(packet->target) && ip_to_v4(packet->target) >> 24 == 172)
		return;
	/* a port that has no device is unknown unicast where that is flooded */
	if (owner && (owner == from || (owner->net == 2 && !owner->wired)))
		return;
	for (guint i = 0; i < PORTS; i++) {
		const struct fake_port *to = &f->ports[i];
		bool arrives = is_delivered(results, to);

		if (arrives != has_receiver(f, from, to, packet))
			g_error("port %u: %s: %s", i,
				arrives ? "gets it and should not" : "should get it",
				json_dumps(out, JSON_INDENT(1)));
		f->delivered += arrives;
	}
	f->oracle++;
}

/* What a gateway has sent out has no address of the inside. */
static void check_left(struct fixture *f, const json_t *results)
{
	static const guint8 own[4] = {203, 0, 113, 5};
	json_t *result;
	size_t i;

	json_array_foreach (results, i, result) {
		g_autoptr(GBytes) frame = is(result, "left") ? read_bytes(result) : NULL;
		const guint8 *bytes = frame ? g_bytes_get_data(frame, NULL) : NULL;

		if (bytes && bytes[12] == 8 && memcmp(bytes + 26, own, sizeof(own)) != 0)
			g_error("an inner address leaves: %s", json_dumps(result, 0));
		f->left += !!bytes;
	}
}

/* A packet for the world leaves, exactly when that may be. */
static void check_world(const struct fake_port *from, const struct trace_packet *packet,
			const json_t *out)
{
	const json_t *results = json_object_get(out, "results");
	guint headers =
		(ip_is_v4(packet->target) ? 20 : 40) + (packet->kind == TRACE_TCP ? 20 : 8);
	bool should = packet->kind != TRACE_ARP && is_world(packet->target) && from->up &&
		      from->net < 2 && packet->ttl > 1 && headers + packet->size <= 1400;
	bool left = json_array_size(results) == 1 && is(json_array_get(results, 0), "left");

	if (left != should)
		g_error("%s: %s", left ? "leaves and should not" : "should leave",
			json_dumps(out, JSON_INDENT(1)));
}

/* One packet of any wired port. */
static void one(struct fixture *f)
{
	const struct fake_port *port = &f->ports[pick(f, PORTS)];
	g_autofree char *name = g_strdup_printf("h%u", port->host);
	struct trace_packet packet = random_packet(f);
	bool plain = packet.kind <= TRACE_ARP && ip_is_none(packet.source) &&
		     mac_is_none(packet.from) && mac_is_none(packet.to);
	g_autoptr(GError) error = NULL;
	json_auto_t *out = NULL;
	json_t *entry;
	size_t i;

	if (!port->wired)
		return;
	if (pick(f, 3) == 0 && port->host == 0) {
		plain = false;
		out = run_damaged(f, f->first, port, &packet);
	} else {
		out = trace_run(f->trace, name, port->id, &packet, subnets_of(port), &error);
	}
	if (!out && g_error_matches(error, WEFT_ERROR, WEFT_ERROR_INVALID))
		return; /* off every subnet, by a way there is none */
	g_assert_no_error(error);
	g_assert_nonnull(out);
	check_left(f, json_object_get(out, "results"));
	if (plain) {
		check_oracle(f, port, &packet, out);
		check_world(port, &packet, out);
	}
	json_array_foreach (json_object_get(out, "hosts"), i, entry)
		if (!strcmp(json_string_value(json_object_get(entry, "host")), "h0"))
			compare(f, entry);
	forget_nat(f);
}

int main(int argc, char **argv)
{
	guint32 seed = argc > 1 ? (guint32)strtoul(argv[1], NULL, 0) : g_random_int();
	struct fixture f = {.random = g_rand_new_with_seed(seed)};
	const char *skip = NULL;

	f.kernel = kernel_backend_new(&skip);
	if (!f.kernel) {
		printf("1..0 # SKIP %s\n", skip);
		return 0;
	}
	printf("# seed %u\n", seed);
	make_ports(&f);
	f.trace = trace_new(fetch, &f);
	while (!f.first) { /* the first question makes the first host */
		struct trace_packet packet = {.kind = TRACE_ARP, .target = f.ports[1].ip4};
		json_t *out;

		f.ports[0].wired = true;
		out = trace_run(f.trace, "h0", f.ports[0].id, &packet, NULL, NULL);
		g_assert_nonnull(out);
		json_decref(out);
	}
	make_kernel(&f);
	while (f.compared < PACKETS)
		one(&f);
	printf("# %u runs compared with the kernel: %u drops, %u frames; %u skipped as TEST_RUN "
	       "refuses them\n# %u packets with expected receivers, %u copies delivered, %u have "
	       "left\n",
	       f.compared, f.dropped, f.copies, f.skipped, f.oracle, f.delivered, f.left);
	g_assert_cmpuint(f.dropped, >, 50);
	g_assert_cmpuint(f.copies, >, 200);
	g_assert_cmpuint(f.delivered, >, 50);
	g_assert_cmpuint(f.left, >, 20);
	g_assert_cmpuint(f.skipped, <, f.compared / 10);
	printf("ok 1 - trace tells what the kernel does, and what should be\n1..1\n");
	trace_free(f.trace);
	kernel_backend_free(f.kernel);
	g_rand_free(f.random);
	return 0;
}
