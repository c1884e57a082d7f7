/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A frontier is the borders of one network, and the hosts that have ports in it; an ACL counts, for
 * each host, the borders by which it concerns it.
 */
#include "compile/acl.h"

#include "compile/audience.h"
#include "compile/row.h"
#include "compile/text_acl.h"

struct acls {
	GHashTable *acls;      /* id -> struct acl, owned */
	GHashTable *rules;     /* id -> struct acl_rule, owned */
	GHashTable *frontiers; /* id of a network -> struct frontier, owned */
	GHashTable *borders;   /* id of a subnet -> struct border, owned */
	GHashTable *dirty;     /* set of ids of subnets, owned */
	GPtrArray *idle, *idle_frontiers;
};

struct acl {
	struct uuid id;
	struct audience holders; /* of its rules */
	guint borders;
	bool queued;
};

struct frontier {
	struct uuid network;
	struct audience audience;
	GPtrArray *borders;
	bool queued;
};

/* A subnet that names an ACL. */
struct border {
	struct uuid subnet;
	struct frontier *frontier;
	struct acl *acl;
	struct row *row;
};

struct acl_rule {
	struct uuid id;
	struct acl *acl;
	struct row *row;
};

/* ---------------------------------------------------------------- ACLs */

static void acl_free(void *data)
{
	struct acl *acl = data;

	audience_done(&acl->holders);
	g_free(acl);
}

static struct acl *acl_get(struct compile *compile, struct uuid id)
{
	struct acl *acl = g_hash_table_lookup(compile->acls->acls, &id);

	if (acl)
		return acl;
	acl = g_new0(struct acl, 1);
	acl->id = id;
	audience_init(&acl->holders);
	g_hash_table_insert(compile->acls->acls, &acl->id, acl);
	return acl;
}

static void acl_queue(struct compile *compile, struct acl *acl)
{
	if (!acl->queued)
		g_ptr_array_add(compile->acls->idle, acl);
	acl->queued = true;
}

static void rule_update(struct compile *compile, struct uuid id)
{
	const struct network_acl_rule *object =
		cloud_find(compile->cloud, KIND_NETWORK_ACL_RULE, id);
	struct acl_rule *rule = g_hash_table_lookup(compile->acls->rules, &id);
	struct row_place place = {.table = COMPILE_RULE};

	if (!object) {
		if (!rule)
			return;
		row_retire(compile, &rule->row);
		acl_queue(compile, rule->acl);
		g_hash_table_remove(compile->acls->rules, &id);
		return;
	}
	if (!rule) {
		rule = g_new0(struct acl_rule, 1);
		rule->id = id;
		rule->acl = acl_get(compile, object->network_acl_id);
		g_hash_table_insert(compile->acls->rules, &rule->id, rule);
	}
	place.audience = &rule->acl->holders;
	place.list = place.audience->rows;
	row_put(compile, &rule->row, place, text_key_acl_rule(object),
		text_print_acl_rule(object));
}

/* ------------------------------------------------------------- frontiers */

static void frontier_free(void *data)
{
	struct frontier *frontier = data;

	audience_done(&frontier->audience);
	g_ptr_array_unref(frontier->borders);
	g_free(frontier);
}

/* Calls CHANGE for each host that has ports in the network. */
static void each_member(struct compile *compile, struct uuid network, struct audience *audience,
			bool (*change)(struct compile *compile, struct audience *audience,
				       struct host_unit *host))
{
	const struct net_unit *net = g_hash_table_lookup(compile->nets, &network);
	GHashTableIter iter;
	gpointer host, member;

	if (!net)
		return;
	g_hash_table_iter_init(&iter, net->scope.members);
	while (g_hash_table_iter_next(&iter, &host, &member))
		if (((struct member *)member)->count)
			change(compile, audience, host);
}

static struct frontier *frontier_find(struct compile *compile, struct uuid network)
{
	return g_hash_table_lookup(compile->acls->frontiers, &network);
}

static struct frontier *frontier_get(struct compile *compile, struct uuid network)
{
	struct frontier *frontier = frontier_find(compile, network);

	if (!frontier) {
		frontier = g_new0(struct frontier, 1);
		frontier->network = network;
		frontier->borders = g_ptr_array_new();
		audience_init(&frontier->audience);
		g_hash_table_insert(compile->acls->frontiers, &frontier->network, frontier);
	}
	if (!frontier->borders->len)
		each_member(compile, network, &frontier->audience, audience_add);
	return frontier;
}

/* It has borders as long as hosts are counted. */
static void frontier_check(struct compile *compile, struct frontier *frontier)
{
	if (frontier->borders->len)
		return;
	each_member(compile, frontier->network, &frontier->audience, audience_del);
	if (!frontier->queued)
		g_ptr_array_add(compile->acls->idle_frontiers, frontier);
	frontier->queued = true;
}

void acl_join(struct compile *compile, const struct net_unit *net, struct host_unit *host)
{
	struct frontier *frontier = frontier_find(compile, net->id);

	if (!frontier || !frontier->borders->len)
		return;
	audience_add(compile, &frontier->audience, host);
	for (guint i = 0; i < frontier->borders->len; i++)
		audience_add(compile,
			     &((struct border *)frontier->borders->pdata[i])->acl->holders,
			     host);
}

void acl_leave(struct compile *compile, const struct net_unit *net, struct host_unit *host)
{
	struct frontier *frontier = frontier_find(compile, net->id);

	if (!frontier || !frontier->borders->len)
		return;
	audience_del(compile, &frontier->audience, host);
	for (guint i = 0; i < frontier->borders->len; i++)
		audience_del(compile,
			     &((struct border *)frontier->borders->pdata[i])->acl->holders,
			     host);
}

/* --------------------------------------------------------------- borders */

static void border_stand(struct compile *compile, struct border *border, struct acl *acl)
{
	border->acl = acl;
	acl->borders++;
	each_member(compile, border->frontier->network, &acl->holders, audience_add);
}

static void border_fall(struct compile *compile, struct border *border)
{
	struct acl *acl = g_steal_pointer(&border->acl);

	acl->borders--;
	each_member(compile, border->frontier->network, &acl->holders, audience_del);
	acl_queue(compile, acl);
}

static void border_end(struct compile *compile, struct border *border)
{
	struct frontier *frontier = border->frontier;

	row_retire(compile, &border->row);
	border_fall(compile, border);
	g_ptr_array_remove_fast(frontier->borders, border);
	g_hash_table_remove(compile->acls->borders, &border->subnet);
	frontier_check(compile, frontier);
}

static struct border *border_new(struct compile *compile, const struct subnet *subnet)
{
	struct border *border = g_new0(struct border, 1);

	border->subnet = subnet->object.id;
	border->frontier = frontier_get(compile, subnet->network_id);
	g_ptr_array_add(border->frontier->borders, border);
	border_stand(compile, border, acl_get(compile, subnet->network_acl_id));
	g_hash_table_insert(compile->acls->borders, &border->subnet, border);
	return border;
}

static void subnet_update(struct compile *compile, struct uuid id)
{
	const struct subnet *subnet = cloud_find_subnet(compile->cloud, id);
	struct border *border = g_hash_table_lookup(compile->acls->borders, &id);
	const struct net_unit *net =
		subnet ? g_hash_table_lookup(compile->nets, &subnet->network_id) : NULL;
	struct row_place place = {.table = COMPILE_BORDER};

	if (!net || !net->known || uuid_is_none(subnet->network_acl_id)) {
		if (border)
			border_end(compile, border);
		return;
	}
	if (border && !uuid_equal(border->frontier->network, subnet->network_id)) {
		border_end(compile, border);
		border = NULL;
	}
	if (!border) {
		border = border_new(compile, subnet);
	} else if (!uuid_equal(border->acl->id, subnet->network_acl_id)) {
		struct acl *acl = acl_get(compile, subnet->network_acl_id);

		border_fall(compile, border);
		border_stand(compile, border, acl);
	}
	place.audience = &border->frontier->audience;
	place.list = place.audience->rows;
	row_put(compile, &border->row, place, text_key_border(net->vni, subnet),
		text_print_border(subnet));
}

static void network_borders_update(struct compile *compile, struct uuid id)
{
	const GPtrArray *subnets = cloud_list_subnets(compile->cloud, id);

	for (guint i = 0; i < subnets->len; i++)
		subnet_update(compile, ((struct object *)subnets->pdata[i])->id);
}

void acl_mark(struct compile *compile, struct uuid subnet_id)
{
	g_hash_table_add(compile->acls->dirty, g_memdup2(&subnet_id, sizeof(subnet_id)));
}

void acl_flush(struct compile *compile)
{
	GHashTableIter iter;
	gpointer key;

	g_hash_table_iter_init(&iter, compile->dirty[KIND_NETWORK_ACL_RULE]);
	while (g_hash_table_iter_next(&iter, &key, NULL))
		rule_update(compile, *(struct uuid *)key);
	g_hash_table_iter_init(&iter, compile->dirty[KIND_NETWORK]);
	while (g_hash_table_iter_next(&iter, &key, NULL))
		network_borders_update(compile, *(struct uuid *)key);
	g_hash_table_iter_init(&iter, compile->acls->dirty);
	while (g_hash_table_iter_next(&iter, &key, NULL))
		subnet_update(compile, *(struct uuid *)key);
	g_hash_table_remove_all(compile->acls->dirty);
}

/* --------------------------------------------------------- life, death */

void acl_sweep(struct compile *compile)
{
	for (guint i = 0; i < compile->acls->idle->len; i++) {
		struct acl *acl = compile->acls->idle->pdata[i];

		acl->queued = false;
		if (!acl->borders && audience_is_empty(&acl->holders))
			g_hash_table_remove(compile->acls->acls, &acl->id);
	}
	g_ptr_array_set_size(compile->acls->idle, 0);
	for (guint i = 0; i < compile->acls->idle_frontiers->len; i++) {
		struct frontier *frontier = compile->acls->idle_frontiers->pdata[i];

		frontier->queued = false;
		if (!frontier->borders->len && audience_is_empty(&frontier->audience))
			g_hash_table_remove(compile->acls->frontiers, &frontier->network);
	}
	g_ptr_array_set_size(compile->acls->idle_frontiers, 0);
}

void acl_init(struct compile *compile)
{
	struct acls *acls = compile->acls = g_new0(struct acls, 1);

	acls->acls = g_hash_table_new_full(uuid_hash, uuid_same, NULL, acl_free);
	acls->rules = g_hash_table_new_full(uuid_hash, uuid_same, NULL, g_free);
	acls->frontiers = g_hash_table_new_full(uuid_hash, uuid_same, NULL, frontier_free);
	acls->borders = g_hash_table_new_full(uuid_hash, uuid_same, NULL, g_free);
	acls->dirty = g_hash_table_new_full(uuid_hash, uuid_same, g_free, NULL);
	acls->idle = g_ptr_array_new();
	acls->idle_frontiers = g_ptr_array_new();
}

void acl_done(struct compile *compile)
{
	struct acls *acls = compile->acls;

	g_hash_table_unref(acls->borders);
	g_hash_table_unref(acls->rules);
	g_hash_table_unref(acls->frontiers);
	g_hash_table_unref(acls->acls);
	g_hash_table_unref(acls->dirty);
	g_ptr_array_unref(acls->idle);
	g_ptr_array_unref(acls->idle_frontiers);
	g_free(acls);
}
