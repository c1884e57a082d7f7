/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Subnet: an address range on a network.
 */
#pragma once

#include "lib/ip.h"
#include "model/object.h"

struct cloud;

enum ipv6_mode {
	IPV6_MODE_NONE = 0, /* null */
	IPV6_MODE_SLAAC,
	IPV6_MODE_DHCPV6_STATEFUL,
	IPV6_MODE_DHCPV6_STATELESS,
};

struct pool {
	struct ip start;
	struct ip end; /* inclusive */
};

struct host_route {
	struct prefix destination;
	struct ip nexthop;
};

struct subnet {
	struct object object;
	struct uuid network_id;
	struct uuid segment_id;	    /* of the network; none */
	struct uuid network_acl_id; /* none: nothing is judged at its border */
	int64_t ip_version;	    /* 4 or 6 */
	struct prefix cidr;
	struct uuid subnetpool_id; /* it was taken from; none */
	struct ip gateway_ip;	   /* none: no gateway */
	bool enable_dhcp;
	enum ipv6_mode ipv6_address_mode;
	enum ipv6_mode ipv6_ra_mode;
	struct vec allocation_pools; /* struct pool, sorted, disjoint */
	struct vec dns_nameservers;  /* struct ip */
	struct vec host_routes;	     /* struct host_route */
	struct vec service_types;    /* char * */
	/* Wishes of the request that makes it. */
	int64_t prefixlen;
	bool use_default_subnetpool;
};

extern const struct attr_table subnet_table;

extern const struct attr_table subnet_route_table; /* of struct host_route */

#define SUBNET_POOL_MAX	 256
#define SUBNET_DNS_MAX	 5
#define SUBNET_ROUTE_MAX 20
#define SUBNET_TYPE_MAX	 64

/* What can be said of a subnet without its neighbours: versions agree, modes fit, addresses
 * lie inside, no duplicates. Pools and gateway are ipam.h's. */
bool subnet_validate(const struct subnet *subnet, GError **error);

/* Ports of this device_owner (NULL: none) may be given addresses unasked: it is one of the service
 * types, or there are none. DHCP is wherever it is served. */
bool subnet_serves(const struct subnet *subnet, const char *device_owner);
/* It is on a segment that is only a marker: no host is joined to it. */
bool subnet_is_outside(const struct subnet *subnet, const struct cloud *cloud);
/* Ports get an EUI-64 address here instead of one from the pools. */
bool subnet_is_auto_address(const struct subnet *subnet);
