/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wiring: the order of construction is the order in which a restart may touch what runs.
 * Maps that were found are read before a row comes; programs are replaced when the maps
 * they bring along are as full as the old ones.
 */
#include "agent/agent.h"

#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "abi/hash.h"
#include "agent/answers.h"
#include "agent/dhcp4_option.h"
#include "agent/dhcp6_option.h"
#include "agent/flows.h"
#include "agent/follow.h"
#include "agent/handover.h"
#include "agent/links.h"
#include "agent/local.h"
#include "agent/physicals.h"
#include "agent/policies.h"
#include "agent/ports.h"
#include "agent/refusals.h"
#include "agent/scrape.h"
#include "agent/share.h"
#include "agent/taps.h"
#include "agent/vxlan.h"
#include "agent/watch.h"
#include "lib/error.h"
#include "lib/http_client.h"
#include "lib/log.h"

#define MODULE	      "agent"
#define RETRY_SECONDS 1
#define REST_MS	      500  /* no walk takes a thousandth of it */
#define YOUNG_SECONDS 30   /* once or twice: who has a connection says something in that time */
#define PART	      4096 /* rows, or entries, in a turn of the loop: some milliseconds */

/* ---------------------------------------------------------------- apply */

static gboolean apply_again(gpointer data)
{
	struct agent *agent = data;

	agent->retry = 0;
	agent_apply(agent);
	return G_SOURCE_REMOVE;
}

static bool uplink_hook(struct agent *agent, GError **error)
{
	/* Programs of ports and of the uplink leave nothing for it but what nobody should have. */
	if (agent->vxlan &&
	    !hooks_attach(agent->hooks, agent->vxlan,
			  programs_get_fd(agent->programs, PROGRAM_IDLE), error))
		return false;
	return hooks_attach(agent->hooks, agent->uplink,
			    programs_get_fd(agent->programs, PROGRAM_UPLINK), error);
}

static bool hook_is_wanted(uint32_t ifindex, void *data)
{
	struct agent *agent = data;

	return ifindex == agent->uplink || ifindex == agent->vxlan ||
	       ports_has_link(agent->ports, ifindex) ||
	       physicals_need(agent->physicals, ifindex);
}

/* Our programs in place of those before us, everywhere. */
bool agent_hook(struct agent *agent, GError **error)
{
	if (!uplink_hook(agent, error))
		return false;
	ports_hook(agent->ports);
	physicals_hook(agent->physicals);
	hooks_sweep(agent->hooks, hook_is_wanted, agent);
	programs_settle(agent->programs, true);
	agent->hooked = true;
	return true;
}

/* All walks that were under way at the last apply have ended long ago. */
static gboolean policies_rested(gpointer data)
{
	struct agent *agent = data;

	/* a port may still have a bank that it is about to lose */
	if (agent->going_on || !state_is_full(agent->state))
		return G_SOURCE_CONTINUE;
	agent->resting = 0;
	state_settle_policies(agent->state);
	agent_apply(agent);
	return G_SOURCE_REMOVE;
}

static gboolean networks_aged(gpointer data)
{
	struct agent *agent = data;

	agent->ageing = 0;
	state_age_young(agent->state);
	agent_apply(agent);
	return G_SOURCE_REMOVE;
}

static void apply_done(struct agent *agent)
{
	if (!agent->resting && policies_is_resting(state_policies(agent->state)))
		agent->resting = g_timeout_add(REST_MS, policies_rested, agent);
	state_applied(agent->state);
	if (agent->revision != agent->reported)
		feed_report_revision(agent->feed, agent->revision);
	agent->reported = agent->revision;
}

static void apply_failed(struct agent *agent, GError *error)
{
	agent->failures++;
	state_failed(agent->state);
	log_error(MODULE, "%s: not all could be applied: %s", agent->options->host,
		  error->message);
	g_error_free(error);
	if (!agent->retry)
		agent->retry = g_timeout_add_seconds(RETRY_SECONDS, apply_again, agent);
}

/* Flows of ports whose policy says something else of others walk again. */
static void bump_stale(struct agent *agent, const struct apply_writer *writer)
{
	const GArray *stale = state_stale(agent->state);

	for (guint i = 0; i < stale->len; i++)
		writer->bump(writer->data,
			     generation_cell(GEN_PORT, g_array_index(stale, uint32_t, i)));
}

static gboolean apply_go_on(gpointer data)
{
	struct agent *agent = data;

	agent->going_on = 0;
	agent_apply(agent);
	return G_SOURCE_REMOVE;
}

/* The rest in later turns: whoever asks for an address meanwhile is answered between them. */
static void apply_put_off(struct agent *agent)
{
	if (!agent->going_on)
		agent->going_on = g_idle_add_full(G_PRIORITY_DEFAULT, apply_go_on, agent, NULL);
}

/* All is written but what could not be. */
static void apply_finish(struct agent *agent)
{
	struct apply_result result;
	GError *error = NULL;

	if (apply_end(agent->apply, &result, &error))
		apply_done(agent);
	else
		apply_failed(agent, g_steal_pointer(&error));
	if (!agent->ageing && state_has_young(agent->state))
		agent->ageing = g_timeout_add_seconds(YOUNG_SECONDS, networks_aged, agent);
	feed_report_refused(agent->feed, refusals_list(agent->state));
	agent->applies++;
	if (!agent->hooked && !agent_hook(agent, &error)) {
		log_error(MODULE, "%s: %s", agent->options->host, error->message);
		g_clear_error(&error);
	}
	log_debug(MODULE, "%s: applied: %zu puts, %zu deletions, %zu failed",
		  agent->options->host, result.puts, result.dels, result.failed);
	ports_applied(agent->ports);
	physicals_applied(agent->physicals);
	if (agent->follow)
		follow_update(agent->follow);
	if (agent->handover)
		handover_update(agent->handover);
}

/* Some of the rows are gone, some of the entries written. True: nothing is left. */
static bool apply_some(struct agent *agent)
{
	struct apply_writer writer = maps_get_writer(agent->maps);
	bool done;

	if (!state_is_full(agent->state) && !state_end(agent->state, PART))
		return false;
	state_flush(agent->state);
	physicals_prepare(agent->physicals);
	done = apply_part(agent->apply, PART);
	bump_stale(agent, &writer);
	if (agent->asked)
		asked_answer(agent->asked);
	return done;
}

/* Who waits for rows may look. */
static void rows_tell(struct agent *agent)
{
	agent->news = false;
	local_rows_applied(agent->local);
	taps_rows_applied(agent->taps);
}

void agent_apply(struct agent *agent)
{
	if (!state_is_full(agent->state) && !agent->ended)
		return;
	g_clear_handle_id(&agent->going_on, g_source_remove);
	if (!apply_some(agent)) {
		apply_put_off(agent);
		return;
	}
	apply_finish(agent);
	if (agent->news)
		rows_tell(agent);
}

/* ----------------------------------------------------------------- feed */

static void row_refused(struct agent *agent, GError *error)
{
	log_error("rows", "%s: refused: %s", agent->options->host, error->message);
	g_error_free(error);
}

static void options_check_list(const struct row_port *port, const struct dhcp_option *options,
			       gsize count, bool (*check)(const char *name, const char *value))
{
	char text[UUID_TEXT];

	for (gsize i = 0; i < count; i++)
		if (!check(options[i].name, options[i].value))
			log_warn("dhcp", "%s: option %s: cannot be '%s'",
				 uuid_print(port->id, text), options[i].name, options[i].value);
}

static void options_check(const struct row_port *port)
{
	for (gsize i = 0; i < port->lease_count; i++)
		options_check_list(port, port->leases[i].options, port->leases[i].option_count,
				   dhcp4_option_check);
	if (port->dhcp6)
		options_check_list(port, port->dhcp6->options, port->dhcp6->option_count,
				   dhcp6_option_check);
}

static void feed_row(const char *table, const char *key, json_t *value, uint64_t revision,
		     void *data)
{
	struct agent *agent = data;
	const struct row_port *port;
	GError *error = NULL;
	struct uuid id;

	if (!(value ? state_put(agent->state, table, key, value, &error)
		    : state_del(agent->state, table, key, &error))) {
		row_refused(agent, error);
		return;
	}
	if (value && strcmp(table, "port") == 0 && uuid_parse(key, &id) &&
	    (port = state_find_port(agent->state, id))) {
		options_check(port);
		taps_note_row(agent->taps, id);
	}
}

static void rows_done(struct agent *agent, uint64_t revision)
{
	agent->revision = revision;
	agent->news = true;
	agent_apply(agent);
}

static void feed_begin(uint64_t revision, void *data)
{
	struct agent *agent = data;

	log_info("rows", "%s: full transfer of revision %" PRIu64, agent->options->host,
		 revision);
	agent->ended = false;
	state_begin(agent->state);
}

static void feed_end(uint64_t revision, void *data)
{
	struct agent *agent = data;

	agent->ended = true;
	rows_done(agent, revision);
}

static void feed_commit(uint64_t revision, void *data)
{
	rows_done(data, revision);
}

static void feed_hand(const char *port, const json_t *value, void *data)
{
	handover_take(((struct agent *)data)->handover, port, value);
}

static void feed_ask(const char *id, const json_t *value, void *data)
{
	answers_take(((struct agent *)data)->answers, id, value);
}

static void feed_connected(bool connected, void *data)
{
	struct agent *agent = data;

	log_info("rows", "%s: %s", agent->options->host,
		 connected ? "connected" : "connection lost, traffic goes on");
}

static void feed_complain(const char *text, void *data)
{
	log_warn("rows", "%s", text);
}

static const struct feed_ops feed_ops = {
	.begin = feed_begin,
	.end = feed_end,
	.row = feed_row,
	.hand = feed_hand,
	.ask = feed_ask,
	.commit = feed_commit,
	.connected = feed_connected,
	.complain = feed_complain,
};

static struct feed *feed_open(struct agent *agent)
{
	const struct http_tls tls = {agent->options->ca, agent->options->cert,
				     agent->options->key, agent->options->crl};
	struct feed_config config = {
		.controllers = (const char *const *)agent->options->controllers,
		.host = agent->options->host,
		.tunnel_ip = agent->options->tunnel_text,
		.zone = agent->options->zone,
		.physical = agent->options->physical_text,
		.token = agent->options->token,
		.tls = &tls,
	};

	return feed_new(&config, &feed_ops, agent);
}

/* --------------------------------------------------- next hops, devices */

static void hop_watch(struct ip remote, struct next_hop *out, void *data)
{
	nexthops_watch(((struct agent *)data)->nexthops, remote, out);
}

static void hop_unwatch(struct ip remote, void *data)
{
	nexthops_unwatch(((struct agent *)data)->nexthops, remote);
}

static void state_complain(const char *text, void *data)
{
	log_warn("state", "%s", text);
}

static gboolean apply_now(gpointer data)
{
	struct agent *agent = data;

	agent->soon = 0;
	log_info("underlay", "%s: next hops of %u hosts changed", agent->options->host,
		 agent->hops);
	agent->hops = 0;
	agent_apply(agent);
	return G_SOURCE_REMOVE;
}

/* One gateway may stand before thousands of hosts: they are applied together. */
static void hop_changed(struct ip remote, const struct next_hop *hop, void *data)
{
	struct agent *agent = data;
	char text[IP_TEXT], mac[MAC_TEXT];

	log_debug("underlay", "%s: next hop %s", ip_print(remote, text),
		  hop->resolved ? mac_print(hop->next, mac) : "not resolved");
	state_set_next_hop(agent->state, remote, hop);
	agent->hops++;
	if (!agent->soon)
		agent->soon = g_idle_add_full(G_PRIORITY_HIGH, apply_now, agent, NULL);
}

/* Before the feed there is nobody to hear of it; the rows come later. */
static void network_changed(uint32_t vni, void *data)
{
	struct agent *agent = data;

	if (agent->advertise)
		advertise_update(agent->advertise, vni);
}

static void link_gone(uint32_t ifindex, void *data)
{
	struct agent *agent = data;

	ports_link_gone(agent->ports, ifindex);
	physicals_link_gone(agent->physicals, ifindex);
}

static void link_seen(uint32_t ifindex, const char *name, void *data)
{
	struct agent *agent = data;

	taps_link_seen(agent->taps, ifindex, name);
	physicals_link_seen(agent->physicals, ifindex, name);
}

/* ---------------------------------------------------------------- punts */

/* SIZE 0: no answer. */
static void dhcp_reply(struct agent *agent, const struct wire *wire,
		       struct agent_dhcp *counters, uint8_t type, const uint8_t *reply,
		       gsize size)
{
	GError *error = NULL;
	char text[UUID_TEXT];

	log_debug("dhcp", "%s: %s message type %u: %s", uuid_print(wire->id, text),
		  counters == &agent->dhcp6 ? "DHCPv6" : "DHCPv4", type,
		  size ? "answered" : "no answer");
	if (!size) {
		counters->ignored++;
		return;
	}
	if (punt_send(agent->punt, wire->ifindex, reply, size, &error)) {
		counters->answered++;
		return;
	}
	counters->failed++;
	log_warn("dhcp", "%s: %s", text, error->message);
	g_error_free(error);
}

static void dhcp4_frame(struct agent *agent, const struct wire *wire, const uint8_t *frame,
			gsize size)
{
	const struct row_port *port = wire->port;
	struct dhcp4_port config = {port->mac, (uint16_t)port->mtu, port->leases,
				    port->lease_count};
	uint8_t reply[DHCP4_FRAME_MAX], type;
	gsize reply_size = 0;

	if (dhcp4_answer(&config, frame, size, reply, &reply_size, &type) != DHCP4_REPLY)
		reply_size = 0;
	dhcp_reply(agent, wire, &agent->dhcp4, type, reply, reply_size);
}

static void dhcp6_frame(struct agent *agent, const struct wire *wire, const uint8_t *frame,
			gsize size)
{
	uint8_t reply[DHCP6_FRAME_MAX], type = 0;
	gsize reply_size = 0;

	if (!wire->port->dhcp6 ||
	    dhcp6_answer(wire->port->dhcp6, (uint16_t)wire->port->mtu, frame, size, reply,
			 &reply_size, &type) != DHCP6_REPLY)
		reply_size = 0;
	dhcp_reply(agent, wire, &agent->dhcp6, type, reply, reply_size);
}

static void router_frame(struct agent *agent, const struct wire *wire, const uint8_t *frame,
			 gsize size)
{
	advertise_answer(agent->advertise, wire, frame, size);
}

static void address_frame(struct agent *agent, const struct wire *wire, const uint8_t *frame,
			  gsize size)
{
	asked_keep(agent->asked, wire, frame, size);
}

static void punt_frame(enum punt_kind kind, uint32_t slot, const uint8_t *frame, gsize size,
		       void *data)
{
	static void (*const handlers[])(struct agent * agent, const struct wire *wire,
					const uint8_t *frame, gsize size) = {
		[PUNT_DHCP4] = dhcp4_frame,
		[PUNT_DHCP6] = dhcp6_frame,
		[PUNT_RS] = router_frame,
		[PUNT_ASK] = address_frame,
	};
	struct agent *agent = data;
	const struct wire *wire = state_find_slot(agent->state, slot);

	if (wire && wire->port && kind < G_N_ELEMENTS(handlers) && handlers[kind])
		handlers[kind](agent, wire, frame, size);
}

/* ----------------------------------------------------------------- ages */

static bool slot_is_gone(uint32_t slot, void *data)
{
	struct agent *agent = data;

	return state_slot_is_free(agent->state, slot) && !handover_holds(agent->handover, slot);
}

/* Of a slot that nobody has it may have been a gateway's. */
static void conn_ended(const struct conn_key *key, const struct conn_value *value, void *data)
{
	struct agent *agent = data;
	const struct wire *wire = state_find_slot(agent->state, key->slot);

	follow_ended(agent->follow, key, value);
	if (agent->options->physicals->len && (!wire || wire->gateway))
		nats_ended(agent->nats, key);
}

/* Within a sweep a port may have gone whose connections were passed already. */
static void conn_swept(void *data)
{
	struct agent *agent = data;

	if (state_gateways_left(agent->state))
		nats_purge(agent->nats, slot_is_gone, agent);
	/* until a port's connections are out of the table, nobody else has its slot */
	if (!handover_is_collecting(agent->handover) && !agent->going_on &&
	    state_is_full(agent->state))
		state_slots_swept(agent->state);
}

/* ---------------------------------------------------------------- start */

static bool uplink_find(struct agent *agent, GError **error)
{
	const struct options *options = agent->options;

	agent->uplink = options->uplink
				? if_nametoindex(options->uplink)
				: nexthops_find_uplink(agent->netlink, options->tunnel_ip);
	if (agent->uplink)
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_NOT_FOUND,
		    options->uplink
			    ? "--uplink %s: no such device"
			    : "--tunnel-ip %s: no device has it, and no route leads out",
		    options->uplink ? options->uplink : options->tunnel_text);
	return false;
}

static bool open_programs(struct agent *agent, GError **error)
{
	struct programs_config config = {
		.pins = agent->pins,
		.locations = agent->options->locations,
		.policy_entries = agent->options->policy_entries,
		.flow_sets = agent->options->flow_sets,
		.connections = agent->options->connections,
		.share = agent->options->port_connections,
		.gateways = agent->options->physicals->len > 0,
		.local = agent->options->tunnel_ip,
		.vxlan_ifindex = agent->vxlan,
		.uplink_ifindex = agent->uplink,
	};
	struct apply_writer writer;

	if (!programs_mount(agent->pins, error))
		return false;
	agent->programs = programs_load(&config, error);
	if (!agent->programs)
		return false;
	agent->maps = maps_new(agent->programs, error);
	if (!agent->maps)
		return false;
	writer = maps_get_writer(agent->maps);
	agent->apply = apply_new(agent->desired, &writer);
	agent->share = share_new(programs_find_map(agent->programs, "port_conns"),
				 programs_find_map(agent->programs, "sources"),
				 agent->options->port_connections, error);
	return agent->share && maps_load(agent->maps, agent->desired, error);
}

static bool recover_vtep(const void *key, const void *value, void *data)
{
	const struct vtep_value *vtep = value;
	struct agent *agent = data;
	struct ip remote;
	uint32_t index;

	memcpy(&index, key, sizeof(index));
	memcpy(remote.b, vtep->remote.b, sizeof(remote.b));
	if (vtep->flags & VTEP_KNOWN)
		state_recover_vtep(agent->state, index, remote);
	return true;
}

static bool recover_gateway(const void *key, const void *value, void *data)
{
	const struct gateway_value *gateway = value;
	struct agent *agent = data;
	struct port_value port;
	struct mac mac;
	uint32_t slot;

	memcpy(&slot, key, sizeof(slot));
	if (!gateway->router ||
	    bpf_map_lookup_elem(programs_find_map(agent->programs, "port"), &slot, &port) ||
	    !(port.flags & PORT_GATEWAY))
		return true;
	memcpy(mac.b, port.mac.b, sizeof(mac.b));
	state_recover_gateway(agent->state, slot, gateway->router, mac, port.ifindex);
	return true;
}

static bool open_state(struct agent *agent, GError **error)
{
	static const struct state_ops ops = {hop_watch, hop_unwatch, state_complain,
					     network_changed};

	agent->state = state_new(agent->options->host, agent->options->tunnel_ip,
				 agent->desired, &ops, agent);
	state_limit_policies(agent->state, agent->options->policy_entries);
	maps_foreach(programs_find_map(agent->programs, "vtep"), sizeof(uint32_t),
		     sizeof(struct vtep_value), recover_vtep, agent);
	maps_foreach(programs_find_map(agent->programs, "gateway"), sizeof(uint32_t),
		     sizeof(struct gateway_value), recover_gateway, agent);
	state_be_patient(agent->state);
	agent->ports = ports_new(agent);
	agent->taps = taps_new(agent);
	agent->physicals = physicals_new(agent, error);
	return agent->physicals && ports_recover(agent->ports, error);
}

static bool open_events(struct agent *agent, GError **error)
{
	static const struct age_ops age_ops = {slot_is_gone, conn_ended, conn_swept};

	agent->nexthops =
		nexthops_new(agent->netlink, hop_changed, link_gone, link_seen, agent, error);
	if (!agent->nexthops)
		return false;
	agent->punt =
		punt_new(programs_find_map(agent->programs, "punt"), punt_frame, agent, error);
	if (!agent->punt)
		return false;
	agent->asked = asked_new(agent->state, agent->punt,
				 programs_get_fd(agent->programs, PROGRAM_PORT),
				 programs_find_map(agent->programs, "location"));
	agent->advertise = advertise_new(agent->state, agent->punt);
	agent->follow = follow_new(agent);
	agent->flows = flows_new(agent);
	agent->answers = answers_new(agent);
	agent->handover = handover_new(agent);
	agent->watch = watch_new(agent, error);
	if (!agent->watch)
		return false;
	agent->nats = nats_new(programs_find_map(agent->programs, "nat"),
			       programs_find_map(agent->programs, "conn"),
			       programs_find_map(agent->programs, "gateway"));
	agent->age = age_new(programs_find_map(agent->programs, "conn"), agent->share, &age_ops,
			     agent);
	return true;
}

static void open_vxlan(struct agent *agent)
{
	GError *error = NULL;

	if (vxlan_open(agent->netlink, &agent->vxlan, &error))
		return;
	log_warn("vxlan", "%s: no idle device: %s", agent->options->host, error->message);
	g_error_free(error);
}

static bool agent_open(struct agent *agent, GError **error)
{
	agent->netlink = netlink_new(error);
	if (!agent->netlink || !uplink_find(agent, error))
		return false;
	open_vxlan(agent);
	agent->desired = desired_new();
	agent->hooks = hooks_new(agent->pins, agent->options->attach);
	if (!open_programs(agent, error) || !open_state(agent, error) ||
	    !open_events(agent, error))
		return false;
	agent->feed = feed_open(agent);
	agent->local = local_new(agent, error);
	if (agent->options->metrics &&
	    !scrape_listen(agent->scrape, agent->options->metrics, error))
		return false;
	return agent->local && (!programs_is_warm(agent->programs) || agent_hook(agent, error));
}

struct agent *agent_new(const struct options *options, GError **error)
{
	struct agent *agent = g_new0(struct agent, 1);

	agent->options = options;
	agent->scrape = scrape_new(agent);
	agent->folder = g_build_filename(options->run, options->host, NULL);
	agent->pins = g_build_filename(agent->folder, "bpf", NULL);
	if (agent_open(agent, error)) {
		log_info(MODULE, "%s: started: tunnel address %s, %s maps, %u carried over",
			 options->host, options->tunnel_text,
			 programs_is_warm(agent->programs) ? "known" : "new",
			 programs_count_carried(agent->programs));
		if (programs_count_lost(agent->programs))
			log_warn(MODULE, "%s: map conn: has no room for %u connections",
				 options->host, programs_count_lost(agent->programs));
		return agent;
	}
	agent_free(agent);
	return NULL;
}

void agent_free(struct agent *agent)
{
	if (!agent)
		return;
	if (agent->retry)
		g_source_remove(agent->retry);
	if (agent->resting)
		g_source_remove(agent->resting);
	if (agent->ageing)
		g_source_remove(agent->ageing);
	if (agent->soon)
		g_source_remove(agent->soon);
	if (agent->going_on)
		g_source_remove(agent->going_on);
	local_free(agent->local);
	watch_free(agent->watch);
	follow_free(agent->follow);
	flows_free(agent->flows);
	scrape_free(agent->scrape);
	handover_free(agent->handover);
	answers_free(agent->answers);
	feed_free(agent->feed);
	age_free(agent->age);
	nats_free(agent->nats);
	advertise_free(agent->advertise);
	asked_free(agent->asked);
	share_free(agent->share);
	punt_free(agent->punt);
	taps_free(agent->taps);
	physicals_free(agent->physicals);
	ports_free(agent->ports);
	state_free(agent->state);
	nexthops_free(agent->nexthops);
	apply_free(agent->apply);
	maps_free(agent->maps);
	hooks_free(agent->hooks);
	programs_free(agent->programs);
	desired_free(agent->desired);
	netlink_free(agent->netlink);
	g_free(agent->pins);
	g_free(agent->folder);
	g_free(agent);
}
