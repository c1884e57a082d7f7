/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The attributes of agents and availability zones.
 */
#include "model/agent.h"

#include <stdlib.h>
#include <string.h>

#include "model/cloud.h"

const char *agent_get_zone(const struct host *host)
{
	return host->zone && *host->zone ? host->zone : ZONE_DEFAULT;
}

static int name_compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

json_t *agent_print_zones(const void *object, const void *world)
{
	g_autoptr(GPtrArray) names = world ? cloud_list_zones(world) : NULL;
	json_t *list = json_array();

	if (!names)
		return list;
	if (names->len)
		qsort(names->pdata, names->len, sizeof(void *), name_compare);
	for (guint i = 0; i < names->len; i++)
		json_array_append_new(list, json_string(names->pdata[i]));
	return list;
}

static json_t *print_type(const void *object, const void *world)
{
	return json_string("Weft agent");
}

static json_t *print_binary(const void *object, const void *world)
{
	return json_string("weft-agent");
}

/* Neutron's message queue has one for each; here nobody is called by it. */
static json_t *print_topic(const void *object, const void *world)
{
	return json_string("N/A");
}

static json_t *print_alive(const void *object, const void *world)
{
	const struct host *host = object;

	return json_boolean(world && cloud_is_host_alive(world, host->object.name));
}

static json_t *print_zone(const void *object, const void *world)
{
	return json_string(agent_get_zone(object));
}

/* As Neutron prints times of agents. */
static json_t *print_time(int64_t seconds)
{
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(seconds);
	g_autofree char *text = g_date_time_format(time, "%Y-%m-%d %H:%M:%S");

	return json_string(text);
}

static json_t *print_created(const void *object, const void *world)
{
	return print_time(((const struct object *)object)->created_at);
}

static json_t *print_started(const void *object, const void *world)
{
	const struct host *host = object;
	int64_t since = world ? cloud_get_host_since(world, host->object.name) : 0;

	return print_time(since ? since : host->object.created_at);
}

static json_t *print_heartbeat(const void *object, const void *world)
{
	const struct host *host = object;
	int64_t seen = world ? cloud_get_host_seen(world, host->object.name) : 0;

	return print_time(seen ? seen : host->object.created_at);
}

/* Neutron's agents say which bridge is on which; ours have no bridges. */
static json_t *print_mappings(const struct host *host)
{
	json_t *mappings = json_object();

	for (uint32_t i = 0; i < host->physical.count; i++)
		json_object_set_new(mappings, *vec_at(char *, &host->physical, i),
				    json_string(""));
	return mappings;
}

static json_t *print_configurations(const void *object, const void *world)
{
	const struct host *host = object;
	guint ports = world ? cloud_list_host_ports(world, host->object.name)->len : 0;
	char text[IP_TEXT];

	return json_pack("{s:s, s:[s], s:i, s:o}", "tunneling_ip",
			 ip_print(host->tunnel_ip, text), "tunnel_types", "vxlan", "devices",
			 (int)ports, "bridge_mappings", print_mappings(host));
}

#define SEEN (ATTR_VISIBLE | ATTR_COMPUTED)

static const struct attr attrs[] = {
	OBJECT_HEAD,
	{.name = "agent_type",
	 .type = ATTR_STRING,
	 .flags = SEEN | ATTR_FIND,
	 .print = print_type,
	 .help = "always Weft agent: one does all"},
	{.name = "binary",
	 .type = ATTR_STRING,
	 .flags = SEEN | ATTR_FIND,
	 .print = print_binary,
	 .help = "its program"},
	{.name = "topic",
	 .type = ATTR_STRING,
	 .flags = SEEN | ATTR_FIND,
	 .print = print_topic,
	 .help = "always N/A: it is called by no queue"},
	{.name = "host",
	 .type = ATTR_STRING,
	 .flags = ATTR_VISIBLE | ATTR_FIND,
	 .offset = offsetof(struct host, object.name),
	 .max = 253,
	 .help = "what binding:host_id calls it"},
	{.name = "admin_state_up",
	 .type = ATTR_BOOL,
	 .flags = ATTR_PUT | ATTR_VISIBLE | ATTR_FIND,
	 .offset = offsetof(struct host, admin_state_up),
	 .initial = "true",
	 .help = "false: no new ports are bound to its host"},
	{.name = "alive",
	 .type = ATTR_BOOL,
	 .flags = SEEN | ATTR_FILTER,
	 .print = print_alive,
	 .help = "it is connected"},
	{.name = "availability_zone",
	 .type = ATTR_STRING,
	 .flags = SEEN | ATTR_FIND,
	 .print = print_zone,
	 .help = "the zone of its host"},
	{.name = "created_at",
	 .type = ATTR_STRING,
	 .flags = SEEN | ATTR_SORT,
	 .print = print_created,
	 .help = "when its host became known"},
	{.name = "started_at",
	 .type = ATTR_STRING,
	 .flags = SEEN | ATTR_SORT,
	 .print = print_started,
	 .help = "when it connected, or was lost"},
	{.name = "heartbeat_timestamp",
	 .type = ATTR_STRING,
	 .flags = SEEN | ATTR_SORT,
	 .print = print_heartbeat,
	 .help = "when this controller heard of it last"},
	{.name = "configurations",
	 .type = ATTR_DICT,
	 .flags = SEEN,
	 .print = print_configurations,
	 .help = "its tunnel address, physical networks, and how many ports its host has"},
	{.name = "description",
	 .type = ATTR_STRING,
	 .flags = ATTR_PUT | ATTR_VISIBLE | ATTR_FILTER,
	 .offset = offsetof(struct host, object.description),
	 .max = 255,
	 .help = "free text"},
	OBJECT_END,
};

const struct attr_table agent_table = {
	.singular = "agent",
	.plural = "agents",
	.title = "Agent",
	.size = sizeof(struct host),
	.attrs = attrs,
	.help = "A host's agent, as OpenStack's operators know agents.",
};

#define ZONE(member, text)                                                                     \
	{                                                                                      \
		.name = #member, .type = ATTR_STRING, .flags = ATTR_VISIBLE | ATTR_FIND,       \
		.offset = offsetof(struct zone, member), .max = ZONE_MAX, .help = text         \
	}

const struct attr_table zone_table = {
	.singular = "availability_zone",
	.plural = "availability_zones",
	.title = "AvailabilityZone",
	.size = sizeof(struct zone),
	.attrs =
		(const struct attr[]){
			ZONE(name, "what hosts, networks and routers call it"),
			ZONE(resource, "what may be there: network or router"),
			ZONE(state, "available: a host of it is connected and takes ports"),
			OBJECT_END,
		},
	.help = "Hosts that share a fate, in the operator's opinion.",
};

const struct attr_table zone_name_table = {
	.singular = "availability_zone",
	.size = sizeof(char *),
	.attrs = (const struct attr[]){{.type = ATTR_STRING, .max = ZONE_MAX}},
};
