/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of the kernel and of the state into JSON; numbers are read when asked for. */
#include "agent/show.h"

#include "agent/agent.h"
#include "agent/netns.h"
#include "agent/reason.h"
#include "agent/refusals.h"

static json_t *from_uuid(struct uuid id)
{
	char text[UUID_TEXT];

	return json_string(uuid_print(id, text));
}

static json_t *from_ip(struct ip ip)
{
	char text[IP_TEXT];

	return json_string(ip_print(ip, text));
}

static json_t *from_mac(struct mac mac)
{
	char text[MAC_TEXT];

	return json_string(mac_print(mac, text));
}

static json_t *from_count(uint64_t count)
{
	return json_integer((json_int_t)count);
}

static json_t *counters(struct agent *agent, const struct wire *wire)
{
	struct port_stats_value stats = {0};
	json_t *out = json_object();

	if (wire)
		maps_read_port_stats(agent->maps, wire->slot, &stats);
	json_object_set_new(out, "tx_packets", from_count(stats.tx_packets));
	json_object_set_new(out, "tx_bytes", from_count(stats.tx_bytes));
	json_object_set_new(out, "rx_packets", from_count(stats.rx_packets));
	json_object_set_new(out, "rx_bytes", from_count(stats.rx_bytes));
	return out;
}

/* Those that are not zero, by name. */
static json_t *drops(struct agent *agent, uint32_t slot)
{
	json_t *out = json_object();
	uint64_t counts[DP_DROP_COUNT];

	if (!maps_read_drops(agent->maps, slot, counts))
		return out;
	for (const struct reason *reason = reason_table; reason->name; reason++)
		if (counts[reason->number])
			json_object_set_new(out, reason->name,
					    from_count(counts[reason->number]));
	return out;
}

json_t *show_device(struct agent *agent, const struct ports_device *device)
{
	const struct row_port *port = state_find_port(agent->state, device->id);
	json_t *out = json_object();

	json_object_set_new(out, "port", from_uuid(device->id));
	json_object_set_new(out, "device", json_string(device->link.name));
	json_object_set_new(out, "mac", from_mac(port ? port->mac : device->link.mac));
	json_object_set_new(out, "mtu", json_integer(device->mtu));
	return out;
}

static json_t *port_ips(const struct row_port *port)
{
	json_t *out = json_array();

	for (gsize i = 0; i < port->pair_count; i++)
		if (port->pairs[i].prefix.bits == 128 &&
		    mac_equal(port->pairs[i].mac, port->mac))
			json_array_append_new(out, from_ip(port->pairs[i].prefix.ip));
	return out;
}

static json_t *show_port(struct agent *agent, const struct row_port *port)
{
	const struct wire *wire = state_find_wire(agent->state, port->id);
	const struct ports_device *device = ports_find(agent->ports, port->id);
	json_t *out = json_object();

	json_object_set_new(out, "id", from_uuid(port->id));
	json_object_set_new(out, "name", json_string(port->name));
	json_object_set_new(out, "project", json_string(port->project));
	json_object_set_new(out, "network", from_uuid(port->network));
	json_object_set_new(out, "vni", json_integer(port->vni));
	json_object_set_new(out, "mac", from_mac(port->mac));
	json_object_set_new(out, "ips", port_ips(port));
	json_object_set_new(out, "up", json_boolean(port->up));
	json_object_set_new(out, "wired", json_boolean(wire != NULL));
	json_object_set_new(out, "device",
			    device ? json_string(device->link.name) : json_null());
	if (device) {
		g_autofree char *netns =
			netns_find_name(agent->netlink, device->link.peer_netns);

		json_object_set_new(out, "netns", netns ? json_string(netns) : json_null());
		json_object_set_new(out, "slot", json_integer(wire ? wire->slot : 0));
	}
	json_object_set_new(out, "counters", counters(agent, wire));
	return out;
}

json_t *show_ports(struct agent *agent)
{
	g_autoptr(GPtrArray) ports = state_list_ports(agent->state);
	json_t *list = json_array();

	for (guint i = 0; i < ports->len; i++)
		json_array_append_new(list, show_port(agent, g_ptr_array_index(ports, i)));
	return json_pack("{s:o}", "ports", list);
}

json_t *show_stats(struct agent *agent, const struct row_port *port)
{
	const struct wire *wire = state_find_wire(agent->state, port->id);
	json_t *out = show_port(agent, port);

	json_object_set_new(out, "drops", wire ? drops(agent, wire->slot) : json_object());
	return out;
}

struct drop_list {
	struct agent *agent;
	json_t *list;
};

static void drops_add(const struct wire *wire, void *data)
{
	struct drop_list *into = data;
	json_t *counts = drops(into->agent, wire->slot), *entry;

	if (!json_object_size(counts)) {
		json_decref(counts);
		return;
	}
	entry = json_object();
	json_object_set_new(entry, "port", from_uuid(wire->id));
	json_object_set_new(entry, "name", json_string(wire->port ? wire->port->name : ""));
	json_object_set_new(entry, "drops", counts);
	json_array_append_new(into->list, entry);
}

json_t *show_drops(struct agent *agent)
{
	struct drop_list into = {agent, json_array()};

	state_foreach_wire(agent->state, drops_add, &into);
	return json_pack("{s:o,s:o}", "drops", into.list, "host", drops(agent, 0));
}

static json_t *show_tables(struct agent *agent)
{
	json_t *out = json_object();

	for (int i = 0; i < DESIRED_MAP_COUNT; i++)
		json_object_set_new(out, desired_shapes[i].name,
				    from_count(desired_count(agent->desired, i)));
	json_object_set_new(out, "conn", from_count(age_get_count(agent->age)));
	return out;
}

static json_t *show_rows(struct agent *agent)
{
	json_t *out = json_object();

	for (int i = 0; i < ROW_TABLE_COUNT; i++)
		json_object_set_new(out, row_table_name(i),
				    from_count(state_count(agent->state, i)));
	return out;
}

static json_t *show_host_stats(struct agent *agent)
{
	struct host_stats_value stats = {0};
	json_t *out = json_object();

	maps_read_host_stats(agent->maps, &stats);
	json_object_set_new(out, "flow_hits", from_count(stats.flow_hits));
	json_object_set_new(out, "flow_misses", from_count(stats.flow_misses));
	json_object_set_new(out, "flow_evictions", from_count(stats.flow_evictions));
	json_object_set_new(out, "conn_created", from_count(stats.conn_created));
	json_object_set_new(out, "conn_full", from_count(stats.conn_full));
	json_object_set_new(out, "encap_fallbacks", from_count(stats.encap_fallbacks));
	json_object_set_new(out, "flood_copies", from_count(stats.flood_copies));
	json_object_set_new(out, "punts", from_count(stats.punts));
	return out;
}

static json_t *show_dhcp(const struct agent_dhcp *dhcp)
{
	json_t *out = json_object();

	json_object_set_new(out, "answered", from_count(dhcp->answered));
	json_object_set_new(out, "ignored", from_count(dhcp->ignored));
	json_object_set_new(out, "failed", from_count(dhcp->failed));
	return out;
}

static json_t *show_advertisements(const struct advertise_counters *counters)
{
	json_t *out = json_object();

	json_object_set_new(out, "solicited", from_count(counters->solicited));
	json_object_set_new(out, "unsolicited", from_count(counters->unsolicited));
	json_object_set_new(out, "final", from_count(counters->final));
	json_object_set_new(out, "failed", from_count(counters->failed));
	return out;
}

json_t *show_status(struct agent *agent)
{
	struct feed_counters feed = feed_get_counters(agent->feed);
	const char *controller = feed_get_controller(agent->feed);
	json_t *out = json_object();

	json_object_set_new(out, "host", json_string(agent->options->host));
	json_object_set_new(out, "version", json_string(WEFT_VERSION));
	json_object_set_new(out, "tunnel_ip", json_string(agent->options->tunnel_text));
	json_object_set_new(out, "controller", json_string(controller ? controller : ""));
	json_object_set_new(out, "connected", json_boolean(feed_is_connected(agent->feed)));
	json_object_set_new(out, "revision", from_count(feed_get_revision(agent->feed)));
	json_object_set_new(out, "programs", json_boolean(agent->hooked));
	json_object_set_new(out, "ports", from_count(ports_count(agent->ports)));
	json_object_set_new(out, "applies", from_count(agent->applies));
	json_object_set_new(out, "failures", from_count(agent->failures));
	json_object_set_new(out, "bad_lines", from_count(feed.bad_lines));
	json_object_set_new(out, "rows", show_rows(agent));
	json_object_set_new(out, "tables", show_tables(agent));
	json_object_set_new(out, "refused", refusals_list(agent->state));
	json_object_set_new(out, "traffic", show_host_stats(agent));
	json_object_set_new(out, "dhcp4", show_dhcp(&agent->dhcp4));
	json_object_set_new(out, "dhcp6", show_dhcp(&agent->dhcp6));
	json_object_set_new(out, "router_advertisements",
			    show_advertisements(advertise_get_counters(agent->advertise)));
	return out;
}
