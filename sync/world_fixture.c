/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of the table `host` are all it needs: to the hub a row is text.
 */
#include "sync/world_fixture.h"

#include <stdlib.h>
#include <string.h>
#include "lib/error.h"
#include "sync/hub_serve.h"

/* --- the controller ------------------------------------------------------------------ */

static GHashTable *rows_new(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

static void rows_copy(GHashTable *from, GHashTable *to)
{
	GHashTableIter iter;
	gpointer key, value;

	g_hash_table_iter_init(&iter, from);
	while (g_hash_table_iter_next(&iter, &key, &value))
		g_hash_table_replace(to, g_strdup(key), g_strdup(value));
}

void world_snapshot(struct world *w)
{
	GHashTable *copy = rows_new();

	rows_copy(w->truth, copy);
	g_ptr_array_add(w->snapshots, copy);
}

static void on_admit(struct hub *hub, const char *host, const char *tunnel_ip, const char *zone,
		     const char *physical, void *session, void *data)
{
	struct world *w = data;

	g_assert_cmpstr(tunnel_ip, ==, "10.99.0.2");
	hub_admit(hub, session, w->refuse);
}

static void on_dump(const char *host, struct hub_dump *dump, void *data)
{
	struct world *w = data;
	GHashTableIter iter;
	gpointer key, value;

	g_hash_table_iter_init(&iter, w->truth);
	while (g_hash_table_iter_next(&iter, &key, &value)) {
		g_autoptr(GRefString) k = g_ref_string_new(key);
		g_autoptr(GRefString) v = g_ref_string_new(value);

		hub_dump_row(dump, "host", k, v);
	}
}

static void on_alive(const char *host, bool alive, void *data)
{
	struct world *w = data;

	g_string_append_printf(w->lives, "%c%s ", alive ? '+' : '-', host);
}

static gint port_compare(gconstpointer a, gconstpointer b)
{
	return strcmp(((const struct hub_report_port *)a)->id,
		      ((const struct hub_report_port *)b)->id);
}

static void on_report(const char *host, const struct hub_report *report, void *data)
{
	struct world *w = data;

	if (report->port_count > 1)
		qsort(report->ports, report->port_count, sizeof(*report->ports), port_compare);
	g_string_append_printf(w->reports, "%s@%" G_GUINT64_FORMAT "%s:", host,
			       report->revision, report->full ? "full" : "");
	for (gsize i = 0; i < report->port_count; i++)
		g_string_append_printf(w->reports, "%.1s%c%s", report->ports[i].id,
				       report->ports[i].wired ? '+' : '-',
				       report->ports[i].anew ? "*" : "");
	g_string_append_c(w->reports, ' ');
}

static const char *on_heir(const char *host, struct uuid port, void *data)
{
	return strcmp(host, "h2") == 0 ? ((struct world *)data)->heir : NULL;
}

static bool on_forward(const char *host, const char *id, const char *address, void *data)
{
	struct world *w = data;

	if (w->elsewhere)
		g_string_append_printf(w->forwards, "%s %s %s ", host, id, address);
	return w->elsewhere;
}

static const struct hub_ops hub_ops = {.heir = on_heir,
				       .forward = on_forward,
				       .admit = on_admit,
				       .dump = on_dump,
				       .alive = on_alive,
				       .report = on_report};

static void serve(struct http_request *request, const struct http_question *question,
		  void *data)
{
	struct world *w = data;
	const char *token = http_request_find_header(request, "X-Auth-Token");

	if (!hub_serve_reader(w->hub, request, question, g_strcmp0(token, "admin") == 0) &&
	    !hub_serve(w->hub, request, question, token ? token : "*"))
		http_reply(request, 404, NULL, NULL, 0, NULL, 0);
}

/* One transaction of one to four changes of eight rows. */
void world_change(struct world *w)
{
	int count = g_rand_int_range(w->random, 1, 5);

	w->revision++;
	for (int i = 0; i < count; i++) {
		g_autofree char *key =
			g_strdup_printf("h%d", g_rand_int_range(w->random, 0, 8));
		g_autofree char *value = g_strdup_printf("{\"ip\":\"10.0.%d.%d\"}",
							 g_rand_int_range(w->random, 0, 256),
							 g_rand_int_range(w->random, 0, 256));
		g_autoptr(GRefString) k = g_ref_string_new(key);
		g_autoptr(GRefString) v = g_ref_string_new(value);
		bool gone = g_rand_int_range(w->random, 0, 3) == 0;

		if (gone)
			g_hash_table_remove(w->truth, key);
		else
			g_hash_table_replace(w->truth, g_strdup(key), g_strdup(value));
		hub_emit(w->hub, "h1", "host", k, gone ? NULL : v, w->revision);
		hub_emit(w->hub, "h2", "host", k, gone ? NULL : v, w->revision);
	}
	world_snapshot(w);
	hub_commit(w->hub, w->revision);
}

void world_start_hub(struct world *w)
{
	w->hub = hub_new(&hub_ops, "epoch-1", w->revision, w);
	hub_set_times(w->hub, 100, 32);
}

/* --- the host ------------------------------------------------------------------------ */

static void on_begin(uint64_t revision, void *data)
{
	struct world *w = data;

	w->full = true;
	g_hash_table_remove_all(w->staged);
}

static void on_row(const char *table, const char *key, json_t *value, uint64_t revision,
		   void *data)
{
	struct world *w = data;
	char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;

	g_assert_cmpstr(table, ==, "host");
	g_hash_table_replace(w->staged, g_strdup(key), g_strdup(text ? text : ""));
	free(text);
}

static void check_held(struct world *w, uint64_t revision)
{
	GHashTable *truth;
	GHashTableIter iter;
	gpointer key, value;

	g_assert_cmpuint(revision, >=, w->base);
	g_assert_cmpuint(revision - w->base, <, w->snapshots->len);
	truth = w->snapshots->pdata[revision - w->base];
	g_assert_cmpuint(g_hash_table_size(w->held), ==, g_hash_table_size(truth));
	g_hash_table_iter_init(&iter, truth);
	while (g_hash_table_iter_next(&iter, &key, &value))
		g_assert_cmpstr(g_hash_table_lookup(w->held, key), ==, value);
}

static void on_commit(uint64_t revision, void *data)
{
	struct world *w = data;
	GHashTableIter iter;
	gpointer key, value;

	g_assert_false(w->full);
	g_hash_table_iter_init(&iter, w->staged);
	while (g_hash_table_iter_next(&iter, &key, &value))
		if (*(const char *)value)
			g_hash_table_replace(w->held, g_strdup(key), g_strdup(value));
		else
			g_hash_table_remove(w->held, key);
	g_hash_table_remove_all(w->staged);
	w->commits++;
	check_held(w, revision);
	feed_report_revision(w->feed, revision);
}

static void on_end(uint64_t revision, void *data)
{
	struct world *w = data;

	g_assert_true(w->full);
	w->full = false;
	w->ends++;
	g_hash_table_remove_all(w->held);
	rows_copy(w->staged, w->held);
	g_hash_table_remove_all(w->staged);
	check_held(w, revision);
	feed_report_revision(w->feed, revision);
}

/* Of a transaction that was cut nothing was told. */
static void on_connected(bool connected, void *data)
{
	struct world *w = data;

	g_assert_true(w->full || g_hash_table_size(w->staged) == 0);
	w->connects += connected;
	w->breaks += !connected;
	g_assert_cmpuint(w->connects - w->breaks, <=, 1);
	if (connected)
		w->full = false;
}

static void on_complain(const char *text, void *data)
{
	struct world *w = data;

	g_string_append_printf(w->complaints, "%s\n", text);
}

static void on_hand(const char *port, const json_t *value, void *data)
{
	g_autofree char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS);

	g_string_append_printf(((struct world *)data)->hands, "%s %s ", port, text);
}

static void on_ask(const char *id, const json_t *value, void *data)
{
	g_autofree char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS);

	g_string_append_printf(((struct world *)data)->asks, "%s %s ", id, text);
}

const struct feed_ops world_feed_ops = {.hand = on_hand,
					.ask = on_ask,
					.begin = on_begin,
					.end = on_end,
					.row = on_row,
					.commit = on_commit,
					.connected = on_connected,
					.complain = on_complain};

void world_start_feed(struct world *w, const char *url, const char *token)
{
	const char *urls[] = {url, NULL};
	struct feed_ops ops = world_feed_ops;
	struct feed_config config = {.controllers = urls,
				     .host = "h1",
				     .tunnel_ip = "10.99.0.2",
				     .token = token,
				     .backoff_min_ms = 2,
				     .backoff_max_ms = 8};

	if (w->older)
		ops.ask = NULL;
	w->feed = feed_new(&config, &ops, w);
}

/* --- the world ----------------------------------------------------------------------- */

void world_init(struct world *w)
{
	*w = (struct world){.base = 40, .revision = 40};
	w->random = g_rand_new_with_seed((guint32)g_test_rand_int());
	w->truth = rows_new();
	w->held = rows_new();
	w->staged = rows_new();
	w->snapshots = g_ptr_array_new_with_free_func((GDestroyNotify)g_hash_table_unref);
	w->lives = g_string_new(NULL);
	w->hands = g_string_new(NULL);
	w->asks = g_string_new(NULL);
	w->forwards = g_string_new(NULL);
	w->reports = g_string_new(NULL);
	w->complaints = g_string_new(NULL);
	g_hash_table_insert(w->truth, g_strdup("h0"), g_strdup("{\"ip\":\"10.0.0.1\"}"));
	world_snapshot(w);
	w->server = http_server_new(serve, w);
	g_assert_true(http_server_listen(w->server, "127.0.0.1:0", NULL));
	w->proxy = proxy_new(http_server_get_port(w->server, 0));
	world_start_hub(w);
}

void world_connect(struct world *w, const char *token)
{
	g_autofree char *url = g_strdup_printf("http://127.0.0.1:%u", proxy_get_port(w->proxy));

	world_start_feed(w, url, token);
}

void world_done(struct world *w)
{
	feed_free(w->feed);
	hub_free(w->hub);
	http_server_free(w->server);
	proxy_free(w->proxy);
	g_rand_free(w->random);
	g_hash_table_unref(w->truth);
	g_hash_table_unref(w->held);
	g_hash_table_unref(w->staged);
	g_ptr_array_unref(w->snapshots);
	g_string_free(w->lives, TRUE);
	g_string_free(w->hands, TRUE);
	g_string_free(w->asks, TRUE);
	g_string_free(w->forwards, TRUE);
	g_string_free(w->reports, TRUE);
	g_string_free(w->complaints, TRUE);
	g_clear_error(&w->refuse);
}

static gboolean world_expire(void *data)
{
	g_test_message("the loop waited for 10 s");
	abort();
}

guint world_set_deadline(void)
{
	return g_timeout_add_seconds(10, world_expire, NULL);
}

bool world_is_level(struct world *w)
{
	return feed_is_connected(w->feed) && feed_get_revision(w->feed) == w->revision;
}
