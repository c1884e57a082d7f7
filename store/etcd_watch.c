/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The watch: one stream of everything under our prefix, into the history. A stream that ends
 * is opened again behind what was heard; where etcd has forgotten that, everybody is told.
 */
#include "store/etcd_watch.h"

#include <string.h>

#define AGAIN_MS    100
#define PATIENCE_MS 15000

static void watch_flush(struct etcd *e)
{
	GArray *changes = g_steal_pointer(&e->changes);

	if (!changes)
		return;
	if (changes->len > 0) {
		history_add(e->history, changes, e->changes_revision);
		return;
	}
	history_pass(e->history, e->changes_revision);
	g_array_unref(changes);
}

/* What is not the store's but ours: who may write, and who is there. */
static void watch_take_own(struct etcd *e, const char *key, const json_t *kv, bool deleted)
{
	const char *name = key + strlen(e->prefix);

	if (g_str_has_prefix(name, "writer/"))
		etcd_gate_hear_writer(e, key, deleted);
	else if (strcmp(name, "gate") == 0 && !deleted)
		etcd_gate_hear(e, kv);
}

static void watch_take(struct etcd *e, const json_t *event)
{
	const json_t *kv = json_object_get(event, "kv");
	uint64_t revision = etcd_get_number(kv, "mod_revision");
	bool deleted =
		g_strcmp0(json_string_value(json_object_get(event, "type")), "DELETE") == 0;
	g_autofree char *key = etcd_get_bytes(kv, "key", NULL);
	struct txn_change change = {0};

	if (revision <= history_get_last(e->history))
		return;
	if (e->changes && revision != e->changes_revision)
		watch_flush(e);
	if (!e->changes)
		e->changes = txn_changes_new();
	e->changes_revision = revision;
	if (!g_str_has_prefix(key, e->key_prefix)) {
		watch_take_own(e, key, kv, deleted);
		return;
	}
	change.key = g_strdup(key + strlen(e->key_prefix));
	if (!deleted)
		change.value = etcd_get_bytes(kv, "value", &change.size);
	g_array_append_val(e->changes, change);
}

static gboolean watch_start_again(void *data)
{
	struct etcd *e = data;

	e->watch_again = 0;
	etcd_watch_start(e);
	return G_SOURCE_REMOVE;
}

static void watch_later(struct etcd *e)
{
	if (!e->watch_again)
		e->watch_again = g_timeout_add(AGAIN_MS, watch_start_again, e);
}

/* --- what etcd has forgotten --------------------------------------------------------- */

static void watch_found_now(const struct etcd_answer *answer, void *data)
{
	struct etcd *e = data;

	if (!answer->error) {
		history_reset(
			e->history,
			etcd_get_number(json_object_get(answer->json, "header"), "revision"));
		history_deliver(e->history);
		etcd_settle(e);
	}
	watch_later(e);
}

static void watch_lose(struct etcd *e)
{
	g_autoptr(GString) text = g_string_new("{\"limit\":\"1\"");

	etcd_append_text(text, "key", e->writer);
	g_string_append_c(text, '}');
	etcd_watch_stop(e);
	etcd_link_post(e->link, "/v3/kv/range", text->str, PATIENCE_MS, watch_found_now, e);
}

/* --- the stream ---------------------------------------------------------------------- */

static void watch_line(char *line, gsize size, void *data)
{
	struct etcd *e = data;
	json_t *json = json_loadb(line, size, 0, NULL);
	const json_t *result = json_object_get(json, "result");
	const json_t *event;
	gsize i;

	if (etcd_get_number(result, "compact_revision")) {
		watch_lose(e);
	} else if (!result || json_is_true(json_object_get(result, "canceled"))) {
		etcd_link_leave(e->link, e->watch_url);
		etcd_watch_stop(e);
		watch_later(e);
	} else {
		json_array_foreach (json_object_get(result, "events"), i, event)
			watch_take(e, event);
		/* A fragment may end inside a revision. */
		if (!json_is_true(json_object_get(result, "fragment")))
			watch_flush(e);
		history_deliver(e->history);
		etcd_settle(e);
	}
	json_decref(json);
}

static void watch_ended(const struct http_answer *answer, const GError *error, void *data)
{
	struct etcd *e = data;

	e->watch = NULL;
	etcd_link_leave(e->link, e->watch_url);
	etcd_watch_stop(e);
	watch_later(e);
}

void etcd_watch_start(struct etcd *e)
{
	g_autoptr(GString) text = g_string_new("{\"create_request\":{");

	etcd_append_prefix(text, e->prefix);
	g_string_append_printf(
		text, ",\"start_revision\":\"%" G_GUINT64_FORMAT "\",\"fragment\":true}}",
		history_get_last(e->history) + 1);
	g_free(e->watch_url);
	e->watch_url = g_strdup(etcd_link_get_url(e->link));
	e->watch =
		etcd_link_stream(e->link, "/v3/watch", text->str, watch_line, watch_ended, e);
}

/* Half of a revision comes again. */
void etcd_watch_stop(struct etcd *e)
{
	g_clear_handle_id(&e->watch_again, g_source_remove);
	g_clear_pointer(&e->watch, http_call_cancel);
	g_clear_pointer(&e->changes, g_array_unref);
}
