/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A parcel is what is kept of one port. It is filled from the table (or by weftd), kept until the
 * port's row or its attachment says where to, and then sent or put into the table; all in small
 * steps of the main loop, all with an end.
 */
#include "agent/handover.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

#include "abi/hash.h"
#include "agent/agent.h"
#include "agent/handed.h"
#include "agent/jiffies.h"
#include "agent/share.h"
#include "lib/http_client.h"
#include "lib/log.h"

#define MODULE	     "handover"
#define STEP	     2048 /* connections of one turn of the loop */
#define TRIES	     3	  /* to read the table */
#define CHUNK	     2000 /* of one request, of one line */
#define PARCELS_MAX  1024
#define ENTRIES_MAX  262144 /* in all parcels */
#define KEEP_SECONDS 60	    /* until the port's row or attachment has to say something */
#define SEND_SECONDS 10	    /* until the other host has to be reached */

enum stage {
	STAGE_FILL, /* its slot's connections are looked for */
	STAGE_KEEP,
	STAGE_SEND,
	STAGE_PLACE, /* goes into the table */
};

struct entry {
	struct conn_key key;
	struct conn_value value;
};

struct parcel {
	struct handover *handover;
	struct uuid port;
	enum stage stage;
	bool fresh;    /* came while a walk was under way, which does not count for it */
	uint32_t slot; /* that it is filled from */
	char *from;    /* another host; NULL: this one */
	GArray *entries;
	guint done;   /* of them, sent or placed */
	guint placed; /* of these, so many had room */
	gint64 deadline;
	unsigned int tries; /* controllers that have refused in this round */
	unsigned int nth;   /* controller */
	bool unknown;	    /* all that have answered say that it has moved nowhere */
	struct http_call *call;
};

struct handover {
	struct agent *agent;
	GPtrArray *parcels;
	struct jiffies *jiffies;
	guint idle;
	guint timer;
	bool walking;
	bool started;
	unsigned int failures; /* of the walk */
	gsize entries;
	uint8_t cursor[sizeof(struct conn_key)];
	struct conn_key keys[STEP];
	struct conn_value values[STEP];
	struct handover_counters counters;
};

static void work_on(struct handover *handover);
static void parcel_send(struct parcel *parcel);

/* -------------------------------------------------------------- parcels */

static void parcel_free(gpointer data)
{
	struct parcel *parcel = data;

	if (parcel->call)
		http_call_cancel(parcel->call);
	parcel->handover->entries -= parcel->entries->len;
	g_array_unref(parcel->entries);
	g_free(parcel->from);
	g_free(parcel);
}

/* As they are now, for a walk in which some end; a copy would take their end for its own. */
static GPtrArray *parcels_list(const struct handover *handover)
{
	GPtrArray *list = g_ptr_array_sized_new(handover->parcels->len);

	for (guint i = 0; i < handover->parcels->len; i++)
		g_ptr_array_add(list, handover->parcels->pdata[i]);
	return list;
}

static struct parcel *parcel_find(const struct handover *handover, struct uuid port)
{
	for (guint i = 0; i < handover->parcels->len; i++) {
		struct parcel *parcel = handover->parcels->pdata[i];

		if (uuid_equal(parcel->port, port))
			return parcel;
	}
	return NULL;
}

static struct parcel *parcel_new(struct handover *handover, struct uuid port)
{
	struct parcel *parcel = g_new0(struct parcel, 1);

	parcel->handover = handover;
	parcel->port = port;
	parcel->stage = STAGE_KEEP;
	parcel->entries = g_array_new(FALSE, FALSE, sizeof(struct entry));
	parcel->deadline = g_get_monotonic_time() + KEEP_SECONDS * G_USEC_PER_SEC;
	g_ptr_array_add(handover->parcels, parcel);
	return parcel;
}

/* What is not done of it is lost, for the reason WHY; NULL: nobody misses it. */
static void parcel_end(struct parcel *parcel, const char *why)
{
	struct handover *handover = parcel->handover;
	guint left = parcel->entries->len - parcel->done;
	char text[UUID_TEXT];

	if (left && why) {
		handover->counters.lost += left;
		log_warn(MODULE, "port %s: %u connections are not handed over: %s",
			 uuid_print(parcel->port, text), left, why);
	}
	g_ptr_array_remove_fast(handover->parcels, parcel);
}

static bool parcel_add(struct parcel *parcel, const struct conn_key *key,
		       const struct conn_value *value)
{
	const struct entry entry = {*key, *value};
	struct handover *handover = parcel->handover;

	if (handover->entries >= ENTRIES_MAX ||
	    parcel->entries->len >= handover->agent->options->port_connections)
		return false;
	handover->entries++;
	g_array_append_val(parcel->entries, entry);
	return true;
}

/* -------------------------------------------------------------- filling */

static struct parcel *parcel_find_slot(const struct handover *handover, uint32_t slot)
{
	for (guint i = 0; i < handover->parcels->len; i++) {
		struct parcel *parcel = handover->parcels->pdata[i];

		if (parcel->stage == STAGE_FILL && parcel->slot == slot)
			return parcel;
	}
	return NULL;
}

bool handover_holds(const struct handover *handover, uint32_t slot)
{
	return parcel_find_slot(handover, slot) != NULL;
}

bool handover_is_collecting(const struct handover *handover)
{
	for (guint i = 0; i < handover->parcels->len; i++)
		if (((struct parcel *)handover->parcels->pdata[i])->stage == STAGE_FILL)
			return true;
	return false;
}

/* From the start once more: what has been taken out is not there again. False: often enough. */
static bool walk_again(struct handover *handover)
{
	const char *why = g_strerror(errno);

	handover->started = false;
	if (++handover->failures < TRIES)
		return true;
	log_warn(MODULE,
		 "map conn: cannot be read: %s: connections of ports that move are lost", why);
	return false;
}

/* False: the table has ended (or cannot be read). */
static bool walk_step(struct handover *handover)
{
	int fd = programs_find_map(handover->agent->programs, "conn");
	uint8_t next[sizeof(handover->cursor)];
	uint32_t count = STEP;
	int status = bpf_map_lookup_batch(fd, handover->started ? handover->cursor : NULL, next,
					  handover->keys, handover->values, &count, NULL);

	if (status && errno != ENOENT)
		return walk_again(handover);
	for (uint32_t i = 0; i < count; i++) {
		struct parcel *parcel = parcel_find_slot(handover, handover->keys[i].slot);

		if (!parcel)
			continue;
		if (handover->values[i].state < CONN_CLOSED &&
		    !parcel_add(parcel, &handover->keys[i], &handover->values[i]))
			handover->counters.lost++;
		bpf_map_delete_elem(fd, &handover->keys[i]);
	}
	handover->started = true;
	memcpy(handover->cursor, next, sizeof(next));
	return status == 0;
}

/* Where to with a parcel that is whole? */
static void parcel_route(struct parcel *parcel)
{
	const struct state *state = parcel->handover->agent->state;

	if (parcel->stage != STAGE_KEEP)
		return;
	if (!parcel->entries->len)
		parcel_end(parcel, NULL);
	else if (state_find_wire(state, parcel->port))
		parcel->stage = STAGE_PLACE;
	else if (!parcel->from && state_is_full(state) && !state_find_port(state, parcel->port))
		parcel_send(parcel);
}

static void parcels_route(struct handover *handover)
{
	g_autoptr(GPtrArray) all = parcels_list(handover);

	for (guint i = 0; i < all->len; i++)
		parcel_route(all->pdata[i]);
	work_on(handover);
}

static void walk_end(struct handover *handover)
{
	handover->walking = false;
	for (guint i = 0; i < handover->parcels->len; i++) {
		struct parcel *parcel = handover->parcels->pdata[i];

		if (parcel->stage == STAGE_FILL && !parcel->fresh)
			parcel->stage = STAGE_KEEP;
	}
	parcels_route(handover);
}

static void walk_begin(struct handover *handover)
{
	handover->walking = true;
	handover->started = false;
	handover->failures = 0;
	for (guint i = 0; i < handover->parcels->len; i++)
		((struct parcel *)handover->parcels->pdata[i])->fresh = false;
}

void handover_collect(struct handover *handover)
{
	while (handover_is_collecting(handover)) {
		walk_begin(handover);
		while (walk_step(handover))
			;
		walk_end(handover);
	}
}

/* -------------------------------------------------------------- placing */

/*
 * One turn's worth. False: all of it is in the table, or is more than the port may have: whoever
 * hands it over may not fill the table that others need, too.
 */
static bool place_step(struct parcel *parcel, const struct wire *wire)
{
	struct agent *agent = parcel->handover->agent;
	int fd = programs_find_map(agent->programs, "conn");
	guint end = MIN(parcel->done + STEP, parcel->entries->len);

	for (; parcel->done < end; parcel->done++) {
		struct entry *entry =
			&g_array_index(parcel->entries, struct entry, parcel->done);

		entry->key.slot = wire->slot;
		if (share_take(agent->share, wire->slot) &&
		    !bpf_map_update_elem(fd, &entry->key, &entry->value, BPF_NOEXIST))
			parcel->placed++;
	}
	return parcel->done < parcel->entries->len;
}

/* Its denials are looked at again. */
static void place_end(struct parcel *parcel, const struct wire *wire)
{
	struct handover *handover = parcel->handover;
	struct apply_writer writer = maps_get_writer(handover->agent->maps);
	char text[UUID_TEXT];

	writer.bump(writer.data, generation_cell(GEN_PORT, wire->slot));
	handover->counters.taken += parcel->placed;
	/* those that were there already are the workload's own, from since it is here */
	log_info(MODULE, "port %s: %u of %u connections taken over from host %s",
		 uuid_print(parcel->port, text), parcel->placed, parcel->entries->len,
		 parcel->from ? parcel->from : handover->agent->options->host);
	g_ptr_array_remove_fast(handover->parcels, parcel);
}

static bool parcels_place(struct handover *handover)
{
	for (guint i = 0; i < handover->parcels->len; i++) {
		struct parcel *parcel = handover->parcels->pdata[i];
		const struct wire *wire;

		if (parcel->stage != STAGE_PLACE)
			continue;
		wire = state_find_wire(handover->agent->state, parcel->port);
		if (!wire)
			parcel->stage = STAGE_KEEP; /* gone again */
		else if (!place_step(parcel, wire))
			place_end(parcel, wire);
		return true;
	}
	return false;
}

static gboolean work(gpointer data)
{
	struct handover *handover = data;

	if (!handover->walking && handover_is_collecting(handover))
		walk_begin(handover);
	if (handover->walking) {
		if (!walk_step(handover))
			walk_end(handover);
		return G_SOURCE_CONTINUE;
	}
	if (parcels_place(handover))
		return G_SOURCE_CONTINUE;
	handover->idle = 0;
	return G_SOURCE_REMOVE;
}

static void work_on(struct handover *handover)
{
	if (!handover->idle)
		handover->idle = g_idle_add(work, handover);
}

/* -------------------------------------------------------------- sending */

static char *chunk_print(const struct parcel *parcel, guint end)
{
	uint64_t now = jiffies_get(parcel->handover->jiffies);
	json_t *conns = json_array();
	json_auto_t *body = NULL;
	char port[UUID_TEXT];

	for (guint i = parcel->done; i < end; i++) {
		const struct entry *entry = &g_array_index(parcel->entries, struct entry, i);

		json_array_append_new(
			conns, handed_print(&entry->key, &entry->value, now, jiffies_hz()));
	}
	body = json_pack("{s:s,s:o}", "port", uuid_print(parcel->port, port), "conns", conns);
	return json_dumps(body, JSON_COMPACT);
}

static void parcel_given(struct parcel *parcel, const struct http_answer *answer)
{
	struct handover *handover = parcel->handover;
	json_auto_t *body = json_loads(answer->body, 0, NULL);
	const char *host = json_string_value(json_object_get(body, "host"));
	guint end = MIN(parcel->done + CHUNK, parcel->entries->len);
	char text[UUID_TEXT];

	handover->counters.given += end - parcel->done;
	parcel->done = end;
	parcel->tries = 0;
	if (parcel->done < parcel->entries->len) {
		parcel_send(parcel);
		return;
	}
	log_info(MODULE, "port %s: %u connections handed over to host %s",
		 uuid_print(parcel->port, text), parcel->done, host ? host : "unknown");
	parcel_end(parcel, NULL);
}

static void chunk_answered(const struct http_answer *answer, const GError *error, void *data)
{
	struct parcel *parcel = data;
	struct handover *handover = parcel->handover;
	g_autofree char *why = NULL;

	parcel->call = NULL;
	if (answer && answer->status == 200) {
		parcel_given(parcel, answer);
		return;
	}
	if (!answer || answer->status != 404)
		parcel->unknown = false;
	parcel->nth++;
	if (++parcel->tries < feed_count_controllers(handover->agent->feed)) {
		parcel_send(parcel);
		return;
	}
	/* All of them: it is deleted, or the timer tries again. */
	if (parcel->unknown && !parcel->done) {
		parcel_end(parcel, NULL);
		return;
	}
	if (g_get_monotonic_time() < parcel->deadline)
		return;
	why = g_strdup_printf("%.256s", answer ? answer->body : error->message);
	parcel_end(parcel, why);
}

static void parcel_send(struct parcel *parcel)
{
	struct feed *feed = parcel->handover->agent->feed;
	char *body;

	if (parcel->stage != STAGE_SEND) {
		parcel->stage = STAGE_SEND;
		parcel->nth = 0;
		parcel->tries = 0;
		parcel->deadline = g_get_monotonic_time() + SEND_SECONDS * G_USEC_PER_SEC;
	}
	if (!parcel->tries)
		parcel->unknown = true;
	body = chunk_print(parcel, MIN(parcel->done + CHUNK, parcel->entries->len));
	parcel->call = feed_send(feed, "handover", parcel->nth, body, chunk_answered, parcel);
	free(body);
}

/* ----------------------------------------------------------------- life */

static gboolean parcels_look(gpointer data)
{
	struct handover *handover = data;
	g_autoptr(GPtrArray) all = parcels_list(handover);
	gint64 now = g_get_monotonic_time();

	for (guint i = 0; i < all->len; i++) {
		struct parcel *parcel = all->pdata[i];

		if (parcel->stage == STAGE_KEEP && now >= parcel->deadline) {
			parcel_end(parcel, "the port is attached nowhere");
		} else if (parcel->stage == STAGE_SEND && !parcel->call) {
			parcel->tries = 0;
			parcel_send(parcel);
		}
	}
	return G_SOURCE_CONTINUE;
}

void handover_leave(struct handover *handover, struct uuid port, uint32_t slot)
{
	struct parcel *parcel = parcel_find(handover, port);

	if (parcel)
		parcel_end(parcel, "the port has left again");
	if (handover->parcels->len >= PARCELS_MAX)
		return;
	parcel = parcel_new(handover, port);
	parcel->stage = STAGE_FILL;
	parcel->slot = slot;
	parcel->fresh = handover->walking;
	work_on(handover);
}

void handover_arrive(struct handover *handover, struct uuid port)
{
	struct parcel *parcel = parcel_find(handover, port);

	if (!parcel)
		return;
	/* it has come back while its connections were on their way */
	if (parcel->stage == STAGE_SEND && !parcel->done) {
		g_clear_pointer(&parcel->call, http_call_cancel);
		parcel->stage = STAGE_KEEP;
	}
	parcel_route(parcel);
	work_on(handover);
}

void handover_update(struct handover *handover)
{
	if (handover->parcels->len)
		parcels_route(handover);
}

/* The connections of VALUE to PARCEL; how many of them are none. */
static guint parcel_read(struct parcel *parcel, const json_t *conns)
{
	uint64_t now = jiffies_get(parcel->handover->jiffies);
	struct conn_value value;
	struct conn_key key;
	guint wrong = 0;

	for (size_t i = 0; i < json_array_size(conns); i++)
		if (!handed_parse(json_array_get(conns, i), now, jiffies_hz(), &key, &value))
			wrong++;
		else if (!parcel_add(parcel, &key, &value))
			parcel->handover->counters.lost++;
	return wrong;
}

void handover_take(struct handover *handover, const char *text, const json_t *value)
{
	const char *from = json_string_value(json_object_get(value, "from"));
	const json_t *conns = json_object_get(value, "conns");
	struct parcel *parcel;
	struct uuid port;
	guint wrong;

	if (!uuid_parse(text, &port) || !from || !json_is_array(conns)) {
		log_warn(MODULE, "port %.64s: what is handed over is not whole", text);
		return;
	}
	parcel = parcel_find(handover, port);
	if (parcel && !parcel->from)
		return; /* it is ours to hand over */
	if (!parcel && handover->parcels->len >= PARCELS_MAX) {
		handover->counters.lost += json_array_size(conns);
		return;
	}
	if (!parcel)
		parcel = parcel_new(handover, port);
	g_free(parcel->from);
	parcel->from = g_strdup(from);
	wrong = parcel_read(parcel, conns);
	if (wrong)
		log_warn(MODULE, "port %s: from host %s: %u connections are none", text, from,
			 wrong);
	parcel_route(parcel);
	work_on(handover);
}

struct handover_counters handover_get_counters(const struct handover *handover)
{
	return handover->counters;
}

struct handover *handover_new(struct agent *agent)
{
	struct handover *handover = g_new0(struct handover, 1);

	handover->agent = agent;
	handover->parcels = g_ptr_array_new_with_free_func(parcel_free);
	handover->jiffies = jiffies_new();
	handover->timer = g_timeout_add_seconds(1, parcels_look, handover);
	return handover;
}

void handover_free(struct handover *handover)
{
	if (!handover)
		return;
	g_source_remove(handover->timer);
	if (handover->idle)
		g_source_remove(handover->idle);
	g_ptr_array_unref(handover->parcels);
	jiffies_free(handover->jiffies);
	g_free(handover);
}
