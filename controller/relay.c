/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "ask/HOST/ID" is put with the address that is asked about, and deleted as soon as it is there: the
 * watches of the others have been told by then. Leased, in case we die in between.
 */
#include "controller/relay.h"

#include <string.h>

#include "sync/hub_serve.h"

struct relay {
	struct store *store;
	struct hub *hub;
	struct store_watch *watch;
	bool ended;
};

/* What is deleted when it is there. */
struct note {
	struct relay *relay;
	char *key;
};

static void note_deleted(uint64_t revision, const char *failed_key, const GError *error,
			 void *data)
{
}

static void note_put(uint64_t revision, const char *failed_key, const GError *error, void *data)
{
	struct note *note = data;
	struct store_txn *txn;

	if (!error && !note->relay->ended) {
		txn = store_txn_new(note->relay->store);
		store_txn_del(txn, note->key);
		store_txn_commit(txn, note_deleted, NULL);
	}
	g_free(note->key);
	g_free(note);
}

void relay_forward(struct relay *relay, const char *host, const char *id, const char *address)
{
	struct store_txn *txn;
	struct note *note;

	if (relay->ended)
		return;
	note = g_new0(struct note, 1);
	note->relay = relay;
	note->key = g_strconcat(KEY_ASK, host, "/", id, NULL);
	txn = store_txn_new(relay->store);
	store_txn_put_leased(txn, note->key, address, strlen(address), STORE_LEASE_QUICK);
	store_txn_commit(txn, note_put, note);
}

/* What others want to know of a host that is here. */
static void note_seen(struct relay *relay, const struct store_entry *entry)
{
	g_auto(GStrv) parts = g_strsplit(entry->key + strlen(KEY_ASK), "/", 2);
	g_autofree char *address = g_strndup(entry->value, entry->size);
	struct ip ip;
	struct uuid id;

	if (g_strv_length(parts) == 2 && uuid_parse(parts[1], &id) && ip_parse(address, &ip) &&
	    hub_is_connected(relay->hub, parts[0]))
		hub_ask(relay->hub, parts[0], parts[1], address, NULL);
}

static void heard(const struct store_entry *entries, gsize count, uint64_t revision, bool lost,
		  void *data)
{
	for (gsize i = 0; i < count; i++)
		if (entries[i].value)
			note_seen(data, &entries[i]);
}

struct relay *relay_new(struct store *store, struct hub *hub)
{
	struct relay *relay = g_new0(struct relay, 1);

	relay->store = store;
	relay->hub = hub;
	if (store_is_shared(store))
		relay->watch =
			store_watch_new(store, KEY_ASK, store_revision(store), heard, relay);
	return relay;
}

void relay_stop(struct relay *relay)
{
	if (!relay)
		return;
	relay->ended = true;
	g_clear_pointer(&relay->watch, store_watch_free);
}

void relay_free(struct relay *relay)
{
	g_free(relay);
}
