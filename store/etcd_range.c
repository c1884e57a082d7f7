/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ranges: pages of one revision. The first page says which; what was committed after the
 * range was asked for waits until then.
 */
#include "store/etcd_range.h"

#include <string.h>

#include "lib/error.h"

#define PAGE	    2000
#define PATIENCE_MS 15000
#define SYNC_MS	    5000

struct reading {
	struct etcd *e;
	struct work *work;
	GArray *entries; /* of struct store_entry, keys and values owned */
	char *from;	 /* etcd's key to go on at */
	uint64_t revision;
	bool first;
};

static void entry_clear(void *data)
{
	struct store_entry *entry = data;

	g_free((char *)entry->key);
	g_free((void *)entry->value);
}

static void reading_send(struct reading *reading);

static void reading_end(struct reading *reading, const GError *error)
{
	struct etcd *e = reading->e;
	struct work *work = reading->work;
	g_autoptr(GError) wrapped = NULL;

	if (error)
		wrapped = g_error_new(WEFT_ERROR, WEFT_ERROR_UNAVAILABLE, "store: %s",
				      error->message);
	e->ranges--;
	work->range_done((const struct store_entry *)(const void *)reading->entries->data,
			 wrapped ? 0 : reading->entries->len, reading->revision, wrapped,
			 work->data);
	history_release(e->history);
	g_array_unref(reading->entries);
	g_free(reading->from);
	work_free(work);
	g_free(reading);
	etcd_wake(e);
}

static void reading_take(struct reading *reading, const json_t *kvs)
{
	gsize skip = strlen(reading->e->key_prefix), i;
	const json_t *kv;

	json_array_foreach (kvs, i, kv) {
		g_autofree char *key = etcd_get_bytes(kv, "key", NULL);
		struct store_entry entry = {.revision = etcd_get_number(kv, "mod_revision")};

		entry.key = g_strdup(key + skip);
		entry.value = etcd_get_bytes(kv, "value", &entry.size);
		g_array_append_val(reading->entries, entry);
		if (i + 1 < json_array_size(kvs))
			continue;
		/* The next key is this one with a NUL behind it, which is what follows it. */
		g_free(reading->from);
		reading->from = g_steal_pointer(&key);
	}
}

static void reading_heard(const struct etcd_answer *answer, void *data)
{
	struct reading *reading = data;
	const json_t *json = answer->json;

	if (reading->first)
		reading->e->busy = false;
	if (answer->error) {
		reading_end(reading, answer->error);
		return;
	}
	if (!reading->revision)
		reading->revision =
			etcd_get_number(json_object_get(json, "header"), "revision");
	if (reading->first)
		etcd_wake(reading->e);
	reading->first = false;
	reading_take(reading, json_object_get(json, "kvs"));
	if (json_is_true(json_object_get(json, "more")))
		reading_send(reading);
	else
		reading_end(reading, NULL);
}

static void reading_send(struct reading *reading)
{
	struct etcd *e = reading->e;
	g_autofree char *prefix = g_strconcat(e->key_prefix, reading->work->prefix, NULL);
	g_autofree char *end = g_strdup(prefix);
	g_autoptr(GString) text = g_string_new(NULL);

	end[strlen(end) - 1]++;
	g_string_printf(text, "{\"limit\":\"%d\",\"revision\":\"%" G_GUINT64_FORMAT "\"", PAGE,
			reading->revision);
	if (reading->from)
		etcd_append_bytes(text, "key", reading->from, strlen(reading->from) + 1);
	else
		etcd_append_text(text, "key", prefix);
	etcd_append_text(text, "range_end", end);
	g_string_append_c(text, '}');
	etcd_link_post(e->link, "/v3/kv/range", text->str, PATIENCE_MS, reading_heard, reading);
}

void etcd_range_send(struct etcd *e, struct work *work)
{
	struct reading *reading = g_new0(struct reading, 1);

	reading->e = e;
	reading->work = work;
	reading->revision = work->at;
	reading->entries = g_array_new(FALSE, FALSE, sizeof(struct store_entry));
	reading->first = true;
	g_array_set_clear_func(reading->entries, entry_clear);
	e->busy = true;
	e->ranges++;
	reading_send(reading);
}

/* --- how far the others are ---------------------------------------------------------- */

static void sync_heard(const struct etcd_answer *answer, void *data)
{
	struct etcd *e = data;
	const json_t *kv = json_array_get(json_object_get(answer->json, "kvs"), 0);
	uint64_t revision =
		etcd_get_number(json_object_get(answer->json, "header"), "revision");
	uint64_t last;
	struct work *work;

	e->asked = false;
	last = answer->error ? 0 : etcd_gate_find_last(e, kv, e->asked_at);
	while ((work = g_queue_pop_head(&e->asking))) {
		if (answer->error)
			work->error = g_error_new(WEFT_ERROR, WEFT_ERROR_UNAVAILABLE,
						  "store: %s", answer->error->message);
		work->vague = !answer->error && !last;
		etcd_land(e, work, last ? last : revision);
	}
	etcd_settle(e);
	etcd_wake(e);
}

/* Linearizable: not less than what was durable anywhere when it was asked. */
void etcd_sync_send(struct etcd *e)
{
	g_autoptr(GString) text = g_string_new("{\"limit\":\"1\"");
	g_autofree char *gate = g_strconcat(e->prefix, "gate", NULL);
	struct work *work;

	while ((work = g_queue_pop_head(&e->syncs)))
		g_queue_push_tail(&e->asking, work);
	etcd_append_text(text, "key", gate);
	g_string_append_c(text, '}');
	e->asked = true;
	e->asked_at = etcd_gate_now();
	etcd_link_post(e->link, "/v3/kv/range", text->str, SYNC_MS, sync_heard, e);
}
