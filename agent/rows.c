/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of all tables: their keys, and which attribute is read into which member.
 * The readers of values are in row_field.c.
 */
#include "agent/rows.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "agent/row_field.h"
#include "agent/rows_border.h"
#include "agent/rows_gateway.h"
#include "agent/rows_policy.h"
#include "lib/error.h"

#define KEY_MAX	      300 /* characters */
#define NAME_MAX_HOST 255

_Static_assert(sizeof(struct row_key) == 40, "keys compare as bytes");

#define FIELD(name, read, need, type, member)                                                  \
	{                                                                                      \
		name, read, need, offsetof(type, member)                                       \
	}

static const struct row_field host_fields[] = {
	FIELD("ip", row_read_ip, true, struct row, u.host),
	{0},
};

static const struct row_field network_fields[] = {
	FIELD("id", row_read_uuid, true, struct row, u.network.id),
	FIELD("mtu", row_read_mtu, true, struct row, u.network.mtu),
	FIELD("up", row_read_bool, true, struct row, u.network.up),
	FIELD("flood", row_read_bool, true, struct row, u.network.flood),
	{0},
};

static const struct row_field interface_fields[] = {
	FIELD("ips", row_read_addresses, true, struct row, u.interface),
	FIELD("up", row_read_bool, true, struct row, u.interface.up),
	FIELD("ra", row_read_ra, false, struct row, u.interface.ra),
	FIELD("firewall", row_read_set, false, struct row, u.interface.firewall),
	FIELD("project", row_read_text, false, struct row, u.interface.project),
	{0},
};

static const struct row_field route_fields[] = {
	FIELD("vni", row_read_vni, false, struct row, u.route.vni),
	FIELD("mac", row_read_mac, false, struct row, u.route.mac),
	FIELD("via", row_read_ip, false, struct row, u.route.via),
	FIELD("up", row_read_bool, false, struct row, u.route.up),
	FIELD("blackhole", row_read_bool, false, struct row, u.route.blackhole),
	{0},
};

static const struct row_field location_fields[] = {
	FIELD("host", row_read_name, true, struct row, u.location.host),
	FIELD("identity", row_read_identity, true, struct row, u.location.identity),
	FIELD("ips", row_read_ips, true, struct row, u.location),
	{0},
};

static const struct row_field member_fields[] = {
	{0},
};

static const struct row_field port_fields[] = {
	FIELD("network", row_read_uuid, true, struct row_port, network),
	FIELD("vni", row_read_vni, true, struct row_port, vni),
	FIELD("mac", row_read_mac, true, struct row_port, mac),
	FIELD("identity", row_read_identity, true, struct row_port, identity),
	FIELD("mtu", row_read_mtu, true, struct row_port, mtu),
	FIELD("up", row_read_bool, true, struct row_port, up),
	FIELD("guarded", row_read_bool, true, struct row_port, guarded),
	FIELD("filtered", row_read_bool, false, struct row_port, filtered),
	FIELD("name", row_read_text, true, struct row_port, name),
	FIELD("project", row_read_text, true, struct row_port, project),
	FIELD("pairs", row_read_pairs, true, struct row_port, pairs),
	FIELD("dhcp4", row_read_leases, false, struct row_port, leases),
	FIELD("dhcp6", row_read_service, false, struct row_port, dhcp6),
	FIELD("logs", row_read_logs, false, struct row_port, logs),
	{0},
};

/* ---------------------------------------------------------------- keys */

/* A decimal number without sign, spaces or leading zeros, up to MAX, that ends at END. */
static bool number_read(const char **text, char end, uint32_t max, uint32_t *out)
{
	const char *at = *text;
	uint64_t value = 0;

	if (*at == '0' && at[1] != end)
		return false;
	while (*at >= '0' && *at <= '9' && value <= max)
		value = value * 10 + (uint64_t)(*at++ - '0');
	if (at == *text || *at != end || value > max)
		return false;
	*text = end ? at + 1 : at;
	*out = (uint32_t)value;
	return true;
}

static bool vni_read(const char **text, char end, struct row_key *out)
{
	return number_read(text, end, ROW_VNI_MAX, &out->vni) && out->vni > 0;
}

static bool mac_read(const char *text, struct row_key *out)
{
	struct mac mac;

	if (!mac_parse(text, &mac))
		return false;
	memcpy(out->b, mac.b, sizeof(mac.b));
	return true;
}

static bool name_read(const char *text, struct row_key *out)
{
	gsize length = strlen(text);

	if (length == 0 || length > NAME_MAX_HOST || !g_utf8_validate(text, -1, NULL))
		return false;
	out->name = g_intern_string(text);
	return true;
}

static bool key_host(const char *text, struct row_key *out)
{
	return name_read(text, out);
}

static bool key_network(const char *text, struct row_key *out)
{
	return vni_read(&text, 0, out);
}

static bool key_interface(const char *text, struct row_key *out)
{
	return number_read(&text, '/', ROW_ROUTER_MAX, &out->router) &&
	       vni_read(&text, '/', out) && mac_read(text, out);
}

static bool key_route(const char *text, struct row_key *out)
{
	struct prefix prefix;

	if (!number_read(&text, '/', ROW_ROUTER_MAX, &out->router) ||
	    !prefix_parse(text, true, &prefix))
		return false;
	memcpy(out->b, prefix.ip.b, sizeof(prefix.ip.b));
	out->bits = prefix.bits;
	return true;
}

static bool key_location(const char *text, struct row_key *out)
{
	return vni_read(&text, '/', out) && mac_read(text, out);
}

static bool key_member(const char *text, struct row_key *out)
{
	return vni_read(&text, '/', out) && name_read(text, out);
}

static bool key_port(const char *text, struct row_key *out)
{
	struct uuid id;

	if (!uuid_parse(text, &id))
		return false;
	memcpy(out->b, id.b, sizeof(id.b));
	return true;
}

/* -------------------------------------------------------------- tables */

static bool same_location(const struct row *a, const struct row *b)
{
	const struct row_location *left = &a->u.location, *right = &b->u.location;

	return left->host == right->host && left->identity == right->identity &&
	       left->count == right->count &&
	       (!left->count ||
		memcmp(left->ips, right->ips, left->count * sizeof(left->ips[0])) == 0);
}

static bool same_member(const struct row *a, const struct row *b)
{
	return true;
}

/*
 * A table has FIELDS, or READ does what they cannot. SAME, of tables whose rows are many, tells two
 * of one key apart.
 */
static const struct {
	const char *name;
	bool (*key)(const char *text, struct row_key *out);
	const struct row_field *fields;
	bool (*read)(struct row *row, const char *key, json_t *value, GError **error);
	bool (*same)(const struct row *a, const struct row *b);
} tables[ROW_TABLE_COUNT] = {
	[ROW_HOST] = {"host", key_host, host_fields},
	[ROW_NETWORK] = {"network", key_network, network_fields},
	[ROW_INTERFACE] = {"interface", key_interface, interface_fields},
	[ROW_ROUTE] = {"route", key_route, route_fields},
	[ROW_GATEWAY] = {"gateway", rows_gateway_key, NULL, rows_gateway_read},
	[ROW_LOCATION] = {"location", key_location, location_fields, NULL, same_location},
	[ROW_MEMBER] = {"member", key_member, member_fields, NULL, same_member},
	[ROW_RULE] = {"rule", rows_policy_key_rule, NULL, rows_policy_read_rule},
	[ROW_ADDRESSES] = {"addresses", rows_policy_key_addresses, NULL,
			   rows_policy_read_addresses},
	[ROW_IDENTITY] = {"identity", rows_policy_key_identity, NULL,
			  rows_policy_read_identity},
	[ROW_BORDER] = {"border", rows_border_key, NULL, rows_border_read},
	[ROW_PORT] = {"port", key_port, port_fields},
};

const char *row_table_name(enum row_table table)
{
	return tables[table].name;
}

bool row_key_parse(const char *table, const char *key, struct row_key *out, GError **error)
{
	for (int i = 0; i < ROW_TABLE_COUNT; i++) {
		struct row_key parsed = {.table = (uint8_t)i};

		if (strcmp(tables[i].name, table) != 0)
			continue;
		if (strnlen(key, KEY_MAX + 1) > KEY_MAX || !tables[i].key(key, &parsed)) {
			g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
				    "row %s %.64s: bad key", table, key);
			return false;
		}
		*out = parsed;
		return true;
	}
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "row %.64s %.64s: no such table",
		    table, key);
	return false;
}

/* A route discards, or says which way, whole. */
static bool route_check(const struct row *row, GError **error)
{
	if (row->u.route.blackhole || (row->u.route.vni && !mac_is_none(row->u.route.mac)))
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
		    "attribute %s: missing, and the route is no blackhole",
		    row->u.route.vni ? "mac" : "vni");
	return false;
}

static bool value_read(struct row *row, const char *key, json_t *value, GError **error)
{
	void *base = row;

	if (tables[row->key.table].read)
		return tables[row->key.table].read(row, key, value, error);
	if (row->key.table == ROW_PORT) {
		base = row->u.port = g_new0(struct row_port, 1);
		row->u.port->id = row_key_uuid(&row->key);
	}
	return row_fields_read(tables[row->key.table].fields, value, base, error) &&
	       (row->key.table != ROW_ROUTE || route_check(row, error));
}

struct row *row_parse(const char *table, const char *key, json_t *value, GError **error)
{
	struct row *row = g_new0(struct row, 1);

	if (!row_key_parse(table, key, &row->key, error)) {
		g_free(row);
		return NULL;
	}
	if (!value_read(row, key, value, error)) {
		g_prefix_error(error, "row %s %s: ", table, key);
		row_free(row);
		return NULL;
	}
	return row;
}

static void port_free(struct row_port *port)
{
	if (!port)
		return;
	g_free(port->name);
	g_free(port->project);
	g_free(port->pairs);
	for (gsize i = 0; i < port->lease_count; i++)
		dhcp4_lease_done(&port->leases[i]);
	g_free(port->leases);
	dhcp6_service_free(port->dhcp6);
	for (gsize i = 0; i < port->log_count; i++)
		g_free(port->logs[i].set);
	g_free(port->logs);
	g_free(port);
}

static void interface_free(struct row_interface *interface)
{
	g_free(interface->addresses);
	ra_config_free(interface->ra);
	g_free(interface->firewall);
	g_free(interface->project);
}

void row_free(struct row *row)
{
	if (!row)
		return;
	if (row->key.table == ROW_PORT)
		port_free(row->u.port);
	else if (row->key.table == ROW_LOCATION)
		g_free(row->u.location.ips);
	else if (row->key.table == ROW_INTERFACE)
		interface_free(&row->u.interface);
	else if (row->key.table == ROW_GATEWAY)
		rows_gateway_free(row->u.gateway);
	else if (row->key.table == ROW_BORDER)
		g_free(row->u.acl);
	else
		rows_policy_done(row);
	g_free(row);
}

bool row_is_same(const struct row *a, const struct row *b)
{
	return row_key_same(&a->key, &b->key) && tables[a->key.table].same &&
	       tables[a->key.table].same(a, b);
}

guint row_key_hash(gconstpointer key)
{
	uint64_t words[sizeof(struct row_key) / 8], h = 0;

	memcpy(words, key, sizeof(words));
	for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
		h = (h ^ words[i]) * 0x9e3779b97f4a7c15ull, h ^= h >> 29;
	return (guint)(h >> 32);
}

gboolean row_key_same(gconstpointer a, gconstpointer b)
{
	return memcmp(a, b, sizeof(struct row_key)) == 0;
}

struct mac row_key_mac(const struct row_key *key)
{
	struct mac mac;

	memcpy(mac.b, key->b, sizeof(mac.b));
	return mac;
}

struct prefix row_key_prefix(const struct row_key *key)
{
	struct prefix prefix = {.bits = key->bits};

	memcpy(prefix.ip.b, key->b, sizeof(prefix.ip.b));
	return prefix;
}

struct uuid row_key_uuid(const struct row_key *key)
{
	struct uuid id;

	memcpy(id.b, key->b, sizeof(id.b));
	return id;
}
