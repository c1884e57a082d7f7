/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All of it is one transaction, so there is nothing to be cleaned up when it fails. The network's id
 * follows from the project's: whoever is second, at whichever controller, finds the key there and
 * what the first has made.
 */
#include "api/topology.h"

#include <stdio.h>
#include <string.h>

#include "api/access.h"
#include "api/address.h"
#include "api/firewall_group.h"
#include "api/interface.h"
#include "api/made.h"
#include "api/network.h"
#include "api/reply.h"
#include "api/router.h"
#include "lib/error.h"
#include "model/attr_json.h"

#define CHECKED		"dry-run=pass"
#define SLAAC_PREFIXLEN 64

/* What is told of it. */
struct topology {
	char *id;
	const char *project_id; /* interned */
};

static const struct attr_table topology_table = {
	.singular = "auto_allocated_topology",
	.plural = "auto_allocated_topologies",
	.size = sizeof(struct topology),
	.attrs =
		(const struct attr[]){
			{.name = "id",
			 .type = ATTR_STRING,
			 .flags = ATTR_VISIBLE,
			 .offset = offsetof(struct topology, id)},
			{.name = "project_id",
			 .alias = "tenant_id",
			 .type = ATTR_SYMBOL,
			 .flags = ATTR_VISIBLE,
			 .offset = offsetof(struct topology, project_id)},
			OBJECT_END,
		},
};

/* One request: the data of its job. */
struct wish {
	struct http_request *request;
	char *project;
};

static struct uuid network_id(const char *project)
{
	static const struct uuid space = {{0x1e, 0x2b, 0x2f, 0x77, 0x0c, 0x6e, 0x4f, 0x0a, 0x9d,
					   0x35, 0x5c, 0x1b, 0x8a, 0x61, 0xe0, 0x4d}};

	return uuid_from_name(space, project);
}

static struct uuid router_id(const char *project)
{
	return uuid_from_name(network_id(project), "router");
}

static bool failed(const char *reason, GError **error)
{
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
		    "AutoAllocationFailure: Deployment error: %s.", reason);
	return false;
}

/* What it takes */

static const struct network *default_network(const struct cloud *cloud, GError **error)
{
	const GPtrArray *networks = cloud_list(cloud, KIND_NETWORK);

	for (guint i = 0; i < networks->len; i++) {
		const struct network *network = networks->pdata[i];

		if (network->is_default && network->external)
			return network;
	}
	failed("No default router:external network", error);
	return NULL;
}

/* The default pool of VERSION, if the caller may take from it. */
static const struct subnetpool *default_pool(const struct api *api, const struct caller *caller,
					     int64_t version)
{
	const GPtrArray *pools = cloud_list(api->cloud, KIND_SUBNETPOOL);

	for (guint i = 0; i < pools->len; i++) {
		const struct subnetpool *pool = pools->pdata[i];

		if (pool->is_default && pool->ip_version == version &&
		    access_sees(api->access, caller, resource_get(KIND_SUBNETPOOL), pool))
			return pool;
	}
	return NULL;
}

static bool requirements_check(const struct api *api, const struct caller *caller,
			       GError **error)
{
	if (!default_network(api->cloud, error))
		return false;
	return default_pool(api, caller, 4) || default_pool(api, caller, 6) ||
	       failed("No default subnetpools defined", error);
}

/* Making it */

static void object_name(struct object *object, const char *project, const char *name)
{
	object->project_id = g_intern_string(project);
	g_free(object->name);
	object->name = g_strdup(name);
}

static struct subnet *subnet_make(struct job *job, const char *project,
				  const struct network *network, const struct subnetpool *pool,
				  GError **error)
{
	const uint64_t given = attr_bit_of(&subnet_table, "network_id") |
			       attr_bit_of(&subnet_table, "ip_version") |
			       attr_bit_of(&subnet_table, "subnetpool_id");
	struct subnet *subnet = job_add(job, KIND_SUBNET, attr_new(&subnet_table));
	char name[32];

	snprintf(name, sizeof(name), "auto_allocated_subnet_v%d", (int)pool->ip_version);
	object_name(&subnet->object, project, name);
	subnet->network_id = network->object.id;
	subnet->ip_version = pool->ip_version;
	subnet->subnetpool_id = pool->object.id;
	/* Its ports have nobody who would set up anything for them. */
	if (pool->ip_version == 6 && pool->default_prefixlen == SLAAC_PREFIXLEN)
		subnet->ipv6_address_mode = subnet->ipv6_ra_mode = IPV6_MODE_SLAAC;
	return resource_get(KIND_SUBNET)->put(job, NULL, subnet, given, error) ? subnet : NULL;
}

/* One that was kept when the network went is joined to the new one. */
static struct router *router_make(struct job *job, const char *project,
				  const struct network *outside, GError **error)
{
	const uint64_t given = attr_bit_of(&router_table, "external_gateway_info");
	struct uuid id = router_id(project);
	const struct router *before = cloud_find_router(job_cloud(job), id);
	struct router *router =
		before ? job_edit(job, KIND_ROUTER, id)
		       : job_add_as(job, KIND_ROUTER, id, attr_new(&router_table));
	char text[UUID_TEXT];

	if (!before)
		object_name(&router->object, project, "auto_allocated_router");
	if (!uuid_is_none(router->gateway_network_id))
		return router;
	router->gateway_wish = g_strdup_printf("{\"network_id\":\"%s\"}",
					       uuid_print(outside->object.id, text));
	return api_router.put(job, before, router, given, error) ? router : NULL;
}

static bool topology_make(struct job *job, const char *project, GError **error)
{
	const struct network *outside = default_network(job_cloud(job), error);
	struct network *network;
	struct router *router;

	if (!outside || !requirements_check(job_api(job), job_caller(job), error))
		return false;
	network = job_add_as(job, KIND_NETWORK, network_id(project), attr_new(&network_table));
	object_name(&network->object, project, "auto_allocated_network");
	if (!api_network.put(job, NULL, network, 0, error))
		return false;
	router = router_make(job, project, outside, error);
	for (int64_t version = 4; router && version <= 6; version += 2) {
		const struct subnetpool *pool =
			default_pool(job_api(job), job_caller(job), version);
		const struct subnet *subnet =
			pool ? subnet_make(job, project, network, pool, error) : NULL;

		if (pool && (!subnet || !interface_join(job, router, subnet->object.id, error)))
			return false;
	}
	return router;
}

/* What is wrong with a part is told as such of the whole. What is in use, used up or over a quota
 * keeps its type. */
static void tell_whole(GError **error)
{
	g_autofree char *reason = NULL;

	if (!error || (!g_error_matches(*error, WEFT_ERROR, WEFT_ERROR_INVALID) &&
		       !g_error_matches(*error, WEFT_ERROR, WEFT_ERROR_NOT_FOUND)))
		return;
	reason = g_strdup((*error)->message);
	g_clear_error(error);
	failed(reason, error);
}

static bool make_build(struct job *job, GError **error)
{
	const struct wish *wish = job_data(job);

	if (cloud_find_network(job_cloud(job), network_id(wish->project)))
		return true;
	if (topology_make(job, wish->project, error))
		return true;
	tell_whole(error);
	return false;
}

static void answer(struct http_request *request, const char *id, const char *project)
{
	const struct topology topology = {(char *)id, project};
	gsize size;
	char *text = made_show(&topology_table, &topology, NULL,
			       &(const struct http_question){0}, &size);

	reply_json(request, 200, text, size);
}

static void make_finish(struct job *job, const GError *error)
{
	const struct wish *wish = job_data(job);
	char id[UUID_TEXT];

	if (error)
		reply_error(wish->request, error);
	else
		answer(wish->request, uuid_print(network_id(wish->project), id), wish->project);
}

static void wish_free(void *data)
{
	struct wish *wish = data;

	g_free(wish->project);
	g_free(wish);
}

static const struct job_ops make_ops = {
	.build = make_build,
	.finish = make_finish,
	.free = wish_free,
};

/* Taking it away */

static bool in_use(const char *type, const char *what, struct uuid id, GError **error)
{
	char text[UUID_TEXT];

	g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
		    "%s: Unable to complete operation "
		    "on %s %s: it is used by more than the topology.",
		    type, what, uuid_print(id, text));
	return false;
}

/* ROUTER's interfaces, which are all on NETWORK. */
static bool interfaces_del(struct job *job, const struct router *router, struct uuid network,
			   GError **error)
{
	const GPtrArray *ports = cloud_list_interfaces(job_cloud(job), router->object.id);

	for (guint i = 0; i < ports->len; i++) {
		const struct port *port = ports->pdata[i];

		if (!uuid_equal(port->network_id, network))
			return in_use("RouterInUse", "router", router->object.id, error);
		interface_drop(job, port);
	}
	return true;
}

static bool network_is_left(struct job *job, struct uuid id, GError **error)
{
	const GPtrArray *ports = cloud_list_ports(job_cloud(job), id);

	for (guint i = 0; i < ports->len; i++)
		if (job_find(job, KIND_PORT, ((struct object *)ports->pdata[i])->id))
			return in_use("NetworkInUse", "network", id, error);
	return true;
}

static bool drop_build(struct job *job, GError **error)
{
	const struct wish *wish = job_data(job);
	struct uuid id = network_id(wish->project);
	const struct network *network = cloud_find_network(job_cloud(job), id);
	const struct router *router =
		cloud_find_router(job_cloud(job), router_id(wish->project));

	if (!network)
		return true;
	if (router && !interfaces_del(job, router, id, error))
		return false;
	if (!network_is_left(job, id, error))
		return false;
	if (router)
		router_drop(job, router);
	network_drop(job, network);
	return true;
}

static void drop_finish(struct job *job, const GError *error)
{
	const struct wish *wish = job_data(job);

	if (error)
		reply_error(wish->request, error);
	else
		reply_json(wish->request, 204, NULL, 0);
}

static const struct job_ops drop_ops = {
	.build = drop_build,
	.finish = drop_finish,
	.free = wish_free,
};

/* Serving */

/* As of a network of the project. */
static bool may(const struct ask *ask, const char *rule, const char *project, GError **error)
{
	struct network of = {.object.project_id = project};

	if (access_sees_by(ask->api->access, ask->caller, rule, resource_get(KIND_NETWORK),
			   &of))
		return true;
	if (g_strcmp0(project, ask->caller->project_id) == 0)
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_DENIED,
			    "rule:%s is disallowed by policy", rule);
	else
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_DENIED,
			    "NotAuthorized: Not authorized.");
	return false;
}

/* Whether it is only asked if it could be made. */
static bool read_fields(const struct http_question *question, bool *dry, GError **error)
{
	*dry = false;
	for (gsize i = 0; i < question->query_count; i++) {
		if (strcmp(question->query[i].name, "fields") != 0)
			continue;
		*dry = strcmp(question->query[i].value, "dry-run") == 0;
		if (*dry)
			continue;
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "BadRequest: Bad auto_allocate request: Unrecognized field '%s'.",
			    question->query[i].value);
		return false;
	}
	return true;
}

static void start(const struct ask *ask, const struct job_ops *ops, const char *project)
{
	struct wish *wish = g_new0(struct wish, 1);

	wish->request = ask->request;
	wish->project = g_strdup(project);
	job_start(ask->api, ask->caller, ops, wish);
}

static bool serve_show(const struct ask *ask, const char *project, GError **error)
{
	char id[UUID_TEXT];
	bool dry;

	if (!may(ask, "get_auto_allocated_topology", project, error) ||
	    !read_fields(ask->question, &dry, error))
		return false;
	if (dry) {
		if (!requirements_check(ask->api, ask->caller, error))
			return false;
		answer(ask->request, CHECKED, project);
	} else if (cloud_find_network(ask->api->cloud, network_id(project))) {
		answer(ask->request, uuid_print(network_id(project), id), project);
	} else {
		start(ask, &make_ops, project);
	}
	return true;
}

void topology_serve(const struct ask *ask)
{
	const char *method = ask->question->method;
	const char *project = ask->id;
	g_autoptr(GError) error = NULL;

	if (project && strcmp(project, "None") == 0)
		project = ask->caller->project_id;
	if (!project || !*project || strlen(project) > 255 || ask->action)
		reply_plain_error(ask->request, 404, "HTTPNotFound",
				  "The resource could not be found.");
	else if (strcmp(method, "GET") == 0)
		serve_show(ask, project, &error);
	else if (strcmp(method, "DELETE") != 0)
		reply_plain_error(ask->request, 405, "HTTPMethodNotAllowed",
				  "The method is not allowed for this resource.");
	else if (may(ask, "delete_auto_allocated_topology", project, &error))
		start(ask, &drop_ops, project);
	if (error)
		reply_error(ask->request, error);
}
