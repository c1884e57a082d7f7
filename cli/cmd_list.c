/* SPDX-License-Identifier: Apache-2.0 */
/*
 * weft KIND list [--attribute value ...] [--long] [--sort KEY:desc] [--limit N]
 */
#include "cli/cmd.h"

#include <string.h>
#include "cli/attr_option.h"
#include "cli/output.h"
#include "lib/error.h"
#include "lib/http_client.h"

const struct option cmd_list_options[] = {
	{"long", 'l', NULL, "all columns", false, NULL, NULL},
	{"sort", 0, "KEY[:asc|:desc]", "order by this column", true, NULL, NULL},
	{"limit", 0, "N", "at most so many", false, NULL, NULL},
	{"marker", 0, "ID", "go on behind this one", false, NULL, NULL},
	{"tags", 0, "TAG,TAG", "has all of these tags", false, NULL, NULL},
	{"any-tags", 0, "TAG,TAG", "has one of these tags", false, NULL, NULL},
	{"not-tags", 0, "TAG,TAG", "lacks one of these tags", false, NULL, NULL},
	{"not-any-tags", 0, "TAG,TAG", "has none of these tags", false, NULL, NULL},
	{NULL, 0, NULL, NULL, false, NULL, NULL},
};

static const struct {
	const char *option, *parameter;
} passed[] = {
	{"limit", "limit"},	  {"marker", "marker"},	    {"tags", "tags"},
	{"any-tags", "tags-any"}, {"not-tags", "not-tags"}, {"not-any-tags", "not-tags-any"},
};

static GPtrArray *columns_of(const struct attr_table *table, bool all)
{
	GPtrArray *columns = g_ptr_array_new();

	for (const struct attr *attr = table->attrs; attr->name; attr++)
		if (attr->flags & (all ? ATTR_VISIBLE : ATTR_COLUMN))
			g_ptr_array_add(columns, (gpointer)attr->name);
	return columns;
}

static void add_term(GString *query, const char *name, const char *value)
{
	g_autofree char *escaped = http_escape(value);

	g_string_append_printf(query, "%s%s=%s", query->len ? "&" : "", name, escaped);
}

static bool add_sort(GString *query, const char *text, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(text, ":", -1);
	guint count = g_strv_length(parts);
	/* A key may have a colon in it: the last part counts if it is a direction. */
	bool directed = count > 1 &&
			(!strcmp(parts[count - 1], "asc") || !strcmp(parts[count - 1], "desc"));
	g_autofree char *key =
		directed ? g_strndup(text, strlen(text) - strlen(parts[count - 1]) - 1)
			 : g_strdup(text);

	if (!*key) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "--sort '%s' names no column", text);
		return false;
	}
	add_term(query, "sort_key", key);
	add_term(query, "sort_dir", directed ? parts[count - 1] : "asc");
	return true;
}

/* Only what is shown is asked for. */
static void add_fields(GString *query, const struct arguments *arguments)
{
	for (guint i = 0; i < arguments->given->len; i++) {
		const struct given *given = &g_array_index(arguments->given, struct given, i);

		if (!strcmp(given->option->name, "column"))
			add_term(query, "fields", given->text);
	}
}

/* What they belong to. */
static bool add_word(struct context *context, const struct arguments *arguments, GString *query,
		     GError **error)
{
	enum kind kind = context->command->kind;
	json_auto_t *id =
		attr_option_read_word(context->client, kind, arguments->words->pdata[0], error);

	if (id)
		add_term(query, attr_option_word(kind)->name, json_string_value(id));
	return id != NULL;
}

static char *make_query(struct context *context, const struct arguments *arguments,
			GError **error)
{
	g_autofree char *filters = attr_option_query(command_client(context), arguments, error);
	g_autoptr(GString) query = NULL;

	if (!filters)
		return NULL;
	query = g_string_new(filters);
	if (arguments->words->len && !add_word(context, arguments, query, error))
		return NULL;
	for (size_t i = 0; i < G_N_ELEMENTS(passed); i++)
		if (option_has(arguments, passed[i].option))
			add_term(query, passed[i].parameter,
				 option_get(arguments, passed[i].option));
	for (guint i = 0; i < arguments->given->len; i++) {
		const struct given *given = &g_array_index(arguments->given, struct given, i);

		if (!strcmp(given->option->name, "sort") &&
		    !add_sort(query, given->text, error))
			return NULL;
	}
	add_fields(query, arguments);
	return g_strdup(query->str);
}

/* A column that is none would print an empty one. */
static bool check_columns(const struct attr_table *table, const struct arguments *arguments,
			  GError **error)
{
	for (guint i = 0; i < arguments->given->len; i++) {
		const struct given *given = &g_array_index(arguments->given, struct given, i);
		const struct attr *attr;

		if (strcmp(given->option->name, "column"))
			continue;
		attr = attr_find(table, given->text);
		if (attr && (attr->flags & ATTR_VISIBLE))
			continue;
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "%s has no column '%s'",
			    table->singular, given->text);
		return false;
	}
	return true;
}

bool cmd_list(struct context *context, const struct arguments *arguments, GError **error)
{
	const struct attr_table *table = command_table(context);
	g_autoptr(GPtrArray) columns = columns_of(table, option_has(arguments, "long"));
	g_autofree char *query = NULL;
	json_auto_t *rows = NULL;

	if (!check_columns(table, arguments, error))
		return false;
	query = make_query(context, arguments, error);
	if (query)
		rows = client_list(context->client, context->command->kind, query, error);
	if (!rows) {
		g_prefix_error(error, "%s list: ", context->command->object);
		return false;
	}
	return output_print(output_list(arguments, rows, columns, error), error);
}
