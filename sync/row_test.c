/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows that are, and rows that are not: each wrong one with the words that refuse it.
 */
#include "sync/row.h"

#include <string.h>
#include "lib/error.h"

#define UUID "6b1a7a3e-54a6-4a5c-8a44-0d3f2a3b4c5d"
#define PORT(changes)                                                                          \
	"{\"network\":\"" UUID "\",\"vni\":5,\"mac\":\"02:00:00:00:00:05\",\"identity\":7,"    \
	"\"mtu\":1450,\"up\":true,\"guarded\":true,\"name\":\"web\",\"project\":\"p\","        \
	"\"pairs\":[{\"mac\":\"02:00:00:00:00:05\",\"prefix\":\"10.0.1.5/32\"}]" changes "}"
#define DHCP(changes)                                                                          \
	",\"dhcp4\":[{\"ip\":\"10.0.1.5\",\"prefix\":\"10.0.1.0/24\",\"server\":\"10.0.1.1\"," \
	"\"gateway\":\"10.0.1.1\",\"dns\":[\"10.0.1.2\"],\"hostname\":\"host-10-0-1-5\","      \
	"\"options\":[{\"name\":\"tftp-server\",\"value\":\"10.0.0.1\"}]" changes "}]"

struct sample {
	const char *table, *key, *value; /* NULL: a deletion */
	const char *wrong;		 /* the whole message; NULL: a good row */
};

static const struct sample samples[] = {
	{"host", "h1", "{\"ip\":\"10.99.0.2\"}"},
	{"host", "node-7.rack_2", "{\"ip\":\"fd00::2\"}"},
	{"host", "h1", "{\"ip\":\"10.99.0.2\",\"later\":1}"},
	{"network", "16777215",
	 "{\"id\":\"" UUID "\",\"mtu\":1450,\"up\":true,\"flood\":false}"},
	{"interface", "4294967295/5/02:00:00:00:00:01",
	 "{\"ips\":[\"10.0.1.1/24\",\"fd00::1/64\"],\"up\":true}"},
	{"route", "3/0.0.0.0/0",
	 "{\"vni\":5,\"mac\":\"02:00:00:00:00:01\",\"via\":\"10.0.1.9\","
	 "\"up\":true}"},
	{"route", "3/fd00::/64", "{\"vni\":5,\"mac\":\"02:00:00:00:00:01\",\"up\":true}"},
	{"route", "3/10.9.0.0/16", "{\"blackhole\":true,\"up\":true}"},
	{"location", "5/02:00:00:00:00:05",
	 "{\"host\":\"h1\",\"identity\":0,\"ips\":[\"10.0.1.5\",\"fd00::5\"]}"},
	{"member", "5/h2", "{}"},
	{"port", UUID, PORT("")},
	{"port", UUID, PORT(",\"dhcp6\":{\"ips\":[\"10.0.0.1\"],\"dns\":[],\"options\":[]}"),
	 "row port " UUID ": dhcp6.ips[0]: \"10.0.0.1\" is not an IPv6 address"},
	{"interface", "1/5/02:00:00:00:00:01",
	 "{\"ips\":[],\"up\":true,\"ra\":{\"managed\":true,\"other\":false,\"prefixes\":[{"
	 "\"prefix\":\"fd00::/64\"}],\"dns\":[]}}",
	 "row interface 1/5/02:00:00:00:00:01: ra.prefixes[0].auto: is missing"},
	{"port", UUID,
	 PORT(DHCP(",\"routes\":[{\"destination\":\"0.0.0.0/0\",\"nexthop\":\"10.0.1.1\"}]"))},
	{"port", UUID, NULL},
	{"location", "5/02:00:00:00:00:05", NULL},

	{"interface", "1/5/02:00:00:00:00:01",
	 "{\"ips\":[\"10.0.1.1/24\"],\"up\":true,\"firewall\":\"fw:" UUID "\"}"},
	{"interface", "1/5/02:00:00:00:00:01",
	 "{\"ips\":[\"10.0.1.1/24\"],\"up\":true,\"firewall\":7}",
	 "row interface 1/5/02:00:00:00:00:01: firewall: 7 is not a string"},
	{"border", "5/10.0.1.0/24", "{\"acl\":\"acl:" UUID "\"}"},
	{"border", "5/fd00::/64", NULL},
	{"border", "5/10.0.1.1/24", NULL, "row border 5/10.0.1.1/24: key: is not VNI/PREFIX"},
	{"border", "5/10.0.1.0/24", "{}", "row border 5/10.0.1.0/24: acl: is missing"},

	{"flavour", "x", "{}", "row flavour x: table: there is no such table"},
	{"host", "", "{\"ip\":\"10.99.0.2\"}", "row host : key: is not NAME"},
	{"host", "-x", NULL, "row host -x: key: is not NAME"},
	{"host", "a b", NULL, "row host a b: key: is not NAME"},
	{"network", "0", NULL, "row network 0: key: is not VNI"},
	{"network", "016", NULL, "row network 016: key: is not VNI"},
	{"network", "16777216", NULL, "row network 16777216: key: is not VNI"},
	{"network", "99999999999999999999", NULL,
	 "row network 99999999999999999999: key: is not VNI"},
	{"network", "5x", NULL, "row network 5x: key: is not VNI"},
	{"interface", "1/5", NULL, "row interface 1/5: key: is not ROUTER/VNI/MAC"},
	{"interface", "1/5/01:00:5e:00:00:01", NULL,
	 "row interface 1/5/01:00:5e:00:00:01: key: is not ROUTER/VNI/MAC"},
	{"route", "1/10.0.0.1/24", NULL, "row route 1/10.0.0.1/24: key: is not ROUTER/PREFIX"},
	{"route", "1/10.0.0.0", NULL, "row route 1/10.0.0.0: key: is not ROUTER/PREFIX"},
	{"location", "5/00:00:00:00:00:00", NULL,
	 "row location 5/00:00:00:00:00:00: key: is not VNI/MAC"},
	{"member", "5/", NULL, "row member 5/: key: is not VNI/NAME"},
	{"port", "x", NULL, "row port x: key: is not UUID"},

	{"host", "h1", "[]", "row host h1: value: is not an object"},
	{"host", "h1", "{}", "row host h1: ip: is missing"},
	{"host", "h1", "{\"ip\":5}", "row host h1: ip: 5 is not an address"},
	{"host", "h1", "{\"ip\":null}", "row host h1: ip: null is not an address"},
	{"host", "h1", "{\"ip\":\"10.0.0.256\"}",
	 "row host h1: ip: \"10.0.0.256\" is not an address"},
	{"network", "5", "{\"id\":\"x\",\"mtu\":1450,\"up\":true,\"flood\":false}",
	 "row network 5: id: \"x\" is not a uuid"},
	{"network", "5", "{\"id\":\"" UUID "\",\"mtu\":67,\"up\":true,\"flood\":false}",
	 "row network 5: mtu: 67 is not a number between 68 and 65535"},
	{"network", "5", "{\"id\":\"" UUID "\",\"mtu\":1450.5,\"up\":true,\"flood\":false}",
	 "row network 5: mtu: 1450.5 is not a number between 68 and 65535"},
	{"network", "5", "{\"id\":\"" UUID "\",\"mtu\":1450,\"up\":1,\"flood\":false}",
	 "row network 5: up: 1 is not true or false"},
	{"interface", "1/5/02:00:00:00:00:01", "{\"ips\":[\"10.0.1.1\"],\"up\":true}",
	 "row interface 1/5/02:00:00:00:00:01: ips[0]: \"10.0.1.1\" is not an address with a "
	 "prefix length"},
	{"interface", "1/5/02:00:00:00:00:01", "{\"ips\":{},\"up\":true}",
	 "row interface 1/5/02:00:00:00:00:01: ips: {} is not a list"},
	{"route", "3/10.9.0.0/16", "{}", "row route 3/10.9.0.0/16: vni: is missing"},
	{"route", "3/10.9.0.0/16", "{\"vni\":5,\"blackhole\":false}",
	 "row route 3/10.9.0.0/16: mac: is missing"},
	{"route", "3/10.9.0.0/16", "{\"vni\":5,\"mac\":\"01:00:5e:00:00:01\"}",
	 "row route 3/10.9.0.0/16: mac: \"01:00:5e:00:00:01\" is not a unicast MAC address"},
	{"location", "5/02:00:00:00:00:05", "{\"host\":\"h 1\",\"identity\":0,\"ips\":[]}",
	 "row location 5/02:00:00:00:00:05: host: \"h 1\" is not a host's name"},
	{"location", "5/02:00:00:00:00:05",
	 "{\"host\":\"h1\",\"identity\":16777216,\"ips\":[]}",
	 "row location 5/02:00:00:00:00:05: identity: 16777216 is not a number between 0 and "
	 "16777215"},
	{"location", "5/02:00:00:00:00:05",
	 "{\"host\":\"h1\",\"identity\":0,\"ips\":[\"10.0.0.1\",\"10.0.0.0/24\"]}",
	 "row location 5/02:00:00:00:00:05: ips[1]: \"10.0.0.0/24\" is not an address"},
	{"port", UUID, PORT(",\"vni\":0"),
	 "row port " UUID ": vni: 0 is not a number between 1 and 16777215"},
	{"port", UUID, PORT(",\"pairs\":[{\"mac\":\"02:00:00:00:00:05\"}]"),
	 "row port " UUID ": pairs[0].prefix: is missing"},
	{"port", UUID, PORT(",\"pairs\":[7]"),
	 "row port " UUID ": pairs[0]: 7 is not an object"},
	{"port", UUID, PORT(",\"name\":7"), "row port " UUID ": name: 7 is not a string"},
	{"port", UUID, PORT(DHCP(",\"server\":\"fd00::1\"")),
	 "row port " UUID ": dhcp4[0].server: \"fd00::1\" is not an IPv4 address"},
	{"port", UUID,
	 PORT(DHCP(",\"routes\":[{\"destination\":\"10.0.0.0/8\",\"nexthop\":\"10.0.1.1\"},"
		   "{\"destination\":\"10.0.0.1/8\",\"nexthop\":\"10.0.1.1\"}]")),
	 "row port " UUID ": dhcp4[0].routes[1].destination: \"10.0.0.1/8\" is not a prefix "
	 "without host bits"},
};

static void test_sample(const void *data)
{
	const struct sample *sample = data;
	json_t *value = sample->value ? json_loads(sample->value, 0, NULL) : NULL;
	g_autoptr(GError) error = NULL;
	bool good = row_check(sample->table, sample->key, value, &error);

	g_assert_true(!sample->value == !value);
	if (sample->wrong) {
		g_assert_false(good);
		g_assert_error(error, WEFT_ERROR, WEFT_ERROR_INVALID);
		g_assert_cmpstr(error->message, ==, sample->wrong);
	} else {
		g_assert_no_error(error);
		g_assert_true(good);
	}
	json_decref(value);
}

static void test_long_values_are_cut(void)
{
	g_autofree char *text = g_strnfill(5000, 'x');
	json_t *value = json_pack("{s:s}", "ip", text);
	g_autoptr(GError) error = NULL;

	g_assert_false(row_check("host", "h1", value, &error));
	g_assert_cmpuint(strlen(error->message), <, 150);
	g_clear_error(&error);
	g_assert_false(row_check(text, text, value, &error));
	g_assert_cmpuint(strlen(error->message), <, 250);
	json_decref(value);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(samples); i++) {
		g_autofree char *name = g_strdup_printf("/row/%02zu-%s-%s", i, samples[i].table,
							samples[i].wrong ? "wrong" : "good");

		g_test_add_data_func(name, &samples[i], test_sample);
	}
	g_test_add_func("/row/long-values-are-cut", test_long_values_are_cut);
	return g_test_run();
}
