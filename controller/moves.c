/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/moves.h"

#include <glib.h>

#define KEEP	  (60 * G_USEC_PER_SEC)
#define MOVES_MAX 65536

/* From where to where; TO is NULL while the port is bound to no host. */
struct move {
	struct uuid port;
	const char *from;
	const char *to;
	gint64 since;
};

struct moves {
	GHashTable *ports; /* struct uuid in struct move -> struct move */
};

static bool is_old(const struct move *move)
{
	return g_get_monotonic_time() - move->since > KEEP;
}

static gboolean move_is_old(gpointer key, gpointer value, gpointer data)
{
	return is_old(value);
}

static const char *host_of(const struct port *port)
{
	return port && port->host_id && *port->host_id ? port->host_id : NULL;
}

static void move_note(struct moves *moves, struct uuid port, const char *from, const char *to)
{
	struct move *move = g_hash_table_lookup(moves->ports, &port);

	/* bound nowhere in between: it still comes from where it was */
	if (!from && (!move || is_old(move)))
		return;
	if (!from)
		from = move->from;
	if (g_hash_table_size(moves->ports) >= MOVES_MAX)
		g_hash_table_foreach_remove(moves->ports, move_is_old, NULL);
	if (g_hash_table_size(moves->ports) >= MOVES_MAX)
		return;
	move = g_new0(struct move, 1);
	*move = (struct move){port, from, to, g_get_monotonic_time()};
	g_hash_table_replace(moves->ports, &move->port, move);
}

static void cloud_changed(enum kind kind, const void *before, const void *after,
			  uint64_t store_revision, void *data)
{
	const char *from, *to;

	if (kind != KIND_PORT || !after)
		return;
	from = host_of(before);
	to = host_of(after);
	if (from != to)
		move_note(data, ((const struct object *)after)->id, from, to);
}

const char *moves_find(const struct moves *moves, struct uuid port, const char *from)
{
	const struct move *move = g_hash_table_lookup(moves->ports, &port);

	if (!move || !move->to || is_old(move) || g_strcmp0(move->from, from) != 0 ||
	    g_strcmp0(move->to, from) == 0)
		return NULL;
	return move->to;
}

struct moves *moves_new(struct cloud *cloud)
{
	struct moves *moves = g_new0(struct moves, 1);

	moves->ports = g_hash_table_new_full(uuid_hash, uuid_same, NULL, g_free);
	cloud_listen(cloud, cloud_changed, moves);
	return moves;
}

void moves_free(struct moves *moves)
{
	if (!moves)
		return;
	g_hash_table_unref(moves->ports);
	g_free(moves);
}
