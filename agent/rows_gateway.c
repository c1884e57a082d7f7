/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/rows_gateway.h"

#include <stddef.h>
#include <string.h>

#include "agent/row_field.h"
#include "lib/error.h"

static const struct row_field address_fields[] = {
	{"ip", row_read_ip, true, offsetof(struct row_exit, ip)},
	{"subnet", row_read_prefix, true, offsetof(struct row_exit, subnet)},
	{"gateway", row_read_ip, false, offsetof(struct row_exit, next_hop)},
	{0},
};

static bool address_read(json_t *value, void *out, GError **error)
{
	const struct row_exit *exit = out;

	if (!row_fields_read(address_fields, value, out, error))
		return false;
	if (prefix_contains(exit->subnet, exit->ip) &&
	    (ip_is_none(exit->next_hop) || ip_is_v4(exit->next_hop) == ip_is_v4(exit->ip)))
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
		    "address and gateway are not of its subnet");
	return false;
}

static bool addresses_read(json_t *value, void *out, GError **error)
{
	return row_read_list(value, address_read, sizeof(struct row_exit), out, error);
}

static bool prefixes_read(json_t *value, void *out, GError **error)
{
	return row_read_list(value, row_read_prefix, sizeof(struct prefix), out, error);
}

/* Lists are pairs of array and count, as row_read_list fills them. */
_Static_assert(offsetof(struct row_gateway, exit_count) ==
		       offsetof(struct row_gateway, exits) + 8,
	       "");
_Static_assert(offsetof(struct row_gateway, route_count) ==
		       offsetof(struct row_gateway, routes) + 8,
	       "");
_Static_assert(offsetof(struct row_gateway, inside_count) ==
		       offsetof(struct row_gateway, inside) + 8,
	       "");

static const struct row_field fields[] = {
	{"id", row_read_uuid, true, offsetof(struct row_gateway, id)},
	{"host", row_read_name, false, offsetof(struct row_gateway, host)},
	{"mac", row_read_mac, true, offsetof(struct row_gateway, mac)},
	{"up", row_read_bool, true, offsetof(struct row_gateway, up)},
	{"snat", row_read_bool, true, offsetof(struct row_gateway, snat)},
	{"mtu", row_read_mtu, true, offsetof(struct row_gateway, mtu)},
	{"physical", row_read_text, false, offsetof(struct row_gateway, physical)},
	{"addresses", addresses_read, true, offsetof(struct row_gateway, exits)},
	{"routes", prefixes_read, true, offsetof(struct row_gateway, routes)},
	{"inside", prefixes_read, true, offsetof(struct row_gateway, inside)},
	{0},
};

bool rows_gateway_key(const char *text, struct row_key *out)
{
	guint64 number;

	if (!g_ascii_isdigit(*text) || (*text == '0' && text[1]) ||
	    !g_ascii_string_to_unsigned(text, 10, 0, ROW_ROUTER_MAX, &number, NULL))
		return false;
	out->router = (uint32_t)number;
	return true;
}

bool rows_gateway_read(struct row *row, const char *key, json_t *value, GError **error)
{
	row->u.gateway = g_new0(struct row_gateway, 1);
	return row_fields_read(fields, value, row->u.gateway, error);
}

void rows_gateway_free(struct row_gateway *gateway)
{
	if (!gateway)
		return;
	g_free(gateway->physical);
	g_free(gateway->exits);
	g_free(gateway->routes);
	g_free(gateway->inside);
	g_free(gateway);
}
