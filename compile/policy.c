/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who holds what: a host holds the identities of its filtered ports; with an identity the sets
 * it has; with a set its rules; with a rule the set or the addresses it names. Each is counted,
 * so that a change costs what depends on it.
 */
#include "compile/policy.h"

#include "compile/host.h"
#include "compile/policy_state.h"
#include "compile/row.h"
#include "compile/selectors.h"
#include "compile/text.h"
#include "compile/text_policy.h"

/* A security group's. */
struct group_rule {
	struct uuid id;
	struct rule *rule;
};

/* ---------------------------------------------------------------- sets */

static void picks_free(struct picks *picks)
{
	if (!picks)
		return;
	selector_done(&picks->selector);
	g_free(picks->port_name);
	g_free(picks);
}

static void set_free(void *data)
{
	struct set *set = data;

	picks_free(set->picks);
	g_free(set->name);
	audience_done(&set->holders);
	audience_done(&set->watchers);
	g_hash_table_unref(set->remotes);
	g_hash_table_unref(set->identities);
	g_hash_table_unref(set->addresses);
	g_free(set);
}

struct set *set_get(struct compile *compile, char *name)
{
	struct set *set = g_hash_table_lookup(compile->sets, name);

	if (set) {
		g_free(name);
		return set;
	}
	set = g_new0(struct set, 1);
	set->name = name;
	audience_init(&set->holders);
	audience_init(&set->watchers);
	set->remotes = g_hash_table_new(NULL, NULL);
	set->identities = g_hash_table_new(NULL, NULL);
	set->addresses = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_hash_table_insert(compile->sets, set->name, set);
	return set;
}

void set_queue(struct compile *compile, struct set *set)
{
	if (!set->queued)
		g_ptr_array_add(compile->idle_sets, set);
	set->queued = true;
}

static void watch(struct compile *compile, struct set *set, struct host_unit *host)
{
	GHashTableIter iter;
	gpointer identity;

	if (!audience_add(compile, &set->watchers, host))
		return;
	g_hash_table_iter_init(&iter, set->identities);
	while (g_hash_table_iter_next(&iter, &identity, NULL))
		audience_add(compile, &((struct identity *)identity)->audience, host);
}

static void unwatch(struct compile *compile, struct set *set, struct host_unit *host)
{
	GHashTableIter iter;
	gpointer identity;

	if (!audience_del(compile, &set->watchers, host))
		return;
	g_hash_table_iter_init(&iter, set->identities);
	while (g_hash_table_iter_next(&iter, &identity, NULL))
		audience_del(compile, &((struct identity *)identity)->audience, host);
	set_queue(compile, set);
}

static void set_hold(struct compile *compile, struct set *set, struct host_unit *host)
{
	GHashTableIter iter;
	gpointer remote;

	if (!audience_add(compile, &set->holders, host))
		return;
	g_hash_table_iter_init(&iter, set->remotes);
	while (g_hash_table_iter_next(&iter, &remote, NULL))
		watch(compile, remote, host);
}

static void set_release(struct compile *compile, struct set *set, struct host_unit *host)
{
	GHashTableIter iter;
	gpointer remote;

	if (!audience_del(compile, &set->holders, host))
		return;
	g_hash_table_iter_init(&iter, set->remotes);
	while (g_hash_table_iter_next(&iter, &remote, NULL))
		unwatch(compile, remote, host);
	set_queue(compile, set);
}

/* --------------------------------------------------------------- rules */

static void set_name_remote(struct compile *compile, struct set *set, struct set *remote)
{
	guint count = GPOINTER_TO_UINT(g_hash_table_lookup(set->remotes, remote));
	GHashTableIter iter;
	gpointer host;

	g_hash_table_insert(set->remotes, remote, GUINT_TO_POINTER(count + 1));
	remote->users++;
	if (count)
		return;
	g_hash_table_iter_init(&iter, set->holders.wanted);
	while (g_hash_table_iter_next(&iter, &host, NULL))
		watch(compile, remote, host);
}

static void set_drop_remote(struct compile *compile, struct set *set, struct set *remote)
{
	guint count = GPOINTER_TO_UINT(g_hash_table_lookup(set->remotes, remote));
	GHashTableIter iter;
	gpointer host;

	remote->users--;
	set_queue(compile, remote);
	if (count > 1) {
		g_hash_table_insert(set->remotes, remote, GUINT_TO_POINTER(count - 1));
		return;
	}
	g_hash_table_remove(set->remotes, remote);
	g_hash_table_iter_init(&iter, set->holders.wanted);
	while (g_hash_table_iter_next(&iter, &host, NULL))
		unwatch(compile, remote, host);
}

void rule_end(struct compile *compile, struct rule **at)
{
	struct rule *rule = *at;

	if (!rule)
		return;
	row_retire(compile, &rule->row);
	if (rule->remote)
		set_drop_remote(compile, rule->set, rule->remote);
	rule->set->users--;
	set_queue(compile, rule->set);
	g_free(rule);
	*at = NULL;
}

static struct rule *rule_new(struct compile *compile, struct set *set, struct set *remote)
{
	struct rule *rule = g_new0(struct rule, 1);

	rule->set = set;
	rule->remote = remote;
	set->users++;
	if (remote)
		set_name_remote(compile, set, remote);
	return rule;
}

void rule_put(struct compile *compile, struct rule **rule, struct set *set, struct set *remote,
	      char *key, char *value)
{
	struct row_place place = {
		.table = COMPILE_RULE, .list = set->holders.rows, .audience = &set->holders};
	struct rule *old = NULL;

	if (*rule && ((*rule)->set != set || (*rule)->remote != remote))
		old = g_steal_pointer(rule);
	if (!*rule)
		*rule = rule_new(compile, set, remote);
	if (old && old->set == set) /* the row stays, and says something else */
		(*rule)->row = g_steal_pointer(&old->row);
	row_put(compile, &(*rule)->row, place, key, value);
	rule_end(compile, &old);
}

void policy_update_rule(struct compile *compile, struct uuid id)
{
	const struct security_rule *object = cloud_find(compile->cloud, KIND_SECURITY_RULE, id);
	struct group_rule *own = g_hash_table_lookup(compile->rules, &id);
	char *remote;

	if (!object) {
		if (own)
			rule_end(compile, &own->rule);
		g_hash_table_remove(compile->rules, &id);
		return;
	}
	if (!own) {
		own = g_new0(struct group_rule, 1);
		own->id = id;
		g_hash_table_insert(compile->rules, &own->id, own);
	}
	remote = text_rule_remote(object);
	rule_put(compile, &own->rule, set_get(compile, text_set(object->security_group_id)),
		 remote ? set_get(compile, remote) : NULL, text_key_rule(object),
		 text_print_rule(object,
				 cloud_find_group(compile->cloud, object->security_group_id)));
}

void policy_update_group(struct compile *compile, struct uuid id)
{
	const GPtrArray *rules = cloud_list_rules(compile->cloud, id);

	for (guint i = 0; i < rules->len; i++)
		policy_update_rule(compile, ((struct object *)rules->pdata[i])->id);
}

/* ----------------------------------------------------------- addresses */

static void address_put(struct compile *compile, struct set *set, GHashTable *rows,
			struct prefix prefix)
{
	struct row_place place = {.table = COMPILE_ADDRESSES,
				  .list = set->watchers.rows,
				  .audience = &set->watchers};
	char text[PREFIX_TEXT];
	struct row *row;

	prefix_print(prefix, text);
	row = g_hash_table_lookup(set->addresses, text);
	g_hash_table_remove(set->addresses, text);
	row_put_shared(compile, &row, place, g_strdup_printf("%s/%s", set->name, text),
		       compile->empty);
	g_hash_table_insert(rows, g_strdup(text), row);
}

void policy_update_addresses(struct compile *compile, struct uuid id)
{
	const struct address_group *group = cloud_find_address_group(compile->cloud, id);
	struct set *set = set_get(compile, text_address_set(id));
	GHashTable *rows = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	GHashTableIter iter;
	gpointer row;

	for (uint32_t i = 0; group && i < group->addresses.count; i++)
		address_put(compile, set, rows, *vec_at(struct prefix, &group->addresses, i));
	g_hash_table_iter_init(&iter, set->addresses);
	while (g_hash_table_iter_next(&iter, NULL, &row))
		row_retire(compile, (struct row **)&row);
	g_hash_table_unref(set->addresses);
	set->addresses = rows;
	set_queue(compile, set);
}

/* ---------------------------------------------------------- identities */

/* Its row has to be printed: at the end of the flush, when all who join have joined. */
static void identity_mark(struct compile *compile, struct identity *identity)
{
	if (!identity->stale)
		g_ptr_array_add(compile->stale_identities, identity);
	identity->stale = true;
}

void set_join(struct compile *compile, struct set *set, struct identity *identity)
{
	GHashTableIter iter;
	gpointer host;

	g_ptr_array_add(identity->sets, set);
	g_hash_table_add(set->identities, identity);
	g_hash_table_iter_init(&iter, set->watchers.wanted);
	while (g_hash_table_iter_next(&iter, &host, NULL))
		audience_add(compile, &identity->audience, host);
	g_hash_table_iter_init(&iter, identity->holds);
	while (g_hash_table_iter_next(&iter, &host, NULL))
		set_hold(compile, set, host);
	identity_mark(compile, identity);
}

void set_part(struct compile *compile, struct set *set, struct identity *identity)
{
	GHashTableIter iter;
	gpointer host;

	g_hash_table_iter_init(&iter, identity->holds);
	while (g_hash_table_iter_next(&iter, &host, NULL))
		set_release(compile, set, host);
	g_hash_table_iter_init(&iter, set->watchers.wanted);
	while (g_hash_table_iter_next(&iter, &host, NULL))
		audience_del(compile, &identity->audience, host);
	g_hash_table_remove(set->identities, identity);
	g_ptr_array_remove_fast(identity->sets, set);
	set_queue(compile, set);
	identity_mark(compile, identity);
}

static void identity_free(void *data)
{
	struct identity *identity = data;

	vec_done(&identity->labels, &label_table);
	vec_done(&identity->named_ports, &named_port_table);
	g_ptr_array_unref(identity->sets);
	g_hash_table_unref(identity->holds);
	audience_done(&identity->audience);
	g_free(identity);
}

static struct identity *identity_new(struct compile *compile, const struct port *port)
{
	struct identity *identity = g_new0(struct identity, 1);

	identity->number = port->identity;
	identity->project = port->object.project_id;
	vec_copy(&identity->labels, &port->labels, &label_table);
	vec_copy(&identity->named_ports, &port->named_ports, &named_port_table);
	identity->sets = g_ptr_array_new();
	identity->holds = g_hash_table_new(NULL, NULL);
	audience_init(&identity->audience);
	g_hash_table_insert(compile->identities, GUINT_TO_POINTER(port->identity), identity);
	identity_mark(compile, identity);
	for (uint32_t i = 0; i < port->security_groups.count; i++)
		set_join(compile,
			 set_get(compile,
				 text_set(*vec_at(struct uuid, &port->security_groups, i))),
			 identity);
	selectors_add_identity(compile, identity);
	return identity;
}

static void identity_queue(struct compile *compile, struct identity *identity)
{
	if (!identity->queued)
		g_ptr_array_add(compile->idle_identities, identity);
	identity->queued = true;
}

/* Nobody has it any more: it leaves its sets, and those who watch them. */
static void identity_end(struct compile *compile, struct identity *identity)
{
	row_retire(compile, &identity->row);
	while (identity->sets->len)
		set_part(compile, identity->sets->pdata[identity->sets->len - 1], identity);
	selectors_del_identity(compile, identity);
	g_hash_table_remove(compile->identities, GUINT_TO_POINTER(identity->number));
	g_ptr_array_add(compile->gone_identities, identity);
}

static void identity_hold(struct compile *compile, struct identity *identity,
			  struct host_unit *host)
{
	guint count = GPOINTER_TO_UINT(g_hash_table_lookup(identity->holds, host));

	g_hash_table_insert(identity->holds, host, GUINT_TO_POINTER(count + 1));
	if (count)
		return;
	audience_add(compile, &identity->audience, host);
	for (guint i = 0; i < identity->sets->len; i++)
		set_hold(compile, identity->sets->pdata[i], host);
}

static void identity_release(struct compile *compile, struct identity *identity,
			     struct host_unit *host)
{
	guint count = GPOINTER_TO_UINT(g_hash_table_lookup(identity->holds, host));

	if (count > 1) {
		g_hash_table_insert(identity->holds, host, GUINT_TO_POINTER(count - 1));
		return;
	}
	g_hash_table_remove(identity->holds, host);
	audience_del(compile, &identity->audience, host);
	for (guint i = 0; i < identity->sets->len; i++)
		set_release(compile, identity->sets->pdata[i], host);
}

void policy_set_port(struct compile *compile, struct port_unit *unit, const struct port *port,
		     struct host_unit *host)
{
	struct identity *old = unit->identity, *identity = NULL;
	struct host_unit *was = unit->holder;

	if (port) {
		identity = g_hash_table_lookup(compile->identities,
					       GUINT_TO_POINTER(port->identity));
		if (!identity)
			identity = identity_new(compile, port);
		identity->ports++;
	}
	unit->identity = identity;
	unit->holder = port && text_is_filtered(port) ? host : NULL;
	if (unit->holder)
		identity_hold(compile, identity, unit->holder);
	if (was)
		identity_release(compile, old, was);
	if (!old)
		return;
	if (!--old->ports)
		identity_queue(compile, old);
}

/* --------------------------------------------------------- life, death */

static void identity_print(struct compile *compile, struct identity *identity)
{
	struct row_place place = {.table = COMPILE_IDENTITY,
				  .audience = &identity->audience,
				  .list = identity->audience.rows};
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	for (guint i = 0; i < identity->sets->len; i++)
		g_ptr_array_add(names, ((struct set *)identity->sets->pdata[i])->name);
	row_put(compile, &identity->row, place, g_strdup_printf("%u", identity->number),
		text_print_identity(names));
}

void policy_print_identities(struct compile *compile)
{
	for (guint i = 0; i < compile->stale_identities->len; i++) {
		struct identity *identity = compile->stale_identities->pdata[i];

		identity->stale = false;
		if (identity->ports)
			identity_print(compile, identity);
	}
	g_ptr_array_set_size(compile->stale_identities, 0);
}

void policy_end_identities(struct compile *compile)
{
	for (guint i = 0; i < compile->idle_identities->len; i++) {
		struct identity *identity = compile->idle_identities->pdata[i];

		identity->queued = false;
		if (!identity->ports)
			identity_end(compile, identity);
	}
	g_ptr_array_set_size(compile->idle_identities, 0);
}

void policy_sweep(struct compile *compile)
{
	for (guint i = 0; i < compile->gone_identities->len; i++)
		identity_free(compile->gone_identities->pdata[i]);
	g_ptr_array_set_size(compile->gone_identities, 0);
	for (guint i = 0; i < compile->idle_sets->len; i++) {
		struct set *set = compile->idle_sets->pdata[i];

		set->queued = false;
		if (!set->users && !g_hash_table_size(set->identities) &&
		    audience_is_empty(&set->holders) && audience_is_empty(&set->watchers))
			g_hash_table_remove(compile->sets, set->name);
	}
	g_ptr_array_set_size(compile->idle_sets, 0);
}

static void group_rule_free(void *data)
{
	struct group_rule *own = data;

	g_free(own->rule);
	g_free(own);
}

void policy_init(struct compile *compile)
{
	compile->sets = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, set_free);
	compile->rules = g_hash_table_new_full(uuid_hash, uuid_same, NULL, group_rule_free);
	compile->identities = g_hash_table_new(NULL, NULL);
	compile->idle_sets = g_ptr_array_new();
	compile->idle_identities = g_ptr_array_new();
	compile->gone_identities = g_ptr_array_new();
	compile->stale_identities = g_ptr_array_new();
	compile->turns = g_array_new(FALSE, FALSE, 2 * sizeof(void *));
}

void policy_done(struct compile *compile)
{
	GHashTableIter iter;
	gpointer identity;

	g_hash_table_iter_init(&iter, compile->identities);
	while (g_hash_table_iter_next(&iter, NULL, &identity))
		identity_free(identity);
	g_hash_table_unref(compile->identities);
	g_hash_table_unref(compile->rules);
	g_hash_table_unref(compile->sets);
	g_ptr_array_unref(compile->idle_sets);
	g_ptr_array_unref(compile->idle_identities);
	g_ptr_array_unref(compile->gone_identities);
	g_ptr_array_unref(compile->stale_identities);
	g_array_unref(compile->turns);
}
