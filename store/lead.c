/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "lead/NAME" must not exist, is put, and goes with its lease. Whoever did not get it waits
 * for the watch to say that it is gone. Without its lease nobody believes to lead: by its own
 * clock it stops before another one can begin.
 */
#include "store/lead.h"

#include <string.h>
#include "lib/uuid.h"

#define LOOK_MS 250

struct store_lead {
	struct store *store;
	char *key;
	char me[UUID_TEXT];
	void (*changed)(bool leads, void *data);
	void *data;
	struct store_watch *watch;
	guint timer;
	bool asking; /* a campaign is under way */
	bool taken;  /* somebody, perhaps we, has the key */
	bool gone;   /* ... has given it back since the campaign began */
	bool mine;
	bool leads; /* as CHANGED was told */
	bool freed; /* while a campaign was under way */
};

static void lead_free_now(struct store_lead *lead)
{
	g_free(lead->key);
	g_free(lead);
}

static void lead_tell(struct store_lead *lead)
{
	bool leads = lead->mine && store_holds_lease(lead->store, STORE_LEASE_QUICK);

	if (leads == lead->leads)
		return;
	lead->leads = leads;
	lead->changed(leads, lead->data);
}

static void lead_asked(uint64_t revision, const char *failed_key, const GError *error,
		       void *data)
{
	struct store_lead *lead = data;

	lead->asking = false;
	if (failed_key && !lead->gone)
		lead->taken = true;
	if (lead->freed)
		lead_free_now(lead);
}

/* The outcome comes by the watch. */
static void lead_campaign(struct store_lead *lead)
{
	struct store_txn *txn = store_txn_new(lead->store);

	lead->asking = true;
	lead->gone = false;
	store_txn_require(txn, lead->key, 0);
	store_txn_put_leased(txn, lead->key, lead->me, strlen(lead->me), STORE_LEASE_QUICK);
	store_txn_commit(txn, lead_asked, lead);
}

static void lead_heard(const struct store_entry *entries, gsize count, uint64_t revision,
		       bool lost, void *data)
{
	struct store_lead *lead = data;

	lead->taken = lead->taken && !lost;
	for (gsize i = 0; i < count; i++) {
		if (strcmp(entries[i].key, lead->key) != 0)
			continue;
		lead->taken = entries[i].value != NULL;
		lead->gone = !lead->taken;
		lead->mine = lead->taken && entries[i].size == strlen(lead->me) &&
			     memcmp(entries[i].value, lead->me, entries[i].size) == 0;
	}
	lead_tell(lead);
	if (!lead->taken && !lead->asking)
		lead_campaign(lead);
}

/* The first look, and what no watch says: that the lease is lost, or that a campaign failed. */
static gboolean lead_look(void *data)
{
	struct store_lead *lead = data;

	lead_tell(lead);
	if (!lead->taken && !lead->asking && store_holds_lease(lead->store, STORE_LEASE_QUICK))
		lead_campaign(lead);
	return G_SOURCE_CONTINUE;
}

static gboolean lead_alone(void *data)
{
	struct store_lead *lead = data;

	lead->timer = 0;
	lead->leads = true;
	lead->changed(true, lead->data);
	return G_SOURCE_REMOVE;
}

struct store_lead *store_lead_new(struct store *store, const char *name,
				  void (*changed)(bool leads, void *data), void *data)
{
	struct store_lead *lead = g_new0(struct store_lead, 1);

	lead->store = store;
	lead->key = g_strconcat("lead/", name, NULL);
	lead->changed = changed;
	lead->data = data;
	uuid_print(uuid_new(), lead->me);
	if (!store_is_shared(store)) {
		lead->timer = g_timeout_add(0, lead_alone, lead);
		return lead;
	}
	lead->watch =
		store_watch_new(store, lead->key, store_revision(store), lead_heard, lead);
	lead->timer = g_timeout_add(LOOK_MS, lead_look, lead);
	return lead;
}

void store_lead_free(struct store_lead *lead)
{
	if (!lead)
		return;
	store_watch_free(lead->watch);
	g_clear_handle_id(&lead->timer, g_source_remove);
	lead->freed = true;
	if (!lead->asking)
		lead_free_now(lead);
}

bool store_leads(const struct store_lead *lead)
{
	return lead->leads;
}
