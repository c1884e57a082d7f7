/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of the cloud is no object: what hosts report, which zones they are in, what the operator says.
 */
#include "model/cloud_report.h"

struct station *cloud_find_station(const struct cloud *cloud, const char *name)
{
	GQuark quark = g_quark_try_string(name);

	/* A name that was never interned has no station, and asking must not keep it. */
	return quark ? g_hash_table_lookup(cloud->stations, g_quark_to_string(quark)) : NULL;
}

struct station *cloud_get_station(struct cloud *cloud, const char *name)
{
	struct station *station = cloud_find_station(cloud, name);

	if (station)
		return station;
	station = g_new0(struct station, 1);
	station->ports = g_ptr_array_new();
	station->wired = g_hash_table_new_full(uuid_hash, uuid_same, g_free, NULL);
	g_hash_table_insert(cloud->stations, (void *)g_intern_string(name), station);
	return station;
}

void cloud_set_dns_domain(struct cloud *cloud, const char *domain)
{
	cloud->dns_domain = domain && *domain ? g_intern_string(domain) : NULL;
}

const char *cloud_get_dns_domain(const struct cloud *cloud)
{
	return cloud->dns_domain;
}

static void zone_collect(gpointer name, gpointer count, gpointer list)
{
	g_ptr_array_add(list, name);
}

GPtrArray *cloud_list_zones(const struct cloud *cloud)
{
	GPtrArray *list = g_ptr_array_new();

	g_hash_table_foreach(cloud->zones, zone_collect, list);
	return list;
}

bool cloud_has_zone(const struct cloud *cloud, const char *name)
{
	return g_hash_table_contains(cloud->zones, name);
}

/* What hosts report */

void cloud_set_host_alive(struct cloud *cloud, const char *host, bool alive, int64_t now)
{
	struct station *station = cloud_get_station(cloud, host);

	cloud->host_turns += station->alive != alive;
	station->alive = alive;
	station->since = station->seen_at = now;
}

uint64_t cloud_count_host_turns(const struct cloud *cloud)
{
	return cloud->host_turns;
}

void cloud_set_host_revision(struct cloud *cloud, const char *host, uint64_t revision)
{
	cloud_get_station(cloud, host)->revision = revision;
}

void cloud_set_host_seen(struct cloud *cloud, const char *host, int64_t now)
{
	cloud_get_station(cloud, host)->seen_at = now;
}

int64_t cloud_get_host_seen(const struct cloud *cloud, const char *host)
{
	const struct station *station = cloud_find_station(cloud, host);

	return station ? station->seen_at : 0;
}

int64_t cloud_get_host_since(const struct cloud *cloud, const char *host)
{
	const struct station *station = cloud_find_station(cloud, host);

	return station ? station->since : 0;
}

uint64_t cloud_get_host_revision(const struct cloud *cloud, const char *host)
{
	const struct station *station = cloud_find_station(cloud, host);

	return station ? station->revision : 0;
}

bool cloud_is_host_alive(const struct cloud *cloud, const char *host)
{
	const struct station *station = cloud_find_station(cloud, host);

	return station && station->alive;
}

void cloud_set_host_refused(struct cloud *cloud, const char *host, json_t *list)
{
	struct station *station = cloud_get_station(cloud, host);

	json_decref(station->refused);
	station->refused = json_array_size(list) ? list : NULL;
	if (station->refused) {
		g_hash_table_add(cloud->refusing, station);
		return;
	}
	json_decref(list);
	g_hash_table_remove(cloud->refusing, station);
}

const json_t *cloud_get_host_refused(const struct cloud *cloud, const char *host)
{
	const struct station *station = cloud_find_station(cloud, host);

	return station ? station->refused : NULL;
}

/* How often WHAT is in the lists of hosts that are alive; NULL: whatever it is. */
static gsize refused_count(const struct cloud *cloud, const char *what)
{
	GHashTableIter iter;
	gpointer key;
	gsize count = 0;

	g_hash_table_iter_init(&iter, cloud->refusing);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		const struct station *station = key;
		json_t *item;
		size_t i;

		json_array_foreach (station->alive ? station->refused : NULL, i, item)
			count += !what ||
				 g_strcmp0(json_string_value(json_object_get(item, "what")),
					   what) == 0;
	}
	return count;
}

bool cloud_is_refused(const struct cloud *cloud, const char *what)
{
	return refused_count(cloud, what) > 0;
}

gsize cloud_count_refused(const struct cloud *cloud)
{
	return refused_count(cloud, NULL);
}

bool cloud_is_port_wired(const struct cloud *cloud, const char *host, struct uuid port)
{
	const struct station *station = cloud_find_station(cloud, host);

	return station && g_hash_table_contains(station->wired, &port);
}

void cloud_clear_wired(struct cloud *cloud, const char *host)
{
	g_hash_table_remove_all(cloud_get_station(cloud, host)->wired);
}

/* A host may speak only of its own ports. */
void cloud_set_port_wired(struct cloud *cloud, const char *host, struct uuid id, bool wired)
{
	const struct port *port = cloud_find_port(cloud, id);
	struct station *station = cloud_get_station(cloud, host);

	if (!wired)
		g_hash_table_remove(station->wired, &id);
	else if (port && g_strcmp0(port->host_id, host) == 0)
		g_hash_table_add(station->wired, g_memdup2(&id, sizeof(id)));
}

enum status cloud_get_port_status(const struct cloud *cloud, const struct port *port)
{
	const struct station *station;

	if (!port->admin_state_up)
		return STATUS_DOWN;
	if (port_is_router_interface(port))
		return STATUS_ACTIVE;
	station = cloud_find_station(cloud, port->host_id);
	return station && station->alive &&
			       g_hash_table_contains(station->wired, &port->object.id)
		       ? STATUS_ACTIVE
		       : STATUS_DOWN;
}
