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
 */
#include "compile/route.h"

#include <string.h>

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
	const struct interface *interface; /* NULL: discard */
	struct ip via;			   /* none: connected */
	bool is_static;
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
	order = ip_compare(left->via, right->via);
	if (order || !left->interface)
		return order;
	return interface_compare(left->interface, right->interface);
}

static void routes_add_connected(const struct cloud *cloud, const GArray *interfaces,
				 const struct realm *realm, GArray *routes)
{
	for (guint i = 0; i < interfaces->len; i++) {
		const struct interface *interface =
			&g_array_index(interfaces, struct interface, i);
		const struct fixed_ip *fixed = interface->port->fixed_ips.items;

		for (uint32_t j = 0; j < interface->port->fixed_ips.count; j++) {
			const struct subnet *subnet =
				cloud_find_subnet(cloud, fixed[j].subnet_id);
			struct route route = {.interface = interface};

			if (!subnet || !uuid_equal(realm->scopes[!prefix_is_v4(subnet->cidr)],
						   cloud_get_scope(cloud, subnet)))
				continue;
			route.prefix = subnet->cidr;
			g_array_append_val(routes, route);
		}
	}
}

/* The interface whose connected prefix holds NEXTHOP, the longest; the first CONNECTED
 * entries of ROUTES are sorted, so among equals the best comes first. */
static const struct interface *nexthop_find(const GArray *routes, guint connected,
					    struct ip nexthop)
{
	const struct route *best = NULL;

	for (guint i = 0; i < connected; i++) {
		const struct route *route = &g_array_index(routes, struct route, i);

		if (prefix_contains(route->prefix, nexthop) &&
		    (!best || route->prefix.bits > best->prefix.bits))
			best = route;
	}
	return best ? best->interface : NULL;
}

static GArray *routes_of(const struct cloud *cloud, const struct router *router,
			 const GArray *interfaces, const struct realm *realm)
{
	const struct host_route *statics = router->routes.items;
	GArray *routes = g_array_new(false, false, sizeof(struct route));
	guint connected;

	routes_add_connected(cloud, interfaces, realm, routes);
	g_array_sort(routes, route_compare);
	connected = routes->len;
	for (uint32_t i = 0; i < router->routes.count; i++) {
		struct route route = {
			.prefix = statics[i].destination,
			.via = statics[i].nexthop,
			.interface = nexthop_find(routes, connected, statics[i].nexthop),
			.is_static = true,
		};

		g_array_append_val(routes, route);
	}
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

static void visit_realm(const struct cloud *cloud, const struct router *router,
			const GArray *interfaces, const GArray *realms, guint place,
			route_visit visit, void *data)
{
	g_autoptr(GArray) routes = routes_of(cloud, router, interfaces,
					     &g_array_index(realms, struct realm, place));

	for (guint i = 0; i < routes->len; i++) {
		const struct route *route = &g_array_index(routes, struct route, i);

		if (i && prefix_equal(route->prefix, route[-1].prefix))
			continue; /* the best of a prefix comes first */
		visit_route(router, place, route, visit, data);
	}
}

void route_visit_router(const struct cloud *cloud, const struct router *router,
			route_visit visit, void *data)
{
	g_autoptr(GArray) interfaces = interfaces_of(cloud, router);
	g_autoptr(GArray) realms = realms_of(interfaces);

	for (guint i = 0; i < interfaces->len; i++) {
		const struct interface *interface =
			&g_array_index(interfaces, struct interface, i);

		if (interface->place < ROUTER_REALM_MAX &&
		    (!i || interface_compare(interface, interface - 1)))
			visit_interface(cloud, router, interface, visit, data);
	}
	for (guint i = 0; i < MIN(realms->len, ROUTER_REALM_MAX); i++)
		visit_realm(cloud, router, interfaces, realms, i, visit, data);
}
