/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device goes up when its program runs and its entries stand; it goes away before the
 * slot is given to anybody else.
 */
#include "agent/ports.h"

#include <string.h>

#include "agent/agent.h"
#include "agent/handover.h"
#include "agent/netns.h"
#include "agent/scrape.h"
#include "agent/taps.h"
#include "agent/watch.h"
#include "lib/error.h"
#include "lib/log.h"

#define MODULE "port"

struct ports {
	struct agent *agent;
	GHashTable *devices; /* uuid -> struct ports_device */
};

struct ports *ports_new(struct agent *agent)
{
	struct ports *ports = g_new0(struct ports, 1);

	ports->agent = agent;
	ports->devices = g_hash_table_new_full(uuid_hash, uuid_same, NULL, g_free);
	return ports;
}

void ports_free(struct ports *ports)
{
	if (!ports)
		return;
	g_hash_table_unref(ports->devices);
	g_free(ports);
}

gsize ports_count(const struct ports *ports)
{
	return g_hash_table_size(ports->devices);
}

bool ports_has_link(const struct ports *ports, uint32_t ifindex)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, ports->devices);
	while (g_hash_table_iter_next(&iter, NULL, &value))
		if (((const struct ports_device *)value)->link.ifindex == ifindex)
			return true;
	return false;
}

static struct ports_device *device_find(const struct ports *ports, struct uuid id)
{
	return g_hash_table_lookup(ports->devices, &id);
}

const struct ports_device *ports_find(const struct ports *ports, struct uuid id)
{
	return device_find(ports, id);
}

static bool link_is_veth(const struct link *link)
{
	return strcmp(link->kind, "veth") == 0;
}

/* Its other end is in another namespace: the kernel redirects into no other. */
static bool link_is_peer(const struct link *link)
{
	return link_is_veth(link) && link->peer_netns >= 0;
}

/* ------------------------------------------------------------- recovery */

static void device_recover(struct ports *ports, const struct link *link, struct uuid id,
			   bool made)
{
	struct agent *agent = ports->agent;
	uint32_t slot = maps_find_slot(agent->maps, link->ifindex);
	struct ports_device *device;
	char text[UUID_TEXT];
	GError *error = NULL;

	if (!state_wire(agent->state, id, link->ifindex, link_is_peer(link), slot, &error)) {
		log_error(MODULE, "%s: cannot be taken over: %s", uuid_print(id, text),
			  error->message);
		g_error_free(error);
		return;
	}
	device = g_new0(struct ports_device, 1);
	*device = (struct ports_device){
		.id = id, .link = *link, .made = made, .found = true, .mtu = link->mtu};
	g_hash_table_replace(ports->devices, &device->id, device);
	log_info(MODULE, "%s: taken over: device %s", uuid_print(id, text), link->name);
}

bool ports_recover(struct ports *ports, GError **error)
{
	g_autoptr(GArray) links = links_list(ports->agent->netlink, error);

	for (guint i = 0; links && i < links->len; i++) {
		const struct link *link = &g_array_index(links, struct link, i);
		struct uuid id;
		bool made;

		if (links_parse_alias(link->alias, &id, &made) && !device_find(ports, id))
			device_recover(ports, link, id, made);
	}
	return links != NULL;
}

/* Only on a device that we have made can nobody else's filters be in the way. */
static bool device_hook(struct ports *ports, const struct ports_device *device, GError **error)
{
	struct agent *agent = ports->agent;
	int program = programs_get_fd(agent->programs, PROGRAM_PORT);

	return (device->made ? hooks_attach_soon : hooks_attach)(
		agent->hooks, device->link.ifindex, program, error);
}

void ports_hook(struct ports *ports)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, ports->devices);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		struct ports_device *device = value;
		GError *error = NULL;
		char text[UUID_TEXT];

		if (device_hook(ports, device, &error) &&
		    (device->link.up ||
		     links_set_up(ports->agent->netlink, device->link.ifindex, &error)))
			continue;
		log_error(MODULE, "%s: %s", uuid_print(device->id, text), error->message);
		g_error_free(error);
	}
}

/* --------------------------------------------------------------- detach */

static void device_remove(struct ports *ports, struct ports_device *device, const char *why)
{
	struct agent *agent = ports->agent;
	uint32_t ifindex = device->link.ifindex;
	bool row = state_find_port(agent->state, device->id) != NULL;
	struct uuid id = device->id;
	uint32_t slot = 0;
	const struct wire *wire;
	GError *error = NULL;
	char text[UUID_TEXT];

	uuid_print(device->id, text);
	/* First no more frames, then no more entries. */
	if (device->made) {
		if (!links_delete(agent->netlink, ifindex, &error)) {
			log_error(MODULE, "%s: %s", text, error->message);
			g_error_free(error);
		}
	} else {
		links_release(agent->netlink, ifindex);
	}
	hooks_detach(agent->hooks, ifindex);
	log_info(MODULE, "%s: detached: device %s: %s", text, device->link.name, why);
	wire = state_find_wire(agent->state, device->id);
	if (wire) {
		slot = wire->slot;
		scrape_keep_drops(agent->scrape, slot);
	}
	state_unwire(agent->state, device->id);
	if (row)
		feed_report_port(agent->feed, text, false);
	else
		feed_report_gone(agent->feed, text);
	g_hash_table_remove(ports->devices, &device->id);
	watch_slot_gone(agent->watch, slot);
	if (slot)
		handover_leave(agent->handover, id, slot);
}

bool ports_detach(struct ports *ports, struct uuid id, GError **error)
{
	struct ports_device *device = device_find(ports, id);
	char text[UUID_TEXT];

	if (!device) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_NOT_FOUND, "port %s: is not attached",
			    uuid_print(id, text));
		return false;
	}
	taps_let_go(ports->agent->taps, id, &device->link);
	device_remove(ports, device, "asked for");
	agent_apply(ports->agent);
	return true;
}

void ports_link_gone(struct ports *ports, uint32_t ifindex)
{
	g_autoptr(GPtrArray) gone = g_ptr_array_new();
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, ports->devices);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const struct ports_device *device = value;
		struct link link;

		if (ifindex ? device->link.ifindex == ifindex
			    : !links_find_index(ports->agent->netlink, device->link.ifindex,
						&link))
			g_ptr_array_add(gone, value);
	}
	for (guint i = 0; i < gone->len; i++)
		device_remove(ports, g_ptr_array_index(gone, i), "the device is gone");
	if (gone->len)
		agent_apply(ports->agent);
}

/* --------------------------------------------------------------- attach */

static bool name_check(const char *name, GError **error)
{
	gsize length = name ? strlen(name) : 0;

	if (length > 0 && length < LINK_NAME && !strpbrk(name, "/: \t\n") &&
	    strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
		    "device %.32s: not a name of 1 to 15 characters", name ? name : "");
	return false;
}

/* Is DEVICE where PLACE says? The name within the namespace is the workload's to change. */
static bool device_is_at(struct ports *ports, const struct ports_device *device,
			 const struct ports_place *place, const struct netns *netns)
{
	if (!place->netns)
		return strcmp(device->link.name, place->name) == 0;
	if (!link_is_veth(&device->link))
		return false;
	if (netns_is_ours(netns))
		return device->link.peer_netns < 0;
	return device->link.peer_netns >= 0 &&
	       device->link.peer_netns == netns_get_number(ports->agent->netlink, netns);
}

/* What an attach that was cut short has left. */
static void leftover_remove(struct ports *ports, struct uuid id)
{
	struct netlink *netlink = ports->agent->netlink;
	char name[LINK_NAME];
	struct link link = {0};

	links_name(id, name);
	if (links_find(netlink, name, &link) && link_is_veth(&link) && !*link.alias)
		links_delete(netlink, link.ifindex, NULL);
}

static bool veth_make(struct ports *ports, const struct row_port *port,
		      const struct ports_place *place, const struct netns *netns,
		      uint32_t *ifindex, GError **error)
{
	struct veth_plan plan = {port->id, port->mac, port->mtu, netns, place->name};

	leftover_remove(ports, port->id);
	return links_make_veth(ports->agent->netlink, &plan, ifindex, error);
}

static bool tap_find(struct ports *ports, const struct ports_place *place, uint32_t *ifindex,
		     bool *made, GError **error)
{
	struct netlink *netlink = ports->agent->netlink;
	struct link link = {0};
	struct uuid other;
	bool ours;

	*made = !links_find(netlink, place->name, &link);
	if (*made &&
	    (!links_make_tap(place->name, error) || !links_find(netlink, place->name, &link)))
		return false;
	if (strcmp(link.kind, "tun") != 0) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT, "device %s: is no tap",
			    place->name);
		return false;
	}
	if (links_parse_alias(link.alias, &other, &ours)) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
			    "device %s: is another port's", place->name);
		return false;
	}
	*ifindex = link.ifindex;
	return true;
}

/* Everything but `up`, in the order that lets nothing through too early. */
static bool device_wire(struct ports *ports, struct ports_device *device, GError **error)
{
	struct agent *agent = ports->agent;
	uint32_t ifindex = device->link.ifindex;
	const struct wire *wire;

	if (!links_adopt(agent->netlink, ifindex, device->id, device->made, device->mtu,
			 error) ||
	    !device_hook(ports, device, error) ||
	    !links_find_index(agent->netlink, ifindex, &device->link))
		return false;
	wire = state_wire(agent->state, device->id, ifindex, link_is_peer(&device->link), 0,
			  error);
	if (!wire && g_error_matches(*error, WEFT_ERROR, WEFT_ERROR_EXHAUSTED)) {
		/* Slots of ports that are gone rest until their connections are. */
		handover_collect(agent->handover);
		age_sweep(agent->age);
		g_clear_error(error);
		wire = state_wire(agent->state, device->id, ifindex,
				  link_is_peer(&device->link), 0, error);
	}
	if (!wire)
		return false;
	maps_clear_slot(agent->maps, wire->slot);
	agent_apply(agent);
	handover_arrive(agent->handover, device->id);
	return true;
}

static bool device_make(struct ports *ports, const struct row_port *port,
			const struct ports_place *place, const struct netns *netns,
			struct ports_device *device, GError **error)
{
	device->id = port->id;
	device->mtu = port->mtu;
	device->made = true;
	if (place->netns)
		return veth_make(ports, port, place, netns, &device->link.ifindex, error);
	return tap_find(ports, place, &device->link.ifindex, &device->made, error);
}

static void device_unmake(struct ports *ports, struct ports_device *device)
{
	struct agent *agent = ports->agent;

	state_unwire(agent->state, device->id);
	agent_apply(agent);
	hooks_detach(agent->hooks, device->link.ifindex);
	if (device->made)
		links_delete(agent->netlink, device->link.ifindex, NULL);
	else
		links_release(agent->netlink, device->link.ifindex);
}

static const struct ports_device *attach_new(struct ports *ports, const struct row_port *port,
					     const struct ports_place *place,
					     const struct netns *netns, GError **error)
{
	struct ports_device *device = g_new0(struct ports_device, 1);
	GError *failure = NULL;
	char text[UUID_TEXT];

	if (!device_make(ports, port, place, netns, device, &failure))
		goto failed;
	if (!device_wire(ports, device, &failure) ||
	    !links_set_up(ports->agent->netlink, device->link.ifindex, &failure)) {
		device_unmake(ports, device);
		goto failed;
	}
	if (link_is_veth(&device->link) &&
	    !links_wait_peer(ports->agent->netlink, &device->link))
		log_debug(MODULE, "%s: its end of %s is not running",
			  uuid_print(device->id, text), device->link.name);
	g_hash_table_replace(ports->devices, &device->id, device);
	log_info(MODULE, "%s: attached: device %s", uuid_print(device->id, text),
		 device->link.name);
	if (!ports->agent->going_on) /* else when its entries are written */
		ports_applied(ports);
	return device;
failed:
	if (!failure)
		g_set_error(&failure, WEFT_ERROR, WEFT_ERROR_INTERNAL, "the device is gone");
	g_propagate_prefixed_error(error, failure,
				   "port %s: cannot attach: ", uuid_print(port->id, text));
	g_free(device);
	return NULL;
}

const struct ports_device *ports_attach(struct ports *ports, struct uuid id,
					const struct ports_place *place, GError **error)
{
	const struct row_port *port = state_find_port(ports->agent->state, id);
	const struct ports_device *device = device_find(ports, id), *out = NULL;
	char text[UUID_TEXT];
	struct netns netns = {.fd = -1};

	uuid_print(id, text);
	if (!port || !state_is_full(ports->agent->state)) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_NOT_FOUND,
			    "port %s: not known on this host", text);
		return NULL;
	}
	if (!name_check(place->name, error))
		return NULL;
	if (place->netns && !netns_open(place->netns, &netns, error))
		return NULL;
	if (!device)
		out = attach_new(ports, port, place, &netns, error);
	else if (device_is_at(ports, device, place, &netns))
		out = device;
	else
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
			    "port %s: is attached elsewhere (device %s)", text,
			    device->link.name);
	netns_close(&netns);
	return out;
}

/* ------------------------------------------------------------ after apply */

/* The workload's end is in a namespace that we find again by its name, if it has one. */
static bool workload_set_mtu(struct ports *ports, const struct ports_device *device,
			     GError **error)
{
	g_autofree char *name = netns_find_name(ports->agent->netlink, device->link.peer_netns);
	struct netns netns = {.fd = -1};
	struct netlink *netlink = name && netns_open(name, &netns, error)
					  ? netns_open_netlink(&netns, error)
					  : NULL;
	bool ok = netlink && links_set_mtu(netlink, device->link.peer, device->mtu, error);

	netns_close(&netns);
	netlink_free(netlink);
	if (!name)
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_NOT_FOUND,
			    "the workload's namespace has no name in /run/netns");
	return ok;
}

static bool device_set_mtu(struct ports *ports, const struct ports_device *device,
			   GError **error)
{
	if (!links_set_mtu(ports->agent->netlink, device->link.ifindex, device->mtu, error))
		return false;
	return device->link.peer_netns < 0 || workload_set_mtu(ports, device, error);
}

static void device_report(struct feed *feed, const struct ports_device *device, const char *id)
{
	if (device->found)
		feed_report_port(feed, id, true);
	else
		feed_report_new(feed, id);
}

static void device_follow(struct ports *ports, struct ports_device *device,
			  const struct row_port *port)
{
	struct agent *agent = ports->agent;
	GError *error = NULL;
	char text[UUID_TEXT];

	uuid_print(device->id, text);
	if (device->mtu != port->mtu) {
		device->mtu = port->mtu;
		if (!device_set_mtu(ports, device, &error)) {
			log_warn(MODULE, "%s: cannot set MTU %u: %s", text, port->mtu,
				 error->message);
			g_clear_error(&error);
		}
	}
	if (!device->reported && agent->hooked)
		device_report(agent->feed, device, text);
	device->reported = agent->hooked;
}

void ports_applied(struct ports *ports)
{
	g_autoptr(GPtrArray) orphans = g_ptr_array_new();
	GHashTableIter iter;
	gpointer value;

	if (!state_is_full(ports->agent->state))
		return;
	g_hash_table_iter_init(&iter, ports->devices);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		struct ports_device *device = value;
		const struct row_port *port = state_find_port(ports->agent->state, device->id);

		if (port)
			device_follow(ports, device, port);
		else
			g_ptr_array_add(orphans, device);
	}
	for (guint i = 0; i < orphans->len; i++)
		device_remove(ports, g_ptr_array_index(orphans, i), "the port is gone");
	if (orphans->len)
		agent_apply(ports->agent);
}
