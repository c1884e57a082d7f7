/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A router's revision grows with its gateway, and the gateway is a child of its network and of the
 * policy by which the router's project may use that: so two changes, the end of the network, and the
 * end of what lets the project use it exclude each other.
 */
#include "api/gateway.h"

#include "api/access.h"
#include "api/address.h"
#include "api/interface.h"
#include "api/log.h"
#include "api/port.h"
#include "api/rbac.h"
#include "lib/error.h"
#include "model/attr_json.h"
#include "model/gateway.h"

/* What is asked for */

/* NULL without an error: nothing. To be freed. */
static struct gateway_wish *wish_read(const char *text, GError **error)
{
	struct gateway_wish *wish;
	uint64_t given;
	json_t *body;

	if (!text)
		return NULL;
	wish = attr_new(&gateway_wish_table);
	body = json_loads(text, 0, NULL);
	if (!attr_decode(&gateway_wish_table, body, ATTR_POST, wish, &given, error)) {
		g_prefix_error(error, "Invalid input for external_gateway_info. Reason: ");
		attr_free(&gateway_wish_table, g_steal_pointer(&wish));
	}
	json_decref(body);
	return wish;
}

static bool bad_request(GError **error, const char *format, const char *what)
{
	g_autoptr(GString) text = g_string_new(format);

	g_string_replace(text, "%", what, 1);
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
		    "BadRequest: Bad router request: %s.", text->str);
	return false;
}

/* The router outside has that address. */
static bool wish_check_addresses(const struct gateway_wish *wish, const GPtrArray *subnets,
				 GError **error)
{
	char text[IP_TEXT];

	for (uint32_t i = 0; i < wish->fixed_ips.count; i++) {
		struct ip ip = vec_at(struct fixed_ip, &wish->fixed_ips, i)->ip;

		for (guint j = 0; j < subnets->len && !ip_is_none(ip); j++)
			if (ip_equal(ip,
				     ((const struct subnet *)subnets->pdata[j])->gateway_ip))
				return bad_request(
					error, "External IP % is the same as the gateway IP",
					ip_print(ip, text));
	}
	return true;
}

static bool wish_check(struct job *job, const struct router *router,
		       const struct gateway_wish *wish, GError **error)
{
	const struct resource *networks = resource_get(KIND_NETWORK);
	const GPtrArray *subnets = cloud_list_subnets(job_cloud(job), wish->network_id);
	const struct network *network = job_find(job, KIND_NETWORK, wish->network_id);
	char id[UUID_TEXT];

	if (!network || !access_sees(job_api(job)->access, job_caller(job), networks, network))
		return resource_not_found(networks, wish->network_id, error);
	if (!network->external)
		return bad_request(error, "Network % is not an external network",
				   uuid_print(wish->network_id, id));
	for (guint i = 0; i < subnets->len; i++)
		if (!interface_check_overlap(job, router, subnets->pdata[i], error))
			return false;
	return wish_check_addresses(wish, subnets, error);
}

/* The port */

const struct port *gateway_find(struct job *job, const struct router *router)
{
	const struct port *present = cloud_find_gateway(job_cloud(job), router->object.id);
	g_autoptr(GPtrArray) changed = job_list_changed(job, KIND_PORT);
	char id[UUID_TEXT];

	uuid_print(router->object.id, id);
	for (guint i = 0; i < changed->len; i++) {
		const struct port *port = changed->pdata[i];

		if (port_is_gateway(port) && g_strcmp0(port->device_id, id) == 0)
			return port;
	}
	return present ? job_find(job, KIND_PORT, present->object.id) : NULL;
}

static uint64_t wish_given(const struct gateway_wish *wish)
{
	return wish->fixed_ips.count ? attr_bit_of(&port_table, "fixed_ips") : 0;
}

static void wish_move_addresses(struct gateway_wish *wish, struct port *port)
{
	vec_done(&port->fixed_ips, &port_fixed_ip_table);
	port->fixed_ips = wish->fixed_ips;
	wish->fixed_ips = (struct vec){0};
}

/* It is nobody's: a project sees it on its router only. */
static bool gateway_make(struct job *job, const struct router *router,
			 struct gateway_wish *wish, GError **error)
{
	const struct network *network = job_find(job, KIND_NETWORK, wish->network_id);
	struct port *port = job_add_free(job, KIND_PORT, attr_new(&port_table));
	const struct host *host =
		gateway_choose_host(job_cloud(job), router->object.id, network);
	uint64_t given = wish_given(wish);
	char id[UUID_TEXT];

	port->object.project_id = g_intern_static_string("");
	port->network_id = wish->network_id;
	port->device_owner = g_strdup(PORT_OWNER_GATEWAY);
	port->device_id = g_strdup(uuid_print(router->object.id, id));
	port->host_id = host ? g_intern_string(host->object.name) : NULL;
	wish_move_addresses(wish, port);
	rbac_use_external(job, network, router->object.project_id);
	return api_port_complete(job, NULL, port, given, error);
}

static bool gateway_move(struct job *job, const struct port *before, struct gateway_wish *wish,
			 GError **error)
{
	uint64_t given = wish_given(wish);
	struct port *port;

	if (!given)
		return true;
	port = job_edit(job, KIND_PORT, before->object.id);
	wish_move_addresses(wish, port);
	return api_port_complete(job, before, port, given, error);
}

static void gateway_drop(struct job *job, const struct port *port)
{
	if (!port)
		return;
	address_release(job, port);
	log_forget(job, port->object.id);
	job_del(job, KIND_PORT, port->object.id);
}

static bool gateway_set(struct job *job, const struct port *present, struct router *router,
			struct gateway_wish *wish, GError **error)
{
	if (!wish_check(job, router, wish, error))
		return false;
	router->gateway_network_id = wish->network_id;
	router->enable_snat = wish->enable_snat;
	if (present && uuid_equal(present->network_id, wish->network_id))
		return gateway_move(job, present, wish, error);
	gateway_drop(job, present);
	return gateway_make(job, router, wish, error);
}

bool gateway_put(struct job *job, const struct router *before, struct router *router,
		 uint64_t given, GError **error)
{
	g_autofree char *text = g_steal_pointer(&router->gateway_wish);
	const struct port *present;
	struct gateway_wish *wish;
	g_autoptr(GError) wrong = NULL;
	bool good;

	if (!(given & attr_bit_of(&router_table, "external_gateway_info")))
		return true;
	wish = wish_read(text, &wrong);
	if (wrong) {
		g_propagate_error(error, g_steal_pointer(&wrong));
		return false;
	}
	present = before ? cloud_find_gateway(job_cloud(job), router->object.id) : NULL;
	if (wish) {
		good = gateway_set(job, present, router, wish, error);
		attr_free(&gateway_wish_table, wish);
		return good;
	}
	gateway_drop(job, present);
	router->gateway_network_id = uuid_none;
	router->enable_snat = true;
	return true;
}

void gateway_forget(struct job *job, const struct router *router)
{
	gateway_drop(job, cloud_find_gateway(job_cloud(job), router->object.id));
}

/* Who has gateways where */

static const struct router *gateway_router(const struct cloud *cloud, const struct port *port)
{
	struct uuid id;

	return port_is_gateway(port) && port->device_id && uuid_parse(port->device_id, &id)
		       ? cloud_find_router(cloud, id)
		       : NULL;
}

void gateway_users(const struct cloud *cloud, struct uuid network, GHashTable *projects)
{
	const GPtrArray *ports = cloud_list_ports(cloud, network);

	for (guint i = 0; i < ports->len; i++) {
		const struct router *router = gateway_router(cloud, ports->pdata[i]);

		if (router)
			g_hash_table_add(projects, (void *)router->object.project_id);
	}
}

bool gateway_is_used(const struct cloud *cloud, struct uuid network)
{
	const GPtrArray *ports = cloud_list_ports(cloud, network);

	for (guint i = 0; i < ports->len; i++)
		if (port_is_gateway(ports->pdata[i]))
			return true;
	return false;
}
