/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/physicals.h"

#include <string.h>

#include "agent/agent.h"
#include "agent/announce.h"
#include "agent/links.h"
#include "agent/ports.h"
#include "lib/error.h"
#include "lib/log.h"

#define MODULE	     "gateway"
#define TOLD_TIMES   3 /* a frame may be lost, and a switch's port slow to open */
#define TOLD_SECONDS 1

struct physical {
	const char *name;   /* of the network; the options' */
	const char *device; /* ... */
	struct link link;   /* ifindex 0: it is not here */
	bool hooked;
};

/* A gateway that has come here, or whose device has. */
struct voice {
	struct uuid id;
	int left; /* times to tell */
};

struct physicals {
	struct agent *agent;
	GArray *list;	      /* struct physical */
	GArray *voices;	      /* struct voice */
	GHashTable *reported; /* id of a gateway's port, owned -> is it wired */
	guint timer;
};

static struct physical *physical_at(const struct physicals *physicals, guint i)
{
	return &g_array_index(physicals->list, struct physical, i);
}

/* -------------------------------------------------------------- telling */

static void voice_add(struct physicals *physicals, struct uuid id)
{
	struct voice voice = {id, TOLD_TIMES};

	for (guint i = 0; i < physicals->voices->len; i++) {
		struct voice *known = &g_array_index(physicals->voices, struct voice, i);

		if (uuid_equal(known->id, id)) {
			known->left = TOLD_TIMES;
			return;
		}
	}
	g_array_append_val(physicals->voices, voice);
}

static struct voice *voice_find(const struct physicals *physicals, struct uuid id)
{
	for (guint i = 0; i < physicals->voices->len; i++) {
		struct voice *voice = &g_array_index(physicals->voices, struct voice, i);

		if (uuid_equal(voice->id, id))
			return voice;
	}
	return NULL;
}

static struct physical *physical_find(const struct physicals *physicals, uint32_t ifindex)
{
	for (guint i = 0; ifindex && i < physicals->list->len; i++)
		if (physical_at(physicals, i)->link.ifindex == ifindex)
			return physical_at(physicals, i);
	return NULL;
}

static void tell_one(const struct wire *wire, const struct row_gateway *gateway, bool is_new,
		     void *data)
{
	const struct physicals *physicals = data;
	const struct physical *physical = physical_find(physicals, wire->ifindex);
	const struct voice *voice = voice_find(physicals, wire->id);

	for (gsize i = 0; physical && voice && i < gateway->exit_count; i++) {
		uint8_t frame[ANNOUNCE_FRAME_MAX];
		gsize size = announce_write(gateway->exits[i].ip, physical->link.mac, frame);
		g_autoptr(GError) error = NULL;
		char text[IP_TEXT];

		if (!punt_send(physicals->agent->punt, wire->ifindex, frame, size, &error))
			log_debug(MODULE, "%s: not told: %s",
				  ip_print(gateway->exits[i].ip, text), error->message);
	}
}

static gboolean tell(gpointer data)
{
	struct physicals *physicals = data;

	state_foreach_gateway(physicals->agent->state, tell_one, physicals);
	for (guint i = physicals->voices->len; i-- > 0;)
		if (!--g_array_index(physicals->voices, struct voice, i).left)
			g_array_remove_index_fast(physicals->voices, i);
	if (physicals->voices->len)
		return G_SOURCE_CONTINUE;
	physicals->timer = 0;
	return G_SOURCE_REMOVE;
}

/* Now, and again by and by. */
static void tell_soon(struct physicals *physicals)
{
	if (!physicals->voices->len || physicals->timer)
		return;
	physicals->timer = g_timeout_add_seconds(TOLD_SECONDS, tell, physicals);
	tell(physicals);
}

/* -------------------------------------------------------------- devices */

struct behind {
	struct physicals *physicals;
	uint32_t ifindex;
};

static void voice_add_behind(const struct wire *wire, const struct row_gateway *gateway,
			     bool is_new, void *data)
{
	const struct behind *behind = data;

	if (wire->ifindex == behind->ifindex)
		voice_add(behind->physicals, wire->id);
}

static void link_take(struct physicals *physicals, struct physical *physical,
		      const struct link *link)
{
	struct agent *agent = physicals->agent;
	struct behind behind = {physicals, link->ifindex};
	bool is_new = physical->link.ifindex != link->ifindex ||
		      !mac_equal(physical->link.mac, link->mac);

	if (physical->link.ifindex != link->ifindex) {
		physical->hooked = false;
		log_info(MODULE, "%s: device %s of physical network %s", agent->options->host,
			 physical->device, physical->name);
	}
	physical->link = *link;
	state_set_physical(agent->state, physical->name, link->ifindex, link->mac, link->mtu);
	if (is_new)
		state_foreach_gateway(agent->state, voice_add_behind, &behind);
}

static void link_lose(struct physicals *physicals, struct physical *physical)
{
	struct agent *agent = physicals->agent;

	log_warn(MODULE, "%s: device %s of physical network %s is gone", agent->options->host,
		 physical->device, physical->name);
	hooks_detach(agent->hooks, physical->link.ifindex);
	physical->hooked = false;
	memset(&physical->link, 0, sizeof(physical->link));
	state_set_physical(agent->state, physical->name, 0, (struct mac){0}, 0);
}

/* Is it here, and as it was? True: something is to be applied. */
static bool physical_look(struct physicals *physicals, struct physical *physical)
{
	struct link link = {0};

	if (!links_find(physicals->agent->netlink, physical->device, &link) ||
	    link.ifindex == physicals->agent->uplink)
		memset(&link, 0, sizeof(link));
	if (link.ifindex == physical->link.ifindex && link.mtu == physical->link.mtu &&
	    mac_equal(link.mac, physical->link.mac))
		return false;
	if (link.ifindex)
		link_take(physicals, physical, &link);
	else
		link_lose(physicals, physical);
	return true;
}

void physicals_link_seen(struct physicals *physicals, uint32_t ifindex, const char *name)
{
	bool changed = false;

	for (guint i = 0; physicals && i < physicals->list->len; i++) {
		struct physical *physical = physical_at(physicals, i);

		if (!ifindex || physical->link.ifindex == ifindex ||
		    strcmp(physical->device, name) == 0)
			changed |= physical_look(physicals, physical);
	}
	if (changed)
		agent_apply(physicals->agent);
}

void physicals_link_gone(struct physicals *physicals, uint32_t ifindex)
{
	struct physical *physical = physicals ? physical_find(physicals, ifindex) : NULL;

	if (!physical)
		return;
	link_lose(physicals, physical);
	agent_apply(physicals->agent);
}

/* ---------------------------------------------------------------- hooks */

static bool physical_hook(struct physicals *physicals, struct physical *physical)
{
	struct agent *agent = physicals->agent;
	uint32_t ifindex = physical->link.ifindex;
	g_autoptr(GError) error = NULL;

	if (hooks_attach(agent->hooks, ifindex,
			 programs_get_fd(agent->programs, PROGRAM_OUTSIDE), &error) &&
	    hooks_attach_out(agent->hooks, ifindex,
			     programs_get_fd(agent->programs, PROGRAM_ASKS), &error))
		return true;
	log_error(MODULE, "%s: %s", agent->options->host, error->message);
	return false;
}

bool physicals_need(const struct physicals *physicals, uint32_t ifindex)
{
	return physicals && physical_find(physicals, ifindex) &&
	       state_needs_physical(physicals->agent->state, ifindex);
}

void physicals_hook(struct physicals *physicals)
{
	for (guint i = 0; i < physicals->list->len; i++) {
		struct physical *physical = physical_at(physicals, i);

		if (physicals_need(physicals, physical->link.ifindex))
			physical->hooked = physical_hook(physicals, physical);
	}
}

/* What is longer than the device takes is dropped there, and nobody is told. */
static void mtu_check(const struct physical *physical, const struct row_gateway *gateway)
{
	if (physical && physical->link.mtu < gateway->mtu)
		log_warn(MODULE,
			 "device %s of physical network %s: MTU %u, the network's is %u",
			 physical->device, physical->name, physical->link.mtu, gateway->mtu);
}

static void slot_prepare(const struct wire *wire, const struct row_gateway *gateway,
			 bool is_new, void *data)
{
	struct physicals *physicals = data;
	char id[UUID_TEXT];

	if (!is_new)
		return;
	maps_clear_slot(physicals->agent->maps, wire->slot);
	voice_add(physicals, wire->id);
	log_info(MODULE, "%s: carried here: physical network %s", uuid_print(wire->id, id),
		 gateway->physical ? gateway->physical : "none");
	mtu_check(physical_find(physicals, wire->ifindex), gateway);
}

void physicals_prepare(struct physicals *physicals)
{
	struct agent *agent = physicals->agent;

	state_foreach_gateway(agent->state, slot_prepare, physicals);
	state_gateways_told(agent->state);
	for (guint i = 0; agent->hooked && i < physicals->list->len; i++) {
		struct physical *physical = physical_at(physicals, i);

		if (!physical->hooked && physicals_need(physicals, physical->link.ifindex))
			physical->hooked = physical_hook(physicals, physical);
	}
}

/* -------------------------------------------------------------- reports */

static void wired_add(const struct wire *wire, const struct row_gateway *gateway, bool is_new,
		      void *data)
{
	const struct physicals *physicals = ((void **)data)[0];
	const struct physical *physical = physical_find(physicals, wire->ifindex);
	GHashTable *wired = ((void **)data)[1];

	g_hash_table_replace(wired, g_memdup2(&wire->id, sizeof(wire->id)),
			     GINT_TO_POINTER(physical && physical->hooked));
}

/* What is new or otherwise than it was told. */
static void report(struct physicals *physicals)
{
	GHashTable *wired = g_hash_table_new_full(uuid_hash, uuid_same, g_free, NULL);
	void *data[] = {physicals, wired};
	struct feed *feed = physicals->agent->feed;
	gpointer id, is, was;
	GHashTableIter iter;
	char text[UUID_TEXT];

	state_foreach_gateway(physicals->agent->state, wired_add, data);
	g_hash_table_iter_init(&iter, wired);
	while (g_hash_table_iter_next(&iter, &id, &is))
		if (!g_hash_table_lookup_extended(physicals->reported, id, NULL, &was) ||
		    is != was)
			feed_report_port(feed, uuid_print(*(struct uuid *)id, text),
					 GPOINTER_TO_INT(is));
	g_hash_table_iter_init(&iter, physicals->reported);
	while (g_hash_table_iter_next(&iter, &id, NULL)) {
		if (g_hash_table_contains(wired, id))
			continue;
		feed_report_gone(feed, uuid_print(*(struct uuid *)id, text));
		log_info(MODULE, "%s: no longer carried here", text);
	}
	g_hash_table_unref(physicals->reported);
	physicals->reported = wired;
}

void physicals_applied(struct physicals *physicals)
{
	for (guint i = 0; i < physicals->list->len; i++) {
		struct physical *physical = physical_at(physicals, i);

		if (!physical->hooked || physicals_need(physicals, physical->link.ifindex))
			continue;
		hooks_detach(physicals->agent->hooks, physical->link.ifindex);
		physical->hooked = false;
	}
	report(physicals);
	tell_soon(physicals);
}

/* ------------------------------------------------------- life and death */

struct physicals *physicals_new(struct agent *agent, GError **error)
{
	struct physicals *physicals = g_new0(struct physicals, 1);
	const GArray *given = agent->options->physicals;

	physicals->agent = agent;
	physicals->list = g_array_new(FALSE, TRUE, sizeof(struct physical));
	physicals->voices = g_array_new(FALSE, FALSE, sizeof(struct voice));
	physicals->reported = g_hash_table_new_full(uuid_hash, uuid_same, g_free, NULL);
	for (guint i = 0; i < given->len; i++) {
		const struct options_physical *option =
			&g_array_index(given, struct options_physical, i);
		struct physical physical = {.name = option->name, .device = option->device};
		struct link link = {0};

		if (links_find(agent->netlink, option->device, &link) &&
		    link.ifindex == agent->uplink) {
			g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
				    "--physical %s=%s: the device is the underlay's",
				    option->name, option->device);
			physicals_free(physicals);
			return NULL;
		}
		g_array_append_val(physicals->list, physical);
		if (!physical_look(physicals, physical_at(physicals, i)))
			log_warn(MODULE, "%s: device %s of physical network %s is not here",
				 agent->options->host, option->device, option->name);
	}
	return physicals;
}

void physicals_free(struct physicals *physicals)
{
	if (!physicals)
		return;
	if (physicals->timer)
		g_source_remove(physicals->timer);
	g_array_unref(physicals->list);
	g_array_unref(physicals->voices);
	g_hash_table_unref(physicals->reported);
	g_free(physicals);
}
