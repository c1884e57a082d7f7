/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Only IPv4 is translated. Two subnets of one address scope reach each other as they are, for there
 * an address means one thing; without scopes that is so where the operator has turned
 * translation off, and always with IPv6.
 */
#include "compile/text_gateway.h"

#include "compile/value.h"
#include "model/gateway.h"

bool text_find_gateway(const struct cloud *cloud, const struct router *router,
		       struct text_gateway *out)
{
	const struct port *port = cloud_find_gateway(cloud, router->object.id);
	const struct network *network =
		port ? cloud_find_network(cloud, port->network_id) : NULL;

	if (!network)
		return false;
	*out = (struct text_gateway){
		.port = port,
		.network = network,
		.up = router->admin_state_up && port->admin_state_up,
	};
	return true;
}

enum text_way text_get_way(const struct cloud *cloud, const struct router *router,
			   const struct subnet *subnet, struct uuid scope)
{
	bool same = uuid_equal(cloud_get_scope(cloud, subnet), scope);

	if (!prefix_is_v4(subnet->cidr))
		return same ? TEXT_WAY_PLAIN : TEXT_WAY_NONE;
	if (same && (!uuid_is_none(scope) || !router->enable_snat))
		return TEXT_WAY_PLAIN;
	return router->enable_snat ? TEXT_WAY_NAT : TEXT_WAY_NONE;
}

const char *text_get_carrier(const struct port *port)
{
	bool is_bound =
		port->host_id && *port->host_id && port->binding_state != BINDING_REFUSED;

	return is_bound ? port->host_id : NULL;
}

void text_gateway_row_init(struct text_gateway_row *row)
{
	*row = (struct text_gateway_row){
		.addresses = json_array(), .routes = json_array(), .inside = json_array()};
}

void text_gateway_row_done(struct text_gateway_row *row)
{
	json_decref(row->addresses);
	json_decref(row->routes);
	json_decref(row->inside);
}

void text_gateway_row_add_address(struct text_gateway_row *row, const struct fixed_ip *fixed,
				  const struct subnet *subnet)
{
	json_t *address = json_object();

	json_object_set_new(address, "ip", value_from_ip(fixed->ip));
	json_object_set_new(address, "subnet", value_from_prefix(subnet->cidr));
	if (!ip_is_none(subnet->gateway_ip))
		json_object_set_new(address, "gateway", value_from_ip(subnet->gateway_ip));
	json_array_append_new(row->addresses, address);
}

char *text_print_gateway(const struct text_gateway *gateway, struct text_gateway_row *row)
{
	const char *host = text_get_carrier(gateway->port);
	g_autofree char *physical = gateway_print_physical(gateway->network);
	json_t *out = json_object();

	json_object_set_new(out, "id", value_from_uuid(gateway->port->object.id));
	if (host)
		json_object_set_new(out, "host", json_string(host));
	json_object_set_new(out, "mac", value_from_mac(gateway->port->mac));
	json_object_set_new(out, "up", json_boolean(gateway->up));
	json_object_set_new(out, "snat", json_boolean(row->snat));
	json_object_set_new(out, "mtu", json_integer(gateway->network->mtu));
	if (physical)
		json_object_set_new(out, "physical", json_string(physical));
	json_object_set_new(out, "addresses", row->addresses);
	json_object_set_new(out, "routes", row->routes);
	json_object_set_new(out, "inside", row->inside);
	return value_dump(out);
}
