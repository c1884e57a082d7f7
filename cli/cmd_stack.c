/* SPDX-License-Identifier: Apache-2.0 */
/*
 * weft stack create, update, delete, show, list: what a template describes, as one.
 */
#include "cli/cmd.h"

#include <stdio.h>
#include <string.h>
#include "cli/output.h"
#include "cli/stack/apply.h"
#include "cli/stack/remove.h"
#include "cli/stack/yaml.h"
#include "lib/error.h"

#define TEMPLATE_OPTIONS                                                                       \
	{"parameter", 'P', "NAME=VALUE", "a parameter of the template", true, NULL, NULL},     \
		{"environment", 'e', "FILE", "parameters from a file", true, NULL, NULL},      \
	{                                                                                      \
		"skip-unsupported", 0, NULL, "leave out servers and what else is no network",  \
			false, NULL, NULL                                                      \
	}

const struct option cmd_stack_options[] = {
	TEMPLATE_OPTIONS,
	{NULL, 0, NULL, NULL, false, NULL, NULL},
};

const struct option cmd_stack_show_options[] = {
	{"template", 0, "FILE", "show the outputs that this template has", false, NULL, NULL},
	TEMPLATE_OPTIONS,
	{NULL, 0, NULL, NULL, false, NULL, NULL},
};

static bool blame(const char *name, GError **error)
{
	g_prefix_error(error, "stack '%s': ", name);
	return false;
}

static bool read_parameter(const char *text, json_t *parameters, GError **error)
{
	const char *value = strchr(text, '=');
	g_autofree char *name = NULL;

	if (!value || value == text) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "-P '%s' is not written NAME=VALUE", text);
		return false;
	}
	name = g_strndup(text, (gsize)(value - text));
	if (json_object_set_new(parameters, name, json_string(value + 1)) == 0)
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "-P '%s' is not UTF-8", name);
	return false;
}

/* "parameters" are given, "parameter_defaults" are defaults; nothing else is taken. */
static bool read_environment(const char *path, json_t *parameters, json_t *defaults,
			     GError **error)
{
	json_auto_t *root = yaml_load_file(path, error);
	const char *key;
	json_t *section;

	if (!root)
		return false;
	if (!json_is_object(root)) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "%s: is not a mapping",
			    path);
		return false;
	}
	json_object_foreach (root, key, section) {
		bool given = !strcmp(key, "parameters");

		if ((given || !strcmp(key, "parameter_defaults")) &&
		    (json_is_null(section) ||
		     json_object_update(given ? parameters : defaults, section) == 0))
			continue;
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "%s: '%s' is not supported",
			    path, key);
		return false;
	}
	return true;
}

/* Files first, so that -P wins. */
static bool read_parameters(const struct arguments *arguments, json_t *parameters,
			    json_t *defaults, GError **error)
{
	for (guint i = 0; i < arguments->given->len; i++) {
		const struct given *given = &g_array_index(arguments->given, struct given, i);

		if (!strcmp(given->option->name, "environment") &&
		    !read_environment(given->text, parameters, defaults, error))
			return false;
	}
	for (guint i = 0; i < arguments->given->len; i++) {
		const struct given *given = &g_array_index(arguments->given, struct given, i);

		if (!strcmp(given->option->name, "parameter") &&
		    !read_parameter(given->text, parameters, error))
			return false;
	}
	return true;
}

static struct template *load(const struct context *context, const struct arguments *arguments,
			     const char *name, const char *path, GError **error)
{
	json_auto_t *parameters = json_object(), *defaults = json_object(), *root = NULL;
	const struct template_input input = {
		.parameters = parameters,
		.defaults = defaults,
		.project_id = context->project,
		.skip_unsupported = option_has(arguments, "skip-unsupported"),
	};
	struct template *template;

	if (!read_parameters(arguments, parameters, defaults, error))
		return NULL;
	root = yaml_load_file(path, error);
	if (!root)
		return NULL;
	template = template_new(name, root, &input, error);
	if (!template)
		g_prefix_error(error, "%s: ", path);
	return template;
}

static void print_skipped(const struct template *template)
{
	for (guint i = 0; i < template->skipped->len; i++)
		fprintf(stderr, "weft: stack '%s': skipped %s\n", template->name,
			(const char *)template->skipped->pdata[i]);
}

/* Outputs as a mapping; empty when the template has none. */
static json_t *read_outputs(struct plan *plan, GError **error)
{
	if (!json_object_size(json_object_get(plan->template->root, "outputs")))
		return json_object();
	return plan_refresh(plan, error) ? plan_evaluate_outputs(plan, error) : NULL;
}

static bool print_result(const struct arguments *arguments, struct plan *plan,
			 const struct apply_result *result, GError **error)
{
	json_auto_t *outputs = read_outputs(plan, error);
	json_auto_t *object = NULL;

	if (!outputs)
		return false;
	object = json_pack("{s:s,s:i,s:i,s:i,s:i}", "stack", plan->template->name, "created",
			   (int)result->created, "updated", (int)result->updated, "replaced",
			   (int)result->replaced, "deleted", (int)result->deleted);
	if (json_object_size(outputs))
		json_object_set(object, "outputs", outputs);
	return output_print(output_object(arguments, object, error), error);
}

static bool check_existence(const struct plan *plan, bool wanted, GError **error)
{
	bool exists = plan->members->len > 0;

	if (exists == wanted)
		return true;
	g_set_error(error, WEFT_ERROR, exists ? WEFT_ERROR_CONFLICT : WEFT_ERROR_NOT_FOUND,
		    "%s", exists ? "exists already" : "no such stack");
	return false;
}

static bool apply(struct context *context, const struct arguments *arguments,
		  const struct template *template, bool exists, GError **error)
{
	struct plan *plan = plan_new(command_client(context), template, error);
	struct apply_result result;
	bool good;

	if (!plan)
		return false;
	good = check_existence(plan, exists, error) && apply_plan(plan, &result, error);
	if (good) {
		print_skipped(template);
		good = print_result(arguments, plan, &result, error);
	}
	plan_free(plan);
	return good;
}

static bool make(struct context *context, const struct arguments *arguments, bool exists,
		 GError **error)
{
	const char *name = arguments->words->pdata[0];
	struct template *template =
		load(context, arguments, name, arguments->words->pdata[1], error);
	bool good = template && apply(context, arguments, template, exists, error);

	template_free(template);
	return good || blame(name, error);
}

bool cmd_stack_create(struct context *context, const struct arguments *arguments,
		      GError **error)
{
	return make(context, arguments, false, error);
}

bool cmd_stack_update(struct context *context, const struct arguments *arguments,
		      GError **error)
{
	return make(context, arguments, true, error);
}

static GPtrArray *read_members(struct context *context, const char *name, GError **error)
{
	g_autoptr(GPtrArray) members = NULL;

	if (!template_check_name(name, error))
		return NULL;
	members = member_read(command_client(context), name, error);
	if (!members || members->len)
		return g_steal_pointer(&members);
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_NOT_FOUND, "no such stack");
	return NULL;
}

bool cmd_stack_delete(struct context *context, const struct arguments *arguments,
		      GError **error)
{
	for (guint i = 0; i < arguments->words->len; i++) {
		const char *name = arguments->words->pdata[i];
		g_autoptr(GPtrArray) members = read_members(context, name, error);

		if (!members || !remove_members(context->client, members, true, error))
			return blame(name, error);
	}
	return true;
}

static bool show_outputs(struct context *context, const struct arguments *arguments,
			 const char *name, const char *path, GError **error)
{
	struct template *template = load(context, arguments, name, path, error);
	struct plan *plan =
		template ? plan_new(command_client(context), template, error) : NULL;
	json_auto_t *outputs = NULL;

	if (plan && check_existence(plan, true, error))
		outputs = read_outputs(plan, error);
	plan_free(plan);
	template_free(template);
	return outputs && output_print(output_object(arguments, outputs, error), error);
}

static bool show_members(struct context *context, const struct arguments *arguments,
			 const char *name, GError **error)
{
	static const char *const columns[] = {"key", "type", "name", "id", "status"};
	g_autoptr(GPtrArray) shown = g_ptr_array_new();
	g_autoptr(GPtrArray) members = read_members(context, name, error);
	json_auto_t *rows = json_array();

	if (!members)
		return false;
	for (guint i = 0; i < members->len; i++) {
		const struct stack_member *member = members->pdata[i];
		json_t *row = json_pack("{s:s,s:s}", "key", member->key, "type",
					member_type_name(member));

		for (size_t k = 2; k < G_N_ELEMENTS(columns); k++) {
			json_t *value = json_object_get(member->object, columns[k]);

			json_object_set_new(row, columns[k],
					    value ? json_incref(value) : json_null());
		}
		json_array_append_new(rows, row);
	}
	for (size_t k = 0; k < G_N_ELEMENTS(columns); k++)
		g_ptr_array_add(shown, (gpointer)columns[k]);
	return output_print(output_list(arguments, rows, shown, error), error);
}

bool cmd_stack_show(struct context *context, const struct arguments *arguments, GError **error)
{
	const char *name = arguments->words->pdata[0];
	const char *path = option_get(arguments, "template");
	bool good = path ? show_outputs(context, arguments, name, path, error)
			 : show_members(context, arguments, name, error);

	return good || blame(name, error);
}

/* Counts the members that OBJECT is: each of its tags but the stack's own. */
static void count_members(json_t *stacks, const json_t *object)
{
	const char *stack = NULL;
	json_int_t members = 0;
	json_t *tag;
	size_t i;

	json_array_foreach (json_object_get(object, "tags"), i, tag) {
		const char *text = json_string_value(tag);

		if (text && member_parse_stack(text))
			stack = member_parse_stack(text);
		members += text && g_str_has_prefix(text, "stack-");
	}
	if (!stack)
		return;
	members += json_integer_value(json_object_get(stacks, stack));
	json_object_set_new(stacks, stack, json_integer(members));
}

bool cmd_stack_list(struct context *context, const struct arguments *arguments, GError **error)
{
	g_autoptr(GPtrArray) columns = g_ptr_array_new();
	json_auto_t *stacks = json_object(), *rows = json_array();
	const char *name;
	json_t *count;

	for (int kind = KIND_NETWORK; kind < KIND_COUNT; kind++) {
		json_auto_t *list = member_can_be(kind)
					    ? client_list(command_client(context), kind,
							  "fields=id&fields=tags", error)
					    : json_array();
		json_t *object;
		size_t i;

		if (!list) {
			g_prefix_error(error, "stack list: ");
			return false;
		}
		json_array_foreach (list, i, object)
			count_members(stacks, object);
	}
	json_object_foreach (stacks, name, count)
		json_array_append_new(rows,
				      json_pack("{s:s,s:O}", "stack", name, "members", count));
	g_ptr_array_add(columns, (gpointer) "stack");
	g_ptr_array_add(columns, (gpointer) "members");
	return output_print(output_list(arguments, rows, columns, error), error);
}
