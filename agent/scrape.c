/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nothing is counted here but what would be lost with a port: the kernel and the parts of the
 * agent count, and are asked when somebody comes to read.
 */
#include "agent/scrape.h"

#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

#include "agent/agent.h"
#include "agent/follow.h"
#include "agent/handover.h"
#include "agent/policies_look.h"
#include "agent/ports.h"
#include "agent/reason.h"
#include "agent/watch.h"
#include "lib/metric_process.h"
#include "lib/metric_server.h"

/* X(ID, name, type, labels, help); names are never reused. */
#define METRICS(X)                                                                             \
	METRIC_PROCESS(X)                                                                      \
	X(CONNECTED, "weft_agent_connected", GAUGE, NULL, "1 while a controller sends rows")   \
	X(REVISION, "weft_agent_revision", GAUGE, NULL, "Revision of the rows held")           \
	X(APPLIED, "weft_agent_applied_revision", GAUGE, NULL,                                 \
	  "Revision that the kernel was last made to match")                                   \
	X(TRANSFERS, "weft_agent_transfers_total", COUNTER, "mode",                            \
	  "Connections to controllers: full transfers, or resumed where they were")            \
	X(RECEIVED, "weft_agent_rows_received_total", COUNTER, NULL, "Rows received")          \
	X(BAD, "weft_agent_bad_lines_total", COUNTER, NULL,                                    \
	  "Lines received and not understood")                                                 \
	X(ROWS, "weft_agent_rows", GAUGE, "table", "Rows held")                                \
	X(APPLIES, "weft_agent_applies_total", COUNTER, NULL,                                  \
	  "Times the kernel's maps were made to match")                                        \
	X(FAILURES, "weft_agent_failures_total", COUNTER, NULL, "Of these, not wholly")        \
	X(MAP_ENTRIES, "weft_agent_map_entries", GAUGE, "map", "Entries in use")               \
	X(MAP_MAX, "weft_agent_map_max_entries", GAUGE, "map", "Entries there is room for")    \
	X(MAP_BYTES, "weft_agent_map_bytes", GAUGE, "map", "Memory of the kernel")             \
	X(PORTS, "weft_agent_ports", GAUGE, NULL, "Ports attached to a device")                \
	X(GATEWAYS, "weft_agent_gateways", GAUGE, NULL,                                        \
	  "Gateways of routers carried, each for every address scope that meets there")        \
	X(DHCP, "weft_dhcp_requests_total", COUNTER, "result",                                 \
	  "DHCPv4 requests: answered, ignored or failed")                                      \
	X(DHCP6, "weft_dhcp6_requests_total", COUNTER, "result",                               \
	  "DHCPv6 requests: answered, ignored or failed")                                      \
	X(RA, "weft_router_advertisements_total", COUNTER, "kind",                             \
	  "Router advertisements: solicited, unsolicited, final, or failed to be sent")        \
	X(CONNECTIONS, "weft_connections", GAUGE, "state",                                     \
	  "Tracked connections at the last sweep, some seconds ago")                           \
	X(CREATED, "weft_connections_created_total", COUNTER, NULL, "Connections tracked")     \
	X(EXPIRED, "weft_connections_expired_total", COUNTER, NULL,                            \
	  "Connections forgotten because they were silent, over, or of a port that is gone")   \
	X(UNTRACKED, "weft_connections_untracked_total", COUNTER, NULL,                        \
	  "Packets passed without an entry because the table was full")                        \
	X(HANDED, "weft_connections_handed_over_total", COUNTER, "result",                     \
	  "Connections of ports that have moved: given to another host, taken from one, lost") \
	X(BANKS, "weft_policy_banks", GAUGE, NULL,                                             \
	  "Compiled policies: ports with the same rules share one")                            \
	X(UNMADE, "weft_policy_banks_refused", GAUGE, NULL,                                    \
	  "Of these, those that could not be made: nothing passes at their ports")             \
	X(IDENTITIES, "weft_policy_identities", GAUGE, NULL,                                   \
	  "Identities known, of this host's ports and of their peers")                         \
	X(HITS, "weft_flow_cache_hits_total", COUNTER, NULL, "Packets of known flows")         \
	X(MISSES, "weft_flow_cache_misses_total", COUNTER, NULL,                               \
	  "Packets that walked all stages")                                                    \
	X(EVICTIONS, "weft_flow_cache_evictions_total", COUNTER, NULL,                         \
	  "Live flows that made room for another")                                             \
	X(FALLBACKS, "weft_encapsulation_fallbacks_total", COUNTER, NULL,                      \
	  "Packets that left by the vxlan device")                                             \
	X(COPIES, "weft_flood_copies_total", COUNTER, NULL,                                    \
	  "Copies made of broadcasts and unknown unicast")                                     \
	X(PUNTS, "weft_punts_total", COUNTER, NULL, "Packets handed to the agent")             \
	X(WATCHERS, "weft_watchers", GAUGE, "what",                                            \
	  "Clients that look on: at drops, at connections, or with a capture")                 \
	X(DROPS, "weft_drops_total", COUNTER, "reason",                                        \
	  "Packets dropped on the host, since the agent started where a port is gone")         \
	X(PORT_DROPS, "weft_port_drops_total", COUNTER, "port,name",                           \
	  "Packets from or to the port that were dropped")                                     \
	X(TX_PACKETS, "weft_port_transmit_packets_total", COUNTER, "port,name",                \
	  "Packets that the workload has sent")                                                \
	X(TX_BYTES, "weft_port_transmit_bytes_total", COUNTER, "port,name",                    \
	  "Bytes that the workload has sent")                                                  \
	X(RX_PACKETS, "weft_port_receive_packets_total", COUNTER, "port,name",                 \
	  "Packets that the workload has received")                                            \
	X(RX_BYTES, "weft_port_receive_bytes_total", COUNTER, "port,name",                     \
	  "Bytes that the workload has received")

enum {
#define X(id, name, type, labels, help) SCRAPE_##id,
	METRICS(X)
#undef X
};

static const struct metric table[] = {METRICS(METRIC_ROW)};

struct scrape {
	struct agent *agent;
	struct metrics *metrics;
	struct metric_server *server; /* NULL: none */
	uint64_t gone[DP_DROP_COUNT]; /* drops of ports that were here */
	uint64_t drops[DP_DROP_COUNT];
};

struct scrape *scrape_new(struct agent *agent)
{
	struct scrape *scrape = g_new0(struct scrape, 1);

	scrape->agent = agent;
	scrape->metrics = metrics_new(table, G_N_ELEMENTS(table));
	return scrape;
}

void scrape_free(struct scrape *scrape)
{
	if (!scrape)
		return;
	metric_server_free(scrape->server);
	metrics_free(scrape->metrics);
	g_free(scrape);
}

static void set(struct scrape *scrape, unsigned int id, const char *label, uint64_t value)
{
	metrics_set(scrape->metrics, id, &label, (double)value);
}

/* --- drops and ports ----------------------------------------------------------------- */

/* Adds the slot's to SUMS; returns all of them. */
static uint64_t drops_add(struct scrape *scrape, uint32_t slot, uint64_t *sums)
{
	uint64_t counts[DP_DROP_COUNT], all = 0;

	if (!maps_read_drops(scrape->agent->maps, slot, counts))
		return 0;
	for (const struct reason *reason = reason_table; reason->name; reason++) {
		sums[reason->number] += counts[reason->number];
		all += counts[reason->number];
	}
	return all;
}

void scrape_keep_drops(struct scrape *scrape, uint32_t slot)
{
	drops_add(scrape, slot, scrape->gone);
}

static void collect_port(const struct wire *wire, void *data)
{
	struct scrape *scrape = data;
	struct port_stats_value stats = {0};
	char id[UUID_TEXT];
	const char *labels[] = {uuid_print(wire->id, id), wire->port ? wire->port->name : ""};
	uint64_t drops = drops_add(scrape, wire->slot, scrape->drops);

	maps_read_port_stats(scrape->agent->maps, wire->slot, &stats);
	metrics_set(scrape->metrics, SCRAPE_PORT_DROPS, labels, (double)drops);
	metrics_set(scrape->metrics, SCRAPE_TX_PACKETS, labels, (double)stats.tx_packets);
	metrics_set(scrape->metrics, SCRAPE_TX_BYTES, labels, (double)stats.tx_bytes);
	metrics_set(scrape->metrics, SCRAPE_RX_PACKETS, labels, (double)stats.rx_packets);
	metrics_set(scrape->metrics, SCRAPE_RX_BYTES, labels, (double)stats.rx_bytes);
}

/* A port may have gone, or have got another name. */
static void collect_ports(struct scrape *scrape)
{
	for (unsigned int id = SCRAPE_PORT_DROPS; id <= SCRAPE_RX_BYTES; id++)
		metrics_clear(scrape->metrics, id);
	for (gsize i = 0; i < DP_DROP_COUNT; i++)
		scrape->drops[i] = scrape->gone[i];
	drops_add(scrape, 0, scrape->drops);
	state_foreach_wire(scrape->agent->state, collect_port, scrape);
	for (const struct reason *reason = reason_table; reason->name; reason++)
		set(scrape, SCRAPE_DROPS, reason->name, scrape->drops[reason->number]);
	set(scrape, SCRAPE_PORTS, NULL, ports_count(scrape->agent->ports));
}

/* --- the rest ------------------------------------------------------------------------ */

static void collect_feed(struct scrape *scrape)
{
	const struct agent *agent = scrape->agent;
	struct feed_counters feed = feed_get_counters(agent->feed);

	set(scrape, SCRAPE_CONNECTED, NULL, feed_is_connected(agent->feed));
	set(scrape, SCRAPE_REVISION, NULL, feed_get_revision(agent->feed));
	set(scrape, SCRAPE_APPLIED, NULL, agent->reported);
	set(scrape, SCRAPE_TRANSFERS, "full", feed.fulls);
	set(scrape, SCRAPE_TRANSFERS, "resume", feed.resumes);
	set(scrape, SCRAPE_RECEIVED, NULL, feed.rows);
	set(scrape, SCRAPE_BAD, NULL, feed.bad_lines);
	for (int i = 0; i < ROW_TABLE_COUNT; i++)
		set(scrape, SCRAPE_ROWS, row_table_name(i), state_count(agent->state, i));
	set(scrape, SCRAPE_APPLIES, NULL, agent->applies);
	set(scrape, SCRAPE_FAILURES, NULL, agent->failures);
	set(scrape, SCRAPE_WATCHERS, "flows", follow_count(agent->follow));
	set(scrape, SCRAPE_WATCHERS, "drops", watch_count_drops(agent->watch));
	set(scrape, SCRAPE_WATCHERS, "capture", watch_count_captures(agent->watch));
}

static void collect_dhcp(struct scrape *scrape, unsigned int id, const struct agent_dhcp *dhcp)
{
	set(scrape, id, "answered", dhcp->answered);
	set(scrape, id, "ignored", dhcp->ignored);
	set(scrape, id, "failed", dhcp->failed);
}

static void collect_answers(struct scrape *scrape)
{
	const struct agent *agent = scrape->agent;
	const struct advertise_counters *ra = advertise_get_counters(agent->advertise);

	collect_dhcp(scrape, SCRAPE_DHCP, &agent->dhcp4);
	collect_dhcp(scrape, SCRAPE_DHCP6, &agent->dhcp6);
	set(scrape, SCRAPE_RA, "solicited", ra->solicited);
	set(scrape, SCRAPE_RA, "unsolicited", ra->unsolicited);
	set(scrape, SCRAPE_RA, "final", ra->final);
	set(scrape, SCRAPE_RA, "failed", ra->failed);
}

static void set_map(struct scrape *scrape, const char *name, uint64_t entries)
{
	int fd = programs_find_map(scrape->agent->programs, name);
	struct bpf_map_info info = {0};
	uint32_t size = sizeof(info);

	set(scrape, SCRAPE_MAP_ENTRIES, name, entries);
	if (bpf_obj_get_info_by_fd(fd, &info, &size) == 0)
		set(scrape, SCRAPE_MAP_MAX, name, info.max_entries);
}

/* The kernel tells it nowhere else. */
static void set_map_bytes(const char *name, int fd, void *scrape)
{
	g_autofree char *path = g_strdup_printf("/proc/self/fdinfo/%d", fd);
	g_autofree char *text = NULL;
	const char *found;

	if (g_file_get_contents(path, &text, NULL, NULL) && (found = strstr(text, "memlock:")))
		set(scrape, SCRAPE_MAP_BYTES, name,
		    strtoull(found + strlen("memlock:"), NULL, 10));
}

static void collect_policies(struct scrape *scrape)
{
	const struct policies *policies = state_policies(scrape->agent->state);

	set(scrape, SCRAPE_BANKS, NULL, policies_count_banks(policies));
	set(scrape, SCRAPE_UNMADE, NULL, policies_count_refused(policies));
	set(scrape, SCRAPE_IDENTITIES, NULL, policies_count_identities(policies));
}

static void collect_handover(struct scrape *scrape)
{
	struct handover_counters counters = handover_get_counters(scrape->agent->handover);

	set(scrape, SCRAPE_HANDED, "given", counters.given);
	set(scrape, SCRAPE_HANDED, "taken", counters.taken);
	set(scrape, SCRAPE_HANDED, "lost", counters.lost);
}

static void collect_maps(struct scrape *scrape)
{
	const struct agent *agent = scrape->agent;

	for (int i = 0; i < DESIRED_MAP_COUNT; i++)
		set_map(scrape, desired_shapes[i].name, desired_count(agent->desired, i));
	set_map(scrape, "conn", age_get_count(agent->age));
	set_map(scrape, "nat", nats_get_count(agent->nats));
	set(scrape, SCRAPE_GATEWAYS, NULL, state_count_gateways(agent->state));
	programs_foreach_map(agent->programs, set_map_bytes, scrape);
	for (int state = CONN_NEW; state <= CONN_CLOSED; state++)
		set(scrape, SCRAPE_CONNECTIONS, age_state_name(state),
		    age_get_state_count(agent->age, state));
	set(scrape, SCRAPE_EXPIRED, NULL, age_get_expired(agent->age));
}

static void collect_traffic(struct scrape *scrape)
{
	struct host_stats_value stats;

	if (!maps_read_host_stats(scrape->agent->maps, &stats))
		return;
	set(scrape, SCRAPE_CREATED, NULL, stats.conn_created);
	set(scrape, SCRAPE_UNTRACKED, NULL, stats.conn_full);
	set(scrape, SCRAPE_HITS, NULL, stats.flow_hits);
	set(scrape, SCRAPE_MISSES, NULL, stats.flow_misses);
	set(scrape, SCRAPE_EVICTIONS, NULL, stats.flow_evictions);
	set(scrape, SCRAPE_FALLBACKS, NULL, stats.encap_fallbacks);
	set(scrape, SCRAPE_COPIES, NULL, stats.flood_copies);
	set(scrape, SCRAPE_PUNTS, NULL, stats.punts);
}

char *scrape_print(gsize *size, void *data)
{
	struct scrape *scrape = data;

	metric_process_collect(scrape->metrics, "weft-agent");
	collect_feed(scrape);
	collect_answers(scrape);
	collect_maps(scrape);
	collect_handover(scrape);
	collect_policies(scrape);
	collect_traffic(scrape);
	collect_ports(scrape);
	return metrics_print(scrape->metrics, size);
}

bool scrape_listen(struct scrape *scrape, const char *where, GError **error)
{
	scrape->server = metric_server_new(where, scrape_print, scrape, error);
	return scrape->server != NULL;
}

void scrape_print_manual(FILE *out)
{
	metrics_print_manual(table, G_N_ELEMENTS(table), out);
}
