/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scope in which a template's functions run, and what they give once the
 * members are known. Reading and checking is template_read.c.
 */
#include "cli/stack/template.h"

#include <string.h>
#include "cli/stack/template_read.h"
#include "lib/error.h"

struct evaluation {
	const struct template *template;
	const struct template_source *source;
};

static void resource_free(gpointer data)
{
	struct resource *resource = data;

	g_ptr_array_unref(resource->node.needs);
	g_free(resource->parent);
	g_free(resource);
}

struct template *template_new(const char *name, json_t *root,
			      const struct template_input *input, GError **error)
{
	struct template *template;

	if (!template_check_name(name, error))
		return NULL;
	template = g_new0(struct template, 1);
	template->root = json_incref(root);
	template->name = g_strdup(name);
	template->conditions = json_object();
	template->resources = g_ptr_array_new_with_free_func(resource_free);
	template->by_key = g_hash_table_new(g_str_hash, g_str_equal);
	template->absent = g_hash_table_new(g_str_hash, g_str_equal);
	template->skipped = g_ptr_array_new_with_free_func(g_free);
	if (template_read(template, input, error))
		return template;
	template_free(template);
	return NULL;
}

void template_free(struct template *template)
{
	if (!template)
		return;
	g_ptr_array_unref(template->skipped);
	g_hash_table_unref(template->absent);
	g_hash_table_unref(template->by_key);
	g_ptr_array_unref(template->resources);
	json_decref(template->conditions);
	json_decref(template->parameters);
	json_decref(template->root);
	g_free(template->name);
	g_free(template);
}

const struct resource *template_find(const struct template *template, const char *key)
{
	return g_hash_table_lookup(template->by_key, key);
}

static bool is_word(const char *text, size_t max)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_.-";

	return g_ascii_isalnum(*text) && strlen(text) <= max &&
	       text[strspn(text, letters)] == '\0';
}

bool template_check_name(const char *name, GError **error)
{
	if (is_word(name, TEMPLATE_NAME_MAX))
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
		    "'%s' cannot be a stack's name: at most %d letters, digits, '_', '.' and "
		    "'-'",
		    name, TEMPLATE_NAME_MAX);
	return false;
}

bool template_check_key(const char *key, GError **error)
{
	if (is_word(*key == '_' ? key + 1 : key, TEMPLATE_KEY_MAX) &&
	    strlen(key) <= TEMPLATE_KEY_MAX)
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
		    "resource '%s': a name has at most %d letters, digits, '_', '.' and '-'",
		    key, TEMPLATE_KEY_MAX);
	return false;
}

json_t *template_get_parameter(const struct template *template, const char *name,
			       GError **error)
{
	json_t *value = json_object_get(template->parameters, name);

	if (value)
		return json_incref(value);
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
		    "parameter '%s' is not in the template", name);
	return NULL;
}

int template_get_condition(const struct template *template, const char *name, GError **error)
{
	json_t *value = json_object_get(template->conditions, name);

	if (value)
		return json_is_true(value);
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
		    "condition '%s' is not in the template", name);
	return -1;
}

static json_t *get_parameter(struct scope *scope, const char *name, GError **error)
{
	struct evaluation *evaluation = scope->data;

	return template_get_parameter(evaluation->template, name, error);
}

static int get_condition(struct scope *scope, const char *name, GError **error)
{
	struct evaluation *evaluation = scope->data;

	return template_get_condition(evaluation->template, name, error);
}

/* What was skipped is null to those who ask for it; the rest was checked when read. */
static json_t *get_resource(struct scope *scope, const char *key, GError **error)
{
	struct evaluation *evaluation = scope->data;
	const struct resource *resource = template_find(evaluation->template, key);

	return resource
		       ? evaluation->source->resource(evaluation->source->data, resource, error)
		       : json_null();
}

static json_t *get_attribute(struct scope *scope, const char *key, const char *name,
			     GError **error)
{
	struct evaluation *evaluation = scope->data;
	const struct resource *resource = template_find(evaluation->template, key);

	return resource ? evaluation->source->attribute(evaluation->source->data, resource,
							name, error)
			: json_null();
}

static struct scope make_scope(struct evaluation *evaluation)
{
	return (struct scope){
		.data = evaluation,
		.parameter = get_parameter,
		.resource = get_resource,
		.attribute = get_attribute,
		.condition = get_condition,
	};
}

json_t *template_evaluate(const struct template *template, const struct resource *resource,
			  const struct template_source *source, GError **error)
{
	struct evaluation evaluation = {template, source};
	struct scope scope = make_scope(&evaluation);
	json_t *value;

	if (!resource->properties)
		return json_object();
	value = function_evaluate(&scope, resource->properties, error);
	if (!value)
		g_prefix_error(error, "resource '%s': ", resource->node.name);
	return value;
}

json_t *template_evaluate_outputs(const struct template *template,
				  const struct template_source *source, GError **error)
{
	struct evaluation evaluation = {template, source};
	struct scope scope = make_scope(&evaluation);
	json_auto_t *outputs = json_object();
	json_t *definition;
	const char *name;

	json_object_foreach (json_object_get(template->root, "outputs"), name, definition) {
		json_t *condition = json_object_get(definition, "condition");
		int wanted =
			condition ? function_evaluate_condition(&scope, condition, error) : 1;
		json_t *value = NULL;

		if (wanted == 0)
			continue;
		if (wanted > 0)
			value = function_evaluate(&scope, json_object_get(definition, "value"),
						  error);
		if (!value) {
			g_prefix_error(error, "output '%s': ", name);
			return NULL;
		}
		json_object_set_new(outputs, name, value);
	}
	return g_steal_pointer(&outputs);
}
