/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When elected, and every five minutes. A key is deleted only as it was when it was looked at.
 */
#include "controller/sweep.h"

#include <string.h>

#include "api/mirror.h"
#include "lib/log.h"
#include "store/lead.h"

#define MODULE	"weftd"
#define SECONDS 300

struct sweep {
	struct store *store;
	struct cloud *cloud;
	struct store_lead *lead;
	guint timer;
};

bool sweep_leads(const struct sweep *sweep)
{
	return sweep->lead && store_leads(sweep->lead);
}

static void sweep_deleted(uint64_t revision, const char *failed_key, const GError *error,
			  void *data)
{
}

/* KEY is wired/HOST/PORT. */
static bool sweep_is_stale(const struct sweep *sweep, const char *key)
{
	g_autofree char *host = g_strdup(key + strlen(KEY_WIRED));
	char *slash = strrchr(host, '/');
	const struct port *port;
	struct uuid id;

	if (!slash || !uuid_parse(slash + 1, &id))
		return true;
	*slash = '\0';
	port = cloud_find_port(sweep->cloud, id);
	return !port || g_strcmp0(port->host_id, host) != 0;
}

static void sweep_read(const struct store_entry *entries, gsize count, uint64_t revision,
		       const GError *error, void *data)
{
	struct sweep *sweep = data;
	unsigned int swept = 0;

	if (error) {
		log_warn(MODULE, "sweep: %s", error->message);
		return;
	}
	for (gsize i = 0; i < count && sweep_leads(sweep); i++) {
		struct store_txn *txn;

		if (!sweep_is_stale(sweep, entries[i].key))
			continue;
		txn = store_txn_new(sweep->store);
		store_txn_require(txn, entries[i].key, entries[i].revision);
		store_txn_del(txn, entries[i].key);
		store_txn_commit(txn, sweep_deleted, NULL);
		swept++;
	}
	log_info(MODULE, "sweep: %u of %zu keys of hosts were left over", swept, count);
}

static gboolean sweep_now(void *data)
{
	struct sweep *sweep = data;

	store_range(sweep->store, KEY_WIRED, 0, sweep_read, sweep);
	return G_SOURCE_CONTINUE;
}

static void sweep_elected(bool leads, void *data)
{
	struct sweep *sweep = data;

	log_info(MODULE, "sweep: %s", leads ? "elected" : "not elected any more");
	g_clear_handle_id(&sweep->timer, g_source_remove);
	if (!leads)
		return;
	sweep->timer = g_timeout_add_seconds(SECONDS, sweep_now, sweep);
	sweep_now(sweep);
}

struct sweep *sweep_new(struct store *store, struct cloud *cloud)
{
	struct sweep *sweep = g_new0(struct sweep, 1);

	sweep->store = store;
	sweep->cloud = cloud;
	if (store_is_shared(store))
		sweep->lead = store_lead_new(store, "sweep", sweep_elected, sweep);
	return sweep;
}

void sweep_stop(struct sweep *sweep)
{
	if (!sweep)
		return;
	g_clear_pointer(&sweep->lead, store_lead_free);
	g_clear_handle_id(&sweep->timer, g_source_remove);
}

void sweep_free(struct sweep *sweep)
{
	g_free(sweep);
}
