/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fixed addresses. Two requests that want the same one meet in its claim key.
 */
#include "api/address.h"

#include <string.h>

#include "api/claim.h"
#include "api/resource.h"
#include "lib/error.h"
#include "model/ipam.h"

/* The port's own address of this subnet is no address of somebody else. */
static bool port_has(const struct port *port, struct uuid subnet, struct ip ip)
{
	for (uint32_t i = 0; port && i < port->fixed_ips.count; i++) {
		const struct fixed_ip *fixed = vec_at(struct fixed_ip, &port->fixed_ips, i);

		if (uuid_equal(fixed->subnet_id, subnet) && ip_equal(fixed->ip, ip))
			return true;
	}
	return false;
}

static bool address_in_use(const struct subnet *subnet, struct ip ip, GError **error)
{
	char address[IP_TEXT], id[UUID_TEXT];

	g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
		    "IpAddressAlreadyAllocated: IP address %s already allocated in subnet %s",
		    ip_print(ip, address), uuid_print(subnet->object.id, id));
	return false;
}

/* FIXED is complete: it becomes PORT's. */
static bool address_claim(struct job *job, const struct port *before, const struct port *port,
			  const struct subnet *subnet, struct ip ip, GError **error)
{
	char claim[CLAIM_TEXT], owner[UUID_TEXT];

	if (port_has(before, subnet->object.id, ip))
		return true;
	if (!job_claim(job, claim_print_ip(subnet->object.id, ip, claim),
		       uuid_print(port->object.id, owner)))
		return address_in_use(subnet, ip, error);
	job_guard(job, KIND_SUBNET, subnet->object.id);
	return true;
}

/* Who is served where */

/* The subnets that PORT may be given an address of unasked, those that name its kind before those
 * that serve all. */
static GPtrArray *address_list_serving(struct job *job, const struct port *port)
{
	const GPtrArray *subnets = cloud_list_subnets(job_cloud(job), port->network_id);
	GPtrArray *serving = g_ptr_array_new();
	bool outside = port_is_gateway(port); /* joined to where others are not */

	for (unsigned int pass = 0; pass < 2; pass++) {
		for (guint i = 0; i < subnets->len; i++) {
			const struct subnet *subnet = subnets->pdata[i];

			if ((subnet->service_types.count == 0) == pass &&
			    subnet_serves(subnet, port->device_owner) &&
			    (outside || !subnet_is_outside(subnet, job_cloud(job))))
				g_ptr_array_add(serving, subnets->pdata[i]);
		}
	}
	return serving;
}

/* Some subnet that would serve PORT is on a segment that no host is joined to. */
static bool address_is_outside(struct job *job, const struct port *port)
{
	const GPtrArray *subnets = cloud_list_subnets(job_cloud(job), port->network_id);

	for (guint i = 0; i < subnets->len; i++)
		if (subnet_serves(subnets->pdata[i], port->device_owner) &&
		    subnet_is_outside(subnets->pdata[i], job_cloud(job)))
			return true;
	return false;
}

/* On a host there would be addresses for it, were the host joined to where they are. */
static bool address_check_joined(struct job *job, const struct port *before,
				 const struct port *port, const GPtrArray *serving,
				 GError **error)
{
	char id[UUID_TEXT];

	if (!port->host_id || (before && before->host_id == port->host_id) || serving->len ||
	    port->fixed_ips.count || !address_is_outside(job, port))
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
		    "HostNotConnectedToAnySegment: Host %s is not connected to any segments "
		    "on routed provider network '%s'. It should be connected to one.",
		    port->host_id, uuid_print(port->network_id, id));
	return false;
}

/* What a port has of its own wish is of no use on a host that is not joined to it. */
static bool address_check_host(struct job *job, const struct port *port, GError **error)
{
	char id[UUID_TEXT];

	if (port_is_gateway(port))
		return true;
	for (uint32_t i = 0; port->host_id && i < port->fixed_ips.count; i++) {
		const struct subnet *subnet = cloud_find_subnet(
			job_cloud(job),
			vec_at(struct fixed_ip, &port->fixed_ips, i)->subnet_id);

		if (!subnet || !subnet_is_outside(subnet, job_cloud(job)))
			continue;
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
			    "HostNotCompatibleWithFixedIps: Host %s is not connected to a "
			    "segment where the existing fixed_ips on port %s will function "
			    "given the routed network topology.",
			    port->host_id, uuid_print(port->object.id, id));
		return false;
	}
	return true;
}

/* A port whose kind no subnet serves is refused an address, even one that it names. What is only
 * outside gives none unasked: "deferred". */
static bool address_check_served(struct job *job, const struct port *port,
				 const GPtrArray *serving, GError **error)
{
	char id[UUID_TEXT];

	if (serving->len || !cloud_list_subnets(job_cloud(job), port->network_id)->len)
		return true;
	if (address_is_outside(job, port))
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_EXHAUSTED,
		    "IpAddressGenerationFailureNoMatchingSubnet: No valid service subnet for "
		    "the given device owner, network %s, service type %s.",
		    uuid_print(port->network_id, id),
		    port->device_owner ? port->device_owner : "");
	return false;
}

/* What a request's entry means */

static const struct subnet *address_find_subnet(const GPtrArray *subnets, struct ip ip)
{
	for (guint i = 0; i < subnets->len; i++) {
		const struct subnet *subnet = subnets->pdata[i];

		if (prefix_contains(subnet->cidr, ip))
			return subnet;
	}
	return NULL;
}

/* SERVING: where an address without a subnet may be. */
static const struct subnet *address_resolve_subnet(struct job *job, const struct port *port,
						   const GPtrArray *serving,
						   const struct fixed_ip *fixed, GError **error)
{
	char address[IP_TEXT], network[UUID_TEXT], id[UUID_TEXT];
	const struct subnet *subnet;

	if (uuid_is_none(fixed->subnet_id) && ip_is_none(fixed->ip)) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "InvalidInput: Invalid input for operation: IP allocation requires "
			    "subnet_id or ip_address in fixed_ips.");
		return NULL;
	}
	if (uuid_is_none(fixed->subnet_id)) {
		subnet = address_find_subnet(serving, fixed->ip);
		if (!subnet)
			g_set_error(
				error, WEFT_ERROR, WEFT_ERROR_INVALID,
				"InvalidIpForNetwork: IP address %s is not a valid IP for any "
				"of the subnets on the specified network.",
				ip_print(fixed->ip, address));
		return subnet;
	}
	subnet = job_find(job, KIND_SUBNET, fixed->subnet_id);
	if (subnet && uuid_equal(subnet->network_id, port->network_id))
		return subnet;
	if (subnet)
		g_set_error(
			error, WEFT_ERROR, WEFT_ERROR_INVALID,
			"InvalidInput: Invalid input for operation: Failed to create port on "
			"network %s, because fixed_ips included invalid subnet %s.",
			uuid_print(port->network_id, network),
			uuid_print(fixed->subnet_id, id));
	else
		resource_not_found(resource_get(KIND_SUBNET), fixed->subnet_id, error);
	return NULL;
}

static bool address_exhausted(const struct port *port, GError **error)
{
	char id[UUID_TEXT];

	g_set_error(error, WEFT_ERROR, WEFT_ERROR_EXHAUSTED,
		    "IpAddressGenerationFailure: No more IP addresses available on network %s.",
		    uuid_print(port->network_id, id));
	return false;
}

/* Router interfaces have chosen addresses on automatic subnets too. */
static bool is_auto_for(const struct subnet *subnet, const struct port *port)
{
	return subnet_is_auto_address(subnet) && !port_is_router_interface(port);
}

static bool address_check_chosen(const struct subnet *subnet, const struct port *port,
				 struct ip ip, GError **error)
{
	char address[IP_TEXT], id[UUID_TEXT];

	if (!prefix_contains(subnet->cidr, ip) || !ipam_is_usable(subnet, ip)) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "InvalidIpForSubnet: IP address %s is not a valid IP for the "
			    "specified subnet.",
			    ip_print(ip, address));
		return false;
	}
	if (is_auto_for(subnet, port) &&
	    !ip_equal(ip, ip_from_eui64(subnet->cidr, port->mac))) {
		g_set_error(
			error, WEFT_ERROR, WEFT_ERROR_INVALID,
			"AllocationOnAutoAddressSubnet: IPv6 address %s can not be directly "
			"assigned to a port on subnet %s since the subnet is configured for "
			"automatic addresses",
			ip_print(ip, address), uuid_print(subnet->object.id, id));
		return false;
	}
	return true;
}

/* One that the port has on SUBNET already and no other entry keeps. */
static bool address_keep(const struct port *before, const struct port *port,
			 const struct subnet *subnet, struct ip *out)
{
	for (uint32_t i = 0; before && i < before->fixed_ips.count; i++) {
		const struct fixed_ip *fixed = vec_at(struct fixed_ip, &before->fixed_ips, i);

		if (!uuid_equal(fixed->subnet_id, subnet->object.id) ||
		    port_has(port, fixed->subnet_id, fixed->ip))
			continue;
		*out = fixed->ip;
		return true;
	}
	return false;
}

static bool address_resolve(struct job *job, const struct port *before, struct port *port,
			    const GPtrArray *serving, struct fixed_ip *fixed, GError **error)
{
	const struct subnet *subnet = address_resolve_subnet(job, port, serving, fixed, error);

	if (!subnet)
		return false;
	if (!ip_is_none(fixed->ip)) {
		if (!address_check_chosen(subnet, port, fixed->ip, error))
			return false;
		if (!port_has(before, subnet->object.id, fixed->ip) &&
		    !job_reserve_ip(job, subnet->object.id, fixed->ip))
			return address_in_use(subnet, fixed->ip, error);
	} else if (is_auto_for(subnet, port)) {
		fixed->ip = ip_from_eui64(subnet->cidr, port->mac);
	} else if (!address_keep(before, port, subnet, &fixed->ip) &&
		   !job_pick_ip(job, subnet->object.id, &fixed->ip)) {
		return address_exhausted(port, error);
	}
	fixed->subnet_id = subnet->object.id;
	return address_claim(job, before, port, subnet, fixed->ip, error);
}

/* Without a wish */

static bool address_add(struct job *job, const struct port *before, struct port *port,
			const struct subnet *subnet, struct ip ip, GError **error)
{
	struct fixed_ip *fixed = vec_add(&port->fixed_ips, sizeof(*fixed));

	fixed->subnet_id = subnet->object.id;
	fixed->ip = ip;
	return address_claim(job, before, port, subnet, ip, error);
}

/* One of VERSION from the first subnet that has one left. */
static bool address_pick(struct job *job, struct port *port, const GPtrArray *subnets,
			 int64_t version, GError **error)
{
	bool wanted = false;
	struct ip ip;

	for (guint i = 0; i < subnets->len; i++) {
		const struct subnet *subnet = subnets->pdata[i];

		if (subnet->ip_version != version || subnet_is_auto_address(subnet))
			continue;
		wanted = true;
		if (job_pick_ip(job, subnet->object.id, &ip))
			return address_add(job, NULL, port, subnet, ip, error);
	}
	return !wanted || address_exhausted(port, error);
}

static bool port_is_on(const struct port *port, struct uuid subnet)
{
	for (uint32_t i = 0; i < port->fixed_ips.count; i++)
		if (uuid_equal(vec_at(struct fixed_ip, &port->fixed_ips, i)->subnet_id, subnet))
			return true;
	return false;
}

/* On automatic subnets every port that is served has its address, asked for or not: its kernel will
 * make it. */
static bool address_complete(struct job *job, const struct port *before, struct port *port,
			     const GPtrArray *serving, GError **error)
{
	for (guint i = 0; i < serving->len; i++) {
		const struct subnet *subnet = serving->pdata[i];

		if (is_auto_for(subnet, port) && !port_is_on(port, subnet->object.id) &&
		    !address_add(job, before, port, subnet,
				 ip_from_eui64(subnet->cidr, port->mac), error))
			return false;
	}
	return true;
}

static bool address_allocate_default(struct job *job, struct port *port,
				     const GPtrArray *serving, GError **error)
{
	return address_pick(job, port, serving, 4, error) &&
	       address_pick(job, port, serving, 6, error) &&
	       address_complete(job, NULL, port, serving, error);
}

static void address_give_back(struct job *job, const struct port *before,
			      const struct port *port)
{
	char claim[CLAIM_TEXT];

	for (uint32_t i = 0; before && i < before->fixed_ips.count; i++) {
		const struct fixed_ip *fixed = vec_at(struct fixed_ip, &before->fixed_ips, i);

		if (!port_has(port, fixed->subnet_id, fixed->ip))
			job_unclaim(job, claim_print_ip(fixed->subnet_id, fixed->ip, claim));
	}
}

/* It has waited for a host that is joined to where there are addresses, and is on one now. */
static bool address_is_due(const struct port *before, const struct port *port,
			   const GPtrArray *serving)
{
	return before && before->deferred && !before->host_id && port->host_id &&
	       !port->fixed_ips.count && serving->len;
}

/* Addresses that are asked for by name first, so that none is picked from under them. */
bool address_allocate(struct job *job, const struct port *before, struct port *port, bool given,
		      GError **error)
{
	g_autoptr(GPtrArray) serving = address_list_serving(job, port);
	bool asked = given ? port->fixed_ips.count > 0 : !before;

	if ((asked && !address_check_served(job, port, serving, error)) ||
	    (!given && !address_check_joined(job, before, port, serving, error)))
		return false;
	if (!given && (!before || address_is_due(before, port, serving))) {
		port->deferred = !serving->len && address_is_outside(job, port);
		return address_allocate_default(job, port, serving, error);
	}
	port->deferred &= !given;
	for (unsigned int pass = 0; pass < 2; pass++) {
		for (uint32_t i = 0; i < port->fixed_ips.count; i++) {
			struct fixed_ip *fixed = vec_at(struct fixed_ip, &port->fixed_ips, i);

			if (ip_is_none(fixed->ip) == (pass == 1) &&
			    !address_resolve(job, before, port, serving, fixed, error))
				return false;
		}
	}
	if (!address_check_host(job, port, error) ||
	    !address_complete(job, before, port, serving, error))
		return false;
	address_give_back(job, before, port);
	return true;
}

bool address_claim_mac(struct job *job, const struct port *port)
{
	char claim[CLAIM_TEXT], owner[UUID_TEXT];

	return !cloud_find_port_by_mac(job_cloud(job), port->network_id, port->mac) &&
	       job_claim(job, claim_print_mac(port->network_id, port->mac, claim),
			 uuid_print(port->object.id, owner));
}

void address_release_mac(struct job *job, const struct port *port)
{
	char claim[CLAIM_TEXT];

	job_unclaim(job, claim_print_mac(port->network_id, port->mac, claim));
}

void address_release(struct job *job, const struct port *port)
{
	const struct port nothing = {0};

	address_give_back(job, port, &nothing);
	address_release_mac(job, port);
}

/* Automatic subnets that come and go */

bool address_add_auto(struct job *job, const struct subnet *subnet, GError **error)
{
	const GPtrArray *ports = cloud_list_ports(job_cloud(job), subnet->network_id);

	for (guint i = 0; i < ports->len; i++) {
		const struct port *present = ports->pdata[i];
		struct port *port;

		if (port_is_router_interface(present) ||
		    (subnet_is_outside(subnet, job_cloud(job)) && !port_is_gateway(present)) ||
		    !subnet_serves(subnet, present->device_owner))
			continue;
		port = job_edit(job, KIND_PORT, present->object.id);
		if (port && !address_add(job, NULL, port, subnet,
					 ip_from_eui64(subnet->cidr, port->mac), error))
			return false;
	}
	return true;
}

void address_del_auto(struct job *job, const struct subnet *subnet)
{
	const GPtrArray *ports = cloud_list_ports(job_cloud(job), subnet->network_id);
	char claim[CLAIM_TEXT];

	for (guint i = 0; i < ports->len; i++) {
		const struct port *present = ports->pdata[i];
		struct port *port = NULL;
		uint32_t kept = 0;

		for (uint32_t j = 0; j < present->fixed_ips.count; j++)
			if (uuid_equal(
				    vec_at(struct fixed_ip, &present->fixed_ips, j)->subnet_id,
				    subnet->object.id))
				port = job_edit(job, KIND_PORT, present->object.id);
		for (uint32_t j = 0; port && j < port->fixed_ips.count; j++) {
			const struct fixed_ip *fixed =
				vec_at(struct fixed_ip, &port->fixed_ips, j);

			if (uuid_equal(fixed->subnet_id, subnet->object.id))
				job_unclaim(job,
					    claim_print_ip(fixed->subnet_id, fixed->ip, claim));
			else
				*vec_at(struct fixed_ip, &port->fixed_ips, kept++) = *fixed;
		}
		if (port)
			port->fixed_ips.count = kept;
	}
}
