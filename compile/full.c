/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The definition of the truth: what rows a host gets, computed from the cloud alone and
 * written to be read, not to be fast. Everything incremental is tested against this page.
 */
#include "compile/full.h"

#include <string.h>

#include "compile/compile.h"
#include "compile/full_policy.h"
#include "compile/text_gateway.h"
#include "compile/route.h"
#include "compile/text.h"
#include "compile/text_acl.h"
#include "compile/text_firewall.h"

/* What one computation carries around. */
struct full {
	const struct cloud *cloud;
	const char *host;
	GHashTable *rows;     /* "TABLE KEY" -> JSON text */
	GHashTable *networks; /* reached: id -> struct network, borrowed */
	GHashTable *routers;  /* reached: id -> struct router, borrowed */
	GHashTable *peers;    /* names of hosts with ports in a reached network */
};

static void full_put(enum compile_table table, char *key, char *value, void *data)
{
	struct full *full = data;

	g_hash_table_replace(full->rows,
			     g_strdup_printf("%s %s", compile_table_names[table], key), value);
	g_free(key);
}

/* ------------------------------------------------------------ what a host reaches */

static void reach_network(struct full *full, const struct network *network);

static void reach_router(struct full *full, const struct router *router)
{
	const GPtrArray *interfaces;

	if (!router ||
	    !g_hash_table_insert(full->routers, (void *)&router->object.id, (void *)router))
		return;
	interfaces = cloud_list_interfaces(full->cloud, router->object.id);
	for (guint i = 0; i < interfaces->len; i++) {
		const struct port *port = interfaces->pdata[i];

		reach_network(full, cloud_find_network(full->cloud, port->network_id));
	}
}

/* A network, and through each router that has an interface in it, its networks. */
static void reach_network(struct full *full, const struct network *network)
{
	const GPtrArray *ports;

	if (!network ||
	    !g_hash_table_insert(full->networks, (void *)&network->object.id, (void *)network))
		return;
	ports = cloud_list_ports(full->cloud, network->object.id);
	for (guint i = 0; i < ports->len; i++)
		if (port_is_router_interface(ports->pdata[i]))
			reach_router(full,
				     cloud_find_router(full->cloud,
						       route_port_router(ports->pdata[i])));
}

/* The host that carries the gateway of ROUTER; NULL: none. */
static const char *find_carrier(const struct full *full, const struct router *router)
{
	struct text_gateway gateway;

	return router && text_find_gateway(full->cloud, router, &gateway)
		       ? text_get_carrier(gateway.port)
		       : NULL;
}

/* The router whose gateway PORT is, when this host carries it. */
static void reach_gateway(struct full *full, const struct port *port)
{
	const struct router *router = cloud_find_router(full->cloud, route_port_router(port));

	if (port_is_gateway(port) && g_strcmp0(find_carrier(full, router), full->host) == 0)
		reach_router(full, router);
}

static void reach_all(struct full *full)
{
	const GPtrArray *ports = cloud_list_host_ports(full->cloud, full->host);

	for (guint i = 0; i < ports->len; i++) {
		const struct port *port = ports->pdata[i];

		if (text_is_workload(port))
			reach_network(full, cloud_find_network(full->cloud, port->network_id));
		reach_gateway(full, port);
	}
}

/* ---------------------------------------------------------------- rows of a network */

struct naming {
	const struct cloud *cloud;
	struct uuid network_id;
};

static bool port_has_fixed(const struct port *port, struct ip ip)
{
	const struct fixed_ip *fixed = port->fixed_ips.items;

	for (uint32_t i = 0; i < port->fixed_ips.count; i++)
		if (ip_equal(fixed[i].ip, ip))
			return true;
	return false;
}

static bool port_names(const struct port *port, struct ip ip)
{
	const struct address_pair *pairs = port->allowed_address_pairs.items;

	for (uint32_t i = 0; i < port->allowed_address_pairs.count; i++)
		if (text_is_address(&pairs[i]) && ip_equal(pairs[i].ip.ip, ip))
			return true;
	return false;
}

static bool full_is_lone(struct ip ip, const void *data)
{
	const struct naming *naming = data;
	const GPtrArray *ports = cloud_list_ports(naming->cloud, naming->network_id);
	guint named = 0;

	for (guint i = 0; i < ports->len; i++) {
		if (port_has_fixed(ports->pdata[i], ip))
			return false;
		named += port_names(ports->pdata[i], ip);
	}
	return named == 1;
}

/* Whether A, rather than B, is located under MAC: its own MAC before one of a pair, then
 * the lower id. */
static bool port_wins(const struct port *a, const struct port *b, struct mac mac)
{
	bool own_a = mac_equal(a->mac, mac), own_b = mac_equal(b->mac, mac);

	return own_a != own_b ? own_a
			      : memcmp(&a->object.id, &b->object.id, sizeof(struct uuid)) < 0;
}

/* Text of a MAC -> the port that is located under it. */
static GHashTable *list_winners(const GPtrArray *ports)
{
	GHashTable *winners = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < ports->len; i++) {
		const struct port *port = ports->pdata[i], *other;
		g_autoptr(GArray) macs = g_array_new(false, false, sizeof(struct mac));

		if (text_is_workload(port))
			text_list_macs(port, macs);
		for (guint j = 0; j < macs->len; j++) {
			struct mac mac = g_array_index(macs, struct mac, j);
			char text[MAC_TEXT];

			other = g_hash_table_lookup(winners, mac_print(mac, text));
			if (!other || port_wins(port, other, mac))
				g_hash_table_replace(winners, g_strdup(text), (void *)port);
		}
	}
	return winners;
}

static void put_locations(struct full *full, const struct network *network,
			  const GPtrArray *ports)
{
	struct naming naming = {.cloud = full->cloud, .network_id = network->object.id};
	g_autoptr(GHashTable) winners = list_winners(ports);
	GHashTableIter iter;
	gpointer text, port;

	g_hash_table_iter_init(&iter, winners);
	while (g_hash_table_iter_next(&iter, &text, &port)) {
		struct mac mac;

		if (mac_parse(text, &mac))
			full_put(COMPILE_LOCATION,
				 text_key_location(network_get_vni(network), mac),
				 text_print_location(port, mac, full_is_lone, &naming), full);
	}
}

static void put_network(struct full *full, const struct network *network)
{
	const GPtrArray *ports = cloud_list_ports(full->cloud, network->object.id);

	full_put(COMPILE_NETWORK, text_key_vni(network_get_vni(network)),
		 text_print_network(network), full);
	put_locations(full, network, ports);
	for (guint i = 0; i < ports->len; i++) {
		const struct port *port = ports->pdata[i];

		if (!text_is_workload(port))
			continue;
		if (g_str_equal(port->host_id, full->host)) {
			char id[UUID_TEXT];

			full_put(COMPILE_PORT, g_strdup(uuid_print(port->object.id, id)),
				 text_print_port(full->cloud, network, port), full);
		} else {
			g_hash_table_add(full->peers, (void *)port->host_id);
			full_put(COMPILE_MEMBER,
				 text_key_member(network_get_vni(network), port->host_id),
				 text_print_member(), full);
		}
	}
}

/* --------------------------------------------------------------------- network ACLs */

/* The border of SUBNET, and the rules that judge there. */
static void put_border(struct full *full, const struct network *network,
		       const struct subnet *subnet)
{
	const GPtrArray *rules = cloud_list_acl_rules(full->cloud, subnet->network_acl_id);

	if (uuid_is_none(subnet->network_acl_id))
		return;
	full_put(COMPILE_BORDER, text_key_border(network_get_vni(network), subnet),
		 text_print_border(subnet), full);
	for (guint i = 0; i < rules->len; i++)
		full_put(COMPILE_RULE, text_key_acl_rule(rules->pdata[i]),
			 text_print_acl_rule(rules->pdata[i]), full);
}

static void put_borders(struct full *full)
{
	const GPtrArray *ports = cloud_list_host_ports(full->cloud, full->host);

	for (guint i = 0; i < ports->len; i++) {
		const struct port *port = ports->pdata[i];
		const struct network *network =
			text_is_workload(port)
				? cloud_find_network(full->cloud, port->network_id)
				: NULL;
		const GPtrArray *subnets =
			network ? cloud_list_subnets(full->cloud, network->object.id) : NULL;

		for (guint n = 0; subnets && n < subnets->len; n++)
			put_border(full, network, subnets->pdata[n]);
	}
}

/* The rules of the firewall groups at ROUTER's interfaces that are in a network. */
static void put_firewalls(struct full *full, const struct router *router)
{
	const GPtrArray *ports = cloud_list_interfaces(full->cloud, router->object.id);

	for (guint i = 0; i < ports->len; i++) {
		const struct port *port = ports->pdata[i];
		const struct firewall_group *group =
			cloud_find_port_firewall(full->cloud, port->object.id);

		if (group && cloud_find_network(full->cloud, port->network_id))
			text_visit_firewall(full->cloud, group, full_put, full);
	}
}

/* ------------------------------------------------------------------------- the whole */

static void put_peers(struct full *full)
{
	GHashTableIter iter;
	gpointer name;

	g_hash_table_iter_init(&iter, full->peers);
	while (g_hash_table_iter_next(&iter, &name, NULL)) {
		const struct host *host = cloud_find_host(full->cloud, name);

		if (host)
			full_put(COMPILE_HOST, g_strdup(name), text_print_host(host), full);
	}
}

GHashTable *compile_full(const struct cloud *cloud, const char *host)
{
	g_autoptr(GHashTable) networks = g_hash_table_new(uuid_hash, uuid_same);
	g_autoptr(GHashTable) routers = g_hash_table_new(uuid_hash, uuid_same);
	g_autoptr(GHashTable) peers = g_hash_table_new(g_str_hash, g_str_equal);
	struct full full = {
		.cloud = cloud,
		.host = host,
		.rows = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
		.networks = networks,
		.routers = routers,
		.peers = peers,
	};
	GHashTableIter iter;
	gpointer object;

	reach_all(&full);
	g_hash_table_iter_init(&iter, networks);
	while (g_hash_table_iter_next(&iter, NULL, &object))
		put_network(&full, object);
	g_hash_table_iter_init(&iter, routers);
	while (g_hash_table_iter_next(&iter, NULL, &object)) {
		const char *carrier = find_carrier(&full, object);

		route_visit_router(cloud, object, full_put, &full);
		put_firewalls(&full, object);
		if (carrier && !g_str_equal(carrier, host))
			g_hash_table_add(peers, (void *)carrier);
	}
	put_peers(&full);
	full_policies(cloud, host, full_put, &full);
	put_borders(&full);
	return full.rows;
}
