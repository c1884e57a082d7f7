/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/random_fixture.h"

#include <stdbool.h>
#include <glib.h>

int pick(int count)
{
	return g_random_int_range(0, count);
}

static const char *pick_bool(void)
{
	return pick(2) ? "true" : "false";
}

static char *random_host(char **text)
{
	int host = 1 + pick(HOSTS - 1);

	/* An address is one host's, as the controller sees to. */
	*text = g_strdup_printf("{\"ip\":\"10.9.%d.%d\"}", host, host * 10 + pick(3));
	return g_strdup_printf("host h%d", host);
}

static char *random_network(char **text)
{
	*text = g_strdup_printf("{\"id\":\"%08d-0000-4000-8000-000000000000\",\"mtu\":%d,"
				"\"up\":%s,\"flood\":%s}",
				pick(9), pick(2) ? 1450 : 1400, pick_bool(), pick_bool());
	return g_strdup_printf("network %d", 1 + pick(VNIS));
}

#define RA ",\"ra\":{\"managed\":false,\"other\":false,\"prefixes\":[],\"dns\":[]}"

static char *random_interface(char **text)
{
	int vni = 1 + pick(VNIS);

	static const char *const firewalls[] = {"", "", ",\"firewall\":\"fw:0\"",
						",\"firewall\":\"fw:1\""};

	*text = g_strdup_printf("{\"ips\":[\"10.%d.0.%d/24\",\"fd0%d::1/64\"],\"up\":%s%s%s}",
				vni, 1 + pick(2), vni, pick_bool(), pick(2) ? RA : "",
				firewalls[pick(4)]);
	return g_strdup_printf("interface %d/%d/02:00:00:00:0%d:%02d", 1 + pick(2), vni, vni,
			       pick(MACS));
}

static char *random_route(char **text)
{
	static const char *const prefixes[] = {"0.0.0.0/0", "10.1.0.0/24", "10.2.0.1/32",
					       "fd01::/64", "::/0"};

	*text = pick(4) ? g_strdup_printf("{\"vni\":%d,\"mac\":\"02:00:00:00:01:0%d\","
					  "\"via\":\"10.1.0.%d\",\"up\":%s}",
					  1 + pick(VNIS), pick(MACS), pick(3), pick_bool())
			: g_strdup("{\"blackhole\":true,\"up\":true}");
	return g_strdup_printf("route %d/%s", 1 + pick(2), prefixes[pick(5)]);
}

/* Of a router and its second realm; often here, and often of another port than before. */
static char *random_gateway(char **text)
{
	static const char *const numbers[] = {"1", "16777217", "2"};
	static const char *const physical[] = {"", ",\"physical\":\"outer\"",
					       ",\"physical\":\"outer:7\""};
	static const char *const hosts[] = {"", ",\"host\":\"h1\"", ",\"host\":\"me\"",
					    ",\"host\":\"me\""};
	static const char *const insides[] = {"", "\"10.1.0.0/24\"",
					      "\"10.1.0.0/24\",\"fd01::/64\"",
					      "\"203.0.113.7/32\",\"2001:db8::/64\""};
	int router = pick(3), port = 7 + pick(2);

	*text = g_strdup_printf(
		"{\"id\":\"%08d-0000-4000-8000-000000000000\"%s,\"mac\":\"02:00:00:00:02:0%d\","
		"\"up\":%s,\"snat\":%s,\"mtu\":%d%s,\"addresses\":[{\"ip\":\"203.0.113.%d\","
		"\"subnet\":\"203.0.113.0/24\"%s},{\"ip\":\"2001:db8::%d\","
		"\"subnet\":\"2001:db8::/64\"}],\"routes\":[\"0.0.0.0/0\",\"203.0.113.0/24\"],"
		"\"inside\":[%s]}",
		port, hosts[pick(4)], port, pick_bool(), pick_bool(), pick(2) ? 1500 : 1400,
		physical[pick(3)], port, pick(2) ? ",\"gateway\":\"203.0.113.1\"" : "", port,
		insides[pick(4)]);
	return g_strdup_printf("gateway %s", numbers[router]);
}

static char *random_location(char **text)
{
	int vni = 1 + pick(VNIS), host = pick(HOSTS);
	g_autofree char *name = host ? g_strdup_printf("h%d", host) : g_strdup("me");

	/* Addresses collide with other rows', as they do while one moves. */
	*text = g_strdup_printf("{\"host\":\"%s\",\"identity\":%d,\"ips\":[\"10.%d.0.%d\","
				"\"fd0%d::%d\"]}",
				name, pick(3), vni, 1 + pick(4), vni, 1 + pick(4));
	return g_strdup_printf("location %d/02:00:00:00:0%d:%02d", vni, vni, pick(MACS));
}

static char *random_member(char **text)
{
	*text = g_strdup("{}");
	return g_strdup_printf("member %d/h%d", 1 + pick(VNIS), 1 + pick(HOSTS - 1));
}

char *port_id(int port)
{
	return g_strdup_printf("0000000%d-0000-4000-8000-000000000000", port);
}

static char *random_port(char **text)
{
	int port = pick(PORTS), vni = 1 + pick(VNIS);
	g_autofree char *id = port_id(port);

	*text = g_strdup_printf(
		"{\"network\":\"%08d-0000-4000-8000-000000000000\",\"vni\":%d,"
		"\"mac\":\"02:00:00:00:0%d:0%d\",\"identity\":%d,\"mtu\":1450,\"up\":%s,"
		"\"guarded\":%s,\"filtered\":%s,\"name\":\"\",\"project\":\"\",\"pairs\":["
		"{\"mac\":\"02:00:00:00:0%d:0%d\",\"prefix\":\"10.%d.0.%d\"},"
		"{\"mac\":\"02:00:00:00:0%d:0%d\",\"prefix\":\"10.%d.0.0/24\"}]}",
		vni, vni, vni, pick(MACS), pick(3), pick_bool(), pick_bool(), pick_bool(), vni,
		pick(MACS), vni, 1 + pick(4), vni, pick(MACS), vni);
	return g_strdup_printf("port %s", id);
}

static char *random_rule(char **text)
{
	static const char *const peers[] = {
		"",
		",\"set\":\"sg:0\"",
		",\"set\":\"sg:1\"",
		",\"addresses\":\"ag:0\"",
		",\"prefix\":\"10.1.0.0/16\",\"except\":[\"10.1.2.0/24\"]",
		",\"prefix\":\"fd00::/8\"",
	};
	static const char *const services[] = {
		"",
		",\"protocol\":6,\"min\":80,\"max\":90",
		",\"protocol\":6,\"min\":85,\"max\":443",
		",\"protocol\":1,\"min\":8",
	};

	bool acl = !pick(4);

	*text = g_strdup_printf("{\"tier\":%d,\"order\":%d,\"direction\":\"%s\",\"action\":"
				"\"%s\"%s%s}",
				acl ? 0 : pick(6), pick(3), pick(2) ? "ingress" : "egress",
				pick(2) ? "accept" : "deny", peers[pick(6)], services[pick(4)]);
	return g_strdup_printf("rule %s:%d/r%d", acl ? "acl" : "sg", pick(3), pick(4));
}

static char *random_firewall_rule(char **text)
{
	static const char *const says[] = {
		"",
		",\"prefix\":\"10.1.0.0/16\",\"near\":\"10.2.0.0/24\"",
		",\"near\":\"fd00::/8\"",
		",\"protocol\":6,\"min\":80,\"max\":90,\"source_min\":1000",
		",\"protocol\":17,\"source_min\":50,\"source_max\":53",
	};
	bool ingress = pick(2);

	*text = g_strdup_printf("{\"tier\":6,\"order\":%d,\"direction\":\"%s\",\"action\":"
				"\"%s\"%s}",
				pick(3), ingress ? "ingress" : "egress",
				pick(2) ? "accept" : "reject", says[pick(5)]);
	return g_strdup_printf("rule fw:%d/%s/r%d", pick(2), ingress ? "ingress" : "egress",
			       pick(4));
}

static char *random_identity(char **text)
{
	*text = g_strdup_printf("{\"sets\":[%s%s\"sg:2\"]}", pick(2) ? "\"sg:0\"," : "",
				pick(2) ? "\"sg:1\"," : "");
	return g_strdup_printf("identity %d", 1 + pick(4));
}

static char *random_addresses(char **text)
{
	*text = g_strdup("{}");
	return g_strdup_printf("addresses ag:0/10.%d.%d.0/24", pick(2), pick(3));
}

static char *random_border(char **text)
{
	int vni = 1 + pick(VNIS);
	g_autofree char *prefix = NULL;

	switch (pick(4)) {
	case 0:
		prefix = g_strdup_printf("fd0%d::/64", vni);
		break;
	case 1:
		prefix = g_strdup_printf("10.%d.0.2/31", vni);
		break;
	default:
		prefix = g_strdup_printf("10.%d.0.0/%d", vni, pick(2) ? 24 : 16);
	}
	*text = g_strdup_printf("{\"acl\":\"acl:%d\"}", pick(3));
	return g_strdup_printf("border %d/%s", vni, prefix);
}

static char *(*const generators[])(char **text) = {
	random_host,	  random_network, random_interface, random_route,  random_location,
	random_location,  random_member,  random_port,	    random_rule,   random_identity,
	random_addresses, random_port,	  random_border,    random_border, random_firewall_rule,
	random_gateway,	  random_gateway,
};

char *random_row(char **text)
{
	return generators[pick(G_N_ELEMENTS(generators))](text);
}
