/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A template is read in the order in which its parts need each other: parameters,
 * conditions, types, then one dry run of every property and output in which what
 * resources will be is unknown. The dry run finds what is misspelt, and writes down
 * who refers to whom.
 */
#include "cli/stack/template_read.h"

#include <string.h>
#include "cli/stack/attributes.h"
#include "cli/stack/parameter.h"
#include "lib/error.h"

struct reading {
	struct template *template;
	const struct template_input *input;
	GHashTable *open;	  /* conditions being evaluated */
	GPtrArray *unsupported;	  /* texts: all are named at once */
	struct resource *current; /* whose properties are evaluated, or NULL */
	GString *references;	  /* "ref:KEY" of what the property refers to */
};

G_GNUC_PRINTF(2, 3)
static bool refuse(GError **error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_propagate_error(error,
			  g_error_new_valist(WEFT_ERROR, WEFT_ERROR_INVALID, format, args));
	va_end(args);
	return false;
}

/* The mapping called NAME in ROOT is a mapping or absent. */
static bool check_section(const json_t *root, const char *name, GError **error)
{
	const json_t *section = json_object_get(root, name);

	return !section || json_is_null(section) || json_is_object(section) ||
	       refuse(error, "'%s' is not a mapping", name);
}

static bool check_keys(const json_t *map, const char *const *known, const char *where,
		       GError **error)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)map, key, value)
		if (!g_strv_contains(known, key))
			return refuse(error, "%s: '%s' is not known", where, key);
	return true;
}

static bool check_version(const json_t *root, GError **error)
{
	static const char *const versions[] = {
		"2013-05-23", "2014-10-16", "2015-04-30", "2015-10-15", "2016-04-08",
		"2016-10-14", "newton",	    "2017-02-24", "ocata",	"2017-09-01",
		"pike",	      "2018-03-02", "queens",	  "2018-08-31", "rocky",
		"2021-04-16", "wallaby",    NULL};
	const json_t *version = json_object_get(root, "heat_template_version");

	if (!version)
		return refuse(error, "heat_template_version is missing");
	if (!json_is_string(version) ||
	    !g_strv_contains(versions, json_string_value(version))) {
		g_autofree char *text = function_to_text(version);

		return refuse(error, "heat_template_version '%s' is not known", text);
	}
	return true;
}

static bool check_sections(const json_t *root, GError **error)
{
	static const char *const known[] = {"heat_template_version",
					    "description",
					    "parameter_groups",
					    "parameters",
					    "conditions",
					    "resources",
					    "outputs",
					    NULL};
	const json_t *description = json_object_get(root, "description");

	if (!json_is_object(root))
		return refuse(error, "the template is not a mapping");
	if (!check_version(root, error) || !check_keys(root, known, "template", error))
		return false;
	if (description && !json_is_string(description) && !json_is_null(description))
		return refuse(error, "'description' is not a text");
	return check_section(root, "parameters", error) &&
	       check_section(root, "conditions", error) &&
	       check_section(root, "resources", error) && check_section(root, "outputs", error);
}

static bool read_parameters(struct reading *reading, GError **error)
{
	struct template *template = reading->template;
	const char *project = reading->input->project_id;

	template->parameters =
		parameter_resolve(json_object_get(template->root, "parameters"),
				  reading->input->parameters, reading->input->defaults, error);
	if (!template->parameters)
		return false;
	json_object_set_new(template->parameters, "OS::stack_name",
			    json_string(template->name));
	json_object_set_new(template->parameters, "OS::project_id",
			    json_string(project ? project : ""));
	return true;
}

static json_t *get_parameter(struct scope *scope, const char *name, GError **error)
{
	struct reading *reading = scope->data;

	return template_get_parameter(reading->template, name, error);
}

static json_t *refuse_in_condition(struct scope *scope, const char *key, GError **error)
{
	refuse(error, "a condition cannot refer to resource '%s'", key);
	return NULL;
}

static json_t *refuse_attribute_in_condition(struct scope *scope, const char *key,
					     const char *name, GError **error)
{
	return refuse_in_condition(scope, key, error);
}

/* Conditions may name each other in any order, but not in a circle. */
static int read_condition(struct scope *scope, const char *name, GError **error)
{
	struct reading *reading = scope->data;
	json_t *known = json_object_get(reading->template->conditions, name);
	json_t *written =
		json_object_get(json_object_get(reading->template->root, "conditions"), name);
	int value;

	if (known)
		return json_is_true(known);
	if (!written) {
		refuse(error, "condition '%s' is not in the template", name);
		return -1;
	}
	if (!g_hash_table_add(reading->open, (gpointer)name)) {
		refuse(error, "condition '%s' depends on itself", name);
		return -1;
	}
	value = function_evaluate_condition(scope, written, error);
	if (value < 0) {
		if (!g_str_has_prefix((*error)->message, "condition '"))
			g_prefix_error(error, "condition '%s': ", name);
		return -1;
	}
	json_object_set_new(reading->template->conditions, name, json_boolean(value));
	return value;
}

static struct scope make_condition_scope(struct reading *reading)
{
	return (struct scope){
		.data = reading,
		.parameter = get_parameter,
		.resource = refuse_in_condition,
		.attribute = refuse_attribute_in_condition,
		.condition = read_condition,
	};
}

static bool read_conditions(struct reading *reading, GError **error)
{
	struct scope scope = make_condition_scope(reading);
	GError *reason = NULL;
	const char *name;
	json_t *written;

	json_object_foreach (json_object_get(reading->template->root, "conditions"), name,
			     written)
		if (read_condition(&scope, name, &reason) < 0) {
			g_propagate_error(error, reason);
			return false;
		}
	return true;
}

static bool check_resource(const char *key, const json_t *definition, GError **error)
{
	static const char *const known[] = {
		"type",	    "properties",    "depends_on",	"condition",
		"metadata", "update_policy", "deletion_policy", NULL};
	const json_t *properties = json_object_get(definition, "properties");
	const char *policy = json_string_value(json_object_get(definition, "deletion_policy"));
	g_autofree char *where = g_strdup_printf("resource '%s'", key);

	if (!template_check_key(key, error))
		return false;
	if (!json_is_object(definition))
		return refuse(error, "%s: is not a mapping", where);
	if (!check_keys(definition, known, where, error))
		return false;
	if (!json_is_string(json_object_get(definition, "type")))
		return refuse(error, "%s: has no type", where);
	if (properties && !json_is_object(properties) && !json_is_null(properties))
		return refuse(error, "%s: properties is not a mapping", where);
	if (policy && g_ascii_strcasecmp(policy, "delete"))
		return refuse(error, "%s: deletion_policy '%s' is not supported", where,
			      policy);
	return true;
}

/* Whether its condition wants the resource: 1, 0, or -1 with ERROR. */
static int is_wanted(struct reading *reading, const char *key, const json_t *definition,
		     GError **error)
{
	struct scope scope = make_condition_scope(reading);
	json_t *condition = json_object_get(definition, "condition");
	int wanted;

	if (!condition)
		return 1;
	wanted = function_evaluate_condition(&scope, condition, error);
	if (wanted < 0)
		g_prefix_error(error, "resource '%s': ", key);
	return wanted;
}

static void add_resource(struct reading *reading, const char *key, const json_t *definition,
			 const struct resource_type *type)
{
	struct resource *resource = g_new0(struct resource, 1);
	json_t *properties = json_object_get(definition, "properties");

	resource->node.name = key;
	resource->node.needs = g_ptr_array_new();
	resource->type = type;
	resource->properties = json_is_object(properties) ? properties : NULL;
	g_ptr_array_add(reading->template->resources, resource);
	g_hash_table_insert(reading->template->by_key, (gpointer)key, resource);
}

static bool read_resource(struct reading *reading, const char *key, const json_t *definition,
			  GError **error)
{
	const struct resource_type *type;
	const char *type_name;
	int wanted;

	if (!check_resource(key, definition, error))
		return false;
	wanted = is_wanted(reading, key, definition, error);
	if (wanted < 0)
		return false;
	type_name = json_string_value(json_object_get(definition, "type"));
	type = property_find_type(type_name);
	if (wanted && type) {
		add_resource(reading, key, definition, type);
		return true;
	}
	g_hash_table_insert(reading->template->absent, (gpointer)key,
			    (gpointer)(wanted ? type_name : ""));
	if (wanted &&
	    (!reading->input->skip_unsupported || g_str_has_prefix(type_name, "OS::Neutron::")))
		g_ptr_array_add(reading->unsupported,
				g_strdup_printf("%s (%s)", key, type_name));
	else if (wanted)
		g_ptr_array_add(reading->template->skipped,
				g_strdup_printf("%s (%s)", key, type_name));
	return true;
}

static bool read_resources(struct reading *reading, GError **error)
{
	json_t *section = json_object_get(reading->template->root, "resources");
	json_t *definition;
	const char *key;

	if (json_object_size(section) > TEMPLATE_RESOURCES_MAX)
		return refuse(error, "more than %d resources", TEMPLATE_RESOURCES_MAX);
	json_object_foreach (section, key, definition)
		if (!read_resource(reading, key, definition, error))
			return false;
	return true;
}

static void add_need(struct resource *resource, struct resource *need)
{
	if (!g_ptr_array_find(resource->node.needs, need, NULL))
		g_ptr_array_add(resource->node.needs, need);
}

/* KEY's resource, or NULL: with ERROR when it cannot be referred to at all, without when it
 * is skipped. */
static struct resource *refer(struct reading *reading, const char *key, GError **error)
{
	struct resource *resource = g_hash_table_lookup(reading->template->by_key, key);
	const char *absent = g_hash_table_lookup(reading->template->absent, key);

	if (!resource && !absent)
		refuse(error, "resource '%s' is not in the template", key);
	else if (!resource && !*absent)
		refuse(error, "resource '%s' is off by its condition", key);
	if (resource && reading->current) {
		add_need(reading->current, resource);
		g_string_append_printf(reading->references, "ref:%s", key);
	}
	return resource;
}

static json_t *dry_resource(struct scope *scope, const char *key, GError **error)
{
	GError *reason = NULL;

	refer(scope->data, key, &reason);
	if (!reason)
		return json_incref(function_unknown());
	g_propagate_error(error, reason);
	return NULL;
}

static json_t *dry_attribute(struct scope *scope, const char *key, const char *name,
			     GError **error)
{
	GError *reason = NULL;
	struct resource *resource = refer(scope->data, key, &reason);

	if (reason) {
		g_propagate_error(error, reason);
		return NULL;
	}
	if (!resource || attributes_are_readable(resource->type, name))
		return json_incref(function_unknown());
	refuse(error, "'%s' (%s) has no attribute '%s'", key, resource->type->name, name);
	return NULL;
}

static struct scope make_dry_scope(struct reading *reading)
{
	return (struct scope){
		.data = reading,
		.parameter = get_parameter,
		.resource = dry_resource,
		.attribute = dry_attribute,
		.condition = read_condition,
	};
}

/* Its network's or router's name in this template: what implicit order goes by. */
static void note_parent(struct reading *reading, const char *name, const json_t *value)
{
	static const char *const parents[] = {
		"network", "network_id", "router", "router_id", "external_gateway_info", NULL};

	if (!g_strv_contains(parents, name) ||
	    (reading->current->type->member == MEMBER_GATEWAY && g_str_has_prefix(name, "net")))
		return;
	g_free(reading->current->parent);
	reading->current->parent = reading->references->len
					   ? g_strdup(reading->references->str)
					   : g_strdup(json_string_value(value));
}

/*
 * Which routes of a router are whose is written nowhere but in the template, so only a
 * router of the same stack can be given some: all of its routes are the stack's, and so is its
 * gateway.
 */
static void check_router(struct reading *reading, const struct resource *resource)
{
	const char *key = resource->parent && g_str_has_prefix(resource->parent, "ref:")
				  ? resource->parent + strlen("ref:")
				  : NULL;
	const struct resource *router =
		key ? g_hash_table_lookup(reading->template->by_key, key) : NULL;

	if (property_is_part(resource->type->member) && resource->parent &&
	    !(router && router->type->member == MEMBER_OBJECT &&
	      router->type->kind == KIND_ROUTER))
		g_ptr_array_add(reading->unsupported,
				g_strdup_printf("%s (a router outside the stack)",
						resource->node.name));
}

static bool read_properties(struct reading *reading, struct resource *resource, GError **error)
{
	struct scope scope = make_dry_scope(reading);
	json_auto_t *values = json_object();
	json_t *written;
	const char *name;

	reading->current = resource;
	json_object_foreach (resource->properties, name, written) {
		json_t *value;

		g_string_truncate(reading->references, 0);
		value = function_evaluate(&scope, written, error);
		if (!value) {
			g_prefix_error(error, "resource '%s': %s: ", resource->node.name, name);
			return false;
		}
		note_parent(reading, name, value);
		json_object_set_new(values, name, value);
	}
	reading->current = NULL;
	check_router(reading, resource);
	if (!attributes_check_names(resource->type, resource->node.name, values,
				    reading->unsupported))
		return true; /* told later, with all the others */
	if (attributes_check(resource->type, values, error))
		return true;
	g_prefix_error(error, "resource '%s': ", resource->node.name);
	return false;
}

static bool add_dependency(struct reading *reading, struct resource *resource,
			   const json_t *key, GError **error)
{
	struct resource *need;

	if (!json_is_string(key))
		return refuse(error, "resource '%s': depends_on takes names",
			      resource->node.name);
	need = g_hash_table_lookup(reading->template->by_key, json_string_value(key));
	if (need) {
		add_need(resource, need);
		return true;
	}
	return g_hash_table_contains(reading->template->absent, json_string_value(key)) ||
	       refuse(error, "resource '%s': depends_on '%s' is not in the template",
		      resource->node.name, json_string_value(key));
}

static bool read_depends_on(struct reading *reading, struct resource *resource, GError **error)
{
	const json_t *definition = json_object_get(
		json_object_get(reading->template->root, "resources"), resource->node.name);
	const json_t *list = json_object_get(definition, "depends_on");
	json_t *key;
	size_t i;

	if (!list || json_is_null(list))
		return true;
	if (!json_is_array(list))
		return add_dependency(reading, resource, list, error);
	json_array_foreach (list, i, key)
		if (!add_dependency(reading, resource, key, error))
			return false;
	return true;
}

static bool is_kind(const struct resource *resource, enum member member, enum kind kind)
{
	return resource->type->member == member && resource->type->kind == kind;
}

/*
 * What a template need not write: a port, and a router with a gateway, comes after the subnets of its
 * network, as it may get an address on any; routes come after the interfaces of their router.
 */
static void add_implicit(struct template *template)
{
	for (guint i = 0; i < template->resources->len; i++) {
		struct resource *resource = template->resources->pdata[i];
		bool port = is_kind(resource, MEMBER_OBJECT, KIND_PORT) ||
			    is_kind(resource, MEMBER_OBJECT, KIND_ROUTER);
		bool routes = resource->type->member == MEMBER_ROUTES;

		for (guint k = 0; k < template->resources->len && (port || routes); k++) {
			struct resource *other = template->resources->pdata[k];

			if (g_strcmp0(resource->parent, other->parent) || !other->parent)
				continue;
			if ((port && is_kind(other, MEMBER_OBJECT, KIND_SUBNET)) ||
			    (routes && other->type->member == MEMBER_INTERFACE))
				add_need(resource, other);
		}
	}
}

static bool read_outputs(struct reading *reading, GError **error)
{
	static const char *const known[] = {"description", "value", "condition", NULL};
	struct scope scope = make_dry_scope(reading);
	json_t *definition;
	const char *name;

	json_object_foreach (json_object_get(reading->template->root, "outputs"), name,
			     definition) {
		g_autofree char *where = g_strdup_printf("output '%s'", name);
		json_t *condition = json_object_get(definition, "condition");
		json_t *value;
		int wanted;

		if (!check_keys(definition, known, where, error))
			return false;
		if (!json_object_get(definition, "value"))
			return refuse(error, "%s: has no value", where);
		wanted = condition ? function_evaluate_condition(&scope, condition, error) : 1;
		if (wanted == 0)
			continue;
		value = wanted > 0
				? function_evaluate(&scope,
						    json_object_get(definition, "value"), error)
				: NULL;
		json_decref(value);
		if (!value) {
			g_prefix_error(error, "%s: ", where);
			return false;
		}
	}
	return true;
}

static bool refuse_unsupported(const struct reading *reading, GError **error)
{
	g_autoptr(GString) list = g_string_new(NULL);

	if (!reading->unsupported->len)
		return true;
	for (guint i = 0; i < reading->unsupported->len; i++)
		g_string_append_printf(list, "%s%s", i ? ", " : "",
				       (const char *)reading->unsupported->pdata[i]);
	return refuse(error, "not supported: %s", list->str);
}

static gint compare_levels(gconstpointer a, gconstpointer b, gpointer unused)
{
	const struct resource *const *one = a, *const *other = b;

	return (gint)(*one)->node.level - (gint)(*other)->node.level;
}

/* Stable: resources of one level stay as they are written. */
static void sort_by_level(GPtrArray *resources)
{
	g_qsort_with_data(resources->pdata, (gint)resources->len, sizeof(gpointer),
			  compare_levels, NULL);
}

static bool read_all(struct reading *reading, GError **error)
{
	struct template *template = reading->template;

	if (!check_sections(template->root, error) || !read_parameters(reading, error) ||
	    !read_conditions(reading, error) || !read_resources(reading, error))
		return false;
	template->description =
		json_string_value(json_object_get(template->root, "description"));
	for (guint i = 0; i < template->resources->len; i++)
		if (!read_properties(reading, template->resources->pdata[i], error) ||
		    !read_depends_on(reading, template->resources->pdata[i], error))
			return false;
	if (!read_outputs(reading, error) || !refuse_unsupported(reading, error))
		return false;
	add_implicit(template);
	if (!order_levels(template->resources, error))
		return false;
	sort_by_level(template->resources);
	return true;
}

bool template_read(struct template *template, const struct template_input *input,
		   GError **error)
{
	struct reading reading = {.template = template, .input = input};
	GError *reason = NULL;
	bool good;

	reading.open = g_hash_table_new(g_str_hash, g_str_equal);
	reading.unsupported = g_ptr_array_new_with_free_func(g_free);
	reading.references = g_string_new(NULL);
	good = read_all(&reading, &reason);
	g_string_free(reading.references, TRUE);
	g_ptr_array_unref(reading.unsupported);
	g_hash_table_unref(reading.open);
	if (!good)
		g_propagate_error(error, reason);
	return good;
}
