/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Table `port`, and the bookkeeping of contributions: a port that changes takes back all
 * that it has contributed and contributes anew. What nets out to nothing is printed again
 * to the same text, which changes no row.
 */
#include "compile/port.h"

#include "compile/host.h"
#include "compile/location.h"
#include "compile/network.h"
#include "compile/policy.h"
#include "compile/route.h"
#include "compile/router.h"
#include "compile/row.h"
#include "compile/text.h"

static struct port_unit *port_get(struct compile *compile, struct uuid id)
{
	struct port_unit *unit = g_hash_table_lookup(compile->ports, &id);

	if (unit)
		return unit;
	unit = g_new0(struct port_unit, 1);
	unit->id = id;
	g_hash_table_insert(compile->ports, &unit->id, unit);
	return unit;
}

static void port_retract(struct compile *compile, struct port_unit *unit)
{
	if (!unit->net)
		return;
	location_del_port(compile, unit);
	if (unit->is_interface) {
		router_queue(compile, router_of(unit->link));
		router_del_link(compile, unit->link);
	} else if (unit->is_gateway) {
		router_queue(compile, unit->gateway);
	} else if (unit->member) {
		network_del_port(compile, unit->member);
	}
	unit->member = NULL;
	unit->is_interface = unit->is_gateway = false;
	unit->net = NULL;
}

/* Where its workload is; NULL: it has none that a host is to wire. */
static struct host_unit *port_host(const struct port_unit *unit)
{
	bool is_workload = !unit->is_interface && !unit->is_gateway && unit->member;

	return is_workload ? unit->member->host : NULL;
}

static void port_contribute_interface(struct compile *compile, struct port_unit *unit,
				      const struct port *port)
{
	struct uuid id = route_port_router(port);
	struct router_unit *router = g_hash_table_lookup(compile->routers, &id);

	if (!router || !router->known)
		return;
	unit->link = router_add_link(compile, unit->net, router);
	unit->is_interface = true;
	router_queue(compile, router);
}

static void port_contribute_gateway(struct compile *compile, struct port_unit *unit,
				    const struct port *port)
{
	struct uuid id = route_port_router(port);
	struct router_unit *router = g_hash_table_lookup(compile->routers, &id);

	if (!router || !router->known)
		return;
	unit->gateway = router;
	unit->is_gateway = true;
	router_queue(compile, router);
}

static void port_contribute_workload(struct compile *compile, struct port_unit *unit,
				     const struct port *port)
{
	struct host_unit *host = host_get(compile, g_intern_string(port->host_id));

	location_add_claims(compile, unit, port);
	unit->member = network_add_port(compile, unit->net, host);
}

static void port_update_row(struct compile *compile, struct port_unit *unit,
			    const struct port *port)
{
	struct row_place place = {.table = COMPILE_PORT, .host = port_host(unit)};
	char id[UUID_TEXT];

	if (!place.host) {
		row_retire(compile, &unit->row);
		return;
	}
	place.list = place.host->rows;
	row_put(compile, &unit->row, place, g_strdup(uuid_print(unit->id, id)),
		text_print_port(compile->cloud,
				cloud_find_network(compile->cloud, unit->net->id), port));
}

void port_update(struct compile *compile, struct uuid id)
{
	const struct port *port = cloud_find_port(compile->cloud, id);
	struct port_unit *unit = port_get(compile, id);
	struct net_unit *net = NULL;

	compile->work.ports++;
	port_retract(compile, unit);
	if (port)
		net = g_hash_table_lookup(compile->nets, &port->network_id);
	if (net && net->known) {
		unit->net = net;
		location_add_addresses(compile, unit, port);
		if (port_is_router_interface(port))
			port_contribute_interface(compile, unit, port);
		else if (port_is_gateway(port))
			port_contribute_gateway(compile, unit, port);
		else if (text_is_workload(port))
			port_contribute_workload(compile, unit, port);
	}
	policy_set_port(compile, unit, port_host(unit) ? port : NULL, port_host(unit));
	port_update_row(compile, unit, port);
	if (!port)
		g_hash_table_remove(compile->ports, &id);
}

GRefString *port_print_row(const struct compile *compile, const struct row *row)
{
	const struct network *network;
	const struct port *port = NULL;
	g_autofree char *text = NULL;
	struct uuid id;

	if (uuid_parse(row->key, &id))
		port = cloud_find_port(compile->cloud, id);
	network = port ? cloud_find_network(compile->cloud, port->network_id) : NULL;
	if (!network)
		return NULL;
	text = text_print_port(compile->cloud, network, port);
	return g_ref_string_new(text);
}

void port_doubt_row(struct compile *compile, struct row *row)
{
	struct uuid id;

	row_doubt(row);
	if (uuid_parse(row->key, &id))
		compile_mark(compile, KIND_PORT, id);
}

void port_free(void *data)
{
	struct port_unit *unit = data;

	location_free_port(unit);
	g_free(unit);
}
