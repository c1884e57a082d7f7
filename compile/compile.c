/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The incremental compiler: listens, and flushes in these steps.
 *
 *   1. Objects that are marked are read from the cloud, in order of dependence, and what
 *      they contribute is brought up to date; rows change, are made or retired.
 *   2. Changed rows are spread to those who saw them at the last flush.
 *   3. Links and members that have come or gone change the components: hosts gain and lose
 *      scopes and peers.
 *   4. What remains is emitted; what is gone is freed.
 *
 * No step walks the ports of a network, but when the network itself (VNI, MTU) or a subnet
 * of it has changed.
 */
#include "compile/compile.h"

#include <string.h>

#include "compile/acl.h"
#include "compile/audience.h"
#include "compile/change.h"
#include "compile/component.h"
#include "compile/firewall.h"
#include "compile/host.h"
#include "compile/location.h"
#include "compile/network.h"
#include "compile/policy.h"
#include "compile/port.h"
#include "compile/route.h"
#include "compile/router.h"
#include "compile/row.h"
#include "compile/selectors.h"
#include "compile/text.h"

const char *const compile_table_names[] = {
#define X(id, name) name,
	COMPILE_TABLES(X)
#undef X
};

/* -------------------------------------------------------------------- marking */

void compile_mark(struct compile *compile, enum kind kind, struct uuid id)
{
	if (!g_hash_table_contains(compile->dirty[kind], &id))
		g_hash_table_add(compile->dirty[kind], g_memdup2(&id, sizeof(id)));
}

void compile_mark_ports(struct compile *compile, const GPtrArray *ports)
{
	for (guint i = 0; i < ports->len; i++) {
		const struct port *port = ports->pdata[i];

		compile_mark(compile, KIND_PORT, port->object.id);
	}
}

/* Hosts are marked by name: ports bind to names. */
static void mark_host(struct compile *compile, const struct host *host)
{
	if (host && host->object.name)
		g_hash_table_add(compile->dirty[KIND_HOST],
				 (void *)g_intern_string(host->object.name));
}

static bool vec_same(const struct vec *a, const struct vec *b, size_t size)
{
	return a->count == b->count &&
	       (!a->count || !memcmp(a->items, b->items, a->count * size));
}

/* Nothing that a row shows has changed: spares walking the ports for a new name or tag. */
static bool subnet_same(const struct subnet *a, const struct subnet *b)
{
	return a && b && prefix_equal(a->cidr, b->cidr) &&
	       uuid_equal(a->subnetpool_id, b->subnetpool_id) &&
	       ip_equal(a->gateway_ip, b->gateway_ip) && a->enable_dhcp == b->enable_dhcp &&
	       a->ipv6_ra_mode == b->ipv6_ra_mode &&
	       a->ipv6_address_mode == b->ipv6_address_mode &&
	       vec_same(&a->dns_nameservers, &b->dns_nameservers, sizeof(struct ip)) &&
	       vec_same(&a->host_routes, &b->host_routes, sizeof(struct host_route));
}

/* The ports that a log is about: it stands in their rows. */
static void mark_logged(struct compile *compile, const struct flow_log *log)
{
	const GPtrArray *ports = cloud_list(compile->cloud, KIND_PORT);

	if (!log)
		return;
	if (!uuid_is_none(log->target_id)) {
		compile_mark(compile, KIND_PORT, log->target_id);
		return;
	}
	for (guint i = 0; i < ports->len; i++)
		if (flow_log_concerns(log, ports->pdata[i]))
			compile_mark(compile, KIND_PORT,
				     ((struct object *)ports->pdata[i])->id);
}

/* What a pool has to say here is its address scope. */
static bool pool_same(const struct subnetpool *a, const struct subnetpool *b)
{
	return uuid_equal(a ? a->address_scope_id : uuid_none,
			  b ? b->address_scope_id : uuid_none);
}

/* Routers' rows say which group is at a port, and no more of it. */
static void mark_firewall(struct compile *compile, const struct firewall_group *before,
			  const struct firewall_group *after)
{
	if (before && after && vec_same(&before->ports, &after->ports, sizeof(struct uuid)))
		return;
	firewall_mark(compile, before);
	firewall_mark(compile, after);
}

static void mark_subnet(struct compile *compile, const struct subnet *subnet)
{
	g_hash_table_insert(compile->dirty[KIND_SUBNET],
			    g_memdup2(&subnet->object.id, sizeof(struct uuid)),
			    g_memdup2(&subnet->network_id, sizeof(struct uuid)));
}

static void compile_listen(enum kind kind, const void *before, const void *after,
			   uint64_t store_revision, void *data)
{
	struct compile *compile = data;
	const struct object *object = after ? after : before;

	if (kind == KIND_HOST) {
		mark_host(compile, before);
		mark_host(compile, after);
	} else if (kind == KIND_SUBNET) {
		acl_mark(compile, object->id);
		if (!subnet_same(before, after))
			mark_subnet(compile, after ? after : before);
	} else if (kind == KIND_SUBNETPOOL) {
		if (!pool_same(before, after))
			compile_mark(compile, kind, object->id);
	} else if (kind == KIND_LOG) {
		mark_logged(compile, before);
		mark_logged(compile, after);
	} else {
		compile_mark(compile, kind, object->id);
		if (kind == KIND_FIREWALL_GROUP)
			mark_firewall(compile, before, after);
	}
}

/* -------------------------------------------------------------------- flushing */

static bool port_is_on(const struct port *port, struct uuid subnet_id)
{
	const struct fixed_ip *fixed = port->fixed_ips.items;

	for (uint32_t i = 0; i < port->fixed_ips.count; i++)
		if (uuid_equal(fixed[i].subnet_id, subnet_id))
			return true;
	return false;
}

static void subnet_update(struct compile *compile, struct uuid id, struct uuid network_id)
{
	const GPtrArray *ports = cloud_list_ports(compile->cloud, network_id);

	for (guint i = 0; i < ports->len; i++) {
		const struct port *port = ports->pdata[i];

		if (port_is_on(port, id))
			compile_mark(compile, KIND_PORT, port->object.id);
	}
}

static void pool_update(struct compile *compile, struct uuid id)
{
	const GPtrArray *subnets = cloud_list_pool_subnets(compile->cloud, id);

	for (guint i = 0; i < subnets->len; i++)
		mark_subnet(compile, subnets->pdata[i]);
}

static void flush_ports(struct compile *compile, guint most)
{
	GHashTableIter iter;
	gpointer key;

	g_hash_table_iter_init(&iter, compile->dirty[KIND_PORT]);
	while (most-- && g_hash_table_iter_next(&iter, &key, NULL)) {
		port_update(compile, *(struct uuid *)key);
		g_hash_table_iter_remove(&iter);
	}
}

/* Step 1, objects: each kind may mark those that come after it. Of ports no more than PORTS. */
static void flush_objects(struct compile *compile, guint ports)
{
	GHashTableIter iter;
	gpointer key, value;

	g_hash_table_iter_init(&iter, compile->dirty[KIND_HOST]);
	while (g_hash_table_iter_next(&iter, &key, NULL))
		host_update(compile, key);
	g_hash_table_iter_init(&iter, compile->dirty[KIND_NETWORK]);
	while (g_hash_table_iter_next(&iter, &key, NULL))
		network_update(compile, *(struct uuid *)key);
	g_hash_table_iter_init(&iter, compile->dirty[KIND_SUBNETPOOL]);
	while (g_hash_table_iter_next(&iter, &key, NULL))
		pool_update(compile, *(struct uuid *)key);
	g_hash_table_iter_init(&iter, compile->dirty[KIND_SUBNET]);
	while (g_hash_table_iter_next(&iter, &key, &value))
		subnet_update(compile, *(struct uuid *)key, *(struct uuid *)value);
	acl_flush(compile);
	firewall_flush(compile);
	g_hash_table_iter_init(&iter, compile->dirty[KIND_ROUTER]);
	while (g_hash_table_iter_next(&iter, &key, NULL))
		router_update(compile, *(struct uuid *)key);
	g_hash_table_iter_init(&iter, compile->dirty[KIND_ADDRESS_GROUP]);
	while (g_hash_table_iter_next(&iter, &key, NULL))
		policy_update_addresses(compile, *(struct uuid *)key);
	g_hash_table_iter_init(&iter, compile->dirty[KIND_SECURITY_RULE]);
	while (g_hash_table_iter_next(&iter, &key, NULL))
		policy_update_rule(compile, *(struct uuid *)key);
	g_hash_table_iter_init(&iter, compile->dirty[KIND_SECURITY_GROUP]);
	while (g_hash_table_iter_next(&iter, &key, NULL))
		policy_update_group(compile, *(struct uuid *)key);
	flush_ports(compile, ports);
	policy_end_identities(compile);
	g_hash_table_iter_init(&iter, compile->dirty[KIND_POLICY]);
	while (g_hash_table_iter_next(&iter, &key, NULL))
		selectors_update_policy(compile, *(struct uuid *)key);
	selectors_settle(compile);
	policy_print_identities(compile);
	for (int kind = 0; kind < KIND_COUNT; kind++)
		if (kind != KIND_PORT)
			g_hash_table_remove_all(compile->dirty[kind]);
}

/* Step 1, rows that several objects contribute to. */
static void flush_rows(struct compile *compile)
{
	GHashTableIter iter;
	gpointer router;

	g_hash_table_iter_init(&iter, compile->dirty_routers);
	while (g_hash_table_iter_next(&iter, &router, NULL))
		router_update_rows(compile, router);
	g_hash_table_remove_all(compile->dirty_routers);
	for (guint i = 0; i < compile->dirty_locations->len; i++)
		location_update(compile, compile->dirty_locations->pdata[i]);
	g_ptr_array_set_size(compile->dirty_locations, 0);
	for (guint i = 0; i < compile->dirty_members->len; i++)
		network_update_member(compile, compile->dirty_members->pdata[i]);
}

static void split_parted(struct compile *compile, GHashTable *parted)
{
	g_autoptr(GHashTable) components = g_hash_table_new(NULL, NULL);
	GHashTableIter iter;
	gpointer key;

	g_hash_table_iter_init(&iter, parted);
	while (g_hash_table_iter_next(&iter, &key, NULL))
		g_hash_table_add(components, ((struct scope *)key)->component);
	g_hash_table_iter_init(&iter, components);
	while (g_hash_table_iter_next(&iter, &key, NULL))
		component_split(compile, key);
}

/* Step 3. What comes is before what goes, so that a port that moves within a component
 * takes nobody out of it. */
static void flush_audience(struct compile *compile)
{
	GPtrArray *links = compile->dirty_links, *members = compile->dirty_members;
	GPtrArray *carriers = compile->dirty_carriers;
	g_autoptr(GHashTable) parted = g_hash_table_new(NULL, NULL);

	for (guint i = 0; i < links->len; i++)
		router_join_link(compile, links->pdata[i]);
	for (guint i = 0; i < members->len; i++)
		network_join_member(compile, members->pdata[i]);
	for (guint i = 0; i < carriers->len; i++)
		router_join_carrier(compile, carriers->pdata[i]);
	for (guint i = 0; i < members->len; i++)
		network_leave_member(compile, members->pdata[i]);
	for (guint i = 0; i < carriers->len; i++)
		router_leave_carrier(compile, carriers->pdata[i]);
	for (guint i = 0; i < links->len; i++)
		router_part_link(links->pdata[i], parted);
	g_ptr_array_set_size(links, 0);
	g_ptr_array_set_size(members, 0);
	g_ptr_array_set_size(carriers, 0);
	split_parted(compile, parted);
}

static void sweep_scope(struct compile *compile, struct scope *scope)
{
	bool is_net = scope->members;
	struct net_unit *net = (struct net_unit *)scope;
	struct router_unit *router = (struct router_unit *)scope;

	if (is_net ? net->known : router->known)
		return;
	component_free(scope);
	if (is_net)
		g_hash_table_remove(compile->nets, &net->id);
	else
		g_hash_table_remove(compile->routers, &router->id);
}

/* Step 4. Retired rows go first: they point to where they were. */
static void flush_sweep(struct compile *compile)
{
	GHashTableIter iter;
	gpointer host;

	row_settle(compile);
	policy_sweep(compile);
	acl_sweep(compile);
	firewall_sweep(compile);
	for (guint i = 0; i < compile->gone->len; i++)
		sweep_scope(compile, compile->gone->pdata[i]);
	g_ptr_array_set_size(compile->gone, 0);
	g_hash_table_iter_init(&iter, compile->idle);
	while (g_hash_table_iter_next(&iter, &host, NULL))
		host_sweep(compile, host);
	g_hash_table_remove_all(compile->idle);
}

/* Objects that ports depend on have a whole flush: a row is never made of half of them. */
static bool only_ports_are_dirty(const struct compile *compile)
{
	for (int kind = 0; kind < KIND_COUNT; kind++)
		if (kind != KIND_PORT && g_hash_table_size(compile->dirty[kind]))
			return false;
	return true;
}

bool compile_flush_part(struct compile *compile, uint64_t revision, guint ports)
{
	compile->revision = revision;
	if (!only_ports_are_dirty(compile))
		ports = G_MAXUINT;
	flush_objects(compile, ports);
	flush_rows(compile);
	change_spread(compile);
	flush_audience(compile);
	firewall_attach(compile);
	audience_settle(compile);
	change_emit(compile);
	flush_sweep(compile);
	return g_hash_table_size(compile->dirty[KIND_PORT]) == 0;
}

void compile_flush(struct compile *compile, uint64_t revision)
{
	compile_flush_part(compile, revision, G_MAXUINT);
}

/* ---------------------------------------------------------------- one whole host */

static void collect(GPtrArray **tables, const GPtrArray *rows, const struct host_unit *host)
{
	for (guint i = 0; i < rows->len; i++) {
		struct row *row = rows->pdata[i];

		if (row->table != COMPILE_MEMBER || row->host != host)
			g_ptr_array_add(tables[row->table], row);
	}
}

/* HOST's scopes; PEERS is a set of those it shares a component with. */
static void collect_components(GPtrArray **tables, const struct host_unit *host,
			       GHashTable *peers)
{
	GHashTableIter i, j;
	gpointer key, item;

	g_hash_table_iter_init(&i, host->components);
	while (g_hash_table_iter_next(&i, &key, NULL)) {
		const struct component *component = key;

		g_hash_table_iter_init(&j, component->scopes);
		while (g_hash_table_iter_next(&j, &item, NULL))
			collect(tables, ((struct scope *)item)->rows, host);
		g_hash_table_iter_init(&j, component->hosts);
		while (g_hash_table_iter_next(&j, &item, NULL)) {
			struct host_unit *peer = item;

			if (peer != host && peer->row && g_hash_table_add(peers, peer))
				g_ptr_array_add(tables[COMPILE_HOST], peer->row);
		}
	}
}

static bool is_settled(const struct compile *compile)
{
	return only_ports_are_dirty(compile) &&
	       g_hash_table_size(compile->dirty[KIND_PORT]) == 0;
}

static void tell(struct compile *compile, const struct host_unit *host, struct row *row,
		 compile_emit emit, void *data)
{
	g_autoptr(GRefString) printed = NULL;

	if (row_is_unkept(compile, row)) {
		printed = port_print_row(compile, row);
		if (!is_settled(compile))
			port_doubt_row(compile, row);
		if (!printed)
			return;
	}
	emit(host->name, row->table, row->key, printed ? printed : row->value,
	     compile->revision, data);
}

void compile_host(struct compile *compile, const char *name, compile_emit emit, void *data)
{
	/* Not interned here: names come from outside, and interned ones stay for ever. */
	const char *interned = g_quark_to_string(g_quark_try_string(name));
	const struct host_unit *host =
		interned ? g_hash_table_lookup(compile->hosts, interned) : NULL;
	g_autoptr(GHashTable) peers = g_hash_table_new(NULL, NULL);
	GPtrArray *tables[COMPILE_TABLE_COUNT];
	GHashTableIter iter;
	gpointer audience;

	if (!host)
		return;
	for (int table = 0; table < COMPILE_TABLE_COUNT; table++)
		tables[table] = g_ptr_array_new();
	collect_components(tables, host, peers);
	g_hash_table_iter_init(&iter, host->audiences);
	while (g_hash_table_iter_next(&iter, &audience, NULL))
		collect(tables, ((struct audience *)audience)->rows, host);
	collect(tables, host->rows, host);
	for (int table = 0; table < COMPILE_TABLE_COUNT; table++) {
		for (guint i = 0; i < tables[table]->len; i++)
			tell(compile, host, tables[table]->pdata[i], emit, data);
		g_ptr_array_free(tables[table], true);
	}
}

/* ------------------------------------------------------------------- life and death */

static void compile_mark_all(struct compile *compile)
{
	for (int kind = 0; kind < KIND_COUNT; kind++) {
		const GPtrArray *objects = cloud_list(compile->cloud, kind);

		for (guint i = 0; i < objects->len; i++)
			compile_listen(kind, NULL, objects->pdata[i], 0, compile);
	}
}

static GHashTable *dirty_new(enum kind kind)
{
	if (kind == KIND_HOST)
		return g_hash_table_new(NULL, NULL);
	return g_hash_table_new_full(uuid_hash, uuid_same, g_free,
				     kind == KIND_SUBNET ? g_free : NULL);
}

/* What all ports at once have needed room for comes in tens after that. */
static void compile_shrink(struct compile *compile)
{
	g_hash_table_remove_all(compile->dirty[KIND_PORT]);
	g_array_free(compile->changed, true);
	compile->changed = g_array_new(FALSE, FALSE, sizeof(struct row_change));
	g_ptr_array_free(compile->dirty_locations, true);
	compile->dirty_locations = g_ptr_array_new();
}

struct compile *compile_new(struct cloud *cloud, compile_emit emit, void *data)
{
	struct compile *compile = g_new0(struct compile, 1);
	g_autofree char *empty = text_print_member();

	compile->cloud = cloud;
	compile->emit = emit;
	compile->data = data;
	compile->hosts = g_hash_table_new_full(NULL, NULL, NULL, host_free);
	compile->nets = g_hash_table_new_full(uuid_hash, uuid_same, NULL, network_free);
	compile->routers = g_hash_table_new_full(uuid_hash, uuid_same, NULL, router_free);
	compile->ports = g_hash_table_new_full(uuid_hash, uuid_same, NULL, port_free);
	for (int kind = 0; kind < KIND_COUNT; kind++)
		compile->dirty[kind] = dirty_new(kind);
	compile->dirty_routers = g_hash_table_new(NULL, NULL);
	compile->dirty_locations = g_ptr_array_new();
	compile->dirty_members = g_ptr_array_new();
	compile->dirty_links = g_ptr_array_new();
	compile->dirty_carriers = g_ptr_array_new();
	compile->changed = g_array_new(FALSE, FALSE, sizeof(struct row_change));
	compile->changes = g_hash_table_new(change_hash, change_same);
	compile->log = g_ptr_array_new();
	compile->idle = g_hash_table_new(NULL, NULL);
	compile->gone = g_ptr_array_new();
	compile->empty = g_ref_string_new(empty);
	compile->unkept = g_ref_string_new("");
	compile->checksum = g_checksum_new(G_CHECKSUM_SHA256);
	policy_init(compile);
	selectors_init(compile);
	acl_init(compile);
	firewall_init(compile);

	compile_mark_all(compile);
	compile->muted = true;
	compile_flush(compile, 0);
	compile->muted = false;
	compile_shrink(compile);
	cloud_listen(cloud, compile_listen, compile);
	return compile;
}

static void compile_free_components(struct compile *compile)
{
	g_autoptr(GHashTable) components = g_hash_table_new(NULL, NULL);
	GHashTableIter iter;
	gpointer unit;

	g_hash_table_iter_init(&iter, compile->nets);
	while (g_hash_table_iter_next(&iter, NULL, &unit))
		g_hash_table_add(components, ((struct net_unit *)unit)->scope.component);
	g_hash_table_iter_init(&iter, compile->routers);
	while (g_hash_table_iter_next(&iter, NULL, &unit))
		g_hash_table_add(components, ((struct router_unit *)unit)->scope.component);
	g_hash_table_iter_init(&iter, components);
	while (g_hash_table_iter_next(&iter, &unit, NULL))
		component_destroy(unit);
}

void compile_free(struct compile *compile)
{
	if (!compile)
		return;
	compile_free_components(compile);
	selectors_done(compile);
	policy_done(compile);
	acl_done(compile);
	firewall_done(compile);
	g_hash_table_destroy(compile->ports);
	g_hash_table_destroy(compile->nets);
	g_hash_table_destroy(compile->routers);
	g_hash_table_destroy(compile->hosts);
	for (int kind = 0; kind < KIND_COUNT; kind++)
		g_hash_table_destroy(compile->dirty[kind]);
	g_hash_table_destroy(compile->dirty_routers);
	g_ptr_array_free(compile->dirty_locations, true);
	g_ptr_array_free(compile->dirty_members, true);
	g_ptr_array_free(compile->dirty_links, true);
	g_ptr_array_free(compile->dirty_carriers, true);
	g_array_free(compile->changed, true);
	g_hash_table_destroy(compile->changes);
	g_ptr_array_free(compile->log, true);
	g_hash_table_destroy(compile->idle);
	g_ptr_array_free(compile->gone, true);
	g_ref_string_release(compile->empty);
	g_ref_string_release(compile->unkept);
	g_checksum_free(compile->checksum);
	g_free(compile);
}
