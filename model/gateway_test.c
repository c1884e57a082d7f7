/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a network is outside, which hosts are on it, and who of them gets a router's gateway.
 */
#include "model/gateway.h"

#include <string.h>

#include "model/attr_json.h"

#define HOSTS	8
#define ROUTERS 4000

static struct network *make_network(uint32_t type, const char *physical, uint32_t number)
{
	struct network *network = attr_new(&network_table);

	network->place = (struct segment_place){type, g_strdup(physical), number};
	return network;
}

static void test_physical(void)
{
	static const struct {
		uint32_t type;
		const char *physical;
		uint32_t number;
		const char *expected;
	} rows[] = {
		{SEGMENT_FLAT, "physnet1", 0, "physnet1"},
		{SEGMENT_VLAN, "physnet1", 100, "physnet1:100"},
		{SEGMENT_VXLAN, NULL, 100, NULL},
		{SEGMENT_FLAT, "physnet1:100", 0, NULL}, /* would be VLAN 100 of physnet1 */
	};

	for (unsigned int i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct network *network =
			make_network(rows[i].type, rows[i].physical, rows[i].number);
		g_autofree char *text = gateway_print_physical(network);

		g_assert_cmpstr(text, ==, rows[i].expected);
		attr_free(&network_table, network);
	}
}

/* Of a network with several places it is the one that is outside. */
static void test_segments(void)
{
	struct network *network = make_network(SEGMENT_VXLAN, NULL, 7);
	g_autofree char *none = NULL, *text = NULL;
	struct segment_place *place;

	place = vec_add(&network->segments, sizeof(*place));
	*place = (struct segment_place){SEGMENT_VXLAN, NULL, 7};
	none = gateway_print_physical(network);
	g_assert_null(none);
	place = vec_add(&network->segments, sizeof(*place));
	*place = (struct segment_place){SEGMENT_VLAN, g_strdup("outer"), 9};
	text = gateway_print_physical(network);
	g_assert_cmpstr(text, ==, "outer:9");
	attr_free(&network_table, network);
}

static void test_names(void)
{
	static const struct {
		const char *text;
		bool good;
	} rows[] = {
		{"physnet1", true},
		{"physnet1:1", true},
		{"physnet1:4094", true},
		{"", false},
		{":7", false},
		{"physnet1:", false},
		{"physnet1:0", false},
		{"physnet1:4095", false},
		{"physnet1:07", false},
		{"physnet1:7x", false},
		{"a,b", false},
		{"a\nb", false},
		{"a:7:8", false},
		{"a\xff", false},
		{"0123456789012345678901234567890123456789012345678901234567890123", true},
		{"01234567890123456789012345678901234567890123456789012345678901234", false},
	};

	for (unsigned int i = 0; i < G_N_ELEMENTS(rows); i++)
		if (host_check_physical(rows[i].text) != rows[i].good)
			g_error("'%s' is not %s", rows[i].text, rows[i].good ? "good" : "bad");
}

static void put_host(struct cloud *cloud, struct uuid id, unsigned int n, const char *physical,
		     bool up)
{
	struct host *host = attr_new(&host_table);

	host->object.name = g_strdup_printf("h%u", n);
	host->tunnel_ip = ip_from_v4(0x0a630000 | n);
	host->admin_state_up = up;
	*(char **)vec_add(&host->physical, sizeof(char *)) = g_strdup("elsewhere");
	*(char **)vec_add(&host->physical, sizeof(char *)) = g_strdup(physical);
	cloud_apply(cloud, KIND_HOST, id, host, 1);
	cloud_set_host_alive(
		cloud, cloud_find_host_by_ip(cloud, ip_from_v4(0x0a630000 | n))->object.name,
		true, 1);
}

static const char *choose(const struct cloud *cloud, struct uuid router,
			  const struct network *network)
{
	const struct host *host = gateway_choose_host(cloud, router, network);

	return host ? host->object.name : NULL;
}

static void test_choose(void)
{
	struct network *network = make_network(SEGMENT_FLAT, "physnet1", 0);
	g_autofree struct uuid *routers = g_new(struct uuid, ROUTERS);
	g_autofree const char **first = g_new(const char *, ROUTERS);
	struct cloud *cloud = cloud_new();
	unsigned int count[HOSTS] = {0}, moved = 0;
	struct uuid ids[HOSTS];

	g_assert_null(gateway_choose_host(cloud, uuid_new(), network));
	for (unsigned int n = 0; n < HOSTS; n++)
		put_host(cloud, ids[n] = uuid_new(), n, n ? "physnet1" : "physnet2", n != 1);
	for (unsigned int i = 0; i < ROUTERS; i++) {
		routers[i] = uuid_new();
		first[i] = g_intern_string(choose(cloud, routers[i], network));
		count[first[i][1] - '0']++;
	}
	/* Neither the one that is elsewhere nor the one that is closed; the others alike. */
	g_assert_cmpuint(count[0] + count[1], ==, 0);
	for (unsigned int n = 2; n < HOSTS; n++) {
		g_assert_cmpuint(count[n], >, ROUTERS / (HOSTS - 2) * 4 / 5);
		g_assert_cmpuint(count[n], <, ROUTERS / (HOSTS - 2) * 6 / 5);
	}
	/* One that is lost gives away its own, and no other moves. */
	cloud_set_host_alive(cloud, "h4", false, 2);
	for (unsigned int i = 0; i < ROUTERS; i++) {
		const char *now = choose(cloud, routers[i], network);

		g_assert_cmpstr(now, !=, "h4");
		moved += strcmp(now, first[i]) != 0;
	}
	g_assert_cmpuint(moved, ==, count[4]);
	attr_free(&network_table, network);
	cloud_free(cloud);
}

static void check_info(const struct router *router, const struct cloud *cloud,
		       const char *expected)
{
	json_t *info = gateway_print_info(router, cloud, NULL);
	g_autofree char *text = info ? json_dumps(info, JSON_COMPACT | JSON_SORT_KEYS) : NULL;

	g_assert_cmpstr(text, ==, expected);
	json_decref(info);
}

static void test_info(void)
{
	struct uuid id = uuid_new(), port_id = uuid_new();
	struct router *router = attr_new(&router_table);
	struct port *port = attr_new(&port_table);
	struct cloud *cloud = cloud_new();
	char text[UUID_TEXT];
	struct fixed_ip *fixed;

	cloud_apply(cloud, KIND_ROUTER, id, router, 1);
	check_info(router, cloud, NULL);
	g_assert_true(uuid_parse("11111111-1111-4111-8111-111111111111",
				 &router->gateway_network_id));
	check_info(router, cloud,
		   "{\"enable_snat\":true,\"external_fixed_ips\":[],"
		   "\"network_id\":\"11111111-1111-4111-8111-111111111111\"}");
	port->device_owner = g_strdup(PORT_OWNER_GATEWAY);
	port->device_id = g_strdup(uuid_print(id, text));
	port->network_id = router->gateway_network_id;
	fixed = vec_add(&port->fixed_ips, sizeof(*fixed));
	g_assert_true(uuid_parse("22222222-2222-4222-8222-222222222222", &fixed->subnet_id));
	fixed->ip = ip_from_v4(0xcb007105);
	cloud_apply(cloud, KIND_PORT, port_id, port, 2);
	g_assert_true(cloud_find_gateway(cloud, id) == port);
	g_assert_cmpuint(cloud_list_interfaces(cloud, id)->len, ==, 0);
	router->enable_snat = false;
	check_info(router, cloud,
		   "{\"enable_snat\":false,\"external_fixed_ips\":[{\"ip_address\":"
		   "\"203.0.113.5\",\"subnet_id\":\"22222222-2222-4222-8222-222222222222\"}],"
		   "\"network_id\":\"11111111-1111-4111-8111-111111111111\"}");
	cloud_apply(cloud, KIND_PORT, port_id, NULL, 3);
	g_assert_null(cloud_find_gateway(cloud, id));
	cloud_free(cloud);
}

/* Routers that were stored before there were gateways. */
static void test_old(void)
{
	static const char text[] =
		"{\"id\":\"11111111-1111-4111-8111-111111111111\",\"name\":\"r\","
		"\"external_gateway_info\":null,\"number\":7}";
	GError *error = NULL;
	struct router *router = attr_read(&router_table, text, strlen(text), &error);

	g_assert_no_error(error);
	g_assert_true(uuid_is_none(router->gateway_network_id));
	g_assert_true(router->enable_snat);
	attr_free(&router_table, router);
}

/* It is ACTIVE when its host has wired it, and it is not one of the host's own to wire. */
static void test_status(void)
{
	struct port *port = attr_new(&port_table);
	struct cloud *cloud = cloud_new();
	struct uuid id = uuid_new();

	put_host(cloud, uuid_new(), 0, "physnet1", true);
	port->device_owner = g_strdup(PORT_OWNER_GATEWAY);
	g_assert_cmpstr(gateway_get_vif_type(port, cloud), ==, "binding_failed");
	port->host_id = g_intern_string("h0");
	cloud_apply(cloud, KIND_PORT, id, port, 1);
	g_assert_false(port_is_bound(port));
	g_assert_cmpstr(gateway_get_vif_type(port, cloud), ==, "other");
	g_assert_cmpint(cloud_get_port_status(cloud, port), ==, STATUS_DOWN);
	cloud_set_port_wired(cloud, "h0", id, true);
	g_assert_cmpint(cloud_get_port_status(cloud, port), ==, STATUS_ACTIVE);
	cloud_set_host_alive(cloud, "h0", false, 2);
	g_assert_cmpstr(gateway_get_vif_type(port, cloud), ==, "binding_failed");
	g_assert_cmpint(cloud_get_port_status(cloud, port), ==, STATUS_DOWN);
	cloud_free(cloud);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/gateway/physical", test_physical);
	g_test_add_func("/gateway/segments", test_segments);
	g_test_add_func("/gateway/names", test_names);
	g_test_add_func("/gateway/choose", test_choose);
	g_test_add_func("/gateway/info", test_info);
	g_test_add_func("/gateway/old", test_old);
	g_test_add_func("/gateway/status", test_status);
	return g_test_run();
}
