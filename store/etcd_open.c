/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening: who we are, what is there. Several programs may do it at the same moment; each
 * step is a transaction that requires what it has read.
 */
#include "store/etcd_open.h"

#include <string.h>

#include "lib/error.h"
#include "lib/uuid.h"
#include "store/etcd_lease.h"
#include "store/schema.h"

#define ATTEMPTS 10

static void append_require(GString *out, const char *key, uint64_t revision)
{
	g_string_append(out, "{\"target\":\"MOD\",\"result\":\"EQUAL\"");
	etcd_append_text(out, "key", key);
	g_string_append_printf(out, ",\"mod_revision\":\"%" G_GUINT64_FORMAT "\"}", revision);
}

static void append_put(GString *out, const char *key, const char *value)
{
	g_string_append(out, "{\"request_put\":{\"prev_kv\":false");
	etcd_append_text(out, "key", key);
	etcd_append_text(out, "value", value);
	g_string_append(out, "}}");
}

static void append_range(GString *out, const char *key)
{
	g_string_append(out, "{\"request_range\":{\"limit\":\"1\"");
	etcd_append_text(out, "key", key);
	g_string_append(out, "}}");
}

/* What the store says of itself. */
struct found {
	uint64_t schema_revision; /* 0: there is no store yet */
	uint64_t gate_revision;	  /* 0: nor the gate */
	unsigned int schema;
	char *epoch;
};

/* What the range at PLACE of a transaction has found. */
static const json_t *answer_get_keys(const json_t *answer, gsize place)
{
	const json_t *response = json_array_get(json_object_get(answer, "responses"), place);

	return json_object_get(json_object_get(response, "response_range"), "kvs");
}

static bool begin_read(struct etcd *e, struct found *out, GError **error)
{
	g_autofree char *schema = g_strconcat(e->prefix, "schema", NULL);
	g_autofree char *epoch = g_strconcat(e->prefix, "epoch", NULL);
	g_autofree char *gate = g_strconcat(e->prefix, "gate", NULL);
	g_autofree char *number = NULL;
	g_autoptr(GString) text = g_string_new("{\"success\":[");
	const json_t *kvs[3];
	json_t *answer;

	append_range(text, schema);
	g_string_append_c(text, ',');
	append_range(text, epoch);
	g_string_append_c(text, ',');
	append_range(text, gate);
	g_string_append(text, "]}");
	answer = etcd_link_ask(e->link, "/v3/kv/txn", text->str, error);
	if (!answer)
		return false;
	for (gsize i = 0; i < G_N_ELEMENTS(kvs); i++)
		kvs[i] = json_array_get(answer_get_keys(answer, i), 0);
	number = etcd_get_bytes(kvs[0], "value", NULL);
	out->schema = (unsigned int)g_ascii_strtoull(number, NULL, 10);
	out->schema_revision = etcd_get_number(kvs[0], "mod_revision");
	out->epoch = etcd_get_bytes(kvs[1], "value", NULL);
	out->gate_revision = etcd_get_number(kvs[2], "mod_revision");
	json_decref(answer);
	return true;
}

/* Puts this program's schema, and for a new store its epoch. FOUND is as it was read. */
static bool begin_write(struct etcd *e, const struct found *found, GError **error)
{
	g_autofree char *schema = g_strconcat(e->prefix, "schema", NULL);
	g_autofree char *epoch = g_strconcat(e->prefix, "epoch", NULL);
	g_autofree char *gate = g_strconcat(e->prefix, "gate", NULL);
	g_autofree char *number = g_strdup_printf("%d", STORE_SCHEMA);
	g_autoptr(GString) text = g_string_new("{\"compare\":[");
	char id[UUID_TEXT];
	json_t *answer;
	bool done;

	append_require(text, schema, found->schema_revision);
	g_string_append_c(text, ',');
	append_require(text, gate, found->gate_revision);
	g_string_append(text, "],\"success\":[");
	append_put(text, schema, number);
	if (!found->gate_revision) {
		g_string_append_c(text, ',');
		append_put(text, gate, "");
	}
	if (!found->schema_revision) {
		g_string_append_c(text, ',');
		append_put(text, epoch, uuid_print(uuid_new(), id));
	}
	g_string_append(text, "]}");
	answer = etcd_link_ask(e->link, "/v3/kv/txn", text->str, error);
	done = json_is_true(json_object_get(answer, "succeeded"));
	json_decref(answer);
	if (done && found->schema_revision)
		e->store.news = g_strdup_printf("schema upgraded from %u to %d", found->schema,
						STORE_SCHEMA);
	return done;
}

static bool begin_schema(struct etcd *e, bool reading, GError **error)
{
	for (unsigned int i = 0; i < ATTEMPTS; i++) {
		struct found found = {0};
		g_autofree char *epoch = NULL;

		if (!begin_read(e, &found, error))
			return false;
		epoch = found.epoch;
		if (found.schema_revision && !schema_check(found.schema, error))
			return false;
		if (reading && !found.schema_revision) {
			g_set_error(error, WEFT_ERROR, WEFT_ERROR_NOT_FOUND,
				    "there is no store at %s", e->prefix);
			return false;
		}
		if (reading || (found.schema == STORE_SCHEMA && *epoch)) {
			e->schema_revision = found.schema_revision;
			e->epoch = g_steal_pointer(&epoch);
			return true;
		}
		begin_write(e, &found, error);
		if (error && *error)
			return false;
	}
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_UNAVAILABLE,
		    "others change the schema all the time");
	return false;
}

static char *begin_print_writer(const struct etcd *e)
{
	g_autofree char *gate = g_strconcat(e->prefix, "gate", NULL);
	g_autofree char *writers = g_strconcat(e->prefix, "writer/", NULL);
	GString *out = g_string_new(NULL);

	g_string_printf(out,
			"{\"success\":[{\"request_put\":{\"lease\":\"%" G_GUINT64_FORMAT "\"",
			e->leases[STORE_LEASE_STEADY].id);
	etcd_append_text(out, "key", e->writer);
	etcd_append_text(out, "value", "0");
	g_string_append(out, "}},");
	append_range(out, gate);
	g_string_append(out, ",{\"request_range\":{\"keys_only\":true,");
	etcd_append_prefix(out, writers);
	g_string_append(out, "}}]}");
	return g_string_free(out, FALSE);
}

/* From now on the others know of us, and we of them. */
static bool begin_writer(struct etcd *e, GError **error)
{
	g_autofree char *text = NULL;
	char id[UUID_TEXT];
	json_t *answer;

	e->writer = g_strconcat(e->prefix, "writer/", uuid_print(uuid_new(), id), NULL);
	text = begin_print_writer(e);
	answer = etcd_link_ask(e->link, "/v3/kv/txn", text, error);
	e->writer_last = etcd_get_number(json_object_get(answer, "header"), "revision");
	etcd_gate_init(e, json_array_get(answer_get_keys(answer, 1), 0),
		       answer_get_keys(answer, 2));
	json_decref(answer);
	return answer != NULL;
}

bool etcd_begin(struct etcd *e, bool reading, GError **error)
{
	g_autoptr(GError) failed = NULL;

	if (begin_schema(e, reading, &failed) &&
	    (reading || (etcd_leases_grant(e, &failed) && begin_writer(e, &failed))))
		return true;
	g_propagate_error(error, g_steal_pointer(&failed));
	return false;
}
