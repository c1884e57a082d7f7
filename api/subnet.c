/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Subnets: defaults of gateway and pools, no overlap on a network, automatic addresses for
 * the ports that are there already, and nobody left behind.
 *
 * Every change of a subnet changes its network's revision too, which also makes two
 * overlapping creations exclude each other.
 */
#include "api/subnet.h"

#include "api/acl.h"
#include "api/address.h"
#include "api/allocation.h"
#include "api/segment.h"
#include "lib/error.h"
#include "model/ipam.h"

static bool subnet_check_overlap(const struct subnet *subnet, const GPtrArray *others,
				 GError **error)
{
	char mine[PREFIX_TEXT], its[PREFIX_TEXT], id[UUID_TEXT];

	for (guint i = 0; i < others->len; i++) {
		const struct subnet *other = others->pdata[i];

		if (uuid_equal(other->object.id, subnet->object.id) ||
		    !uuid_equal(other->network_id, subnet->network_id) ||
		    !prefix_overlaps(other->cidr, subnet->cidr))
			continue;
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "InvalidInput: Invalid input for operation: Requested subnet with "
			    "cidr: %s for network: %s overlaps with another subnet (%s).",
			    prefix_print(subnet->cidr, mine),
			    uuid_print(subnet->network_id, id), prefix_print(other->cidr, its));
		return false;
	}
	return true;
}

static bool subnet_find_network(struct job *job, const struct subnet *subnet, GError **error)
{
	const struct network *network = job_find(job, KIND_NETWORK, subnet->network_id);
	char text[PREFIX_TEXT];

	if (!network)
		return resource_not_found(resource_get(KIND_NETWORK), subnet->network_id,
					  error);
	if (subnet->ip_version == 6 && network->mtu < NETWORK_MTU_MIN_V6) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
			    "Conflict: Subnet %s needs an MTU of %d, its network has "
			    "%" G_GINT64_FORMAT ".",
			    prefix_print(subnet->cidr, text), NETWORK_MTU_MIN_V6, network->mtu);
		return false;
	}
	return true;
}

static bool subnet_check_new(struct job *job, const struct subnet *subnet, GError **error)
{
	g_autoptr(GPtrArray) own = job_list_changed(job, KIND_SUBNET);

	return subnet_find_network(job, subnet, error) &&
	       subnet_check_overlap(
		       subnet, cloud_list_subnets(job_cloud(job), subnet->network_id), error) &&
	       subnet_check_overlap(subnet, own, error) &&
	       allocation_check_network(job, subnet, error);
}

/* A gateway that a router already answers for stays. */
static bool subnet_check_gateway(struct job *job, const struct subnet *before,
				 const struct subnet *subnet, GError **error)
{
	const struct ipam *ipam = cloud_find_ipam(job_cloud(job), subnet->object.id);
	const struct port *port;
	char ip[IP_TEXT], id[UUID_TEXT];

	if (ip_equal(before->gateway_ip, subnet->gateway_ip))
		return true;
	port = ip_is_none(before->gateway_ip) ? NULL : ipam_find(ipam, before->gateway_ip);
	if (!port || !port_is_router_interface(port))
		return true;
	g_set_error(
		error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
		"GatewayIpInUse: Current gateway ip %s already in use by port %s. Unable to "
		"update.",
		ip_print(before->gateway_ip, ip), uuid_print(port->object.id, id));
	return false;
}

/* Default pools of a subnet follow its gateway; chosen ones must leave room for it. */
static bool subnet_set_pools(struct subnet *subnet, const struct subnet *before, uint64_t given,
			     GError **error)
{
	const uint64_t pools = attr_bit_of(&subnet_table, "allocation_pools");

	if (!before && !(given & attr_bit_of(&subnet_table, "gateway_ip")))
		subnet->gateway_ip = ipam_default_gateway(subnet->cidr);
	if (!before && !(given & pools))
		ipam_default_pools(subnet, &subnet->allocation_pools);
	return ipam_validate(subnet, error);
}

static bool subnet_has_users(struct job *job, const struct subnet *subnet)
{
	const GPtrArray *ports = cloud_list_ports(job_cloud(job), subnet->network_id);
	bool automatic = subnet_is_auto_address(subnet);

	for (guint i = 0; i < ports->len; i++) {
		const struct port *port = ports->pdata[i];

		for (uint32_t j = 0; j < port->fixed_ips.count; j++)
			if (uuid_equal(vec_at(struct fixed_ip, &port->fixed_ips, j)->subnet_id,
				       subnet->object.id) &&
			    (!automatic || port_is_router_interface(port)))
				return true;
	}
	return false;
}

static bool subnet_in_use(const struct subnet *subnet, GError **error)
{
	char text[UUID_TEXT];

	g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
		    "SubnetInUse: Unable to complete operation on subnet %s: One or more "
		    "ports have an IP allocation from this subnet.",
		    uuid_print(subnet->object.id, text));
	return false;
}

/* Ports of hosts do not find themselves on what is only outside. */
static bool subnet_check_left(struct job *job, const struct subnet *before,
			      const struct subnet *subnet, GError **error)
{
	if (uuid_equal(before->segment_id, subnet->segment_id) ||
	    !subnet_is_outside(subnet, job_cloud(job)))
		return true;
	job_take_turn(job, KIND_SUBNET, subnet->object.id);
	return !subnet_has_users(job, before) || subnet_in_use(subnet, error);
}

static bool subnet_put(struct job *job, const void *before_object, void *object, uint64_t given,
		       GError **error)
{
	const struct subnet *before = before_object;
	struct subnet *subnet = object;

	if ((!before && !allocation_take(job, subnet, given, error)) ||
	    !subnet_validate(subnet, error) || !subnet_set_pools(subnet, before, given, error))
		return false;
	if (before ? !subnet_check_gateway(job, before, subnet, error)
		   : !subnet_check_new(job, subnet, error))
		return false;
	if (!acl_guard_subnet(job, before, subnet, error) ||
	    !segment_guard_subnet(job, before, subnet, error) ||
	    (before && !subnet_check_left(job, before, subnet, error)))
		return false;
	if (!job_edit(job, KIND_NETWORK, subnet->network_id))
		return resource_not_found(resource_get(KIND_NETWORK), subnet->network_id,
					  error);
	return before || !subnet_is_auto_address(subnet) ||
	       address_add_auto(job, subnet, error);
}

static bool subnet_del(struct job *job, const void *object, GError **error)
{
	const struct subnet *subnet = object;

	if (subnet_has_users(job, subnet))
		return subnet_in_use(subnet, error);
	if (subnet_is_auto_address(subnet))
		address_del_auto(job, subnet);
	job_edit(job, KIND_NETWORK, subnet->network_id);
	job_close_guard(job, KIND_SUBNET, subnet->object.id);
	return true;
}

const struct resource api_subnet = {
	.kind = KIND_SUBNET,
	.put = subnet_put,
	.del = subnet_del,
};
