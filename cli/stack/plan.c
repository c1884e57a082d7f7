/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan follows the template's order, so that when a resource is looked at, it
 * is known of all it refers to whether they stay. What refers to something new is
 * itself changed, or new where the API allows no change.
 */
#include "cli/stack/plan.h"

#include <string.h>
#include "cli/stack/attributes.h"
#include "cli/stack/rules.h"
#include "cli/value.h"
#include "lib/error.h"

static void step_free(gpointer data)
{
	struct step *step = data;

	json_decref(step->attributes);
	json_decref(step->rules);
	json_decref(step->object);
	g_free(step);
}

void plan_free(struct plan *plan)
{
	if (!plan)
		return;
	g_hash_table_unref(plan->names);
	g_ptr_array_unref(plan->gone);
	g_hash_table_unref(plan->by_key);
	g_ptr_array_unref(plan->steps);
	if (plan->members)
		g_ptr_array_unref(plan->members);
	g_free(plan);
}

/* The member's id; that of routes is their router's. */
static json_t *get_resource(void *data, const struct resource *resource, GError **error)
{
	struct plan *plan = data;
	const struct step *step = g_hash_table_lookup(plan->by_key, resource->node.name);
	json_t *id = step ? json_object_get(step->object, "id") : NULL;

	return json_incref(id ? id : function_unknown());
}

static json_t *get_attribute(void *data, const struct resource *resource, const char *name,
			     GError **error)
{
	struct plan *plan = data;
	const struct step *step = g_hash_table_lookup(plan->by_key, resource->node.name);
	json_t *value;

	if (!step || !step->object)
		return json_incref(function_unknown());
	if (!strcmp(name, "show"))
		return json_incref(step->object);
	value = json_object_get(step->object, name);
	return value ? json_incref(value) : json_null();
}

static char *resolve(void *data, enum kind kind, const char *text, GError **error)
{
	struct plan *plan = data;
	g_autofree char *name = g_strdup_printf("%d/%s", kind, text);
	char *id = g_hash_table_lookup(plan->names, name);

	if (!id) {
		id = client_find_id(plan->client, kind, text, error);
		if (id)
			g_hash_table_insert(plan->names, g_steal_pointer(&name), id);
	}
	return g_strdup(id);
}

/* Heat names what the template does not. */
static void add_name(const struct plan *plan, const struct step *step, json_t *attributes)
{
	g_autofree char *name = NULL;

	if (step->resource->type->member != MEMBER_OBJECT ||
	    !attr_find(cloud_table(step->resource->type->kind), "name") ||
	    json_object_get(attributes, "name"))
		return;
	name = g_strdup_printf("%s-%s", plan->template->name, step->resource->node.name);
	json_object_set_new(attributes, "name", json_string(name));
}

/* A subnet's version is written in its prefix; from a pool it is 4 unless it says otherwise, as Heat
 * has it. */
static void add_ip_version(const struct step *step, json_t *attributes)
{
	const char *cidr = json_string_value(json_object_get(attributes, "cidr"));

	if (step->resource->type->kind == KIND_SUBNET &&
	    !json_object_get(attributes, "ip_version"))
		json_object_set_new(attributes, "ip_version",
				    json_integer(cidr && strchr(cidr, ':') ? 6 : 4));
}

/* What Heat says of a rule that says nothing. */
static void add_rule_defaults(const struct step *step, json_t *attributes)
{
	static const struct {
		const char *name, *value;
	} defaults[] = {{"direction", "ingress"}, {"ethertype", "IPv4"}, {"protocol", "tcp"}};

	if (step->resource->type->kind != KIND_SECURITY_RULE)
		return;
	for (size_t i = 0; i < G_N_ELEMENTS(defaults); i++)
		if (!json_object_get(attributes, defaults[i].name))
			json_object_set_new(attributes, defaults[i].name,
					    json_string(defaults[i].value));
}

/* A group's rules are objects of their own. */
static void take_rules(struct step *step, json_t *attributes)
{
	if (step->resource->type->kind != KIND_SECURITY_GROUP)
		return;
	json_decref(step->rules);
	step->rules = json_incref(json_object_get(attributes, "security_group_rules"));
	json_object_del(attributes, "security_group_rules");
}

bool plan_has_other_rules(const struct step *step, const json_t *group)
{
	json_auto_t *missing = NULL, *extra = NULL;

	if (!step->rules)
		return false;
	return function_is_unknown(step->rules) ||
	       rules_compare(step->rules, group, &missing, &extra);
}

bool plan_evaluate(struct plan *plan, struct step *step, GError **error)
{
	const struct template_source source = {get_resource, get_attribute, plan};
	const struct attributes_resolver resolver = {resolve, plan};
	json_auto_t *values = template_evaluate(plan->template, step->resource, &source, error);
	json_t *attributes;

	if (!values)
		return false;
	attributes = attributes_make(step->resource->type, values, &resolver, error);
	if (!attributes) {
		g_prefix_error(error, "resource '%s': ", step->resource->node.name);
		return false;
	}
	add_name(plan, step, attributes);
	add_ip_version(step, attributes);
	add_rule_defaults(step, attributes);
	take_rules(step, attributes);
	json_decref(step->attributes);
	step->attributes = attributes;
	return true;
}

json_t *plan_make_tags(const struct plan *plan, const struct step *step, const json_t *has)
{
	g_autofree char *stack = member_stack_tag(plan->template->name);
	g_autofree char *key =
		member_key_tag(step->resource->type->member, step->resource->node.name);
	json_t *tags = json_is_array(has) ? json_copy((json_t *)has) : json_array();
	json_auto_t *all = json_pack("[s,s]", stack, key);
	json_t *given = json_object_get(step->attributes, "tags"), *tag, *item;
	size_t i, k;

	if (json_is_array(given) && !function_has_unknown(given))
		json_array_extend(all, given);
	json_array_foreach (all, i, tag) {
		bool there = false;

		json_array_foreach (tags, k, item)
			there = there || json_equal(item, tag);
		if (!there)
			json_array_append(tags, tag);
	}
	return tags;
}

static bool has_tags(const struct plan *plan, const struct step *step, const json_t *object)
{
	json_t *has = json_object_get(object, "tags");
	json_auto_t *wanted = plan_make_tags(plan, step, has);

	return json_array_size(wanted) == json_array_size(has);
}

/* What ATTR is when nobody gives it, or NULL when that is for the API to say. */
static json_t *initial_of(const struct attr *attr)
{
	if (attr->type == ATTR_LIST)
		return attr_is_map(attr) ? json_object() : json_array();
	if (attr->initial)
		return value_parse(attr, attr->initial, NULL);
	if (attr->type == ATTR_DICT && attr->item)
		return json_null();
	return attr->type == ATTR_STRING && !(attr->flags & ATTR_NULLABLE) ? json_string("")
									   : NULL;
}

/* Another resource of the stack says, or has said, what ATTR of OBJECT is. */
static bool is_parts(const struct attr *attr, const json_t *object)
{
	g_autofree char *tag = member_key_tag(MEMBER_GATEWAY, "");
	json_t *item;
	size_t i;

	json_array_foreach (json_object_get(object, "tags"), i, item)
		if (attr->type == ATTR_DICT && attr->item &&
		    g_str_has_prefix(json_string_value(item), tag))
			return true;
	return false;
}

/* A property that left the template goes back to what it is without one. */
static void find_dropped(const struct step *step, const json_t *object, json_t *changes)
{
	const struct resource_type *type = step->resource->type;
	const unsigned int not_ours = PROPERTY_KEPT | PROPERTY_REFERENCE | PROPERTY_SPECS |
				      PROPERTY_UNSUPPORTED | PROPERTY_NOTHING | PROPERTY_RULES;

	for (const struct property *property = type->properties; property->name; property++) {
		const char *name = property_attribute(property);
		const struct attr *attr = attr_find(cloud_table(type->kind), name);
		json_auto_t *initial = NULL;

		if ((property->flags & not_ours) || !attr || !(attr->flags & ATTR_PUT) ||
		    json_object_get(step->attributes, name) || !json_object_get(object, name))
			continue;
		initial = is_parts(attr, object) ? NULL : initial_of(attr);
		if (initial && !value_matches(attr, initial, json_object_get(object, name)))
			json_object_set(changes, name, initial);
	}
}

static json_t *find_object_changes(const struct step *step, const json_t *object, bool *fixed)
{
	const struct attr_table *table = cloud_table(step->resource->type->kind);
	json_t *changes = json_object(), *value;
	const char *name;

	json_object_foreach (step->attributes, name, value) {
		const struct attr *attr = attr_find(table, name);

		if (!strcmp(name, "tags"))
			continue;
		if (!function_is_unknown(value) &&
		    value_matches(attr, value, json_object_get(object, name)))
			continue;
		json_object_set(changes, name, value);
		*fixed = *fixed || !(attr->flags & ATTR_PUT);
	}
	find_dropped(step, object, changes);
	return changes;
}

static bool is_on_subnet(const json_t *port, const json_t *subnet_id)
{
	json_t *item;
	size_t i;

	json_array_foreach (json_object_get(port, "fixed_ips"), i, item)
		if (json_equal(json_object_get(item, "subnet_id"), subnet_id))
			return true;
	return false;
}

/* An interface cannot be changed, only be another one. */
static json_t *find_interface_changes(const struct step *step, const json_t *port, bool *fixed)
{
	const json_t *router = json_object_get(step->attributes, "router_id");
	const json_t *subnet = json_object_get(step->attributes, "subnet_id");
	const json_t *id = json_object_get(step->attributes, "port_id");

	*fixed = !json_equal(router, json_object_get(port, "device_id")) ||
		 (subnet && !is_on_subnet(port, subnet)) ||
		 (id && !json_equal(id, json_object_get(port, "id")));
	return json_object();
}

json_t *plan_find_changes(const struct step *step, const json_t *object, bool *fixed)
{
	*fixed = false;
	switch (step->resource->type->member) {
	case MEMBER_OBJECT:
		return find_object_changes(step, object, fixed);
	case MEMBER_INTERFACE:
		return find_interface_changes(step, object, fixed);
	case MEMBER_ROUTES:
	case MEMBER_GATEWAY:
		return json_object(); /* a router's are compared as a whole */
	}
	return NULL;
}

static enum action choose_action(struct plan *plan, const struct step *step)
{
	json_auto_t *changes = NULL;
	bool fixed;

	if (!step->old)
		return ACTION_CREATE;
	changes = plan_find_changes(step, step->old->object, &fixed);
	if (fixed || step->forced)
		return ACTION_REPLACE;
	return json_object_size(changes) || !has_tags(plan, step, step->old->object) ||
			       plan_has_other_rules(step, step->old->object)
		       ? ACTION_UPDATE
		       : ACTION_KEEP;
}

static const struct stack_member *find_member(const struct plan *plan,
					      const struct resource *resource)
{
	for (guint i = 0; i < plan->members->len; i++) {
		const struct stack_member *member = plan->members->pdata[i];

		if (member->member == resource->type->member &&
		    member->kind == resource->type->kind &&
		    !strcmp(member->key, resource->node.name))
			return member;
	}
	return NULL;
}

static void add_step(struct plan *plan, const struct resource *resource)
{
	struct step *step = g_new0(struct step, 1);

	step->resource = resource;
	step->old = find_member(plan, resource);
	g_ptr_array_add(plan->steps, step);
	g_hash_table_insert(plan->by_key, (gpointer)resource->node.name, step);
}

/* Decides what becomes of each step, in order. */
static bool decide(struct plan *plan, GError **error)
{
	for (guint i = 0; i < plan->steps->len; i++) {
		struct step *step = plan->steps->pdata[i];

		json_decref(step->object);
		step->object = NULL;
	}
	for (guint i = 0; i < plan->steps->len; i++) {
		struct step *step = plan->steps->pdata[i];

		if (!plan_evaluate(plan, step, error))
			return false;
		step->action = choose_action(plan, step);
		if (step->action == ACTION_KEEP || step->action == ACTION_UPDATE)
			step->object = json_incref(step->old->object);
	}
	return true;
}

static bool is_kept(const struct step *step)
{
	return step->old && step->action != ACTION_REPLACE;
}

/* What PORT, a kept one, cannot outlive: a router's interface that it is, as it goes with
 * it, and a subnet on which it has an address, as that goes only without it. */
static bool hangs_on(const struct step *port, const struct stack_member *leaving)
{
	const json_t *id = json_object_get(leaving->object, "id");

	if (port->resource->type->member != MEMBER_OBJECT ||
	    port->resource->type->kind != KIND_PORT)
		return false;
	if (leaving->member == MEMBER_INTERFACE)
		return json_equal(json_object_get(port->old->object, "id"), id);
	return leaving->member == MEMBER_OBJECT && leaving->kind == KIND_SUBNET &&
	       is_on_subnet(port->old->object, id);
}

/* Returns whether there were any that were not forced before. */
static bool force(struct plan *plan, const struct stack_member *leaving)
{
	bool found = false;

	for (guint i = 0; i < plan->steps->len; i++) {
		struct step *step = plan->steps->pdata[i];

		if (step->forced || !is_kept(step) || !hangs_on(step, leaving))
			continue;
		step->forced = found = true;
	}
	return found;
}

static bool force_all(struct plan *plan)
{
	bool found = false;

	for (guint i = 0; i < plan->gone->len; i++)
		found = force(plan, plan->gone->pdata[i]) || found;
	for (guint i = 0; i < plan->steps->len; i++) {
		const struct step *step = plan->steps->pdata[i];

		if (step->action == ACTION_REPLACE)
			found = force(plan, step->old) || found;
	}
	return found;
}

static void find_gone(struct plan *plan)
{
	for (guint i = 0; i < plan->members->len; i++) {
		struct stack_member *member = plan->members->pdata[i];
		bool used = false;

		for (guint k = 0; k < plan->steps->len && !used; k++)
			used = ((const struct step *)plan->steps->pdata[k])->old == member;
		if (!used)
			g_ptr_array_add(plan->gone, member);
	}
}

/* Each round forces at least one more step, or is the last. */
static bool make(struct plan *plan, GError **error)
{
	plan->members = member_read(plan->client, plan->template->name, error);
	if (!plan->members)
		return false;
	for (guint i = 0; i < plan->template->resources->len; i++)
		add_step(plan, plan->template->resources->pdata[i]);
	find_gone(plan);
	do {
		if (!decide(plan, error))
			return false;
	} while (force_all(plan));
	return true;
}

struct plan *plan_new(struct client *client, const struct template *template, GError **error)
{
	struct plan *plan = g_new0(struct plan, 1);

	plan->client = client;
	plan->template = template;
	plan->steps = g_ptr_array_new_with_free_func(step_free);
	plan->by_key = g_hash_table_new(g_str_hash, g_str_equal);
	plan->gone = g_ptr_array_new();
	plan->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	if (make(plan, error))
		return plan;
	plan_free(plan);
	return NULL;
}

bool plan_refresh(struct plan *plan, GError **error)
{
	GPtrArray *members = member_read(plan->client, plan->template->name, error);

	if (!members)
		return false;
	g_ptr_array_set_size(plan->gone, 0); /* borrows from the members that go */
	g_ptr_array_unref(plan->members);
	plan->members = members;
	for (guint i = 0; i < plan->steps->len; i++) {
		struct step *step = plan->steps->pdata[i];

		step->old = find_member(plan, step->resource);
		if (!step->old)
			continue;
		json_decref(step->object);
		step->object = json_incref(step->old->object);
	}
	return true;
}

json_t *plan_evaluate_outputs(struct plan *plan, GError **error)
{
	const struct template_source source = {get_resource, get_attribute, plan};

	return template_evaluate_outputs(plan->template, &source, error);
}
