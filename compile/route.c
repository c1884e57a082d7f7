/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One router's interfaces and routes. A connected prefix beats a static route to the same
 * prefix; among equals the first in the order of (VNI, MAC), or of next hops, is taken, so
 * the outcome does not depend on the order in which things were made. A static route whose
 * next hop no interface reaches discards: to drop it would let its packets fall through to
 * a shorter prefix, which is not where the tenant sent them.
 *
 * Between address scopes nothing is routed: there, the same address may mean two things. A router
 * whose interfaces are of several is several routers to the hosts, by numbers made of its own
 * (ROUTER_NUMBER_IN). One of more than ROUTER_REALM_MAX has no rows for the last.
 *
 * What goes out by the gateway stands in its row, not among the routes: they lead to networks.
 */
#include "compile/route.h"

#include <string.h>

#include "compile/text_gateway.h"
#include "compile/ipv6.h"
#include "compile/text_firewall.h"
#include "compile/value.h"

/* What may be routed to each other: the address scopes of IPv4 and of IPv6. */
struct realm {
	struct uuid scopes[2];
};

struct interface {
	const struct port *port;
	const struct network *network;
	struct realm realm;
	guint place; /* of the realm among those of the router */
	bool up;
};

struct route {
	struct prefix prefix;
	const struct interface *interface; /* NULL: discard, or ... */
	bool is_out;			   /* ... by the gateway */
	struct ip via;			   /* none: connected */
	bool is_static;
};

/* All of a router that its routes are made of. */
struct parts {
	const struct cloud *cloud;
	const struct router *router;
	GArray *interfaces;	     /* struct interface */
	GArray *realms;		     /* struct realm */
	struct text_gateway gateway; /* without a port: it has none */
};

struct uuid route_port_router(const struct port *port)
{
	struct uuid id;

	if (!port->device_id || !uuid_parse(port->device_id, &id))
		return uuid_none;
	return id;
}

static int interface_compare(gconstpointer a, gconstpointer b)
{
	const struct interface *left = a, *right = b;

	if (network_get_vni(left->network).value != network_get_vni(right->network).value)
		return network_get_vni(left->network).value <
				       network_get_vni(right->network).value
			       ? -1
			       : 1;
	return memcmp(&left->port->mac, &right->port->mac, sizeof(struct mac));
}

static int interface_order(gconstpointer a, gconstpointer b)
{
	const struct interface *left = a, *right = b;
	int order = interface_compare(a, b);

	return order ? order
		     : memcmp(&left->port->object.id, &right->port->object.id,
			      sizeof(struct uuid));
}

static struct realm realm_of(const struct cloud *cloud, const struct port *port)
{
	struct realm realm = {0};

	for (uint32_t i = 0; i < port->fixed_ips.count; i++) {
		const struct subnet *subnet = cloud_find_subnet(
			cloud, vec_at(struct fixed_ip, &port->fixed_ips, i)->subnet_id);

		if (subnet)
			realm.scopes[!prefix_is_v4(subnet->cidr)] =
				cloud_get_scope(cloud, subnet);
	}
	return realm;
}

static int realm_compare(gconstpointer a, gconstpointer b)
{
	return memcmp(a, b, sizeof(struct realm));
}

/* The realms of a router, each once and in order; each interface is told its place. */
static GArray *realms_of(GArray *interfaces)
{
	GArray *realms = g_array_new(false, true, sizeof(struct realm));
	guint kept = 0;

	for (guint i = 0; i < interfaces->len; i++)
		g_array_append_val(realms,
				   g_array_index(interfaces, struct interface, i).realm);
	g_array_sort(realms, realm_compare);
	for (guint i = 0; i < realms->len; i++) {
		struct realm realm = g_array_index(realms, struct realm, i);

		if (!i || realm_compare(&realm, &g_array_index(realms, struct realm, kept - 1)))
			g_array_index(realms, struct realm, kept++) = realm;
	}
	g_array_set_size(realms,
			 MAX(kept, 1)); /* a router without interfaces has routes, too */
	for (guint i = 0; i < interfaces->len; i++) {
		struct interface *interface = &g_array_index(interfaces, struct interface, i);

		while (realm_compare(&interface->realm,
				     &g_array_index(realms, struct realm, interface->place)))
			interface->place++;
	}
	return realms;
}

static GArray *interfaces_of(const struct cloud *cloud, const struct router *router)
{
	const GPtrArray *ports = cloud_list_interfaces(cloud, router->object.id);
	GArray *interfaces = g_array_new(false, false, sizeof(struct interface));

	for (guint i = 0; i < ports->len; i++) {
		const struct port *port = ports->pdata[i];
		struct interface interface = {
			.port = port,
			.network = cloud_find_network(cloud, port->network_id),
			.realm = realm_of(cloud, port),
			.up = router->admin_state_up && port->admin_state_up,
		};

		if (interface.network)
			g_array_append_val(interfaces, interface);
	}
	g_array_sort(interfaces, interface_order);
	return interfaces;
}

static int route_compare(gconstpointer a, gconstpointer b)
{
	const struct route *left = a, *right = b;
	int order = ip_compare(left->prefix.ip, right->prefix.ip);

	if (order)
		return order;
	if (left->prefix.bits != right->prefix.bits)
		return left->prefix.bits < right->prefix.bits ? -1 : 1;
	if (left->is_static != right->is_static)
		return left->is_static ? 1 : -1;
	if (!left->interface != !right->interface)
		return left->interface ? -1 : 1;
	if (left->is_out != right->is_out)
		return left->is_out ? -1 : 1;
	order = ip_compare(left->via, right->via);
	if (order || !left->interface)
		return order;
	return interface_compare(left->interface, right->interface);
}

static void routes_add_connected(const struct parts *parts, const struct realm *realm,
				 GArray *routes)
{
	for (guint i = 0; i < parts->interfaces->len; i++) {
		const struct interface *interface =
			&g_array_index(parts->interfaces, struct interface, i);
		const struct fixed_ip *fixed = interface->port->fixed_ips.items;

		for (uint32_t j = 0; j < interface->port->fixed_ips.count; j++) {
			const struct subnet *subnet =
				cloud_find_subnet(parts->cloud, fixed[j].subnet_id);
			struct route route = {.interface = interface};

			if (!subnet || !uuid_equal(realm->scopes[!prefix_is_v4(subnet->cidr)],
						   cloud_get_scope(parts->cloud, subnet)))
				continue;
			route.prefix = subnet->cidr;
			g_array_append_val(routes, route);
		}
	}
}

/* The external subnet of the gateway's Nth address, and how realm PLACE goes out to it; NULL: it
 * does not. */
static const struct subnet *exit_find(const struct parts *parts, guint place, uint32_t n,
				      enum text_way *way)
{
	const struct fixed_ip *fixed =
		vec_at(struct fixed_ip, &parts->gateway.port->fixed_ips, n);
	const struct subnet *subnet = cloud_find_subnet(parts->cloud, fixed->subnet_id);
	const struct realm *realm = &g_array_index(parts->realms, struct realm, place);

	if (!subnet)
		return NULL;
	*way = text_get_way(parts->cloud, parts->router, subnet,
			    realm->scopes[!prefix_is_v4(subnet->cidr)]);
	return *way == TEXT_WAY_NONE ? NULL : subnet;
}

static uint32_t exit_count(const struct parts *parts)
{
	return parts->gateway.port ? parts->gateway.port->fixed_ips.count : 0;
}

static struct prefix prefix_of_all(bool v4)
{
	return v4 ? (struct prefix){.ip = ip_from_v4(0), .bits = 96} : (struct prefix){0};
}

/* The external subnets, and all that lies behind them: CONNECTED, or else. */
static void routes_add_exits(const struct parts *parts, guint place, bool connected,
			     GArray *routes)
{
	for (uint32_t i = 0; i < exit_count(parts); i++) {
		enum text_way way;
		const struct subnet *subnet = exit_find(parts, place, i, &way);
		struct route route = {.is_out = true, .is_static = !connected};

		if (!subnet)
			continue;
		if (connected) {
			route.prefix = subnet->cidr;
		} else if (!ip_is_none(subnet->gateway_ip)) {
			route.prefix = prefix_of_all(prefix_is_v4(subnet->cidr));
			route.via = subnet->gateway_ip;
		} else {
			continue;
		}
		g_array_append_val(routes, route);
	}
}

/* The connected route whose prefix holds NEXTHOP, the longest; the first CONNECTED
 * entries of ROUTES are sorted, so among equals the best comes first. */
static const struct route *nexthop_find(const GArray *routes, guint connected,
					struct ip nexthop)
{
	const struct route *best = NULL;

	for (guint i = 0; i < connected; i++) {
		const struct route *route = &g_array_index(routes, struct route, i);

		if (prefix_contains(route->prefix, nexthop) &&
		    (!best || route->prefix.bits > best->prefix.bits))
			best = route;
	}
	return best;
}

static GArray *routes_of(const struct parts *parts, guint place)
{
	const struct realm *realm = &g_array_index(parts->realms, struct realm, place);
	const struct vec *statics = &parts->router->routes;
	GArray *routes = g_array_new(false, false, sizeof(struct route));
	guint connected;

	routes_add_connected(parts, realm, routes);
	routes_add_exits(parts, place, true, routes);
	g_array_sort(routes, route_compare);
	connected = routes->len;
	for (uint32_t i = 0; i < statics->count; i++) {
		const struct host_route *given = vec_at(struct host_route, statics, i);
		const struct route *way = nexthop_find(routes, connected, given->nexthop);
		struct route route = {
			.prefix = given->destination,
			.via = given->nexthop,
			.interface = way ? way->interface : NULL,
			.is_out = way && way->is_out,
			.is_static = true,
		};

		g_array_append_val(routes, route);
	}
	routes_add_exits(parts, place, false, routes);
	g_array_sort(routes, route_compare);
	return routes;
}

/* Addresses with the length of their subnet, "10.0.1.1/24". */
static json_t *interface_ips(const struct cloud *cloud, const struct port *port)
{
	const struct fixed_ip *fixed = port->fixed_ips.items;
	json_t *ips = json_array();

	for (uint32_t i = 0; i < port->fixed_ips.count; i++) {
		const struct subnet *subnet = cloud_find_subnet(cloud, fixed[i].subnet_id);
		g_autofree char *text = NULL;
		char address[IP_TEXT];

		if (!subnet)
			continue;
		text = g_strdup_printf("%s/%u", ip_print(fixed[i].ip, address),
				       prefix_length(subnet->cidr));
		json_array_append_new(ips, json_string(text));
	}
	return ips;
}

static void visit_interface(const struct cloud *cloud, const struct router *router,
			    const struct interface *interface, route_visit visit, void *data)
{
	json_t *row = json_object(), *ra = ipv6_print_ra(cloud, interface->port);
	const struct firewall_group *firewall =
		cloud_find_port_firewall(cloud, interface->port->object.id);
	char mac[MAC_TEXT];
	char *key =
		g_strdup_printf("%u/%u/%s", ROUTER_NUMBER_IN(router->number, interface->place),
				network_get_vni(interface->network).value,
				mac_print(interface->port->mac, mac));

	json_object_set_new(row, "ips", interface_ips(cloud, interface->port));
	json_object_set_new(row, "up", json_boolean(interface->up));
	if (ra)
		json_object_set_new(row, "ra", ra);
	if (firewall)
		text_set_firewall(row, firewall);
	visit(COMPILE_INTERFACE, key, value_dump(row), data);
}

static void visit_route(const struct router *router, guint place, const struct route *route,
			route_visit visit, void *data)
{
	json_t *row = json_object();
	char prefix[PREFIX_TEXT];
	char *key = g_strdup_printf("%u/%s", ROUTER_NUMBER_IN(router->number, place),
				    prefix_print(route->prefix, prefix));
	bool up = router->admin_state_up;

	if (route->interface) {
		up = route->interface->up;
		json_object_set_new(
			row, "vni",
			json_integer(network_get_vni(route->interface->network).value));
		json_object_set_new(row, "mac", value_from_mac(route->interface->port->mac));
		if (route->is_static)
			json_object_set_new(row, "via", value_from_ip(route->via));
	} else {
		json_object_set_new(row, "blackhole", json_true());
	}
	json_object_set_new(row, "up", json_boolean(up));
	visit(COMPILE_ROUTE, key, value_dump(row), data);
}

static void add_prefix(json_t *list, struct prefix prefix)
{
	json_array_append_new(list, value_from_prefix(prefix));
}

/* Inside are connected prefixes only: a static route is whatever its tenant says, and what is inside
 * is taken from the device of a host. */
static void visit_gateway(const struct parts *parts, guint place, const GArray *routes,
			  route_visit visit, void *data)
{
	bool plain[2] = {false, false}; /* IPv4, IPv6 */
	struct text_gateway_row row;

	text_gateway_row_init(&row);
	for (uint32_t i = 0; i < exit_count(parts); i++) {
		enum text_way way;
		const struct subnet *subnet = exit_find(parts, place, i, &way);

		if (!subnet)
			continue;
		text_gateway_row_add_address(
			&row, vec_at(struct fixed_ip, &parts->gateway.port->fixed_ips, i),
			subnet);
		row.snat |= way == TEXT_WAY_NAT;
		plain[!prefix_is_v4(subnet->cidr)] |= way == TEXT_WAY_PLAIN;
	}
	for (guint i = 0; i < routes->len; i++) {
		const struct route *route = &g_array_index(routes, struct route, i);
		bool v4 = prefix_is_v4(route->prefix);

		if (i && prefix_equal(route->prefix, route[-1].prefix))
			continue;
		if (route->is_out)
			add_prefix(row.routes, route->prefix);
		else if (route->interface && !route->is_static && plain[!v4] &&
			 prefix_length(route->prefix))
			add_prefix(row.inside, route->prefix);
	}
	if (json_array_size(row.addresses)) {
		visit(COMPILE_GATEWAY,
		      g_strdup_printf("%u", ROUTER_NUMBER_IN(parts->router->number, place)),
		      text_print_gateway(&parts->gateway, &row), data);
		return;
	}
	text_gateway_row_done(&row);
}

static void visit_realm(const struct parts *parts, guint place, route_visit visit, void *data)
{
	g_autoptr(GArray) routes = routes_of(parts, place);

	for (guint i = 0; i < routes->len; i++) {
		const struct route *route = &g_array_index(routes, struct route, i);

		if (i && prefix_equal(route->prefix, route[-1].prefix))
			continue; /* the best of a prefix comes first */
		if (!route->is_out)
			visit_route(parts->router, place, route, visit, data);
	}
	if (parts->gateway.port)
		visit_gateway(parts, place, routes, visit, data);
}

void route_visit_router(const struct cloud *cloud, const struct router *router,
			route_visit visit, void *data)
{
	g_autoptr(GArray) interfaces = interfaces_of(cloud, router);
	g_autoptr(GArray) realms = realms_of(interfaces);
	struct parts parts = {
		.cloud = cloud, .router = router, .interfaces = interfaces, .realms = realms};

	for (guint i = 0; i < interfaces->len; i++) {
		const struct interface *interface =
			&g_array_index(interfaces, struct interface, i);

		if (interface->place < ROUTER_REALM_MAX &&
		    (!i || interface_compare(interface, interface - 1)))
			visit_interface(cloud, router, interface, visit, data);
	}
	text_find_gateway(cloud, router, &parts.gateway);
	for (guint i = 0; i < MIN(realms->len, ROUTER_REALM_MAX); i++)
		visit_realm(&parts, i, visit, data);
}
