/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables `interface` and `route`. A router is recomputed whole when one of its interfaces
 * or routes changes, since any of them may decide the best route of a prefix; what comes
 * out is compared with what stood there, so hosts hear only of the difference.
 */
#include "compile/router.h"

#include "compile/component.h"
#include "compile/firewall.h"
#include "compile/text_gateway.h"
#include "compile/host.h"
#include "compile/route.h"
#include "compile/row.h"

static struct router_unit *router_new(struct compile *compile, struct uuid id)
{
	struct router_unit *router = g_new0(struct router_unit, 1);

	router->id = id;
	router->scope.rows = g_ptr_array_new();
	router->scope.firewalls = g_ptr_array_new();
	router->scope.links = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	router->table = g_hash_table_new(row_hash, row_same);
	component_new(&router->scope);
	g_hash_table_insert(compile->routers, &router->id, router);
	return router;
}

void router_queue(struct compile *compile, struct router_unit *router)
{
	g_hash_table_add(compile->dirty_routers, router);
}

static void mark_ports(struct compile *compile, struct uuid id)
{
	const struct port *gateway = cloud_find_gateway(compile->cloud, id);

	compile_mark_ports(compile, cloud_list_interfaces(compile->cloud, id));
	if (gateway)
		compile_mark(compile, KIND_PORT, gateway->object.id);
}

void router_update(struct compile *compile, struct uuid id)
{
	const struct router *object = cloud_find_router(compile->cloud, id);
	struct router_unit *router = g_hash_table_lookup(compile->routers, &id);

	if (!object && !router)
		return;
	if (!router)
		router = router_new(compile, id);
	if (router->known != !!object)
		mark_ports(compile, id);
	router->known = object;
	router_queue(compile, router);
	if (!object)
		g_ptr_array_add(compile->gone, &router->scope);
}

/* ----------------------------------------------------------------------- rows */

struct recompute {
	struct compile *compile;
	struct router_unit *router;
};

static void router_put(enum compile_table table, char *key, char *value, void *data)
{
	struct recompute *recompute = data;
	struct router_unit *router = recompute->router;
	struct row_place place = {
		.table = table, .list = router->scope.rows, .scope = &router->scope};
	struct row probe = {.table = table, .key = key, .hash = compile_row_hash(table, key)};
	struct row *row = g_hash_table_lookup(router->table, &probe);
	bool is_new = !row;

	row_put(recompute->compile, &row, place, key, value);
	row->seen = router->pass;
	if (is_new)
		g_hash_table_add(router->table, row);
}

/* Whoever carries the gateway sees the router, though it may have no port near it. */
static void update_carrier(struct compile *compile, struct router_unit *router,
			   const struct router *object)
{
	struct text_gateway gateway;
	const char *host = object && text_find_gateway(compile->cloud, object, &gateway)
				   ? text_get_carrier(gateway.port)
				   : NULL;

	router->carrier = host ? host_get(compile, g_intern_string(host)) : NULL;
	if (router->carrier == router->scope.carrier || router->queued)
		return;
	router->queued = true;
	g_ptr_array_add(compile->dirty_carriers, router);
}

void router_update_rows(struct compile *compile, struct router_unit *router)
{
	const struct router *object = cloud_find_router(compile->cloud, router->id);
	struct recompute recompute = {.compile = compile, .router = router};
	GHashTableIter iter;
	gpointer key;

	compile->work.routers++;
	router->pass++;
	if (object)
		route_visit_router(compile->cloud, object, router_put, &recompute);
	firewall_update_router(compile, &router->scope, object);
	update_carrier(compile, router, object);
	g_hash_table_iter_init(&iter, router->table);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		struct row *row = key;

		if (row->seen == router->pass)
			continue;
		g_hash_table_iter_remove(&iter);
		row_retire(compile, &row);
	}
}

void router_join_carrier(struct compile *compile, struct router_unit *router)
{
	if (router->carrier && router->carrier != router->scope.carrier)
		component_join(compile, &router->scope, router->carrier);
}

void router_leave_carrier(struct compile *compile, struct router_unit *router)
{
	struct host_unit *left = router->scope.carrier;

	router->queued = false;
	if (left == router->carrier)
		return;
	router->scope.carrier = router->carrier;
	if (left)
		component_leave(compile, &router->scope, left);
}

/* ---------------------------------------------------------------------- links */

struct router_unit *router_of(struct link *link)
{
	return (struct router_unit *)((char *)link->router -
				      G_STRUCT_OFFSET(struct router_unit, scope));
}

static void link_queue(struct compile *compile, struct link *link)
{
	if (link->queued)
		return;
	link->queued = true;
	g_ptr_array_add(compile->dirty_links, link);
}

struct link *router_add_link(struct compile *compile, struct net_unit *net,
			     struct router_unit *router)
{
	struct link *link = g_hash_table_lookup(router->scope.links, &net->scope);

	if (!link) {
		link = g_new0(struct link, 1);
		link->net = &net->scope;
		link->router = &router->scope;
		g_hash_table_insert(router->scope.links, &net->scope, link);
		g_hash_table_insert(net->scope.links, &router->scope, link);
	}
	if (!link->count++)
		link_queue(compile, link);
	return link;
}

void router_del_link(struct compile *compile, struct link *link)
{
	if (!--link->count)
		link_queue(compile, link);
}

void router_join_link(struct compile *compile, struct link *link)
{
	if (!link->count || link->joined)
		return;
	link->joined = true;
	component_merge(compile, link->net, link->router);
}

void router_part_link(struct link *link, GHashTable *parted)
{
	link->queued = false;
	if (link->count)
		return;
	if (link->joined)
		g_hash_table_add(parted, link->net);
	g_hash_table_remove(link->net->links, link->router);
	g_hash_table_remove(link->router->links, link->net);
}

void router_free(void *data)
{
	struct router_unit *router = data;

	g_hash_table_destroy(router->table);
	for (guint i = 0; i < router->scope.rows->len; i++)
		compile_row_free(router->scope.rows->pdata[i]);
	g_ptr_array_free(router->scope.rows, true);
	g_ptr_array_free(router->scope.firewalls, true);
	g_hash_table_destroy(router->scope.links);
	g_free(router);
}
