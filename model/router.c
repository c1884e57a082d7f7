/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The attributes of a router.
 */
#include "model/router.h"

#include "lib/error.h"
#include "model/agent.h"
#include "model/gateway.h"

static json_t *router_print_status(const void *object, const void *world)
{
	return json_string(status_names[STATUS_ACTIVE]);
}

static const struct attr attrs[] = {
	OBJECT_HEAD,
	OBJECT_NAME,
	{.name = "status",
	 .type = ATTR_STRING,
	 .flags = ATTR_VISIBLE | ATTR_COMPUTED | ATTR_FIND | ATTR_COLUMN,
	 .print = router_print_status,
	 .help = "always ACTIVE: it is on every host"},
	{.name = "admin_state_up",
	 .type = ATTR_BOOL,
	 .flags = ATTR_BOTH | ATTR_FIND | ATTR_COLUMN,
	 .offset = offsetof(struct router, admin_state_up),
	 .initial = "true",
	 .help = "false: it routes nothing"},
	{.name = "routes",
	 .type = ATTR_LIST,
	 .flags = ATTR_PUT | ATTR_VISIBLE,
	 .offset = offsetof(struct router, routes),
	 .item = &subnet_route_table,
	 .help = "static routes: destination, nexthop"},
	{.name = "external_gateway_info",
	 .type = ATTR_DICT,
	 .flags = ATTR_BOTH | ATTR_NULLABLE | ATTR_CALLER,
	 .offset = offsetof(struct router, gateway_wish),
	 .print_for = gateway_print_info,
	 .item = &gateway_wish_table,
	 .max = ROUTER_GATEWAY_MAX,
	 .help = "its way out: network_id, enable_snat, external_fixed_ips; null: none"},
	{.name = "gateway_network_id",
	 .type = ATTR_UUID,
	 .flags = ATTR_NULLABLE,
	 .offset = offsetof(struct router, gateway_network_id),
	 .help = "where its gateway is"},
	{.name = "enable_snat",
	 .type = ATTR_BOOL,
	 .flags = 0,
	 .offset = offsetof(struct router, enable_snat),
	 .initial = "true",
	 .help = "IPv4 leaves by the gateway's address"},
	{.name = "availability_zone_hints",
	 .type = ATTR_LIST,
	 .flags = ATTR_POST | ATTR_VISIBLE,
	 .offset = offsetof(struct router, zone_hints),
	 .item = &zone_name_table,
	 .max = 16,
	 .help = "zones it was asked for; each must have a host"},
	{.name = "availability_zones",
	 .type = ATTR_LIST,
	 .flags = ATTR_VISIBLE | ATTR_COMPUTED,
	 .print = agent_print_zones,
	 .help = "zones in which there is a host: it can be on each"},
	{.name = "distributed",
	 .type = ATTR_BOOL,
	 .flags = ATTR_BOTH | ATTR_ADMIN_SET | ATTR_ADMIN_SEE,
	 .offset = offsetof(struct router, distributed),
	 .initial = "true",
	 .help = "always true: it is on every host"},
	{.name = "ha",
	 .type = ATTR_BOOL,
	 .flags = ATTR_BOTH | ATTR_ADMIN_SET | ATTR_ADMIN_SEE,
	 .offset = offsetof(struct router, ha),
	 .initial = "false",
	 .help = "always false: there is no one place that could fail"},
	{.name = "flavor_id",
	 .type = ATTR_UUID,
	 .flags = ATTR_ONCE | ATTR_SORT | ATTR_NULLABLE,
	 .offset = offsetof(struct router, flavor_id),
	 .missing = "Flavor",
	 .help = "the flavor that it is made with"},
	{.name = "number",
	 .type = ATTR_U32,
	 .flags = 0,
	 .offset = offsetof(struct router, number),
	 .help = "what the data plane calls it"},
	OBJECT_PROJECT,
	OBJECT_TAIL,
	OBJECT_END,
};

const struct attr_table router_table = {
	.singular = "router",
	.plural = "routers",
	.title = "Router",
	.size = sizeof(struct router),
	.attrs = attrs,
	.help = "Joins subnets of several networks; it is present on every host.",
};

/* What cannot be had is not taken for granted. */
static bool router_check_kind(const struct router *router, GError **error)
{
	if (router->distributed && !router->ha)
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
		    "Invalid input for %s. Reason: '%s': every router is distributed, none is "
		    "ha.",
		    router->ha ? "ha" : "distributed", router->ha ? "True" : "False");
	return false;
}

bool router_validate(const struct router *router, GError **error)
{
	const struct vec *routes = &router->routes;
	char prefix[PREFIX_TEXT], hop[IP_TEXT];

	if (routes->count > ROUTER_ROUTE_MAX) {
		g_set_error(
			error, WEFT_ERROR, WEFT_ERROR_INVALID,
			"RoutesExhausted: Unable to complete operation. The number of routes "
			"exceeds the maximum %d.",
			ROUTER_ROUTE_MAX);
		return false;
	}
	if (!router_check_kind(router, error))
		return false;
	for (uint32_t i = 0; i < routes->count; i++) {
		const struct host_route *route = vec_at(struct host_route, routes, i);

		prefix_print(route->destination, prefix);
		ip_print(route->nexthop, hop);
		if (prefix_is_v4(route->destination) != ip_is_v4(route->nexthop)) {
			g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
				    "Invalid input for routes. Reason: '%s' by '%s' mixes IP "
				    "versions.",
				    prefix, hop);
			return false;
		}
		for (uint32_t j = 0; j < i; j++) {
			const struct host_route *other = vec_at(struct host_route, routes, j);

			if (!prefix_equal(route->destination, other->destination) ||
			    !ip_equal(route->nexthop, other->nexthop))
				continue;
			g_set_error(
				error, WEFT_ERROR, WEFT_ERROR_INVALID,
				"Invalid input for routes. Reason: Duplicate hostroute '%s' "
				"by '%s'.",
				prefix, hop);
			return false;
		}
	}
	return true;
}
