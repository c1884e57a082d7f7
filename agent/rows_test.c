/* SPDX-License-Identifier: Apache-2.0 */
/* Rows, good and of every bad kind; a bad one is named: table, key, attribute, value. */
#include <string.h>
#include <glib.h>
#include <jansson.h>

#include "agent/rows.h"
#include "lib/error.h"

#define ID "11111111-2222-4333-8444-555555555555"

/* A port's row with MEMBER in place of what it names. */
#define PORT_START                                                                             \
	"\"network\":\"" ID "\",\"vni\":5,\"mac\":\"02:00:00:00:00:01\",\"identity\":7,"       \
	"\"mtu\":1450,\"up\":true,\"guarded\":true,\"name\":\"web\",\"project\":\"p\","
#define PORT6(dhcp6)	   "{" PORT_START "\"pairs\":[],\"dhcp6\":" dhcp6 "}"
#define RA(rest)	   "{\"ips\":[],\"up\":true,\"ra\":{\"managed\":false,\"other\":true," rest "}}"
#define PORT(pairs, dhcp4) "{" PORT_START "\"pairs\":" pairs ",\"dhcp4\":" dhcp4 "}"
#define LEASE(extra)                                                                           \
	"[{\"ip\":\"10.0.1.5\",\"prefix\":\"10.0.1.0/24\",\"server\":\"10.0.1.1\","            \
	"\"dns\":[\"9.9.9.9\"],\"hostname\":\"host-10-0-1-5\"," extra "}]"

static struct row *parse(const char *table, const char *key, const char *text, GError **error)
{
	json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
	struct row *row;

	g_assert_nonnull(value);
	row = row_parse(table, key, value, error);
	json_decref(value);
	return row;
}

static struct row *parse_good(const char *table, const char *key, const char *text)
{
	GError *error = NULL;
	struct row *row = parse(table, key, text, &error);

	g_assert_no_error(error);
	g_assert_nonnull(row);
	g_assert_cmpstr(row_table_name(row->key.table), ==, table);
	return row;
}

static struct ip ip(const char *text)
{
	struct ip out;

	g_assert_true(ip_parse(text, &out));
	return out;
}

static struct prefix prefix(const char *text)
{
	struct prefix out;

	g_assert_true(prefix_parse(text, true, &out));
	return out;
}

static void test_host(void)
{
	struct row *row = parse_good("host", "h1", "{\"ip\":\"10.99.0.2\"}");

	g_assert_cmpstr(row->key.name, ==, "h1");
	g_assert_true(ip_equal(row->u.host, ip("10.99.0.2")));
	row_free(row);
}

static void test_network(void)
{
	struct row *row =
		parse_good("network", "16777215",
			   "{\"id\":\"" ID "\",\"mtu\":8950,\"up\":false,\"flood\":true}");

	g_assert_cmpuint(row->key.vni, ==, 16777215);
	g_assert_cmpuint(row->u.network.mtu, ==, 8950);
	g_assert_false(row->u.network.up);
	g_assert_true(row->u.network.flood);
	row_free(row);
}

static void test_interface(void)
{
	struct row *row = parse_good("interface", "3/100/fa:16:3e:00:00:01",
				     "{\"ips\":[\"10.0.1.1/24\",\"fd00::1/64\"],\"up\":true}");

	g_assert_cmpuint(row->key.router, ==, 3);
	g_assert_cmpuint(row->key.vni, ==, 100);
	g_assert_cmpuint(row->key.b[5], ==, 1);
	g_assert_cmpuint(row->u.interface.count, ==, 2);
	g_assert_true(ip_equal(row->u.interface.addresses[0].ip, ip("10.0.1.1")));
	g_assert_true(
		prefix_equal(row->u.interface.addresses[0].subnet, prefix("10.0.1.0/24")));
	g_assert_true(ip_equal(row->u.interface.addresses[1].ip, ip("fd00::1")));
	g_assert_cmpuint(row->u.interface.addresses[1].subnet.bits, ==, 64);
	g_assert_null(row->u.interface.firewall);
	row_free(row);
}

#define GATEWAY(rest)                                                                          \
	"{\"id\":\"" ID                                                                        \
	"\",\"mac\":\"02:00:00:00:00:e1\",\"up\":true,\"snat\":true,\"mtu\":1500,"             \
	"\"routes\":[\"0.0.0.0/0\"],\"inside\":[\"fd00::/64\"]," rest "}"

static void test_gateway(void)
{
	struct row *row =
		parse_good("gateway", "16777225",
			   GATEWAY("\"host\":\"h3\",\"physical\":\"outer:7\",\"addresses\":["
				   "{\"ip\":\"203.0.113.5\",\"subnet\":\"203.0.113.0/24\","
				   "\"gateway\":\"203.0.113.1\"},"
				   "{\"ip\":\"2001:db8::5\",\"subnet\":\"2001:db8::/64\"}]"));
	const struct row_gateway *gateway = row->u.gateway;

	g_assert_cmpuint(row->key.router, ==, 16777225);
	g_assert_cmpstr(gateway->host, ==, "h3");
	g_assert_true(gateway->host == g_intern_string("h3"));
	g_assert_cmpstr(gateway->physical, ==, "outer:7");
	g_assert_true(gateway->up && gateway->snat);
	g_assert_cmpuint(gateway->mtu, ==, 1500);
	g_assert_cmpuint(gateway->exit_count, ==, 2);
	g_assert_true(ip_equal(gateway->exits[0].next_hop, ip("203.0.113.1")));
	g_assert_true(ip_is_none(gateway->exits[1].next_hop));
	g_assert_cmpuint(gateway->route_count, ==, 1);
	g_assert_true(prefix_equal(gateway->inside[0], prefix("fd00::/64")));
	row_free(row);
	row = parse_good("gateway", "9", GATEWAY("\"addresses\":[]"));
	g_assert_null(row->u.gateway->host);
	g_assert_null(row->u.gateway->physical);
	row_free(row);
}

static void test_firewall(void)
{
	struct row *row = parse_good("interface", "3/100/fa:16:3e:00:00:01",
				     "{\"ips\":[],\"up\":true,\"firewall\":\"fw:g\","
				     "\"project\":\"acme\"}");

	g_assert_cmpstr(row->u.interface.firewall, ==, "fw:g");
	g_assert_cmpstr(row->u.interface.project, ==, "acme");
	row_free(row);
	row = parse_good(
		"rule", "fw:g/ingress/r",
		"{\"tier\":6,\"order\":7,\"direction\":\"ingress\",\"action\":\"reject\","
		"\"protocol\":6,\"min\":80,\"source_min\":1000,\"source_max\":2000,"
		"\"prefix\":\"10.0.0.0/8\",\"near\":\"10.1.0.0/24\"}");
	g_assert_cmpstr(row->u.rule->set, ==, "fw:g/ingress");
	g_assert_cmpstr(row->u.rule->id, ==, "r");
	g_assert_cmpuint(row->u.rule->tier, ==, POLICY_TIER_FIREWALL);
	g_assert_cmpuint(row->u.rule->family, ==, POLICY_FAMILY_V4);
	g_assert_cmpuint(row->u.rule->source_low, ==, 1000);
	g_assert_cmpuint(row->u.rule->source_high, ==, 2000);
	g_assert_true(prefix_equal(row->u.rule->near, prefix("10.1.0.0/24")));
	row_free(row);
}

static void test_ra(void)
{
	struct row *row =
		parse_good("interface", "3/100/fa:16:3e:00:00:01",
			   RA("\"prefixes\":[{\"prefix\":\"fd00::/64\",\"auto\":true}],"
			      "\"dns\":[\"fd00::53\",\"fd00::54\"]"));
	const struct ra_config *ra = row->u.interface.ra;

	g_assert_true(!ra->managed && ra->other);
	g_assert_cmpuint(ra->prefix_count, ==, 1);
	g_assert_true(ra->prefixes[0].automatic);
	g_assert_true(prefix_equal(ra->prefixes[0].prefix, prefix("fd00::/64")));
	g_assert_cmpuint(ra->dns_count, ==, 2);
	g_assert_true(ip_equal(ra->dns[1], ip("fd00::54")));
	row_free(row);
}

static void test_dhcp6(void)
{
	struct row *row = parse_good("port", ID,
				     PORT6("{\"ips\":[\"fd00::5\"],\"dns\":[],\"options\":["
					   "{\"name\":\"24\",\"value\":\"a.b\"}]}"));
	const struct dhcp6_service *service = row->u.port->dhcp6;

	g_assert_cmpuint(service->ip_count, ==, 1);
	g_assert_true(ip_equal(service->ips[0], ip("fd00::5")));
	g_assert_cmpuint(service->dns_count, ==, 0);
	g_assert_cmpuint(service->option_count, ==, 1);
	g_assert_cmpstr(service->options[0].value, ==, "a.b");
	row_free(row);
}

static void test_route(void)
{
	struct row *row = parse_good(
		"route", "3/0.0.0.0/0",
		"{\"vni\":5,\"mac\":\"02:00:00:00:00:01\",\"via\":\"10.0.1.9\",\"up\":true}");

	g_assert_cmpuint(row->key.bits, ==, 96);
	g_assert_true(ip_equal(row->u.route.via, ip("10.0.1.9")));
	g_assert_true(row->u.route.up);
	row_free(row);
	row = parse_good("route", "3/fd00::/8", "{\"blackhole\":true,\"up\":true}");
	g_assert_cmpuint(row->key.bits, ==, 8);
	g_assert_true(row->u.route.blackhole);
	row_free(row);
}

static void test_border(void)
{
	struct row *row = parse_good("border", "100/10.0.1.0/24", "{\"acl\":\"acl:x\"}");

	g_assert_cmpuint(row->key.vni, ==, 100);
	g_assert_cmpuint(row->key.bits, ==, 120);
	g_assert_cmpstr(row->u.acl, ==, "acl:x");
	row_free(row);
}

static void test_location(void)
{
	struct row *row = parse_good(
		"location", "100/02:00:00:00:00:01",
		"{\"host\":\"h2\",\"identity\":16777215,\"ips\":[\"10.0.1.5\",\"fd00::5\"]}");

	g_assert_cmpuint(row->key.vni, ==, 100);
	g_assert_cmpstr(row->u.location.host, ==, "h2");
	g_assert_cmpuint(row->u.location.identity, ==, 16777215);
	g_assert_cmpuint(row->u.location.count, ==, 2);
	row_free(row);
}

static void test_member(void)
{
	struct row *row = parse_good("member", "100/h2", "{}");

	g_assert_cmpstr(row->key.name, ==, "h2");
	row_free(row);
}

static void test_port(void)
{
	struct row *row =
		parse_good("port", ID,
			   PORT("[{\"mac\":\"02:00:00:00:00:01\",\"prefix\":\"10.0.1.5/32\"},"
				"{\"mac\":\"02:00:00:00:00:02\",\"prefix\":\"10.0.2.0/24\"}]",
				LEASE("\"gateway\":\"10.0.1.1\",\"routes\":[{\"destination\":"
				      "\"10.8.0.0/16\",\"nexthop\":\"10.0.1.9\"}],\"options\":["
				      "{\"name\":\"bootfile-name\",\"value\":\"x\"}]")));
	const struct row_port *port = row->u.port;

	g_assert_cmpuint(port->vni, ==, 5);
	g_assert_cmpstr(port->name, ==, "web");
	g_assert_cmpuint(port->pair_count, ==, 2);
	g_assert_cmpuint(port->pairs[0].prefix.bits, ==, 128);
	g_assert_cmpuint(port->pairs[1].prefix.bits, ==, 120);
	g_assert_cmpuint(port->lease_count, ==, 1);
	g_assert_true(ip_equal(port->leases[0].gateway, ip("10.0.1.1")));
	g_assert_cmpuint(port->leases[0].dns_count, ==, 1);
	g_assert_cmpuint(port->leases[0].route_count, ==, 1);
	g_assert_cmpstr(port->leases[0].options[0].name, ==, "bootfile-name");
	row_free(row);
	row = parse_good("port", ID, PORT("[]", "[]"));
	g_assert_cmpuint(row->u.port->lease_count, ==, 0);
	row_free(row);
}

#define FIREWALL(says)                                                                         \
	"{\"tier\":6,\"order\":0,\"direction\":\"ingress\",\"action\":\"accept\"," says "}"

/* What is wrong, and what the message must name. */
static const struct {
	const char *table, *key, *value, *says;
} bad[] = {
	{"flow", "1", "{}", "row flow 1: no such table"},
	{"host", "", "{\"ip\":\"10.0.0.1\"}", "bad key"},
	{"network", "0", "{}", "row network 0: bad key"},
	{"network", "16777216", "{}", "bad key"},
	{"network", "007", "{}", "bad key"},
	{"network", "1x", "{}", "bad key"},
	{"network", "-1", "{}", "bad key"},
	{"network", "99999999999999999999", "{}", "bad key"},
	{"interface", "1/2", "{}", "bad key"},
	{"interface", "1/2/zz", "{}", "bad key"},
	{"interface", "268435456/2/02:00:00:00:00:01", "{}", "bad key"},
	{"gateway", "07", "{}", "bad key"},
	{"gateway", "", "{}", "bad key"},
	{"gateway", "268435456", "{}", "bad key"},
	{"gateway", "9/1", "{}", "bad key"},
	{"gateway", "9", "{}", "row gateway 9: attribute id: missing"},
	{"gateway", "9", GATEWAY("\"addresses\":[],\"host\":null"),
	 "attribute host: null is not a host's name"},
	{"gateway", "9", GATEWAY("\"addresses\":[],\"physical\":7"),
	 "attribute physical: 7 is not a string"},
	{"gateway", "9", GATEWAY("\"addresses\":[],\"door\":true"), "attribute door: unknown"},
	{"gateway", "9", GATEWAY("\"addresses\":[{\"ip\":\"203.0.113.5\"}]"),
	 "attribute addresses: attribute subnet: missing"},
	{"gateway", "9",
	 GATEWAY("\"addresses\":[{\"ip\":\"203.0.113.5\",\"subnet\":\"10.0.0.0/8\"}]"),
	 "addresses: address and gateway are not of its subnet"},
	{"route", "1/10.0.0.1/24", "{}", "bad key"},
	{"route", "1/10.0.0.0/33", "{}", "bad key"},
	{"route", "/10.0.0.0/24", "{}", "bad key"},
	{"location", "100/02:00:00:00:00", "{}", "bad key"},
	{"member", "100/", "{}", "bad key"},
	{"port", "1234", "{}", "bad key"},
	{"host", "h1", "[]", "row host h1: [] is not an object"},
	{"host", "h1", "{}", "row host h1: attribute ip: missing"},
	{"host", "h1", "{\"ip\":\"10.0.0\"}", "attribute ip: \"10.0.0\" is not an address"},
	{"host", "h1", "{\"ip\":7}", "attribute ip: 7 is not an address"},
	{"host", "h1", "{\"ip\":\"10.0.0.1\",\"x\":1}", "attribute x: unknown"},
	{"network", "5", "{\"id\":\"x\",\"mtu\":1450,\"up\":true,\"flood\":false}",
	 "row network 5: attribute id: \"x\" is not a uuid"},
	{"network", "5", "{\"id\":\"" ID "\",\"mtu\":67,\"up\":true,\"flood\":false}",
	 "attribute mtu: 67 is not an MTU"},
	{"network", "5", "{\"id\":\"" ID "\",\"mtu\":1450.5,\"up\":true,\"flood\":false}",
	 "attribute mtu: 1450.5 is not an MTU"},
	{"network", "5", "{\"id\":\"" ID "\",\"mtu\":1450,\"up\":1,\"flood\":false}",
	 "attribute up: 1 is not true or false"},
	{"interface", "1/2/02:00:00:00:00:01", "{\"ips\":[\"10.0.0.1\"],\"up\":true}",
	 "attribute ips: \"10.0.0.1\" is not an address with the length"},
	{"interface", "1/2/02:00:00:00:00:01", "{\"ips\":[\"10.0.0.1/99\"],\"up\":true}",
	 "attribute ips: \"10.0.0.1/99\""},
	{"route", "1/10.0.0.0/24", "{\"up\":true}", "attribute vni: missing"},
	{"route", "1/10.0.0.0/24", "{\"vni\":3,\"up\":true}", "attribute mac: missing"},
	{"route", "1/10.0.0.0/24", "{\"vni\":3,\"mac\":\"ff:ff:ff:ff:ff:ff\",\"up\":true}",
	 "attribute mac: \"ff:ff:ff:ff:ff:ff\" is not a unicast MAC"},
	{"border", "5/10.0.0.1/24", "{\"acl\":\"acl:x\"}", "bad key"},
	{"border", "0/10.0.0.0/24", "{\"acl\":\"acl:x\"}", "bad key"},
	{"border", "5/10.0.0.0/24", "{}", "attribute acl: missing"},
	{"border", "5/10.0.0.0/24", "{\"acl\":\"\"}",
	 "attribute acl: \"\" is not a set's name"},
	{"interface", "1/2/02:00:00:00:00:01", "{\"ips\":[],\"up\":true,\"firewall\":\"\"}",
	 "attribute firewall: \"\" is not a set's name"},
	{"rule", "fw:g/ingress/r", FIREWALL("\"near\":\"10.0.0.1/8\""),
	 "attribute near: \"10.0.0.1/8\" is not a prefix"},
	{"rule", "fw:g/ingress/r", FIREWALL("\"near\":\"fd00::/8\",\"prefix\":\"10.0.0.0/8\""),
	 "attribute near: not of the ethertype"},
	{"rule", "fw:g/ingress/r", FIREWALL("\"set\":\"sg:x\""),
	 "attribute tier: speaks of prefixes alone"},
	{"rule", "fw:g/ingress/r", FIREWALL("\"source_min\":5"), "attribute protocol: without"},
	{"rule", "fw:g/ingress/r", FIREWALL("\"protocol\":6,\"source_max\":5"),
	 "attribute source_min: missing"},
	{"rule", "fw:g/ingress/r", FIREWALL("\"protocol\":6,\"source_min\":5,\"source_max\":4"),
	 "attribute source_max: less than source_min"},
	{"rule", "sg:g/r",
	 "{\"tier\":4,\"order\":0,\"direction\":\"ingress\",\"action\":\"accept\","
	 "\"near\":\"10.0.0.0/8\"}",
	 "attribute tier: does not speak of the near end"},
	{"location", "5/02:00:00:00:00:01", "{\"host\":\"\",\"identity\":1,\"ips\":[]}",
	 "attribute host: \"\" is not a host's name"},
	{"location", "5/02:00:00:00:00:01", "{\"host\":\"h\",\"identity\":16777216,\"ips\":[]}",
	 "attribute identity: 16777216 is not an identity"},
	{"location", "5/02:00:00:00:00:01", "{\"host\":\"h\",\"identity\":1,\"ips\":[3]}",
	 "attribute ips: 3 is not an address"},
	{"location", "5/02:00:00:00:00:01", "{\"host\":\"h\",\"identity\":1,\"ips\":\"x\"}",
	 "attribute ips: \"x\" is not a list"},
	{"port", ID, "{" PORT_START "\"dhcp4\":[]}", "attribute pairs: missing"},
	{"port", ID, PORT("[{\"mac\":\"02:00:00:00:00:01\"}]", "[]"),
	 "row port " ID ": attribute pairs: attribute prefix: missing"},
	{"port", ID, PORT("[{\"mac\":\"02:00:00:00:00:01\",\"prefix\":\"10.0.0.1/24\"}]", "[]"),
	 "attribute pairs: attribute prefix: \"10.0.0.1/24\" is not a prefix"},
	{"port", ID, PORT("[]", LEASE("\"gateway\":\"fd00::1\",\"routes\":[],\"options\":[]")),
	 "attribute dhcp4: attribute gateway: \"fd00::1\" is not an IPv4 address"},
	{"port", ID, PORT6("{\"ips\":[\"10.0.0.1\"],\"dns\":[],\"options\":[]}"),
	 "attribute dhcp6: attribute ips: \"10.0.0.1\" is not an IPv6 address"},
	{"port", ID, PORT6("{\"ips\":[],\"dns\":[]}"),
	 "attribute dhcp6: attribute options: missing"},
	{"port", ID, PORT6("[]"), "attribute dhcp6: [] is not an object"},
	{"interface", "1/2/02:00:00:00:00:01",
	 RA("\"prefixes\":[{\"prefix\":\"10.0.0.0/24\","
	    "\"auto\":true}],\"dns\":[]"),
	 "attribute ra: attribute prefixes: attribute prefix: \"10.0.0.0/24\" is not an IPv6"},
	{"interface", "1/2/02:00:00:00:00:01", RA("\"prefixes\":[]"),
	 "attribute ra: attribute dns: missing"},
	{"port", ID, PORT("[]", LEASE("\"options\":[]")),
	 "attribute dhcp4: attribute routes: missing"},
	{"port", ID, PORT("[]", LEASE("\"routes\":[],\"options\":[{\"name\":\"x\"}]")),
	 "attribute dhcp4: attribute options: attribute value: missing"},
};

static void test_bad(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		GError *error = NULL;

		g_assert_null(parse(bad[i].table, bad[i].key, bad[i].value, &error));
		g_assert_error(error, WEFT_ERROR, WEFT_ERROR_INVALID);
		if (!strstr(error->message, bad[i].says))
			g_error("'%s' does not say '%s'", error->message, bad[i].says);
		g_error_free(error);
	}
}

static void test_long_list(void)
{
	g_autoptr(GString) text = g_string_new("{\"host\":\"h\",\"identity\":1,\"ips\":[");
	GError *error = NULL;

	for (int i = 0; i < 4097; i++)
		g_string_append(text, i ? ",\"10.0.0.1\"" : "\"10.0.0.1\"");
	g_string_append(text, "]}");
	g_assert_null(parse("location", "5/02:00:00:00:00:01", text->str, &error));
	g_assert_error(error, WEFT_ERROR, WEFT_ERROR_INVALID);
	g_assert_nonnull(strstr(error->message, "a list of at most"));
	g_assert_cmpuint(strlen(error->message), <, 300);
	g_error_free(error);
}

/* Keys are equal when what they name is, however it is written. */
static void test_keys(void)
{
	struct row_key a, b;

	g_assert_true(row_key_parse("location", "5/02:0a:00:00:00:01", &a, NULL));
	g_assert_true(row_key_parse("location", "5/02-0A-00-00-00-01", &b, NULL));
	g_assert_true(row_key_same(&a, &b));
	g_assert_cmpuint(row_key_hash(&a), ==, row_key_hash(&b));
	g_assert_true(row_key_parse("location", "6/02:0a:00:00:00:01", &b, NULL));
	g_assert_false(row_key_same(&a, &b));
	g_assert_true(row_key_parse("member", "5/h1", &a, NULL));
	g_assert_true(row_key_parse("member", "5/h2", &b, NULL));
	g_assert_false(row_key_same(&a, &b));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/rows/host", test_host);
	g_test_add_func("/rows/network", test_network);
	g_test_add_func("/rows/interface", test_interface);
	g_test_add_func("/rows/firewall", test_firewall);
	g_test_add_func("/rows/gateway", test_gateway);
	g_test_add_func("/rows/advertisement", test_ra);
	g_test_add_func("/rows/dhcp6", test_dhcp6);
	g_test_add_func("/rows/route", test_route);
	g_test_add_func("/rows/location", test_location);
	g_test_add_func("/rows/border", test_border);
	g_test_add_func("/rows/member", test_member);
	g_test_add_func("/rows/port", test_port);
	g_test_add_func("/rows/bad rows are refused and named", test_bad);
	g_test_add_func("/rows/a list too long is refused", test_long_list);
	g_test_add_func("/rows/keys compare by meaning", test_keys);
	return g_test_run();
}
