/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cloud for tests: objects with what the rows need, and nothing that validates them.
 */
#include "compile/world_fixture.h"

#include <string.h>

void world_init(struct world *world)
{
	*world = (struct world){.cloud = cloud_new()};
}

void world_done(struct world *world)
{
	g_clear_pointer(&world->cloud, cloud_free);
}

struct uuid world_id(struct world *world)
{
	struct uuid id = {.b = {0x10}};
	/* Scattered, so that the order of ids is not the order of making. */
	uint64_t n = ++world->ids * 0x9e3779b97f4a7c15ull;

	memcpy(id.b + 8, &n, sizeof(n));
	return id;
}

struct ip world_ip(const char *text)
{
	struct ip ip;

	g_assert_true(ip_parse(text, &ip));
	return ip;
}

struct mac world_mac(const char *text)
{
	struct mac mac;

	g_assert_true(mac_parse(text, &mac));
	return mac;
}

struct mac world_mac_n(uint32_t n)
{
	return (struct mac){.b = {2, 0, 0, n >> 16, n >> 8, n}};
}

static struct prefix prefix_of(const char *text)
{
	struct prefix prefix;

	g_assert_true(prefix_parse(text, true, &prefix));
	return prefix;
}

static void object_init(struct world *world, struct object *object, const char *name)
{
	object->id = world_id(world);
	object->project_id = g_intern_static_string("acme");
	object->name = g_strdup(name);
	object->description = g_strdup("");
}

struct host *world_host(struct world *world, const char *name, const char *tunnel_ip)
{
	struct host *host = g_new0(struct host, 1);

	object_init(world, &host->object, name);
	host->tunnel_ip = world_ip(tunnel_ip);
	host->admin_state_up = true;
	return host;
}

struct network *world_network(struct world *world, uint32_t vni)
{
	struct network *network = g_new0(struct network, 1);

	object_init(world, &network->object, "net");
	network->admin_state_up = true;
	network->port_security_enabled = true;
	network->mtu = 1450;
	network->place.number = vni;
	return network;
}

struct subnet *world_subnet(struct world *world, struct uuid network_id, const char *cidr,
			    const char *gateway)
{
	struct subnet *subnet = g_new0(struct subnet, 1);

	object_init(world, &subnet->object, "subnet");
	subnet->network_id = network_id;
	subnet->cidr = prefix_of(cidr);
	subnet->gateway_ip = gateway ? world_ip(gateway) : ip_none;
	subnet->enable_dhcp = true;
	return subnet;
}

struct router *world_router(struct world *world, uint32_t number)
{
	struct router *router = g_new0(struct router, 1);

	object_init(world, &router->object, "router");
	router->admin_state_up = true;
	router->enable_snat = true;
	router->number = number;
	return router;
}

struct port *world_port(struct world *world, struct uuid network_id, struct mac mac,
			const char *host)
{
	struct port *port = g_new0(struct port, 1);

	object_init(world, &port->object, "port");
	port->network_id = network_id;
	port->mac = mac;
	port->admin_state_up = true;
	port->port_security_enabled = true;
	port->device_id = g_strdup("");
	port->device_owner = g_strdup("");
	port->host_id = host ? g_intern_string(host) : NULL;
	port->identity = 7;
	return port;
}

static struct port *router_port(struct world *world, struct uuid router_id,
				struct uuid network_id, struct mac mac, const char *owner)
{
	struct port *port = world_port(world, network_id, mac, NULL);
	char id[UUID_TEXT];

	g_free(port->device_id);
	g_free(port->device_owner);
	port->device_id = g_strdup(uuid_print(router_id, id));
	port->device_owner = g_strdup(owner);
	return port;
}

struct port *world_interface(struct world *world, struct uuid router_id, struct uuid network_id,
			     struct mac mac)
{
	return router_port(world, router_id, network_id, mac, PORT_OWNER_ROUTER);
}

struct port *world_gateway(struct world *world, struct uuid router_id, struct uuid network_id,
			   struct mac mac, const char *host)
{
	struct port *port = router_port(world, router_id, network_id, mac, PORT_OWNER_GATEWAY);

	port->host_id = host ? g_intern_string(host) : NULL;
	return port;
}

void world_add_ip(struct port *port, struct uuid subnet_id, struct ip ip)
{
	struct fixed_ip *fixed = vec_add(&port->fixed_ips, sizeof(*fixed));

	fixed->subnet_id = subnet_id;
	fixed->ip = ip;
}

void world_add_pair(struct port *port, const char *prefix, const char *mac)
{
	struct address_pair *pair = vec_add(&port->allowed_address_pairs, sizeof(*pair));

	pair->ip = prefix_of(prefix);
	pair->mac = mac ? world_mac(mac) : port->mac;
}

void world_add_route(struct vec *routes, const char *destination, const char *nexthop)
{
	struct host_route *route = vec_add(routes, sizeof(*route));

	route->destination = prefix_of(destination);
	route->nexthop = world_ip(nexthop);
}

void *world_edit(struct world *world, enum kind kind, struct uuid id)
{
	const void *from = cloud_find(world->cloud, kind, id);

	g_assert_nonnull(from);
	return attr_copy(cloud_table(kind), from);
}

void world_apply(struct world *world, enum kind kind, void *object)
{
	cloud_apply(world->cloud, kind, ((struct object *)object)->id, object,
		    ++world->revision);
}

void world_delete(struct world *world, enum kind kind, struct uuid id)
{
	cloud_apply(world->cloud, kind, id, NULL, ++world->revision);
}
