/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store is read by the API's own mirror.
 */
#include "sim/truth.h"

#include <jansson.h>
#include <string.h>

#include "api/audit.h"
#include "api/mirror.h"
#include "compile/full.h"
#include "lib/error.h"
#include "lib/http_client.h"
#include "model/cloud.h"
#include "sim/host.h"
#include "store/store.h"

struct truth {
	struct store *store;
	struct cloud *cloud;
	struct mirror *mirror;
	GError *error;
	bool ready;
};

static GHashTable *rows_new(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free);
}

static bool rows_add(GHashTable *rows, const json_t *list)
{
	const json_t *row;
	size_t i;

	json_array_foreach (list, i, row) {
		const char *table = json_string_value(json_object_get(row, "table"));
		const char *key = json_string_value(json_object_get(row, "key"));
		const json_t *value = json_object_get(row, "value");

		if (!table || !key || !value)
			return false;
		g_hash_table_replace(rows, g_strconcat(table, " ", key, NULL),
				     sim_host_row_text(value));
	}
	return json_is_array(list);
}

GHashTable *truth_fetch(const char *url, const char *host, uint64_t *revision, GError **error)
{
	g_autofree char *whole =
		g_strdup_printf("%s/weft/v1/hosts/%s/rows?snapshot=1", url, host);
	g_autoptr(GHashTable) rows = rows_new();
	g_autofree char *body = NULL;
	unsigned int status;
	json_t *root;
	bool good;

	if (!http_fetch(&(struct http_ask){.url = whole, .timeout_ms = 60000}, &status, &body,
			error))
		return NULL;
	root = json_loads(body, 0, NULL);
	good = rows_add(rows, json_object_get(root, "rows"));
	*revision = (uint64_t)json_integer_value(json_object_get(root, "rev"));
	json_decref(root);
	if (good)
		return g_steal_pointer(&rows);
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INTERNAL, "%s: status %u: not rows: %.200s",
		    whole, status, body);
	return NULL;
}

/* --- from the store ------------------------------------------------------------------ */

static void mirror_ready(uint64_t revision, void *data)
{
	((struct truth *)data)->ready = true;
}

static void mirror_failed(const GError *error, void *data)
{
	struct truth *truth = data;

	if (!truth->error)
		truth->error = g_error_copy(error);
}

static void mirror_applied(uint64_t revision, void *data)
{
}

static const struct mirror_ops mirror_ops = {
	.ready = mirror_ready,
	.failed = mirror_failed,
	.applied = mirror_applied,
};

struct truth *truth_new(const char *url, GError **error)
{
	struct truth *truth = g_new0(struct truth, 1);

	truth->store = store_open_reading(url, NULL, error);
	if (!truth->store) {
		g_free(truth);
		return NULL;
	}
	truth->cloud = cloud_new();
	truth->mirror = mirror_new(truth->store, truth->cloud, &mirror_ops, truth);
	while (!truth->ready && !truth->error)
		g_main_context_iteration(NULL, TRUE);
	if (!truth->error)
		return truth;
	g_propagate_error(error, g_steal_pointer(&truth->error));
	truth_free(truth);
	return NULL;
}

void truth_free(struct truth *truth)
{
	if (!truth)
		return;
	mirror_free(truth->mirror);
	store_close(truth->store);
	cloud_free(truth->cloud);
	g_clear_error(&truth->error);
	g_free(truth);
}

GHashTable *truth_compile(const struct truth *truth, const char *host)
{
	g_autoptr(GHashTable) plain = compile_full(truth->cloud, host);
	GHashTable *rows = rows_new();
	GHashTableIter iter;
	gpointer key, text;

	g_hash_table_iter_init(&iter, plain);
	while (g_hash_table_iter_next(&iter, &key, &text)) {
		json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);

		g_hash_table_replace(rows, g_strdup(key), sim_host_row_text(value));
		json_decref(value);
	}
	return rows;
}

static void finding_add(const char *line, void *data)
{
	g_string_append_printf(data, "%s\n", line);
}

char *truth_audit(const char *url, GError **error)
{
	struct store *store = store_open_reading(url, NULL, error);
	GString *lines = g_string_new(NULL);
	struct audit_counts counts;
	bool good = store && audit_store(store, finding_add, lines, &counts, error);

	store_close(store);
	return g_string_free(lines, !good);
}
