/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wiring.
 */
#include "controller/wiring.h"

#include <malloc.h>
#include <string.h>

#include "api/api.h"
#include "api/identity.h"
#include "api/nova.h"
#include "compile/compile.h"
#include "compile/fit.h"
#include "controller/gateways.h"
#include "controller/moves.h"
#include "controller/presence.h"
#include "controller/relay.h"
#include "controller/scrape.h"
#include "controller/sweep.h"
#include "controller/transfer.h"
#include "lib/error.h"
#include "lib/http_client.h"
#include "lib/log.h"
#include "lib/tls.h"
#include "rights/policy.h"
#include "sync/hub_serve.h"

#define MODULE	    "weftd"
#define REQUEST_ID  "X-Openstack-Request-Id"
#define TLS_SECONDS 2		/* how long what is revoked may still be in force */
#define BODY_MAX    (16u << 20) /* bytes of a request: 10,000 ports in one */

struct wiring {
	struct store *store;
	struct cloud *cloud;
	struct mirror *mirror;
	struct policy *policy;
	struct identity *identity;	/* NULL: no Keystone */
	struct nova *nova;		/* NULL: it is not told */
	struct nova_config nova_config; /* owned texts */
	struct guestlist *guests;
	struct api *api;
	struct compile *compile;
	struct hub *hub;
	struct moves *moves;
	uint64_t behind; /* the revision whose rows are not all made yet; 0: none */
	guint rows_turn; /* the loop's source of it; 0: none */
	struct presence *presence;
	struct relay *relay;
	struct sweep *sweep;
	struct gateways *gateways;
	struct http_server *server;
	struct tls *tls; /* NULL: plain */
	guint tls_watch;
	struct scrape *scrape;
	char **listen;
	char **origins; /* whose scripts may ask; NULL: nobody's */
	struct http_origins cors;
	char *metrics; /* where they are open to all; NULL: nowhere */
	struct api_config config;
	void (*failed)(void *data);
	void *data;
	bool ended;
};

static void wiring_fail(struct wiring *wiring)
{
	if (wiring->ended)
		return;
	wiring->ended = true;
	wiring->failed(wiring->data);
}

/* Rows: compile -> hub. Those of many ports are made in parts. */

#define PART_PORTS 64

static gboolean rows_go_on(void *data);

static void rows_make(struct wiring *wiring, guint ports)
{
	if (!wiring->behind)
		return;
	if (!compile_flush_part(wiring->compile, wiring->behind, ports)) {
		if (!wiring->rows_turn)
			wiring->rows_turn =
				g_idle_add_full(G_PRIORITY_DEFAULT, rows_go_on, wiring, NULL);
		return;
	}
	hub_commit(wiring->hub, wiring->behind);
	wiring->behind = 0;
}

static gboolean rows_go_on(void *data)
{
	struct wiring *wiring = data;

	rows_make(wiring, PART_PORTS);
	if (wiring->behind)
		return G_SOURCE_CONTINUE;
	wiring->rows_turn = 0;
	return G_SOURCE_REMOVE;
}

/* Before anybody asks for all rows of a host. */
static void rows_make_all(struct wiring *wiring)
{
	rows_make(wiring, G_MAXUINT);
}

static void rows_emit(const char *host, enum compile_table table, const char *key,
		      GRefString *value, uint64_t revision, void *data)
{
	struct wiring *wiring = data;

	hub_emit(wiring->hub, host, compile_table_names[table], key, value, revision);
}

static void rows_emit_dump(const char *host, enum compile_table table, const char *key,
			   GRefString *value, uint64_t revision, void *dump)
{
	hub_dump_row(dump, compile_table_names[table], key, value);
}

/* Hosts: hub -> cloud */

struct knock {
	struct wiring *wiring;
	struct hub *hub;
	void *session;
	char *host;
	char *tunnel_ip;
	char *zone;
	char *physical;
};

static void knock_end(struct knock *knock, const GError *error)
{
	if (error)
		log_warn(MODULE, "host %s: refused: %s", knock->host, error->message);
	rows_make_all(knock->wiring);
	hub_admit(knock->hub, knock->session, error);
	/* Also one that comes back before it was missed: it may have been elsewhere. */
	if (!error)
		presence_set_alive(knock->wiring->presence, knock->host, true);
	g_free(knock->host);
	g_free(knock->tunnel_ip);
	g_free(knock->zone);
	g_free(knock->physical);
	g_free(knock);
}

static void hosts_admitted(const GError *error, void *data)
{
	knock_end(data, error);
}

/* The host may come from a controller that knew more than we do: not any more. */
static void hosts_caught_up(uint64_t revision, const GError *error, void *data)
{
	struct knock *knock = data;
	struct wiring *wiring = knock->wiring;

	if (error) {
		knock_end(knock, error);
		return;
	}
	rows_make_all(wiring);
	if (!mirror_is_behind(wiring->mirror))
		hub_commit(wiring->hub, revision);
	api_admit_host(wiring->api, knock->host, knock->tunnel_ip, knock->zone, knock->physical,
		       hosts_admitted, knock);
}

static void hosts_admit(struct hub *hub, const char *host, const char *tunnel_ip,
			const char *zone, const char *physical, void *session, void *data)
{
	struct wiring *wiring = data;
	struct knock *knock = g_new0(struct knock, 1);

	knock->wiring = wiring;
	knock->hub = hub;
	knock->session = session;
	knock->host = g_strdup(host);
	knock->tunnel_ip = g_strdup(tunnel_ip);
	knock->zone = g_strdup(zone);
	knock->physical = g_strdup(physical);
	if (store_is_shared(wiring->store))
		store_sync(wiring->store, hosts_caught_up, knock);
	else
		api_admit_host(wiring->api, host, tunnel_ip, zone, physical, hosts_admitted,
			       knock);
}

static void hosts_dump(const char *host, struct hub_dump *dump, void *data)
{
	struct wiring *wiring = data;

	compile_host(wiring->compile, host, rows_emit_dump, dump);
}

static void hosts_alive(const char *host, bool alive, void *data)
{
	struct wiring *wiring = data;

	log_info(MODULE, "host %s: %s", host, alive ? "connected" : "lost");
	presence_set_alive(wiring->presence, host, alive);
}

static void hosts_report(const char *host, const struct hub_report *report, void *data)
{
	presence_report(((struct wiring *)data)->presence, host, report);
}

static const char *hosts_heir(const char *host, struct uuid port, void *data)
{
	return moves_find(((struct wiring *)data)->moves, port, host);
}

static bool hosts_forward(const char *host, const char *id, const char *address, void *data)
{
	struct wiring *wiring = data;

	if (!presence_is_elsewhere(wiring->presence, host))
		return false;
	relay_forward(wiring->relay, host, id, address);
	return true;
}

static const struct hub_ops hub_ops = {
	.heir = hosts_heir,
	.forward = hosts_forward,
	.admit = hosts_admit,
	.dump = hosts_dump,
	.alive = hosts_alive,
	.report = hosts_report,
};

/* Certificates */

static void stream_was_cut(const char *client, const GError *why, void *data)
{
	log_warn(MODULE, "%s: stream to %s cut", why->message, client);
}

static void tls_look(struct wiring *wiring)
{
	g_autoptr(GError) error = NULL;
	bool changed = false;

	if (!tls_refresh(wiring->tls, &changed, &error))
		log_error(MODULE, "certificates: kept as they were: %s", error->message);
	else if (changed)
		log_info(MODULE, "certificates: read again");
	if (wiring->server)
		http_server_check_streams(wiring->server, stream_was_cut, NULL);
}

static gboolean tls_is_due(void *data)
{
	tls_look(data);
	return G_SOURCE_CONTINUE;
}

static bool tls_begin(struct wiring *wiring, const struct options *options, GError **error)
{
	const struct tls_files files = {options->tls_cert, options->tls_key, options->tls_ca,
					options->tls_crl};

	if (!files.cert)
		return true;
	wiring->tls = tls_new(&files, error);
	if (!wiring->tls)
		return false;
	wiring->tls_watch = g_timeout_add_seconds(TLS_SECONDS, tls_is_due, wiring);
	return true;
}

/* A host's certificate opens that host's rows and status, whatever else comes along. */
static void peer_serve_host(struct wiring *wiring, struct http_request *request,
			    const struct http_question *question)
{
	g_autoptr(GError) error = NULL;

	rows_make_all(wiring);
	if (hub_serve(wiring->hub, request, question, question->peer->name))
		return;
	g_set_error(&error, WEFT_ERROR, WEFT_ERROR_DENIED,
		    "host %s: its certificate opens its rows and status, not %s",
		    question->peer->name, question->path);
	api_reply_error(request, error);
}

/* Whether the client's certificate decided, and the request is answered. */
static bool peer_serve(struct wiring *wiring, struct http_request *request,
		       const struct http_question *question)
{
	if (question->refused) {
		log_warn(MODULE, "%s: refused, from %s", question->refused->message,
			 question->client);
		api_reply_error(request, question->refused);
		return true;
	}
	if (!question->peer || question->peer->kind != PKI_HOST)
		return false;
	peer_serve_host(wiring, request, question);
	return true;
}

/* Requests */

static void requests_complain(const char *text)
{
	log_error("api", "%s", text);
}

static void weft_guest(struct http_request *request, const struct caller *caller,
		       const GError *error, void *data)
{
	struct wiring *wiring = data;
	const struct http_question *question = http_request_get_question(request);

	rows_make_all(wiring);
	if (error)
		guestlist_refuse(wiring->guests, request, error);
	else if (!hub_serve_reader(wiring->hub, request, question, caller->admin) &&
		 !hub_serve(wiring->hub, request, question, caller->host))
		api_serve(wiring->api, request, question);
}

static void requests_handle(struct http_request *request, const struct http_question *question,
			    void *data)
{
	struct wiring *wiring = data;

	if (scrape_serve(wiring->scrape, wiring->guests, request, question))
		return;
	if (peer_serve(wiring, request, question))
		return;
	if (g_str_has_prefix(question->path, "/weft/"))
		guestlist_ask(wiring->guests, request, weft_guest, wiring);
	else
		api_serve(wiring->api, request, question);
}

/* A line for each answer, by which a client's request is found in the log. */
static void requests_observe(const struct http_question *question, unsigned int status,
			     double seconds, void *data)
{
	struct wiring *wiring = data;

	scrape_observe(question, status, seconds, wiring->scrape);
	if (log_is_on("api", LOG_LEVEL_DEBUG))
		log_debug("api", "%s%s%s: %s %s from %s: %u in %.1f ms", question->id,
			  question->global_id ? " " : "",
			  question->global_id ? question->global_id : "", question->method,
			  question->path, question->client, status, seconds * 1000);
}

static void server_set_up(struct wiring *wiring)
{
	http_server_set_observer(wiring->server, requests_observe, wiring);
	http_server_set_limits(wiring->server, BODY_MAX, 32u << 20);
	http_server_set_id_header(wiring->server, REQUEST_ID);
	wiring->cors = (struct http_origins){
		.origins = (const char *const *)wiring->origins,
		.methods = "GET, PUT, POST, DELETE, PATCH",
		.headers = "Accept, Accept-Language, Content-Type, Content-Language, "
			   "Cache-Control, Expires, Last-Modified, Pragma, If-Match, "
			   "X-Auth-Token, X-Service-Token, X-Project-Id, X-Roles, " REQUEST_ID,
		.exposed = REQUEST_ID ", WWW-Authenticate",
	};
	http_server_set_origins(wiring->server, &wiring->cors);
	if (wiring->tls)
		http_server_set_tls(wiring->server, wiring->tls);
}

/* Everything that is counted is there. */
static bool metrics_open(struct wiring *wiring, GError **error)
{
	const struct scrape_sources sources = {wiring->store, wiring->cloud, wiring->api,
					       wiring->hub,   wiring->nova,  wiring->gateways};

	wiring->scrape = scrape_new(&sources);
	return !wiring->metrics || scrape_listen(wiring->scrape, wiring->metrics, error);
}

/* Store: mirror -> cloud */

static void mirror_is_ready(uint64_t revision, void *data)
{
	struct wiring *wiring = data;
	g_autoptr(GError) error = NULL;

	wiring->hub = hub_new(&hub_ops, store_epoch(wiring->store), revision, wiring);
	wiring->moves = moves_new(wiring->cloud);
	wiring->relay = relay_new(wiring->store, wiring->hub);
	wiring->presence =
		presence_new(wiring->store, wiring->cloud, wiring->mirror, wiring->config.nova);
	if (wiring->config.nova)
		wiring->nova = nova_new(wiring->store, wiring->identity, &wiring->nova_config);
	wiring->sweep = sweep_new(wiring->store, wiring->cloud);
	wiring->compile = compile_new(wiring->cloud, rows_emit, wiring);
	compile_flush(wiring->compile, revision);
	malloc_trim(0); /* what the ranges and the first rows needed is not needed again */
	if (store_is_shared(wiring->store))
		hub_set_shared(wiring->hub);
	wiring->api = api_new(wiring->store, wiring->cloud, wiring->mirror, wiring->guests,
			      wiring->policy, &wiring->config);
	wiring->gateways = gateways_new(wiring->store, wiring->cloud, wiring->api);
	if (!metrics_open(wiring, &error)) {
		log_error(MODULE, "%s: cannot listen: %s", wiring->metrics, error->message);
		wiring_fail(wiring);
		return;
	}
	wiring->server = http_server_new(requests_handle, wiring);
	server_set_up(wiring);
	for (char **where = wiring->listen; *where; where++) {
		if (!http_server_listen(wiring->server, *where, &error)) {
			log_error(MODULE, "%s: cannot listen: %s", *where, error->message);
			wiring_fail(wiring);
			return;
		}
		log_info(MODULE, "%s: serving, revision %" G_GUINT64_FORMAT ", %u ports",
			 *where, revision, cloud_list(wiring->cloud, KIND_PORT)->len);
	}
}

static void mirror_has_failed(const GError *error, void *data)
{
	log_error(MODULE, "store: cannot be followed: %s", error->message);
	wiring_fail(data);
}

static void mirror_has_applied(uint64_t revision, void *data)
{
	struct wiring *wiring = data;

	if (!wiring->compile)
		return;
	wiring->behind = revision;
	rows_make(wiring, PART_PORTS);
}

static void mirror_has_lost(void *data)
{
	log_warn(MODULE, "store: changes were lost: reading all again");
}

static const struct mirror_ops mirror_ops = {
	.lost = mirror_has_lost,
	.ready = mirror_is_ready,
	.failed = mirror_has_failed,
	.applied = mirror_has_applied,
};

static struct store *wiring_open_store(const struct options *options, GError **error)
{
	const struct http_tls tls = {.ca = options->store_ca,
				     .cert = options->store_cert,
				     .key = options->store_key};
	struct store *store = store_open(options->store, &tls, error);

	if (store && store_get_news(store))
		log_info(MODULE, "store: %s", store_get_news(store));
	if (!store || transfer_check(store, error))
		return store;
	g_prefix_error(error, "store %s: ", options->store);
	store_close(store);
	return NULL;
}

static void identity_told(const char *text, bool bad)
{
	if (bad)
		log_error("identity", "%s", text);
	else
		log_info("identity", "%s", text);
}

static void identity_begin(struct wiring *wiring, const struct options *options)
{
	struct identity_config config = options->identity;

	if (!config.url || !wiring->guests)
		return;
	config.tell = identity_told;
	wiring->identity = identity_new(&config);
	guestlist_set_identity(wiring->guests, wiring->identity);
}

static void nova_told(const char *text, bool bad)
{
	if (bad)
		log_error("nova", "%s", text);
	else
		log_info("nova", "%s", text);
}

static void nova_prepare(struct wiring *wiring, const struct options *options)
{
	wiring->config.nova = options->nova && wiring->identity;
	wiring->nova_config = (struct nova_config){
		.url = g_strdup(options->nova),
		.ca = g_strdup(options->nova_ca),
		.timeout_ms = options->identity.timeout_ms,
		.tell = nova_told,
	};
}

struct wiring *wiring_new(const struct options *options, void (*failed)(void *data), void *data,
			  GError **error)
{
	struct wiring *wiring = g_new0(struct wiring, 1);

	wiring->failed = failed;
	wiring->data = data;
	wiring->listen = g_strdupv(options->listen);
	wiring->origins = g_strdupv(options->origins);
	wiring->metrics = g_strdup(options->metrics);
	wiring->config = (struct api_config){
		.vni_min = options->vni_min,
		.vni_max = options->vni_max,
		.underlay_mtu = options->mtu,
		.underlay_v6 = options->underlay_v6,
		.limits = options->limits,
		.page_max = options->page_max,
		.firewall_fits = fit_firewall,
		.complain = requests_complain,
	};
	if (tls_begin(wiring, options, error))
		wiring->policy = policy_new(options->policy, error);
	if (wiring->policy)
		wiring->guests = guestlist_new(options->tokens, wiring->policy, error);
	identity_begin(wiring, options);
	nova_prepare(wiring, options);
	wiring->store = wiring->guests ? wiring_open_store(options, error) : NULL;
	if (!wiring->store) {
		wiring_free(wiring);
		return NULL;
	}
	wiring->cloud = cloud_new();
	cloud_set_dns_domain(wiring->cloud, options->dns_domain);
	wiring->mirror = mirror_new(wiring->store, wiring->cloud, &mirror_ops, wiring);
	return wiring;
}

static void policy_reread(struct wiring *wiring)
{
	g_autoptr(GError) error = NULL;

	if (!policy_reload(wiring->policy, &error)) {
		log_error(MODULE, "policy: kept as it was: %s", error->message);
		return;
	}
	log_info(MODULE, "policy: read again");
	if (wiring->api)
		api_reload(wiring->api);
}

void wiring_reload(struct wiring *wiring)
{
	g_autoptr(GError) error = NULL;

	if (guestlist_reload(wiring->guests, &error))
		log_info(MODULE, "tokens: read again");
	else
		log_error(MODULE, "tokens: kept as they were: %s", error->message);
	policy_reread(wiring);
	if (wiring->tls)
		tls_look(wiring);
}

/* The store first: its last commit answers the requests that wait for it, and they still find
 * everything else. */
void wiring_free(struct wiring *wiring)
{
	if (!wiring)
		return;
	wiring->ended = true;
	if (wiring->api)
		api_stop(wiring->api);
	sweep_stop(wiring->sweep);
	gateways_stop(wiring->gateways);
	nova_stop(wiring->nova);
	presence_stop(wiring->presence);
	relay_stop(wiring->relay);
	mirror_stop(wiring->mirror);
	store_close(wiring->store);
	while (g_main_context_iteration(NULL, FALSE))
		;
	g_clear_handle_id(&wiring->rows_turn, g_source_remove);
	identity_free(wiring->identity); /* who waits for it is answered */
	hub_free(wiring->hub);
	http_server_free(wiring->server);
	g_clear_handle_id(&wiring->tls_watch, g_source_remove);
	tls_free(wiring->tls);
	scrape_free(wiring->scrape);
	api_free(wiring->api);
	compile_free(wiring->compile);
	presence_free(wiring->presence);
	relay_free(wiring->relay);
	sweep_free(wiring->sweep);
	gateways_free(wiring->gateways);
	nova_free(wiring->nova);
	mirror_free(wiring->mirror);
	moves_free(wiring->moves);
	cloud_free(wiring->cloud);
	guestlist_free(wiring->guests);
	policy_free(wiring->policy);
	g_strfreev(wiring->listen);
	g_strfreev(wiring->origins);
	g_free(wiring->metrics);
	g_free((char *)wiring->nova_config.url);
	g_free((char *)wiring->nova_config.ca);
	g_free(wiring);
}
