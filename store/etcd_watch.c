/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The watch: one stream of everything under our prefix, into the history. A stream that ends
 * is opened again behind what was heard; where etcd has forgotten that, everybody is told.
 */
#include "store/etcd_watch.h"

#include <string.h>

#include "store/etcd_events.h"

#define PART_US	    500 /* of a turn of the loop */
#define AGAIN_MS    100
#define PATIENCE_MS 15000

/* --- one revision -------------------------------------------------------------------- */

static void table_add(GHashTable *table, const struct store_txn *txn)
{
	for (guint i = 0; i < txn->changes->len; i++) {
		struct txn_change *change = &g_array_index(txn->changes, struct txn_change, i);

		if (change->value)
			g_hash_table_insert(table, change->key, change);
	}
}

/* What our own transactions at this revision have put, by key; NULL: it is not ours. */
static GHashTable *watch_find_ours(struct etcd *e)
{
	GHashTable *table = g_hash_table_new(g_str_hash, g_str_equal);

	for (GList *place = e->echo == e->changes_revision ? e->flying.head : NULL; place;
	     place = place->next)
		table_add(table, ((struct work *)place->data)->txn);
	for (GList *place = e->landed.head; place; place = place->next) {
		const struct work *work = place->data;

		if (work->txn && !work->failed_key && work->revision == e->changes_revision)
			table_add(table, work->txn);
	}
	if (g_hash_table_size(table) > 0)
		return table;
	g_hash_table_unref(table);
	return NULL;
}

/* Watches are told the very bytes that were put, as whoever has put them may know what they
 * mean without reading them. */
static void watch_give_ours(struct etcd *e, GArray *changes)
{
	GHashTable *ours = watch_find_ours(e);

	for (guint i = 0; ours && i < changes->len; i++) {
		struct txn_change *change = &g_array_index(changes, struct txn_change, i);
		struct txn_change *put = g_hash_table_lookup(ours, change->key);
		char *value = change->value;

		if (!put || !value || put->size != change->size ||
		    memcmp(put->value, value, put->size) != 0)
			continue;
		change->value = put->value;
		put->value = value;
	}
	if (ours)
		g_hash_table_unref(ours);
}

static void watch_flush(struct etcd *e)
{
	GArray *changes = g_steal_pointer(&e->changes);

	if (!changes)
		return;
	if (changes->len > 0) {
		watch_give_ours(e, changes);
		e->flushed = MAX(e->flushed, changes->len);
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
	g_autofree char *value = etcd_get_bytes(kv, "value", NULL);

	if (strcmp(key, e->writer) == 0 && !deleted &&
	    g_ascii_strtoull(value, NULL, 10) == e->flight.number)
		e->echo = e->changes_revision;
	else if (g_str_has_prefix(name, "writer/"))
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
		etcd_wake(e);
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

/* What the line says besides, its events taken. */
static void watch_finish_line(struct etcd *e, struct etcd_events *events)
{
	json_t *json = etcd_events_finish(events);
	const json_t *result = json_object_get(json, "result");
	bool lost = etcd_get_number(result, "compact_revision");
	bool good = !lost && result && !json_is_true(json_object_get(result, "canceled"));
	const json_t *event;
	gsize i;

	json_array_foreach (json_object_get(result, "events"), i, event)
		watch_take(e, event);
	/* A fragment may end inside a revision. */
	if (good && !json_is_true(json_object_get(result, "fragment")))
		watch_flush(e);
	json_decref(json);
	if (lost) {
		watch_lose(e);
	} else if (!good) {
		etcd_link_leave(e->link, e->watch_url);
		etcd_watch_stop(e);
		watch_later(e);
	}
}

static void watch_read_line(struct etcd *e, gint64 until)
{
	struct etcd_events *events = e->lines.head->data;
	json_t *event;

	while ((event = etcd_events_next(events))) {
		watch_take(e, event);
		json_decref(event);
		if (g_get_monotonic_time() > until)
			return;
	}
	g_queue_pop_head(&e->lines);
	watch_finish_line(e, events);
	etcd_events_free(events);
}

/* A large revision is told in one turn and answered in the next; then only others follow. */
void etcd_watch_read(struct etcd *e)
{
	gint64 until = g_get_monotonic_time() + PART_US;

	for (;;) {
		bool large = e->flushed > ETCD_LARGE;

		e->flushed = 0;
		history_deliver(e->history);
		if (large)
			break;
		etcd_settle(e);
		if (!e->lines.head)
			return;
		if (g_get_monotonic_time() >= until)
			break;
		watch_read_line(e, until);
	}
	etcd_wake(e);
}

static void watch_line(char *line, gsize size, void *data)
{
	struct etcd *e = data;
	bool first = !e->lines.head;

	g_queue_push_tail(&e->lines, etcd_events_new(line, size));
	if (first)
		etcd_watch_read(e);
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
	g_queue_clear_full(&e->lines, (GDestroyNotify)etcd_events_free);
	g_clear_pointer(&e->changes, g_array_unref);
}
