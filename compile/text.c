/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of rows of hosts, networks, locations, members and ports. Those of routers
 * need a choice among candidates and have a file of their own, route.c.
 */
#include "compile/text.h"

#include <string.h>

#include "compile/ipv6.h"
#include "compile/text_policy.h"
#include "compile/value.h"
#include "model/dns.h"

/* Answers a DHCP client whose subnet has no gateway; link-local, so no tenant has it. */
#define DHCP_SERVER_WITHOUT_GATEWAY 0xa9fe0001 /* 169.254.0.1 */

bool text_is_workload(const struct port *port)
{
	return port_is_bound(port);
}

bool text_is_address(const struct address_pair *pair)
{
	return pair->ip.bits == 128;
}

struct mac text_pair_mac(const struct port *port, const struct address_pair *pair)
{
	return mac_is_none(pair->mac) ? port->mac : pair->mac;
}

void text_list_macs(const struct port *port, GArray *macs)
{
	const struct address_pair *pairs = port->allowed_address_pairs.items;
	guint first = macs->len;

	g_array_append_val(macs, port->mac);
	for (uint32_t i = 0; i < port->allowed_address_pairs.count; i++) {
		struct mac mac = text_pair_mac(port, &pairs[i]);
		bool known = !text_is_address(&pairs[i]);

		for (guint j = first; j < macs->len && !known; j++)
			known = mac_equal(mac, g_array_index(macs, struct mac, j));
		if (!known)
			g_array_append_val(macs, mac);
	}
}

char *text_key_vni(struct vni vni)
{
	return g_strdup_printf("%u", vni.value);
}

char *text_key_location(struct vni vni, struct mac mac)
{
	char text[MAC_TEXT];

	return g_strdup_printf("%u/%s", vni.value, mac_print(mac, text));
}

char *text_key_member(struct vni vni, const char *host)
{
	return g_strdup_printf("%u/%s", vni.value, host);
}

char *text_print_host(const struct host *host)
{
	json_t *row = json_object();

	json_object_set_new(row, "ip", value_from_ip(host->tunnel_ip));
	return value_dump(row);
}

char *text_print_network(const struct network *network)
{
	json_t *row = json_object();

	json_object_set_new(row, "id", value_from_uuid(network->object.id));
	json_object_set_new(row, "mtu", json_integer(network->mtu));
	json_object_set_new(row, "up", json_boolean(network->admin_state_up));
	json_object_set_new(row, "flood", json_boolean(network->flood));
	return value_dump(row);
}

char *text_print_member(void)
{
	return value_dump(json_object());
}

/* An address that several pairs of one port name belongs to the first of them. */
static bool pair_is_first(const struct address_pair *pairs, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (prefix_equal(pairs[i].ip, pairs[n].ip))
			return false;
	return true;
}

char *text_print_location(const struct port *port, struct mac mac, text_lone lone,
			  const void *data)
{
	const struct address_pair *pairs = port->allowed_address_pairs.items;
	const struct fixed_ip *fixed = port->fixed_ips.items;
	GString *out = g_string_new("{");

	value_append_text(out, "host", port->host_id);
	value_append_int(out, "identity", port->identity);
	value_append_open(out, "ips", '[');
	if (mac_equal(mac, port->mac))
		for (uint32_t i = 0; i < port->fixed_ips.count; i++)
			value_append_ip(out, NULL, fixed[i].ip);
	for (uint32_t i = 0; i < port->allowed_address_pairs.count; i++)
		if (text_is_address(&pairs[i]) &&
		    mac_equal(mac, text_pair_mac(port, &pairs[i])) && pair_is_first(pairs, i) &&
		    lone(pairs[i].ip.ip, data))
			value_append_ip(out, NULL, pairs[i].ip.ip);
	g_string_append(out, "]}");
	return g_string_free(out, FALSE);
}

static void append_pair(GString *out, struct mac mac, struct prefix prefix)
{
	value_append_open(out, NULL, '{');
	value_append_mac(out, "mac", mac);
	value_append_prefix(out, "prefix", prefix);
	g_string_append_c(out, '}');
}

/* What the port may send from: see guard_key in abi/map.h. */
static void append_pairs(GString *out, const struct port *port)
{
	const struct address_pair *pairs = port->allowed_address_pairs.items;
	const struct fixed_ip *fixed = port->fixed_ips.items;

	value_append_open(out, "pairs", '[');
	for (uint32_t i = 0; i < port->fixed_ips.count; i++) {
		struct prefix prefix = {.ip = fixed[i].ip, .bits = 128};

		append_pair(out, port->mac, prefix);
	}
	for (uint32_t i = 0; i < port->allowed_address_pairs.count; i++)
		append_pair(out, text_pair_mac(port, &pairs[i]), pairs[i].ip);
	g_string_append_c(out, ']');
}

static void append_dns(GString *out, const struct subnet *subnet)
{
	const struct ip *servers = subnet->dns_nameservers.items;

	value_append_open(out, "dns", '[');
	for (uint32_t i = 0; i < subnet->dns_nameservers.count; i++)
		if (ip_is_v4(servers[i]))
			value_append_ip(out, NULL, servers[i]);
	g_string_append_c(out, ']');
}

static void append_routes(GString *out, const struct subnet *subnet)
{
	const struct host_route *routes = subnet->host_routes.items;

	value_append_open(out, "routes", '[');
	for (uint32_t i = 0; i < subnet->host_routes.count; i++) {
		if (!prefix_is_v4(routes[i].destination))
			continue;
		value_append_open(out, NULL, '{');
		value_append_prefix(out, "destination", routes[i].destination);
		value_append_ip(out, "nexthop", routes[i].nexthop);
		g_string_append_c(out, '}');
	}
	g_string_append_c(out, ']');
}

/* The port's domain, unless an option of its own says something else. */
static void option_add_domain(json_t *list, const struct port *port, const char *name,
			      int64_t ip_version, const char *domain)
{
	const struct dhcp_option *options = port->extra_dhcp_opts.items;
	g_autofree char *bare = g_strndup(domain, strlen(domain) - 1);

	for (uint32_t i = 0; i < port->extra_dhcp_opts.count; i++)
		if (options[i].ip_version == ip_version &&
		    g_strcmp0(options[i].name, name) == 0)
			return;
	json_array_append_new(list, json_pack("{s:s, s:s}", "name", name, "value", bare));
}

json_t *text_list_options(const struct cloud *cloud, const struct port *port,
			  int64_t ip_version)
{
	const char *domain = dns_get_domain(cloud, port);
	const struct dhcp_option *options = port->extra_dhcp_opts.items;
	json_t *list = json_array();

	if (domain && ip_version == 4)
		option_add_domain(list, port, "domain-name", ip_version, domain);
	if (domain)
		option_add_domain(list, port, "domain-search", ip_version, domain);
	for (uint32_t i = 0; i < port->extra_dhcp_opts.count; i++) {
		json_t *option;

		if (options[i].ip_version != ip_version || !options[i].value ||
		    !*options[i].value)
			continue;
		option = json_object();
		json_object_set_new(option, "name", value_from_text(options[i].name));
		json_object_set_new(option, "value", value_from_text(options[i].value));
		json_array_append_new(list, option);
	}
	return list;
}

static void append_offer(GString *out, const struct cloud *cloud, const struct port *port,
			 const struct subnet *subnet, struct ip ip)
{
	bool has_gateway = !ip_is_none(subnet->gateway_ip);
	struct ip server = ip_from_v4(DHCP_SERVER_WITHOUT_GATEWAY);
	g_autofree char *hostname = dns_print_host(cloud, port, ip);

	value_append_open(out, NULL, '{');
	value_append_ip(out, "ip", ip);
	value_append_prefix(out, "prefix", subnet->cidr);
	value_append_ip(out, "server", has_gateway ? subnet->gateway_ip : server);
	if (has_gateway)
		value_append_ip(out, "gateway", subnet->gateway_ip);
	append_dns(out, subnet);
	append_routes(out, subnet);
	value_append_text(out, "hostname", hostname);
	value_append_json(out, "options", text_list_options(cloud, port, 4));
	g_string_append_c(out, '}');
}

static void append_dhcp4(GString *out, const struct cloud *cloud, const struct port *port)
{
	const struct fixed_ip *fixed = port->fixed_ips.items;

	value_append_open(out, "dhcp4", '[');
	for (uint32_t i = 0; i < port->fixed_ips.count; i++) {
		const struct subnet *subnet = cloud_find_subnet(cloud, fixed[i].subnet_id);

		if (subnet && subnet->enable_dhcp && ip_is_v4(fixed[i].ip))
			append_offer(out, cloud, port, subnet, fixed[i].ip);
	}
	g_string_append_c(out, ']');
}

static gint log_compare(gconstpointer a, gconstpointer b)
{
	const struct object *const *x = a, *const *y = b;

	return memcmp(&(*x)->id, &(*y)->id, sizeof(struct uuid));
}

/* What is to be logged of the port; NULL: nothing. In the order of ids, for rows are compared. */
static json_t *port_logs(const struct cloud *cloud, const struct port *port)
{
	const GPtrArray *logs = cloud_list(cloud, KIND_LOG);
	g_autoptr(GPtrArray) own = NULL;
	json_t *list;

	if (!logs->len)
		return NULL;
	own = g_ptr_array_new();
	for (guint i = 0; i < logs->len; i++) {
		const struct flow_log *log = logs->pdata[i];

		if (log->enabled && flow_log_concerns(log, port))
			g_ptr_array_add(own, logs->pdata[i]);
	}
	if (!own->len)
		return NULL;
	g_ptr_array_sort(own, log_compare);
	list = json_array();
	for (guint i = 0; i < own->len; i++) {
		const struct flow_log *log = own->pdata[i];
		json_t *entry = json_object();

		json_object_set_new(entry, "id", value_from_uuid(log->object.id));
		json_object_set_new(entry, "accept",
				    json_boolean(log->event != LOG_EVENT_DROP));
		json_object_set_new(entry, "drop",
				    json_boolean(log->event != LOG_EVENT_ACCEPT));
		if (!uuid_is_none(log->resource_id)) {
			g_autofree char *set = text_set(log->resource_id);

			json_object_set_new(entry, "set", json_string(set));
		}
		json_array_append_new(list, entry);
	}
	return list;
}

char *text_print_port(const struct cloud *cloud, const struct network *network,
		      const struct port *port)
{
	json_t *dhcp6 = ipv6_print_dhcp(cloud, port), *logs = port_logs(cloud, port);
	GString *out = g_string_sized_new(640);

	g_string_append_c(out, '{');
	value_append_uuid(out, "network", network->object.id);
	value_append_int(out, "vni", network_get_vni(network).value);
	value_append_mac(out, "mac", port->mac);
	value_append_int(out, "identity", port->identity);
	value_append_int(out, "mtu", network->mtu);
	value_append_bool(out, "up", port->admin_state_up);
	value_append_bool(out, "guarded", port->port_security_enabled);
	value_append_bool(out, "filtered", text_is_filtered(port));
	value_append_text(out, "name", port->object.name);
	value_append_text(out, "project", port->object.project_id);
	append_pairs(out, port);
	append_dhcp4(out, cloud, port);
	if (dhcp6)
		value_append_json(out, "dhcp6", dhcp6);
	if (logs)
		value_append_json(out, "logs", logs);
	g_string_append_c(out, '}');
	return g_string_free(out, FALSE);
}
