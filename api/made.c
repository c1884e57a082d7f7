/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Collections without a kind.
 */
#include "api/made.h"

#include <string.h>

#include "lib/error.h"
#include "model/attr_filter.h"
#include "model/attr_json.h"

/* How the question wants them. */
struct made {
	const struct attr_table *table;
	const void *world;
	struct attr_filter *filter;
	struct attr_view view;
	const struct attr *key; /* NULL: as they come */
	bool descending;
};

static void view_add(struct attr_view *view, const struct attr_table *table, const char *name)
{
	const struct attr *attr = attr_find(table, name);

	if (view->fields == UINT64_MAX)
		view->fields = view->aliases = 0;
	if (attr && strcmp(attr->name, name) == 0)
		view->fields |= attr_bit(table, attr);
	else if (attr)
		view->aliases |= attr_bit(table, attr);
}

static struct attr_view view_read(const struct attr_table *table, const void *world,
				  const struct http_question *question)
{
	struct attr_view view = attr_view_all;

	view.world = world;
	for (gsize i = 0; i < question->query_count; i++)
		if (strcmp(question->query[i].name, "fields") == 0 && *question->query[i].value)
			view_add(&view, table, question->query[i].value);
	return view;
}

static bool made_add(struct made *made, const char *name, const char *value, GError **error)
{
	static const char *const passed[] = {"fields", "limit", "marker", "page_reverse", NULL};
	bool known;

	if (strcmp(name, "sort_key") == 0) {
		made->key = attr_find(made->table, value);
		if (made->key && made->key->flags & ATTR_SORT)
			return true;
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "'%s' is an invalid attribute for sort keys", value);
		return false;
	}
	if (strcmp(name, "sort_dir") == 0)
		return made->descending = strcmp(value, "desc") == 0, true;
	/* Nothing here has pages. */
	if (!*name || g_strv_contains(passed, name))
		return true;
	if (!attr_filter_add(made->filter, name, value, &known, error))
		return false;
	if (!known)
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "['%s'] is invalid attribute for filtering", name);
	return known;
}

static int made_compare(const void *a, const void *b, void *data)
{
	const struct made *made = data;
	int order = attr_compare(made->key, *(const void *const *)a, *(const void *const *)b,
				 made->world);

	return made->descending ? -order : order;
}

static char *made_print(struct made *made, GPtrArray *objects, gsize *size)
{
	GString *out = g_string_new(NULL);
	gsize start;

	if (made->key)
		g_qsort_with_data(objects->pdata, (gint)objects->len, sizeof(void *),
				  made_compare, made);
	g_string_printf(out, "{\"%s\":[", made->table->plural);
	start = out->len;
	for (guint i = 0; i < objects->len; i++) {
		if (!attr_filter_match(made->filter, objects->pdata[i], made->world))
			continue;
		if (out->len > start)
			g_string_append_c(out, ',');
		attr_encode(made->table, objects->pdata[i], &made->view, out);
	}
	g_string_append(out, "]}");
	*size = out->len;
	return g_string_free(out, FALSE);
}

char *made_list(const struct attr_table *table, GPtrArray *objects, const void *world,
		const struct http_question *question, gsize *size, GError **error)
{
	struct made made = {
		.table = table,
		.world = world,
		.filter = attr_filter_new(table),
		.view = view_read(table, world, question),
	};
	char *text = NULL;
	bool good = true;

	for (gsize i = 0; i < question->query_count && good; i++)
		good = made_add(&made, question->query[i].name, question->query[i].value,
				error);
	if (good)
		text = made_print(&made, objects, size);
	attr_filter_free(made.filter);
	return text;
}

char *made_show(const struct attr_table *table, const void *object, const void *world,
		const struct http_question *question, gsize *size)
{
	struct attr_view view = view_read(table, world, question);
	GString *out = g_string_new(NULL);

	g_string_printf(out, "{\"%s\":", table->singular);
	attr_encode(table, object, &view, out);
	g_string_append_c(out, '}');
	*size = out->len;
	return g_string_free(out, FALSE);
}
