/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The attributes of a host.
 */
#include "model/host.h"

#include <stdlib.h>
#include <string.h>

#include "lib/error.h"
#include "model/agent.h"
#include "model/cloud.h"
#include "model/segment.h"

static json_t *host_print_alive(const void *object, const void *world)
{
	const struct host *host = object;

	return json_boolean(world && cloud_is_host_alive(world, host->object.name));
}

static json_t *host_print_revision(const void *object, const void *world)
{
	const struct host *host = object;

	return json_integer(
		world ? (json_int_t)cloud_get_host_revision(world, host->object.name) : 0);
}

static json_t *host_print_ports(const void *object, const void *world)
{
	const struct host *host = object;

	return json_integer(world ? cloud_list_host_ports(world, host->object.name)->len : 0);
}

static const struct attr_table physical_table = {
	.singular = "physical_network",
	.size = sizeof(char *),
	.attrs = (const struct attr[]){{.type = ATTR_STRING, .max = SEGMENT_PLACE_TEXT}},
};

/* "firewall group ID: why" */
static char *refused_print(const json_t *item)
{
	static const char *const names[][2] = {
		{"port:", "port "}, {"acl:", "network ACL "}, {"fw:", "firewall group "}};
	const char *what = json_string_value(json_object_get(item, "what"));
	const char *why = json_string_value(json_object_get(item, "why")), *name = "";

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		if (!g_str_has_prefix(what, names[i][0]))
			continue;
		name = names[i][1];
		what += strlen(names[i][0]);
		break;
	}
	return g_strdup_printf("%s%s: %s", name, what, why);
}

static json_t *host_print_refused(const void *object, const void *world)
{
	const struct host *host = object;
	json_t *list = json_array(), *item;
	size_t i;

	json_array_foreach (world ? cloud_get_host_refused(world, host->object.name) : NULL, i,
			    item) {
		g_autofree char *text = refused_print(item);

		json_array_append_new(list, json_string(text));
	}
	return list;
}

static const struct attr attrs[] = {
	OBJECT_HEAD,
	{.name = "name",
	 .type = ATTR_STRING,
	 .flags = ATTR_POST | ATTR_VISIBLE | ATTR_FIND | ATTR_REQUIRED | ATTR_COLUMN,
	 .offset = offsetof(struct host, object.name),
	 .max = 253,
	 .help = "what binding:host_id calls it; unique"},
	{.name = "tunnel_ip",
	 .type = ATTR_IP,
	 .flags = ATTR_BOTH | ATTR_FIND | ATTR_REQUIRED | ATTR_COLUMN,
	 .offset = offsetof(struct host, tunnel_ip),
	 .help = "its address on the underlay; unique"},
	{.name = "admin_state_up",
	 .type = ATTR_BOOL,
	 .flags = ATTR_BOTH | ATTR_FIND,
	 .offset = offsetof(struct host, admin_state_up),
	 .initial = "true",
	 .help = "false: no new ports should be bound to it"},
	{.name = "availability_zone",
	 .type = ATTR_STRING,
	 .flags = ATTR_BOTH | ATTR_FIND,
	 .offset = offsetof(struct host, zone),
	 .max = ZONE_MAX,
	 .help = "hosts that share a fate; its agent's option goes before it; default: nova"},
	{.name = "physical_networks",
	 .type = ATTR_LIST,
	 .flags = ATTR_VISIBLE,
	 .offset = offsetof(struct host, physical),
	 .item = &physical_table,
	 .max = HOST_PHYSICAL_MAX,
	 .help = "NAME or NAME:VLAN: what its agent says its devices are on; for gateways"},
	{.name = "alive",
	 .type = ATTR_BOOL,
	 .flags = ATTR_VISIBLE | ATTR_COMPUTED | ATTR_FILTER | ATTR_COLUMN,
	 .print = host_print_alive,
	 .help = "its agent is connected"},
	{.name = "applied_revision",
	 .type = ATTR_INT,
	 .flags = ATTR_VISIBLE | ATTR_COMPUTED | ATTR_COLUMN,
	 .print = host_print_revision,
	 .help = "the revision its agent has applied"},
	{.name = "ports",
	 .type = ATTR_INT,
	 .flags = ATTR_VISIBLE | ATTR_COMPUTED | ATTR_COLUMN,
	 .print = host_print_ports,
	 .help = "how many ports are bound to it"},
	{.name = "refused",
	 .type = ATTR_LIST,
	 .flags = ATTR_VISIBLE | ATTR_COMPUTED,
	 .print = host_print_refused,
	 .help = "whose rules it could not make, and why: nothing passes there"},
	OBJECT_TAIL,
	OBJECT_END,
};

const struct attr_table host_table = {
	.singular = "host",
	.plural = "hosts",
	.title = "Host",
	.size = sizeof(struct host),
	.attrs = attrs,
	.help = "A machine that runs the agent. It makes itself known when it connects.",
};

bool host_check_name(const char *name)
{
	gsize length = strlen(name);

	return length > 0 && length <= HOST_NAME_MAX_BYTES && g_ascii_isalnum(name[0]) &&
	       strspn(name,
		      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") ==
		       length;
}

/* "": none. Agents say it past the attribute's own check. */
bool host_check_zone(const char *zone)
{
	for (const char *c = zone; *c; c++)
		if (g_ascii_iscntrl(*c))
			return false;
	return !*zone || (strlen(zone) <= ZONE_MAX && !strchr(zone, ':') &&
			  !strchr(zone, ',') && g_utf8_validate(zone, -1, NULL));
}

bool host_check_physical(const char *physical)
{
	const char *colon = strchr(physical, ':');
	gsize length = colon ? (gsize)(colon - physical) : strlen(physical);
	guint64 vlan;

	for (const char *c = physical; *c; c++)
		if (g_ascii_iscntrl(*c) || *c == ',')
			return false;
	return length > 0 && length <= SEGMENT_PHYSICAL_MAX &&
	       g_utf8_validate(physical, -1, NULL) &&
	       (!colon ||
		(colon[1] != '0' &&
		 g_ascii_string_to_unsigned(colon + 1, 10, 1, SEGMENT_VLAN_MAX, &vlan, NULL)));
}

static int text_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void host_free_physical(struct vec *physical)
{
	vec_done(physical, &physical_table);
}

bool host_physical_equal(const struct vec *a, const struct vec *b)
{
	bool equal = a->count == b->count;

	for (uint32_t i = 0; equal && i < a->count; i++)
		equal = !strcmp(*vec_at(char *, a, i), *vec_at(char *, b, i));
	return equal;
}

bool host_read_physical(const char *text, struct vec *out, GError **error)
{
	g_auto(GStrv) names = g_strsplit(text ? text : "", ",", HOST_PHYSICAL_MAX + 1);
	guint count = g_strv_length(names);

	if (count > HOST_PHYSICAL_MAX) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "Invalid input for physical_networks. Reason: more than %d.",
			    HOST_PHYSICAL_MAX);
		return false;
	}
	for (guint i = 0; i < count; i++) {
		if (host_check_physical(names[i]))
			continue;
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "Invalid input for physical_networks. Reason: '%s' is not NAME or "
			    "NAME:VLAN.",
			    names[i]);
		return false;
	}
	*out = (struct vec){0};
	if (count)
		qsort(names, count, sizeof(char *), text_compare);
	for (guint i = 0; i < count; i++)
		if (i == 0 || strcmp(names[i - 1], names[i]) != 0)
			*(char **)vec_add(out, sizeof(char *)) = g_strdup(names[i]);
	return true;
}

bool host_validate(const struct host *host, GError **error)
{
	const char *name = host->object.name ? host->object.name : "";
	char text[IP_TEXT];

	if (!*name) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "Invalid input for name. Reason: it is empty.");
		return false;
	}
	if (!host_check_name(name)) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "Invalid input for name. Reason: '%s' is not a valid host name.",
			    name);
		return false;
	}
	if (host->zone && !host_check_zone(host->zone)) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "Invalid input for availability_zone. Reason: '%s' is not a name.",
			    host->zone);
		return false;
	}
	if (ip_is_none(host->tunnel_ip) || ip_is_multicast(host->tunnel_ip) ||
	    ip_equal(host->tunnel_ip, ip_from_v4(0)) ||
	    ip_equal(host->tunnel_ip, ip_from_v4(UINT32_MAX))) {
		g_set_error(
			error, WEFT_ERROR, WEFT_ERROR_INVALID,
			"Invalid input for tunnel_ip. Reason: '%s' is not a unicast address.",
			ip_print(host->tunnel_ip, text));
		return false;
	}
	return true;
}
