/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection is a list of lines; what a line may be depends on what came before it, and
 * nothing else. Revisions are believed at commit, end and beat only, so a cut connection
 * resumes at a border between transactions; rows wait for it here, so that of one that was
 * cut nobody has heard.
 */
#include "sync/feed.h"

#include <string.h>
#include "lib/error.h"
#include "lib/http_client.h"
#include "sync/row.h"

#define BACKOFF_MIN_MS	100
#define BACKOFF_MAX_MS	5000
#define SILENCE_MS	10000
#define SILENCE_MANY_MS 5000 /* with another controller to go to */
#define REPORT_MS	5000
#define POST_TIMEOUT_MS 5000
#define LINE_MAX_BYTES	(4U << 20)

enum stage {
	STAGE_HELLO, /* the first line is missing */
	STAGE_FULL,  /* rows until `end` */
	STAGE_LIVE,
};

struct feed {
	struct feed_ops ops;
	void *data;
	char **controllers;
	unsigned int controller;
	char *host;
	char *tunnel_ip;
	char *zone;
	char *physical;
	char *token;
	char *ca, *cert, *key, *crl;
	unsigned int backoff_min_ms, backoff_max_ms, silence_ms;

	struct http_client *client;
	struct http_call *call;
	guint retry;
	unsigned int backoff_ms;
	enum stage stage;
	char *epoch;
	uint64_t revision; /* of the last commit; 0: all rows are needed */
	uint64_t full_revision;
	GPtrArray *staged; /* lines (json_t, owned): rows since the last commit */
	struct feed_counters counters;

	GHashTable *ports;   /* id -> wired + 1 */
	GHashTable *changed; /* set of ids since the last post */
	GHashTable *anew;    /* id -> which device of it; what no controller has taken yet */
	GHashTable *telling; /* ... as of the post under way */
	guint devices;	     /* counts those that were new */
	json_t *refused;     /* NULL: nothing was said yet */
	uint64_t applied;
	struct http_call *post;
	guint post_soon;
	guint post_often;
	bool full_due; /* the next post names every port */
	bool again;    /* something changed while a post was under way */
};

static void feed_connect(struct feed *feed);
static void feed_post(struct feed *feed);

static void feed_complain(struct feed *feed, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void feed_complain(struct feed *feed, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	if (feed->ops.complain)
		feed->ops.complain(text, feed->data);
}

/* --- lines --------------------------------------------------------------------------- */

static bool line_fail(GError **error, const char *op, const char *what)
{
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "line %.32s: %s", op, what);
	return false;
}

static bool take_hello(struct feed *feed, const json_t *line, uint64_t revision, GError **error)
{
	const char *epoch = json_string_value(json_object_get(line, "epoch"));
	const char *mode = json_string_value(json_object_get(line, "mode"));
	bool full = g_strcmp0(mode, "full") == 0;

	if (feed->stage != STAGE_HELLO)
		return line_fail(error, "hello", "comes twice");
	if (!epoch || !*epoch)
		return line_fail(error, "hello", "epoch: is missing");
	if (!full && g_strcmp0(mode, "resume") != 0)
		return line_fail(error, "hello", "mode: is neither full nor resume");
	if (!full && (feed->revision == 0 || g_strcmp0(epoch, feed->epoch) != 0))
		return line_fail(error, "hello", "mode: resumes what was not had");
	g_free(feed->epoch);
	feed->epoch = g_strdup(epoch);
	feed->stage = full ? STAGE_FULL : STAGE_LIVE;
	g_ptr_array_set_size(feed->staged, 0);
	feed->backoff_ms = feed->backoff_min_ms;
	feed->counters.connects++;
	if (full) {
		feed->counters.fulls++;
		/* Cut before the end, a resume would miss what was not sent. */
		feed->revision = 0;
		feed->full_revision = revision;
	} else {
		feed->counters.resumes++;
	}
	feed->ops.connected(true, feed->data);
	if (full)
		feed->ops.begin(revision, feed->data);
	feed->full_due = true;
	feed_post(feed);
	return true;
}

static void row_deliver(struct feed *feed, const json_t *line)
{
	bool put = strcmp(json_string_value(json_object_get(line, "op")), "put") == 0;

	feed->ops.row(json_string_value(json_object_get(line, "table")),
		      json_string_value(json_object_get(line, "key")),
		      put ? json_object_get(line, "value") : NULL,
		      (uint64_t)json_integer_value(json_object_get(line, "rev")), feed->data);
}

static void feed_commit(struct feed *feed, uint64_t revision)
{
	for (guint i = 0; i < feed->staged->len; i++)
		row_deliver(feed, feed->staged->pdata[i]);
	g_ptr_array_set_size(feed->staged, 0);
	feed->revision = revision;
	feed->ops.commit(revision, feed->data);
}

static bool take_commit(struct feed *feed, const json_t *line, uint64_t revision,
			GError **error)
{
	if (feed->stage != STAGE_LIVE)
		return line_fail(error, "commit", "comes before the end of the full transfer");
	if (revision < feed->revision)
		return line_fail(error, "commit", "rev: goes backwards");
	feed_commit(feed, revision);
	return true;
}

static bool take_end(struct feed *feed, const json_t *line, uint64_t revision, GError **error)
{
	if (feed->stage != STAGE_FULL)
		return line_fail(error, "end", "comes without a full transfer");
	if (revision != feed->full_revision)
		return line_fail(error, "end", "rev: is not that of hello");
	feed->stage = STAGE_LIVE;
	feed->revision = revision;
	feed->ops.end(revision, feed->data);
	return true;
}

/* Nothing is under way when a beat comes: what is had is what there is at its revision. */
static bool take_beat(struct feed *feed, const json_t *line, uint64_t revision, GError **error)
{
	if (feed->stage != STAGE_LIVE || revision <= feed->revision)
		return true;
	feed_commit(feed, revision);
	return true;
}

static bool take_row(struct feed *feed, const json_t *line, uint64_t revision, GError **error)
{
	bool put = strcmp(json_string_value(json_object_get(line, "op")), "put") == 0;
	const char *table = json_string_value(json_object_get(line, "table"));
	const char *key = json_string_value(json_object_get(line, "key"));
	json_t *value = json_object_get(line, "value");

	if (!table)
		return line_fail(error, "row", "table: is missing");
	if (!key)
		return line_fail(error, "row", "key: is missing");
	if (put && !value) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "row %.64s %.128s: value: is missing", table, key);
		return false;
	}
	if (!row_check(table, key, put ? value : NULL, error))
		return false;
	feed->counters.rows++;
	/* Of a full transfer nothing counts before its end, and it may be long. */
	if (feed->stage == STAGE_FULL)
		row_deliver(feed, line);
	else
		g_ptr_array_add(feed->staged, json_incref((json_t *)line));
	return true;
}

static bool take_hand(struct feed *feed, const json_t *line, uint64_t revision, GError **error)
{
	const char *key = json_string_value(json_object_get(line, "key"));
	const json_t *value = json_object_get(line, "value");

	if (!key || !json_is_object(value))
		return line_fail(error, "hand", "key or value: is missing");
	if (feed->ops.hand)
		feed->ops.hand(key, value, feed->data);
	return true;
}

static bool take_ask(struct feed *feed, const json_t *line, uint64_t revision, GError **error)
{
	const char *key = json_string_value(json_object_get(line, "key"));
	const json_t *value = json_object_get(line, "value");

	if (!key || !json_is_object(value))
		return line_fail(error, "ask", "key or value: is missing");
	if (feed->ops.ask)
		feed->ops.ask(key, value, feed->data);
	return true;
}

static const struct {
	const char *op;
	bool (*take)(struct feed *feed, const json_t *line, uint64_t revision, GError **error);
} takes[] = {
	{"put", take_row}, {"del", take_row},	{"commit", take_commit}, {"hello", take_hello},
	{"end", take_end}, {"beat", take_beat}, {"hand", take_hand},	 {"ask", take_ask},
};

static bool feed_take(struct feed *feed, const json_t *line, GError **error)
{
	const char *op = json_string_value(json_object_get(line, "op"));
	const json_t *revision = json_object_get(line, "rev");

	if (!json_is_object(line) || !op)
		return line_fail(error, "", "op: is missing");
	if (!json_is_integer(revision) || json_integer_value(revision) < 0)
		return line_fail(error, op, "rev: is not a number");
	if (feed->stage == STAGE_HELLO && strcmp(op, "hello") != 0)
		return line_fail(error, op, "comes before hello");
	for (gsize i = 0; i < G_N_ELEMENTS(takes); i++)
		if (strcmp(takes[i].op, op) == 0)
			return takes[i].take(feed, line, (uint64_t)json_integer_value(revision),
					     error);
	return line_fail(error, op, "op: is not known");
}

static void on_line(char *text, gsize size, void *data)
{
	struct feed *feed = data;
	g_autoptr(GError) error = NULL;
	json_error_t where;
	json_t *line = json_loadb(text, size, JSON_REJECT_DUPLICATES, &where);

	if (!line)
		g_set_error(&error, WEFT_ERROR, WEFT_ERROR_INVALID, "line: is not JSON: %s",
			    where.text);
	else
		feed_take(feed, line, &error);
	if (error) {
		feed->counters.bad_lines++;
		feed_complain(feed, "%s", error->message);
	}
	json_decref(line);
}

/* --- connecting ---------------------------------------------------------------------- */

static gboolean feed_retry(void *data)
{
	struct feed *feed = data;

	feed->retry = 0;
	feed_connect(feed);
	return G_SOURCE_REMOVE;
}

/* Half of the wait is luck, so that a thousand agents do not come back together. */
static void feed_back_off(struct feed *feed)
{
	unsigned int half = feed->backoff_ms / 2;

	feed->retry = g_timeout_add(half + (guint)g_random_int_range(0, (gint32)half + 1),
				    feed_retry, feed);
	feed->backoff_ms = MIN(feed->backoff_ms * 2, feed->backoff_max_ms);
	feed->controller = (feed->controller + 1) % g_strv_length(feed->controllers);
}

static void feed_cut(struct feed *feed)
{
	bool was_connected = feed->call && feed->stage != STAGE_HELLO;

	g_clear_pointer(&feed->call, http_call_cancel);
	g_clear_pointer(&feed->post, http_call_cancel);
	feed->stage = STAGE_HELLO;
	g_ptr_array_set_size(feed->staged, 0);
	if (was_connected)
		feed->ops.connected(false, feed->data);
}

static void on_end(const struct http_answer *answer, const GError *error, void *data)
{
	struct feed *feed = data;
	const char *url = feed->controllers[feed->controller];

	if (error)
		feed_complain(feed, "controller %s: %s", url, error->message);
	else if (answer->status == 200)
		feed_complain(feed, "controller %s: ended the stream", url);
	else
		feed_complain(feed, "controller %s: refused with %u: %.256s", url,
			      answer->status, answer->body);
	feed_cut(feed);
	feed_back_off(feed);
}

static void feed_ask(struct feed *feed, const char *url, struct http_ask *ask,
		     struct http_field *token, struct http_tls *tls)
{
	*tls = (struct http_tls){feed->ca, feed->cert, feed->key, feed->crl};
	*ask = (struct http_ask){.url = url, .tls = tls};
	if (!feed->token)
		return;
	*token = (struct http_field){"X-Auth-Token", feed->token};
	ask->headers = token;
	ask->header_count = 1;
}

static void feed_connect(struct feed *feed)
{
	g_autoptr(GString) path = g_string_new(NULL);
	g_autofree char *ip = http_escape(feed->tunnel_ip);
	g_autofree char *host = http_escape(feed->host);
	g_autofree char *url = NULL;
	struct http_field token;
	struct http_ask ask;
	struct http_tls tls;

	g_string_append_printf(path, "/weft/v1/hosts/%s/rows?ip=%s", host, ip);
	if (feed->zone) {
		g_autofree char *zone = http_escape(feed->zone);

		g_string_append_printf(path, "&zone=%s", zone);
	}
	if (feed->physical) {
		g_autofree char *physical = http_escape(feed->physical);

		g_string_append_printf(path, "&physical=%s", physical);
	}
	if (feed->ops.ask)
		g_string_append(path, "&answers=1");
	if (feed->epoch && feed->revision > 0) {
		g_autofree char *epoch = http_escape(feed->epoch);

		g_string_append_printf(path, "&epoch=%s&rev=%" G_GUINT64_FORMAT, epoch,
				       feed->revision);
	}
	url = http_join(feed->controllers[feed->controller], path->str);
	feed_ask(feed, url, &ask, &token, &tls);
	ask.timeout_ms = feed->silence_ms;
	ask.answer_max = LINE_MAX_BYTES;
	feed->stage = STAGE_HELLO;
	feed->call = http_client_stream(feed->client, &ask, on_line, on_end, feed);
}

void feed_resync(struct feed *feed)
{
	feed_cut(feed);
	feed->revision = 0;
	g_clear_handle_id(&feed->retry, g_source_remove);
	feed->retry = g_timeout_add(0, feed_retry, feed);
}

/* --- reporting ----------------------------------------------------------------------- */

/* Unless there is yet another device meanwhile. */
static gboolean anew_is_told(gpointer id, gpointer device, gpointer telling)
{
	return g_hash_table_lookup(telling, id) == device;
}

static void on_posted(const struct http_answer *answer, const GError *error, void *data)
{
	struct feed *feed = data;

	feed->post = NULL;
	if (answer && answer->status == 200) {
		feed->counters.posts++;
		g_hash_table_foreach_remove(feed->anew, anew_is_told, feed->telling);
	} else {
		feed->counters.failed_posts++;
		feed->full_due =
			true; /* with the next beat of our own, or when connected again */
		feed_complain(feed, "status: not taken: %.256s",
			      answer ? answer->body : error->message);
		return;
	}
	if (feed->again)
		feed_post(feed);
}

static json_t *report_make_new(struct feed *feed)
{
	json_t *list = json_array();
	GHashTableIter iter;
	gpointer id, device;

	g_hash_table_remove_all(feed->telling);
	g_hash_table_iter_init(&iter, feed->anew);
	while (g_hash_table_iter_next(&iter, &id, &device)) {
		g_hash_table_insert(feed->telling, g_strdup(id), device);
		json_array_append_new(list, json_string(id));
	}
	return list;
}

static json_t *report_make(struct feed *feed)
{
	GHashTable *which = feed->full_due ? feed->ports : feed->changed;
	json_t *ports = json_object();
	GHashTableIter iter;
	gpointer id;

	g_hash_table_iter_init(&iter, which);
	while (g_hash_table_iter_next(&iter, &id, NULL)) {
		gpointer wired = g_hash_table_lookup(feed->ports, id);

		json_object_set_new(ports, id,
				    json_boolean(wired && GPOINTER_TO_UINT(wired) == 2));
	}
	return json_pack("{s:I, s:b, s:o, s:o, s:O*}", "rev", (json_int_t)feed->applied, "full",
			 feed->full_due, "ports", ports, "new", report_make_new(feed),
			 "refused", feed->refused);
}

static void feed_post(struct feed *feed)
{
	g_autofree char *host = http_escape(feed->host);
	g_autofree char *path = NULL;
	g_autofree char *url = NULL;
	struct http_field token;
	struct http_ask ask;
	struct http_tls tls;
	json_t *report;
	char *text;

	feed->again = feed->post != NULL;
	if (!feed_is_connected(feed) || feed->post)
		return;
	path = g_strdup_printf("/weft/v1/hosts/%s/status", host);
	url = http_join(feed->controllers[feed->controller], path);
	report = report_make(feed);
	text = json_dumps(report, JSON_COMPACT);
	feed_ask(feed, url, &ask, &token, &tls);
	ask.method = "POST";
	ask.body = text;
	ask.body_size = strlen(text);
	ask.timeout_ms = POST_TIMEOUT_MS;
	feed->full_due = false;
	g_hash_table_remove_all(feed->changed);
	feed->post = http_client_call(feed->client, &ask, on_posted, feed);
	free(text);
	json_decref(report);
}

struct http_call *feed_send(struct feed *feed, const char *verb, unsigned int nth,
			    const char *body, http_answered answered, void *data)
{
	unsigned int which = (feed->controller + nth) % feed_count_controllers(feed);
	g_autofree char *host = http_escape(feed->host);
	g_autofree char *path = g_strdup_printf("/weft/v1/hosts/%s/%s", host, verb);
	g_autofree char *url = http_join(feed->controllers[which], path);
	struct http_field token;
	struct http_ask ask;
	struct http_tls tls;

	feed_ask(feed, url, &ask, &token, &tls);
	ask.method = "POST";
	ask.body = body;
	ask.body_size = strlen(body);
	ask.timeout_ms = POST_TIMEOUT_MS;
	return http_client_call(feed->client, &ask, answered, data);
}

unsigned int feed_count_controllers(const struct feed *feed)
{
	return g_strv_length(feed->controllers);
}

static gboolean feed_post_soon(void *data)
{
	struct feed *feed = data;

	feed->post_soon = 0;
	feed_post(feed);
	return G_SOURCE_REMOVE;
}

static gboolean feed_post_often(void *data)
{
	struct feed *feed = data;

	feed->full_due = true;
	feed_post(feed);
	return G_SOURCE_CONTINUE;
}

static void feed_post_later(struct feed *feed)
{
	if (!feed->post_soon)
		feed->post_soon =
			g_idle_add_full(G_PRIORITY_DEFAULT, feed_post_soon, feed, NULL);
}

void feed_report_revision(struct feed *feed, uint64_t applied)
{
	if (applied == feed->applied)
		return;
	feed->applied = applied;
	feed_post_later(feed);
}

void feed_report_port(struct feed *feed, const char *port_id, bool wired)
{
	gpointer known = g_hash_table_lookup(feed->ports, port_id);

	if (!wired)
		g_hash_table_remove(feed->anew, port_id);
	if (known == GUINT_TO_POINTER(1 + wired))
		return;
	g_hash_table_replace(feed->ports, g_strdup(port_id), GUINT_TO_POINTER(1 + wired));
	g_hash_table_add(feed->changed, g_strdup(port_id));
	feed_post_later(feed);
}

void feed_report_new(struct feed *feed, const char *port_id)
{
	g_hash_table_replace(feed->anew, g_strdup(port_id), GUINT_TO_POINTER(++feed->devices));
	g_hash_table_replace(feed->ports, g_strdup(port_id), GUINT_TO_POINTER(1 + true));
	g_hash_table_add(feed->changed, g_strdup(port_id));
	feed_post_later(feed);
}

void feed_report_gone(struct feed *feed, const char *port_id)
{
	g_hash_table_remove(feed->anew, port_id);
	if (!g_hash_table_remove(feed->ports, port_id))
		return;
	g_hash_table_add(feed->changed, g_strdup(port_id));
	feed_post_later(feed);
}

void feed_report_refused(struct feed *feed, json_t *list)
{
	bool same = json_equal(feed->refused, list);

	json_decref(feed->refused);
	feed->refused = list;
	if (!same)
		feed_post_later(feed);
}

/* --- the feed ------------------------------------------------------------------------ */

struct feed *feed_new(const struct feed_config *config, const struct feed_ops *ops, void *data)
{
	struct feed *feed = g_new0(struct feed, 1);

	g_assert(config->controllers[0]);
	feed->ops = *ops;
	feed->data = data;
	feed->controllers = g_strdupv((char **)config->controllers);
	feed->host = g_strdup(config->host);
	feed->tunnel_ip = g_strdup(config->tunnel_ip);
	feed->zone = g_strdup(config->zone);
	feed->physical = g_strdup(config->physical);
	feed->token = g_strdup(config->token);
	if (config->tls) {
		feed->ca = g_strdup(config->tls->ca);
		feed->cert = g_strdup(config->tls->cert);
		feed->key = g_strdup(config->tls->key);
		feed->crl = g_strdup(config->tls->crl);
	}
	feed->backoff_min_ms = config->backoff_min_ms ? config->backoff_min_ms : BACKOFF_MIN_MS;
	feed->backoff_max_ms = config->backoff_max_ms ? config->backoff_max_ms : BACKOFF_MAX_MS;
	feed->silence_ms = config->silence_ms;
	if (!feed->silence_ms)
		feed->silence_ms = config->controllers[1] ? SILENCE_MANY_MS : SILENCE_MS;
	feed->backoff_ms = feed->backoff_min_ms;
	feed->ports = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	feed->changed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	feed->anew = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	feed->telling = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	feed->staged = g_ptr_array_new_with_free_func((GDestroyNotify)json_decref);
	feed->client = http_client_new();
	feed->post_often = g_timeout_add(REPORT_MS, feed_post_often, feed);
	/* From the loop, so that the callee has our address before its first callback. */
	feed->retry = g_timeout_add(0, feed_retry, feed);
	return feed;
}

void feed_free(struct feed *feed)
{
	if (!feed)
		return;
	http_client_free(feed->client);
	g_clear_handle_id(&feed->retry, g_source_remove);
	g_clear_handle_id(&feed->post_soon, g_source_remove);
	g_clear_handle_id(&feed->post_often, g_source_remove);
	g_ptr_array_unref(feed->staged);
	g_hash_table_unref(feed->ports);
	g_hash_table_unref(feed->changed);
	g_hash_table_unref(feed->anew);
	g_hash_table_unref(feed->telling);
	json_decref(feed->refused);
	g_strfreev(feed->controllers);
	g_free(feed->host);
	g_free(feed->tunnel_ip);
	g_free(feed->zone);
	g_free(feed->physical);
	g_free(feed->token);
	g_free(feed->ca);
	g_free(feed->cert);
	g_free(feed->key);
	g_free(feed->crl);
	g_free(feed->epoch);
	g_free(feed);
}

bool feed_is_connected(const struct feed *feed)
{
	return feed->stage != STAGE_HELLO;
}

uint64_t feed_get_revision(const struct feed *feed)
{
	return feed->revision;
}

const char *feed_get_controller(const struct feed *feed)
{
	return feed->controllers[feed->controller];
}

struct feed_counters feed_get_counters(const struct feed *feed)
{
	return feed->counters;
}
