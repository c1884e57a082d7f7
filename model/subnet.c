/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The attributes of a subnet, and what can be said of one without its neighbours.
 */
#include "model/subnet.h"

#include <string.h>

#include "lib/error.h"
#include "model/cloud.h"

static const char *const modes[] = {"", "slaac", "dhcpv6-stateful", "dhcpv6-stateless", NULL};

static const struct attr_table pool_table = {
	.singular = "pool",
	.size = sizeof(struct pool),
	.attrs =
		(const struct attr[]){
			{.name = "start",
			 .type = ATTR_IP,
			 .flags = ATTR_REQUIRED,
			 .offset = offsetof(struct pool, start)},
			{.name = "end",
			 .type = ATTR_IP,
			 .flags = ATTR_REQUIRED,
			 .offset = offsetof(struct pool, end)},
			{.name = NULL},
		},
};

const struct attr_table subnet_route_table = {
	.singular = "route",
	.size = sizeof(struct host_route),
	.attrs =
		(const struct attr[]){
			{.name = "destination",
			 .type = ATTR_PREFIX,
			 .flags = ATTR_REQUIRED,
			 .offset = offsetof(struct host_route, destination)},
			{.name = "nexthop",
			 .type = ATTR_IP,
			 .flags = ATTR_REQUIRED,
			 .offset = offsetof(struct host_route, nexthop)},
			{.name = NULL},
		},
};

static const struct attr_table server_table = {
	.singular = "server",
	.size = sizeof(struct ip),
	.attrs = (const struct attr[]){{.type = ATTR_IP}},
};

static const struct attr_table type_table = {
	.singular = "type",
	.size = sizeof(char *),
	.attrs = (const struct attr[]){{.type = ATTR_STRING,
					.max = 255,
					.fault = "InvalidInputSubnetServiceType"}},
};

/* Never shown; lists are asked for it. */
static json_t *subnet_print_shared(const void *object, const void *world)
{
	const struct subnet *subnet = object;
	const struct network *network =
		world ? cloud_find_network(world, subnet->network_id) : NULL;

	return json_boolean(network && network->shared);
}

static const struct attr attrs[] = {
	OBJECT_HEAD,
	OBJECT_NAME,
	{.name = "network_id",
	 .type = ATTR_UUID,
	 .flags = ATTR_ONCE | ATTR_FIND | ATTR_REQUIRED | ATTR_COLUMN,
	 .offset = offsetof(struct subnet, network_id),
	 .help = "the network it is on"},
	{.name = "shared",
	 .type = ATTR_BOOL,
	 .flags = ATTR_COMPUTED | ATTR_FILTER,
	 .print = subnet_print_shared,
	 .help = "its network is"},
	{.name = "ip_version",
	 .type = ATTR_INT,
	 .flags = ATTR_ONCE | ATTR_FIND | ATTR_REQUIRED,
	 .offset = offsetof(struct subnet, ip_version),
	 .min = 4,
	 .max = 6,
	 .help = "4 or 6"},
	{.name = "cidr",
	 .type = ATTR_PREFIX,
	 .flags = ATTR_ONCE | ATTR_FIND | ATTR_NULL_IN | ATTR_COLUMN | ATTR_MEMBER,
	 .offset = offsetof(struct subnet, cidr),
	 .help = "its range, 10.0.0.0/24 or fd00::/64; default: one from a pool"},
	{.name = "gateway_ip",
	 .type = ATTR_IP,
	 .flags = ATTR_BOTH | ATTR_FIND | ATTR_NULLABLE,
	 .offset = offsetof(struct subnet, gateway_ip),
	 .help = "the router's address; default: the first; null: none"},
	{.name = "allocation_pools",
	 .type = ATTR_LIST,
	 .flags = ATTR_BOTH,
	 .offset = offsetof(struct subnet, allocation_pools),
	 .item = &pool_table,
	 .max = SUBNET_POOL_MAX,
	 .help = "ranges that addresses are taken from; default: all but the gateway"},
	{.name = "enable_dhcp",
	 .type = ATTR_BOOL,
	 .flags = ATTR_BOTH | ATTR_FIND,
	 .offset = offsetof(struct subnet, enable_dhcp),
	 .initial = "true",
	 .help = "the hosts answer DHCP"},
	{.name = "dns_nameservers",
	 .type = ATTR_LIST,
	 .flags = ATTR_BOTH,
	 .offset = offsetof(struct subnet, dns_nameservers),
	 .item = &server_table,
	 .help = "name servers told by DHCP"},
	{.name = "host_routes",
	 .type = ATTR_LIST,
	 .flags = ATTR_BOTH,
	 .offset = offsetof(struct subnet, host_routes),
	 .item = &subnet_route_table,
	 .help = "routes told by DHCP"},
	{.name = "ipv6_address_mode",
	 .type = ATTR_ENUM,
	 .flags = ATTR_ONCE | ATTR_FIND | ATTR_NULLABLE,
	 .offset = offsetof(struct subnet, ipv6_address_mode),
	 .names = modes,
	 .help = "how ports get IPv6 addresses"},
	{.name = "ipv6_ra_mode",
	 .type = ATTR_ENUM,
	 .flags = ATTR_ONCE | ATTR_FIND | ATTR_NULLABLE,
	 .offset = offsetof(struct subnet, ipv6_ra_mode),
	 .names = modes,
	 .help = "what router advertisements say"},
	{.name = "segment_id",
	 .type = ATTR_UUID,
	 .flags = ATTR_BOTH | ATTR_FIND | ATTR_NULLABLE | ATTR_ADMIN_SET | ATTR_ADMIN_SEE,
	 .offset = offsetof(struct subnet, segment_id),
	 .help = "the segment it is on; ports of hosts get no address on a marker's"},
	{.name = "network_acl_id",
	 .type = ATTR_UUID,
	 .flags = ATTR_BOTH | ATTR_FIND | ATTR_NULLABLE,
	 .offset = offsetof(struct subnet, network_acl_id),
	 .help = "the network ACL at its border; null: none"},
	{.name = "service_types",
	 .type = ATTR_LIST,
	 .flags = ATTR_BOTH,
	 .offset = offsetof(struct subnet, service_types),
	 .item = &type_table,
	 .help = "values of device_owner whose ports get addresses here; default: all"},
	{.name = "subnetpool_id",
	 .type = ATTR_UUID,
	 .flags = ATTR_ONCE | ATTR_FIND | ATTR_NULLABLE,
	 .offset = offsetof(struct subnet, subnetpool_id),
	 .help = "the pool that its range is taken from"},
	{.name = "prefixlen",
	 .type = ATTR_INT,
	 .flags = ATTR_POST | ATTR_COMPUTED,
	 .offset = offsetof(struct subnet, prefixlen),
	 .max = 128,
	 .help = "take so large a range from the pool; default: as the pool says"},
	{.name = "use_default_subnetpool",
	 .type = ATTR_BOOL,
	 .flags = ATTR_POST | ATTR_COMPUTED,
	 .offset = offsetof(struct subnet, use_default_subnetpool),
	 .help = "take it from the default pool of this version"},
	OBJECT_PROJECT,
	OBJECT_TAIL,
	OBJECT_END,
};

const struct attr_table subnet_table = {
	.singular = "subnet",
	.plural = "subnets",
	.title = "Subnet",
	.size = sizeof(struct subnet),
	.attrs = attrs,
	.help = "A range of addresses on a network, from which its ports get theirs.",
};

static bool is_auto(enum ipv6_mode mode)
{
	return mode == IPV6_MODE_SLAAC || mode == IPV6_MODE_DHCPV6_STATELESS;
}

bool subnet_is_auto_address(const struct subnet *subnet)
{
	return is_auto(subnet->ipv6_address_mode) ||
	       (subnet->ipv6_address_mode == IPV6_MODE_NONE && is_auto(subnet->ipv6_ra_mode));
}

static bool subnet_check_modes(const struct subnet *subnet, GError **error)
{
	enum ipv6_mode address = subnet->ipv6_address_mode, ra = subnet->ipv6_ra_mode;
	char cidr[PREFIX_TEXT];

	if (address == IPV6_MODE_NONE && ra == IPV6_MODE_NONE)
		return true;
	if (subnet->ip_version == 4) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "InvalidInput: Invalid input for operation: ipv6_ra_mode and "
			    "ipv6_address_mode require an IPv6 subnet.");
		return false;
	}
	if (!subnet->enable_dhcp) {
		g_set_error(
			error, WEFT_ERROR, WEFT_ERROR_INVALID,
			"InvalidInput: Invalid input for operation: ipv6_ra_mode or "
			"ipv6_address_mode cannot be set when enable_dhcp is set to False.");
		return false;
	}
	if (address != ra && address != IPV6_MODE_NONE && ra != IPV6_MODE_NONE) {
		g_set_error(
			error, WEFT_ERROR, WEFT_ERROR_INVALID,
			"InvalidInput: Invalid input for operation: ipv6_ra_mode set to '%s' "
			"with ipv6_address_mode set to '%s' is not valid.",
			modes[ra], modes[address]);
		return false;
	}
	if (subnet_is_auto_address(subnet) && subnet->cidr.bits != 64) {
		g_set_error(
			error, WEFT_ERROR, WEFT_ERROR_INVALID,
			"InvalidInput: Invalid input for operation: Invalid CIDR %s for IPv6 "
			"address mode. OpenStack uses the EUI-64 address format, which "
			"requires the prefix to be /64.",
			prefix_print(subnet->cidr, cidr));
		return false;
	}
	return true;
}

static bool subnet_check_servers(const struct subnet *subnet, GError **error)
{
	const struct vec *servers = &subnet->dns_nameservers;
	char text[IP_TEXT];

	if (servers->count > SUBNET_DNS_MAX) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "DNSNameServersExhausted: Unable to complete operation. The number "
			    "of DNS nameservers %u exceeds the limit %d.",
			    servers->count, SUBNET_DNS_MAX);
		return false;
	}
	for (uint32_t i = 0; i < servers->count; i++) {
		for (uint32_t j = 0; j < i; j++) {
			if (!ip_equal(*vec_at(struct ip, servers, i),
				      *vec_at(struct ip, servers, j)))
				continue;
			g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
				    "Invalid input for dns_nameservers. Reason: Duplicate "
				    "nameserver '%s'.",
				    ip_print(*vec_at(struct ip, servers, i), text));
			return false;
		}
	}
	return true;
}

static bool subnet_check_routes(const struct subnet *subnet, GError **error)
{
	const struct vec *routes = &subnet->host_routes;
	char prefix[PREFIX_TEXT], hop[IP_TEXT];

	if (routes->count > SUBNET_ROUTE_MAX) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "HostRoutesExhausted: Unable to complete operation. The number of "
			    "host routes %u exceeds the limit %d.",
			    routes->count, SUBNET_ROUTE_MAX);
		return false;
	}
	for (uint32_t i = 0; i < routes->count; i++) {
		const struct host_route *route = vec_at(struct host_route, routes, i);

		prefix_print(route->destination, prefix);
		ip_print(route->nexthop, hop);
		if (prefix_is_v4(route->destination) != (subnet->ip_version == 4) ||
		    ip_is_v4(route->nexthop) != (subnet->ip_version == 4)) {
			g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
				    "Invalid input for host_routes. Reason: '%s' by '%s' does "
				    "not match the ip_version '%d' of the subnet.",
				    prefix, hop, (int)subnet->ip_version);
			return false;
		}
		for (uint32_t j = 0; j < i; j++) {
			const struct host_route *other = vec_at(struct host_route, routes, j);

			if (!prefix_equal(route->destination, other->destination) ||
			    !ip_equal(route->nexthop, other->nexthop))
				continue;
			g_set_error(
				error, WEFT_ERROR, WEFT_ERROR_INVALID,
				"Invalid input for host_routes. Reason: Duplicate hostroute "
				"'%s' by '%s'.",
				prefix, hop);
			return false;
		}
	}
	return true;
}

/* network:x, neutron:x, and, as the reference has it and its tests need it, whatever begins with
 * a letter of "compute:". */
static bool is_owner(const char *type)
{
	return g_str_has_prefix(type, "network:") || g_str_has_prefix(type, "neutron:") ||
	       (*type && strchr(PORT_OWNER_COMPUTE, *type));
}

/* An empty text is kept as NULL. */
static const char *subnet_get_type(const struct subnet *subnet, uint32_t i)
{
	const char *type = *vec_at(char *, &subnet->service_types, i);

	return type ? type : "";
}

static bool subnet_check_types(const struct subnet *subnet, GError **error)
{
	const struct vec *types = &subnet->service_types;

	if (types->count > SUBNET_TYPE_MAX) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "Invalid input for service_types. Reason: %u items exceed the "
			    "maximum of %d.",
			    types->count, SUBNET_TYPE_MAX);
		return false;
	}
	for (uint32_t i = 0; i < types->count; i++) {
		const char *type = subnet_get_type(subnet, i);

		if (!is_owner(type)) {
			g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
				    "InvalidSubnetServiceType: Invalid input for "
				    "service_types. Reason: '%s' does not correspond to a "
				    "valid device owner.",
				    type);
			return false;
		}
		for (uint32_t j = 0; j < i; j++) {
			if (strcmp(subnet_get_type(subnet, j), type) != 0)
				continue;
			g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
				    "Invalid input for service_types. Reason: Duplicate "
				    "service type '%s'.",
				    type);
			return false;
		}
	}
	return true;
}

bool subnet_serves(const struct subnet *subnet, const char *device_owner)
{
	const char *owner = device_owner ? device_owner : "";

	for (uint32_t i = 0; i < subnet->service_types.count; i++)
		if (strcmp(subnet_get_type(subnet, i), owner) == 0)
			return true;
	return !subnet->service_types.count ||
	       (subnet->enable_dhcp && strcmp(owner, PORT_OWNER_DHCP) == 0);
}

/* No machine sends from 127.0.0.0/8 or ::1 to another. */
static bool is_loopback(struct prefix cidr)
{
	struct prefix v4, v6;

	prefix_parse("127.0.0.0/8", true, &v4);
	prefix_parse("::1/128", true, &v6);
	return prefix_overlaps(cidr, v4) || prefix_overlaps(cidr, v6);
}

static bool subnet_check_version(const struct subnet *subnet, GError **error)
{
	char text[PREFIX_TEXT];

	if (subnet->ip_version != 4 && subnet->ip_version != 6) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "Invalid input for ip_version. Reason: '%d' is not in [4, 6].",
			    (int)subnet->ip_version);
		return false;
	}
	if (prefix_is_v4(subnet->cidr) != (subnet->ip_version == 4)) {
		g_set_error(
			error, WEFT_ERROR, WEFT_ERROR_INVALID,
			"InvalidInput: Invalid input for operation: cidr '%s' does not match "
			"the ip_version '%d'.",
			prefix_print(subnet->cidr, text), (int)subnet->ip_version);
		return false;
	}
	/* "::" is no address that one could have. */
	if (prefix_length(subnet->cidr) == 0 || ip_is_none(subnet->cidr.ip) ||
	    ip_is_multicast(subnet->cidr.ip) || is_loopback(subnet->cidr)) {
		g_set_error(
			error, WEFT_ERROR, WEFT_ERROR_INVALID,
			"InvalidInput: Invalid input for operation: cidr '%s' is not a range "
			"of unicast addresses.",
			prefix_print(subnet->cidr, text));
		return false;
	}
	if (subnet->enable_dhcp && subnet->cidr.bits > 126) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "InvalidInput: Invalid input for operation: Subnet has a prefix "
			    "length that is incompatible with DHCP service enabled: '%s'.",
			    prefix_print(subnet->cidr, text));
		return false;
	}
	return true;
}

bool subnet_validate(const struct subnet *subnet, GError **error)
{
	return subnet_check_version(subnet, error) && subnet_check_modes(subnet, error) &&
	       subnet_check_servers(subnet, error) && subnet_check_routes(subnet, error) &&
	       subnet_check_types(subnet, error);
}

bool subnet_is_outside(const struct subnet *subnet, const struct cloud *cloud)
{
	const struct segment *segment =
		uuid_is_none(subnet->segment_id)
			? NULL
			: cloud_find(cloud, KIND_SEGMENT, subnet->segment_id);

	return segment && segment->place.type != SEGMENT_VXLAN;
}
