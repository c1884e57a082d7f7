/* SPDX-License-Identifier: Apache-2.0 */
/* The readers of row attributes. */
#include "agent/row_field.h"

#include <stddef.h>
#include <string.h>

#include "agent/rows.h"
#include "lib/error.h"

#define TEXT_MAX 1024 /* bytes of any string */

/* Consecutive members `array, count`, as rows.h, dhcp4.h, dhcp6.h and ra.h have them. */
struct list {
	void *elements;
	gsize count;
};

_Static_assert(offsetof(struct row_port, pair_count) == offsetof(struct row_port, pairs) + 8,
	       "");
_Static_assert(offsetof(struct row_port, lease_count) == offsetof(struct row_port, leases) + 8,
	       "");
_Static_assert(offsetof(struct dhcp4_lease, dns_count) == offsetof(struct dhcp4_lease, dns) + 8,
	       "");
_Static_assert(offsetof(struct dhcp4_lease, route_count) ==
		       offsetof(struct dhcp4_lease, routes) + 8,
	       "");
_Static_assert(offsetof(struct dhcp4_lease, option_count) ==
		       offsetof(struct dhcp4_lease, options) + 8,
	       "");
_Static_assert(offsetof(struct dhcp6_service, ip_count) ==
		       offsetof(struct dhcp6_service, ips) + 8,
	       "");
_Static_assert(offsetof(struct dhcp6_service, dns_count) ==
		       offsetof(struct dhcp6_service, dns) + 8,
	       "");
_Static_assert(offsetof(struct dhcp6_service, option_count) ==
		       offsetof(struct dhcp6_service, options) + 8,
	       "");
_Static_assert(offsetof(struct ra_config, prefix_count) ==
		       offsetof(struct ra_config, prefixes) + 8,
	       "");
_Static_assert(offsetof(struct ra_config, dns_count) == offsetof(struct ra_config, dns) + 8,
	       "");

static bool refuse(json_t *value, const char *wanted, GError **error)
{
	g_autofree char *shown =
		value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;

	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "%.80s is not %s",
		    shown ? shown : "nothing", wanted);
	return false;
}

static const struct row_field *field_find(const struct row_field *fields, const char *name)
{
	for (; fields->name; fields++)
		if (strcmp(fields->name, name) == 0)
			return fields;
	return NULL;
}

static bool fields_complete(const struct row_field *fields, json_t *value, GError **error)
{
	for (; fields->name; fields++) {
		if (!fields->required || json_object_get(value, fields->name))
			continue;
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "attribute %s: missing",
			    fields->name);
		return false;
	}
	return true;
}

bool row_fields_read(const struct row_field *fields, json_t *value, void *base, GError **error)
{
	const char *name;
	json_t *member;

	if (!json_is_object(value))
		return refuse(value, "an object", error);
	json_object_foreach (value, name, member) {
		const struct row_field *field = field_find(fields, name);

		if (!field) {
			g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
				    "attribute %.64s: unknown", name);
			return false;
		}
		if (!field->read(member, (char *)base + field->offset, error)) {
			g_prefix_error(error, "attribute %s: ", name);
			return false;
		}
	}
	return fields_complete(fields, value, error);
}

bool row_read_bool(json_t *value, void *out, GError **error)
{
	if (!json_is_boolean(value))
		return refuse(value, "true or false", error);
	*(bool *)out = json_is_true(value);
	return true;
}

static bool number_read(json_t *value, json_int_t min, json_int_t max, const char *wanted,
			uint32_t *out, GError **error)
{
	if (!json_is_integer(value) || json_integer_value(value) < min ||
	    json_integer_value(value) > max)
		return refuse(value, wanted, error);
	*out = (uint32_t)json_integer_value(value);
	return true;
}

bool row_read_vni(json_t *value, void *out, GError **error)
{
	return number_read(value, 1, ROW_VNI_MAX, "a VNI (1 to 16777215)", out, error);
}

bool row_read_identity(json_t *value, void *out, GError **error)
{
	return number_read(value, 0, ROW_IDENTITY_MAX, "an identity (0 to 16777215)", out,
			   error);
}

bool row_read_mtu(json_t *value, void *out, GError **error)
{
	return number_read(value, 68, 65535, "an MTU (68 to 65535)", out, error);
}

bool row_read_ip(json_t *value, void *out, GError **error)
{
	struct ip ip;

	if (!json_is_string(value) || !ip_parse(json_string_value(value), &ip))
		return refuse(value, "an address", error);
	*(struct ip *)out = ip;
	return true;
}

bool row_read_mac(json_t *value, void *out, GError **error)
{
	struct mac mac;

	if (!json_is_string(value) || !mac_parse(json_string_value(value), &mac) ||
	    mac_is_multicast(mac) || mac_is_none(mac))
		return refuse(value, "a unicast MAC", error);
	*(struct mac *)out = mac;
	return true;
}

bool row_read_prefix(json_t *value, void *out, GError **error)
{
	struct prefix prefix;

	if (!json_is_string(value) || !prefix_parse(json_string_value(value), true, &prefix))
		return refuse(value, "a prefix without host bits", error);
	*(struct prefix *)out = prefix;
	return true;
}

bool row_read_uuid(json_t *value, void *out, GError **error)
{
	if (!json_is_string(value) || !uuid_parse(json_string_value(value), out))
		return refuse(value, "a uuid", error);
	return true;
}

bool row_read_name(json_t *value, void *out, GError **error)
{
	if (!json_is_string(value) || json_string_length(value) == 0 ||
	    json_string_length(value) > 255)
		return refuse(value, "a host's name", error);
	*(const char **)out = g_intern_string(json_string_value(value));
	return true;
}

bool row_read_text(json_t *value, void *out, GError **error)
{
	if (!json_is_string(value) || json_string_length(value) > TEXT_MAX)
		return refuse(value, "a string of at most 1024 bytes", error);
	*(char **)out = g_strdup(json_string_value(value));
	return true;
}

static bool list_size(json_t *value, GError **error)
{
	if (!json_is_array(value) || json_array_size(value) > ROW_LIST_MAX)
		return refuse(value, "a list of at most 4096 elements", error);
	return true;
}

/* A list of what READ reads, SIZE bytes each; the list owns what was read even on failure. */
static bool list_read(json_t *value, row_reader read, gsize size, struct list *out,
		      GError **error)
{
	if (!list_size(value, error))
		return false;
	if (!json_array_size(value))
		return true;
	out->elements = g_malloc0_n(json_array_size(value), size);
	for (gsize i = 0; i < json_array_size(value); i++) {
		out->count = i + 1;
		if (!read(json_array_get(value, i), (char *)out->elements + i * size, error))
			return false;
	}
	return true;
}

bool row_read_list(json_t *value, row_reader read, gsize size, void *out, GError **error)
{
	return list_read(value, read, size, out, error);
}

bool row_read_set(json_t *value, void *out, GError **error)
{
	const char *text = json_string_value(value);

	if (!text || !*text || strlen(text) > ROW_SET_MAX)
		return refuse(value, "a set's name", error);
	*(char **)out = g_strdup(text);
	return true;
}

bool row_read_ips(json_t *value, void *out, GError **error)
{
	struct row_location *location = out;
	struct list list = {0};
	bool ok = list_read(value, row_read_ip, sizeof(struct ip), &list, error);

	location->ips = list.elements;
	location->count = (uint32_t)list.count;
	return ok;
}

/* "10.0.1.1/24": the address is kept, the length is checked. */
static bool address_read(json_t *value, void *out, GError **error)
{
	struct row_address *address = out;
	const char *text = json_string_value(value), *slash = text ? strchr(text, '/') : NULL;
	g_autofree char *host = slash ? g_strndup(text, (gsize)(slash - text)) : NULL;

	if (!host || !ip_parse(host, &address->ip) ||
	    !prefix_parse(text, false, &address->subnet))
		return refuse(value, "an address with the length of its subnet", error);
	return true;
}

bool row_read_addresses(json_t *value, void *out, GError **error)
{
	struct row_interface *interface = out;
	struct list list = {0};
	bool ok = list_read(value, address_read, sizeof(struct row_address), &list, error);

	interface->addresses = list.elements;
	interface->count = list.count;
	return ok;
}

static const struct row_field pair_fields[] = {
	{"mac", row_read_mac, true, offsetof(struct row_pair, mac)},
	{"prefix", row_read_prefix, true, offsetof(struct row_pair, prefix)},
	{0},
};

static bool pair_read(json_t *value, void *out, GError **error)
{
	return row_fields_read(pair_fields, value, out, error);
}

bool row_read_pairs(json_t *value, void *out, GError **error)
{
	return list_read(value, pair_read, sizeof(struct row_pair), out, error);
}

static const struct row_field log_fields[] = {
	{"id", row_read_uuid, true, offsetof(struct row_log, id)},
	{"accept", row_read_bool, true, offsetof(struct row_log, accept)},
	{"drop", row_read_bool, true, offsetof(struct row_log, drop)},
	{"set", row_read_text, false, offsetof(struct row_log, set)},
	{0},
};

static bool log_read(json_t *value, void *out, GError **error)
{
	return row_fields_read(log_fields, value, out, error);
}

bool row_read_logs(json_t *value, void *out, GError **error)
{
	return list_read(value, log_read, sizeof(struct row_log), out, error);
}

static bool v4_read(json_t *value, void *out, GError **error)
{
	if (!row_read_ip(value, out, error))
		return false;
	return ip_is_v4(*(struct ip *)out) || refuse(value, "an IPv4 address", error);
}

static bool v4_prefix_read(json_t *value, void *out, GError **error)
{
	if (!row_read_prefix(value, out, error))
		return false;
	return prefix_is_v4(*(struct prefix *)out) || refuse(value, "an IPv4 prefix", error);
}

static bool dns_read(json_t *value, void *out, GError **error)
{
	return list_read(value, v4_read, sizeof(struct ip), out, error);
}

static const struct row_field dhcp_route_fields[] = {
	{"destination", v4_prefix_read, true, offsetof(struct dhcp4_route, destination)},
	{"nexthop", v4_read, true, offsetof(struct dhcp4_route, next_hop)},
	{0},
};

static bool dhcp_route_read(json_t *value, void *out, GError **error)
{
	return row_fields_read(dhcp_route_fields, value, out, error);
}

static bool dhcp_routes_read(json_t *value, void *out, GError **error)
{
	return list_read(value, dhcp_route_read, sizeof(struct dhcp4_route), out, error);
}

static const struct row_field dhcp_option_fields[] = {
	{"name", row_read_text, true, offsetof(struct dhcp_option, name)},
	{"value", row_read_text, true, offsetof(struct dhcp_option, value)},
	{0},
};

static bool dhcp_option_read(json_t *value, void *out, GError **error)
{
	return row_fields_read(dhcp_option_fields, value, out, error);
}

static bool dhcp_options_read(json_t *value, void *out, GError **error)
{
	return list_read(value, dhcp_option_read, sizeof(struct dhcp_option), out, error);
}

static const struct row_field lease_fields[] = {
	{"ip", v4_read, true, offsetof(struct dhcp4_lease, ip)},
	{"prefix", v4_prefix_read, true, offsetof(struct dhcp4_lease, prefix)},
	{"server", v4_read, true, offsetof(struct dhcp4_lease, server)},
	{"gateway", v4_read, false, offsetof(struct dhcp4_lease, gateway)},
	{"dns", dns_read, true, offsetof(struct dhcp4_lease, dns)},
	{"routes", dhcp_routes_read, true, offsetof(struct dhcp4_lease, routes)},
	{"hostname", row_read_text, true, offsetof(struct dhcp4_lease, hostname)},
	{"options", dhcp_options_read, true, offsetof(struct dhcp4_lease, options)},
	{0},
};

static bool lease_read(json_t *value, void *out, GError **error)
{
	return row_fields_read(lease_fields, value, out, error);
}

bool row_read_leases(json_t *value, void *out, GError **error)
{
	return list_read(value, lease_read, sizeof(struct dhcp4_lease), out, error);
}

/* --------------------------------------------------------------- IPv6 */

static bool v6_read(json_t *value, void *out, GError **error)
{
	if (!row_read_ip(value, out, error))
		return false;
	return !ip_is_v4(*(struct ip *)out) || refuse(value, "an IPv6 address", error);
}

static bool v6_list_read(json_t *value, void *out, GError **error)
{
	return list_read(value, v6_read, sizeof(struct ip), out, error);
}

static bool v6_prefix_read(json_t *value, void *out, GError **error)
{
	if (!row_read_prefix(value, out, error))
		return false;
	return !prefix_is_v4(*(struct prefix *)out) || refuse(value, "an IPv6 prefix", error);
}

static const struct row_field service_fields[] = {
	{"ips", v6_list_read, true, offsetof(struct dhcp6_service, ips)},
	{"dns", v6_list_read, true, offsetof(struct dhcp6_service, dns)},
	{"options", dhcp_options_read, true, offsetof(struct dhcp6_service, options)},
	{0},
};

bool row_read_service(json_t *value, void *out, GError **error)
{
	struct dhcp6_service **service = out;

	*service = g_new0(struct dhcp6_service, 1);
	return row_fields_read(service_fields, value, *service, error);
}

static const struct row_field ra_prefix_fields[] = {
	{"prefix", v6_prefix_read, true, offsetof(struct ra_prefix, prefix)},
	{"auto", row_read_bool, true, offsetof(struct ra_prefix, automatic)},
	{0},
};

static bool ra_prefix_read(json_t *value, void *out, GError **error)
{
	return row_fields_read(ra_prefix_fields, value, out, error);
}

static bool ra_prefixes_read(json_t *value, void *out, GError **error)
{
	return list_read(value, ra_prefix_read, sizeof(struct ra_prefix), out, error);
}

static const struct row_field ra_fields[] = {
	{"managed", row_read_bool, true, offsetof(struct ra_config, managed)},
	{"other", row_read_bool, true, offsetof(struct ra_config, other)},
	{"prefixes", ra_prefixes_read, true, offsetof(struct ra_config, prefixes)},
	{"dns", v6_list_read, true, offsetof(struct ra_config, dns)},
	{0},
};

bool row_read_ra(json_t *value, void *out, GError **error)
{
	struct ra_config **config = out;

	*config = g_new0(struct ra_config, 1);
	return row_fields_read(ra_fields, value, *config, error);
}
