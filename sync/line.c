/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A row that goes to a thousand hosts is one text: within a transaction rows are known by their
 * key and by the address of their shared value, which is held so that it is not reused.
 */
#include "sync/line.h"

#include <string.h>

/* TABLE is a literal, or lives as long as the transaction. */
struct line {
	const char *table;
	char *key;
	GRefString *value; /* NULL: gone */
	GRefString *text;
};

struct lines {
	GHashTable *known; /* set of struct line */
};

static guint line_hash(gconstpointer data)
{
	const struct line *line = data;

	return g_str_hash(line->key) ^ g_direct_hash(line->value) * 31;
}

static gboolean line_same(gconstpointer a, gconstpointer b)
{
	const struct line *x = a, *y = b;

	return x->value == y->value && strcmp(x->key, y->key) == 0 &&
	       strcmp(x->table, y->table) == 0;
}

static void line_free(void *data)
{
	struct line *line = data;

	g_free(line->key);
	if (line->value)
		g_ref_string_release(line->value);
	g_ref_string_release(line->text);
	g_free(line);
}

static void text_append_quoted(GString *text, const char *string)
{
	g_string_append_c(text, '"');
	for (const char *c = string; *c; c++) {
		if (*c == '"' || *c == '\\')
			g_string_append_c(text, '\\');
		if ((unsigned char)*c < ' ')
			g_string_append_printf(text, "\\u%04x", *c);
		else
			g_string_append_c(text, *c);
	}
	g_string_append_c(text, '"');
}

void line_append_row(GString *text, const char *table, const char *key, const char *value,
		     uint64_t revision)
{
	g_string_append_printf(
		text, "{\"rev\":%" G_GUINT64_FORMAT ",\"table\":\"%s\",\"op\":\"%s\",\"key\":",
		revision, table, value ? "put" : "del");
	text_append_quoted(text, key);
	if (value) {
		g_string_append(text, ",\"value\":");
		g_string_append(text, value);
	}
	g_string_append(text, "}\n");
}

GRefString *line_make_mark(const char *op, uint64_t revision)
{
	char text[80];

	g_snprintf(text, sizeof(text), "{\"op\":\"%s\",\"rev\":%" G_GUINT64_FORMAT "}\n", op,
		   revision);
	return g_ref_string_new(text);
}

struct lines *lines_new(void)
{
	struct lines *lines = g_new0(struct lines, 1);

	lines->known = g_hash_table_new_full(line_hash, line_same, line_free, NULL);
	return lines;
}

void lines_free(struct lines *lines)
{
	if (!lines)
		return;
	g_hash_table_unref(lines->known);
	g_free(lines);
}

void lines_clear(struct lines *lines)
{
	g_hash_table_remove_all(lines->known);
}

GRefString *lines_format(struct lines *lines, const char *table, const char *key,
			 GRefString *value, uint64_t revision)
{
	struct line wanted = {.table = table, .key = (char *)key, .value = value};
	struct line *line = g_hash_table_lookup(lines->known, &wanted);
	g_autoptr(GString) text = NULL;

	if (line)
		return line->text;
	text = g_string_sized_new(128 + (value ? g_ref_string_length(value) : 0));
	line_append_row(text, table, key, value, revision);
	line = g_new0(struct line, 1);
	line->table = table;
	line->key = g_strdup(key);
	line->value = value ? g_ref_string_acquire(value) : NULL;
	line->text = g_ref_string_new_len(text->str, (gssize)text->len);
	g_hash_table_add(lines->known, line);
	return line->text;
}
