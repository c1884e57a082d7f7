/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mirror and its indexes, checked after random histories against a walk over
 * everything.
 */
#include "model/cloud.h"

#include <string.h>

#include "model/attr_filter.h"
#include "model/ipam.h"

#define NETWORKS 4
#define SUBNETS	 6
#define PORTS	 60
#define HOSTS	 3

struct world {
	struct cloud *cloud;
	struct uuid networks[NETWORKS], subnets[SUBNETS], ports[PORTS], router;
	unsigned int heard;
};

static const char *const host_names[HOSTS] = {"h0", "h1", "h2"};

static void put_network(struct world *world, unsigned int i)
{
	struct network *network = attr_new(&network_table);

	network->place.number = i + 1;
	cloud_apply(world->cloud, KIND_NETWORK, world->networks[i], network, 1);
}

static void put_subnet(struct world *world, unsigned int i)
{
	struct subnet *subnet = attr_new(&subnet_table);

	subnet->network_id = world->networks[i % NETWORKS];
	subnet->cidr = (struct prefix){ip_from_v4(0x0a000000 | i << 8), 120};
	ipam_default_pools(subnet, &subnet->allocation_pools);
	cloud_apply(world->cloud, KIND_SUBNET, world->subnets[i], subnet, 1);
}

static void put_port(struct world *world, unsigned int i)
{
	struct port *port = attr_new(&port_table);
	unsigned int subnet = i % SUBNETS;
	struct fixed_ip *fixed = vec_add(&port->fixed_ips, sizeof(*fixed));

	port->network_id = world->networks[subnet % NETWORKS];
	port->mac = (struct mac){{2, 0, 0, 0, (uint8_t)g_random_int_range(0, 4), (uint8_t)i}};
	fixed->subnet_id = world->subnets[subnet];
	fixed->ip = ip_from_v4(0x0a000000 | subnet << 8 | (10 + i));
	if (g_random_boolean())
		port->host_id = g_intern_string(host_names[g_random_int_range(0, HOSTS)]);
	if (i % 10 == 0) {
		char text[UUID_TEXT];

		port->device_owner = g_strdup(PORT_OWNER_ROUTER);
		port->device_id = g_strdup(uuid_print(world->router, text));
	}
	cloud_apply(world->cloud, KIND_PORT, world->ports[i], port, 1);
}

static void world_check(const struct world *world)
{
	unsigned int at_host[HOSTS] = {0}, in_network[NETWORKS] = {0}, interfaces = 0,
		     ports = 0;

	for (unsigned int i = 0; i < PORTS; i++) {
		const struct port *port = cloud_find_port(world->cloud, world->ports[i]);
		const struct fixed_ip *fixed;
		struct ipam *ipam;

		if (!port)
			continue;
		fixed = vec_at(struct fixed_ip, &port->fixed_ips, 0);
		ipam = cloud_find_ipam(world->cloud, fixed->subnet_id);
		ports++;
		interfaces += port_is_router_interface(port);
		for (unsigned int h = 0; h < HOSTS; h++)
			at_host[h] += g_strcmp0(port->host_id, host_names[h]) == 0;
		for (unsigned int n = 0; n < NETWORKS; n++)
			in_network[n] += uuid_equal(port->network_id, world->networks[n]);
		g_assert_true(cloud_find_port_by_mac(world->cloud, port->network_id,
						     port->mac) == port);
		if (ipam)
			g_assert_true(ipam_find(ipam, fixed->ip) == port);
	}
	g_assert_cmpuint(cloud_list(world->cloud, KIND_PORT)->len, ==, ports);
	g_assert_cmpuint(cloud_list_interfaces(world->cloud, world->router)->len, ==,
			 interfaces);
	for (unsigned int h = 0; h < HOSTS; h++)
		g_assert_cmpuint(cloud_list_host_ports(world->cloud, host_names[h])->len, ==,
				 at_host[h]);
	for (unsigned int n = 0; n < NETWORKS; n++)
		g_assert_cmpuint(cloud_list_ports(world->cloud, world->networks[n])->len, ==,
				 in_network[n]);
}

static void heard(enum kind kind, const void *before, const void *after, uint64_t revision,
		  void *data)
{
	struct world *world = data;

	g_assert_true(before || after);
	world->heard++;
}

static void world_init(struct world *world)
{
	*world = (struct world){.cloud = cloud_new(), .router = uuid_new()};
	for (unsigned int i = 0; i < NETWORKS; i++)
		world->networks[i] = uuid_new();
	for (unsigned int i = 0; i < SUBNETS; i++)
		world->subnets[i] = uuid_new();
	for (unsigned int i = 0; i < PORTS; i++)
		world->ports[i] = uuid_new();
	cloud_listen(world->cloud, heard, world);
}

static void test_history(void)
{
	struct world world;

	world_init(&world);
	for (unsigned int step = 0; step < 6000; step++) {
		unsigned int i = (unsigned int)g_random_int_range(0, PORTS);
		unsigned int s = (unsigned int)g_random_int_range(0, SUBNETS);

		switch (g_random_int_range(0, 8)) {
		case 0:
			put_network(&world, s % NETWORKS);
			break;
		case 1:
			cloud_apply(world.cloud, KIND_NETWORK, world.networks[s % NETWORKS],
				    NULL, 2);
			break;
		case 2:
			put_subnet(&world, s);
			break;
		case 3:
			cloud_apply(world.cloud, KIND_SUBNET, world.subnets[s], NULL, 2);
			break;
		case 4:
		case 5:
			cloud_apply(world.cloud, KIND_PORT, world.ports[i], NULL, 2);
			break;
		default:
			put_port(&world, i);
		}
		if (step % 10 == 0)
			world_check(&world);
	}
	g_assert_cmpuint(world.heard, >, 1000);
	world_check(&world);
	cloud_free(world.cloud);
}

static void test_status(void)
{
	struct world world;
	struct port *port = attr_new(&port_table);
	struct port *moved;
	struct host *host = attr_new(&host_table);
	json_t *value;

	world_init(&world);
	host->object.name = g_strdup("h0");
	host->tunnel_ip = ip_from_v4(0x0a630002);
	cloud_apply(world.cloud, KIND_HOST, uuid_new(), host, 1);
	g_assert_true(cloud_find_host(world.cloud, "h0") == host);
	g_assert_true(cloud_find_host_by_ip(world.cloud, ip_from_v4(0x0a630002)) == host);
	port->host_id = g_intern_string("h0");
	port->network_id = world.networks[0];
	moved = attr_copy(&port_table, port);
	cloud_apply(world.cloud, KIND_PORT, world.ports[0], port, 1);
	g_assert_cmpint(cloud_get_port_status(world.cloud, port), ==, STATUS_DOWN);
	cloud_set_port_wired(world.cloud, "h1", world.ports[0], true);
	cloud_set_host_alive(world.cloud, "h0", true, 1);
	cloud_set_host_alive(world.cloud, "h1", true, 1);
	g_assert_cmpint(cloud_get_port_status(world.cloud, port), ==, STATUS_DOWN);
	cloud_set_port_wired(world.cloud, "h0", world.ports[0], true);
	g_assert_cmpint(cloud_get_port_status(world.cloud, port), ==, STATUS_ACTIVE);
	value = attr_find(&port_table, "binding:vif_type")->print(port, world.cloud);
	g_assert_cmpstr(json_string_value(value), ==, "tap");
	json_decref(value);
	cloud_set_host_alive(world.cloud, "h0", false, 2);
	cloud_clear_wired(world.cloud, "h0");
	g_assert_cmpint(cloud_get_port_status(world.cloud, port), ==, STATUS_DOWN);
	cloud_set_host_alive(world.cloud, "h0", true, 3);
	g_assert_cmpint(cloud_get_port_status(world.cloud, port), ==, STATUS_DOWN);
	cloud_set_port_wired(world.cloud, "h0", world.ports[0], true);
	moved->host_id = g_intern_string("h1");
	cloud_apply(world.cloud, KIND_PORT, world.ports[0], moved, 2);
	g_assert_cmpint(cloud_get_port_status(world.cloud, moved), ==, STATUS_DOWN);
	g_assert_cmpuint(cloud_list_host_ports(world.cloud, "h0")->len, ==, 0);
	g_assert_cmpuint(cloud_list_host_ports(world.cloud, "nobody")->len, ==, 0);
	cloud_free(world.cloud);
}

static struct uuid put_policy(struct cloud *cloud, struct uuid object, const char *target)
{
	struct rbac_policy *policy = attr_new(&rbac_policy_table);
	struct uuid id = uuid_new();

	policy->object_id = object;
	policy->target = g_strdup(target);
	cloud_apply(cloud, KIND_RBAC_POLICY, id, policy, 1);
	return id;
}

/* Whom an object is shared with, and that replies and filters say it to who asks. */
static void test_grants(void)
{
	struct cloud *cloud = cloud_new();
	struct uuid id = uuid_new(), one, all;
	struct network *network = attr_new(&network_table);
	struct attr_filter *filter = attr_filter_new(&network_table);
	bool known;

	network->place.number = 1;
	cloud_apply(cloud, KIND_NETWORK, id, network, 1);
	attr_filter_add(filter, "shared", "true", &known, NULL);
	g_assert_null(cloud_find_grant(cloud, id, RBAC_SHARED, "p1"));
	one = put_policy(cloud, id, "p1");
	g_assert_nonnull(cloud_find_grant(cloud, id, RBAC_SHARED, "p1"));
	g_assert_null(cloud_find_grant(cloud, id, RBAC_SHARED, "p2"));
	g_assert_null(cloud_find_grant(cloud, id, RBAC_SHARED, NULL));
	g_assert_null(cloud_find_grant(cloud, id, RBAC_EXTERNAL, "p1"));
	g_assert_null(cloud_find_grant(cloud, uuid_new(), RBAC_SHARED, "p1"));
	for (int i = 0; i < 3; i++) {
		static const char *const projects[] = {"p1", "p2", NULL};

		attr_filter_set_project(filter, projects[i]);
		g_assert_true(attr_filter_match(filter, network, cloud) == (i == 0));
	}
	all = put_policy(cloud, id, RBAC_EVERYBODY);
	g_assert_nonnull(cloud_find_grant(cloud, id, RBAC_SHARED, NULL));
	g_assert_nonnull(cloud_find_grant(cloud, id, RBAC_SHARED, "p2"));
	g_assert_cmpuint(cloud_list_grants(cloud, id)->len, ==, 2);
	cloud_apply(cloud, KIND_RBAC_POLICY, all, NULL, 2);
	g_assert_null(cloud_find_grant(cloud, id, RBAC_SHARED, "p2"));
	g_assert_nonnull(cloud_find_grant(cloud, id, RBAC_SHARED, "p1"));
	cloud_apply(cloud, KIND_RBAC_POLICY, one, NULL, 3);
	g_assert_cmpuint(cloud_list_grants(cloud, id)->len, ==, 0);
	g_assert_false(attr_filter_match(filter, network, cloud));
	attr_filter_free(filter);
	cloud_free(cloud);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/cloud/history", test_history);
	g_test_add_func("/cloud/grants", test_grants);
	g_test_add_func("/cloud/status", test_status);
	return g_test_run();
}
