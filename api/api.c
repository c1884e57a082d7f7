/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a path to who answers it.
 */
#include "api/api.h"

#include <string.h>

#include "api/access.h"
#include "api/availability.h"
#include "api/binding.h"
#include "api/discovery.h"
#include "api/engine.h"
#include "api/flavor.h"
#include "api/log.h"
#include "api/provider.h"
#include "api/quota.h"
#include "api/quota_serve.h"
#include "api/reply.h"
#include "api/segment_upkeep.h"
#include "api/state.h"
#include "api/tags.h"
#include "api/topology.h"
#include "api/zone.h"

#define SPREAD 32768 /* keeps identities in their 16 bits for long */

struct api *api_new(struct store *store, struct cloud *cloud, struct mirror *mirror,
		    struct guestlist *guests, const struct policy *policy,
		    const struct api_config *config)
{
	struct api *api = g_new0(struct api, 1);

	api->store = store;
	api->cloud = cloud;
	api->mirror = mirror;
	api->guests = guests;
	api->access = access_new(policy, cloud);
	api->config = *config;
	api->quota = quota_new(api);
	api->inflight = g_hash_table_new(g_str_hash, g_str_equal);
	g_queue_init(&api->long_jobs);
	api->next_vni = config->vni_min;
	api->next_router = 1;
	api->next_identity = 1;
	/* Several controllers that all begin at the first one would race for each. */
	if (store_is_shared(store)) {
		api->next_vni += g_random_int() % (config->vni_max - config->vni_min + 1);
		api->next_router += g_random_int() % SPREAD;
		api->next_identity += g_random_int() % SPREAD;
	}
	segment_upkeep_start(api);
	return api;
}

void api_reload(struct api *api)
{
	access_reload(api->access);
}

void api_stop(struct api *api)
{
	api->ending = true;
	segment_upkeep_stop(api);
}

void api_free(struct api *api)
{
	if (!api)
		return;
	g_clear_handle_id(&api->long_turn, g_source_remove);
	segment_upkeep_stop(api);
	g_hash_table_unref(api->inflight);
	access_free(api->access);
	quota_free(api->quota);
	g_free(api);
}

struct api_counters api_get_counters(const struct api *api)
{
	return api->counters;
}

void api_reply_error(struct http_request *request, const GError *error)
{
	reply_error(request, error);
}

/* What the reference says of a member without an id. */
static void serve_no_member(const struct ask *ask)
{
	const char *title = resource_table(ask->resource)->title;
	g_autofree char *type = g_strconcat(title, "NotFound", NULL);
	g_autofree char *text = g_strdup_printf("%s None could not be found.", title);

	reply_plain_error(ask->request, 404, type, text);
}

static void serve_collection(const struct ask *ask)
{
	const char *method = ask->question->method;

	if (strcmp(method, "GET") == 0)
		engine_list(ask);
	else if (strcmp(method, "POST") == 0)
		engine_create(ask);
	else if (strcmp(method, "PUT") == 0 || strcmp(method, "DELETE") == 0)
		serve_no_member(ask);
	else
		reply_bad_method(ask->request);
}

static void serve_member(const struct ask *ask)
{
	const char *method = ask->question->method;

	if (strcmp(method, "GET") == 0)
		engine_show(ask);
	else if (strcmp(method, "PUT") == 0)
		engine_update(ask);
	else if (strcmp(method, "DELETE") == 0)
		engine_delete(ask);
	else
		reply_bad_method(ask->request);
}

static void serve_below(const struct ask *ask)
{
	if (strcmp(ask->action, "tags") == 0)
		tags_serve(ask);
	else if (ask->resource->kind == KIND_PORT && strcmp(ask->action, "bindings") == 0)
		binding_serve(ask);
	else if (ask->resource->kind == KIND_FLAVOR &&
		 strcmp(ask->action, "service_profiles") == 0)
		flavor_serve_profiles(ask);
	else if (ask->tag)
		reply_no_resource(ask->request);
	else if (strcmp(ask->question->method, "PUT") != 0)
		reply_bad_method(ask->request);
	else if (!engine_act(ask))
		reply_no_resource(ask->request);
}

static void serve_loggable(const struct ask *ask)
{
	g_autoptr(GError) error = NULL;

	if (ask->id)
		reply_no_resource(ask->request);
	else if (strcmp(ask->question->method, "GET") != 0)
		reply_bad_method(ask->request);
	else if (!access_check_rule(ask->api->access, ask->caller, "get_loggable_resource",
				    &error))
		reply_error(ask->request, error);
	else
		log_serve_loggable(ask->request);
}

/* Collections whose members are no objects of the cloud. */
static const struct {
	const char *path;
	void (*serve)(const struct ask *ask);
} others[] = {
	{"quotas", quota_serve},
	{"availability_zones", zone_serve},
	{"service-providers", provider_serve},
	{"network-ip-availabilities", availability_serve},
	{"log/loggable-resources", serve_loggable},
	{TOPOLOGY_PATH, topology_serve},
};

/* /v2.0/[FAMILY/]COLLECTION[/ID[/ACTION[/TAG]]], with ".json" at the end as older clients say. */
static void serve_resource(struct ask *ask)
{
	g_autofree char *path = g_strdup(ask->question->path + strlen("/v2.0/"));
	char *parts[5] = {path};
	gsize length = strlen(path);

	if (length > 1 && path[length - 1] == '/')
		path[--length] = '\0';
	if (g_str_has_suffix(path, ".json"))
		path[length - strlen(".json")] = '\0';
	for (unsigned int i = 1; i < G_N_ELEMENTS(parts) && parts[i - 1]; i++) {
		parts[i] = strchr(parts[i - 1], '/');
		if (parts[i])
			*parts[i]++ = '\0';
	}
	if (parts[1] && resource_is_family(parts[0])) {
		parts[1][-1] = '/';
		memmove(parts + 1, parts + 2, sizeof(parts) - 2 * sizeof(parts[0]));
		parts[4] = NULL;
	} else if (parts[4]) {
		parts[4][-1] = '/'; /* within a tag */
	}
	ask->id = parts[1];
	ask->action = parts[2];
	ask->tag = parts[3];
	for (gsize i = 0; i < G_N_ELEMENTS(others); i++)
		if (strcmp(parts[0], others[i].path) == 0) {
			others[i].serve(ask);
			return;
		}
	ask->resource = resource_find(parts[0]);
	if (!ask->resource)
		reply_no_resource(ask->request);
	else if (!ask->id)
		serve_collection(ask);
	else if (!ask->action)
		serve_member(ask);
	else
		serve_below(ask);
}

/* What the client writes comes back to it, and goes into the store: it must be text. */
static bool question_is_text(const struct http_question *question)
{
	bool good = g_utf8_validate(question->path, -1, NULL);

	for (gsize i = 0; i < question->query_count && good; i++)
		good = g_utf8_validate(question->query[i].name, -1, NULL) &&
		       g_utf8_validate(question->query[i].value, -1, NULL);
	return good;
}

/* HEAD is for whoever balances load: of documents only. */
static bool serve_document(struct http_request *request, const struct http_question *question)
{
	return (strcmp(question->method, "GET") == 0 ||
		strcmp(question->method, "HEAD") == 0) &&
	       discovery_serve(request, question->path);
}

static void serve_known(const struct ask *asked)
{
	const struct http_question *question = asked->question;
	struct ask ask = *asked;

	if (serve_document(ask.request, question))
		return;
	if (g_str_has_prefix(question->path, "/v2.0/"))
		serve_resource(&ask);
	else
		reply_no_resource(ask.request);
}

/* A reading request that waits until we know what others have done before it came. */
struct reading {
	struct ask ask;
	struct caller caller;
};

/* Without an answer we serve what we know: reading goes on without the others. */
static void reading_caught_up(uint64_t revision, const GError *error, void *data)
{
	g_autofree struct reading *reading = data;

	serve_known(&reading->ask);
}

static bool serve_later(const struct ask *ask)
{
	struct reading *reading;

	if (strcmp(ask->question->method, "GET") != 0 || store_is_current(ask->api->store))
		return false;
	reading = g_new0(struct reading, 1);
	reading->ask = *ask;
	reading->caller = *ask->caller;
	reading->ask.caller = &reading->caller;
	store_sync(ask->api->store, reading_caught_up, reading);
	return true;
}

static void serve_guest(struct http_request *request, const struct caller *caller,
			const GError *error, void *data)
{
	struct api *api = data;
	const struct ask ask = {
		.api = api,
		.request = request,
		.question = http_request_get_question(request),
		.caller = caller,
	};

	if (error)
		guestlist_refuse(api->guests, request, error);
	else if (api->ending && strcmp(ask.question->method, "GET") == 0)
		/* The store may be closed already, which knows how far the others are. */
		reply_plain_error(request, 503, "ServiceUnavailable",
				  "The controller is ending.");
	else if (!serve_later(&ask))
		serve_known(&ask);
}

void api_serve(struct api *api, struct http_request *request,
	       const struct http_question *question)
{
	if (!question_is_text(question))
		reply_plain_error(request, 400, "HTTPBadRequest", "The URL is not UTF-8.");
	else if (g_str_has_prefix(question->path, "/v2.0") ||
		 !serve_document(request, question))
		/* Versions and health are everybody's; here it is not. */
		guestlist_ask(api->guests, request, serve_guest, api);
}
