/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows as tables of attributes. A check says what it wants to see; the way to the attribute
 * ("dhcp4[0].routes[1].nexthop") is put together on the way back.
 */
#include "sync/row.h"

#include <string.h>
#include "lib/error.h"
#include "lib/ip.h"
#include "lib/uuid.h"

#define NUMBER_MAX   0xffffff /* VNIs and identities */
#define ROUTER_MAX   0xffffffffLL
#define MTU_MIN	     68 /* RFC 791 */
#define MTU_MAX	     65535
#define ELEMENTS_MAX 65536
#define SHOWN_MAX    64 /* characters of a wrong value in a message */

struct field;

/* What an attribute may hold. WANTED completes "is not ...". */
struct type {
	const char *wanted;
	bool (*check)(const json_t *value);
	const struct type *element; /* it is a list of these */
	const struct field *fields; /* it is an object of these, up to a NULL name */
};

struct field {
	const char *name;
	const struct type *type;
	bool optional;
};

struct table {
	const char *name;
	bool (*check_key)(const char *key);
	const char *key_form;
	const struct field *fields;
};

/* --- what a value may be ------------------------------------------------------------- */

static bool number_is_within(const json_t *value, json_int_t low, json_int_t high)
{
	return json_is_integer(value) && json_integer_value(value) >= low &&
	       json_integer_value(value) <= high;
}

static bool check_bool(const json_t *value)
{
	return json_is_boolean(value);
}

static bool check_vni(const json_t *value)
{
	return number_is_within(value, 1, NUMBER_MAX);
}

static bool check_identity(const json_t *value)
{
	return number_is_within(value, 0, NUMBER_MAX);
}

static bool check_mtu(const json_t *value)
{
	return number_is_within(value, MTU_MIN, MTU_MAX);
}

static bool check_port(const json_t *value)
{
	return number_is_within(value, 0, UINT16_MAX);
}

static bool check_order(const json_t *value)
{
	return number_is_within(value, 0, INT32_MAX);
}

static bool check_string(const json_t *value)
{
	return json_is_string(value);
}

static bool check_host_name(const json_t *value)
{
	return json_is_string(value) && row_check_host(json_string_value(value));
}

static bool check_ip(const json_t *value)
{
	struct ip ip;

	return json_is_string(value) && ip_parse(json_string_value(value), &ip);
}

static bool check_ip4(const json_t *value)
{
	struct ip ip;

	return json_is_string(value) && ip_parse(json_string_value(value), &ip) && ip_is_v4(ip);
}

static bool check_ip6(const json_t *value)
{
	struct ip ip;

	return json_is_string(value) && ip_parse(json_string_value(value), &ip) &&
	       !ip_is_v4(ip);
}

static bool check_prefix(const json_t *value)
{
	struct prefix prefix;

	return json_is_string(value) && prefix_parse(json_string_value(value), true, &prefix);
}

/* An address with the length of its network: host bits are what it is about. */
static bool check_address(const json_t *value)
{
	struct prefix prefix;

	return json_is_string(value) && strchr(json_string_value(value), '/') &&
	       prefix_parse(json_string_value(value), false, &prefix);
}

static bool check_mac(const json_t *value)
{
	struct mac mac;

	return json_is_string(value) && mac_parse(json_string_value(value), &mac) &&
	       !mac_is_multicast(mac) && !mac_is_none(mac);
}

static bool check_uuid(const json_t *value)
{
	struct uuid uuid;

	return json_is_string(value) && uuid_parse(json_string_value(value), &uuid);
}

#define SIMPLE(name, text)                                                                     \
	static const struct type type_##name = {.wanted = text, .check = check_##name}
#define LIST(name)                                                                             \
	static const struct type type_##name##_list = {.wanted = "a list",                     \
						       .element = &type_##name}

SIMPLE(bool, "true or false");
SIMPLE(vni, "a number between 1 and 16777215");
SIMPLE(identity, "a number between 0 and 16777215");
SIMPLE(mtu, "a number between 68 and 65535");
SIMPLE(string, "a string");
SIMPLE(host_name, "a host's name");
SIMPLE(ip, "an address");
SIMPLE(ip4, "an IPv4 address");
SIMPLE(ip6, "an IPv6 address");
SIMPLE(prefix, "a prefix without host bits");
SIMPLE(address, "an address with a prefix length");
SIMPLE(mac, "a unicast MAC address");
SIMPLE(uuid, "a uuid");
SIMPLE(port, "a number between 0 and 65535");
SIMPLE(order, "a number between 0 and 2147483647");
LIST(ip);
LIST(ip6);
LIST(address);
LIST(prefix);
LIST(string);

/* --- the tables ---------------------------------------------------------------------- */

static const struct field host_fields[] = {{"ip", &type_ip}, {0}};

static const struct field network_fields[] = {
	{"id", &type_uuid}, {"mtu", &type_mtu}, {"up", &type_bool}, {"flood", &type_bool}, {0}};

static const struct field ra_prefix_fields[] = {
	{"prefix", &type_prefix}, {"auto", &type_bool}, {0}};
static const struct type type_ra_prefix = {.wanted = "an object", .fields = ra_prefix_fields};
LIST(ra_prefix);

static const struct field ra_fields[] = {
	{"managed", &type_bool},
	{"other", &type_bool},
	{"prefixes", &type_ra_prefix_list},
	{"dns", &type_ip6_list},
	{0},
};
static const struct type type_ra = {.wanted = "an object", .fields = ra_fields};

static const struct field interface_fields[] = {
	{"ips", &type_address_list},	 {"up", &type_bool},
	{"ra", &type_ra, true},		 {"firewall", &type_string, true},
	{"project", &type_string, true}, {0}};

static const struct field route_fields[] = {
	{"vni", &type_vni, true}, {"mac", &type_mac, true},	   {"via", &type_ip, true},
	{"up", &type_bool, true}, {"blackhole", &type_bool, true}, {0},
};

static const struct field exit_fields[] = {
	{"ip", &type_ip}, {"subnet", &type_prefix}, {"gateway", &type_ip, true}, {0}};
static const struct type type_exit = {.wanted = "an object", .fields = exit_fields};
LIST(exit);

static const struct field gateway_fields[] = {
	{"id", &type_uuid},
	{"host", &type_host_name, true},
	{"mac", &type_mac},
	{"up", &type_bool},
	{"snat", &type_bool},
	{"mtu", &type_mtu},
	{"physical", &type_string, true},
	{"addresses", &type_exit_list},
	{"routes", &type_prefix_list},
	{"inside", &type_prefix_list},
	{0},
};

static const struct field location_fields[] = {
	{"host", &type_host_name}, {"identity", &type_identity}, {"ips", &type_ip_list}, {0}};

static const struct field member_fields[] = {{0}};

static const struct field pair_fields[] = {{"mac", &type_mac}, {"prefix", &type_prefix}, {0}};
static const struct type type_pair = {.wanted = "an object", .fields = pair_fields};
LIST(pair);

static const struct field dhcp_route_fields[] = {
	{"destination", &type_prefix}, {"nexthop", &type_ip4}, {0}};
static const struct type type_dhcp_route = {.wanted = "an object", .fields = dhcp_route_fields};
LIST(dhcp_route);

static const struct field dhcp_option_fields[] = {
	{"name", &type_string}, {"value", &type_string}, {0}};
static const struct type type_dhcp_option = {.wanted = "an object",
					     .fields = dhcp_option_fields};
LIST(dhcp_option);

static const struct field dhcp4_fields[] = {
	{"ip", &type_ip4},
	{"prefix", &type_prefix},
	{"server", &type_ip4},
	{"gateway", &type_ip4, true},
	{"dns", &type_ip_list, true},
	{"routes", &type_dhcp_route_list, true},
	{"hostname", &type_string, true},
	{"options", &type_dhcp_option_list, true},
	{0},
};
static const struct type type_dhcp4 = {.wanted = "an object", .fields = dhcp4_fields};
LIST(dhcp4);

static const struct field dhcp6_fields[] = {
	{"ips", &type_ip6_list},
	{"dns", &type_ip6_list},
	{"options", &type_dhcp_option_list},
	{0},
};
static const struct type type_dhcp6 = {.wanted = "an object", .fields = dhcp6_fields};

static const struct field log_fields[] = {{"id", &type_uuid},
					  {"accept", &type_bool},
					  {"drop", &type_bool},
					  {"set", &type_string, true},
					  {0}};
static const struct type type_log = {.wanted = "an object", .fields = log_fields};
LIST(log);

static const struct field port_fields[] = {
	{"network", &type_uuid},
	{"vni", &type_vni},
	{"mac", &type_mac},
	{"identity", &type_identity},
	{"mtu", &type_mtu},
	{"up", &type_bool},
	{"guarded", &type_bool},
	{"filtered", &type_bool, true},
	{"name", &type_string, true},
	{"project", &type_string, true},
	{"pairs", &type_pair_list},
	{"dhcp4", &type_dhcp4_list, true},
	{"dhcp6", &type_dhcp6, true},
	{"logs", &type_log_list, true},
	{0},
};

static const struct field identity_fields[] = {{"sets", &type_string_list}, {0}};

static const struct field rule_fields[] = {
	{"tier", &type_port},
	{"order", &type_order},
	{"direction", &type_string},
	{"action", &type_string},
	{"ethertype", &type_string, true},
	{"protocol", &type_port, true},
	{"min", &type_port, true},
	{"max", &type_port, true},
	{"code", &type_port, true},
	{"prefix", &type_prefix, true},
	{"near", &type_prefix, true},
	{"source_min", &type_port, true},
	{"source_max", &type_port, true},
	{"except", &type_prefix_list, true},
	{"set", &type_string, true},
	{"addresses", &type_string, true},
	{"stateless", &type_bool, true},
	{"log", &type_bool, true},
	{0},
};

static const struct field addresses_fields[] = {{0}};

static const struct field border_fields[] = {{"acl", &type_string}, {0}};

/* --- keys ---------------------------------------------------------------------------- */

bool row_check_host(const char *name)
{
	gsize length = strlen(name);

	if (length == 0 || length > 253 || !g_ascii_isalnum(name[0]))
		return false;
	for (const char *c = name; *c; c++)
		if (!g_ascii_isalnum(*c) && !strchr(".-_", *c))
			return false;
	return true;
}

/* Reads a number and the '/' after it (at END: nothing after it). */
static const char *key_take_number(const char *key, gint64 high, bool end)
{
	gint64 value = 0;
	const char *c = key;

	if (*c < '1' || *c > '9')
		return NULL;
	while (g_ascii_isdigit(*c) && value <= high)
		value = value * 10 + (*c++ - '0');
	if (value > high || *c != (end ? '\0' : '/'))
		return NULL;
	return end ? c : c + 1;
}

static bool key_is_mac(const char *text)
{
	struct mac mac;

	return mac_parse(text, &mac) && !mac_is_multicast(mac) && !mac_is_none(mac);
}

static bool check_network_key(const char *key)
{
	return key_take_number(key, NUMBER_MAX, true) != NULL;
}

static bool check_interface_key(const char *key)
{
	const char *vni = key_take_number(key, ROUTER_MAX, false);
	const char *mac = vni ? key_take_number(vni, NUMBER_MAX, false) : NULL;

	return mac && key_is_mac(mac);
}

static bool check_route_key(const char *key)
{
	const char *text = key_take_number(key, ROUTER_MAX, false);
	struct prefix prefix;

	return text && strchr(text, '/') && prefix_parse(text, true, &prefix);
}

static bool check_gateway_key(const char *key)
{
	return key_take_number(key, ROUTER_MAX, true) != NULL;
}

static bool check_border_key(const char *key)
{
	const char *text = key_take_number(key, NUMBER_MAX, false);
	struct prefix prefix;

	return text && strchr(text, '/') && prefix_parse(text, true, &prefix);
}

static bool check_location_key(const char *key)
{
	const char *mac = key_take_number(key, NUMBER_MAX, false);

	return mac && key_is_mac(mac);
}

static bool check_member_key(const char *key)
{
	const char *name = key_take_number(key, NUMBER_MAX, false);

	return name && row_check_host(name);
}

static bool check_port_key(const char *key)
{
	struct uuid uuid;

	return uuid_parse(key, &uuid);
}

/* A set's name, and behind the slash who is meant of it. */
static bool check_rule_key(const char *key)
{
	const char *slash = strrchr(key, '/');

	return slash && slash > key && slash[1] && g_utf8_validate(key, -1, NULL);
}

static bool check_addresses_key(const char *key)
{
	const char *slash = strchr(key, '/');
	struct prefix prefix;

	return slash && slash > key && prefix_parse(slash + 1, true, &prefix);
}

static const struct table tables[] = {
	{"host", row_check_host, "NAME", host_fields},
	{"network", check_network_key, "VNI", network_fields},
	{"interface", check_interface_key, "ROUTER/VNI/MAC", interface_fields},
	{"route", check_route_key, "ROUTER/PREFIX", route_fields},
	{"gateway", check_gateway_key, "ROUTER", gateway_fields},
	{"location", check_location_key, "VNI/MAC", location_fields},
	{"member", check_member_key, "VNI/NAME", member_fields},
	{"rule", check_rule_key, "SET/RULE", rule_fields},
	{"addresses", check_addresses_key, "GROUP/PREFIX", addresses_fields},
	{"identity", check_network_key, "NUMBER", identity_fields},
	{"border", check_border_key, "VNI/PREFIX", border_fields},
	{"port", check_port_key, "UUID", port_fields},
};

/* --- checking ------------------------------------------------------------------------ */

static char *value_show(const json_t *value)
{
	char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	char *shown = g_strdup_printf("%.*s%s", SHOWN_MAX, text ? text : "?",
				      text && strlen(text) > SHOWN_MAX ? "..." : "");

	free(text);
	return shown;
}

static void path_prepend(GString *path, const char *step)
{
	if (path->len > 0 && path->str[0] != '[')
		g_string_prepend_c(path, '.');
	g_string_prepend(path, step);
}

static bool fields_check(const struct field *fields, const json_t *object, GString *path,
			 char **why);

static bool type_check(const struct type *type, const json_t *value, GString *path, char **why)
{
	bool good = type->check ? type->check(value)
		    : type->element
			    ? json_is_array(value) && json_array_size(value) <= ELEMENTS_MAX
			    : json_is_object(value);

	if (!good) {
		g_autofree char *shown = value_show(value);

		*why = g_strdup_printf("%s is not %s", shown, type->wanted);
		return false;
	}
	for (size_t i = 0; type->element && i < json_array_size(value); i++) {
		char step[16];

		if (type_check(type->element, json_array_get(value, i), path, why))
			continue;
		g_snprintf(step, sizeof(step), "[%zu]", i);
		path_prepend(path, step);
		return false;
	}
	return !type->fields || fields_check(type->fields, value, path, why);
}

static bool fields_check(const struct field *fields, const json_t *object, GString *path,
			 char **why)
{
	for (const struct field *field = fields; field->name; field++) {
		const json_t *value = json_object_get(object, field->name);

		if (!value && field->optional)
			continue;
		if (value && type_check(field->type, value, path, why))
			continue;
		if (!value)
			*why = g_strdup("is missing");
		path_prepend(path, field->name);
		return false;
	}
	return true;
}

/* What a table of attributes cannot say: a route goes somewhere, or nowhere on purpose. */
static bool route_check(const json_t *value, GString *path, char **why)
{
	static const char *const needed[] = {"vni", "mac"};

	if (json_is_true(json_object_get(value, "blackhole")))
		return true;
	for (gsize i = 0; i < G_N_ELEMENTS(needed); i++) {
		if (json_object_get(value, needed[i]))
			continue;
		g_string_assign(path, needed[i]);
		*why = g_strdup("is missing");
		return false;
	}
	return true;
}

static const struct table *table_find(const char *name)
{
	for (gsize i = 0; i < G_N_ELEMENTS(tables); i++)
		if (strcmp(tables[i].name, name) == 0)
			return &tables[i];
	return NULL;
}

bool row_check(const char *table_name, const char *key, const json_t *value, GError **error)
{
	const struct table *table = table_find(table_name);
	g_autoptr(GString) path = g_string_new(NULL);
	g_autofree char *why = NULL;

	if (!table) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "row %.64s %.64s: table: there is no such table", table_name, key);
		return false;
	}
	if (!table->check_key(key)) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "row %s %.128s: key: is not %s", table_name, key, table->key_form);
		return false;
	}
	if (!value)
		return true;
	if (!json_is_object(value)) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "row %s %s: value: is not an object", table_name, key);
		return false;
	}
	if (fields_check(table->fields, value, path, &why) &&
	    (table->fields != route_fields || route_check(value, path, &why)))
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "row %s %s: %s: %s", table_name, key,
		    path->str, why);
	return false;
}
