/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The attributes of a network.
 */
#include "model/network.h"

#include <stdlib.h>
#include <string.h>

#include "model/cloud.h"
#include "model/dns.h"

static json_t *network_print_status(const void *object, const void *world)
{
	return json_string(status_names[STATUS_ACTIVE]);
}

static int subnet_compare(const void *a, const void *b)
{
	const struct subnet *const *x = a, *const *y = b;

	return memcmp(&(*x)->object.id, &(*y)->object.id, sizeof(struct uuid));
}

static json_t *network_print_subnets(const void *object, const void *world)
{
	const struct network *network = object;
	const GPtrArray *subnets = world ? cloud_list_subnets(world, network->object.id) : NULL;
	json_t *ids = json_array();
	g_autofree void **sorted = NULL;
	char text[UUID_TEXT];

	if (!subnets || subnets->len == 0)
		return ids;
	sorted = g_memdup2(subnets->pdata, subnets->len * sizeof(void *));
	qsort(sorted, subnets->len, sizeof(void *), subnet_compare);
	for (guint i = 0; i < subnets->len; i++) {
		const struct subnet *subnet = sorted[i];

		json_array_append_new(ids, json_string(uuid_print(subnet->object.id, text)));
	}
	return ids;
}

/* Who has just been made has no policy in the world yet. */
static json_t *network_print_shared(const void *object, const void *world, const char *project)
{
	const struct network *network = object;

	return network->shared ? json_true() : rbac_print_shared(object, world, project);
}

/* For policy: who may go out by it. */
static json_t *network_print_external(const void *object, const void *world,
				      const char *project)
{
	const struct network *network = object;

	return json_boolean(
		network->external && world &&
		cloud_find_grant(world, network->object.id, RBAC_EXTERNAL, project));
}

/* Of several segments none is told as if it were the only one: see "segments". */
static json_t *network_print_type(const void *object, const void *world, const char *project)
{
	const struct network *network = object;

	return network->segments.count ? NULL : json_string(segment_types[network->place.type]);
}

static json_t *network_print_physical(const void *object, const void *world,
				      const char *project)
{
	const struct network *network = object;
	const char *name = network->place.physical_network;

	return network->segments.count || !name ? NULL : json_string(name);
}

static json_t *network_print_number(const void *object, const void *world, const char *project)
{
	const struct network *network = object;
	uint32_t number = network->place.number;

	return network->segments.count || !number ? NULL : json_integer(number);
}

/* It is found by each of its segments; NULL: there are no more. */
static const struct segment_place *network_find_place(const struct network *network,
						      uint32_t face)
{
	if (face >= MAX(network->segments.count, 1))
		return NULL;
	return network->segments.count ? vec_at(struct segment_place, &network->segments, face)
				       : &network->place;
}

static json_t *network_face_type(const void *object, uint32_t face)
{
	const struct segment_place *place = network_find_place(object, face);

	return place ? json_string(segment_types[place->type]) : NULL;
}

static json_t *network_face_physical(const void *object, uint32_t face)
{
	const struct segment_place *place = network_find_place(object, face);

	if (!place)
		return NULL;
	return place->physical_network ? json_string(place->physical_network) : json_null();
}

static json_t *network_face_number(const void *object, uint32_t face)
{
	const struct segment_place *place = network_find_place(object, face);

	if (!place)
		return NULL;
	return place->number ? json_integer(place->number) : json_null();
}

/* Its subnets of one version are all in one scope. */
static json_t *network_print_scope(const struct network *network, const struct cloud *cloud,
				   int64_t ip_version)
{
	const GPtrArray *subnets = cloud ? cloud_list_subnets(cloud, network->object.id) : NULL;
	char text[UUID_TEXT];

	for (guint i = 0; subnets && i < subnets->len; i++) {
		const struct subnet *subnet = subnets->pdata[i];
		struct uuid scope = cloud_get_scope(cloud, subnet);

		if (subnet->ip_version == ip_version && !uuid_is_none(scope))
			return json_string(uuid_print(scope, text));
	}
	return NULL;
}

static json_t *network_print_scope_v4(const void *object, const void *world)
{
	return network_print_scope(object, world, 4);
}

static json_t *network_print_scope_v6(const void *object, const void *world)
{
	return network_print_scope(object, world, 6);
}

#define PROVIDER (ATTR_ONCE | ATTR_ADMIN_SET | ATTR_ADMIN_SEE)

static const struct attr attrs[] = {
	OBJECT_HEAD,
	OBJECT_NAME,
	{.name = "status",
	 .type = ATTR_STRING,
	 .flags = ATTR_VISIBLE | ATTR_COMPUTED | ATTR_FIND,
	 .print = network_print_status,
	 .help = "always ACTIVE: a network exists as soon as it is made"},
	{.name = "admin_state_up",
	 .type = ATTR_BOOL,
	 .flags = ATTR_BOTH | ATTR_FIND,
	 .offset = offsetof(struct network, admin_state_up),
	 .initial = "true",
	 .help = "false: nothing passes"},
	{.name = "shared",
	 .type = ATTR_BOOL,
	 .flags = ATTR_BOTH | ATTR_FILTER | ATTR_ADMIN_SET | ATTR_CALLER,
	 .offset = offsetof(struct network, shared),
	 .print_for = network_print_shared,
	 .initial = "false",
	 .help = "every project sees it and may have ports on it"},
	{.name = "mtu",
	 .type = ATTR_INT,
	 .flags = ATTR_BOTH | ATTR_FIND,
	 .offset = offsetof(struct network, mtu),
	 .min = 0,
	 .max = 65535,
	 .help = "largest IP packet, in bytes; default: the underlay's less 50"},
	{.name = "subnets",
	 .type = ATTR_LIST,
	 .flags = ATTR_VISIBLE | ATTR_COMPUTED | ATTR_COLUMN,
	 .print = network_print_subnets,
	 .help = "ids of its subnets"},
	{.name = "ipv4_address_scope",
	 .type = ATTR_UUID,
	 .flags = ATTR_VISIBLE | ATTR_COMPUTED,
	 .print = network_print_scope_v4,
	 .help = "the scope of its IPv4 subnets"},
	{.name = "ipv6_address_scope",
	 .type = ATTR_UUID,
	 .flags = ATTR_VISIBLE | ATTR_COMPUTED,
	 .print = network_print_scope_v6,
	 .help = "the scope of its IPv6 subnets"},
	{.name = "port_security_enabled",
	 .type = ATTR_BOOL,
	 .flags = ATTR_BOTH,
	 .offset = offsetof(struct network, port_security_enabled),
	 .initial = "true",
	 .help = "default of its ports: they send only with their own addresses"},
	{.name = "flood",
	 .type = ATTR_BOOL,
	 .flags = ATTR_BOTH | ATTR_FILTER,
	 .offset = offsetof(struct network, flood),
	 .initial = "false",
	 .help = "unknown unicast goes to every host of the network instead of nowhere"},
	{.name = "dns_domain",
	 .type = ATTR_STRING,
	 .flags = ATTR_BOTH | ATTR_FILTER | ATTR_NULL_IN,
	 .offset = offsetof(struct network, dns_domain),
	 .max = DNS_NAME_MAX,
	 .help = "the domain that DHCP tells its ports; ends with a dot"},
	{.name = "availability_zone_hints",
	 .type = ATTR_LIST,
	 .flags = ATTR_POST | ATTR_VISIBLE,
	 .offset = offsetof(struct network, zone_hints),
	 .item = &zone_name_table,
	 .max = 16,
	 .help = "zones it was asked for; each must have a host"},
	{.name = "availability_zones",
	 .type = ATTR_LIST,
	 .flags = ATTR_VISIBLE | ATTR_COMPUTED,
	 .print = agent_print_zones,
	 .help = "zones in which there is a host: it can be on each"},
	{.name = "router:external",
	 .type = ATTR_BOOL,
	 .flags = ATTR_BOTH | ATTR_FILTER | ATTR_ADMIN_SET,
	 .offset = offsetof(struct network, external),
	 .print_for = network_print_external,
	 .initial = "false",
	 .help = "a way out: every project sees it"},
	{.name = "is_default",
	 .type = ATTR_BOOL,
	 .flags = ATTR_BOTH | ATTR_FILTER | ATTR_ADMIN_SET,
	 .offset = offsetof(struct network, is_default),
	 .initial = "false",
	 .help = "the way out of topologies that are made on demand; there is one"},
	{.name = "provider:network_type",
	 .type = ATTR_ENUM,
	 .flags = PROVIDER | ATTR_FILTER | ATTR_CALLER | ATTR_NULL_IN,
	 .offset = offsetof(struct network, place.type),
	 .print_for = network_print_type,
	 .print_face = network_face_type,
	 .names = segment_types,
	 .help = "vxlan: the overlay; flat, vlan: only a marker, of an external network"},
	{.name = "provider:physical_network",
	 .type = ATTR_STRING,
	 .flags = PROVIDER | ATTR_FILTER | ATTR_CALLER | ATTR_NULLABLE,
	 .offset = offsetof(struct network, place.physical_network),
	 .print_for = network_print_physical,
	 .print_face = network_face_physical,
	 .max = SEGMENT_PHYSICAL_MAX,
	 .help = "of flat and vlan: what it is outside"},
	{.name = "provider:segmentation_id",
	 .type = ATTR_U32,
	 .flags = PROVIDER | ATTR_FILTER | ATTR_CALLER | ATTR_NULLABLE,
	 .offset = offsetof(struct network, place.number),
	 .print_for = network_print_number,
	 .print_face = network_face_number,
	 .min = 1,
	 .max = SEGMENT_VNI_MAX,
	 .help = "its VNI or VLAN; default: a free one"},
	{.name = "segments",
	 .type = ATTR_LIST,
	 .flags = PROVIDER,
	 .offset = offsetof(struct network, segments),
	 .item = &segment_place_table,
	 .max = SEGMENT_MAX,
	 .help = "several instead of one: the overlay and markers, each as provider:* says"},
	OBJECT_PROJECT,
	OBJECT_TAIL,
	OBJECT_END,
};

const struct attr_table network_table = {
	.singular = "network",
	.plural = "networks",
	.title = "Network",
	.size = sizeof(struct network),
	.attrs = attrs,
	.help = "An L2 domain: what its ports send reaches its other ports on any host.",
};
