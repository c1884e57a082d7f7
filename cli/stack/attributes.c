/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The property tables say how names map; the attribute tables say what a value is.
 */
#include "cli/stack/attributes.h"

#include <string.h>
#include "cli/stack/function.h"
#include "cli/stack/rules.h"
#include "cli/value.h"
#include "lib/error.h"

struct making {
	const struct resource_type *type;
	const struct attributes_resolver *resolver;
	json_t *result;
};

static const struct attr *find_attr(const struct resource_type *type, const char *name)
{
	return attr_find(cloud_table(type->kind), name);
}

bool attributes_are_readable(const struct resource_type *type, const char *name)
{
	const struct attr *attr = find_attr(type, name);

	if (property_is_part(type->member))
		return false;
	return !strcmp(name, "show") || (attr && (attr->flags & ATTR_VISIBLE));
}

/* Tags have their own requests. */
static bool is_writable(const struct resource_type *type, const char *attribute)
{
	const struct attr *attr = find_attr(type, attribute);

	return attr && ((attr->flags & ATTR_POST) || !strcmp(attribute, "tags"));
}

static void check_specs(const struct resource_type *type, const char *key, const char *name,
			const json_t *specs, GPtrArray *unsupported)
{
	const char *spec;
	json_t *value;

	json_object_foreach ((json_t *)specs, spec, value)
		if (!is_writable(type, spec))
			g_ptr_array_add(unsupported,
					g_strdup_printf("%s.%s.%s", key, name, spec));
}

bool attributes_check_names(const struct resource_type *type, const char *key,
			    const json_t *values, GPtrArray *unsupported)
{
	guint before = unsupported->len;
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)values, name, value) {
		const struct property *property = property_find(type->properties, name);

		if (!property)
			g_ptr_array_add(unsupported,
					g_strdup_printf("%s.%s (%s has no such property)", key,
							name, type->name));
		else if (property->flags & PROPERTY_SPECS)
			check_specs(type, key, name, value, unsupported);
		else if (property->flags & (PROPERTY_NOTHING | PROPERTY_RULES))
			continue;
		else if ((property->flags & PROPERTY_UNSUPPORTED) ||
			 (type->member == MEMBER_OBJECT &&
			  !is_writable(type, property_attribute(property))))
			g_ptr_array_add(unsupported, g_strdup_printf("%s.%s", key, name));
	}
	return unsupported->len == before;
}

static bool set_attribute(struct making *making, const char *attribute, json_t *value,
			  GError **error)
{
	if (!value)
		return false;
	if (!json_object_get(making->result, attribute))
		return json_object_set_new(making->result, attribute, value) == 0;
	json_decref(value);
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "'%s' is given twice", attribute);
	return false;
}

static json_t *resolve(struct making *making, const struct property *property,
		       const json_t *value, GError **error)
{
	const char *text = json_string_value(value);
	g_autofree char *id = NULL;

	if (!text || !*text) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "%s: takes a name or an id",
			    property->name);
		return NULL;
	}
	if (!making->resolver)
		return json_string(text);
	id = making->resolver->resolve(making->resolver->data, property->kind, text, error);
	if (id)
		return json_string(id);
	g_prefix_error(error, "%s: ", property->name);
	return NULL;
}

static json_t *make_items(struct making *making, const struct property *property,
			  const json_t *list, GError **error);

static json_t *make_field(struct making *making, const struct property *part,
			  const json_t *value, GError **error)
{
	if (part->items)
		return make_items(making, part, value, error);
	return part->flags & PROPERTY_REFERENCE ? resolve(making, part, value, error)
						: json_incref((json_t *)value);
}

/* One mapping whose fields have names of their own. */
static json_t *make_item(struct making *making, const struct property *property,
			 const json_t *item, GError **error)
{
	json_auto_t *result = json_object();
	const char *name;
	json_t *value;

	if (!json_is_object(item)) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "%s: takes mappings",
			    property->name);
		return NULL;
	}
	json_object_foreach ((json_t *)item, name, value) {
		const struct property *part = property_find(property->items, name);
		json_t *done;

		if (json_is_null(value))
			continue;
		if (!part) {
			g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
				    "%s: '%s' is not known", property->name, name);
			return NULL;
		}
		done = make_field(making, part, value, error);
		if (!done)
			return NULL;
		json_object_set_new(result, property_attribute(part), done);
	}
	return g_steal_pointer(&result);
}

static json_t *make_items(struct making *making, const struct property *property,
			  const json_t *list, GError **error)
{
	json_auto_t *result = json_array();
	json_t *item;
	size_t i;

	if (!json_is_array(list)) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "%s: takes a list",
			    property->name);
		return NULL;
	}
	json_array_foreach (list, i, item) {
		json_t *done = make_item(making, property, item, error);

		if (!done)
			return NULL;
		json_array_append_new(result, done);
	}
	return g_steal_pointer(&result);
}

static json_t *make_references(struct making *making, const struct property *property,
			       const json_t *list, GError **error)
{
	json_auto_t *result = json_array();
	json_t *item;
	size_t i;

	if (!json_is_array(list)) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "%s: takes a list",
			    property->name);
		return NULL;
	}
	json_array_foreach (list, i, item) {
		json_t *done = resolve(making, property, item, error);

		if (!done)
			return NULL;
		json_array_append_new(result, done);
	}
	return g_steal_pointer(&result);
}

static json_t *make_rules(struct making *making, const struct property *property,
			  const json_t *list, GError **error)
{
	json_auto_t *items = make_items(making, property, list, error);

	return items ? rules_make(items, error) : NULL;
}

/* Names of subnets are no ids yet when nothing is resolved: those lists are not
 * converted. */
static json_t *make_value(struct making *making, const struct property *property,
			  const json_t *value, GError **error)
{
	const struct attr *attr = find_attr(making->type, property_attribute(property));
	json_auto_t *renamed = NULL;

	if (property->items) {
		renamed = (attr->type == ATTR_DICT ? make_item : make_items)(making, property,
									     value, error);
		if (!renamed || !making->resolver)
			return g_steal_pointer(&renamed);
		value = renamed;
	}
	if ((property->flags & PROPERTY_EMPTY_NULL) && json_is_string(value) &&
	    !json_string_length(value))
		return json_null();
	return value_convert(attr, value, error);
}

static bool make_specs(struct making *making, const json_t *specs, GError **error)
{
	const char *name;
	json_t *value;

	if (!json_is_object(specs)) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "value_specs: takes a mapping");
		return false;
	}
	json_object_foreach ((json_t *)specs, name, value) {
		const struct attr *attr = find_attr(making->type, name);
		json_t *done = function_has_unknown(value) ? json_incref(function_unknown())
							   : value_convert(attr, value, error);

		if (!set_attribute(making, attr->name, done, error))
			return false;
	}
	return true;
}

static bool make_no_address(struct making *making, const json_t *value, GError **error)
{
	if (json_is_true(value))
		return set_attribute(making, "fixed_ips", json_array(), error);
	if (json_is_false(value))
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "no_fixed_ips: takes true or false");
	return false;
}

static bool make_one(struct making *making, const struct property *property,
		     const json_t *value, GError **error)
{
	const char *attribute = property_attribute(property);
	json_t *done;

	if (property->flags & PROPERTY_NOTHING)
		return true;
	if (json_is_null(value) && !(property->flags & PROPERTY_EMPTY_NULL))
		return true;
	if (function_is_unknown(value) ||
	    (function_has_unknown(value) && !(property->flags & PROPERTY_SPECS)))
		return set_attribute(making, attribute, json_incref(function_unknown()), error);
	if (property->flags & PROPERTY_SPECS)
		return make_specs(making, value, error);
	if (property->flags & PROPERTY_NO_ADDRESS)
		return make_no_address(making, value, error);
	if (property->flags & PROPERTY_REFERENCE)
		done = resolve(making, property, value, error);
	else if (property->flags & PROPERTY_REFERENCES)
		done = make_references(making, property, value, error);
	else if (property->flags & PROPERTY_RULES)
		done = make_rules(making, property, value, error);
	else if (making->type->member == MEMBER_ROUTES && strcmp(attribute, "routes"))
		done = json_incref((json_t *)value);
	else
		done = make_value(making, property, value, error);
	return set_attribute(making, attribute, done, error);
}

/* OS::Neutron::ExtraRoute is a set of one. */
static bool gather_route(struct making *making, GError **error)
{
	json_t *destination = json_object_get(making->result, "destination");
	json_t *nexthop = json_object_get(making->result, "nexthop");
	json_auto_t *list = NULL;
	json_t *routes;

	if (!destination || !nexthop)
		return true;
	if (function_is_unknown(destination) || function_is_unknown(nexthop)) {
		routes = json_incref(function_unknown());
	} else {
		list = json_pack("[{s:O,s:O}]", "destination", destination, "nexthop", nexthop);
		routes = value_convert(find_attr(making->type, "routes"), list, error);
	}
	json_object_del(making->result, "destination");
	json_object_del(making->result, "nexthop");
	return set_attribute(making, "routes", routes, error);
}

static bool check_required(const struct making *making, GError **error)
{
	const struct property *properties = making->type->properties;

	for (const struct property *property = properties; property->name; property++) {
		const char *attribute = property_attribute(property);

		if (!(property->flags & PROPERTY_REQUIRED) ||
		    json_object_get(making->result, attribute))
			continue;
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "property '%s' is missing",
			    property->name);
		return false;
	}
	if (making->type->kind == KIND_SUBNET && !json_object_get(making->result, "cidr") &&
	    !json_object_get(making->result, "subnetpool_id")) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "property 'cidr' is missing, or a 'subnetpool'");
		return false;
	}
	if (making->type->member != MEMBER_INTERFACE ||
	    !json_object_get(making->result, "subnet_id") !=
		    !json_object_get(making->result, "port_id"))
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "takes either a subnet or a port");
	return false;
}

json_t *attributes_make(const struct resource_type *type, const json_t *values,
			const struct attributes_resolver *resolver, GError **error)
{
	json_auto_t *result = json_object();
	struct making making = {type, resolver, result};
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)values, name, value)
		if (!make_one(&making, property_find(type->properties, name), value, error))
			return NULL;
	if (!check_required(&making, error))
		return NULL;
	if (type->member == MEMBER_ROUTES && !gather_route(&making, error))
		return NULL;
	return g_steal_pointer(&result);
}

bool attributes_check(const struct resource_type *type, const json_t *values, GError **error)
{
	json_t *made = attributes_make(type, values, NULL, error);

	json_decref(made);
	return made != NULL;
}

/* OLD of a dictionary as an update says it: what the API has filled in nobody need be allowed to say. */
static json_t *previous_keys(const struct attr *attr, const json_t *old)
{
	json_t *keys = json_object();

	for (const struct attr *key = attr->item->attrs; key->name; key++) {
		json_t *value = json_object_get(old, key->name);
		json_auto_t *initial =
			key->initial ? value_parse(key, key->initial, NULL) : NULL;

		if (value && key->type != ATTR_LIST && !(initial && json_equal(value, initial)))
			json_object_set(keys, key->name, value);
	}
	return keys;
}

json_t *attributes_previous(const struct attr_table *table, const json_t *object,
			    const json_t *changes)
{
	json_t *previous = json_object(), *value;
	const char *name;

	json_object_foreach ((json_t *)changes, name, value) {
		const struct attr *attr = attr_find(table, name);
		json_t *old = json_object_get(object, name);

		if (json_is_object(old) && attr && attr->type == ATTR_DICT && attr->item)
			json_object_set_new(previous, name, previous_keys(attr, old));
		else if (old)
			json_object_set(previous, name, old);
	}
	return previous;
}
