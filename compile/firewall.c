/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host is of a group's audience as often as it sees a router with the group at a port: counted
 * when it gains or loses the router's scope, or the router the group.
 */
#include "compile/firewall.h"

#include "compile/audience.h"
#include "compile/component.h"
#include "compile/route.h"
#include "compile/row.h"
#include "compile/text_firewall.h"

struct firewalls {
	GHashTable *groups; /* id -> struct firewall_unit, owned */
	GHashTable *dirty;  /* set of ids of groups, owned */
	GArray *fresh;	    /* struct fresh */
	GPtrArray *idle;
};

struct firewall_unit {
	struct uuid id;
	struct audience holders; /* of its rules */
	GHashTable *table;	 /* set: its rows by table and key */
	uint32_t pass;		 /* of the last recomputation */
	guint scopes;		 /* routers that it stands at */
	bool queued;
};

/* A group that a router has got in this flush. */
struct fresh {
	struct scope *scope;
	struct firewall_unit *unit;
};

/* --------------------------------------------------------------- groups */

static void unit_free(void *data)
{
	struct firewall_unit *unit = data;

	g_hash_table_unref(unit->table);
	audience_done(&unit->holders);
	g_free(unit);
}

static struct firewall_unit *unit_get(struct compile *compile, struct uuid id)
{
	struct firewall_unit *unit = g_hash_table_lookup(compile->firewalls->groups, &id);

	if (unit)
		return unit;
	unit = g_new0(struct firewall_unit, 1);
	unit->id = id;
	unit->table = g_hash_table_new(row_hash, row_same);
	audience_init(&unit->holders);
	g_hash_table_insert(compile->firewalls->groups, &unit->id, unit);
	return unit;
}

static void unit_queue(struct compile *compile, struct firewall_unit *unit)
{
	if (!unit->queued)
		g_ptr_array_add(compile->firewalls->idle, unit);
	unit->queued = true;
}

struct recompute {
	struct compile *compile;
	struct firewall_unit *unit;
};

static void unit_put(enum compile_table table, char *key, char *value, void *data)
{
	struct recompute *recompute = data;
	struct firewall_unit *unit = recompute->unit;
	struct row_place place = {
		.table = table, .list = unit->holders.rows, .audience = &unit->holders};
	struct row probe = {.table = table, .key = key, .hash = compile_row_hash(table, key)};
	struct row *row = g_hash_table_lookup(unit->table, &probe);
	bool is_new = !row;

	row_put(recompute->compile, &row, place, key, value);
	row->seen = unit->pass;
	if (is_new)
		g_hash_table_add(unit->table, row);
}

/* The rules of the group: what comes out is compared with what stood there. */
static void group_update(struct compile *compile, struct uuid id)
{
	const struct firewall_group *group =
		cloud_find(compile->cloud, KIND_FIREWALL_GROUP, id);
	struct recompute recompute = {compile, unit_get(compile, id)};
	GHashTableIter iter;
	gpointer key;

	recompute.unit->pass++;
	if (group)
		text_visit_firewall(compile->cloud, group, unit_put, &recompute);
	g_hash_table_iter_init(&iter, recompute.unit->table);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		struct row *row = key;

		if (row->seen == recompute.unit->pass)
			continue;
		g_hash_table_iter_remove(&iter);
		row_retire(compile, &row);
	}
	unit_queue(compile, recompute.unit);
}

static void mark_group(struct compile *compile, struct uuid id)
{
	if (!g_hash_table_contains(compile->firewalls->dirty, &id))
		g_hash_table_add(compile->firewalls->dirty, g_memdup2(&id, sizeof(id)));
}

static void mark_policy(struct compile *compile, struct uuid id)
{
	const GPtrArray *groups = cloud_list_policy_firewalls(compile->cloud, id);

	for (guint i = 0; i < groups->len; i++)
		mark_group(compile, ((struct object *)groups->pdata[i])->id);
}

static void mark_rule(struct compile *compile, struct uuid id)
{
	const GPtrArray *policies = cloud_list_rule_policies(compile->cloud, id);

	for (guint i = 0; i < policies->len; i++)
		mark_policy(compile, ((struct object *)policies->pdata[i])->id);
}

void firewall_flush(struct compile *compile)
{
	static const struct {
		enum kind kind;
		void (*mark)(struct compile *compile, struct uuid id);
	} kinds[] = {
		{KIND_FIREWALL_RULE, mark_rule},
		{KIND_FIREWALL_POLICY, mark_policy},
		{KIND_FIREWALL_GROUP, mark_group},
	};
	GHashTableIter iter;
	gpointer key;

	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
		g_hash_table_iter_init(&iter, compile->dirty[kinds[i].kind]);
		while (g_hash_table_iter_next(&iter, &key, NULL))
			kinds[i].mark(compile, *(struct uuid *)key);
	}
	g_hash_table_iter_init(&iter, compile->firewalls->dirty);
	while (g_hash_table_iter_next(&iter, &key, NULL))
		group_update(compile, *(struct uuid *)key);
	g_hash_table_remove_all(compile->firewalls->dirty);
}

/* -------------------------------------------------------------- routers */

void firewall_mark(struct compile *compile, const struct firewall_group *group)
{
	for (uint32_t i = 0; group && i < group->ports.count; i++) {
		const struct port *port =
			cloud_find_port(compile->cloud, *vec_at(struct uuid, &group->ports, i));

		if (port && port_is_router_interface(port))
			compile_mark(compile, KIND_ROUTER, route_port_router(port));
	}
}

static void each_host(struct compile *compile, const struct scope *scope,
		      struct firewall_unit *unit,
		      bool (*change)(struct compile *compile, struct audience *audience,
				     struct host_unit *host))
{
	GHashTableIter iter;
	gpointer host;

	g_hash_table_iter_init(&iter, scope->component->hosts);
	while (g_hash_table_iter_next(&iter, &host, NULL))
		change(compile, &unit->holders, host);
}

static void detach(struct compile *compile, struct scope *scope, struct firewall_unit *unit)
{
	each_host(compile, scope, unit, audience_del);
	g_ptr_array_remove_fast(scope->firewalls, unit);
	unit->scopes--;
	unit_queue(compile, unit);
}

/* The groups at the interfaces that are in a network, each once: set of struct firewall_unit. */
static GHashTable *list_wanted(struct compile *compile, const struct router *object)
{
	GHashTable *wanted = g_hash_table_new(NULL, NULL);
	const GPtrArray *ports =
		object ? cloud_list_interfaces(compile->cloud, object->object.id) : NULL;

	for (guint i = 0; ports && i < ports->len; i++) {
		const struct port *port = ports->pdata[i];
		const struct firewall_group *group =
			cloud_find_port_firewall(compile->cloud, port->object.id);

		if (group && cloud_find_network(compile->cloud, port->network_id))
			g_hash_table_add(wanted, unit_get(compile, group->object.id));
	}
	return wanted;
}

void firewall_update_router(struct compile *compile, struct scope *scope,
			    const struct router *object)
{
	g_autoptr(GHashTable) wanted = list_wanted(compile, object);
	GHashTableIter iter;
	gpointer key;

	for (guint i = scope->firewalls->len; i-- > 0;) {
		struct firewall_unit *unit = scope->firewalls->pdata[i];

		if (!g_hash_table_remove(wanted, unit))
			detach(compile, scope, unit);
	}
	g_hash_table_iter_init(&iter, wanted);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		struct fresh fresh = {scope, key};

		fresh.unit->scopes++;
		g_array_append_val(compile->firewalls->fresh, fresh);
	}
}

void firewall_attach(struct compile *compile)
{
	GArray *list = compile->firewalls->fresh;

	for (guint i = 0; i < list->len; i++) {
		struct fresh *fresh = &g_array_index(list, struct fresh, i);

		g_ptr_array_add(fresh->scope->firewalls, fresh->unit);
		each_host(compile, fresh->scope, fresh->unit, audience_add);
	}
	g_array_set_size(list, 0);
}

void firewall_gain(struct compile *compile, const struct scope *scope, struct host_unit *host)
{
	for (guint i = 0; scope->firewalls && i < scope->firewalls->len; i++)
		audience_add(compile,
			     &((struct firewall_unit *)scope->firewalls->pdata[i])->holders,
			     host);
}

void firewall_lose(struct compile *compile, const struct scope *scope, struct host_unit *host)
{
	for (guint i = 0; scope->firewalls && i < scope->firewalls->len; i++)
		audience_del(compile,
			     &((struct firewall_unit *)scope->firewalls->pdata[i])->holders,
			     host);
}

/* --------------------------------------------------------- life, death */

void firewall_sweep(struct compile *compile)
{
	GPtrArray *idle = compile->firewalls->idle;

	for (guint i = 0; i < idle->len; i++) {
		struct firewall_unit *unit = idle->pdata[i];

		unit->queued = false;
		if (!unit->scopes && audience_is_empty(&unit->holders))
			g_hash_table_remove(compile->firewalls->groups, &unit->id);
	}
	g_ptr_array_set_size(idle, 0);
}

void firewall_init(struct compile *compile)
{
	struct firewalls *firewalls = compile->firewalls = g_new0(struct firewalls, 1);

	firewalls->groups = g_hash_table_new_full(uuid_hash, uuid_same, NULL, unit_free);
	firewalls->dirty = g_hash_table_new_full(uuid_hash, uuid_same, g_free, NULL);
	firewalls->fresh = g_array_new(false, false, sizeof(struct fresh));
	firewalls->idle = g_ptr_array_new();
}

void firewall_done(struct compile *compile)
{
	struct firewalls *firewalls = compile->firewalls;

	g_hash_table_unref(firewalls->groups);
	g_hash_table_unref(firewalls->dirty);
	g_array_unref(firewalls->fresh);
	g_ptr_array_unref(firewalls->idle);
	g_free(firewalls);
}
