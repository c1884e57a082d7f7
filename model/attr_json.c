/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decoding and printing by the table.
 */
#include "model/attr_json.h"

#include <stdlib.h>
#include <string.h>

#include "lib/error.h"

#define DICT_LEVELS_MAX 1024

const struct attr_view attr_view_all = {.fields = UINT64_MAX, .aliases = UINT64_MAX};

static bool object_decode(const struct attr_table *table, json_t *body, void *object,
			  GError **error);
static bool decode_value(const struct attr *attr, json_t *value, void *object, GError **error);

/* Decoding: one value. Errors give the reason; the caller adds whose. */

static bool decode_null(const struct attr *attr, void *object, GError **error)
{
	void *at = (char *)object + attr->offset;

	if (attr->type == ATTR_LIST)
		return vec_done(at, attr->item), true;
	if (!(attr->flags & (ATTR_NULLABLE | ATTR_NULL_IN))) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "'None' is not a value");
		return false;
	}
	switch (attr->type) {
	case ATTR_STRING:
	case ATTR_DICT:
		g_clear_pointer((char **)at, g_free);
		break;
	case ATTR_SYMBOL:
		*(const char **)at = NULL;
		break;
	case ATTR_UUID:
	case ATTR_IP:
		memset(at, 0, 16);
		break;
	case ATTR_PREFIX:
		memset(at, 0, 17);
		break;
	case ATTR_MAC:
		memset(at, 0, 6);
		break;
	case ATTR_ENUM:
	case ATTR_U32:
		*(uint32_t *)at = 0;
		break;
	case ATTR_INT:
		*(int64_t *)at = attr->flags & ATTR_NULLABLE ? ATTR_INT_NONE : 0;
		break;
	case ATTR_TIME:
		*(int64_t *)at = 0;
		break;
	case ATTR_BOOL:
	case ATTR_LIST:
	case ATTR_COUNT:
		break;
	}
	return true;
}

/* ELEMENT is the one at COUNT of LIST. */
static bool decode_check_twin(json_t *list, size_t count, json_t *element, GError **error)
{
	g_autofree char *text = NULL;

	for (size_t i = 0; i < count; i++) {
		if (!json_equal(json_array_get(list, i), element))
			continue;
		if (!json_is_string(element))
			text = json_dumps(element, JSON_ENCODE_ANY);
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "Duplicate items in the list: '%s'",
			    text ? text : json_string_value(element));
		return false;
	}
	return true;
}

static bool decode_list(const struct attr *attr, json_t *value, void *object, GError **error)
{
	struct vec *vec = (void *)((char *)object + attr->offset);
	const struct attr_table *item = attr->item;
	json_t *element;
	size_t i;

	if (!json_is_array(value)) {
		g_autofree char *text = json_dumps(value, JSON_ENCODE_ANY);

		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "'%s' is not a list", text);
		return false;
	}
	if (attr->max && json_array_size(value) > (size_t)attr->max) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "%zu items exceed the maximum of %" G_GINT64_FORMAT,
			    json_array_size(value), attr->max);
		return false;
	}
	vec_done(vec, item);
	json_array_foreach (value, i, element) {
		void *to = vec_add(vec, item->size);

		attr_set_defaults(item, to);
		if ((attr->flags & ATTR_UNIQUE &&
		     !decode_check_twin(value, i, element, error)) ||
		    !object_decode(item, element, to, error))
			return false;
	}
	return true;
}

static int map_compare(const void *a, const void *b)
{
	return g_strcmp0(*(char *const *)a, *(char *const *)b);
}

/* {"name":"text",...} */
static bool decode_map(const struct attr *attr, json_t *value, void *object, GError **error)
{
	struct vec *vec = (void *)((char *)object + attr->offset);
	const struct attr *name = &attr->item->attrs[0], *text = &attr->item->attrs[1];
	const char *key;
	json_t *field;

	if (!json_is_object(value)) {
		g_autofree char *shown = json_dumps(value, JSON_ENCODE_ANY);

		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "'%s' is not a dictionary",
			    shown);
		return false;
	}
	if (attr->max && json_object_size(value) > (size_t)attr->max) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "%zu items exceed the maximum of %" G_GINT64_FORMAT,
			    json_object_size(value), attr->max);
		return false;
	}
	vec_done(vec, attr->item);
	json_object_foreach (value, key, field) {
		void *to = vec_add(vec, attr->item->size);

		if (attr_parse(name, key, to, error) && decode_value(text, field, to, error))
			continue;
		g_prefix_error(error, "%s: ", key);
		return false;
	}
	if (vec->count)
		qsort(vec->items, vec->count, attr->item->size, map_compare);
	return true;
}

/* What is stored has more around it than a request has: what could be read from one could not be
 * read again. */
static bool is_deep(json_t *value, unsigned int levels)
{
	const char *key;
	json_t *inner;
	size_t i;

	if (levels == 0)
		return json_is_object(value) || json_is_array(value);
	json_object_foreach (value, key, inner)
		if (is_deep(inner, levels - 1))
			return true;
	json_array_foreach (value, i, inner)
		if (is_deep(inner, levels - 1))
			return true;
	return false;
}

static bool decode_dict(const struct attr *attr, json_t *value, void *object, GError **error)
{
	char **at = (void *)((char *)object + attr->offset);
	g_autofree char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

	if (!json_is_object(value)) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "'%s' is not a dictionary",
			    text);
		return false;
	}
	if (attr->max && strlen(text) > (size_t)attr->max) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "%zu bytes exceed the maximum of %" G_GINT64_FORMAT, strlen(text),
			    attr->max);
		return false;
	}
	if (is_deep(value, DICT_LEVELS_MAX)) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "more than %d levels",
			    DICT_LEVELS_MAX);
		return false;
	}
	g_free(*at);
	*at = json_object_size(value) ? g_steal_pointer(&text) : NULL;
	return true;
}

static bool is_text(enum attr_type type)
{
	return type == ATTR_STRING || type == ATTR_SYMBOL || type == ATTR_ENUM ||
	       type == ATTR_UUID || type == ATTR_IP || type == ATTR_PREFIX ||
	       type == ATTR_MAC || type == ATTR_TIME;
}

/* The id of nothing is a way to say nothing that nobody means; of who must name something it is
 * looked for, and not found. */
static bool decode_text(const struct attr *attr, const char *text, void *object, GError **error)
{
	if (!attr_parse(attr, text, object, error))
		return false;
	if (attr->type != ATTR_UUID || !attr->name || attr->flags & ATTR_REQUIRED ||
	    !attr_is_null(attr, object))
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "'%s' is the id of nothing", text);
	return false;
}

static bool decode_value(const struct attr *attr, json_t *value, void *object, GError **error)
{
	g_autofree char *text = NULL;

	if (json_is_null(value))
		return decode_null(attr, object, error);
	if (attr_is_map(attr))
		return decode_map(attr, value, object, error);
	if (attr->type == ATTR_LIST)
		return decode_list(attr, value, object, error);
	if (attr->type == ATTR_DICT)
		return decode_dict(attr, value, object, error);
	if (json_is_string(value)) /* jansson refuses NUL inside */
		return decode_text(attr, json_string_value(value), object, error);
	text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	if (json_is_integer(value) && attr->flags & ATTR_NUMBER_IN)
		return attr_parse(attr, text, object, error);
	if (is_text(attr->type) || json_is_object(value) || json_is_array(value) ||
	    (attr->type != ATTR_BOOL && json_is_boolean(value))) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "'%s' is not a valid %s",
			    text, is_text(attr->type) ? "string" : "value");
		return false;
	}
	return attr_parse(attr, text, object, error);
}

/* A stored object, or an item of a list: everything that is not computed may be there. */
static bool object_decode(const struct attr_table *table, json_t *body, void *object,
			  GError **error)
{
	const char *key;
	json_t *value;

	if (attr_table_is_scalar(table))
		return decode_value(&table->attrs[0], body, object, error);
	if (!json_is_object(body)) {
		g_autofree char *text = json_dumps(body, JSON_ENCODE_ANY);

		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "'%s' is not a dictionary",
			    text);
		return false;
	}
	json_object_foreach (body, key, value) {
		const struct attr *attr = attr_find(table, key);

		if (!attr || attr->flags & ATTR_COMPUTED) {
			g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
				    "'%s' is not a known key", key);
			return false;
		}
		if (!decode_value(attr, value, object, error)) {
			g_prefix_error(error, "%s: ", key);
			return false;
		}
	}
	for (const struct attr *attr = table->attrs; attr->name; attr++) {
		if (!(attr->flags & ATTR_REQUIRED) || json_object_get(body, attr->name))
			continue;
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "'%s' is missing",
			    attr->name);
		return false;
	}
	return true;
}

/* Decoding: a request. */

static bool refuse(GError **error, const char *format, const char *what)
{
	g_autoptr(GString) message = g_string_new(format);

	g_string_replace(message, "%", what, 1);
	g_set_error_literal(error, WEFT_ERROR, WEFT_ERROR_INVALID, message->str);
	return false;
}

static bool refuse_missing(const struct attr *attr, const char *value, GError **error)
{
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_NOT_FOUND,
		    "%sNotFound: %s %s could not be found.", attr->missing, attr->missing,
		    value);
	return false;
}

static bool decode_check_known(const struct attr_table *table, json_t *body, GError **error)
{
	g_autoptr(GString) unknown = g_string_new(NULL);
	const char *key;
	json_t *value;

	json_object_foreach (body, key, value) {
		if (!attr_find(table, key) ||
		    !(attr_find(table, key)->flags & (ATTR_VISIBLE | ATTR_POST | ATTR_PUT)))
			g_string_append_printf(unknown, "%s%s", unknown->len ? ", " : "", key);
	}
	return unknown->len == 0 ||
	       refuse(error, "Unrecognized attribute(s) '%'", unknown->str);
}

static bool decode_check_verb(const struct attr *attr, enum attr_flag verb, json_t *value,
			      GError **error)
{
	if (value && !(attr->flags & verb))
		return refuse(error,
			      verb == ATTR_POST ? "Attribute '%' not allowed in POST"
						: "Cannot update read-only attribute %",
			      attr->name);
	if (!value && verb == ATTR_POST && attr->flags & ATTR_REQUIRED)
		return refuse(error,
			      "Failed to parse request. Required attribute '%' not specified",
			      attr->name);
	return true;
}

/* The value under the name or the alias, which must agree. */
static bool decode_find(const struct attr *attr, json_t *body, json_t **value, GError **error)
{
	json_t *first = json_object_get(body, attr->name);
	json_t *second = attr->alias ? json_object_get(body, attr->alias) : NULL;

	if (first && second && !json_equal(first, second)) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "'%s' and '%s' do not match",
			    attr->name, attr->alias);
		return false;
	}
	*value = first ? first : second;
	return true;
}

/* The type that an error of VALUE has, when it is one of an item. */
static const char *decode_find_fault(const struct attr *attr, const json_t *value)
{
	bool items = attr->type == ATTR_LIST && attr_table_is_scalar(attr->item) &&
		     json_is_array(value);

	return items ? attr->item->attrs[0].fault : NULL;
}

bool attr_check_names(const struct attr_table *table, json_t *body, enum attr_flag verb,
		      GError **error)
{
	json_t *value;

	if (!json_is_object(body))
		return refuse(error, "Body contains invalid data: '%' is not a dictionary",
			      table->singular);
	if (!decode_check_known(table, body, error))
		return false;
	for (const struct attr *attr = table->attrs; attr->name; attr++)
		if (!decode_find(attr, body, &value, error) ||
		    !decode_check_verb(attr, verb, value, error))
			return false;
	return true;
}

bool attr_decode(const struct attr_table *table, json_t *body, enum attr_flag verb,
		 void *object, uint64_t *given, GError **error)
{
	uint64_t seen = 0;
	json_t *value;

	if (!attr_check_names(table, body, verb, error))
		return false;
	for (const struct attr *attr = table->attrs; attr->name; attr++) {
		if (!decode_find(attr, body, &value, error))
			return false;
		if (!value)
			continue;
		if (attr->missing && json_is_string(value) &&
		    !decode_value(attr, value, object, NULL))
			return refuse_missing(attr, json_string_value(value), error);
		if (!decode_value(attr, value, object, error)) {
			const char *fault = decode_find_fault(attr, value);

			g_prefix_error(error,
				       "%s%sInvalid input for %s. Reason: ", fault ? fault : "",
				       fault ? ": " : "", attr->name);
			return false;
		}
		seen |= attr_bit(table, attr);
	}
	*given = seen;
	return true;
}

/* Printing */

void attr_encode_string(GString *out, const char *text)
{
	static const char digits[] = "0123456789abcdef";
	const char *start;

	g_string_append_c(out, '"');
	for (start = text; text && *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		g_string_append_len(out, start, text - start);
		start = text + 1;
		if (c == '"' || c == '\\') {
			g_string_append_c(out, '\\');
			g_string_append_c(out, (char)c);
		} else if (c == '\n') {
			g_string_append_len(out, "\\n", 2);
		} else {
			g_string_append_len(out, "\\u00", 4);
			g_string_append_c(out, digits[c >> 4]);
			g_string_append_c(out, digits[c & 15]);
		}
	}
	if (text)
		g_string_append_len(out, start, text - start);
	g_string_append_c(out, '"');
}

static int append_json(const char *text, size_t size, void *out)
{
	g_string_append_len(out, text, (gssize)size);
	return 0;
}

static void encode_computed(const struct attr *attr, const void *object,
			    const struct attr_view *view, GString *out)
{
	json_t *value = attr_get_computed(attr, object, view->world, view->project);

	if (!value)
		g_string_append(out, "null");
	else if (json_is_string(value))
		attr_encode_string(out, json_string_value(value));
	else
		json_dump_callback(value, append_json, out, JSON_ENCODE_ANY | JSON_COMPACT);
	json_decref(value);
}

static void encode_value(const struct attr *attr, const void *object, GString *out);

static void encode_item(const struct attr_table *item, const void *object, GString *out)
{
	if (attr_table_is_scalar(item)) {
		encode_value(&item->attrs[0], object, out);
		return;
	}
	g_string_append_c(out, '{');
	for (const struct attr *attr = item->attrs; attr->name; attr++) {
		if (attr != item->attrs)
			g_string_append_c(out, ',');
		g_string_append_c(out, '"');
		g_string_append(out, attr->name);
		g_string_append_len(out, "\":", 2);
		encode_value(attr, object, out);
	}
	g_string_append_c(out, '}');
}

static void encode_map(const struct attr *attr, const struct vec *vec, GString *out)
{
	const struct attr *name = &attr->item->attrs[0], *text = &attr->item->attrs[1];

	g_string_append_c(out, '{');
	for (uint32_t i = 0; i < vec->count; i++) {
		const void *item = (const char *)vec->items + attr->item->size * i;

		if (i)
			g_string_append_c(out, ',');
		encode_value(name, item, out);
		g_string_append_c(out, ':');
		encode_value(text, item, out);
	}
	g_string_append_c(out, '}');
}

static void encode_list(const struct attr *attr, const struct vec *vec, GString *out)
{
	if (attr_is_map(attr)) {
		encode_map(attr, vec, out);
		return;
	}
	g_string_append_c(out, '[');
	for (uint32_t i = 0; i < vec->count; i++) {
		if (i)
			g_string_append_c(out, ',');
		encode_item(attr->item, (const char *)vec->items + attr->item->size * i, out);
	}
	g_string_append_c(out, ']');
}

static void encode_quoted(const struct attr *attr, const void *object, bool quoted,
			  GString *out)
{
	if (quoted)
		g_string_append_c(out, '"');
	attr_print(attr, object, out);
	if (quoted)
		g_string_append_c(out, '"');
}

static void encode_value(const struct attr *attr, const void *object, GString *out)
{
	const void *at = (const char *)object + attr->offset;
	const struct vec *vec = at;

	if (attr_is_null(attr, object)) {
		g_string_append_len(out, "null", 4);
		return;
	}
	switch (attr->type) {
	case ATTR_INT:
		encode_quoted(attr, object, attr->flags & ATTR_QUOTED, out);
		break;
	case ATTR_BOOL:
	case ATTR_U32:
	case ATTR_COUNT:
		encode_quoted(attr, object, false, out);
		break;
	case ATTR_DICT:
		g_string_append(out, *(char *const *)at ? *(char *const *)at : "{}");
		break;
	case ATTR_STRING:
	case ATTR_SYMBOL:
		attr_encode_string(out, *(char *const *)at);
		break;
	case ATTR_LIST:
		encode_list(attr, vec, out);
		break;
	default:
		encode_quoted(attr, object, true, out);
		break;
	}
}

static void encode_key(GString *out, const char *name, gsize start)
{
	if (out->len > start)
		g_string_append_c(out, ',');
	g_string_append_c(out, '"');
	g_string_append(out, name);
	g_string_append_len(out, "\":", 2);
}

static void encode_attr(const struct attr *attr, const char *name, const void *object,
			const struct attr_view *view, gsize start, GString *out)
{
	encode_key(out, name, start);
	if (attr->flags & (ATTR_COMPUTED | ATTR_CALLER))
		encode_computed(attr, object, view, out);
	else
		encode_value(attr, object, out);
}

void attr_encode(const struct attr_table *table, const void *object,
		 const struct attr_view *view, GString *out)
{
	uint64_t bit = 1;
	gsize start;

	g_string_append_c(out, '{');
	start = out->len;
	for (const struct attr *attr = table->attrs; attr->name; attr++, bit <<= 1) {
		if (!(attr->flags & ATTR_VISIBLE) || view->hidden & bit)
			continue;
		if (view->fields & bit)
			encode_attr(attr, attr->name, object, view, start, out);
		if (attr->alias && view->aliases & bit)
			encode_attr(attr, attr->alias, object, view, start, out);
	}
	g_string_append_c(out, '}');
}

/* The store */

void attr_write(const struct attr_table *table, const void *object, GString *out)
{
	gsize start;

	g_string_append_c(out, '{');
	start = out->len;
	for (const struct attr *attr = table->attrs; attr->name; attr++) {
		if (attr->flags & ATTR_COMPUTED)
			continue;
		encode_key(out, attr->name, start);
		encode_value(attr, object, out);
	}
	g_string_append_c(out, '}');
}

void *attr_read(const struct attr_table *table, const char *text, gsize size, GError **error)
{
	json_error_t where;
	json_t *body = json_loadb(text, size, 0, &where);
	void *object = NULL;

	if (!body) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INTERNAL, "stored %s: %s",
			    table->singular, where.text);
		return NULL;
	}
	object = attr_new(table);
	if (!object_decode(table, body, object, error)) {
		g_prefix_error(error, "stored %s: ", table->singular);
		attr_free(table, g_steal_pointer(&object));
	}
	json_decref(body);
	return object;
}
