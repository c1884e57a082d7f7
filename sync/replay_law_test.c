/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A controller that repeats itself: each connection starts some transactions earlier than
 * was asked for, rows come twice and in any order within their transaction, and the stream ends
 * after any line. The law is that of sync_law_test.c: at every commit and end the host holds
 * what was true at that revision, and a transaction that was cut leaves no trace.
 */
#include "sync/feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/http_client.h"
#include "lib/http_server.h"
#include "sync/world_fixture.h"

#define REVISIONS 60
#define KEYS	  8

/* What the transactions after the first revision changed: "KEY" -> value, "" when gone. */
struct history {
	struct world *w;
	GHashTable *changes[REVISIONS];
	struct http_stream *stream; /* NULL: none */
	unsigned int left;	    /* lines until it ends */
	uint64_t told;		    /* revision up to which it was told */
	unsigned int streams;
};

static struct history *current;

static void change(struct history *h)
{
	struct world *w = h->w;
	GHashTable *rows = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

	h->changes[w->revision - w->base] = rows;
	for (int i = g_rand_int_range(w->random, 1, 5); i > 0; i--) {
		char *key = g_strdup_printf("h%d", g_rand_int_range(w->random, 0, KEYS));
		char *value = g_strdup_printf("{\"ip\":\"10.0.%d.%d\"}",
					      g_rand_int_range(w->random, 0, 256),
					      g_rand_int_range(w->random, 0, 256));

		if (g_rand_int_range(w->random, 0, 3) == 0) {
			*value = '\0';
			g_hash_table_remove(w->truth, key);
		} else {
			g_hash_table_replace(w->truth, g_strdup(key), g_strdup(value));
		}
		g_hash_table_replace(rows, key, value);
	}
	w->revision++;
	world_snapshot(w);
}

/* --- telling ------------------------------------------------------------------------- */

static void tell(struct history *h, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void tell(struct history *h, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list arguments;

	if (!h->stream)
		return;
	va_start(arguments, format);
	text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	http_stream_write(h->stream, text, strlen(text));
	http_stream_write(h->stream, "\n", 1);
	if (h->left-- == 0)
		http_stream_close(g_steal_pointer(&h->stream));
}

static void tell_row(struct history *h, uint64_t revision, const char *key, const char *value)
{
	if (*value)
		tell(h,
		     "{\"op\":\"put\",\"rev\":%" G_GUINT64_FORMAT
		     ",\"table\":\"host\",\"key\":\"%s\",\"value\":%s}",
		     revision, key, value);
	else
		tell(h,
		     "{\"op\":\"del\",\"rev\":%" G_GUINT64_FORMAT
		     ",\"table\":\"host\",\"key\":\"%s\"}",
		     revision, key);
}

/* Each at least once, in any order. */
static void tell_rows(struct history *h, uint64_t revision, GHashTable *rows)
{
	guint count;
	g_autofree gpointer *keys = g_hash_table_get_keys_as_array(rows, &count);

	for (guint i = count; i > 1; i--) {
		guint j = (guint)g_rand_int_range(h->w->random, 0, (gint32)i);
		gpointer other = keys[j];

		keys[j] = keys[i - 1];
		keys[i - 1] = other;
	}
	for (guint i = 0; i < count; i++) {
		const char *again = keys[g_rand_int_range(h->w->random, 0, (gint32)i + 1)];

		tell_row(h, revision, keys[i], g_hash_table_lookup(rows, keys[i]));
		if (g_rand_boolean(h->w->random))
			tell_row(h, revision, again, g_hash_table_lookup(rows, again));
	}
}

static void tell_changes(struct history *h)
{
	while (h->stream && h->told < h->w->revision) {
		uint64_t at = h->told++;

		tell_rows(h, h->told, h->changes[at - h->w->base]);
		tell(h, "{\"op\":\"commit\",\"rev\":%" G_GUINT64_FORMAT "}", h->told);
		if (g_rand_int_range(h->w->random, 0, 4) == 0) /* even that */
			tell(h, "{\"op\":\"commit\",\"rev\":%" G_GUINT64_FORMAT "}", h->told);
	}
}

static void tell_all(struct history *h)
{
	struct world *w = h->w;

	tell(h,
	     "{\"op\":\"hello\",\"rev\":%" G_GUINT64_FORMAT
	     ",\"epoch\":\"e\",\"mode\":\"full\"}",
	     w->revision);
	tell_rows(h, w->revision, w->truth);
	tell(h, "{\"op\":\"end\",\"rev\":%" G_GUINT64_FORMAT "}", w->revision);
	h->told = w->revision;
}

static void closed(void *data)
{
	((struct history *)data)->stream = NULL;
}

static void serve(struct http_request *request, const struct http_question *question,
		  void *data)
{
	struct history *h = current;
	const char *from = http_question_find(question, "rev");
	uint64_t earlier;

	if (strcmp(question->method, "GET") != 0) {
		http_reply_json(request, 200, g_strdup("{}"));
		return;
	}
	h->stream = http_stream_open(request, "application/x-ndjson", closed, h);
	h->left = (unsigned int)g_rand_int_range(h->w->random, 0, 40);
	h->streams++;
	if (!from) {
		tell_all(h);
		return;
	}
	h->told = strtoull(from, NULL, 10);
	tell(h, "{\"op\":\"hello\",\"rev\":%s,\"epoch\":\"e\",\"mode\":\"resume\"}", from);
	earlier = (uint64_t)g_rand_int_range(h->w->random, 0, 5);
	h->told -= MIN(earlier, h->told - h->w->base);
	tell_changes(h);
}

static void history_start(struct history *h, struct world *w)
{
	g_autofree char *url = NULL;

	*h = (struct history){.w = w};
	current = h;
	world_init(w);
	g_clear_pointer(&w->hub, hub_free);
	http_server_free(w->server);
	w->server = http_server_new(serve, w);
	g_assert_true(http_server_listen(w->server, "127.0.0.1:0", NULL));
	url = g_strdup_printf("http://127.0.0.1:%u", http_server_get_port(w->server, 0));
	world_start_feed(w, url, NULL);
}

static void history_done(struct history *h)
{
	if (h->stream)
		http_stream_close(g_steal_pointer(&h->stream));
	for (unsigned int i = 0; i < REVISIONS; i++)
		if (h->changes[i])
			g_hash_table_unref(h->changes[i]);
	world_done(h->w);
}

/* A line that goes back in revisions is refused; nothing else is wrong with what is told. */
static void check_complaints(const struct world *w)
{
	g_auto(GStrv) lines = g_strsplit(w->complaints->str, "\n", -1);

	for (char **line = lines; *line; line++)
		g_assert_true(**line == '\0' || strstr(*line, "goes backwards") ||
			      strstr(*line, "controller http://"));
}

static void law_repeat(void)
{
	struct history h;
	struct world w;

	history_start(&h, &w);
	for (unsigned int i = 0; i < REVISIONS; i++) {
		change(&h);
		tell_changes(&h);
		if (i % 4 == 0)
			WAIT_FOR(world_is_level(&w));
	}
	WAIT_FOR(world_is_level(&w));
	g_assert_cmpuint(h.streams, >, 1);
	g_assert_cmpuint(w.commits, >, 1);
	check_complaints(&w);
	history_done(&h);
}

static void law_repeat_often(void)
{
	for (unsigned int i = 0; i < 20; i++)
		law_repeat();
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sync/repeat", law_repeat_often);
	return g_test_run();
}
