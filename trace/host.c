/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See host.h. What the real agent learns from its kernel is assumed: each port has a veth,
 * each host a resolved next hop, and the underlay carries what the networks' MTUs promise.
 */
#include "trace/host.h"

#include "trace/host_data.h"
#include "trace/policy.h"

#include <string.h>

#define FIRST_DEVICE 102
#define FLOW_SETS_N  64

static void on_watch(struct ip remote, struct next_hop *out, void *data)
{
	*out = (struct next_hop){.resolved = true,
				 .ifindex = TRACE_UPLINK,
				 .next = {{0x02, 0xff, 0, 0, 0, 0x02}},
				 .source = {{0x02, 0xff, 0, 0, 0, 0x01}}};
}

static void on_unwatch(struct ip remote, void *data)
{
}

/* Limits are those of one host's maps; what they cut off is seen as a missing entry. */
static void on_complain(const char *text, void *data)
{
}

static guint ip_hash(gconstpointer data)
{
	const struct ip *ip = data;
	guint hash = 5381;

	for (gsize i = 0; i < sizeof(ip->b); i++)
		hash = hash * 33 + ip->b[i];
	return hash;
}

static gboolean ip_same(gconstpointer a, gconstpointer b)
{
	return memcmp(a, b, sizeof(struct ip)) == 0;
}

static void set_tunnel_address(struct dp_config *config, struct ip ip)
{
	if (ip_is_v4(ip)) {
		memcpy(&config->local_v4, ip.b + 12, sizeof(config->local_v4));
		return;
	}
	memcpy(&config->local_v6_high, ip.b, 8);
	memcpy(&config->local_v6_low, ip.b + 8, 8);
}

struct trace_host *trace_host_new(const char *name, struct ip ip)
{
	static const struct state_ops ops = {on_watch, on_unwatch, on_complain, NULL};
	struct trace_host *host = g_new0(struct trace_host, 1);

	host->name = g_intern_string(name);
	host->ip = ip;
	host->desired = desired_new();
	host->state = state_new(name, ip, host->desired, &ops, host);
	host->native = native_host_new(FLOW_SETS_N);
	host->native->config.uplink_ifindex = TRACE_UPLINK;
	host->native->config.vxlan_ifindex = TRACE_VXLAN;
	host->native->config.has_decap_l3 = 1;
	set_tunnel_address(&host->native->config, ip);
	host->peers = g_hash_table_new_full(ip_hash, ip_same, g_free, NULL);
	host->conns = g_array_new(FALSE, FALSE, sizeof(struct trace_conn));
	host->unwired = g_hash_table_new_full(uuid_hash, uuid_same, g_free, NULL);
	host->physicals = g_ptr_array_new();
	return host;
}

void trace_host_free(struct trace_host *host)
{
	if (!host)
		return;
	state_free(host->state); /* it gives back what it desired */
	desired_free(host->desired);
	native_host_free(host->native);
	g_hash_table_unref(host->peers);
	g_hash_table_unref(host->unwired);
	g_array_unref(host->conns);
	g_ptr_array_unref(host->physicals);
	g_free(host->note);
	g_free(host);
}

bool trace_host_put(struct trace_host *host, const char *table, const char *key, json_t *value,
		    GError **error)
{
	struct ip ip;

	if (!state_put(host->state, table, key, value, error))
		return false;
	if (strcmp(table, "host") == 0 &&
	    ip_parse(json_string_value(json_object_get(value, "ip")), &ip))
		g_hash_table_replace(host->peers, g_memdup2(&ip, sizeof(ip)),
				     (gpointer)g_intern_string(key));
	return true;
}

void trace_host_unwire(struct trace_host *host, struct uuid port)
{
	g_hash_table_add(host->unwired, g_memdup2(&port, sizeof(port)));
}

void trace_host_add_note(struct trace_host *host, const char *note)
{
	char *all = host->note ? g_strconcat(host->note, "; ", note, NULL) : g_strdup(note);

	g_free(host->note);
	host->note = all;
}

static gint port_compare(gconstpointer left, gconstpointer right)
{
	const struct row_port *a = *(struct row_port *const *)left;
	const struct row_port *b = *(struct row_port *const *)right;

	return memcmp(a->id.b, b->id.b, sizeof(a->id.b));
}

static void entry_put(enum desired_map map, const void *key, const void *value, void *data)
{
	static const enum native_map maps[] = {
#define X(id, name, array, key, value) [DESIRED_##id] = NATIVE_MAP_##name,
		DESIRED_MAPS(X)
#undef X
	};

	native_put(((struct trace_host *)data)->native, maps[map], key, value);
}

static void on_gateway(const struct wire *wire, const struct row_gateway *gateway, bool is_new,
		       void *data)
{
	struct trace_host *host = data;
	const char *name = g_intern_string(gateway->physical);

	if (name && !g_hash_table_contains(host->unwired, &wire->id) &&
	    !g_ptr_array_find(host->physicals, name, NULL))
		g_ptr_array_add(host->physicals, (gpointer)name);
}

/* Each physical network that a gateway of the host's is on has a device there. */
static void wire_gateways(struct trace_host *host, uint32_t ifindex)
{
	host->physical = ifindex;
	state_foreach_gateway(host->state, on_gateway, host);
	for (guint i = 0; i < host->physicals->len; i++) {
		struct mac mac = {{0x02, 0xfe, 0, 0, 0, (guint8)(i + 1)}};

		state_set_physical(host->state, host->physicals->pdata[i], ifindex + i, mac,
				   65535);
	}
}

bool trace_host_wire(struct trace_host *host, GError **error)
{
	g_autoptr(GPtrArray) ports = state_list_ports(host->state);
	uint32_t ifindex = FIRST_DEVICE;

	g_ptr_array_sort(ports, port_compare); /* the same numbers each time */
	for (guint i = 0; i < ports->len; i++) {
		const struct row_port *port = ports->pdata[i];

		if (g_hash_table_contains(host->unwired, &port->id))
			continue;
		if (!state_wire(host->state, port->id, ifindex++, true, 0, error))
			return false;
	}
	wire_gateways(host, ifindex);
	state_flush(host->state);
	desired_foreach(host->desired, entry_put, host);
	trace_policy_share(host);
	return true;
}

/* ---------------------------------------------------------- connections */

static const char *member_text(const json_t *flow, const char *name)
{
	const char *text = json_string_value(json_object_get(flow, name));

	return text ? text : "";
}

static bool read_end(const json_t *flow, const char *name, const char *port,
		     struct abi_ip *address, __be16 *number)
{
	json_int_t value = json_integer_value(json_object_get(flow, port));
	struct ip ip;

	if (!ip_parse(member_text(flow, name), &ip) || value < 0 || value > 65535)
		return false;
	memcpy(address->b, ip.b, sizeof(address->b));
	*number = g_htons((guint16)value);
	return true;
}

static bool read_proto(const char *text, uint32_t *out)
{
	static const struct {
		const char *name;
		uint32_t proto;
	} names[] = {{"tcp", 6}, {"udp", 17}, {"icmp", 1}, {"icmpv6", 58}, {"sctp", 132}};
	guint64 number;

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		if (strcmp(names[i].name, text) == 0) {
			*out = names[i].proto;
			return true;
		}
	if (!g_ascii_string_to_unsigned(text, 10, 0, 255, &number, NULL))
		return false;
	*out = (uint32_t)number;
	return true;
}

static uint8_t read_state(const char *text)
{
	static const char *const names[] = {"new", "established", "fin", "closing", "closed"};

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		if (strcmp(names[i], text) == 0)
			return (uint8_t)i;
	return CONN_CLOSED;
}

bool trace_host_put_conn(struct trace_host *host, const json_t *flow)
{
	struct trace_conn conn = {0};
	const struct wire *wire;
	struct uuid port;

	if (!uuid_parse(member_text(flow, "port"), &port))
		return false;
	wire = state_find_wire(host->state, port);
	if (!wire || !read_proto(member_text(flow, "protocol"), &conn.key.proto) ||
	    !read_end(flow, "local", "local_port", &conn.key.local, &conn.key.lport) ||
	    !read_end(flow, "remote", "remote_port", &conn.key.remote, &conn.key.rport))
		return false;
	conn.key.slot = wire->slot;
	conn.value.state = read_state(member_text(flow, "state"));
	conn.value.origin = !strcmp(member_text(flow, "opened_by"), "remote");
	conn.value.remote_identity =
		(uint32_t)json_integer_value(json_object_get(flow, "remote_identity"));
	g_array_append_val(host->conns, conn);
	return true;
}

const char *trace_host_find_peer(const struct trace_host *host, struct ip ip)
{
	return g_hash_table_lookup(host->peers, &ip);
}

const char *trace_host_find_physical(const struct trace_host *host, uint32_t ifindex)
{
	uint32_t i = ifindex - host->physical;

	return host->physical && i < host->physicals->len ? host->physicals->pdata[i] : NULL;
}

const struct wire *trace_host_find_wire(const struct trace_host *host, uint32_t ifindex)
{
	const uint32_t *slot = native_find(host->native, NATIVE_MAP_device, &ifindex);

	return slot ? state_find_slot(host->state, *slot) : NULL;
}

void trace_host_forget(struct trace_host *host)
{
	static const enum native_map maps[] = {NATIVE_MAP_flow,	  NATIVE_MAP_conn,
					       NATIVE_MAP_nat,	  NATIVE_MAP_fragment,
					       NATIVE_MAP_budget, NATIVE_MAP_scratch};

	for (gsize i = 0; i < G_N_ELEMENTS(maps); i++)
		native_clear(host->native, maps[i]);
	native_host_forget(host->native);
	for (guint i = 0; i < host->conns->len; i++) {
		const struct trace_conn *conn =
			&g_array_index(host->conns, struct trace_conn, i);

		native_put(host->native, NATIVE_MAP_conn, &conn->key, &conn->value);
	}
}
