/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attributes as JSON Schema.
 */
#include "api/openapi_schema.h"

#include <string.h>

static const struct {
	const char *type, *format, *pattern;
} shapes[] = {
	[ATTR_BOOL] = {"boolean"},
	[ATTR_INT] = {"integer"},
	[ATTR_STRING] = {"string"},
	[ATTR_ENUM] = {"string"},
	[ATTR_UUID] = {"string", "uuid"},
	[ATTR_IP] = {"string", NULL, "^[0-9A-Fa-f:.]+$"},
	[ATTR_PREFIX] = {"string", NULL, "^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$"},
	[ATTR_MAC] = {"string", NULL, "^([0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}$"},
	[ATTR_TIME] = {"string", "date-time"},
	[ATTR_DICT] = {"object"},
	[ATTR_LIST] = {"array"},
	[ATTR_U32] = {"integer"},
	[ATTR_SYMBOL] = {"string"},
	[ATTR_COUNT] = {"integer"},
};

static void set_text(json_t *schema, const char *key, const char *text)
{
	if (text)
		json_object_set_new(schema, key, json_string(text));
}

/* What is computed may be unknown, whatever its type. */
static bool may_be_null(const struct attr *attr)
{
	return attr->flags & (ATTR_NULLABLE | ATTR_NULL_IN) ||
	       (attr->flags & ATTR_COMPUTED && attr->type != ATTR_LIST);
}

static json_t *schema_type(const struct attr *attr)
{
	const char *type = attr_is_map(attr) ? "object" : shapes[attr->type].type;

	if (attr->flags & ATTR_QUOTED)
		return json_pack("[s, s]", "integer", "string");
	return may_be_null(attr) ? json_pack("[s, s]", type, "null") : json_string(type);
}

static void schema_set_limits(json_t *schema, const struct attr *attr)
{
	bool number = attr->type == ATTR_INT || attr->type == ATTR_U32;

	if (attr->min == 0 && attr->max == 0)
		return;
	if (number) {
		json_object_set_new(schema, "minimum", json_integer(attr->min));
		json_object_set_new(schema, "maximum", json_integer(attr->max));
	} else if (attr->type == ATTR_STRING || attr->type == ATTR_SYMBOL) {
		json_object_set_new(schema, "maxLength", json_integer(attr->max));
	} else if (attr->type == ATTR_LIST) {
		json_object_set_new(schema, attr_is_map(attr) ? "maxProperties" : "maxItems",
				    json_integer(attr->max));
	}
}

static void schema_set_names(json_t *schema, const struct attr *attr)
{
	json_t *names = json_array();

	for (const char *const *name = attr->names; name && *name; name++)
		if (**name)
			json_array_append_new(names, json_string(*name));
	if (may_be_null(attr) || (attr->names && !*attr->names[0]))
		json_array_append_new(names, json_null());
	json_object_set_new(schema, "enum", names);
}

static void schema_set_default(json_t *schema, const struct attr *attr)
{
	const char *text = attr->initial;
	json_t *value;

	if (!text)
		return;
	if (attr->type == ATTR_BOOL)
		value = json_boolean(g_ascii_strcasecmp(text, "true") == 0);
	else if (attr->type == ATTR_INT || attr->type == ATTR_U32)
		value = json_integer(g_ascii_strtoll(text, NULL, 10));
	else
		value = json_string(text);
	json_object_set_new(schema, "default", value);
}

static json_t *schema_items(const struct attr_table *item)
{
	json_t *properties, *required, *schema;

	if (!item)
		return json_object();
	if (attr_table_is_scalar(item))
		return openapi_schema_attr(&item->attrs[0]);
	properties = json_object();
	required = json_array();
	for (const struct attr *attr = item->attrs; attr->name; attr++) {
		json_object_set_new(properties, attr->name, openapi_schema_attr(attr));
		if (attr->flags & ATTR_REQUIRED)
			json_array_append_new(required, json_string(attr->name));
	}
	schema = json_pack("{s:s, s:o}", "type", "object", "properties", properties);
	if (json_array_size(required))
		json_object_set(schema, "required", required);
	json_decref(required);
	return schema;
}

/* None is required: {} is nothing. */
static void schema_set_keys(json_t *schema, const struct attr_table *keys)
{
	json_t *items = schema_items(keys);

	json_object_set(schema, "properties", json_object_get(items, "properties"));
	json_decref(items);
}

/* The help, and what the policy says unless an operator has said otherwise. */
static void schema_set_help(json_t *schema, const struct attr *attr)
{
	g_autoptr(GString) text = g_string_new(attr->help);

	if (attr->flags & ATTR_ADMIN_SET)
		g_string_append(text, " (set by administrators)");
	if (attr->flags & ATTR_ADMIN_SEE)
		g_string_append(text, " (seen by administrators)");
	if (text->len)
		set_text(schema, "description", text->str);
}

json_t *openapi_schema_attr(const struct attr *attr)
{
	json_t *schema = json_pack("{s:o}", "type", schema_type(attr));

	schema_set_help(schema, attr);
	set_text(schema, "format", shapes[attr->type].format);
	set_text(schema, "pattern", shapes[attr->type].pattern);
	schema_set_limits(schema, attr);
	schema_set_default(schema, attr);
	if (attr->type == ATTR_ENUM) {
		if (may_be_null(attr) || !*attr->names[0])
			json_object_set_new(schema, "type",
					    json_pack("[s, s]", "string", "null"));
		schema_set_names(schema, attr);
	}
	if (attr_is_map(attr))
		json_object_set_new(schema, "additionalProperties",
				    openapi_schema_attr(&attr->item->attrs[1]));
	else if (attr->type == ATTR_LIST)
		json_object_set_new(schema, "items", schema_items(attr->item));
	else if (attr->type == ATTR_DICT && attr->item)
		schema_set_keys(schema, attr->item);
	return schema;
}

json_t *openapi_schema_table(const struct attr_table *table, enum attr_flag flag)
{
	json_t *properties = json_object(), *required = json_array();
	json_t *schema = json_pack("{s:s, s:o}", "type", "object", "properties", properties);

	set_text(schema, "description", table->help);
	for (const struct attr *attr = table->attrs; attr->name; attr++) {
		if (!(attr->flags & flag))
			continue;
		json_object_set_new(properties, attr->name, openapi_schema_attr(attr));
		if (attr->alias)
			json_object_set_new(properties, attr->alias, openapi_schema_attr(attr));
		if (flag == ATTR_POST && attr->flags & ATTR_REQUIRED)
			json_array_append_new(required, json_string(attr->name));
	}
	if (flag != ATTR_VISIBLE)
		json_object_set_new(schema, "additionalProperties", json_false());
	if (json_array_size(required))
		json_object_set(schema, "required", required);
	json_decref(required);
	return schema;
}
