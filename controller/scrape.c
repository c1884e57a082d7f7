/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests are counted as they are answered; everything else is asked for when somebody
 * comes to read, so that nothing pays for it but the reading.
 */
#include "controller/scrape.h"

#include <string.h>

#include "api/api.h"
#include "api/nova.h"
#include "api/route.h"
#include "controller/gateways.h"
#include "lib/error.h"
#include "lib/metric_process.h"
#include "lib/metric_server.h"
#include "sync/hub.h"

/* X(ID, name, type, labels, help); names are never reused. */
#define METRICS(X)                                                                             \
	METRIC_PROCESS(X)                                                                      \
	X(REQUESTS, "weft_api_requests_total", COUNTER, "method,route,status",                 \
	  "Requests answered")                                                                 \
	X(DURATION, "weft_api_request_duration_seconds", HISTOGRAM, "method,route",            \
	  "Time from the whole request to its answer, or to the start of a stream")            \
	X(WAITS, "weft_api_waits_total", COUNTER, NULL,                                        \
	  "Changes that waited for another one under way")                                     \
	X(RETRIES, "weft_api_retries_total", COUNTER, NULL,                                    \
	  "Changes made again because the store had changed meanwhile")                        \
	X(OBJECTS, "weft_objects", GAUGE, "kind", "Objects of the cloud")                      \
	X(REVISION, "weft_store_revision", GAUGE, NULL, "Revision of the last durable change") \
	X(TRANSACTIONS, "weft_store_transactions_total", COUNTER, "result",                    \
	  "Transactions of the store: committed, conflict or failed")                          \
	X(FLUSHES, "weft_store_flushes_total", COUNTER, NULL,                                  \
	  "Flushes of the store to disk, each of one or many transactions")                    \
	X(HOSTS, "weft_hosts", GAUGE, "state", "Known hosts: alive or lost")                   \
	X(UNMADE, "weft_hosts_refused", GAUGE, NULL,                                           \
	  "Ports, network ACLs and firewall groups whose rules a host could not make")         \
	X(STREAMS, "weft_rows_streams", GAUGE, NULL, "Hosts connected for their rows")         \
	X(ROWS, "weft_rows_sent_total", COUNTER, NULL,                                         \
	  "Rows sent to hosts, and marks between them")                                        \
	X(BYTES, "weft_rows_sent_bytes_total", COUNTER, NULL,                                  \
	  "Bytes of what was sent to hosts")                                                   \
	X(TRANSFERS, "weft_rows_transfers_total", COUNTER, "mode",                             \
	  "Connections of hosts: full transfers, or resumed where they were")                  \
	X(REPORTS, "weft_rows_reports_total", COUNTER, NULL, "Reports of hosts")               \
	X(HANDOVERS, "weft_rows_handovers_total", COUNTER, NULL,                               \
	  "Parcels of connections from a host to the one that a port has moved to")            \
	X(BEHIND, "weft_rows_hosts_behind", GAUGE, NULL,                                       \
	  "Connected hosts that have not yet applied what they were sent")                     \
	X(BEHIND_MAX, "weft_rows_revisions_behind_max", GAUGE, NULL,                           \
	  "Revisions by which the last of these is behind")                                    \
	X(GATEWAYS, "weft_gateways", GAUGE, "state",                                           \
	  "Gateways of routers: on a host that is alive, or homeless")                         \
	X(GATEWAY_MOVES, "weft_gateway_moves_total", COUNTER, NULL,                            \
	  "Gateways given another host, where this controller is to do it")                    \
	X(NOVA_EVENTS, "weft_nova_events_total", COUNTER, "result",                            \
	  "Events of ports: told to Nova, unwanted by it, or given up")                        \
	X(NOVA_FAILURES, "weft_nova_failures_total", COUNTER, NULL,                            \
	  "Requests that Nova or Keystone did not answer well")                                \
	X(NOVA_OWED, "weft_nova_events_owed", GAUGE, NULL,                                     \
	  "Events that Nova has still to be told, where this controller is to do it")

enum {
#define X(id, name, type, labels, help) SCRAPE_##id,
	METRICS(X)
#undef X
};

static const struct metric table[] = {METRICS(METRIC_ROW)};

struct scrape {
	struct scrape_sources from;
	struct metrics *metrics;
	struct metric_server *server; /* NULL: none */
};

struct scrape *scrape_new(const struct scrape_sources *sources)
{
	struct scrape *scrape = g_new0(struct scrape, 1);

	scrape->from = *sources;
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

/* --- counting ------------------------------------------------------------------------ */

/* A method is text from outside; there are as many series as there are methods here. */
static const char *method_bound(const char *method)
{
	static const char *const known[] = {"GET", "POST", "PUT", "DELETE", "HEAD"};

	for (gsize i = 0; i < G_N_ELEMENTS(known); i++)
		if (strcmp(known[i], method) == 0)
			return known[i];
	return "other";
}

void scrape_observe(const struct http_question *question, unsigned int status, double seconds,
		    void *data)
{
	struct scrape *scrape = data;
	char route[ROUTE_TEXT], number[16];
	const char *labels[] = {method_bound(question->method),
				route_print(question->path, route), number};

	g_snprintf(number, sizeof(number), "%u", status);
	metrics_add(scrape->metrics, SCRAPE_REQUESTS, labels, 1);
	metrics_observe(scrape->metrics, SCRAPE_DURATION, labels, seconds);
}

/* --- reading ------------------------------------------------------------------------- */

static void set(struct scrape *scrape, unsigned int id, const char *label, uint64_t value)
{
	metrics_set(scrape->metrics, id, &label, (double)value);
}

static void collect_cloud(struct scrape *scrape)
{
	const GPtrArray *hosts = cloud_list(scrape->from.cloud, KIND_HOST);
	unsigned int alive = 0;

	for (unsigned int kind = 0; kind < KIND_COUNT; kind++)
		set(scrape, SCRAPE_OBJECTS, cloud_table((enum kind)kind)->singular,
		    cloud_list(scrape->from.cloud, (enum kind)kind)->len);
	for (guint i = 0; i < hosts->len; i++)
		alive += cloud_is_host_alive(
			scrape->from.cloud,
			((const struct host *)hosts->pdata[i])->object.name);
	set(scrape, SCRAPE_HOSTS, "alive", alive);
	set(scrape, SCRAPE_HOSTS, "lost", hosts->len - alive);
	set(scrape, SCRAPE_UNMADE, NULL, cloud_count_refused(scrape->from.cloud));
}

static void collect_changes(struct scrape *scrape)
{
	struct store_counters store = store_get_counters(scrape->from.store);
	struct api_counters api = api_get_counters(scrape->from.api);

	set(scrape, SCRAPE_REVISION, NULL, store_revision(scrape->from.store));
	set(scrape, SCRAPE_TRANSACTIONS, "committed", store.committed);
	set(scrape, SCRAPE_TRANSACTIONS, "conflict", store.conflicts);
	set(scrape, SCRAPE_TRANSACTIONS, "failed", store.failed);
	set(scrape, SCRAPE_FLUSHES, NULL, store.flushes);
	set(scrape, SCRAPE_WAITS, NULL, api.waits);
	set(scrape, SCRAPE_RETRIES, NULL, api.retries);
}

static void collect_rows(struct scrape *scrape)
{
	struct hub_counters hub = hub_get_counters(scrape->from.hub);

	set(scrape, SCRAPE_STREAMS, NULL, hub_count_connected(scrape->from.hub));
	set(scrape, SCRAPE_ROWS, NULL, hub.lines);
	set(scrape, SCRAPE_BYTES, NULL, hub.bytes);
	set(scrape, SCRAPE_TRANSFERS, "full", hub.fulls);
	set(scrape, SCRAPE_TRANSFERS, "resume", hub.resumes);
	set(scrape, SCRAPE_REPORTS, NULL, hub.reports);
	set(scrape, SCRAPE_HANDOVERS, NULL, hub.handovers);
	set(scrape, SCRAPE_BEHIND, NULL, hub.behind);
	set(scrape, SCRAPE_BEHIND_MAX, NULL, hub.behind_max);
}

static void collect_nova(struct scrape *scrape)
{
	struct nova_counters nova = {0};

	if (scrape->from.nova)
		nova = nova_get_counters(scrape->from.nova);
	set(scrape, SCRAPE_NOVA_EVENTS, "told", nova.told);
	set(scrape, SCRAPE_NOVA_EVENTS, "unwanted", nova.unwanted);
	set(scrape, SCRAPE_NOVA_EVENTS, "expired", nova.expired);
	set(scrape, SCRAPE_NOVA_FAILURES, NULL, nova.failures);
	set(scrape, SCRAPE_NOVA_OWED, NULL, nova.owed);
}

static void collect_gateways(struct scrape *scrape)
{
	struct gateways_counters gateways = gateways_get_counters(scrape->from.gateways);

	set(scrape, SCRAPE_GATEWAYS, "alive", gateways.all - gateways.homeless);
	set(scrape, SCRAPE_GATEWAYS, "homeless", gateways.homeless);
	set(scrape, SCRAPE_GATEWAY_MOVES, NULL, gateways.moves);
}

static char *scrape_print(gsize *size, void *data)
{
	struct scrape *scrape = data;

	metric_process_collect(scrape->metrics, "weftd");
	collect_cloud(scrape);
	collect_changes(scrape);
	collect_rows(scrape);
	collect_gateways(scrape);
	collect_nova(scrape);
	return metrics_print(scrape->metrics, size);
}

bool scrape_listen(struct scrape *scrape, const char *where, GError **error)
{
	scrape->server = metric_server_new(where, scrape_print, scrape, error);
	return scrape->server != NULL;
}

static void scrape_guest(struct http_request *request, const struct caller *caller,
			 const GError *error, void *data)
{
	struct scrape *scrape = data;
	g_autoptr(GError) denied = NULL;
	gsize size;
	char *page;

	if (!error && !caller->admin)
		denied = g_error_new(WEFT_ERROR, WEFT_ERROR_DENIED,
				     "metrics are an administrator's");
	if (error || denied) {
		api_reply_error(request, error ? error : denied);
		return;
	}
	page = scrape_print(&size, scrape);
	metric_reply(request, page, size);
}

bool scrape_serve(struct scrape *scrape, const struct guestlist *guests,
		  struct http_request *request, const struct http_question *question)
{
	if (strcmp(question->path, "/metrics") != 0 || strcmp(question->method, "GET") != 0)
		return false;
	guestlist_ask(guests, request, scrape_guest, scrape);
	return true;
}

void scrape_print_manual(FILE *out)
{
	metrics_print_manual(table, G_N_ELEMENTS(table), out);
}
