/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mirror of the store. Every index is changed in one place: when an object is
 * linked or unlinked.
 */
#include "model/cloud.h"

#include <string.h>

#include "model/child_index.h"
#include "model/cloud_report.h"
#include "model/firewall_index.h"
#include "model/ipam.h"
#include "model/security_index.h"
#include "model/selector_index.h"

/* Which of object.places belongs to which list. */
enum place {
	PLACE_KIND,
	PLACE_NETWORK,
	PLACE_HOST,
};

/* What hangs on a network. Outlives it while something does: changes come in any order. */
struct group {
	struct uuid id; /* first: the key */
	GPtrArray *subnets;
	GPtrArray *ports;
	GHashTable *by_mac; /* set of struct port, the last with its MAC */
};

static const struct attr_table *const tables[KIND_COUNT] = {
	[KIND_HOST] = &host_table,
	[KIND_NETWORK] = &network_table,
	[KIND_SUBNET] = &subnet_table,
	[KIND_ROUTER] = &router_table,
	[KIND_PORT] = &port_table,
	[KIND_NETWORK_ACL] = &network_acl_table,
	[KIND_NETWORK_ACL_RULE] = &network_acl_rule_table,
	[KIND_SECURITY_GROUP] = &security_group_table,
	[KIND_SECURITY_RULE] = &security_rule_table,
	[KIND_DEFAULT_RULE] = &default_rule_table,
	[KIND_ADDRESS_GROUP] = &address_group_table,
	[KIND_LOG] = &flow_log_table,
	[KIND_FLAVOR] = &flavor_table,
	[KIND_SERVICE_PROFILE] = &service_profile_table,
	[KIND_POLICY] = &selector_policy_table,
	[KIND_RBAC_POLICY] = &rbac_policy_table,
	[KIND_ADDRESS_SCOPE] = &address_scope_table,
	[KIND_SUBNETPOOL] = &subnetpool_table,
	[KIND_FIREWALL_RULE] = &firewall_rule_table,
	[KIND_FIREWALL_POLICY] = &firewall_policy_table,
	[KIND_FIREWALL_GROUP] = &firewall_group_table,
	[KIND_SEGMENT] = &segment_table,
	[KIND_SEGMENT_RANGE] = &segment_range_table,
};

const struct attr_table *cloud_table(enum kind kind)
{
	return tables[kind];
}

/* Making and ending */

/* A set of ports takes less than a table from their MACs. */
static guint port_mac_hash(gconstpointer key)
{
	const struct mac *mac = &((const struct port *)key)->mac;

	return ((guint)mac->b[2] << 24 | mac->b[3] << 16 | mac->b[4] << 8 | mac->b[5]) *
	       2654435761u;
}

static gboolean port_mac_same(gconstpointer a, gconstpointer b)
{
	const struct port *one = a, *other = b;

	return mac_equal(one->mac, other->mac);
}

static guint ip_hash(gconstpointer key)
{
	const struct ip *ip = key;
	guint word;

	memcpy(&word, ip->b + 12, sizeof(word));
	return word * 2654435761u;
}

static gboolean ip_same(gconstpointer a, gconstpointer b)
{
	return memcmp(a, b, sizeof(struct ip)) == 0;
}

static void group_free(void *data)
{
	struct group *group = data;

	g_ptr_array_unref(group->subnets);
	g_ptr_array_unref(group->ports);
	g_hash_table_unref(group->by_mac);
	g_free(group);
}

static void station_free(void *data)
{
	struct station *station = data;

	g_ptr_array_unref(station->ports);
	g_hash_table_unref(station->wired);
	json_decref(station->refused);
	g_free(station);
}

struct cloud *cloud_new(void)
{
	struct cloud *cloud = g_new0(struct cloud, 1);

	for (unsigned int kind = 0; kind < KIND_COUNT; kind++) {
		cloud->objects[kind] = g_hash_table_new(uuid_hash, uuid_same);
		cloud->lists[kind] = g_ptr_array_new();
		cloud->shelves[kind] = g_new0(GPtrArray *, CLOUD_SHELVES);
		cloud->counts[kind] = g_hash_table_new(g_direct_hash, g_direct_equal);
	}
	cloud->groups = g_hash_table_new_full(uuid_hash, uuid_same, NULL, group_free);
	cloud->ipams =
		g_hash_table_new_full(uuid_hash, uuid_same, g_free, (GDestroyNotify)ipam_free);
	cloud->interfaces = child_index_new();
	cloud->gateways = child_index_new();
	cloud->pool_subnets = child_index_new();
	cloud->acl_rules = child_index_new();
	cloud->acl_subnets = child_index_new();
	cloud->stations =
		g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, station_free);
	cloud->refusing = g_hash_table_new(NULL, NULL);
	cloud->hosts = g_hash_table_new(g_str_hash, g_str_equal);
	cloud->tunnels = g_hash_table_new(ip_hash, ip_same);
	cloud->zones = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	cloud->vnis = g_hash_table_new(g_direct_hash, g_direct_equal);
	cloud->segments = child_index_new();
	cloud->places = g_hash_table_new(segment_place_hash, segment_place_same);
	cloud->numbers = g_hash_table_new(g_direct_hash, g_direct_equal);
	cloud->security = security_index_new();
	cloud->selectors = selector_index_new();
	cloud->rbac = rbac_index_new();
	cloud->firewalls = firewall_index_new();
	cloud->empty = g_ptr_array_new();
	cloud->ears = g_array_new(FALSE, FALSE, sizeof(struct ear));
	return cloud;
}

void cloud_free(struct cloud *cloud)
{
	if (!cloud)
		return;
	g_hash_table_unref(cloud->ipams);
	g_hash_table_unref(cloud->groups);
	child_index_free(cloud->interfaces);
	child_index_free(cloud->gateways);
	child_index_free(cloud->pool_subnets);
	child_index_free(cloud->acl_rules);
	child_index_free(cloud->acl_subnets);
	g_hash_table_unref(cloud->stations);
	g_hash_table_unref(cloud->refusing);
	g_hash_table_unref(cloud->hosts);
	g_hash_table_unref(cloud->tunnels);
	g_hash_table_unref(cloud->zones);
	g_hash_table_unref(cloud->vnis);
	child_index_free(cloud->segments);
	g_hash_table_unref(cloud->places);
	g_hash_table_unref(cloud->numbers);
	for (unsigned int kind = 0; kind < KIND_COUNT; kind++) {
		g_hash_table_unref(cloud->objects[kind]);
		g_hash_table_unref(cloud->counts[kind]);
		for (guint i = 0; i < cloud->lists[kind]->len; i++)
			attr_free(tables[kind], cloud->lists[kind]->pdata[i]);
		g_ptr_array_unref(cloud->lists[kind]);
		for (guint i = 0; i < CLOUD_SHELVES; i++)
			if (cloud->shelves[kind][i])
				g_ptr_array_unref(cloud->shelves[kind][i]);
		g_free(cloud->shelves[kind]);
	}
	security_index_free(cloud->security);
	selector_index_free(cloud->selectors);
	rbac_index_free(cloud->rbac);
	firewall_index_free(cloud->firewalls);
	g_ptr_array_unref(cloud->empty);
	g_array_unref(cloud->ears);
	g_free(cloud);
}

/* Lists with places: adding and deleting cost the same however long they are. */

static void list_add(GPtrArray *list, struct object *object, enum place place)
{
	object->places[place] = list->len;
	g_ptr_array_add(list, object);
}

static void list_del(GPtrArray *list, const struct object *object, enum place place)
{
	guint at = object->places[place];
	struct object *moved;

	g_assert(at < list->len && list->pdata[at] == object);
	g_ptr_array_remove_index_fast(list, at);
	if (at < list->len) {
		moved = list->pdata[at];
		moved->places[place] = at;
	}
}

/* Shelves are short: an object is found by looking. */

guint cloud_shelf_of(struct uuid id)
{
	G_STATIC_ASSERT(CLOUD_SHELVES == 1 << 12);
	return (guint)id.b[0] << 4 | id.b[1] >> 4;
}

static void shelf_add(struct cloud *cloud, enum kind kind, struct object *object)
{
	GPtrArray **shelf = &cloud->shelves[kind][cloud_shelf_of(object->id)];

	if (!*shelf)
		*shelf = g_ptr_array_new();
	g_ptr_array_add(*shelf, object);
}

static void shelf_del(struct cloud *cloud, enum kind kind, struct object *object)
{
	GPtrArray **shelf = &cloud->shelves[kind][cloud_shelf_of(object->id)];

	g_ptr_array_remove_fast(*shelf, object);
	if ((*shelf)->len == 0)
		g_clear_pointer(shelf, g_ptr_array_unref);
}

const GPtrArray *cloud_list_shelf(const struct cloud *cloud, enum kind kind, guint shelf)
{
	return cloud->shelves[kind][shelf] ? cloud->shelves[kind][shelf] : cloud->empty;
}

/* Indexes */

static struct group *cloud_get_group(struct cloud *cloud, struct uuid id)
{
	struct group *group = g_hash_table_lookup(cloud->groups, &id);

	if (group)
		return group;
	group = g_new0(struct group, 1);
	group->id = id;
	group->subnets = g_ptr_array_new();
	group->ports = g_ptr_array_new();
	group->by_mac = g_hash_table_new(port_mac_hash, port_mac_same);
	g_hash_table_insert(cloud->groups, &group->id, group);
	return group;
}

static void cloud_drop_group(struct cloud *cloud, struct uuid id)
{
	const struct group *group = g_hash_table_lookup(cloud->groups, &id);

	if (group && group->subnets->len == 0 && group->ports->len == 0)
		g_hash_table_remove(cloud->groups, &id);
}

/* The router that PORT, one of its kind when IS, names; none. */
static struct uuid port_router(const struct port *port, bool is)
{
	struct uuid router;

	return is && port->device_id && uuid_parse(port->device_id, &router) ? router
									     : uuid_none;
}

static void cloud_link_port(struct cloud *cloud, struct port *port)
{
	struct group *group = cloud_get_group(cloud, port->network_id);

	list_add(group->ports, &port->object, PLACE_NETWORK);
	g_hash_table_add(group->by_mac, port);
	if (port->host_id)
		list_add(cloud_get_station(cloud, port->host_id)->ports, &port->object,
			 PLACE_HOST);
	child_index_add(cloud->interfaces, port_router(port, port_is_router_interface(port)),
			port);
	child_index_add(cloud->gateways, port_router(port, port_is_gateway(port)), port);
	security_index_link_port(cloud->security, port);
	for (uint32_t i = 0; i < port->fixed_ips.count; i++) {
		const struct fixed_ip *fixed = vec_at(struct fixed_ip, &port->fixed_ips, i);
		struct ipam *ipam = g_hash_table_lookup(cloud->ipams, &fixed->subnet_id);

		if (ipam)
			ipam_add(ipam, fixed->ip, port);
	}
}

static void cloud_unlink_port(struct cloud *cloud, struct port *port)
{
	struct group *group = cloud_get_group(cloud, port->network_id);

	for (uint32_t i = 0; i < port->fixed_ips.count; i++) {
		const struct fixed_ip *fixed = vec_at(struct fixed_ip, &port->fixed_ips, i);
		struct ipam *ipam = g_hash_table_lookup(cloud->ipams, &fixed->subnet_id);

		if (ipam)
			ipam_del(ipam, fixed->ip, port);
	}
	child_index_del(cloud->interfaces, port_router(port, port_is_router_interface(port)),
			port);
	child_index_del(cloud->gateways, port_router(port, port_is_gateway(port)), port);
	security_index_unlink_port(cloud->security, port);
	if (port->host_id)
		list_del(cloud_get_station(cloud, port->host_id)->ports, &port->object,
			 PLACE_HOST);
	if (g_hash_table_lookup(group->by_mac, port) == port)
		g_hash_table_remove(group->by_mac, port);
	list_del(group->ports, &port->object, PLACE_NETWORK);
}

/* The ports that came before their subnet are added to its index. */
static void cloud_link_subnet(struct cloud *cloud, struct subnet *subnet)
{
	struct ipam *ipam = g_hash_table_lookup(cloud->ipams, &subnet->object.id);
	struct group *group = cloud_get_group(cloud, subnet->network_id);

	list_add(group->subnets, &subnet->object, PLACE_NETWORK);
	if (ipam) {
		ipam_set_subnet(ipam, subnet);
		return;
	}
	ipam = ipam_new(subnet);
	g_hash_table_insert(cloud->ipams, g_memdup2(&subnet->object.id, sizeof(struct uuid)),
			    ipam);
	for (guint i = 0; i < group->ports->len; i++) {
		const struct port *port = group->ports->pdata[i];

		for (uint32_t j = 0; j < port->fixed_ips.count; j++) {
			const struct fixed_ip *fixed =
				vec_at(struct fixed_ip, &port->fixed_ips, j);

			if (uuid_equal(fixed->subnet_id, subnet->object.id))
				ipam_add(ipam, fixed->ip, port);
		}
	}
}

static void cloud_count_zone(struct cloud *cloud, const struct host *host, int change)
{
	const char *zone = agent_get_zone(host);
	int count = GPOINTER_TO_INT(g_hash_table_lookup(cloud->zones, zone)) + change;

	if (count)
		g_hash_table_replace(cloud->zones, g_strdup(zone), GINT_TO_POINTER(count));
	else
		g_hash_table_remove(cloud->zones, zone);
}

static void cloud_link(struct cloud *cloud, enum kind kind, void *object)
{
	struct network *network = object;
	struct segment *segment = object;
	struct router *router = object;
	struct host *host = object;

	switch (kind) {
	case KIND_HOST:
		if (host->object.name)
			g_hash_table_replace(cloud->hosts, host->object.name, host);
		g_hash_table_replace(cloud->tunnels, &host->tunnel_ip, host);
		cloud_count_zone(cloud, host, 1);
		break;
	case KIND_NETWORK:
		if (network_is_overlay(network))
			g_hash_table_replace(cloud->vnis,
					     GUINT_TO_POINTER(network->place.number), network);
		break;
	case KIND_SEGMENT:
		child_index_add(cloud->segments, segment->network_id, segment);
		g_hash_table_replace(cloud->places, &segment->place, segment);
		break;
	case KIND_SUBNET:
		cloud_link_subnet(cloud, object);
		child_index_add(cloud->acl_subnets, ((struct subnet *)object)->network_acl_id,
				object);
		child_index_add(cloud->pool_subnets, ((struct subnet *)object)->subnetpool_id,
				object);
		break;
	case KIND_ROUTER:
		g_hash_table_replace(cloud->numbers, GUINT_TO_POINTER(router->number), router);
		break;
	case KIND_PORT:
		cloud_link_port(cloud, object);
		break;
	case KIND_SECURITY_GROUP:
		security_index_link_group(cloud->security, object);
		break;
	case KIND_SECURITY_RULE:
		security_index_link_rule(cloud->security, object);
		break;
	case KIND_POLICY:
		selector_index_link(cloud->selectors, object);
		break;
	case KIND_RBAC_POLICY:
		rbac_index_link(cloud->rbac, object);
		break;
	case KIND_FIREWALL_POLICY:
		firewall_index_link_policy(cloud->firewalls, object);
		break;
	case KIND_FIREWALL_GROUP:
		firewall_index_link_group(cloud->firewalls, object);
		break;
	case KIND_NETWORK_ACL_RULE:
		child_index_add(cloud->acl_rules,
				((struct network_acl_rule *)object)->network_acl_id, object);
		break;
	default: /* asked for by their ids only */
		break;
	}
}

/* Keys that another object has taken over in the meantime stay. */
static void table_del(GHashTable *table, const void *key, const void *object)
{
	if (g_hash_table_lookup(table, key) == object)
		g_hash_table_remove(table, key);
}

static void cloud_unlink(struct cloud *cloud, enum kind kind, void *object)
{
	struct network *network = object;
	struct segment *segment = object;
	struct subnet *subnet = object;
	struct router *router = object;
	struct host *host = object;

	switch (kind) {
	case KIND_HOST:
		if (host->object.name)
			table_del(cloud->hosts, host->object.name, host);
		table_del(cloud->tunnels, &host->tunnel_ip, host);
		cloud_count_zone(cloud, host, -1);
		break;
	case KIND_NETWORK:
		table_del(cloud->vnis, GUINT_TO_POINTER(network->place.number), network);
		break;
	case KIND_SEGMENT:
		child_index_del(cloud->segments, segment->network_id, segment);
		table_del(cloud->places, &segment->place, segment);
		break;
	case KIND_SUBNET:
		list_del(cloud_get_group(cloud, subnet->network_id)->subnets, &subnet->object,
			 PLACE_NETWORK);
		child_index_del(cloud->pool_subnets, subnet->subnetpool_id, subnet);
		child_index_del(cloud->acl_subnets, subnet->network_acl_id, subnet);
		break;
	case KIND_ROUTER:
		table_del(cloud->numbers, GUINT_TO_POINTER(router->number), router);
		break;
	case KIND_PORT:
		cloud_unlink_port(cloud, object);
		break;
	case KIND_SECURITY_GROUP:
		security_index_unlink_group(cloud->security, object);
		break;
	case KIND_SECURITY_RULE:
		security_index_unlink_rule(cloud->security, object);
		break;
	case KIND_POLICY:
		selector_index_unlink(cloud->selectors, object);
		break;
	case KIND_RBAC_POLICY:
		rbac_index_unlink(cloud->rbac, object);
		break;
	case KIND_FIREWALL_POLICY:
		firewall_index_unlink_policy(cloud->firewalls, object);
		break;
	case KIND_FIREWALL_GROUP:
		firewall_index_unlink_group(cloud->firewalls, object);
		break;
	case KIND_NETWORK_ACL_RULE:
		child_index_del(cloud->acl_rules,
				((struct network_acl_rule *)object)->network_acl_id, object);
		break;
	default: /* asked for by their ids only */
		break;
	}
}

/* A port that is gone or elsewhere is not wired here any more. */
static void cloud_forget_wired(struct cloud *cloud, const struct port *before,
			       const struct port *after)
{
	struct station *station;

	if (!before || !before->host_id || (after && after->host_id == before->host_id))
		return;
	station = cloud_find_station(cloud, before->host_id);
	if (station)
		g_hash_table_remove(station->wired, &before->object.id);
}

/* What an object's end leaves empty. */
static void cloud_forget(struct cloud *cloud, enum kind kind, const void *object)
{
	const struct subnet *subnet = object;
	const struct port *port = object;

	switch (kind) {
	case KIND_SUBNET:
		g_hash_table_remove(cloud->ipams, &subnet->object.id);
		cloud_drop_group(cloud, subnet->network_id);
		break;
	case KIND_PORT:
		cloud_drop_group(cloud, port->network_id);
		break;
	default:
		break;
	}
}

static void count_add(GHashTable *counts, const char *project, int change)
{
	guint count = GPOINTER_TO_UINT(g_hash_table_lookup(counts, project)) + (guint)change;

	if (count)
		g_hash_table_insert(counts, (void *)project, GUINT_TO_POINTER(count));
	else
		g_hash_table_remove(counts, project);
}

void cloud_apply(struct cloud *cloud, enum kind kind, struct uuid id, void *after,
		 uint64_t store_revision)
{
	struct object *before = g_hash_table_lookup(cloud->objects[kind], &id);
	struct object *object = after;

	if (!before && !after)
		return;
	if (before) {
		cloud_unlink(cloud, kind, before);
		g_hash_table_remove(cloud->objects[kind], &id);
		count_add(cloud->counts[kind], before->project_id, -1);
		list_del(cloud->lists[kind], before, PLACE_KIND);
		shelf_del(cloud, kind, before);
	}
	if (object) {
		object->id = id;
		object->store_revision = store_revision;
		g_hash_table_insert(cloud->objects[kind], &object->id, object);
		count_add(cloud->counts[kind], object->project_id, 1);
		list_add(cloud->lists[kind], object, PLACE_KIND);
		shelf_add(cloud, kind, object);
		cloud_link(cloud, kind, object);
	}
	if (kind == KIND_PORT)
		cloud_forget_wired(cloud, (const struct port *)before, after);
	if (before && !after)
		cloud_forget(cloud, kind, before);
	for (guint i = 0; i < cloud->ears->len; i++) {
		const struct ear *ear = &g_array_index(cloud->ears, struct ear, i);

		ear->listener(kind, before, after, store_revision, ear->data);
	}
	attr_free(tables[kind], before);
}

void cloud_listen(struct cloud *cloud, cloud_listener listener, void *data)
{
	const struct ear ear = {listener, data};

	g_array_append_val(cloud->ears, ear);
}

/* Asking */

void *cloud_find(const struct cloud *cloud, enum kind kind, struct uuid id)
{
	return g_hash_table_lookup(cloud->objects[kind], &id);
}

const struct network *cloud_find_network(const struct cloud *cloud, struct uuid id)
{
	return cloud_find(cloud, KIND_NETWORK, id);
}

const struct subnet *cloud_find_subnet(const struct cloud *cloud, struct uuid id)
{
	return cloud_find(cloud, KIND_SUBNET, id);
}

const struct port *cloud_find_port(const struct cloud *cloud, struct uuid id)
{
	return cloud_find(cloud, KIND_PORT, id);
}

const struct router *cloud_find_router(const struct cloud *cloud, struct uuid id)
{
	return cloud_find(cloud, KIND_ROUTER, id);
}

const struct host *cloud_find_host(const struct cloud *cloud, const char *name)
{
	return g_hash_table_lookup(cloud->hosts, name);
}

const struct host *cloud_find_host_by_ip(const struct cloud *cloud, struct ip tunnel_ip)
{
	return g_hash_table_lookup(cloud->tunnels, &tunnel_ip);
}

const struct port *cloud_find_port_by_mac(const struct cloud *cloud, struct uuid network_id,
					  struct mac mac)
{
	const struct group *group = g_hash_table_lookup(cloud->groups, &network_id);
	const struct port wanted = {.mac = mac};

	return group ? g_hash_table_lookup(group->by_mac, &wanted) : NULL;
}

const struct network *cloud_find_network_by_vni(const struct cloud *cloud, struct vni vni)
{
	return g_hash_table_lookup(cloud->vnis, GUINT_TO_POINTER(vni.value));
}

const struct segment *cloud_find_segment(const struct cloud *cloud,
					 const struct segment_place *place)
{
	return g_hash_table_lookup(cloud->places, place);
}

const struct router *cloud_find_router_by_number(const struct cloud *cloud, uint32_t number)
{
	return g_hash_table_lookup(cloud->numbers, GUINT_TO_POINTER(number));
}

const struct security_group *cloud_find_group(const struct cloud *cloud, struct uuid id)
{
	return cloud_find(cloud, KIND_SECURITY_GROUP, id);
}

const struct address_group *cloud_find_address_group(const struct cloud *cloud, struct uuid id)
{
	return cloud_find(cloud, KIND_ADDRESS_GROUP, id);
}

static const GPtrArray *list_or_empty(const struct cloud *cloud, const GPtrArray *list)
{
	return list ? list : cloud->empty;
}

const GPtrArray *cloud_list_rules(const struct cloud *cloud, struct uuid group_id)
{
	return list_or_empty(cloud, security_index_rules(cloud->security, group_id));
}

const GPtrArray *cloud_list_remote_rules(const struct cloud *cloud, struct uuid group_id)
{
	return list_or_empty(cloud, security_index_remotes(cloud->security, group_id));
}

gsize cloud_count_group_ports(const struct cloud *cloud, struct uuid group_id)
{
	return security_index_count_ports(cloud->security, group_id);
}

const GPtrArray *cloud_list_policies(const struct cloud *cloud, const char *project)
{
	const GPtrArray *policies = selector_index_policies(cloud->selectors, project);

	return policies ? policies : cloud->empty;
}

gsize cloud_count_address_users(const struct cloud *cloud, struct uuid address_group_id)
{
	return selector_index_count_users(cloud->selectors, address_group_id);
}

const struct security_group *cloud_find_default_group(const struct cloud *cloud,
						      const char *project)
{
	return security_index_default(cloud->security, project);
}

const GPtrArray *cloud_list_segments(const struct cloud *cloud, struct uuid network_id)
{
	return list_or_empty(cloud, child_index_list(cloud->segments, network_id));
}

const GPtrArray *cloud_list_acl_rules(const struct cloud *cloud, struct uuid acl_id)
{
	return list_or_empty(cloud, child_index_list(cloud->acl_rules, acl_id));
}

const GPtrArray *cloud_list_acl_subnets(const struct cloud *cloud, struct uuid acl_id)
{
	return list_or_empty(cloud, child_index_list(cloud->acl_subnets, acl_id));
}

const GPtrArray *cloud_list_rule_policies(const struct cloud *cloud, struct uuid rule_id)
{
	return list_or_empty(cloud, firewall_index_policies(cloud->firewalls, rule_id));
}

const GPtrArray *cloud_list_policy_firewalls(const struct cloud *cloud, struct uuid policy_id)
{
	return list_or_empty(cloud, firewall_index_groups(cloud->firewalls, policy_id));
}

const struct firewall_group *cloud_find_port_firewall(const struct cloud *cloud,
						      struct uuid port_id)
{
	return firewall_index_find(cloud->firewalls, port_id);
}

const struct firewall_group *cloud_find_default_firewall(const struct cloud *cloud,
							 const char *project)
{
	return firewall_index_default(cloud->firewalls, project);
}

const GPtrArray *cloud_list_pool_subnets(const struct cloud *cloud, struct uuid pool_id)
{
	return list_or_empty(cloud, child_index_list(cloud->pool_subnets, pool_id));
}

struct uuid cloud_get_scope(const struct cloud *cloud, const struct subnet *subnet)
{
	const struct subnetpool *pool =
		cloud_find(cloud, KIND_SUBNETPOOL, subnet->subnetpool_id);

	return pool ? pool->address_scope_id : uuid_none;
}

const GPtrArray *cloud_list_grants(const struct cloud *cloud, struct uuid object_id)
{
	return list_or_empty(cloud, rbac_index_list(cloud->rbac, object_id));
}

const struct rbac_policy *cloud_find_grant(const struct cloud *cloud, struct uuid object_id,
					   enum rbac_action action, const char *project)
{
	return rbac_index_find(cloud->rbac, object_id, action, project);
}

struct ipam *cloud_find_ipam(const struct cloud *cloud, struct uuid subnet_id)
{
	return g_hash_table_lookup(cloud->ipams, &subnet_id);
}

unsigned int cloud_count(const struct cloud *cloud, enum kind kind, const char *project)
{
	GQuark quark = g_quark_try_string(project);

	return quark ? GPOINTER_TO_UINT(g_hash_table_lookup(cloud->counts[kind],
							    g_quark_to_string(quark)))
		     : 0;
}

const GPtrArray *cloud_list(const struct cloud *cloud, enum kind kind)
{
	return cloud->lists[kind];
}

const GPtrArray *cloud_list_subnets(const struct cloud *cloud, struct uuid network_id)
{
	const struct group *group = g_hash_table_lookup(cloud->groups, &network_id);

	return group ? group->subnets : cloud->empty;
}

const GPtrArray *cloud_list_ports(const struct cloud *cloud, struct uuid network_id)
{
	const struct group *group = g_hash_table_lookup(cloud->groups, &network_id);

	return group ? group->ports : cloud->empty;
}

const GPtrArray *cloud_list_host_ports(const struct cloud *cloud, const char *host)
{
	const struct station *station = cloud_find_station(cloud, host);

	return station ? station->ports : cloud->empty;
}

const GPtrArray *cloud_list_interfaces(const struct cloud *cloud, struct uuid router_id)
{
	return list_or_empty(cloud, child_index_list(cloud->interfaces, router_id));
}
