/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows as they are sent: a small cloud, and the whole text of what a host gets. Two
 * networks on a router, one VIP; web on h1 and h2, db on h2.
 *
 *   h1: web1   h2: web2, db1        web 10.0.1.0/24 vni 5 -- router 9 -- db 10.0.2.0/24 vni 6
 */
#include "compile/compile.h"
#include "compile/full.h"

#include <string.h>

#include "compile/text.h"
#include "compile/world_fixture.h"

struct fixture {
	struct world world;
	struct uuid web, db, web_subnet, db_subnet, router, web1, web2, db1;
};

static struct uuid apply(struct world *world, enum kind kind, void *object)
{
	struct uuid id = ((struct object *)object)->id;

	world_apply(world, kind, object);
	return id;
}

static struct uuid add_port(struct world *world, struct uuid network, struct uuid subnet,
			    uint32_t mac, const char *ip, const char *host)
{
	struct port *port = world_port(world, network, world_mac_n(mac), host);

	world_add_ip(port, subnet, world_ip(ip));
	return apply(world, KIND_PORT, port);
}

static void add_interface(struct fixture *f, struct uuid network, struct uuid subnet,
			  uint32_t mac, const char *ip)
{
	struct port *port = world_interface(&f->world, f->router, network, world_mac_n(mac));

	world_add_ip(port, subnet, world_ip(ip));
	world_apply(&f->world, KIND_PORT, port);
}

static void fixture_init(struct fixture *f)
{
	struct world *world = &f->world;

	world_init(world);
	apply(world, KIND_HOST, world_host(world, "h1", "10.99.0.1"));
	apply(world, KIND_HOST, world_host(world, "h2", "10.99.0.2"));
	f->web = apply(world, KIND_NETWORK, world_network(world, 5));
	f->db = apply(world, KIND_NETWORK, world_network(world, 6));
	f->web_subnet = apply(world, KIND_SUBNET,
			      world_subnet(world, f->web, "10.0.1.0/24", "10.0.1.1"));
	f->db_subnet =
		apply(world, KIND_SUBNET, world_subnet(world, f->db, "10.0.2.0/24", NULL));
	f->router = apply(world, KIND_ROUTER, world_router(world, 9));
	add_interface(f, f->web, f->web_subnet, 0xa1, "10.0.1.1");
	add_interface(f, f->db, f->db_subnet, 0xa2, "10.0.2.1");
	f->web1 = add_port(world, f->web, f->web_subnet, 0x11, "10.0.1.11", "h1");
	f->web2 = add_port(world, f->web, f->web_subnet, 0x12, "10.0.1.12", "h2");
	f->db1 = add_port(world, f->db, f->db_subnet, 0x21, "10.0.2.21", "h2");
}

static void expect(GHashTable *rows, const char *row, const char *value)
{
	g_assert_cmpstr(g_hash_table_lookup(rows, row), ==, value);
	if (value)
		g_hash_table_remove(rows, row);
}

/* A format with one id in it. */
static char *with_id(const char *before, struct uuid id, const char *after)
{
	char text[UUID_TEXT];

	return g_strconcat(before, uuid_print(id, text), after, NULL);
}

static void test_whole_host(void)
{
	struct fixture f;
	g_autoptr(GHashTable) rows = NULL;
	g_autofree char *web = NULL, *db = NULL, *port = NULL, *row = NULL;

	fixture_init(&f);
	rows = compile_full(f.world.cloud, "h1");
	web = with_id("{\"id\":\"", f.web, "\",\"mtu\":1450,\"up\":true,\"flood\":false}");
	db = with_id("{\"id\":\"", f.db, "\",\"mtu\":1450,\"up\":true,\"flood\":false}");
	row = with_id("port ", f.web1, "");
	port = with_id(
		"{\"network\":\"", f.web,
		"\",\"vni\":5,\"mac\":\"02:00:00:00:00:11\",\"identity\":7,\"mtu\":1450,"
		"\"up\":true,\"guarded\":true,\"filtered\":true,\"name\":\"port\",\"project\":\"acme\","
		"\"pairs\":[{\"mac\":\"02:00:00:00:00:11\",\"prefix\":\"10.0.1.11/32\"}],"
		"\"dhcp4\":[{\"ip\":\"10.0.1.11\",\"prefix\":\"10.0.1.0/24\","
		"\"server\":\"10.0.1.1\",\"gateway\":\"10.0.1.1\",\"dns\":[],"
		"\"routes\":[],\"hostname\":\"host-10-0-1-11\",\"options\":[]}]}");
	expect(rows, "host h2", "{\"ip\":\"10.99.0.2\"}");
	expect(rows, "identity 7", "{\"sets\":[]}");
	expect(rows, "network 5", web);
	expect(rows, "network 6", db);
	expect(rows, "interface 9/5/02:00:00:00:00:a1",
	       "{\"ips\":[\"10.0.1.1/24\"],\"up\":true}");
	expect(rows, "interface 9/6/02:00:00:00:00:a2",
	       "{\"ips\":[\"10.0.2.1/24\"],\"up\":true}");
	expect(rows, "route 9/10.0.1.0/24",
	       "{\"vni\":5,\"mac\":\"02:00:00:00:00:a1\",\"up\":true}");
	expect(rows, "route 9/10.0.2.0/24",
	       "{\"vni\":6,\"mac\":\"02:00:00:00:00:a2\",\"up\":true}");
	expect(rows, "location 5/02:00:00:00:00:11",
	       "{\"host\":\"h1\",\"identity\":7,\"ips\":[\"10.0.1.11\"]}");
	expect(rows, "location 5/02:00:00:00:00:12",
	       "{\"host\":\"h2\",\"identity\":7,\"ips\":[\"10.0.1.12\"]}");
	expect(rows, "location 6/02:00:00:00:00:21",
	       "{\"host\":\"h2\",\"identity\":7,\"ips\":[\"10.0.2.21\"]}");
	expect(rows, "member 5/h2", "{}");
	expect(rows, "member 6/h2", "{}");
	expect(rows, row, port);
	g_assert_cmpuint(g_hash_table_size(rows), ==, 0);
	world_done(&f.world);
}

static void test_stranger_gets_nothing(void)
{
	struct fixture f;
	g_autoptr(GHashTable) rows = NULL;

	fixture_init(&f);
	rows = compile_full(f.world.cloud, "h3");
	g_assert_cmpuint(g_hash_table_size(rows), ==, 0);
	world_done(&f.world);
}

static void test_static_routes(void)
{
	struct fixture f;
	struct router *router;
	g_autoptr(GHashTable) rows = NULL;

	fixture_init(&f);
	router = world_edit(&f.world, KIND_ROUTER, f.router);
	world_add_route(&router->routes, "0.0.0.0/0", "10.0.1.12");
	world_add_route(&router->routes, "10.0.2.0/24", "10.0.1.12");	  /* connected wins */
	world_add_route(&router->routes, "192.168.0.0/16", "172.16.0.1"); /* out of reach */
	world_apply(&f.world, KIND_ROUTER, router);
	rows = compile_full(f.world.cloud, "h1");
	expect(rows, "route 9/0.0.0.0/0",
	       "{\"vni\":5,\"mac\":\"02:00:00:00:00:a1\",\"via\":\"10.0.1.12\",\"up\":true}");
	expect(rows, "route 9/10.0.2.0/24",
	       "{\"vni\":6,\"mac\":\"02:00:00:00:00:a2\",\"up\":true}");
	expect(rows, "route 9/192.168.0.0/16", "{\"blackhole\":true,\"up\":true}");
	world_done(&f.world);
}

static void name_vip(struct fixture *f, struct uuid id, const char *ip, const char *mac)
{
	struct port *port = world_edit(&f->world, KIND_PORT, id);

	world_add_pair(port, ip, mac);
	world_apply(&f->world, KIND_PORT, port);
}

static void expect_on(struct fixture *f, const char *row, const char *value)
{
	g_autoptr(GHashTable) rows = compile_full(f->world.cloud, "h1");

	expect(rows, row, value);
}

/* A pair's address is answered for while exactly one port names it and none has it. */
static void test_pairs(void)
{
	struct fixture f;

	fixture_init(&f);
	name_vip(&f, f.web1, "10.0.1.100/32", NULL);
	expect_on(&f, "location 5/02:00:00:00:00:11",
		  "{\"host\":\"h1\",\"identity\":7,\"ips\":[\"10.0.1.11\",\"10.0.1.100\"]}");
	name_vip(&f, f.web2, "10.0.1.100/32", NULL);
	expect_on(&f, "location 5/02:00:00:00:00:11",
		  "{\"host\":\"h1\",\"identity\":7,\"ips\":[\"10.0.1.11\"]}");
	name_vip(&f, f.web2, "10.0.1.101/32", "00:00:5e:00:01:01");
	expect_on(&f, "location 5/00:00:5e:00:01:01",
		  "{\"host\":\"h2\",\"identity\":7,\"ips\":[\"10.0.1.101\"]}");
	name_vip(&f, f.web1, "10.0.1.12/32", NULL); /* web2 has it */
	expect_on(&f, "location 5/02:00:00:00:00:11",
		  "{\"host\":\"h1\",\"identity\":7,\"ips\":[\"10.0.1.11\"]}");
	name_vip(&f, f.web1, "10.0.1.0/28", "00:00:5e:00:01:02"); /* a range has no place */
	expect_on(&f, "location 5/00:00:5e:00:01:02", NULL);
	world_done(&f.world);
}

static void test_down(void)
{
	struct fixture f;
	struct router *router;
	struct port *port;
	g_autoptr(GHashTable) rows = NULL;
	g_autofree char *row = NULL;

	fixture_init(&f);
	router = world_edit(&f.world, KIND_ROUTER, f.router);
	router->admin_state_up = false;
	world_apply(&f.world, KIND_ROUTER, router);
	port = world_edit(&f.world, KIND_PORT, f.web1);
	port->admin_state_up = false;
	world_apply(&f.world, KIND_PORT, port);
	rows = compile_full(f.world.cloud, "h1");
	row = with_id("port ", f.web1, "");
	g_assert_nonnull(strstr(g_hash_table_lookup(rows, row), "\"up\":false"));
	g_assert_nonnull(g_hash_table_lookup(rows, "location 5/02:00:00:00:00:11"));
	expect(rows, "interface 9/5/02:00:00:00:00:a1",
	       "{\"ips\":[\"10.0.1.1/24\"],\"up\":false}");
	expect(rows, "route 9/10.0.1.0/24",
	       "{\"vni\":5,\"mac\":\"02:00:00:00:00:a1\",\"up\":false}");
	world_done(&f.world);
}

/* Names come from tenants. */
static void test_strange_names(void)
{
	struct fixture f;
	struct port *port;
	g_autofree char *row = NULL;
	g_autoptr(GHashTable) rows = NULL;

	fixture_init(&f);
	port = world_edit(&f.world, KIND_PORT, f.web1);
	g_free(port->object.name);
	port->object.name = g_strdup("a\"b\\c\n\xc3\xa9");
	world_apply(&f.world, KIND_PORT, port);
	rows = compile_full(f.world.cloud, "h1");
	row = with_id("port ", f.web1, "");
	g_assert_nonnull(
		strstr(g_hash_table_lookup(rows, row), "\"name\":\"a\\\"b\\\\c\\n\xc3\xa9\""));
	world_done(&f.world);
}

static void test_dhcp(void)
{
	struct fixture f;
	struct subnet *subnet;
	struct port *port;
	struct dhcp_option *option;
	g_autofree char *row = NULL;
	g_autoptr(GHashTable) rows = NULL;

	fixture_init(&f);
	subnet = world_edit(&f.world, KIND_SUBNET, f.web_subnet);
	subnet->gateway_ip = ip_none;
	*(struct ip *)vec_add(&subnet->dns_nameservers, sizeof(struct ip)) =
		world_ip("9.9.9.9");
	world_add_route(&subnet->host_routes, "10.8.0.0/16", "10.0.1.12");
	world_apply(&f.world, KIND_SUBNET, subnet);
	port = world_edit(&f.world, KIND_PORT, f.web1);
	option = vec_add(&port->extra_dhcp_opts, sizeof(*option));
	*option = (struct dhcp_option){g_strdup("tftp-server"), g_strdup("10.0.1.9"), 4};
	option = vec_add(&port->extra_dhcp_opts, sizeof(*option));
	*option = (struct dhcp_option){g_strdup("dns-server"), g_strdup("fd00::9"), 6};
	option = vec_add(&port->extra_dhcp_opts, sizeof(*option));
	*option = (struct dhcp_option){g_strdup("mtu"), NULL, 4};
	world_apply(&f.world, KIND_PORT, port);
	rows = compile_full(f.world.cloud, "h1");
	row = with_id("port ", f.web1, "");
	g_assert_nonnull(strstr(
		g_hash_table_lookup(rows, row),
		"\"dhcp4\":[{\"ip\":\"10.0.1.11\",\"prefix\":\"10.0.1.0/24\","
		"\"server\":\"169.254.0.1\",\"dns\":[\"9.9.9.9\"],"
		"\"routes\":[{\"destination\":\"10.8.0.0/16\",\"nexthop\":\"10.0.1.12\"}],"
		"\"hostname\":\"host-10-0-1-11\","
		"\"options\":[{\"name\":\"tftp-server\",\"value\":\"10.0.1.9\"}]}]}"));
	world_done(&f.world);
}

/* An IPv6 subnet on the web network, with an address of the router's interface and of web1. */
static void add_v6(struct fixture *f, const char *cidr, enum ipv6_mode ra,
		   enum ipv6_mode address)
{
	struct subnet *subnet = world_subnet(&f->world, f->web, cidr, NULL);
	const GPtrArray *interfaces = cloud_list_interfaces(f->world.cloud, f->router);
	struct uuid id = subnet->object.id;
	struct prefix prefix = subnet->cidr;
	struct port *port;

	subnet->ipv6_ra_mode = ra;
	subnet->ipv6_address_mode = address;
	*(struct ip *)vec_add(&subnet->dns_nameservers, sizeof(struct ip)) =
		world_ip("fd00::53");
	world_apply(&f->world, KIND_SUBNET, subnet);
	for (guint i = 0; i < interfaces->len; i++) {
		const struct port *interface = interfaces->pdata[i];

		if (!uuid_equal(interface->network_id, f->web))
			continue;
		port = world_edit(&f->world, KIND_PORT, interface->object.id);
		world_add_ip(port, id, ip_add(prefix.ip, 1));
		world_apply(&f->world, KIND_PORT, port);
		break;
	}
	port = world_edit(&f->world, KIND_PORT, f->web1);
	world_add_ip(port, id, ip_add(prefix.ip, 0x11));
	world_apply(&f->world, KIND_PORT, port);
}

static void check_v6(struct fixture *f, const char *ra, const char *dhcp6)
{
	g_autoptr(GHashTable) rows = compile_full(f->world.cloud, "h1");
	g_autofree char *key = with_id("port ", f->web1, "");
	const char *interface = g_hash_table_lookup(rows, "interface 9/5/02:00:00:00:00:a1");
	const char *port = g_hash_table_lookup(rows, key);

	g_assert_cmpstr(strstr(interface, ",\"ra\":"), ==, ra);
	g_assert_cmpstr(strstr(port, ",\"dhcp6\":"), ==, dhcp6);
	world_done(&f->world);
}

static void test_slaac(void)
{
	struct fixture f;

	fixture_init(&f);
	add_v6(&f, "fd00:5::/64", IPV6_MODE_SLAAC, IPV6_MODE_SLAAC);
	check_v6(&f,
		 ",\"ra\":{\"managed\":false,\"other\":false,"
		 "\"prefixes\":[{\"prefix\":\"fd00:5::/64\",\"auto\":true}],"
		 "\"dns\":[\"fd00::53\"]}}",
		 NULL);
}

static void test_stateless(void)
{
	struct fixture f;

	fixture_init(&f);
	add_v6(&f, "fd00:5::/64", IPV6_MODE_DHCPV6_STATELESS, IPV6_MODE_DHCPV6_STATELESS);
	check_v6(&f,
		 ",\"ra\":{\"managed\":false,\"other\":true,"
		 "\"prefixes\":[{\"prefix\":\"fd00:5::/64\",\"auto\":true}],"
		 "\"dns\":[\"fd00::53\"]}}",
		 ",\"dhcp6\":{\"ips\":[],\"dns\":[\"fd00::53\"],\"options\":[]}}");
}

/* Two subnets, one router's interface: one advertisement; one server for all addresses. */
static void test_stateful(void)
{
	struct dhcp_option *option;
	struct fixture f;
	struct port *port;

	fixture_init(&f);
	add_v6(&f, "fd00:5::/64", IPV6_MODE_DHCPV6_STATEFUL, IPV6_MODE_DHCPV6_STATEFUL);
	add_v6(&f, "fd00:6::/64", IPV6_MODE_SLAAC, IPV6_MODE_SLAAC);
	port = world_edit(&f.world, KIND_PORT, f.web1);
	option = vec_add(&port->extra_dhcp_opts, sizeof(*option));
	*option = (struct dhcp_option){g_strdup("domain-search"), g_strdup("a.example"), 6};
	option = vec_add(&port->extra_dhcp_opts, sizeof(*option));
	*option = (struct dhcp_option){g_strdup("mtu"), g_strdup("1400"), 4};
	world_apply(&f.world, KIND_PORT, port);
	check_v6(&f,
		 ",\"ra\":{\"managed\":true,\"other\":false,"
		 "\"prefixes\":[{\"prefix\":\"fd00:5::/64\",\"auto\":false},"
		 "{\"prefix\":\"fd00:6::/64\",\"auto\":true}],\"dns\":[\"fd00::53\"]}}",
		 ",\"dhcp6\":{\"ips\":[\"fd00:5::11\"],\"dns\":[\"fd00::53\"],"
		 "\"options\":[{\"name\":\"domain-search\",\"value\":\"a.example\"}]}}");
}

/* As Neutron's: without modes there is DHCPv6 and nobody advertises. */
static void test_no_modes(void)
{
	struct fixture f;

	fixture_init(&f);
	add_v6(&f, "fd00:5::/64", IPV6_MODE_NONE, IPV6_MODE_NONE);
	check_v6(&f, NULL,
		 ",\"dhcp6\":{\"ips\":[\"fd00:5::11\"],\"dns\":[\"fd00::53\"],"
		 "\"options\":[]}}");
}

/* Advertised by Weft, addresses by somebody else. */
static void test_ra_alone(void)
{
	struct fixture f;

	fixture_init(&f);
	add_v6(&f, "fd00:5::/64", IPV6_MODE_DHCPV6_STATEFUL, IPV6_MODE_NONE);
	check_v6(&f,
		 ",\"ra\":{\"managed\":true,\"other\":false,"
		 "\"prefixes\":[{\"prefix\":\"fd00:5::/64\",\"auto\":false}],"
		 "\"dns\":[\"fd00::53\"]}}",
		 NULL);
}

/* h1 has a port in `web` alone: the border of `db` is not its business. */
static void test_acl(void)
{
	static const struct uuid acl = {{0xac}};
	struct fixture f;
	g_autoptr(GHashTable) rows = NULL;
	struct network_acl_rule *rule = attr_new(&network_acl_rule_table);
	struct subnet *subnet;
	g_autofree char *key = NULL, *more = NULL;
	struct uuid id;

	fixture_init(&f);
	for (int i = 0; i < 2; i++) {
		subnet = world_edit(&f.world, KIND_SUBNET, i ? f.db_subnet : f.web_subnet);
		subnet->network_acl_id = acl;
		world_apply(&f.world, KIND_SUBNET, subnet);
	}
	id = rule->object.id = world_id(&f.world);
	rule->network_acl_id = acl;
	rule->number = 100;
	rule->protocol = g_strdup("tcp");
	rule->port_range_min = 80;
	rule->port_range_max = 443;
	rule->remote_ip_prefix = g_strdup("10.0.2.0/24");
	rule->ethertype = 1;
	world_apply(&f.world, KIND_NETWORK_ACL_RULE, rule);
	rule = attr_new(&network_acl_rule_table);
	rule->object.id = world_id(&f.world);
	rule->network_acl_id = acl;
	rule->number = 200;
	rule->direction = DIRECTION_EGRESS;
	rule->action = ACL_DENY;
	key = with_id("rule acl:ac000000-0000-0000-0000-000000000000/", id, "");
	more = with_id("rule acl:ac000000-0000-0000-0000-000000000000/", rule->object.id, "");
	world_apply(&f.world, KIND_NETWORK_ACL_RULE, rule);
	rows = compile_full(f.world.cloud, "h1");
	expect(rows, "border 5/10.0.1.0/24",
	       "{\"acl\":\"acl:ac000000-0000-0000-0000-000000000000\"}");
	expect(rows, "border 6/10.0.2.0/24", NULL);
	expect(rows, key,
	       "{\"tier\":0,\"order\":100,\"direction\":\"ingress\",\"action\":\"accept\","
	       "\"ethertype\":\"IPv4\",\"protocol\":6,\"min\":80,\"max\":443,"
	       "\"prefix\":\"10.0.2.0/24\"}");
	expect(rows, more,
	       "{\"tier\":0,\"order\":200,\"direction\":\"egress\",\"action\":\"deny\"}");
	world_done(&f.world);
}

#define GROUP "f0010000-0000-0000-0000-000000000000"
#define RULE  "f0030000-0000-0000-0000-000000000000"

/* One policy both ways: which end is the far one depends on where the rule stands. */
static void test_firewall(void)
{
	struct fixture f;
	g_autoptr(GHashTable) rows = NULL;
	struct firewall_rule *rule = attr_new(&firewall_rule_table);
	struct firewall_policy *policy = attr_new(&firewall_policy_table);
	struct firewall_group *group = attr_new(&firewall_group_table);
	const GPtrArray *ports;

	fixture_init(&f);
	ports = cloud_list_interfaces(f.world.cloud, f.router);
	rule->object.id = (struct uuid){{0xf0, 3}};
	rule->enabled = true;
	rule->action = FIREWALL_ALLOW;
	rule->ip_version = 4;
	rule->protocol = g_strdup("tcp");
	rule->source_ip_address = g_strdup("10.0.2.0/24");
	rule->destination_ip_address = g_strdup("10.0.1.5");
	rule->source_port = g_strdup("1024:65535");
	rule->destination_port = g_strdup("80");
	policy->object.id = (struct uuid){{0xf0, 2}};
	*(struct uuid *)vec_add(&policy->rules, sizeof(struct uuid)) = rule->object.id;
	group->object.id = (struct uuid){{0xf0, 1}};
	group->admin_state_up = true;
	group->ingress_policy_id = group->egress_policy_id = policy->object.id;
	*(struct uuid *)vec_add(&group->ports, sizeof(struct uuid)) =
		((struct object *)ports->pdata[0])->id;
	world_apply(&f.world, KIND_FIREWALL_RULE, rule);
	world_apply(&f.world, KIND_FIREWALL_POLICY, policy);
	world_apply(&f.world, KIND_FIREWALL_GROUP, group);
	rows = compile_full(f.world.cloud, "h1");
	expect(rows, "rule fw:" GROUP "/ingress/" RULE,
	       "{\"tier\":6,\"order\":999999,\"direction\":\"ingress\",\"action\":\"accept\","
	       "\"ethertype\":\"IPv4\",\"protocol\":6,\"min\":80,\"max\":80,"
	       "\"prefix\":\"10.0.2.0/24\",\"near\":\"10.0.1.5/32\",\"source_min\":1024,"
	       "\"source_max\":65535}");
	expect(rows, "rule fw:" GROUP "/egress/" RULE,
	       "{\"tier\":6,\"order\":999999,\"direction\":\"egress\",\"action\":\"accept\","
	       "\"ethertype\":\"IPv4\",\"protocol\":6,\"min\":80,\"max\":80,"
	       "\"near\":\"10.0.2.0/24\",\"prefix\":\"10.0.1.5/32\",\"source_min\":1024,"
	       "\"source_max\":65535}");
	world_done(&f.world);
}

/* An external network, VLAN 7 of `outer`, dual-stack, and the fixture's router with a gateway on h3. */
static struct uuid add_gateway(struct fixture *f)
{
	struct network *network = world_network(&f->world, 7);
	struct subnet *v4, *v6;
	struct port *port;

	network->mtu = 1500;
	network->place.type = SEGMENT_VLAN;
	network->place.physical_network = g_strdup("outer");
	v4 = world_subnet(&f->world, network->object.id, "203.0.113.0/24", "203.0.113.1");
	v6 = world_subnet(&f->world, network->object.id, "2001:db8::/64", NULL);
	port = world_gateway(&f->world, f->router, network->object.id, world_mac_n(0xe1), "h3");
	world_add_ip(port, v4->object.id, world_ip("203.0.113.5"));
	world_add_ip(port, v6->object.id, world_ip("2001:db8::5"));
	apply(&f->world, KIND_HOST, world_host(&f->world, "h3", "10.99.0.3"));
	apply(&f->world, KIND_NETWORK, network);
	apply(&f->world, KIND_SUBNET, v4);
	apply(&f->world, KIND_SUBNET, v6);
	return apply(&f->world, KIND_PORT, port);
}

#define GATEWAY_END                                                                            \
	"\"mtu\":1500,\"physical\":\"outer:7\",\"addresses\":["                                \
	"{\"ip\":\"203.0.113.5\",\"subnet\":\"203.0.113.0/24\",\"gateway\":\"203.0.113.1\"},"  \
	"{\"ip\":\"2001:db8::5\",\"subnet\":\"2001:db8::/64\"}],"                              \
	"\"routes\":[\"0.0.0.0/0\",\"203.0.113.0/24\",\"2001:db8::/64\"],"

/* h3 has no port near the router; that it carries the gateway makes it one of those who see it. */
static void test_gateway(void)
{
	struct fixture f;
	g_autoptr(GHashTable) near = NULL, carrier = NULL;
	g_autofree char *row = NULL;
	struct uuid id;

	fixture_init(&f);
	id = add_gateway(&f);
	row = with_id("{\"id\":\"", id,
		      "\",\"host\":\"h3\",\"mac\":\"02:00:00:00:00:e1\",\"up\":true,"
		      "\"snat\":true," GATEWAY_END "\"inside\":[]}");
	near = compile_full(f.world.cloud, "h1");
	expect(near, "gateway 9", row);
	expect(near, "host h3", "{\"ip\":\"10.99.0.3\"}");
	expect(near, "route 9/0.0.0.0/0", NULL);
	expect(near, "network 0", NULL); /* what is only outside is no network of the hosts */
	carrier = compile_full(f.world.cloud, "h3");
	expect(carrier, "gateway 9", row);
	expect(carrier, "host h1", "{\"ip\":\"10.99.0.1\"}");
	expect(carrier, "host h2", "{\"ip\":\"10.99.0.2\"}");
	expect(carrier, "location 5/02:00:00:00:00:11",
	       "{\"host\":\"h1\",\"identity\":7,\"ips\":[\"10.0.1.11\"]}");
	world_done(&f.world);
}

/* Untranslated, what is inside is told, but not what a static route claims to be; one by the outside's
 * router goes the gateway's way; a default route of the router's own takes the gateway's place. */
static void test_gateway_plain(void)
{
	struct fixture f;
	g_autoptr(GHashTable) rows = NULL, again = NULL;
	g_autofree char *row = NULL, *other = NULL;
	struct router *router;
	struct uuid id;

	fixture_init(&f);
	id = add_gateway(&f);
	router = world_edit(&f.world, KIND_ROUTER, f.router);
	router->enable_snat = false;
	world_add_route(&router->routes, "10.9.0.0/16", "10.0.1.12");
	world_add_route(&router->routes, "192.0.2.0/24", "203.0.113.1");
	world_apply(&f.world, KIND_ROUTER, router);
	row = with_id("{\"id\":\"", id,
		      "\",\"host\":\"h3\",\"mac\":\"02:00:00:00:00:e1\",\"up\":true,"
		      "\"snat\":false,\"mtu\":1500,\"physical\":\"outer:7\",\"addresses\":["
		      "{\"ip\":\"203.0.113.5\",\"subnet\":\"203.0.113.0/24\","
		      "\"gateway\":\"203.0.113.1\"},"
		      "{\"ip\":\"2001:db8::5\",\"subnet\":\"2001:db8::/64\"}],"
		      "\"routes\":[\"0.0.0.0/0\",\"192.0.2.0/24\",\"203.0.113.0/24\","
		      "\"2001:db8::/64\"],"
		      "\"inside\":[\"10.0.1.0/24\",\"10.0.2.0/24\"]}");
	rows = compile_full(f.world.cloud, "h1");
	expect(rows, "gateway 9", row);
	expect(rows, "route 9/192.0.2.0/24", NULL);

	router = world_edit(&f.world, KIND_ROUTER, f.router);
	router->routes.count = 0;
	router->enable_snat = true;
	router->admin_state_up = false;
	world_add_route(&router->routes, "0.0.0.0/0", "10.0.1.12");
	world_apply(&f.world, KIND_ROUTER, router);
	other = with_id("{\"id\":\"", id,
			"\",\"host\":\"h3\",\"mac\":\"02:00:00:00:00:e1\",\"up\":false,"
			"\"snat\":true,\"mtu\":1500,\"physical\":\"outer:7\",\"addresses\":["
			"{\"ip\":\"203.0.113.5\",\"subnet\":\"203.0.113.0/24\","
			"\"gateway\":\"203.0.113.1\"},"
			"{\"ip\":\"2001:db8::5\",\"subnet\":\"2001:db8::/64\"}],"
			"\"routes\":[\"203.0.113.0/24\",\"2001:db8::/64\"],\"inside\":[]}");
	again = compile_full(f.world.cloud, "h1");
	expect(again, "gateway 9", other);
	expect(again, "route 9/0.0.0.0/0",
	       "{\"vni\":5,\"mac\":\"02:00:00:00:00:a1\",\"via\":\"10.0.1.12\",\"up\":false}");
	world_done(&f.world);
}

/* `web` is in the scope of the outside and goes there as it is; `db` in none, and is translated. */
static void test_gateway_scopes(void)
{
	struct fixture f;
	g_autoptr(GHashTable) rows = NULL;
	struct subnetpool *pool;
	const struct port *gateway;
	struct uuid ids[2];
	const char *row;

	fixture_init(&f);
	gateway = cloud_find_port(f.world.cloud, add_gateway(&f));
	pool = attr_new(&subnetpool_table);
	pool->object.id = world_id(&f.world);
	pool->address_scope_id = (struct uuid){{0x5c}};
	ids[0] = f.web_subnet;
	ids[1] = vec_at(struct fixed_ip, &gateway->fixed_ips, 0)->subnet_id;
	for (int i = 0; i < 2; i++) {
		struct subnet *subnet = world_edit(&f.world, KIND_SUBNET, ids[i]);

		subnet->subnetpool_id = pool->object.id;
		world_apply(&f.world, KIND_SUBNET, subnet);
	}
	world_apply(&f.world, KIND_SUBNETPOOL, pool);
	rows = compile_full(f.world.cloud, "h1");
	row = g_hash_table_lookup(rows, "gateway 9"); /* of db: no scope comes first */
	g_assert_nonnull(strstr(row, "\"snat\":true"));
	g_assert_true(g_str_has_suffix(row, "\"inside\":[]}"));
	row = g_hash_table_lookup(rows, "gateway 16777225"); /* 9, in the second */
	g_assert_nonnull(strstr(row, "\"snat\":false"));
	g_assert_true(g_str_has_suffix(row, "\"inside\":[\"10.0.1.0/24\"]}"));
	world_done(&f.world);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/compile/text/whole-host", test_whole_host);
	g_test_add_func("/compile/text/stranger-gets-nothing", test_stranger_gets_nothing);
	g_test_add_func("/compile/text/static-routes", test_static_routes);
	g_test_add_func("/compile/text/pairs", test_pairs);
	g_test_add_func("/compile/text/down", test_down);
	g_test_add_func("/compile/text/strange-names", test_strange_names);
	g_test_add_func("/compile/text/dhcp", test_dhcp);
	g_test_add_func("/compile/text/slaac", test_slaac);
	g_test_add_func("/compile/text/stateless", test_stateless);
	g_test_add_func("/compile/text/stateful", test_stateful);
	g_test_add_func("/compile/text/no-modes", test_no_modes);
	g_test_add_func("/compile/text/ra-alone", test_ra_alone);
	g_test_add_func("/compile/text/acl", test_acl);
	g_test_add_func("/compile/text/firewall", test_firewall);
	g_test_add_func("/compile/text/gateway", test_gateway);
	g_test_add_func("/compile/text/gateway-plain", test_gateway_plain);
	g_test_add_func("/compile/text/gateway-scopes", test_gateway_scopes);
	return g_test_run();
}
