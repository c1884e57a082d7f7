/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decoding, printing, the stored form, filters and order, on the real tables.
 */
#include "model/attr.h"

#include <string.h>

#include "lib/error.h"
#include "model/attr_filter.h"
#include "model/attr_json.h"
#include "model/cloud.h"

#define NETWORK "11111111-1111-4111-8111-111111111111"
#define SUBNET	"22222222-2222-4222-8222-222222222222"

static void *decode(const struct attr_table *table, const char *text, enum attr_flag verb,
		    uint64_t *given, GError **error)
{
	json_t *body = json_loads(text, 0, NULL);
	void *object = attr_new(table);

	g_assert_nonnull(body);
	if (!attr_decode(table, body, verb, object, given, error)) {
		attr_free(table, object);
		object = NULL;
	}
	json_decref(body);
	return object;
}

/* HIDDEN: a name, or NULL. */
static char *encode(const struct attr_table *table, const void *object, const char *hidden)
{
	struct attr_view view = attr_view_all;
	GString *out = g_string_new(NULL);

	view.hidden = hidden ? attr_bit_of(table, hidden) : 0;
	attr_encode(table, object, &view, out);
	return g_string_free(out, FALSE);
}

static const char *const port_text =
	"{\"network_id\":\"" NETWORK "\",\"name\":\"a \\\"b\\\"\\\\\",\"tenant_id\":\"p1\","
	"\"mac_address\":\"FA-16-3E-00-00-01\",\"admin_state_up\":\"False\","
	"\"fixed_ips\":[{\"subnet_id\":\"" SUBNET "\"},{\"ip_address\":\"fd00::0:1\"}],"
	"\"allowed_address_pairs\":[{\"ip_address\":\"10.0.0.5\"},"
	"{\"ip_address\":\"10.1.0.0/16\",\"mac_address\":\"02:00:00:00:00:01\"}],"
	"\"extra_dhcp_opts\":[{\"opt_name\":\"mtu\",\"opt_value\":\"1400\"}],"
	"\"binding:host_id\":\"h1\",\"binding:profile\":{\"a\":[1]}}";

static void test_decode(void)
{
	g_autoptr(GError) error = NULL;
	uint64_t given = 0;
	struct port *port = decode(&port_table, port_text, ATTR_POST, &given, &error);
	g_autofree char *text = NULL;

	g_assert_no_error(error);
	g_assert_cmpstr(port->object.name, ==, "a \"b\"\\");
	g_assert_cmpstr(port->object.project_id, ==, "p1");
	g_assert_false(port->admin_state_up);
	g_assert_cmpuint(port->fixed_ips.count, ==, 2);
	g_assert_cmpuint(port->allowed_address_pairs.count, ==, 2);
	g_assert_cmpstr(port->host_id, ==, "h1");
	g_assert_cmpstr(port->profile, ==, "{\"a\":[1]}");
	g_assert_true(given & attr_bit_of(&port_table, "project_id"));
	g_assert_false(given & attr_bit_of(&port_table, "device_id"));

	text = encode(&port_table, port, NULL);
	g_assert_nonnull(strstr(text, "\"mac_address\":\"fa:16:3e:00:00:01\""));
	g_assert_nonnull(strstr(text, "\"name\":\"a \\\"b\\\"\\\\\""));
	g_assert_nonnull(strstr(text, "\"device_id\":\"\""));
	g_assert_nonnull(strstr(text, "{\"subnet_id\":null,\"ip_address\":\"fd00::1\"}"));
	g_assert_nonnull(strstr(text, "\"ip_address\":\"10.0.0.5\",\"mac_address\":null"));
	g_assert_nonnull(strstr(text, "\"ip_address\":\"10.1.0.0/16\""));
	g_assert_nonnull(strstr(text, "\"project_id\":\"p1\",\"tenant_id\":\"p1\""));
	g_assert_nonnull(strstr(text, "\"binding:vif_type\":\"binding_failed\""));
	g_assert_null(strstr(text, "identity"));
	g_free(text);
	text = encode(&port_table, port, "binding:host_id");
	g_assert_null(strstr(text, "binding:host_id"));
	g_assert_nonnull(strstr(text, "binding:vnic_type"));
	attr_free(&port_table, port);
}

static void check_error(const struct attr_table *table, const char *body, enum attr_flag verb,
			const char *message)
{
	g_autoptr(GError) error = NULL;
	uint64_t given = 0;
	void *object = decode(table, body, verb, &given, &error);

	g_assert_null(object);
	g_assert_error(error, WEFT_ERROR, WEFT_ERROR_INVALID);
	g_assert_cmpstr(error->message, ==, message);
	g_assert_cmpuint(given, ==, 0);
}

static void test_decode_errors(void)
{
	static const struct {
		const char *body, *message;
		enum attr_flag verb;
	} rows[] = {
		{"{\"a\":1,\"name\":\"x\",\"b\":2}", "Unrecognized attribute(s) 'a, b'",
		 ATTR_PUT},
		{"{\"identity\":1}", "Unrecognized attribute(s) 'identity'", ATTR_PUT},
		{"{\"name\":\"x\"}",
		 "Failed to parse request. Required attribute 'network_id' not specified",
		 ATTR_POST},
		{"{\"network_id\":\"" NETWORK "\",\"status\":\"UP\"}",
		 "Attribute 'status' not allowed in POST", ATTR_POST},
		{"{\"id\":\"x\"}", "Cannot update read-only attribute id", ATTR_PUT},
		{"{\"network_id\":\"x\"}",
		 "Invalid input for network_id. Reason: 'x' is not a valid UUID", ATTR_POST},
		{"{\"network_id\":null}",
		 "Invalid input for network_id. Reason: 'None' is not a "
		 "value",
		 ATTR_POST},
		{"{\"name\":5}", "Invalid input for name. Reason: '5' is not a valid string",
		 ATTR_PUT},
		{"{\"name\":\"a\\nb\"}",
		 "Invalid input for name. Reason: 'a\nb' holds a control character", ATTR_PUT},
		{"{\"admin_state_up\":\"maybe\"}",
		 "Invalid input for admin_state_up. Reason: 'maybe' cannot be converted to boolean",
		 ATTR_PUT},
		{"{\"fixed_ips\":5}", "Invalid input for fixed_ips. Reason: '5' is not a list",
		 ATTR_PUT},
		{"{\"fixed_ips\":[{\"ip_address\":\"10.0.0.256\"}]}",
		 "Invalid input for fixed_ips. Reason: ip_address: '10.0.0.256' is not a valid IP "
		 "address",
		 ATTR_PUT},
		{"{\"fixed_ips\":[{\"x\":1}]}",
		 "Invalid input for fixed_ips. Reason: 'x' is not a known key", ATTR_PUT},
		{"{\"allowed_address_pairs\":[{}]}",
		 "Invalid input for allowed_address_pairs. Reason: 'ip_address' is missing",
		 ATTR_PUT},
		{"{\"binding:vnic_type\":\"wide\"}",
		 "Invalid input for binding:vnic_type. Reason: 'wide' is not in ['normal', "
		 "'direct', 'macvtap', 'baremetal', 'direct-physical', 'virtio-forwarder', "
		 "'smart-nic', 'vdpa', 'accelerator-direct', 'accelerator-direct-physical', "
		 "'remote-managed']",
		 ATTR_PUT},
		{"{\"binding:profile\":[]}",
		 "Invalid input for binding:profile. Reason: '[]' is not a dictionary",
		 ATTR_PUT},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		check_error(&port_table, rows[i].body, rows[i].verb, rows[i].message);
	check_error(
		&subnet_table,
		"{\"network_id\":\"" NETWORK "\",\"ip_version\":4,\"host_routes\":"
		"[{\"destination\":\"10.0.0.1/24\",\"nexthop\":\"10.0.0.1\"}]}",
		ATTR_POST,
		"Invalid input for host_routes. Reason: destination: '10.0.0.1/24' isn't a recognized IP "
		"subnet cidr, '10.0.0.0/24' is recommended");
	check_error(&subnet_table,
		    "{\"network_id\":\"" NETWORK "\",\"ip_version\":4,\"cidr\":\"10.0.0.1\"}",
		    ATTR_POST,
		    "Invalid input for cidr. Reason: '10.0.0.1' is not a valid IP subnet");
	check_error(&network_table, "{\"tenant_id\":\"a\",\"project_id\":\"b\"}", ATTR_POST,
		    "'project_id' and 'tenant_id' do not match");
	check_error(&network_table, "{\"provider:segmentation_id\":16777216}", ATTR_POST,
		    "Invalid input for provider:segmentation_id. Reason: '16777216' is not in "
		    "range 1 through 16777215");
	check_error(&network_table, "{\"mtu\":true}", ATTR_PUT,
		    "Invalid input for mtu. Reason: 'true' is not a valid value");
	check_error(&network_table, "[]", ATTR_PUT,
		    "Body contains invalid data: 'network' is not a dictionary");
}

static void test_store_form(void)
{
	uint64_t given;
	struct port *port = decode(&port_table, port_text, ATTR_POST, &given, NULL);
	struct port *copy, *back;
	g_autoptr(GString) once = g_string_new(NULL);
	g_autoptr(GString) twice = g_string_new(NULL);
	g_autoptr(GError) error = NULL;

	port->identity = 7;
	port->object.id = uuid_new();
	port->object.created_at = 1795217948;
	*(char **)vec_add(&port->object.tags, sizeof(char *)) = g_strdup("blue");
	copy = attr_copy(&port_table, port);
	attr_write(&port_table, port, once);
	attr_free(&port_table, port);
	back = attr_read(&port_table, once->str, once->len, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(back->identity, ==, 7);
	g_assert_cmpint(back->object.created_at, ==, 1795217948);
	attr_write(&port_table, back, twice);
	g_assert_cmpstr(once->str, ==, twice->str);
	g_string_truncate(twice, 0);
	attr_write(&port_table, copy, twice);
	g_assert_cmpstr(once->str, ==, twice->str);
	for (const struct attr *attr = port_table.attrs; attr->name; attr++)
		g_assert_cmpint(attr_compare(attr, copy, back, NULL), ==, 0);
	attr_free(&port_table, copy);
	attr_free(&port_table, back);

	g_assert_null(attr_read(&port_table, "{\"id\":5}", 8, &error));
	g_assert_error(error, WEFT_ERROR, WEFT_ERROR_INVALID);
	g_clear_error(&error);
	g_assert_null(attr_read(&port_table, "{", 1, &error));
	g_assert_error(error, WEFT_ERROR, WEFT_ERROR_INTERNAL);
}

/* Every table prints what it reads, for an object without anything. */
static void test_tables(void)
{
	for (unsigned int kind = 0; kind < KIND_COUNT; kind++) {
		const struct attr_table *table = cloud_table(kind);
		void *object = attr_new(table);
		g_autofree char *all = encode(table, object, NULL);
		json_t *tree = json_loads(all, 0, NULL);

		g_assert_cmpuint(attr_count(table), <=, ATTR_COUNT_MAX);
		g_assert_nonnull(tree);
		for (const struct attr *attr = table->attrs; attr->name; attr++) {
			g_assert_nonnull(attr->help);
			if (attr->flags & ATTR_CALLER)
				g_assert_nonnull(attr->print_for);
			else
				g_assert_true(!(attr->flags & ATTR_COMPUTED) == !attr->print ||
					      !(attr->flags & ATTR_VISIBLE)); /* a wish */
			g_assert_cmpint(!(attr->flags & ATTR_VISIBLE), ==,
					!json_object_get(tree, attr->name));
		}
		json_decref(tree);
		attr_free(table, object);
	}
}

static bool matches(const struct port *port, const char *query)
{
	struct attr_filter *filter = attr_filter_new(&port_table);
	g_auto(GStrv) pairs = g_strsplit(query, "&", -1);
	bool known, match;

	for (char **pair = pairs; *pair; pair++) {
		char *value = strchr(*pair, '=');

		*value++ = '\0';
		g_assert_true(attr_filter_add(filter, *pair, value, &known, NULL));
		g_assert_true(known);
	}
	match = attr_filter_match(filter, port, NULL);
	attr_filter_free(filter);
	return match;
}

static void test_filter(void)
{
	uint64_t given;
	struct port *port = decode(&port_table, port_text, ATTR_POST, &given, NULL);
	struct attr_filter *filter = attr_filter_new(&port_table);
	g_autoptr(GError) error = NULL;
	bool known;

	*(char **)vec_add(&port->object.tags, sizeof(char *)) = g_strdup("blue");
	*(char **)vec_add(&port->object.tags, sizeof(char *)) = g_strdup("red");
	g_assert_true(matches(port, "name=a \"b\"\\"));
	g_assert_false(matches(port, "name=a"));
	g_assert_true(matches(port, "name=x&name=a \"b\"\\&admin_state_up=false"));
	g_assert_false(matches(port, "name=a \"b\"\\&admin_state_up=true"));
	g_assert_true(matches(port, "tenant_id=p1"));
	g_assert_true(matches(port, "network_id=" NETWORK));
	g_assert_false(matches(port, "network_id=garbage"));
	g_assert_true(matches(port, "fixed_ips=ip_address=fd00::1"));
	g_assert_true(matches(port, "fixed_ips=subnet_id=" SUBNET));
	g_assert_false(matches(port, "fixed_ips=ip_address=fd00::2"));
	g_assert_true(matches(port, "fixed_ips=ip_address_substr=00::"));
	g_assert_false(matches(port, "fixed_ips=ip_address_substr=00::2"));
	g_assert_true(matches(port, "mac_address=FA:16:3E:00:00:01"));
	g_assert_true(matches(port, "status=DOWN"));
	g_assert_false(matches(port, "status=ACTIVE"));
	g_assert_true(matches(port, "device_id="));
	g_assert_true(matches(port, "tags=blue,red"));
	g_assert_false(matches(port, "tags=blue,green"));
	g_assert_true(matches(port, "tags-any=blue,green"));
	g_assert_false(matches(port, "not-tags=blue,red"));
	g_assert_true(matches(port, "not-tags=blue,green"));
	g_assert_false(matches(port, "not-tags-any=blue,green"));
	g_assert_true(matches(port, "not-tags-any=green"));

	g_assert_true(attr_filter_add(filter, "colour", "x", &known, NULL));
	g_assert_false(known);
	g_assert_false(attr_filter_add(filter, "admin_state_up", "x", &known, &error));
	g_assert_cmpstr(error->message, ==,
			"Invalid input for admin_state_up. Reason: 'x' cannot be converted to "
			"boolean");
	g_clear_error(&error);
	g_assert_false(attr_filter_add(filter, "fixed_ips", "10.0.0.1", &known, &error));
	g_assert_error(error, WEFT_ERROR, WEFT_ERROR_INVALID);
	attr_filter_free(filter);
	attr_free(&port_table, port);
}

/* The pure rules: BODY is refused with MESSAGE, or accepted when it is NULL. */
static void check_subnet(const char *rest, const char *message)
{
	g_autofree char *body = g_strdup_printf("{\"network_id\":\"" NETWORK "\",%s}", rest);
	g_autoptr(GError) error = NULL;
	uint64_t given;
	struct subnet *subnet = decode(&subnet_table, body, ATTR_POST, &given, &error);

	g_assert_no_error(error);
	g_assert_cmpint(subnet_validate(subnet, &error), ==, !message);
	if (message && !strstr(error->message, message))
		g_error("%s: %s", rest, error->message);
	attr_free(&subnet_table, subnet);
}

static void test_rules(void)
{
	check_subnet("\"ip_version\":4,\"cidr\":\"10.0.0.0/24\"", NULL);
	check_subnet("\"ip_version\":6,\"cidr\":\"fd00::/64\",\"ipv6_ra_mode\":\"slaac\","
		     "\"ipv6_address_mode\":\"slaac\"",
		     NULL);
	check_subnet("\"ip_version\":5,\"cidr\":\"10.0.0.0/24\"", "'5' is not in [4, 6]");
	check_subnet("\"ip_version\":6,\"cidr\":\"10.0.0.0/24\"", "does not match");
	check_subnet("\"ip_version\":4,\"cidr\":\"0.0.0.0/0\"", "unicast");
	check_subnet("\"ip_version\":4,\"cidr\":\"224.0.0.0/24\"", "unicast");
	check_subnet("\"ip_version\":4,\"cidr\":\"127.1.0.0/16\"", "unicast");
	check_subnet("\"ip_version\":4,\"cidr\":\"126.0.0.0/7\"", "unicast");
	check_subnet("\"ip_version\":6,\"cidr\":\"::/96\"", "unicast");
	check_subnet("\"ip_version\":4,\"cidr\":\"10.0.0.0/31\"", "DHCP");
	check_subnet("\"ip_version\":4,\"cidr\":\"10.0.0.0/31\",\"enable_dhcp\":false", NULL);
	check_subnet("\"ip_version\":4,\"cidr\":\"10.0.0.0/24\",\"ipv6_ra_mode\":\"slaac\"",
		     "IPv6");
	check_subnet("\"ip_version\":6,\"cidr\":\"fd00::/60\",\"ipv6_address_mode\":\"slaac\"",
		     "/64");
	check_subnet("\"ip_version\":6,\"cidr\":\"fd00::/64\",\"ipv6_address_mode\":\"slaac\","
		     "\"ipv6_ra_mode\":\"dhcpv6-stateful\"",
		     "not valid");
	check_subnet(
		"\"ip_version\":4,\"cidr\":\"10.0.0.0/24\",\"dns_nameservers\":[\"1.1.1.1\","
		"\"1.1.1.1\"]",
		"Duplicate nameserver");
	check_subnet(
		"\"ip_version\":4,\"cidr\":\"10.0.0.0/24\",\"dns_nameservers\":[\"1.1.1.1\","
		"\"1.1.1.2\",\"1.1.1.3\",\"1.1.1.4\",\"1.1.1.5\",\"1.1.1.6\"]",
		"DNSNameServersExhausted");
	check_subnet(
		"\"ip_version\":4,\"cidr\":\"10.0.0.0/24\",\"host_routes\":[{\"destination\":"
		"\"fd00::/64\",\"nexthop\":\"10.0.0.1\"}]",
		"ip_version");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/attr/decode", test_decode);
	g_test_add_func("/attr/decode-errors", test_decode_errors);
	g_test_add_func("/attr/store-form", test_store_form);
	g_test_add_func("/attr/tables", test_tables);
	g_test_add_func("/attr/filter", test_filter);
	g_test_add_func("/attr/rules", test_rules);
	return g_test_run();
}
