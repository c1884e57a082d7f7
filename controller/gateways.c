/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All gateways are looked at again when anything has changed that could matter to one, a few in
 * each turn of the loop; those of a host when it has been lost for a while. That while is longer than an
 * agent, or a controller, takes to come back: the data plane goes on without both, and connections
 * do not survive a move.
 */
#include "controller/gateways.h"

#include "api/gateway_host.h"
#include "lib/log.h"
#include "store/lead.h"

#define MODULE	      "weftd"
#define LOOK_MS	      500
#define LOST_SECONDS  10
#define AGAIN_SECONDS 10
#define PART	      32 /* gateways in one turn of the loop */

struct gateways {
	struct store *store;
	struct cloud *cloud;
	struct api *api;
	struct store_lead *lead;
	GHashTable *ids;   /* set of struct uuid: the gateways' ports */
	GHashTable *homes; /* host, interned -> how many */
	GHashTable *given; /* set of hosts, interned: lost, and their gateways looked at */
	GArray *queue;	   /* struct uuid: to be looked at */
	bool changed;	   /* something that matters to any */
	uint64_t turns;	   /* of hosts, when we looked last */
	int64_t leads_since;
	int64_t again_at; /* 0: nothing has failed */
	guint timer, turn;
	uint64_t moves;
	bool ended;
};

static int64_t now_get(void)
{
	return g_get_real_time() / G_USEC_PER_SEC;
}

/* --- which there are ------------------------------------------------------------------ */

static void home_count(struct gateways *gateways, const struct port *port, int change)
{
	int count;

	if (!port->host_id || !*port->host_id)
		return;
	count = GPOINTER_TO_INT(g_hash_table_lookup(gateways->homes, port->host_id)) + change;
	if (count)
		g_hash_table_insert(gateways->homes, (void *)port->host_id,
				    GINT_TO_POINTER(count));
	else
		g_hash_table_remove(gateways->homes, port->host_id);
}

static void port_changed(struct gateways *gateways, const struct port *before,
			 const struct port *after)
{
	if (before && port_is_gateway(before)) {
		home_count(gateways, before, -1);
		g_hash_table_remove(gateways->ids, &before->object.id);
	}
	if (!after || !port_is_gateway(after))
		return;
	home_count(gateways, after, 1);
	g_hash_table_add(gateways->ids, g_memdup2(&after->object.id, sizeof(after->object.id)));
	if (gateways->timer)
		g_array_append_val(gateways->queue, after->object.id);
}

static bool network_matters(const struct network *network)
{
	return network && network->external;
}

/* A host says where it is, an external network what it is, or it has a subnet more. */
static bool matters(const struct gateways *gateways, enum kind kind, const void *object)
{
	if (!object)
		return false;
	if (kind == KIND_NETWORK)
		return network_matters(object);
	return kind == KIND_HOST ||
	       (kind == KIND_SUBNET &&
		network_matters(cloud_find_network(
			gateways->cloud, ((const struct subnet *)object)->network_id)));
}

static void heard(enum kind kind, const void *before, const void *after, uint64_t revision,
		  void *data)
{
	struct gateways *gateways = data;

	if (kind == KIND_PORT)
		port_changed(gateways, before, after);
	else if (!gateways->changed && g_hash_table_size(gateways->ids))
		gateways->changed =
			matters(gateways, kind, before) || matters(gateways, kind, after);
}

/* --- what becomes of them ------------------------------------------------------------- */

/* Nobody waits for HOST any more. A controller that has just begun has seen no host yet. */
static bool host_is_lost(const struct gateways *gateways, const char *host)
{
	int64_t since = MAX(cloud_get_host_since(gateways->cloud, host), gateways->leads_since);

	return !cloud_is_host_alive(gateways->cloud, host) && now_get() - since >= LOST_SECONDS;
}

static void mended(struct uuid port_id, const char *from, const char *to, const GError *error,
		   void *data)
{
	struct gateways *gateways = data;
	char id[UUID_TEXT];

	uuid_print(port_id, id);
	if (error && !gateways->ended) {
		log_warn(MODULE, "gateway %s: %s", id, error->message);
		gateways->again_at = now_get() + AGAIN_SECONDS;
	}
	if (error || from == to)
		return;
	gateways->moves++;
	if (!to)
		log_warn(MODULE,
			 "gateway %s: host %s is not joined to its network any more, "
			 "and no other is",
			 id, from);
	else
		log_info(MODULE, "gateway %s: on host %s%s%s", id, to,
			 from ? " instead of " : "", from ? from : "");
}

static void look_at(struct gateways *gateways, struct uuid id)
{
	const struct port *port = cloud_find_port(gateways->cloud, id);
	bool lost;

	if (!port || !port_is_gateway(port))
		return;
	lost = port->host_id && host_is_lost(gateways, port->host_id);
	if (gateway_is_needy(gateways->cloud, port, lost))
		gateway_mend(gateways->api, id, lost ? port->host_id : NULL, mended, gateways);
}

static gboolean look_at_some(void *data)
{
	struct gateways *gateways = data;

	for (unsigned int i = 0; i < PART && gateways->queue->len; i++) {
		guint last = gateways->queue->len - 1;
		struct uuid id = g_array_index(gateways->queue, struct uuid, last);

		g_array_set_size(gateways->queue, last);
		look_at(gateways, id);
	}
	if (gateways->queue->len)
		return G_SOURCE_CONTINUE;
	gateways->turn = 0;
	return G_SOURCE_REMOVE;
}

/* --- when ----------------------------------------------------------------------------- */

static void queue_all(struct gateways *gateways)
{
	GHashTableIter iter;
	gpointer id;

	g_array_set_size(gateways->queue, 0);
	g_hash_table_iter_init(&iter, gateways->ids);
	while (g_hash_table_iter_next(&iter, &id, NULL))
		g_array_append_vals(gateways->queue, id, 1);
}

static void queue_lost(struct gateways *gateways)
{
	GHashTableIter iter;
	gpointer host;

	g_hash_table_iter_init(&iter, gateways->homes);
	while (g_hash_table_iter_next(&iter, &host, NULL)) {
		const GPtrArray *ports = cloud_list_host_ports(gateways->cloud, host);

		if (!host_is_lost(gateways, host) || !g_hash_table_add(gateways->given, host))
			continue;
		for (guint i = 0; i < ports->len; i++)
			if (port_is_gateway(ports->pdata[i]))
				g_array_append_val(gateways->queue,
						   ((struct object *)ports->pdata[i])->id);
	}
}

static gboolean look(void *data)
{
	struct gateways *gateways = data;
	uint64_t turns = cloud_count_host_turns(gateways->cloud);
	bool again = gateways->again_at && now_get() >= gateways->again_at;

	if (gateways->changed || again || turns != gateways->turns) {
		queue_all(gateways);
		g_hash_table_remove_all(gateways->given);
		gateways->again_at = 0;
	}
	gateways->changed = false;
	gateways->turns = turns;
	queue_lost(gateways);
	if (gateways->queue->len && !gateways->turn)
		gateways->turn = g_idle_add(look_at_some, gateways);
	return G_SOURCE_CONTINUE;
}

static void rest(struct gateways *gateways)
{
	g_clear_handle_id(&gateways->timer, g_source_remove);
	g_clear_handle_id(&gateways->turn, g_source_remove);
}

static void elected(bool leads, void *data)
{
	struct gateways *gateways = data;

	log_info(MODULE, "gateways: %s", leads ? "elected" : "not elected any more");
	rest(gateways);
	g_array_set_size(gateways->queue, 0);
	if (!leads || gateways->ended)
		return;
	gateways->leads_since = now_get();
	gateways->changed = true;
	gateways->timer = g_timeout_add(LOOK_MS, look, gateways);
}

/* --- its life ------------------------------------------------------------------------- */

struct gateways *gateways_new(struct store *store, struct cloud *cloud, struct api *api)
{
	const GPtrArray *ports = cloud_list(cloud, KIND_PORT);
	struct gateways *gateways = g_new0(struct gateways, 1);

	gateways->store = store;
	gateways->cloud = cloud;
	gateways->api = api;
	gateways->ids = g_hash_table_new_full(uuid_hash, uuid_same, g_free, NULL);
	gateways->homes = g_hash_table_new(g_direct_hash, g_direct_equal);
	gateways->given = g_hash_table_new(g_direct_hash, g_direct_equal);
	gateways->queue = g_array_new(FALSE, FALSE, sizeof(struct uuid));
	for (guint i = 0; i < ports->len; i++)
		port_changed(gateways, NULL, ports->pdata[i]);
	cloud_listen(cloud, heard, gateways);
	gateways->lead = store_lead_new(store, "gateways", elected, gateways);
	return gateways;
}

void gateways_stop(struct gateways *gateways)
{
	if (!gateways)
		return;
	gateways->ended = true;
	g_clear_pointer(&gateways->lead, store_lead_free);
	rest(gateways);
}

void gateways_free(struct gateways *gateways)
{
	if (!gateways)
		return;
	g_hash_table_unref(gateways->ids);
	g_hash_table_unref(gateways->homes);
	g_hash_table_unref(gateways->given);
	g_array_unref(gateways->queue);
	g_free(gateways);
}

struct gateways_counters gateways_get_counters(const struct gateways *gateways)
{
	struct gateways_counters counters = {
		.moves = gateways->moves,
		.all = g_hash_table_size(gateways->ids),
		.homeless = g_hash_table_size(gateways->ids),
		.leads = gateways->lead && store_leads(gateways->lead),
	};
	GHashTableIter iter;
	gpointer host, count;

	g_hash_table_iter_init(&iter, gateways->homes);
	while (g_hash_table_iter_next(&iter, &host, &count))
		if (cloud_is_host_alive(gateways->cloud, host))
			counters.homeless -= GPOINTER_TO_UINT(count);
	return counters;
}
