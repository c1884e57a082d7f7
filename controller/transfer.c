/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Revisions do not travel: a store numbers its own. What hosts and controllers say of themselves
 * does not either, they say it again.
 */
#include "controller/transfer.h"

#include <jansson.h>
#include <string.h>

#include "api/mirror.h"
#include "lib/error.h"

#define FORMAT	    1
#define KEY_IMPORT  "import" /* there while one is under way */
#define CHANGES_MAX 50
#define PENDING_MAX 200 /* transactions under way */

static const char *const not_taken[] = {KEY_LIVE, KEY_WIRED, KEY_LEAD, KEY_ASK, KEY_IMPORT};

static bool key_travels(const char *key)
{
	for (gsize i = 0; i < G_N_ELEMENTS(not_taken); i++)
		if (g_str_has_prefix(key, not_taken[i]))
			return false;
	return true;
}

static bool transfer_fail(GError **error, enum weft_error code, const char *text)
{
	g_set_error_literal(error, WEFT_ERROR, (gint)code, text);
	return false;
}

/* --- out ----------------------------------------------------------------------------- */

struct export
{
	struct store *store;
	FILE *out;
	gsize count;
	GError *error;
	bool done;
};

/* Takes LINE. */
static void export_line(struct export *export, json_t *line)
{
	json_dumpf(line, export->out, JSON_COMPACT);
	fputc('\n', export->out);
	json_decref(line);
}

static void export_entry(struct export *export, const struct store_entry *entry)
{
	json_t *value = json_stringn(entry->value, entry->size);
	g_autofree char *text = NULL;

	if (value) {
		export_line(export, json_pack("{s:s, s:o}", "key", entry->key, "value", value));
	} else {
		text = g_base64_encode(entry->value, entry->size);
		export_line(export, json_pack("{s:s, s:s}", "key", entry->key, "bytes", text));
	}
	export->count++;
}

static void export_read(const struct store_entry *entries, gsize count, uint64_t revision,
			const GError *error, void *data)
{
	struct export *export = data;

	export->done = true;
	export->error = error ? g_error_copy(error) : NULL;
	if (error)
		return;
	export_line(export,
		    json_pack("{s:s, s:i, s:i, s:s, s:I}", "weft", "store", "format", FORMAT,
			      "schema", STORE_SCHEMA, "epoch", store_epoch(export->store),
			      "revision", (json_int_t)revision));
	for (gsize i = 0; i < count; i++)
		if (key_travels(entries[i].key))
			export_entry(export, &entries[i]);
	export_line(export, json_pack("{s:I}", "end", (json_int_t) export->count));
}

bool transfer_export(struct store *store, FILE *out, gsize *count, GError **error)
{
	struct export export = {.store = store, .out = out};

	if (!transfer_check(store, error))
		return false;
	store_range(store, "", 0, export_read, &export);
	while (!export.done)
		g_main_context_iteration(NULL, TRUE);
	if (export.error) {
		g_propagate_error(error, export.error);
		return false;
	}
	if (fflush(out) != 0 || ferror(out))
		return transfer_fail(error, WEFT_ERROR_UNAVAILABLE, "cannot be written");
	*count = export.count;
	return true;
}

/* --- in ------------------------------------------------------------------------------ */

struct import {
	struct store *store;
	struct store_txn *txn;
	unsigned int changes;
	unsigned int pending;
	gsize count;
	GError *error; /* the first */
};

static void import_written(uint64_t revision, const char *failed_key, const GError *error,
			   void *data)
{
	struct import *import = data;

	import->pending--;
	if (error && !import->error)
		import->error = g_error_copy(error);
}

static void import_flush(struct import *import)
{
	if (!import->txn)
		return;
	import->pending++;
	import->changes = 0;
	store_txn_commit(g_steal_pointer(&import->txn), import_written, import);
}

static void import_wait(struct import *import, unsigned int pending)
{
	while (import->pending > pending)
		g_main_context_iteration(NULL, TRUE);
}

static void import_put(struct import *import, const char *key, const void *value, gsize size)
{
	if (!import->txn)
		import->txn = store_txn_new(import->store);
	store_txn_require(import->txn, key, 0);
	store_txn_put(import->txn, key, value, size);
	if (++import->changes == CHANGES_MAX)
		import_flush(import);
	import_wait(import, PENDING_MAX);
}

/* One line; END is set by the last. */
static bool import_line(struct import *import, const json_t *line, bool *end, GError **error)
{
	const char *key = json_string_value(json_object_get(line, "key"));
	const json_t *value = json_object_get(line, "value");
	const char *bytes = json_string_value(json_object_get(line, "bytes"));
	const json_t *count = json_object_get(line, "end");
	g_autofree guchar *decoded = NULL;
	gsize size = 0;

	if (json_is_integer(count)) {
		*end = (gsize)json_integer_value(count) == import->count;
		return *end || transfer_fail(error, WEFT_ERROR_INVALID,
					     "the file is not whole: keys are missing");
	}
	if (!key || !*key || (!json_is_string(value) && !bytes))
		return transfer_fail(error, WEFT_ERROR_INVALID,
				     "a line has no key or no value");
	import->count++;
	if (bytes) {
		decoded = g_base64_decode(bytes, &size);
		import_put(import, key, decoded, size);
	} else {
		import_put(import, key, json_string_value(value), json_string_length(value));
	}
	return true;
}

static bool import_head(const json_t *line, GError **error)
{
	g_autofree char *text = NULL;
	json_int_t schema = json_integer_value(json_object_get(line, "schema"));

	if (g_strcmp0(json_string_value(json_object_get(line, "weft")), "store") != 0 ||
	    json_integer_value(json_object_get(line, "format")) != FORMAT)
		return transfer_fail(error, WEFT_ERROR_INVALID, "this is no cloud of weftd");
	if (schema >= 1 && schema <= STORE_SCHEMA)
		return true;
	text = g_strdup_printf("its schema %" JSON_INTEGER_FORMAT
			       " is newer than this program's %d",
			       schema, STORE_SCHEMA);
	return transfer_fail(error, WEFT_ERROR_INVALID, text);
}

static bool import_lines(struct import *import, FILE *in, GError **error)
{
	bool head = false, end = false, good = true;
	char *text = NULL;
	size_t room = 0;

	while (good && !end && getline(&text, &room, in) >= 0) {
		json_t *line = json_loads(text, 0, NULL);

		if (!line)
			good = transfer_fail(error, WEFT_ERROR_INVALID, "a line is not JSON");
		else
			good = head ? import_line(import, line, &end, error)
				    : import_head(line, error);
		head = true;
		json_decref(line);
	}
	free(text);
	if (good && !end)
		return transfer_fail(error, WEFT_ERROR_INVALID,
				     "the file is not whole: it has no last line");
	return good;
}

static void count_read(const struct store_entry *entries, gsize count, uint64_t revision,
		       const GError *error, void *data)
{
	*(gssize *)data = error ? -2 : (gssize)count;
}

/* The number of keys with PREFIX, -2: they cannot be read. */
static gssize count_keys(struct store *store, const char *prefix)
{
	gssize count = -1;

	store_range(store, prefix, 0, count_read, &count);
	while (count == -1)
		g_main_context_iteration(NULL, TRUE);
	return count;
}

/* The mark is the first that is put and the last that goes. */
static bool import_mark(struct import *import, bool put, GError **error)
{
	import_flush(import);
	import_wait(import, 0);
	if (!import->error) {
		import->txn = store_txn_new(import->store);
		if (put) {
			store_txn_require(import->txn, KEY_IMPORT, 0);
			store_txn_put(import->txn, KEY_IMPORT, "unfinished", 10);
		} else {
			store_txn_require_exists(import->txn, KEY_IMPORT);
			store_txn_del(import->txn, KEY_IMPORT);
		}
		import_flush(import);
		import_wait(import, 0);
	}
	if (!import->error)
		return true;
	g_propagate_error(error, g_steal_pointer(&import->error));
	return false;
}

bool transfer_import(struct store *store, FILE *in, gsize *count, GError **error)
{
	struct import import = {.store = store};
	bool good;

	if (count_keys(store, "") != 0)
		return transfer_fail(error, WEFT_ERROR_CONFLICT, "the store is not empty");
	if (!import_mark(&import, true, error))
		return false;
	good = import_lines(&import, in, error);
	if (!good) {
		g_clear_pointer(&import.txn, store_txn_free);
		import_wait(&import, 0);
	}
	good = good && import_mark(&import, false, error);
	g_clear_error(&import.error);
	*count = import.count;
	return good;
}

bool transfer_check(struct store *store, GError **error)
{
	gssize marks = count_keys(store, KEY_IMPORT);

	if (marks == 0)
		return true;
	return transfer_fail(
		error, WEFT_ERROR_UNAVAILABLE,
		marks < 0 ? "it cannot be read"
			  : "its import was cut off; import again into an empty one");
}
