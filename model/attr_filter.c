/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filters are parsed once and then matched against every object of a list.
 */
#include "model/attr_filter.h"

#include <string.h>

#include "lib/error.h"
#include "model/object.h"

/* One value that is asked of one attribute. */
struct choice {
	const struct attr *attr; /* a scalar */
	void *wanted;		 /* an object of OF that holds it; NULL: matches nothing */
	const struct attr_table *of;
	char *text;
	bool part;  /* TEXT may be anywhere in the value */
	char *name; /* of the item of a map; NULL: any */
};

/* All values of one attribute: one of them must match. */
struct clause {
	const struct attr *attr;
	GPtrArray *choices;
};

enum tag_rule {
	TAGS_ALL,
	TAGS_ANY,
	TAGS_NOT_ALL,
	TAGS_NOT_ANY,
	TAGS_RULES,
};

static const char *const tag_rules[TAGS_RULES] = {
	[TAGS_ALL] = "tags",
	[TAGS_ANY] = "tags-any",
	[TAGS_NOT_ALL] = "not-tags",
	[TAGS_NOT_ANY] = "not-tags-any",
};

struct attr_filter {
	const struct attr_table *table;
	const struct attr *tags;
	const char *project; /* of who asks; borrowed */
	GPtrArray *clauses;
	GPtrArray *labels[TAGS_RULES]; /* char *; NULL: not asked */
};

static void choice_free(void *data)
{
	struct choice *choice = data;

	attr_free(choice->of, choice->wanted);
	g_free(choice->text);
	g_free(choice->name);
	g_free(choice);
}

static void clause_free(void *data)
{
	struct clause *clause = data;

	g_ptr_array_unref(clause->choices);
	g_free(clause);
}

struct attr_filter *attr_filter_new(const struct attr_table *table)
{
	struct attr_filter *filter = g_new0(struct attr_filter, 1);

	filter->table = table;
	filter->tags = attr_find(table, "tags");
	filter->clauses = g_ptr_array_new_with_free_func(clause_free);
	return filter;
}

void attr_filter_free(struct attr_filter *filter)
{
	if (!filter)
		return;
	g_ptr_array_unref(filter->clauses);
	for (unsigned int i = 0; i < TAGS_RULES; i++)
		if (filter->labels[i])
			g_ptr_array_unref(filter->labels[i]);
	g_free(filter);
}

void attr_filter_set_project(struct attr_filter *filter, const char *project)
{
	filter->project = project;
}

/* Adding */

static bool filter_add_tags(struct attr_filter *filter, const char *name, const char *value)
{
	for (unsigned int i = 0; filter->tags && i < TAGS_RULES; i++) {
		g_auto(GStrv) names = NULL;

		if (strcmp(name, tag_rules[i]) != 0)
			continue;
		if (!filter->labels[i])
			filter->labels[i] = g_ptr_array_new_with_free_func(g_free);
		names = g_strsplit(value, ",", -1);
		for (char **tag = names; *tag; tag++)
			if (**tag)
				g_ptr_array_add(filter->labels[i], g_strdup(*tag));
		return true;
	}
	return false;
}

static struct clause *filter_get_clause(struct attr_filter *filter, const struct attr *attr)
{
	struct clause *clause;

	for (guint i = 0; i < filter->clauses->len; i++) {
		clause = filter->clauses->pdata[i];
		if (clause->attr == attr)
			return clause;
	}
	clause = g_new0(struct clause, 1);
	clause->attr = attr;
	clause->choices = g_ptr_array_new_with_free_func(choice_free);
	g_ptr_array_add(filter->clauses, clause);
	return clause;
}

/* Compared as it is: what somebody asks for is neither checked nor interned. */
static bool is_text(const struct attr *attr)
{
	return attr->type == ATTR_STRING || attr->type == ATTR_SYMBOL;
}

/* A value that cannot be parsed is an error where it must be a number or a truth, and simply
 * matches nothing where it is an id or an address that nobody has. NAME: what was asked for. */
static struct choice *choice_new(const struct attr_table *of, const struct attr *attr,
				 const char *name, const char *value, GError **error)
{
	g_autoptr(GError) reason = NULL;
	struct choice *choice = g_new0(struct choice, 1);

	choice->attr = attr;
	choice->of = of;
	choice->text = g_strdup(value);
	if (attr->flags & ATTR_COMPUTED || is_text(attr))
		return choice;
	choice->wanted = g_malloc0(of->size);
	if (attr_parse(attr, value, choice->wanted, &reason))
		return choice;
	if (attr->type == ATTR_BOOL || attr->type == ATTR_INT || attr->type == ATTR_U32) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "Invalid input for %s. Reason: %s", attr->name ? attr->name : name,
			    reason->message);
		choice_free(choice);
		return NULL;
	}
	attr_free(of, g_steal_pointer(&choice->wanted));
	return choice;
}

/* KEY of an item, or "KEY_substr" of an address. */
static const struct attr *find_of_item(const struct attr_table *item, const char *key,
				       bool *part)
{
	static const char suffix[] = "_substr";
	g_autofree char *whole = NULL;
	const struct attr *attr;

	*part = false;
	if (attr_table_is_scalar(item))
		return &item->attrs[0];
	attr = attr_find(item, key);
	if (attr || !g_str_has_suffix(key, suffix))
		return attr;
	whole = g_strndup(key, strlen(key) - strlen(suffix));
	attr = attr_find(item, whole);
	*part = attr && attr->type == ATTR_IP;
	return *part ? attr : NULL;
}

/* "name=text", or "name": it is there, with whatever text. */
static struct choice *map_choice_new(const struct attr *attr, const char *value, GError **error)
{
	const char *equals = strchr(value, '=');
	struct choice *choice = choice_new(attr->item, &attr->item->attrs[equals ? 1 : 0],
					   attr->name, equals ? equals + 1 : value, error);

	if (choice && equals)
		choice->name = g_strndup(value, (gsize)(equals - value));
	return choice;
}

bool attr_filter_add(struct attr_filter *filter, const char *name, const char *value,
		     bool *known, GError **error)
{
	const struct attr *attr = attr_find(filter->table, name), *of_item;
	const struct attr_table *of = filter->table;
	g_autofree char *key = NULL;
	struct choice *choice;
	bool part = false;

	*known = true;
	if (filter_add_tags(filter, name, value))
		return true;
	if (!attr || !(attr->flags & ATTR_FILTER)) {
		*known = false;
		return true;
	}
	if (attr_is_map(attr)) {
		choice = map_choice_new(attr, value, error);
		if (choice)
			g_ptr_array_add(filter_get_clause(filter, attr)->choices, choice);
		return choice;
	}
	of_item = attr;
	if (attr->type == ATTR_LIST && !(attr->flags & ATTR_COMPUTED)) {
		const char *equals = strchr(value, '=');

		of = attr->item;
		key = g_strndup(value, equals ? (gsize)(equals - value) : 0);
		of_item = find_of_item(of, key, &part);
		if (!of_item) {
			g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
				    "Invalid input for %s. Reason: '%s' is not KEY=VALUE of it",
				    name, value);
			return false;
		}
		value = attr_table_is_scalar(of) ? value : equals + 1;
	}
	choice = choice_new(of, of_item, name, value, error);
	if (!choice)
		return false;
	choice->part = part;
	g_ptr_array_add(filter_get_clause(filter, attr)->choices, choice);
	return true;
}

/* Matching */

/* Of a list one item does. */
static bool value_match(const json_t *value, const char *wanted)
{
	const struct attr truth = {.type = ATTR_BOOL};
	g_autofree char *text = NULL;
	bool same = false;

	if (json_is_string(value))
		return strcmp(json_string_value(value), wanted) == 0;
	if (json_is_boolean(value))
		return attr_parse(&truth, wanted, &same, NULL) && same == json_is_true(value);
	for (size_t i = 0; i < json_array_size(value) && !same; i++)
		same = value_match(json_array_get(value, i), wanted);
	if (same || !value)
		return same;
	text = json_dumps(value, JSON_ENCODE_ANY);
	return strcmp(text, wanted) == 0;
}

static bool computed_match(const struct choice *choice, const void *object, const void *world,
			   const char *project)
{
	json_t *value = attr_get_computed(choice->attr, object, world, project);
	bool same = value_match(value, choice->text);

	json_decref(value);
	return same;
}

static bool part_match(const struct choice *choice, const void *object)
{
	g_autoptr(GString) text = g_string_new(NULL);

	attr_print(choice->attr, object, text);
	return strstr(text->str, choice->text);
}

/* OBJECT is what choice->attr is of: the object, or one item of its list. */
static bool scalar_match(const struct choice *choice, const void *object, const void *world)
{
	const char *const *text = (const void *)((const char *)object + choice->attr->offset);

	if (choice->part)
		return part_match(choice, object);
	if (is_text(choice->attr))
		return strcmp(*text ? *text : "", choice->text) == 0;
	return choice->wanted && attr_compare(choice->attr, object, choice->wanted, world) == 0;
}

static bool choice_match(const struct choice *choice, const struct attr *attr,
			 const void *object, const void *world, const char *project)
{
	const struct vec *vec = (const void *)((const char *)object + attr->offset);

	if (choice->attr->flags & (ATTR_COMPUTED | ATTR_CALLER))
		return computed_match(choice, object, world, project);
	if (choice->attr == attr)
		return scalar_match(choice, object, world);
	for (uint32_t i = 0; i < vec->count; i++) {
		const char *item = (const char *)vec->items + attr->item->size * i;

		if ((!choice->name || g_strcmp0(*(char *const *)item, choice->name) == 0) &&
		    scalar_match(choice, item, world))
			return true;
	}
	return false;
}

static bool clause_has(const struct clause *clause, const json_t *value)
{
	for (guint i = 0; i < clause->choices->len; i++)
		if (value_match(value, ((struct choice *)clause->choices->pdata[i])->text))
			return true;
	return false;
}

/* One face of OBJECT meets all that is asked of faces. */
static bool faces_match(const struct attr_filter *filter, const void *object)
{
	bool more = true, same = false;

	for (uint32_t face = 0; more && !same; face++) {
		same = true;
		for (guint i = 0; same && i < filter->clauses->len; i++) {
			const struct clause *clause = filter->clauses->pdata[i];
			json_t *value;

			if (!clause->attr->print_face)
				continue;
			value = clause->attr->print_face(object, face);
			more = value;
			same = value && clause_has(clause, value);
			json_decref(value);
		}
	}
	return same;
}

static bool clause_match(const struct clause *clause, const void *object, const void *world,
			 const char *project)
{
	for (guint i = 0; i < clause->choices->len; i++)
		if (choice_match(clause->choices->pdata[i], clause->attr, object, world,
				 project))
			return true;
	return false;
}

static bool tags_have(const struct vec *tags, const char *tag)
{
	for (uint32_t i = 0; i < tags->count; i++)
		if (g_strcmp0(*vec_at(char *, tags, i), tag) == 0)
			return true;
	return false;
}

static bool tags_match(const struct attr_filter *filter, const void *object)
{
	const struct vec *tags = (const void *)((const char *)object +
						(filter->tags ? filter->tags->offset : 0));

	for (unsigned int rule = 0; rule < TAGS_RULES; rule++) {
		const GPtrArray *labels = filter->labels[rule];
		guint have = 0;

		if (!labels)
			continue;
		for (guint i = 0; i < labels->len; i++)
			have += tags_have(tags, labels->pdata[i]);
		if ((rule == TAGS_ALL && have < labels->len) ||
		    (rule == TAGS_ANY && have == 0) ||
		    (rule == TAGS_NOT_ALL && have == labels->len) ||
		    (rule == TAGS_NOT_ANY && have > 0))
			return false;
	}
	return true;
}

bool attr_filter_match(const struct attr_filter *filter, const void *object, const void *world)
{
	for (guint i = 0; i < filter->clauses->len; i++) {
		const struct clause *clause = filter->clauses->pdata[i];

		if (!clause->attr->print_face &&
		    !clause_match(clause, object, world, filter->project))
			return false;
	}
	return faces_match(filter, object) && tags_match(filter, object);
}

const char *attr_filter_find_only(const struct attr_filter *filter, const char *name)
{
	for (guint i = 0; i < filter->clauses->len; i++) {
		const struct clause *clause = filter->clauses->pdata[i];

		if (strcmp(clause->attr->name, name) == 0 && clause->choices->len == 1)
			return ((struct choice *)clause->choices->pdata[0])->text;
	}
	return NULL;
}
