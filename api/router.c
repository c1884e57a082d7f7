/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Routers: their number and their static routes. Interfaces are interface.c's, gateways gateway.c's.
 *
 * Whatever is hung on a router changes its revision, so a deletion and an overlapping
 * interface find out about each other.
 */
#include "api/router.h"

#include "api/access.h"
#include "api/claim.h"
#include "api/flavor.h"
#include "api/gateway.h"
#include "api/interface.h"
#include "api/zone.h"
#include "lib/error.h"
#include "model/attr_json.h"

static bool router_take_number(struct job *job, struct router *router, GError **error)
{
	struct api *api = job_api(job);
	char key[CLAIM_TEXT], owner[UUID_TEXT];

	for (uint32_t tries = 0; tries < ROUTER_NUMBER_MAX; tries++) {
		uint32_t number = api->next_router;

		api->next_router = number % ROUTER_NUMBER_MAX + 1;
		if (cloud_find_router_by_number(job_cloud(job), number) ||
		    !job_claim(job, claim_print_router(number, key),
			       uuid_print(router->object.id, owner)))
			continue;
		router->number = number;
		return true;
	}
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_EXHAUSTED,
		    "OverQuota: all router numbers are taken.");
	return false;
}

/* PORT is on a subnet that holds IP; OWN: it has that very address. */
static bool port_connects(struct job *job, const struct port *port, struct ip ip, bool *own)
{
	bool found = false;

	for (uint32_t i = 0; i < port->fixed_ips.count; i++) {
		const struct fixed_ip *fixed = vec_at(struct fixed_ip, &port->fixed_ips, i);
		const struct subnet *subnet = job_find(job, KIND_SUBNET, fixed->subnet_id);

		/* Outside there is one next hop: that of the default route. */
		found |= subnet && (port_is_gateway(port) ? ip_equal(subnet->gateway_ip, ip)
							  : prefix_contains(subnet->cidr, ip));
		*own |= ip_equal(fixed->ip, ip);
	}
	return found;
}

/* A port of ROUTER leads to IP; OWN: IP is its own address. */
static bool router_connects(struct job *job, const struct router *router, struct ip ip,
			    bool *own)
{
	const GPtrArray *ports = cloud_list_interfaces(job_cloud(job), router->object.id);
	const struct port *gateway = gateway_find(job, router);
	bool found = false;

	*own = false;
	for (guint i = 0; i < ports->len; i++)
		found |= port_connects(job, ports->pdata[i], ip, own);
	return (gateway && port_connects(job, gateway, ip, own)) || found;
}

static bool router_check_routes(struct job *job, const struct router *router, GError **error)
{
	char hop[IP_TEXT], prefix[PREFIX_TEXT];
	bool own;

	for (uint32_t i = 0; i < router->routes.count; i++) {
		const struct host_route *route = vec_at(struct host_route, &router->routes, i);
		bool connected = router_connects(job, router, route->nexthop, &own);

		if (connected && !own)
			continue;
		g_set_error(
			error, WEFT_ERROR, WEFT_ERROR_INVALID,
			"InvalidRoutes: Invalid format for routes: %s by %s, the nexthop %s.",
			prefix_print(route->destination, prefix), ip_print(route->nexthop, hop),
			own ? "is used by router" : "is not connected with router");
		return false;
	}
	return true;
}

/* Flags are what a flavor is to say. */
static bool router_check_new(struct job *job, const struct router *router, uint64_t given,
			     GError **error)
{
	const uint64_t flags =
		attr_bit_of(&router_table, "distributed") | attr_bit_of(&router_table, "ha");

	if (!uuid_is_none(router->flavor_id) && given & flags) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "BadRequest: Bad router request: distributed and ha cannot be "
			    "given together with flavor_id.");
		return false;
	}
	return flavor_take_router(job, router, error) &&
	       zone_check_hints(job, &router->zone_hints, error);
}

/* The way out is not taken from under what goes by it. */
static bool router_check_way(struct job *job, const struct router *before,
			     const struct router *router, GError **error)
{
	g_autoptr(GError) wrong = NULL;
	char id[UUID_TEXT];

	if (router_check_routes(job, router, &wrong))
		return true;
	g_set_error(
		error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
		"RouterInterfaceInUseByRoute: The gateway of router %s cannot be changed, as "
		"it is required by one or more routes.",
		uuid_print(before->object.id, id));
	return false;
}

static bool router_put(struct job *job, const void *before, void *object, uint64_t given,
		       GError **error)
{
	struct router *router = object;

	if (!router_validate(router, error) ||
	    (!before && !router_check_new(job, router, given, error)) ||
	    !gateway_put(job, before, router, given, error))
		return false;
	if (!before)
		return router_take_number(job, router, error);
	if (given & attr_bit_of(&router_table, "routes"))
		return router_check_routes(job, router, error);
	return !(given & attr_bit_of(&router_table, "external_gateway_info")) ||
	       router_check_way(job, before, router, error);
}

static void router_release(struct job *job, const struct router *router)
{
	char key[CLAIM_TEXT];

	gateway_forget(job, router);
	job_unclaim(job, claim_print_router(router->number, key));
}

void router_drop(struct job *job, const struct router *router)
{
	router_release(job, router);
	job_del(job, KIND_ROUTER, router->object.id);
}

static bool router_del(struct job *job, const void *object, GError **error)
{
	const struct router *router = object;
	char id[UUID_TEXT];

	if (cloud_list_interfaces(job_cloud(job), router->object.id)->len) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
			    "RouterInUse: Router %s still has ports",
			    uuid_print(router->object.id, id));
		return false;
	}
	router_release(job, router);
	return true;
}

/* Routes added and removed without telling them all */

static bool route_equal(const struct host_route *a, const struct host_route *b)
{
	return prefix_equal(a->destination, b->destination) && ip_equal(a->nexthop, b->nexthop);
}

/* {"router":{"routes":[...]}} into a router of its own. */
static struct router *extraroutes_decode(json_t *body, GError **error)
{
	struct router *wanted = attr_new(&router_table);
	json_t *routes = json_object_get(json_object_get(body, "router"), "routes");
	json_t *only = json_pack("{s:O?}", "routes", routes);
	uint64_t given;

	if (!routes || !attr_decode(&router_table, only, ATTR_PUT, wanted, &given, error)) {
		if (!routes)
			g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
				    "Unable to find 'routes' in request body");
		attr_free(&router_table, g_steal_pointer(&wanted));
	}
	json_decref(only);
	return wanted;
}

static bool routes_have(const struct vec *routes, const struct host_route *route, uint32_t *at)
{
	for (uint32_t i = 0; i < routes->count; i++) {
		if (!route_equal(vec_at(struct host_route, routes, i), route))
			continue;
		*at = i;
		return true;
	}
	return false;
}

static bool extraroutes_build(struct job *job, struct uuid id, json_t *body, bool add,
			      GError **error)
{
	struct router *wanted = extraroutes_decode(body, error);
	struct router *router;
	uint32_t at;

	if (!wanted)
		return false;
	router = job_edit(job, KIND_ROUTER, id);
	for (uint32_t i = 0; i < wanted->routes.count; i++) {
		const struct host_route *route = vec_at(struct host_route, &wanted->routes, i);
		bool have = routes_have(&router->routes, route, &at);

		if (add && !have) {
			struct host_route *to = vec_add(&router->routes, sizeof(*to));

			*to = *route;
		} else if (!add && have) {
			*vec_at(struct host_route, &router->routes, at) = *vec_at(
				struct host_route, &router->routes, router->routes.count - 1);
			router->routes.count--;
		}
	}
	attr_free(&router_table, wanted);
	return router_validate(router, error) && router_check_routes(job, router, error);
}

static bool extraroutes_add(struct job *job, struct uuid id, json_t *body, GString *reply,
			    GError **error)
{
	return extraroutes_build(job, id, body, true, error);
}

static bool extraroutes_remove(struct job *job, struct uuid id, json_t *body, GString *reply,
			       GError **error)
{
	return extraroutes_build(job, id, body, false, error);
}

static const struct resource_action actions[] = {
	{"add_router_interface", interface_add},
	{"remove_router_interface", interface_remove},
	{"add_extraroutes", extraroutes_add},
	{"remove_extraroutes", extraroutes_remove},
	{NULL, NULL},
};

const struct resource api_router = {
	.kind = KIND_ROUTER,
	.late = true, /* it tells of its gateway's addresses */
	.put = router_put,
	.del = router_del,
	.actions = actions,
};
