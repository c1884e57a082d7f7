/* SPDX-License-Identifier: Apache-2.0 */
/*
 * weft KIND set NAME --attribute value ... and weft KIND unset NAME --attribute ...
 * Lists are added to and taken from; as the API knows only whole lists, the object
 * is read first.
 */
#include "cli/cmd.h"

#include <string.h>
#include "cli/attr_option.h"
#include "cli/crud.h"
#include "cli/value.h"
#include "lib/error.h"

static bool has_item(const json_t *list, const json_t *wanted)
{
	json_t *item;
	size_t i;

	json_array_foreach (list, i, item)
		if (json_equal(item, wanted))
			return true;
	return false;
}

/* CURRENT and what GIVEN adds. */
static json_t *add_to_list(const json_t *current, const json_t *given)
{
	bool emptied;
	json_auto_t *added = crud_strip_list(given, &emptied);
	json_t *list = emptied || !json_is_array(current) ? json_array()
							  : json_copy((json_t *)current);
	json_t *item;
	size_t i;

	json_array_foreach (added, i, item)
		if (!has_item(list, item))
			json_array_append(list, item);
	return list;
}

/* Every key of PART has its value in ITEM. */
static bool covers(const json_t *part, const json_t *item)
{
	const char *key;
	json_t *value;

	if (!json_is_object(part))
		return json_equal(part, item);
	json_object_foreach ((json_t *)part, key, value)
		if (!json_equal(value, json_object_get(item, key)))
			return false;
	return true;
}

/* ITEM as an update names it that takes it away (ATTR_MERGE). */
static json_t *without_value(const struct attr *attr, const json_t *item)
{
	json_t *named = json_copy((json_t *)item);

	for (const struct attr *part = attr->item->attrs; part->name; part++)
		if (part->flags & ATTR_NULLABLE)
			json_object_set_new(named, part->name, json_null());
	return named;
}

/* CURRENT without what GIVEN names; an item may be named by some of its fields. NULL: one of
 * GIVEN is not there. */
static json_t *take_from_list(const struct attr *attr, const json_t *current,
			      const json_t *given, GError **error)
{
	json_auto_t *list =
		json_is_array(current) ? json_copy((json_t *)current) : json_array();
	json_auto_t *gone = json_array();
	json_t *part;
	size_t i;

	json_array_foreach (given, i, part) {
		size_t before = json_array_size(list);

		for (size_t k = before; k > 0; k--) {
			json_t *item = json_array_get(list, k - 1);

			if (!covers(part, item))
				continue;
			json_array_append_new(gone, without_value(attr, item));
			json_array_remove(list, k - 1);
		}
		if (json_array_size(list) == before) {
			g_autofree char *text = value_print(part);

			g_set_error(error, WEFT_ERROR, WEFT_ERROR_NOT_FOUND,
				    "%s: '%s' is not set", attr->name, text);
			return NULL;
		}
	}
	return attr->flags & ATTR_MERGE ? g_steal_pointer(&gone) : g_steal_pointer(&list);
}

static json_t *add_to_map(const json_t *current, json_t *given)
{
	bool emptied = json_object_get(given, "");
	json_t *map = emptied || !json_is_object(current) ? json_object()
							  : json_copy((json_t *)current);

	json_object_del(given, "");
	json_object_update(map, given);
	return map;
}

static json_t *take_from_map(const struct attr *attr, const json_t *current,
			     const json_t *given, GError **error)
{
	json_t *map = json_is_object(current) ? json_copy((json_t *)current) : json_object();
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)given, key, value) {
		if (json_equal(json_object_get(map, key), value) &&
		    json_object_del(map, key) == 0)
			continue;
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_NOT_FOUND, "%s: '%s=%s' is not set",
			    attr->name, key, json_string_value(value));
		json_decref(map);
		return NULL;
	}
	return map;
}

/* What a scalar is when nobody says anything. */
static json_t *initial_of(const struct attr *attr, GError **error)
{
	if (attr->initial)
		return value_parse(attr, attr->initial, error);
	if (attr->flags & ATTR_NULLABLE)
		return json_null();
	if (attr->type == ATTR_STRING || attr->type == ATTR_SYMBOL)
		return json_string("");
	if (attr->type == ATTR_DICT)
		return json_object();
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "%s: cannot be unset", attr->name);
	return NULL;
}

/* What is not said of a dictionary with known keys stays: the required ones, and truths, which would
 * be the default's else. Whoever says another required one begins anew. */
static json_t *fill_keys(const struct attr *attr, const json_t *current, json_t *given)
{
	json_t *filled = json_copy(given);

	for (const struct attr *key = attr->item->attrs; key->name; key++)
		if (key->flags & ATTR_REQUIRED && json_object_get(given, key->name))
			return filled;
	for (const struct attr *key = attr->item->attrs; key->name; key++) {
		json_t *value = json_object_get(current, key->name);

		if ((key->flags & ATTR_REQUIRED || key->type == ATTR_BOOL) && value &&
		    !json_object_get(given, key->name))
			json_object_set(filled, key->name, value);
	}
	return filled;
}

static json_t *new_value(const struct command *command, const struct attr *attr,
			 const json_t *current, json_t *given, GError **error)
{
	if (attr_is_map(attr))
		return command->unset ? take_from_map(attr, current, given, error)
				      : add_to_map(current, given);
	if (attr->type == ATTR_DICT && attr->item && json_is_object(given) && !command->unset)
		return fill_keys(attr, current, given);
	if (attr->type != ATTR_LIST)
		return command->unset ? initial_of(attr, error) : json_incref(given);
	if (command->unset)
		return take_from_list(attr, current, given, error);
	return add_to_list(current, given);
}

static json_t *make_body(const struct context *context, const json_t *object,
			 const json_t *given, GError **error)
{
	json_auto_t *body = json_object();
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)given, name, value) {
		const struct attr *attr = attr_find(command_table(context), name);
		json_t *done = new_value(context->command, attr, json_object_get(object, name),
					 value, error);

		if (!done)
			return NULL;
		json_object_set_new(body, name, done);
	}
	return g_steal_pointer(&body);
}

/* What is in LIST and not in OTHER. */
static json_t *list_without(const json_t *list, const json_t *other)
{
	json_t *result = json_array(), *item;
	size_t i;

	json_array_foreach (list, i, item)
		if (!has_item(other, item))
			json_array_append(result, item);
	return result;
}

/* WANTED of a list that has requests of its own to add and to take away. */
static bool act(struct context *context, const char *id, const struct attr_action *action,
		const json_t *current, const json_t *wanted, GError **error)
{
	enum kind kind = context->command->kind;
	json_auto_t *added = list_without(wanted, current);
	json_auto_t *removed = list_without(current, wanted);
	const char *name = action->attribute;

	return (!json_array_size(removed) ||
		crud_act(context->client, kind, id, action->remove,
			 json_pack("{s:O}", name, removed), error)) &&
	       (!json_array_size(added) || crud_act(context->client, kind, id, action->add,
						    json_pack("{s:O}", name, added), error));
}

/* Takes what has requests of its own out of BODY. */
static bool act_all(struct context *context, const char *id, const json_t *object, json_t *body,
		    GError **error)
{
	const char *name;
	json_t *value;
	void *next;

	json_object_foreach_safe(body, next, name, value)
	{
		const struct attr_action *action = attr_option_find_action(name);

		if (action &&
		    !act(context, id, action, json_object_get(object, name), value, error))
			return false;
		if (action)
			json_object_del(body, name);
	}
	return true;
}

static bool change(struct context *context, const char *id, const json_t *given, GError **error)
{
	enum kind kind = context->command->kind;
	json_auto_t *object = client_show(context->client, kind, id, error);
	json_auto_t *body = object ? make_body(context, object, given, error) : NULL;
	json_auto_t *tags = NULL, *updated = NULL, *now = NULL;

	if (!body)
		return false;
	tags = json_incref(json_object_get(body, "tags"));
	json_object_del(body, "tags");
	if (!act_all(context, id, object, body, error))
		return false;
	if (json_object_size(body)) {
		updated = crud_update(context->client, kind, id, json_incref(body), error);
		if (!updated)
			return false;
	}
	if (tags)
		now = crud_put_tags(context->client, kind, id, tags, error);
	return !tags || now;
}

static bool set_or_unset(struct context *context, const struct arguments *arguments,
			 GError **error)
{
	const char *name = arguments->words->pdata[0];
	struct client *client = command_client(context);
	json_auto_t *given = attr_option_collect(client, arguments, error);
	g_autofree char *id = NULL;

	if (given && !json_object_size(given)) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "nothing to %s was given",
			    context->command->verb);
		return crud_blame(context, name, error);
	}
	id = given ? client_find_id(client, context->command->kind, name, error) : NULL;
	if (id && change(context, id, given, error))
		return true;
	return crud_blame(context, name, error);
}

bool cmd_set(struct context *context, const struct arguments *arguments, GError **error)
{
	return set_or_unset(context, arguments, error);
}

bool cmd_unset(struct context *context, const struct arguments *arguments, GError **error)
{
	return set_or_unset(context, arguments, error);
}
