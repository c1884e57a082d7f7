/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where gateways are, and where they could be.
 */
#include "model/gateway.h"

#include <string.h>

#include "model/child_index.h"
#include "model/cloud_report.h"

const struct attr_table gateway_wish_table = {
	.singular = "external_gateway_info",
	.size = sizeof(struct gateway_wish),
	.attrs =
		(const struct attr[]){
			{.name = "network_id",
			 .type = ATTR_UUID,
			 .flags = ATTR_ONCE | ATTR_REQUIRED,
			 .offset = offsetof(struct gateway_wish, network_id),
			 .help = "an external network"},
			{.name = "enable_snat",
			 .type = ATTR_BOOL,
			 .flags = ATTR_ONCE,
			 .offset = offsetof(struct gateway_wish, enable_snat),
			 .initial = "true",
			 .help = "IPv4 leaves by the gateway's address; default: true"},
			{.name = "external_fixed_ips",
			 .type = ATTR_LIST,
			 .flags = ATTR_ONCE,
			 .offset = offsetof(struct gateway_wish, fixed_ips),
			 .item = &port_fixed_ip_table,
			 .max = PORT_FIXED_IP_MAX,
			 .help = "its addresses by subnet_id, ip_address or both"},
			OBJECT_END,
		},
};

const struct port *cloud_find_gateway(const struct cloud *cloud, struct uuid router_id)
{
	const GPtrArray *ports = child_index_list(cloud->gateways, router_id);

	return ports ? ports->pdata[0] : NULL;
}

static json_t *print_addresses(const struct port *gateway)
{
	char subnet[UUID_TEXT], ip[IP_TEXT];
	json_t *list = json_array();

	for (uint32_t i = 0; gateway && i < gateway->fixed_ips.count; i++) {
		const struct fixed_ip *fixed = vec_at(struct fixed_ip, &gateway->fixed_ips, i);

		json_array_append_new(list, json_pack("{s:s, s:s}", "subnet_id",
						      uuid_print(fixed->subnet_id, subnet),
						      "ip_address", ip_print(fixed->ip, ip)));
	}
	return list;
}

json_t *gateway_print_info(const void *object, const void *world, const char *project)
{
	const struct router *router = object;
	char network[UUID_TEXT];

	if (uuid_is_none(router->gateway_network_id))
		return NULL;
	return json_pack(
		"{s:s, s:b, s:o}", "network_id",
		uuid_print(router->gateway_network_id, network), "enable_snat",
		router->enable_snat, "external_fixed_ips",
		print_addresses(world ? cloud_find_gateway(world, router->object.id) : NULL));
}

/* No hypervisor plugs it: it is on a device that the host has. */
const char *gateway_get_vif_type(const struct port *gateway, const struct cloud *cloud)
{
	const char *host = gateway->host_id;

	if (!host || !*host || !cloud || !cloud_is_host_alive(cloud, host))
		return "binding_failed";
	return "other";
}

/* What a colon in a name would be mistaken for is another's VLAN. */
static char *print_marker(const struct segment_place *place)
{
	if (!place->physical_network || strchr(place->physical_network, ':'))
		return NULL;
	return place->type == SEGMENT_VLAN
		       ? g_strdup_printf("%s:%u", place->physical_network, place->number)
		       : g_strdup(place->physical_network);
}

char *gateway_print_physical(const struct network *network)
{
	char *physical = print_marker(&network->place);

	for (uint32_t i = 0; !physical && i < network->segments.count; i++)
		physical = print_marker(vec_at(struct segment_place, &network->segments, i));
	return physical;
}

bool gateway_is_on(const struct host *host, const char *physical)
{
	for (uint32_t i = 0; i < host->physical.count; i++)
		if (!strcmp(*vec_at(char *, &host->physical, i), physical))
			return true;
	return false;
}

static bool can_have(const struct cloud *cloud, const struct host *host, const char *physical)
{
	return host->admin_state_up && gateway_is_on(host, physical) &&
	       cloud_is_host_alive(cloud, host->object.name);
}

bool gateway_can_have(const struct cloud *cloud, const struct host *host,
		      const struct network *network)
{
	g_autofree char *physical = gateway_print_physical(network);

	return physical && can_have(cloud, host, physical);
}

/* FNV-1a (draft-eastlake-fnv), and the end of splitmix64: names that differ in their last letter
 * are far apart. */
static uint64_t weigh(struct uuid router_id, const char *host)
{
	uint64_t hash = 0xcbf29ce484222325ull;

	for (size_t i = 0; i < sizeof(router_id.b); i++)
		hash = (hash ^ router_id.b[i]) * 0x100000001b3ull;
	for (const char *c = host; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 0x100000001b3ull;
	hash = (hash ^ hash >> 30) * 0xbf58476d1ce4e5b9ull;
	hash = (hash ^ hash >> 27) * 0x94d049bb133111ebull;
	return hash ^ hash >> 31;
}

const struct host *gateway_choose_host(const struct cloud *cloud, struct uuid router_id,
				       const struct network *network)
{
	const GPtrArray *hosts = cloud_list(cloud, KIND_HOST);
	g_autofree char *physical = gateway_print_physical(network);
	const struct host *best = NULL;
	uint64_t most = 0;

	for (guint i = 0; physical && i < hosts->len; i++) {
		const struct host *host = hosts->pdata[i];
		uint64_t weight;

		if (!can_have(cloud, host, physical))
			continue;
		weight = weigh(router_id, host->object.name);
		if (best && weight <= most)
			continue;
		best = host;
		most = weight;
	}
	return best;
}
