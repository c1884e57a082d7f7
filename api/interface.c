/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Adding and removing router interfaces.
 */
#include "api/interface.h"

#include "api/access.h"
#include "api/address.h"
#include "api/firewall_group.h"
#include "api/gateway.h"
#include "api/port.h"
#include "lib/error.h"
#include "model/attr_json.h"

/* What the request names. Exactly one, except that a removal may name both. */
struct wish {
	struct uuid subnet_id;
	struct uuid port_id;
};

static bool bad_request(GError **error, const char *text)
{
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
		    "BadRequest: Bad router request: %s.", text);
	return false;
}

static bool wish_parse_id(json_t *body, const char *name, struct uuid *out, GError **error)
{
	json_t *value = json_object_get(body, name);

	if (!value || json_is_null(value))
		return true;
	if (json_is_string(value) && uuid_parse(json_string_value(value), out))
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
		    "Invalid input for %s. Reason: '%s' is not a valid UUID.", name,
		    json_is_string(value) ? json_string_value(value) : "?");
	return false;
}

static bool wish_parse(json_t *body, struct wish *out, GError **error)
{
	*out = (struct wish){0};
	if (!json_is_object(body))
		return bad_request(error, "Either subnet_id or port_id must be specified");
	if (!wish_parse_id(body, "subnet_id", &out->subnet_id, error) ||
	    !wish_parse_id(body, "port_id", &out->port_id, error))
		return false;
	if (uuid_is_none(out->subnet_id) && uuid_is_none(out->port_id))
		return bad_request(error, "Either subnet_id or port_id must be specified");
	return true;
}

static void interface_print(const struct router *router, const struct port *port,
			    struct uuid subnet, GString *out)
{
	char text[UUID_TEXT];

	g_string_append_printf(
		out, "{\"id\":\"%s\",\"tenant_id\":", uuid_print(router->object.id, text));
	attr_encode_string(out, router->object.project_id);
	g_string_append(out, ",\"project_id\":");
	attr_encode_string(out, router->object.project_id);
	g_string_append_printf(out, ",\"port_id\":\"%s\"", uuid_print(port->object.id, text));
	g_string_append_printf(out, ",\"network_id\":\"%s\"",
			       uuid_print(port->network_id, text));
	g_string_append_printf(out, ",\"subnet_id\":\"%s\",\"subnet_ids\":[",
			       uuid_print(subnet, text));
	for (uint32_t i = 0; i < port->fixed_ips.count; i++)
		g_string_append_printf(
			out, "%s\"%s\"", i ? "," : "",
			uuid_print(vec_at(struct fixed_ip, &port->fixed_ips, i)->subnet_id,
				   text));
	g_string_append(out, "]}");
}

/* Adding */

static bool port_is_on(const struct port *port, struct uuid subnet)
{
	for (uint32_t i = 0; i < port->fixed_ips.count; i++)
		if (uuid_equal(vec_at(struct fixed_ip, &port->fixed_ips, i)->subnet_id, subnet))
			return true;
	return false;
}

/* SUBNET shares no address with those that PORT is on. */
static bool port_check_overlap(struct job *job, const struct port *port,
			       const struct subnet *subnet, GError **error)
{
	char mine[PREFIX_TEXT], its[PREFIX_TEXT], id[UUID_TEXT], other_id[UUID_TEXT];

	for (uint32_t i = 0; port && i < port->fixed_ips.count; i++) {
		const struct subnet *other =
			job_find(job, KIND_SUBNET,
				 vec_at(struct fixed_ip, &port->fixed_ips, i)->subnet_id);
		g_autofree char *text = NULL;

		if (!other || !prefix_overlaps(other->cidr, subnet->cidr))
			continue;
		uuid_print(subnet->object.id, id);
		if (uuid_equal(other->object.id, subnet->object.id))
			text = g_strdup_printf("Router already has a port on subnet %s", id);
		else
			text = g_strdup_printf(
				"Cidr %s of subnet %s overlaps with cidr %s of subnet %s",
				prefix_print(subnet->cidr, mine), id,
				prefix_print(other->cidr, its),
				uuid_print(other->object.id, other_id));
		return bad_request(error, text);
	}
	return true;
}

bool interface_check_overlap(struct job *job, const struct router *router,
			     const struct subnet *subnet, GError **error)
{
	const GPtrArray *ports = cloud_list_interfaces(job_cloud(job), router->object.id);

	for (guint i = 0; i < ports->len; i++)
		if (!port_check_overlap(job, ports->pdata[i], subnet, error))
			return false;
	return true;
}

/* ... nor with its gateway. */
static bool interface_check_new(struct job *job, const struct router *router,
				const struct subnet *subnet, GError **error)
{
	return interface_check_overlap(job, router, subnet, error) &&
	       port_check_overlap(job, gateway_find(job, router), subnet, error);
}

/* Interfaces are on all hosts, and what is only a marker is where few are, by gateways. */
static bool interface_check_outside(struct job *job, const struct subnet *subnet,
				    GError **error)
{
	const struct network *network = job_find(job, KIND_NETWORK, subnet->network_id);

	return (!subnet_is_outside(subnet, job_cloud(job)) && network &&
		network_is_overlay(network)) ||
	       bad_request(error, "The subnet is on a physical network, which a router "
				  "is joined to by its gateway only");
}

static bool port_has_v6(const struct port *port)
{
	for (uint32_t i = 0; i < port->fixed_ips.count; i++)
		if (!ip_is_v4(vec_at(struct fixed_ip, &port->fixed_ips, i)->ip))
			return true;
	return false;
}

/* The router's interface that a further IPv6 subnet of its network joins; NULL: a new one. */
static const struct port *interface_find_v6(struct job *job, const struct router *router,
					    const struct subnet *subnet)
{
	const GPtrArray *ports = cloud_list_interfaces(job_cloud(job), router->object.id);

	for (guint i = 0; i < ports->len && subnet->ip_version == 6; i++) {
		const struct port *port = ports->pdata[i];

		if (uuid_equal(port->network_id, subnet->network_id) && port_has_v6(port))
			return port;
	}
	return NULL;
}

static struct port *interface_new(struct job *job, const struct router *router,
				  const struct subnet *subnet)
{
	struct port *port = job_add(job, KIND_PORT, attr_new(&port_table));
	char text[UUID_TEXT];

	port->object.project_id = router->object.project_id;
	port->network_id = subnet->network_id;
	port->device_owner = g_strdup(PORT_OWNER_ROUTER);
	port->device_id = g_strdup(uuid_print(router->object.id, text));
	return port;
}

static bool interface_add_subnet(struct job *job, const struct router *router, struct uuid id,
				 const struct port **out, GError **error)
{
	const struct resource *subnets = resource_get(KIND_SUBNET);
	const struct subnet *subnet = job_find(job, KIND_SUBNET, id);
	const struct port *before;
	struct fixed_ip *fixed;
	struct port *port;

	if (!subnet || !access_sees(job_api(job)->access, job_caller(job), subnets, subnet))
		return resource_not_found(subnets, id, error);
	if (ip_is_none(subnet->gateway_ip))
		return bad_request(error, "Subnet for router interface must have a gateway IP");
	if (!interface_check_outside(job, subnet, error) ||
	    !interface_check_new(job, router, subnet, error))
		return false;
	before = interface_find_v6(job, router, subnet);
	port = before ? job_edit(job, KIND_PORT, before->object.id)
		      : interface_new(job, router, subnet);
	fixed = vec_add(&port->fixed_ips, sizeof(*fixed));
	fixed->subnet_id = id;
	fixed->ip = subnet->gateway_ip;
	*out = port;
	return api_port_complete(job, before, port, attr_bit_of(&port_table, "fixed_ips"),
				 error);
}

bool interface_join(struct job *job, const struct router *router, struct uuid subnet,
		    GError **error)
{
	const struct port *port;

	return interface_add_subnet(job, router, subnet, &port, error);
}

/* PORT's addresses are such as an interface has; subnets that BEFORE is on are joined already. */
static bool interface_check_addresses(struct job *job, const struct router *router,
				      const struct port *before, const struct port *port,
				      GError **error)
{
	unsigned int v4 = 0;

	if (port->fixed_ips.count == 0)
		return bad_request(error, "Router port must have at least one fixed IP");
	for (uint32_t i = 0; i < port->fixed_ips.count; i++) {
		const struct fixed_ip *fixed = vec_at(struct fixed_ip, &port->fixed_ips, i);
		const struct subnet *subnet =
			cloud_find_subnet(job_cloud(job), fixed->subnet_id);

		v4 += ip_is_v4(fixed->ip);
		if (subnet && !(before && port_is_on(before, fixed->subnet_id)) &&
		    (!interface_check_outside(job, subnet, error) ||
		     !interface_check_new(job, router, subnet, error)))
			return false;
	}
	return v4 <= 1 ||
	       bad_request(error, "Cannot have multiple IPv4 subnets on router port");
}

static bool interface_check_port(struct job *job, const struct router *router,
				 const struct port *port, GError **error)
{
	char id[UUID_TEXT], network[UUID_TEXT];

	if (port->device_id) {
		g_set_error(
			error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
			"PortInUse: Unable to complete operation on port %s for network %s. "
			"Port already has an attached device %s.",
			uuid_print(port->object.id, id), uuid_print(port->network_id, network),
			port->device_id);
		return false;
	}
	return interface_check_addresses(job, router, NULL, port, error);
}

static bool interface_add_port(struct job *job, const struct router *router, struct uuid id,
			       const struct port **out, GError **error)
{
	const struct port *present = cloud_find_port(job_cloud(job), id);
	char text[UUID_TEXT];
	struct port *port;

	if (!present || !access_sees(job_api(job)->access, job_caller(job), &api_port, present))
		return resource_not_found(&api_port, id, error);
	if (!interface_check_port(job, router, present, error))
		return false;
	port = job_edit(job, KIND_PORT, id);
	g_free(port->device_id);
	g_free(port->device_owner);
	port->device_id = g_strdup(uuid_print(router->object.id, text));
	port->device_owner = g_strdup(PORT_OWNER_ROUTER);
	port->host_id = NULL;
	*out = port;
	return true;
}

bool interface_add(struct job *job, struct uuid id, json_t *body, GString *reply,
		   GError **error)
{
	const struct port *port = NULL;
	const struct router *router;
	struct wish wish;

	if (!wish_parse(body, &wish, error))
		return false;
	if (!uuid_is_none(wish.subnet_id) && !uuid_is_none(wish.port_id))
		return bad_request(error, "Cannot specify both subnet-id and port-id");
	router = job_edit(job, KIND_ROUTER, id);
	if (uuid_is_none(wish.port_id)
		    ? !interface_add_subnet(job, router, wish.subnet_id, &port, error)
		    : !interface_add_port(job, router, wish.port_id, &port, error))
		return false;
	interface_print(router, port, vec_at(struct fixed_ip, &port->fixed_ips, 0)->subnet_id,
			reply);
	return true;
}

/* Removing */

static const struct port *interface_find(struct job *job, struct uuid router,
					 const struct wish *wish, GError **error)
{
	const GPtrArray *ports = cloud_list_interfaces(job_cloud(job), router);
	char id[UUID_TEXT], text[UUID_TEXT];

	for (guint i = 0; i < ports->len; i++) {
		const struct port *port = ports->pdata[i];
		bool same = uuid_equal(port->object.id, wish->port_id);

		if (same && !uuid_is_none(wish->subnet_id) &&
		    !port_is_on(port, wish->subnet_id)) {
			g_set_error(
				error, WEFT_ERROR, WEFT_ERROR_INVALID,
				"SubnetMismatchForPort: Subnet on port %s does not match the "
				"requested subnet %s.",
				uuid_print(wish->port_id, id),
				uuid_print(wish->subnet_id, text));
			return NULL;
		}
		if (same || (uuid_is_none(wish->port_id) && port_is_on(port, wish->subnet_id)))
			return port;
	}
	uuid_print(router, id);
	if (uuid_is_none(wish->port_id))
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_NOT_FOUND,
			    "RouterInterfaceNotFoundForSubnet: Router %s has no interface on "
			    "subnet %s",
			    id, uuid_print(wish->subnet_id, text));
	else
		g_set_error(
			error, WEFT_ERROR, WEFT_ERROR_NOT_FOUND,
			"RouterInterfaceNotFound: Router %s does not have an interface with "
			"id %s",
			id, uuid_print(wish->port_id, text));
	return NULL;
}

/* No route needs a subnet that PORT is on and that its successor AFTER, if any, is not. */
static bool interface_check_routes(struct job *job, const struct router *router,
				   const struct port *port, const struct port *after,
				   GError **error)
{
	char id[UUID_TEXT], text[UUID_TEXT];

	for (uint32_t i = 0; i < port->fixed_ips.count; i++) {
		const struct subnet *subnet = cloud_find_subnet(
			job_cloud(job),
			vec_at(struct fixed_ip, &port->fixed_ips, i)->subnet_id);

		if (!subnet || (after && port_is_on(after, subnet->object.id)))
			continue;
		for (uint32_t j = 0; j < router->routes.count; j++) {
			const struct host_route *route =
				vec_at(struct host_route, &router->routes, j);

			if (!prefix_contains(subnet->cidr, route->nexthop))
				continue;
			g_set_error(
				error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
				"RouterInterfaceInUseByRoute: Router interface for subnet %s on "
				"router %s cannot be deleted, as it is required by one or more "
				"routes.",
				uuid_print(subnet->object.id, text),
				uuid_print(router->object.id, id));
			return false;
		}
	}
	return true;
}

/* An interface of several subnets loses one of them. */
static bool interface_del_subnet(struct job *job, const struct port *before, struct uuid subnet,
				 GError **error)
{
	struct port *port = job_edit(job, KIND_PORT, before->object.id);
	uint32_t kept = 0;

	for (uint32_t i = 0; i < port->fixed_ips.count; i++) {
		const struct fixed_ip fixed = *vec_at(struct fixed_ip, &port->fixed_ips, i);

		if (!uuid_equal(fixed.subnet_id, subnet))
			*vec_at(struct fixed_ip, &port->fixed_ips, kept++) = fixed;
	}
	port->fixed_ips.count = kept;
	return api_port_complete(job, before, port, attr_bit_of(&port_table, "fixed_ips"),
				 error);
}

static bool port_is_only_on(const struct port *port, struct uuid subnet)
{
	for (uint32_t i = 0; i < port->fixed_ips.count; i++)
		if (!uuid_equal(vec_at(struct fixed_ip, &port->fixed_ips, i)->subnet_id,
				subnet))
			return false;
	return true;
}

void interface_drop(struct job *job, const struct port *port)
{
	address_release(job, port);
	firewall_forget_port(job, port);
	job_del(job, KIND_PORT, port->object.id);
}

bool interface_remove(struct job *job, struct uuid id, json_t *body, GString *reply,
		      GError **error)
{
	const struct router *router;
	const struct port *port;
	struct wish wish;

	if (!wish_parse(body, &wish, error))
		return false;
	router = job_edit(job, KIND_ROUTER, id);
	port = interface_find(job, id, &wish, error);
	if (!port || !interface_check_routes(job, router, port, NULL, error))
		return false;
	interface_print(router, port,
			uuid_is_none(wish.subnet_id)
				? vec_at(struct fixed_ip, &port->fixed_ips, 0)->subnet_id
				: wish.subnet_id,
			reply);
	if (uuid_is_none(wish.port_id) && !port_is_only_on(port, wish.subnet_id))
		return interface_del_subnet(job, port, wish.subnet_id, error);
	interface_drop(job, port);
	return true;
}

/* Changing */

bool interface_update(struct job *job, const struct port *before, const struct port *port,
		      GError **error)
{
	const struct router *router;
	struct uuid id;

	if (!uuid_parse(port->device_id, &id))
		return true;
	router = job_edit(job, KIND_ROUTER, id);
	return !router || (interface_check_addresses(job, router, before, port, error) &&
			   interface_check_routes(job, router, before, port, error));
}
