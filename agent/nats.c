/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/nats.h"

#include <errno.h>
#include <string.h>
#include <bpf/bpf.h>

#define SWEEP_SECONDS 30
#define STEP	      512 /* entries of one turn of the loop: a system call each */
#define DOUBTS_MAX    65536

struct nats {
	int nat, conn, gateway;
	guint timer;
	guint idle;
	GHashTable *doubts; /* set of struct nat_key: without a connection at the last sweep */
	/* Of the sweep under way. */
	GHashTable *found; /* ... at this one */
	uint8_t cursor[sizeof(struct nat_key)];
	bool started;
	gsize seen;
	gsize count;
	struct nat_key keys[STEP];
	struct nat_value values[STEP];
};

/* What the programs make of a connection whose far end, to the gateway's slot, is the tenant's. */
static struct nat_key key_out(const struct conn_key *conn)
{
	return (struct nat_key){.slot = conn->slot,
				.proto = (uint8_t)conn->proto,
				.way = NAT_OUT,
				.port = conn->rport,
				.rport = conn->lport,
				.addr = conn->remote,
				.remote = conn->local};
}

static struct conn_key conn_of(const struct nat_key *out)
{
	return (struct conn_key){.slot = out->slot,
				 .lport = out->rport,
				 .rport = out->port,
				 .local = out->remote,
				 .remote = out->addr,
				 .proto = out->proto};
}

/* The other entry of the two. FRONT: slot that is asked for the gateway's address. */
static struct nat_key key_in(const struct nat_key *out, const struct nat_value *value,
			     uint32_t front)
{
	return (struct nat_key){.slot = front,
				.proto = out->proto,
				.way = NAT_IN,
				.port = value->port,
				.rport = out->rport,
				.addr = value->addr,
				.remote = out->remote};
}

static struct nat_key key_back(const struct nat_key *in, const struct nat_value *value)
{
	return (struct nat_key){.slot = value->slot,
				.proto = in->proto,
				.way = NAT_OUT,
				.port = value->port,
				.rport = in->rport,
				.addr = value->addr,
				.remote = in->remote};
}

static bool value_is(const struct nat_value *value, struct abi_ip addr, __be16 port)
{
	return value->port == port && memcmp(&value->addr, &addr, sizeof(addr)) == 0;
}

static uint32_t front_of(const struct nats *nats, uint32_t slot)
{
	struct gateway_value gateway;

	if (bpf_map_lookup_elem(nats->gateway, &slot, &gateway) || !gateway.front)
		return slot;
	return gateway.front;
}

bool nats_find(const struct nats *nats, const struct conn_key *conn, struct nat_value *out)
{
	struct nat_key key = key_out(conn);

	return bpf_map_lookup_elem(nats->nat, &key, out) == 0;
}

/* IN is there, and OUT's. */
static bool leads_back(const struct nats *nats, const struct nat_key *in,
		       const struct nat_key *out)
{
	struct nat_value back;

	return bpf_map_lookup_elem(nats->nat, in, &back) == 0 && back.slot == out->slot &&
	       value_is(&back, out->addr, out->port);
}

void nats_ended(struct nats *nats, const struct conn_key *conn)
{
	struct nat_key out = key_out(conn), in;
	struct nat_value value;

	if (bpf_map_lookup_elem(nats->nat, &out, &value))
		return;
	in = key_in(&out, &value, front_of(nats, out.slot));
	/* The way back first: a packet meanwhile has its way out, and makes nothing that we would halve.
	 * Somebody else's by now? Then it stays. */
	if (leads_back(nats, &in, &out))
		bpf_map_delete_elem(nats->nat, &in);
	bpf_map_delete_elem(nats->nat, &out);
}

/* ---------------------------------------------------------------- sweep */

static bool has_conn(const struct nats *nats, const struct nat_key *out)
{
	struct conn_key key = conn_of(out);
	struct conn_value value;

	return bpf_map_lookup_elem(nats->conn, &key, &value) == 0;
}

static bool is_orphan(const struct nats *nats, const struct nat_key *key,
		      const struct nat_value *value)
{
	struct nat_value other;
	struct nat_key out, in;

	if (key->way == NAT_OUT) {
		in = key_in(key, value, front_of(nats, key->slot));
		return !has_conn(nats, key) || !leads_back(nats, &in, key);
	}
	out = key_back(key, value);
	return bpf_map_lookup_elem(nats->nat, &out, &other) ||
	       !value_is(&other, key->addr, key->port);
}

/* Made before its connection, it may be in doubt once. */
static void sweep_entry(struct nats *nats, const struct nat_key *key,
			const struct nat_value *value)
{
	nats->seen++;
	if (!is_orphan(nats, key, value))
		return;
	if (g_hash_table_contains(nats->doubts, key)) {
		if (bpf_map_delete_elem(nats->nat, key) == 0)
			nats->seen--;
	} else if (g_hash_table_size(nats->found) < DOUBTS_MAX) {
		g_hash_table_add(nats->found, g_memdup2(key, sizeof(*key)));
	}
}

/* False: the table has ended (or cannot be read). */
static bool sweep_step(struct nats *nats)
{
	uint8_t next[sizeof(nats->cursor)];
	uint32_t count = STEP;
	int status = bpf_map_lookup_batch(nats->nat, nats->started ? nats->cursor : NULL, next,
					  nats->keys, nats->values, &count, NULL);

	if (status && errno != ENOENT)
		return false;
	for (uint32_t i = 0; i < count; i++)
		sweep_entry(nats, &nats->keys[i], &nats->values[i]);
	nats->started = true;
	memcpy(nats->cursor, next, sizeof(next));
	return status == 0;
}

static guint key_hash(gconstpointer data)
{
	const uint32_t *words = data;
	guint hash = 0;

	for (gsize i = 0; i < sizeof(struct nat_key) / sizeof(*words); i++)
		hash = (hash ^ words[i]) * 0x9e3779b1u;
	return hash ^ hash >> 16;
}

static gboolean key_same(gconstpointer a, gconstpointer b)
{
	return memcmp(a, b, sizeof(struct nat_key)) == 0;
}

static GHashTable *keys_new(void)
{
	return g_hash_table_new_full(key_hash, key_same, g_free, NULL);
}

static void sweep_begin(struct nats *nats)
{
	nats->started = false;
	nats->seen = 0;
	g_hash_table_remove_all(nats->found);
}

static void sweep_end(struct nats *nats)
{
	GHashTable *doubts = nats->doubts;

	nats->count = nats->seen;
	nats->doubts = nats->found;
	nats->found = doubts;
}

void nats_sweep(struct nats *nats)
{
	if (nats->idle)
		g_source_remove(nats->idle);
	nats->idle = 0;
	sweep_begin(nats);
	while (sweep_step(nats))
		;
	sweep_end(nats);
}

static gboolean idle_step(gpointer data)
{
	struct nats *nats = data;

	if (sweep_step(nats))
		return G_SOURCE_CONTINUE;
	nats->idle = 0;
	sweep_end(nats);
	return G_SOURCE_REMOVE;
}

static gboolean timer_due(gpointer data)
{
	struct nats *nats = data;

	if (nats->idle)
		return G_SOURCE_CONTINUE;
	sweep_begin(nats);
	nats->idle = g_idle_add(idle_step, nats);
	return G_SOURCE_CONTINUE;
}

/* Keys are taken from a batch before any of them is deleted: the cursor stands behind it. */
void nats_purge(struct nats *nats, bool (*is_gone)(uint32_t slot, void *data), void *data)
{
	uint8_t cursor[sizeof(struct nat_key)], next[sizeof(cursor)];
	bool started = false, more = true;

	if (nats->idle)
		g_source_remove(nats->idle);
	nats->idle = 0;
	while (more) {
		uint32_t count = STEP;
		int status = bpf_map_lookup_batch(nats->nat, started ? cursor : NULL, next,
						  nats->keys, nats->values, &count, NULL);

		if (status && errno != ENOENT)
			return;
		for (uint32_t i = 0; i < count; i++)
			if (is_gone(nats->keys[i].slot, data) ||
			    is_gone(nats->values[i].slot, data))
				bpf_map_delete_elem(nats->nat, &nats->keys[i]);
		started = true;
		more = status == 0;
		memcpy(cursor, next, sizeof(next));
	}
}

struct nats *nats_new(int nat, int conn, int gateway)
{
	struct nats *nats = g_new0(struct nats, 1);

	nats->nat = nat;
	nats->conn = conn;
	nats->gateway = gateway;
	nats->doubts = keys_new();
	nats->found = keys_new();
	nats->timer = g_timeout_add_seconds(SWEEP_SECONDS, timer_due, nats);
	return nats;
}

void nats_free(struct nats *nats)
{
	if (!nats)
		return;
	g_source_remove(nats->timer);
	if (nats->idle)
		g_source_remove(nats->idle);
	g_hash_table_unref(nats->doubts);
	g_hash_table_unref(nats->found);
	g_free(nats);
}

gsize nats_get_count(const struct nats *nats)
{
	return nats->count;
}
