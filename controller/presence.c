/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live/HOST is leased and has this program's name: when the program dies its hosts have found
 * another, which has put its own. wired/HOST/PORT stays: nothing is written when a host of a thousand
 * ports is lost. What could not be written is written with the next full report.
 */
#include "controller/presence.h"

#include <stdlib.h>
#include <string.h>

#include "api/notice.h"

#define CHANGES_MAX 50 /* of one transaction */
#define AGAIN_MS    1000

struct presence {
	struct store *store;
	struct cloud *cloud;
	struct mirror *mirror;
	char me[UUID_TEXT];
	GHashTable *hosts; /* set of names: connected here */
	GHashTable *heard; /* set of names: they have told of all their ports since we began */
	bool nova;
	guint again;
	bool ended;
};

/* Many changes in transactions of a size that every store takes. */
struct batch {
	struct presence *presence;
	struct store_txn *txn;
	unsigned int count;
};

static void presence_written(uint64_t revision, const char *failed_key, const GError *error,
			     void *data)
{
}

static void batch_flush(struct batch *batch)
{
	if (batch->txn)
		store_txn_commit(g_steal_pointer(&batch->txn), presence_written, NULL);
	batch->count = 0;
}

static struct store_txn *batch_next(struct batch *batch)
{
	if (batch->count == CHANGES_MAX)
		batch_flush(batch);
	batch->count++;
	if (!batch->txn)
		batch->txn = store_txn_new(batch->presence->store);
	return batch->txn;
}

/* --- hosts --------------------------------------------------------------------------- */

static void presence_put_host(struct presence *presence, const char *host)
{
	g_autofree char *key = g_strconcat(KEY_LIVE, host, NULL);
	struct store_txn *txn;

	if (g_strcmp0(mirror_find_live(presence->mirror, host, NULL), presence->me) == 0)
		return;
	txn = store_txn_new(presence->store);
	store_txn_put_leased(txn, key, presence->me, strlen(presence->me), STORE_LEASE_STEADY);
	store_txn_commit(txn, presence_written, NULL);
}

/* Only if it has not found another controller meanwhile. */
static void presence_del_host(struct presence *presence, const char *host)
{
	g_autofree char *key = g_strconcat(KEY_LIVE, host, NULL);
	struct store_txn *txn;
	uint64_t revision;

	if (g_strcmp0(mirror_find_live(presence->mirror, host, &revision), presence->me) != 0)
		return;
	txn = store_txn_new(presence->store);
	store_txn_require(txn, key, revision);
	store_txn_del(txn, key);
	store_txn_commit(txn, presence_written, NULL);
}

/* What the store did not take, or another controller took away from us. */
static gboolean presence_look(void *data)
{
	struct presence *presence = data;
	GHashTableIter iter;
	gpointer host;

	g_hash_table_iter_init(&iter, presence->hosts);
	while (g_hash_table_iter_next(&iter, &host, NULL))
		if (!mirror_find_live(presence->mirror, host, NULL))
			presence_put_host(presence, host);
	return G_SOURCE_CONTINUE;
}

void presence_set_alive(struct presence *presence, const char *host, bool alive)
{
	if (presence->ended)
		return;
	if (!store_is_shared(presence->store)) {
		cloud_set_host_alive(presence->cloud, host, alive,
				     g_get_real_time() / G_USEC_PER_SEC);
		if (!alive)
			cloud_clear_wired(presence->cloud, host);
		return;
	}
	if (alive) {
		g_hash_table_add(presence->hosts, g_strdup(host));
		presence_put_host(presence, host);
	} else {
		g_hash_table_remove(presence->hosts, host);
		presence_del_host(presence, host);
	}
}

bool presence_is_elsewhere(const struct presence *presence, const char *host)
{
	const char *controller = store_is_shared(presence->store)
					 ? mirror_find_live(presence->mirror, host, NULL)
					 : NULL;

	return controller && strcmp(controller, presence->me) != 0;
}

/* --- ports --------------------------------------------------------------------------- */

/* Plugged is what Nova waits for: it is told of each device, also when it has not heard that the
 * last one is gone. */
static void presence_tell_nova(struct batch *batch, const char *host, struct uuid id,
			       const struct hub_report_port *said)
{
	struct presence *presence = batch->presence;
	const struct port *port = cloud_find_port(presence->cloud, id);
	bool was = cloud_is_port_wired(presence->cloud, host, id);
	bool known = store_is_shared(presence->store) ||
		     g_hash_table_contains(presence->heard, host);
	bool plugged = said->wired && (said->anew || (!was && known));
	char key[NOTICE_TEXT], value[NOTICE_TEXT];

	if (!presence->nova || !port || g_strcmp0(port->host_id, host) != 0 ||
	    !notice_is_due(port) || (!plugged && (said->wired || !was)))
		return;
	notice_print(port, plugged ? NOTICE_PLUGGED : NOTICE_UNPLUGGED,
		     g_get_real_time() / G_USEC_PER_SEC, key, value);
	store_txn_put(batch_next(batch), key, value, strlen(value));
}

static void presence_set_port(struct batch *batch, const char *host, struct uuid id, bool wired)
{
	const struct port *port = cloud_find_port(batch->presence->cloud, id);
	g_autofree char *key = NULL;
	char text[UUID_TEXT];

	if (cloud_is_port_wired(batch->presence->cloud, host, id) == wired ||
	    (wired && (!port || g_strcmp0(port->host_id, host) != 0)))
		return;
	key = g_strconcat(KEY_WIRED, host, "/", uuid_print(id, text), NULL);
	if (wired)
		store_txn_put(batch_next(batch), key, "", 0);
	else
		store_txn_del(batch_next(batch), key);
}

static void presence_change_port(struct batch *batch, const char *host, struct uuid id,
				 const struct hub_report_port *said)
{
	presence_tell_nova(batch, host, id, said);
	if (store_is_shared(batch->presence->store))
		presence_set_port(batch, host, id, said->wired);
}

/* A full report names all: those of the host that it does not name are not wired. */
static void presence_drop_others(struct batch *batch, const char *host,
				 const struct hub_report *report)
{
	const GPtrArray *ports = cloud_list_host_ports(batch->presence->cloud, host);
	g_autoptr(GHashTable) named = g_hash_table_new_full(uuid_hash, uuid_same, g_free, NULL);
	const struct hub_report_port gone = {.wired = false};
	struct uuid id;

	for (gsize i = 0; i < report->port_count; i++)
		if (uuid_parse(report->ports[i].id, &id))
			g_hash_table_add(named, g_memdup2(&id, sizeof(id)));
	for (guint i = 0; i < ports->len; i++) {
		const struct port *port = ports->pdata[i];

		if (!g_hash_table_contains(named, &port->object.id))
			presence_change_port(batch, host, port->object.id, &gone);
	}
}

/* Only what has changed is written. */
static void presence_set_refused(struct batch *batch, const char *host, const json_t *list)
{
	struct presence *presence = batch->presence;
	const json_t *known = cloud_get_host_refused(presence->cloud, host);
	g_autofree char *key = g_strconcat(KEY_REFUSED, host, NULL);
	char *text;

	if (!json_array_size(list) ? !known : json_equal(list, known))
		return;
	if (!store_is_shared(presence->store)) {
		cloud_set_host_refused(presence->cloud, host, json_deep_copy(list));
		return;
	}
	if (!json_array_size(list)) {
		store_txn_del(batch_next(batch), key);
		return;
	}
	text = json_dumps(list, JSON_COMPACT);
	store_txn_put(batch_next(batch), key, text, strlen(text));
	free(text);
}

/* Where nobody else has the store open nothing of it is written. */
static void presence_report_here(struct presence *presence, const char *host,
				 const struct hub_report *report)
{
	struct uuid id;

	if (report->full)
		cloud_clear_wired(presence->cloud, host);
	for (gsize i = 0; i < report->port_count; i++)
		if (uuid_parse(report->ports[i].id, &id))
			cloud_set_port_wired(presence->cloud, host, id, report->ports[i].wired);
}

void presence_report(struct presence *presence, const char *host,
		     const struct hub_report *report)
{
	struct batch batch = {.presence = presence};
	struct uuid id;

	if (presence->ended)
		return;
	cloud_set_host_revision(presence->cloud, host, report->revision);
	cloud_set_host_seen(presence->cloud, host, g_get_real_time() / G_USEC_PER_SEC);
	for (gsize i = 0; i < report->port_count; i++)
		if (uuid_parse(report->ports[i].id, &id))
			presence_change_port(&batch, host, id, &report->ports[i]);
	if (report->full)
		presence_drop_others(&batch, host, report);
	presence_set_refused(&batch, host, report->refused);
	batch_flush(&batch);
	if (!store_is_shared(presence->store))
		presence_report_here(presence, host, report);
	if (report->full)
		g_hash_table_add(presence->heard, g_strdup(host));
}

/* --- its life ------------------------------------------------------------------------ */

struct presence *presence_new(struct store *store, struct cloud *cloud, struct mirror *mirror,
			      bool nova)
{
	struct presence *presence = g_new0(struct presence, 1);

	presence->store = store;
	presence->cloud = cloud;
	presence->mirror = mirror;
	presence->nova = nova;
	presence->hosts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	presence->heard = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	uuid_print(uuid_new(), presence->me);
	if (store_is_shared(store))
		presence->again = g_timeout_add(AGAIN_MS, presence_look, presence);
	return presence;
}

void presence_stop(struct presence *presence)
{
	if (!presence)
		return;
	presence->ended = true;
	g_clear_handle_id(&presence->again, g_source_remove);
}

void presence_free(struct presence *presence)
{
	if (!presence)
		return;
	g_hash_table_unref(presence->hosts);
	g_hash_table_unref(presence->heard);
	g_free(presence);
}
