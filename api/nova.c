/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is owed is followed by a watch. One request is under way at a time; what comes meanwhile goes
 * with the next. An event that has been told is deleted as it was read, so that one which has come
 * again since is told again.
 */
#include "api/nova.h"

#include <jansson.h>
#include <string.h>

#include "api/notice.h"
#include "lib/error.h"
#include "lib/http_client.h"
#include "lib/uuid.h"
#include "store/lead.h"

#define GATHER_MS    200 /* what comes within this goes together */
#define AGAIN_MIN_MS 1000
#define AGAIN_MAX_MS 8000
#define BATCH_MAX    100
#define AGE_MAX_S    600

/* Something that Nova is owed. */
struct owed {
	char *key; /* first */
	uint64_t revision;
	struct uuid port, server;
	enum notice notice;
	int64_t since;
	bool sent; /* in the request under way, or told and not deleted yet */
};

struct nova {
	struct store *store;
	struct identity *identity;
	struct http_client *client;
	char *url, *ca;
	unsigned int timeout_ms;
	void (*tell)(const char *text, bool bad);
	struct store_lead *lead;
	struct store_watch *watch;
	GHashTable *owed;     /* key in struct owed -> struct owed, owned */
	GPtrArray *batch;     /* char *: keys of the request under way */
	GArray *revisions;    /* uint64_t: theirs */
	unsigned int singles; /* events that go alone, after a request that was refused whole */
	unsigned int again;   /* ms until it is tried once more; 0: it works */
	unsigned int epoch;   /* grows when what is known is forgotten */
	char *token;	      /* of the request under way */
	guint timer;
	bool busy; /* a token or an answer is waited for */
	bool asked_twice, ended;
	struct nova_counters counters;
};

static void owed_free(void *data)
{
	struct owed *owed = data;

	g_free(owed->key);
	g_free(owed);
}

static void nova_later(struct nova *nova, unsigned int ms);

/* --- what is owed -------------------------------------------------------------------- */

static void nova_apply(struct nova *nova, const struct store_entry *entry)
{
	struct owed *owed;

	g_hash_table_remove(nova->owed, entry->key);
	if (!entry->value)
		return;
	owed = g_new0(struct owed, 1);
	owed->key = g_strdup(entry->key);
	owed->revision = entry->revision;
	if (notice_parse(entry->key, entry->value, entry->size, &owed->port, &owed->notice,
			 &owed->server, &owed->since))
		g_hash_table_insert(nova->owed, owed->key, owed);
	else
		owed_free(owed);
}

static void nova_read(struct nova *nova);

static void nova_heard(const struct store_entry *entries, gsize count, uint64_t revision,
		       bool lost, void *data)
{
	struct nova *nova = data;

	if (lost) {
		nova_read(nova);
		return;
	}
	for (gsize i = 0; i < count; i++)
		nova_apply(nova, &entries[i]);
	nova_later(nova, GATHER_MS);
}

/* A range that was asked for in another term of office is nobody's. */
struct reading {
	struct nova *nova;
	unsigned int epoch;
};

static void nova_ranged(const struct store_entry *entries, gsize count, uint64_t revision,
			const GError *error, void *data)
{
	g_autofree struct reading *reading = data;
	struct nova *nova = reading->nova;

	if (nova->ended || reading->epoch != nova->epoch)
		return;
	if (error) { /* the timer reads again */
		nova_later(nova, AGAIN_MIN_MS);
		return;
	}
	for (gsize i = 0; i < count; i++)
		nova_apply(nova, &entries[i]);
	nova->watch = store_watch_new(nova->store, KEY_NOVA, revision, nova_heard, nova);
	nova_later(nova, GATHER_MS);
}

static void nova_forget(struct nova *nova)
{
	g_clear_pointer(&nova->watch, store_watch_free);
	g_clear_handle_id(&nova->timer, g_source_remove);
	g_hash_table_remove_all(nova->owed);
	nova->epoch++;
}

static void nova_read(struct nova *nova)
{
	struct reading *reading = g_new0(struct reading, 1);

	nova_forget(nova);
	reading->nova = nova;
	reading->epoch = nova->epoch;
	store_range(nova->store, KEY_NOVA, 0, nova_ranged, reading);
}

static void nova_deleted(uint64_t revision, const char *failed_key, const GError *error,
			 void *data)
{
}

static void nova_delete(struct nova *nova, const char *key, uint64_t revision)
{
	struct store_txn *txn;

	if (nova->ended)
		return;
	txn = store_txn_new(nova->store);
	store_txn_require(txn, key, revision);
	store_txn_del(txn, key);
	store_txn_commit(txn, nova_deleted, NULL);
}

/* --- one request --------------------------------------------------------------------- */

static json_t *event_print(const struct owed *owed)
{
	char server[UUID_TEXT], port[UUID_TEXT];
	json_t *event = json_pack(
		"{s:s, s:s, s:s}", "server_uuid", uuid_print(owed->server, server), "name",
		notice_names[owed->notice], "tag", uuid_print(owed->port, port));

	if (notice_status[owed->notice])
		json_object_set_new(event, "status", json_string(notice_status[owed->notice]));
	return event;
}

static gint owed_compare(gconstpointer a, gconstpointer b)
{
	const struct owed *x = *(const struct owed *const *)a;
	const struct owed *y = *(const struct owed *const *)b;

	return x->revision < y->revision ? -1 : x->revision > y->revision;
}

/* In the order in which they came about; those that nobody can use any more are given up. */
static GPtrArray *nova_list(struct nova *nova)
{
	int64_t oldest = g_get_real_time() / G_USEC_PER_SEC - AGE_MAX_S;
	GPtrArray *list = g_ptr_array_new();
	unsigned int expired = 0;
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, nova->owed);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		struct owed *owed = value;

		if (owed->since >= oldest) {
			if (!owed->sent)
				g_ptr_array_add(list, owed);
			continue;
		}
		/* One that was sent is still here: the store did not take its end. */
		nova_delete(nova, owed->key, owed->revision);
		expired += !owed->sent;
		owed->sent = true;
	}
	nova->counters.expired += expired;
	if (expired) {
		g_autofree char *text =
			g_strdup_printf("Nova %s: %u events given up after %d s", nova->url,
					expired, AGE_MAX_S);

		nova->tell(text, true);
	}
	g_ptr_array_sort(list, owed_compare);
	return list;
}

/* Takes the next ones into the batch; the body of their request, or NULL: there are none. */
static char *nova_gather(struct nova *nova)
{
	g_autoptr(GPtrArray) list = nova_list(nova);
	guint most = nova->singles ? 1 : BATCH_MAX;
	json_t *events = json_array(), *body;
	char *text = NULL;

	g_ptr_array_set_size(nova->batch, 0);
	g_array_set_size(nova->revisions, 0);
	for (guint i = 0; i < MIN(list->len, most); i++) {
		struct owed *owed = list->pdata[i];

		owed->sent = true;
		g_ptr_array_add(nova->batch, g_strdup(owed->key));
		g_array_append_val(nova->revisions, owed->revision);
		json_array_append_new(events, event_print(owed));
	}
	body = json_pack("{s:o}", "events", events);
	if (nova->batch->len)
		text = json_dumps(body, JSON_COMPACT);
	json_decref(body);
	return text;
}

/* They are told, or are nobody's any more. */
static void batch_settle(struct nova *nova)
{
	for (guint i = 0; i < nova->batch->len; i++)
		nova_delete(nova, nova->batch->pdata[i],
			    g_array_index(nova->revisions, uint64_t, i));
}

/* They are owed as before. */
static void batch_return(struct nova *nova)
{
	for (guint i = 0; i < nova->batch->len; i++) {
		struct owed *owed = g_hash_table_lookup(nova->owed, nova->batch->pdata[i]);

		if (owed && owed->revision == g_array_index(nova->revisions, uint64_t, i))
			owed->sent = false;
	}
}

static void nova_fails(struct nova *nova, const char *why)
{
	g_autofree char *text = NULL;

	batch_return(nova);
	nova->counters.failures++;
	if (!nova->again) {
		text = g_strdup_printf("Nova %s: %s; %u events are owed", nova->url, why,
				       g_hash_table_size(nova->owed));
		nova->tell(text, true);
	}
	nova->again = CLAMP(nova->again * 2, AGAIN_MIN_MS, AGAIN_MAX_MS);
	nova_later(nova, nova->again);
}

static void nova_works(struct nova *nova)
{
	g_autofree char *text = NULL;

	if (nova->again) {
		text = g_strdup_printf("Nova %s: takes events again", nova->url);
		nova->tell(text, false);
	}
	nova->again = 0;
}

/* Events about servers that are gone, or on no host yet, are none of ours. */
static unsigned int answer_count_unwanted(const struct http_answer *answer, unsigned int most)
{
	json_t *body = json_loadb(answer->body, answer->body_size, 0, NULL), *event;
	json_t *events = json_object_get(body, "events");
	unsigned int count = 0;
	size_t i;

	json_array_foreach (events, i, event)
		count += json_integer_value(json_object_get(event, "code")) >= 400;
	json_decref(body);
	return MIN(count, most);
}

/* One event among them may be what Nova cannot read: alone it is given up. */
static void batch_refused(struct nova *nova, const struct http_answer *answer)
{
	g_autofree char *text = NULL;

	if (nova->batch->len > 1) {
		nova->singles = nova->batch->len;
		batch_return(nova);
		return;
	}
	text = g_strdup_printf("Nova %s: %s: refused: %.200s", nova->url,
			       (const char *)nova->batch->pdata[0], answer->body);
	nova->tell(text, true);
	nova->counters.expired++;
	batch_settle(nova);
}

static void nova_take(struct nova *nova, const struct http_answer *answer)
{
	unsigned int count = nova->batch->len, unwanted;

	nova_works(nova);
	nova->singles -= nova->singles > 0;
	if (answer->status == 400) {
		batch_refused(nova, answer);
	} else {
		unwanted = answer->status == 404 ? count : answer_count_unwanted(answer, count);
		nova->counters.unwanted += unwanted;
		nova->counters.told += count - unwanted;
		batch_settle(nova);
	}
	nova_later(nova, 0);
}

static void nova_ask(struct nova *nova);

static void nova_answered(const struct http_answer *answer, const GError *error, void *data)
{
	struct nova *nova = data;
	g_autofree char *text = NULL;

	nova->busy = false;
	if (!answer) {
		nova_fails(nova, error->message);
		return;
	}
	if (answer->status == 401 && !nova->asked_twice) { /* the token has ended */
		nova->asked_twice = true;
		identity_drop_own(nova->identity, nova->token);
		batch_return(nova);
		nova_later(nova, 0);
		return;
	}
	nova->asked_twice = false;
	/* 404: none of the servers is known. */
	if (answer->status == 200 || answer->status == 207 || answer->status == 404 ||
	    answer->status == 400) {
		nova_take(nova, answer);
		return;
	}
	text = g_strdup_printf("answers with status %u", answer->status);
	nova_fails(nova, text);
}

static void nova_send(struct nova *nova, const char *body)
{
	const struct http_field headers[] = {{"X-Auth-Token", nova->token},
					     {"Content-Type", "application/json"}};
	const struct http_tls tls = {.ca = nova->ca};
	g_autofree char *url = http_join(nova->url, "/os-server-external-events");
	const struct http_ask ask = {
		.method = "POST",
		.url = url,
		.body = body,
		.body_size = strlen(body),
		.headers = headers,
		.header_count = G_N_ELEMENTS(headers),
		.timeout_ms = nova->timeout_ms,
		.answer_max = 1 << 20,
		.tls = nova->ca ? &tls : NULL,
	};

	nova->busy = true;
	http_client_call(nova->client, &ask, nova_answered, nova);
}

static void nova_may(const char *token, const GError *error, void *data)
{
	struct nova *nova = data;
	g_autofree char *body = NULL;

	nova->busy = false;
	if (error) {
		g_ptr_array_set_size(nova->batch, 0);
		nova_fails(nova, error->message);
		return;
	}
	g_free(nova->token);
	nova->token = g_strdup(token);
	body = nova_gather(nova);
	if (body)
		nova_send(nova, body);
}

static void nova_ask(struct nova *nova)
{
	nova->busy = true;
	identity_ask_own(nova->identity, nova_may, nova);
}

/* --- when ---------------------------------------------------------------------------- */

static gboolean nova_is_due(void *data)
{
	struct nova *nova = data;

	nova->timer = 0;
	if (!nova->watch)
		nova_read(nova);
	else if (!nova->busy && g_hash_table_size(nova->owed))
		nova_ask(nova);
	return G_SOURCE_REMOVE;
}

/* While Nova is away what comes does not hurry it. */
static void nova_later(struct nova *nova, unsigned int ms)
{
	if (nova->ended || nova->timer || nova->busy || !store_leads(nova->lead))
		return;
	nova->timer = g_timeout_add(MAX(ms, nova->again), nova_is_due, nova);
}

static void nova_elected(bool leads, void *data)
{
	struct nova *nova = data;

	nova->tell(leads ? "Nova: elected to tell it" : "Nova: not elected any more", false);
	if (leads)
		nova_read(nova);
	else
		nova_forget(nova);
}

/* --- its life ------------------------------------------------------------------------ */

struct nova *nova_new(struct store *store, struct identity *identity,
		      const struct nova_config *config)
{
	struct nova *nova = g_new0(struct nova, 1);

	nova->store = store;
	nova->identity = identity;
	nova->client = http_client_new();
	nova->url = g_strdup(config->url);
	nova->ca = g_strdup(config->ca);
	nova->timeout_ms = config->timeout_ms;
	nova->tell = config->tell;
	nova->owed = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, owed_free);
	nova->batch = g_ptr_array_new_with_free_func(g_free);
	nova->revisions = g_array_new(FALSE, FALSE, sizeof(uint64_t));
	nova->lead = store_lead_new(store, "nova", nova_elected, nova);
	return nova;
}

void nova_stop(struct nova *nova)
{
	if (!nova)
		return;
	nova->ended = true;
	nova_forget(nova);
	identity_forget_waiter(nova->identity, nova);
	g_clear_pointer(&nova->client, http_client_free);
	g_clear_pointer(&nova->lead, store_lead_free);
}

void nova_free(struct nova *nova)
{
	if (!nova)
		return;
	g_hash_table_unref(nova->owed);
	g_ptr_array_unref(nova->batch);
	g_array_unref(nova->revisions);
	g_free(nova->token);
	g_free(nova->url);
	g_free(nova->ca);
	g_free(nova);
}

struct nova_counters nova_get_counters(const struct nova *nova)
{
	struct nova_counters counters = nova->counters;

	counters.owed = g_hash_table_size(nova->owed);
	return counters;
}
