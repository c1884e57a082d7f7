/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables are columns of words, aligned by what a terminal shows of them, without
 * borders: they are read by people and cut by awk.
 */
#include "cli/output.h"

#include <stdio.h>
#include <string.h>
#include "cli/value.h"
#include "lib/error.h"

static const struct option options_of_output[] = {
	{"format", 'f', "table|json|value|csv", "how to print", false, NULL, NULL},
	{"column", 'c', "NAME", "only this column", true, NULL, NULL},
};

enum format {
	FORMAT_TABLE,
	FORMAT_JSON,
	FORMAT_VALUE,
	FORMAT_CSV,
};

void output_add_options(GArray *options)
{
	g_array_append_vals(options, options_of_output, G_N_ELEMENTS(options_of_output));
}

static bool read_format(const struct arguments *arguments, enum format *format, GError **error)
{
	static const char *const names[] = {"table", "json", "value", "csv"};
	const char *text = option_get(arguments, "format");

	*format = FORMAT_TABLE;
	for (size_t i = 0; text && i < G_N_ELEMENTS(names); i++)
		if (!strcmp(names[i], text)) {
			*format = (enum format)i;
			return true;
		}
	if (!text)
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
		    "--format '%s' is not table, json, value or csv", text);
	return false;
}

bool output_check(const struct arguments *arguments, GError **error)
{
	enum format format;

	return read_format(arguments, &format, error);
}

/* What the user chose, or NULL. */
static GPtrArray *read_columns(const struct arguments *arguments)
{
	GPtrArray *columns = g_ptr_array_new();

	for (guint i = 0; i < arguments->given->len; i++) {
		const struct given *given = &g_array_index(arguments->given, struct given, i);

		if (!strcmp(given->option->name, "column"))
			g_ptr_array_add(columns, (gpointer)given->text);
	}
	if (columns->len)
		return columns;
	g_ptr_array_unref(columns);
	return NULL;
}

/* Control characters would let a name rewrite the terminal. */
static char *to_cell(const json_t *value)
{
	char *text = value_print(value);

	for (char *c = text; *c; c++)
		if (g_ascii_iscntrl(*c))
			*c = ' ';
	return text;
}

static glong width_of(const char *text)
{
	glong width = 0;

	for (; *text; text = g_utf8_next_char(text)) {
		gunichar c = g_utf8_get_char(text);

		width += g_unichar_iszerowidth(c) ? 0 : g_unichar_iswide(c) ? 2 : 1;
	}
	return width;
}

static void append_padded(GString *out, const char *text, glong width, bool last)
{
	g_string_append(out, text);
	if (last) {
		g_string_append_c(out, '\n');
		return;
	}
	for (glong i = width_of(text); i < width + 2; i++)
		g_string_append_c(out, ' ');
}

/* CELLS row by row; the first row is the head. */
static void format_table(GString *out, const GPtrArray *cells, guint columns)
{
	g_autofree glong *widths = g_new0(glong, columns + 1);

	for (guint i = 0; i < cells->len; i++)
		widths[i % columns] = MAX(widths[i % columns], width_of(cells->pdata[i]));
	for (guint i = 0; i < cells->len; i++) {
		const char *text = cells->pdata[i];

		append_padded(out, *text ? text : "-", widths[i % columns],
			      i % columns == columns - 1);
	}
}

static void format_csv(GString *out, const GPtrArray *cells, guint columns)
{
	for (guint i = 0; i < cells->len; i++) {
		const char *text = cells->pdata[i];

		g_string_append_c(out, '"');
		for (; *text; text++)
			g_string_append(out, *text == '"' ? "\"\"" : (char[2]){*text, '\0'});
		g_string_append(out, i % columns == columns - 1 ? "\"\n" : "\",");
	}
}

static void format_values(GString *out, const GPtrArray *cells, guint columns)
{
	for (guint i = columns; i < cells->len; i++)
		g_string_append_printf(out, "%s%c", (const char *)cells->pdata[i],
				       i % columns == columns - 1 ? '\n' : ' ');
}

static GPtrArray *to_cells(const json_t *rows, const GPtrArray *columns)
{
	GPtrArray *cells = g_ptr_array_new_with_free_func(g_free);
	json_t *row;
	size_t i;

	for (guint k = 0; k < columns->len; k++)
		g_ptr_array_add(cells, g_strdup(columns->pdata[k]));
	json_array_foreach (rows, i, row)
		for (guint k = 0; k < columns->len; k++)
			g_ptr_array_add(cells,
					to_cell(json_object_get(row, columns->pdata[k])));
	return cells;
}

static json_t *pick(const json_t *row, const GPtrArray *columns)
{
	json_t *picked = json_object();

	for (guint k = 0; k < columns->len; k++) {
		json_t *value = json_object_get(row, columns->pdata[k]);

		json_object_set_new(picked, columns->pdata[k],
				    value ? json_incref(value) : json_null());
	}
	return picked;
}

static char *to_json(const json_t *value)
{
	g_autofree char *text =
		json_dumps(value, JSON_INDENT(2) | JSON_REAL_PRECISION(15) | JSON_ENCODE_ANY);

	return g_strconcat(text, "\n", NULL);
}

char *output_list(const struct arguments *arguments, const json_t *rows,
		  const GPtrArray *columns, GError **error)
{
	g_autoptr(GPtrArray) chosen = read_columns(arguments);
	g_autoptr(GPtrArray) cells = NULL;
	g_autoptr(GString) out = g_string_new(NULL);
	json_auto_t *picked = json_array();
	enum format format;
	json_t *row;
	size_t i;

	if (!read_format(arguments, &format, error))
		return NULL;
	if (format == FORMAT_JSON && !chosen)
		return to_json(rows);
	if (chosen)
		columns = chosen;
	if (format == FORMAT_JSON) {
		json_array_foreach (rows, i, row)
			json_array_append_new(picked, pick(row, columns));
		return to_json(picked);
	}
	cells = to_cells(rows, columns);
	if (format == FORMAT_TABLE)
		format_table(out, cells, columns->len);
	else if (format == FORMAT_CSV)
		format_csv(out, cells, columns->len);
	else
		format_values(out, cells, columns->len);
	return g_strdup(out->str);
}

char *output_object(const struct arguments *arguments, const json_t *object, GError **error)
{
	g_autoptr(GPtrArray) chosen = read_columns(arguments);
	g_autoptr(GPtrArray) cells = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GString) out = g_string_new(NULL);
	json_auto_t *picked = NULL;
	enum format format;
	const char *key;
	json_t *value;

	if (!read_format(arguments, &format, error))
		return NULL;
	picked = chosen ? pick(object, chosen) : json_incref((json_t *)object);
	if (format == FORMAT_JSON)
		return to_json(picked);
	if (format != FORMAT_VALUE)
		g_ptr_array_add(cells, g_strdup("field"));
	g_ptr_array_add(cells, g_strdup("value"));
	json_object_foreach (picked, key, value) {
		if (format != FORMAT_VALUE)
			g_ptr_array_add(cells, g_strdup(key));
		g_ptr_array_add(cells, to_cell(value));
	}
	if (format == FORMAT_TABLE)
		format_table(out, cells, 2);
	else if (format == FORMAT_CSV)
		format_csv(out, cells, 2);
	else
		format_values(out, cells, 1);
	return g_strdup(out->str);
}

bool output_print(char *text, GError **error)
{
	g_autofree char *owned = text;

	if (!owned)
		return false;
	if (fputs(owned, stdout) != EOF && fflush(stdout) == 0)
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_UNAVAILABLE, "cannot write the output");
	return false;
}
