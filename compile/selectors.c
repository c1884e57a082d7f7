/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/selectors.h"

#include <stdlib.h>
#include <string.h>

#include "compile/policy_state.h"

/*
 * Who may have to do with each other: selectors of a project that ask for one label, and the
 * identities that have it. Selectors that ask for none share a shelf with all identities.
 */
struct shelf {
	char *key;
	GHashTable *selectors;	/* set of struct set */
	GHashTable *identities; /* set of struct identity */
};

struct policy_unit {
	struct uuid id;
	GHashTable *rules; /* key -> struct rule */
	GPtrArray *names;  /* struct name_unit, of ports that its rules speak of */
};

/* A name that ports of a project have, or rules speak of. */
struct name_unit {
	char *key;
	GHashTable *numbers;  /* port number -> how many identities */
	GHashTable *policies; /* set of struct policy_unit */
};

/* ---------------------------------------------------------------- shelves */

static void shelf_free(void *data)
{
	struct shelf *shelf = data;

	g_hash_table_unref(shelf->selectors);
	g_hash_table_unref(shelf->identities);
	g_free(shelf->key);
	g_free(shelf);
}

/* KEY NULL: all of PROJECT. The label comes first: it has no line end, a project may. */
static char *shelf_key(const char *project, const char *key, const char *value)
{
	return key ? g_strdup_printf("%s=%s\n%s", key, value, project)
		   : g_strdup_printf("\n%s", project);
}

/* Takes KEY. */
static struct shelf *shelf_get(struct compile *compile, char *key)
{
	struct shelf *shelf = g_hash_table_lookup(compile->shelves, key);

	if (shelf) {
		g_free(key);
		return shelf;
	}
	shelf = g_new0(struct shelf, 1);
	shelf->key = key;
	shelf->selectors = g_hash_table_new(NULL, NULL);
	shelf->identities = g_hash_table_new(NULL, NULL);
	g_hash_table_insert(compile->shelves, shelf->key, shelf);
	return shelf;
}

static void shelf_check(struct compile *compile, const struct shelf *shelf)
{
	if (!g_hash_table_size(shelf->selectors) && !g_hash_table_size(shelf->identities))
		g_hash_table_remove(compile->shelves, shelf->key);
}

static bool picks(const struct set *set, const struct identity *identity)
{
	return selection_has(&set->picks->selection, identity->project, &identity->labels,
			     &identity->named_ports);
}

/* -------------------------------------------------------------- selectors */

static void selector_open(struct compile *compile, struct set *set,
			  const struct selection *selection)
{
	const char *key = NULL, *value = NULL;
	GHashTableIter iter;
	gpointer identity;

	set->picks = g_new0(struct picks, 1);
	selector_copy(&set->picks->selector, selection->selector);
	set->picks->port_name = g_strdup(selection->port_name);
	set->picks->selection = *selection;
	set->picks->selection.selector = &set->picks->selector;
	set->picks->selection.port_name = set->picks->port_name;
	selector_find_pair(&set->picks->selector, &key, &value);
	set->shelf = shelf_get(compile, shelf_key(selection->project, key, value));
	g_hash_table_add(set->shelf->selectors, set);
	g_hash_table_iter_init(&iter, set->shelf->identities);
	while (g_hash_table_iter_next(&iter, &identity, NULL)) {
		compile->work.matches++;
		if (picks(set, identity))
			set_join(compile, set, identity);
	}
}

static void selector_close(struct compile *compile, struct set *set)
{
	g_autoptr(GList) identities = g_hash_table_get_keys(set->identities);

	for (GList *at = identities; at; at = at->next)
		set_part(compile, set, at->data);
	g_hash_table_remove(set->shelf->selectors, set);
	shelf_check(compile, set->shelf);
	set->shelf = NULL;
}

static struct set *selector_get(struct compile *compile, const struct selection *selection,
				const char *name)
{
	struct set *set = set_get(compile, g_strdup(name));

	if (!set->picks)
		selector_open(compile, set, selection);
	return set;
}

void selectors_settle(struct compile *compile)
{
	/* closing one queues it, which it is already */
	for (guint i = 0; i < compile->idle_sets->len; i++) {
		struct set *set = compile->idle_sets->pdata[i];

		if (set->shelf && !set->users)
			selector_close(compile, set);
	}
}

/* ------------------------------------------------------------- identities */

static void name_mark(struct compile *compile, const struct name_unit *unit)
{
	GHashTableIter iter;
	gpointer policy;

	g_hash_table_iter_init(&iter, unit->policies);
	while (g_hash_table_iter_next(&iter, &policy, NULL))
		compile_mark(compile, KIND_POLICY, ((struct policy_unit *)policy)->id);
}

static void name_free(void *data)
{
	struct name_unit *unit = data;

	g_hash_table_unref(unit->numbers);
	g_hash_table_unref(unit->policies);
	g_free(unit->key);
	g_free(unit);
}

static char *name_key(const char *project, const char *name, int protocol)
{
	return g_strdup_printf("%s/%d\n%s", name, protocol, project);
}

static struct name_unit *name_get(struct compile *compile, const char *project,
				  const char *name, int protocol)
{
	char *key = name_key(project, name, protocol);
	struct name_unit *unit = g_hash_table_lookup(compile->port_names, key);

	if (unit) {
		g_free(key);
		return unit;
	}
	unit = g_new0(struct name_unit, 1);
	unit->key = key;
	unit->numbers = g_hash_table_new(NULL, NULL);
	unit->policies = g_hash_table_new(NULL, NULL);
	g_hash_table_insert(compile->port_names, unit->key, unit);
	return unit;
}

static void name_check(struct compile *compile, const struct name_unit *unit)
{
	if (!g_hash_table_size(unit->numbers) && !g_hash_table_size(unit->policies))
		g_hash_table_remove(compile->port_names, unit->key);
}

/* One identity more or less calls its port so. */
static void name_count(struct compile *compile, const struct identity *identity,
		       const struct named_port *named, int by)
{
	struct name_unit *unit = name_get(compile, identity->project, named->name,
					  named_port_get_protocol(named));
	gpointer number = GUINT_TO_POINTER((guint)named->port);
	guint count = GPOINTER_TO_UINT(g_hash_table_lookup(unit->numbers, number));
	guint next = count + (guint)by;

	if (next)
		g_hash_table_insert(unit->numbers, number, GUINT_TO_POINTER(next));
	else
		g_hash_table_remove(unit->numbers, number);
	if (!count || !next)
		name_mark(compile, unit);
	name_check(compile, unit);
}

static void names_count(struct compile *compile, const struct identity *identity, int by)
{
	for (uint32_t i = 0; i < identity->named_ports.count; i++)
		name_count(compile, identity,
			   vec_at(struct named_port, &identity->named_ports, i), by);
}

static void shelf_show(struct compile *compile, struct shelf *shelf, struct identity *identity)
{
	GHashTableIter iter;
	gpointer set;

	g_hash_table_add(shelf->identities, identity);
	g_hash_table_iter_init(&iter, shelf->selectors);
	while (g_hash_table_iter_next(&iter, &set, NULL)) {
		compile->work.matches++;
		if (picks(set, identity))
			set_join(compile, set, identity);
	}
}

static char *label_key(const struct identity *identity, uint32_t i)
{
	const struct label *label = vec_at(struct label, &identity->labels, i);

	return shelf_key(identity->project, label->key, label->value ? label->value : "");
}

void selectors_add_identity(struct compile *compile, struct identity *identity)
{
	names_count(compile, identity, 1);
	shelf_show(compile, shelf_get(compile, shelf_key(identity->project, NULL, NULL)),
		   identity);
	for (uint32_t i = 0; i < identity->labels.count; i++)
		shelf_show(compile, shelf_get(compile, label_key(identity, i)), identity);
}

static void shelf_leave(struct compile *compile, char *key, struct identity *identity)
{
	struct shelf *shelf = shelf_get(compile, key);

	g_hash_table_remove(shelf->identities, identity);
	shelf_check(compile, shelf);
}

void selectors_del_identity(struct compile *compile, struct identity *identity)
{
	names_count(compile, identity, -1);
	shelf_leave(compile, shelf_key(identity->project, NULL, NULL), identity);
	for (uint32_t i = 0; i < identity->labels.count; i++)
		shelf_leave(compile, label_key(identity, i), identity);
}

/* --------------------------------------------------------------- policies */

/* A policy whose rules are brought up to date. */
struct update {
	struct compile *compile;
	struct policy_unit *unit;
	const char *project;
	GHashTable *rules; /* as they are from now on */
	GPtrArray *names;
};

static void policy_free(void *data)
{
	struct policy_unit *unit = data;
	GHashTableIter iter;
	gpointer rule;

	g_hash_table_iter_init(&iter, unit->rules);
	while (g_hash_table_iter_next(&iter, NULL, &rule))
		g_free(rule);
	g_hash_table_unref(unit->rules);
	g_ptr_array_unref(unit->names);
	g_free(unit);
}

static GHashTable *rules_new(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

static struct policy_unit *policy_get(struct compile *compile, struct uuid id)
{
	struct policy_unit *unit = g_hash_table_lookup(compile->policies, &id);

	if (unit)
		return unit;
	unit = g_new0(struct policy_unit, 1);
	unit->id = id;
	unit->rules = rules_new();
	unit->names = g_ptr_array_new();
	g_hash_table_insert(compile->policies, &unit->id, unit);
	return unit;
}

static gint number_compare(gconstpointer a, gconstpointer b)
{
	return *(const uint16_t *)a - *(const uint16_t *)b;
}

static GArray *list_numbers(const char *project, const char *name, int protocol, void *data)
{
	const struct update *update = data;
	struct name_unit *unit = name_get(update->compile, project, name, protocol);
	GArray *numbers = g_array_new(FALSE, FALSE, sizeof(uint16_t));
	GHashTableIter iter;
	gpointer key;

	g_hash_table_iter_init(&iter, unit->numbers);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		uint16_t number = (uint16_t)GPOINTER_TO_UINT(key);

		g_array_append_val(numbers, number);
	}
	g_array_sort(numbers, number_compare);
	return numbers;
}

static void update_rule(struct text_rule *text, void *data)
{
	struct update *update = data;
	struct compile *compile = update->compile;
	struct set *set = selector_get(compile, &text->subject, text->set);
	struct set *remote = NULL;
	gpointer key = NULL, rule = NULL;

	if (text->has_peer)
		remote = selector_get(compile, &text->peer, text->remote);
	else if (text->remote)
		remote = set_get(compile, g_strdup(text->remote));
	if (g_hash_table_steal_extended(update->unit->rules, text->key, &key, &rule))
		g_free(key);
	rule_put(compile, (struct rule **)&rule, set, remote, g_strdup(text->key),
		 g_steal_pointer(&text->value));
	g_hash_table_insert(update->rules, g_steal_pointer(&text->key), rule);
}

static void update_name(const char *name, int protocol, void *data)
{
	struct update *update = data;
	struct name_unit *unit = name_get(update->compile, update->project, name, protocol);

	if (g_hash_table_add(unit->policies, update->unit))
		g_ptr_array_add(update->names, unit);
}

static void names_leave(struct compile *compile, struct policy_unit *policy)
{
	for (guint i = 0; i < policy->names->len; i++)
		g_hash_table_remove(((struct name_unit *)policy->names->pdata[i])->policies,
				    policy);
}

static void names_check(struct compile *compile, const GPtrArray *names)
{
	for (guint i = 0; i < names->len; i++)
		name_check(compile, names->pdata[i]);
}

void selectors_update_policy(struct compile *compile, struct uuid id)
{
	const struct selector_policy *policy = cloud_find(compile->cloud, KIND_POLICY, id);
	struct policy_unit *unit = policy_get(compile, id);
	struct update update = {.compile = compile, .unit = unit};
	g_autoptr(GPtrArray) before = NULL;
	GHashTableIter iter;
	gpointer rule;

	update.rules = rules_new();
	update.names = g_ptr_array_new();
	names_leave(compile, unit);
	if (policy) {
		update.project = policy->object.project_id;
		text_visit_names(policy, update_name, &update);
		text_visit_policy(policy, list_numbers, update_rule, &update);
	}
	g_hash_table_iter_init(&iter, unit->rules);
	while (g_hash_table_iter_next(&iter, NULL, &rule))
		rule_end(compile, (struct rule **)&rule);
	g_hash_table_unref(unit->rules);
	before = g_steal_pointer(&unit->names);
	unit->rules = update.rules;
	unit->names = update.names;
	names_check(compile, before);
	if (!policy)
		g_hash_table_remove(compile->policies, &id);
}

/* ------------------------------------------------------------ life, death */

void selectors_init(struct compile *compile)
{
	compile->policies = g_hash_table_new_full(uuid_hash, uuid_same, NULL, policy_free);
	compile->shelves = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, shelf_free);
	compile->port_names = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, name_free);
}

void selectors_done(struct compile *compile)
{
	g_hash_table_unref(compile->policies);
	g_hash_table_unref(compile->shelves);
	g_hash_table_unref(compile->port_names);
}
