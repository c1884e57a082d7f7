/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leases: granted when the store is opened, kept alive three times in their life. One that
 * has ended all the same is granted anew, and what hung on it is put again.
 */
#include "store/etcd_lease.h"

#include <string.h>

#include "lib/error.h"

static const unsigned int lease_seconds[STORE_LEASE_COUNT] = {
	[STORE_LEASE_QUICK] = 3,
	[STORE_LEASE_STEADY] = 15,
};

static char *grant_print(enum store_lease lease)
{
	return g_strdup_printf("{\"TTL\":\"%u\"}", lease_seconds[lease]);
}

bool etcd_lease_is_held(const struct etcd *e, enum store_lease lease)
{
	return g_get_monotonic_time() - e->leases[lease].held_at <
	       lease_seconds[lease] * G_USEC_PER_SEC;
}

/* --- what hangs on it ---------------------------------------------------------------- */

void etcd_leases_note(struct etcd *e, const struct store_txn *txn)
{
	for (guint i = 0; i < txn->changes->len; i++) {
		const struct txn_change *change =
			&g_array_index(txn->changes, struct txn_change, i);

		for (unsigned int l = STORE_LEASE_QUICK; l < STORE_LEASE_COUNT; l++)
			g_hash_table_remove(e->leases[l].keys, change->key);
		if (change->value && change->lease == STORE_LEASE_STEADY)
			g_hash_table_insert(e->leases[change->lease].keys,
					    g_strdup(change->key),
					    g_bytes_new(change->value, change->size));
	}
}

struct renewal {
	struct etcd *e;
	char *key;
};

static void renewal_done(uint64_t revision, const char *failed_key, const GError *error,
			 void *data)
{
	struct renewal *renewal = data;

	/* Somebody else's by now, or gone with the store. */
	if (failed_key)
		g_hash_table_remove(renewal->e->leases[STORE_LEASE_STEADY].keys, renewal->key);
	g_free(renewal->key);
	g_free(renewal);
}

static void lease_put_again(struct etcd *e, enum store_lease lease)
{
	GHashTableIter iter;
	gpointer key, value;

	g_hash_table_iter_init(&iter, e->leases[lease].keys);
	while (g_hash_table_iter_next(&iter, &key, &value)) {
		struct store_txn *txn = store_txn_new(&e->store);
		struct renewal *renewal = g_new0(struct renewal, 1);
		gsize size;
		const void *bytes = g_bytes_get_data(value, &size);

		renewal->e = e;
		renewal->key = g_strdup(key);
		store_txn_require(txn, key, 0);
		store_txn_put_leased(txn, key, bytes, size, lease);
		store_txn_commit(txn, renewal_done, renewal);
	}
}

/* --- signs of life ------------------------------------------------------------------- */

static void lease_ask(struct etcd_lease *lease, const char *path, const char *body,
		      etcd_answered answered)
{
	lease->asking = true;
	lease->asked_at = g_get_monotonic_time();
	etcd_link_post(lease->e->link, path, body, lease_seconds[lease->kind] * 1000, answered,
		       lease);
}

static void lease_granted(const struct etcd_answer *answer, void *data)
{
	struct etcd_lease *lease = data;

	lease->asking = false;
	if (answer->error)
		return;
	lease->id = etcd_get_number(answer->json, "ID");
	lease->held_at = lease->asked_at;
	lease_put_again(lease->e, lease->kind);
}

static void lease_kept(const struct etcd_answer *answer, void *data)
{
	struct etcd_lease *lease = data;
	g_autofree char *grant = NULL;

	lease->asking = false;
	if (answer->error)
		return;
	if (etcd_get_number(json_object_get(answer->json, "result"), "TTL") > 0) {
		lease->held_at = lease->asked_at;
		return;
	}
	grant = grant_print(lease->kind);
	lease_ask(lease, "/v3/lease/grant", grant, lease_granted);
}

static gboolean lease_beat(void *data)
{
	struct etcd_lease *lease = data;
	g_autofree char *body =
		g_strdup_printf("{\"ID\":\"%" G_GUINT64_FORMAT "\"}", lease->id);

	if (!lease->asking)
		lease_ask(lease, "/v3/lease/keepalive", body, lease_kept);
	return G_SOURCE_CONTINUE;
}

void etcd_leases_beat(struct etcd *e)
{
	for (unsigned int i = STORE_LEASE_QUICK; i < STORE_LEASE_COUNT; i++)
		lease_beat(&e->leases[i]);
}

/* --- their life ---------------------------------------------------------------------- */

bool etcd_leases_grant(struct etcd *e, GError **error)
{
	for (unsigned int i = STORE_LEASE_QUICK; i < STORE_LEASE_COUNT; i++) {
		g_autofree char *body = grant_print((enum store_lease)i);
		struct etcd_lease *lease = &e->leases[i];
		json_t *answer;

		lease->held_at = g_get_monotonic_time();
		answer = etcd_link_ask(e->link, "/v3/lease/grant", body, error);
		if (!answer)
			return false;
		lease->id = etcd_get_number(answer, "ID");
		json_decref(answer);
	}
	return true;
}

void etcd_leases_start(struct etcd *e)
{
	for (unsigned int i = STORE_LEASE_QUICK; i < STORE_LEASE_COUNT; i++) {
		struct etcd_lease *lease = &e->leases[i];

		lease->e = e;
		lease->kind = (enum store_lease)i;
		lease->keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
						    (GDestroyNotify)g_bytes_unref);
		lease->timer = g_timeout_add(lease_seconds[i] * 1000 / 3, lease_beat, lease);
	}
}

/* The quick one ends now, so that what it stood for moves; the steady one has its time, in
 * which its keys find another program. */
void etcd_leases_stop(struct etcd *e)
{
	const struct etcd_lease *quick = &e->leases[STORE_LEASE_QUICK];
	g_autofree char *body =
		g_strdup_printf("{\"ID\":\"%" G_GUINT64_FORMAT "\"}", quick->id);

	if (quick->timer && etcd_lease_is_held(e, STORE_LEASE_QUICK))
		json_decref(etcd_link_ask(e->link, "/v3/lease/revoke", body, NULL));
	for (unsigned int i = STORE_LEASE_QUICK; i < STORE_LEASE_COUNT; i++) {
		g_clear_handle_id(&e->leases[i].timer, g_source_remove);
		g_clear_pointer(&e->leases[i].keys, g_hash_table_unref);
	}
}
