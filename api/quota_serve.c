/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /v2.0/quotas.
 */
#include "api/quota_serve.h"

#include <string.h>

#include "api/access.h"
#include "api/errand.h"
#include "api/quota.h"
#include "api/reply.h"
#include "lib/error.h"

/* A change under way. */
struct change {
	struct http_request *request;
	char *project;
	struct limits limits;
	bool check; /* not below what is in use */
	bool del;
};

static void limits_of(const struct api *api, const char *project, struct limits *out)
{
	const struct limits *own = mirror_find_limits(api->mirror, project);

	*out = api->config.limits;
	for (unsigned int i = 0; own && i < KIND_COUNT; i++)
		if (own->of[i] != LIMIT_UNSET)
			out->of[i] = own->of[i];
}

/* Takes BODY. */
static void reply_wrapped(struct http_request *request, const char *name, json_t *body)
{
	json_t *whole = json_pack("{s:o}", name, body);
	char *text = json_dumps(whole, JSON_COMPACT);

	json_decref(whole);
	reply_json(request, 200, text, strlen(text));
}

static json_t *details_print(const struct api *api, const char *project,
			     const struct limits *limits)
{
	json_t *out = json_object();

	for (unsigned int i = 0; i < KIND_COUNT; i++)
		if (limits->of[i] != LIMIT_UNSET)
			json_object_set_new(
				out, cloud_table((enum kind)i)->singular,
				json_pack("{s:I,s:I,s:i}", "limit", (json_int_t)limits->of[i],
					  "used",
					  (json_int_t)cloud_count(api->cloud, (enum kind)i,
								  project),
					  "reserved", 0));
	return out;
}

static json_t *quota_print(const struct limits *limits, const char *project)
{
	json_t *out = limits_print(limits);

	json_object_set_new(out, "project_id", json_string(project));
	json_object_set_new(out, "tenant_id", json_string(project));
	return out;
}

struct listing {
	const struct api *api;
	json_t *list;
};

static void listing_add(const char *project, const struct limits *limits, void *data)
{
	struct listing *listing = data;
	struct limits all;

	limits_of(listing->api, project, &all);
	json_array_append_new(listing->list, quota_print(&all, project));
}

static void serve_list(const struct ask *ask)
{
	struct listing listing = {ask->api, json_array()};

	mirror_visit_limits(ask->api->mirror, listing_add, &listing);
	reply_wrapped(ask->request, "quotas", listing.list);
}

static void serve_one(const struct ask *ask)
{
	struct limits limits;

	limits_of(ask->api, ask->id, &limits);
	if (!ask->action)
		reply_wrapped(ask->request, "quota", limits_print(&limits));
	else if (strcmp(ask->action, "default") == 0)
		reply_wrapped(ask->request, "quota", limits_print(&ask->api->config.limits));
	else if (strcmp(ask->action, "details") == 0)
		reply_wrapped(ask->request, "quota", details_print(ask->api, ask->id, &limits));
	else
		reply_no_resource(ask->request);
}

/* Changing */

static void change_free(void *data)
{
	struct change *change = data;

	g_free(change->project);
	g_free(change);
}

static bool change_check(struct job *job, const struct change *change, GError **error)
{
	g_autoptr(GString) over = g_string_new(NULL);

	for (unsigned int i = 0; change->check && i < KIND_COUNT; i++) {
		int64_t limit = change->limits.of[i];

		if (limit < 0 ||
		    cloud_count(job_cloud(job), (enum kind)i, change->project) <= limit)
			continue;
		g_string_append_printf(over, "%s'%s'", over->len ? ", " : "",
				       cloud_table((enum kind)i)->singular);
	}
	if (!over->len)
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_EXHAUSTED,
		    "OverQuota: Quota exceeded for resources: [%s].", over->str);
	return false;
}

static bool change_build(struct job *job, GError **error)
{
	const struct change *change = job_data(job);
	const struct limits *own = mirror_find_limits(job_api(job)->mirror, change->project);
	g_autofree char *key = g_strconcat(KEY_QUOTA, change->project, NULL);
	g_autofree char *text = NULL;
	struct limits limits;
	json_t *body;

	if (change->del && !own) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_NOT_FOUND,
			    "TenantQuotaNotFound: Quota for tenant %s could not be found.",
			    change->project);
		return false;
	}
	if (!change_check(job, change, error))
		return false;
	limits_clear(&limits);
	for (unsigned int i = 0; i < KIND_COUNT; i++) {
		if (own)
			limits.of[i] = own->of[i];
		if (change->limits.of[i] != LIMIT_UNSET)
			limits.of[i] = change->limits.of[i];
	}
	body = limits_print(&limits);
	text = json_dumps(body, JSON_COMPACT);
	json_decref(body);
	job_set(job, key, change->del ? NULL : text);
	return true;
}

static void change_finish(struct job *job, const GError *error)
{
	const struct change *change = job_data(job);
	struct limits limits;

	if (error) {
		reply_error(change->request, error);
	} else if (change->del) {
		reply_json(change->request, 204, NULL, 0);
	} else {
		limits_of(job_api(job), change->project, &limits);
		reply_wrapped(change->request, "quota", limits_print(&limits));
	}
}

static const struct job_ops change_ops = {
	.build = change_build,
	.finish = change_finish,
	.free = change_free,
};

static bool change_check_names(json_t *quota, GError **error)
{
	static const char *const others[] = {"check_limit", "force", "project_id", "tenant_id",
					     NULL};
	const char *name;
	json_t *value;

	json_object_foreach (quota, name, value) {
		if (g_strv_contains(others, name) || limits_know(name))
			continue;
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "Unrecognized attribute(s) '%s'", name);
		return false;
	}
	return true;
}

/* Without an error when the request is answered already. */
static bool change_read(const struct ask *ask, struct change *change, GError **error)
{
	json_t *body = errand_read_body(ask), *quota = json_object_get(body, "quota");
	bool good = json_is_object(quota);

	if (body && !good)
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "Unable to find 'quota' in request body");
	good = good && change_check_names(quota, error) &&
	       limits_read(&change->limits, quota, error);
	change->check = good && json_is_true(json_object_get(quota, "check_limit"));
	json_decref(body);
	return good;
}

static void serve_change(const struct ask *ask, bool del)
{
	g_autoptr(GError) error = NULL;
	struct change *change = g_new0(struct change, 1);

	change->request = ask->request;
	change->project = g_strdup(ask->id);
	change->del = del;
	limits_clear(&change->limits);
	if (!del && !change_read(ask, change, &error)) {
		if (error)
			reply_error(ask->request, error);
		change_free(change);
		return;
	}
	job_start(ask->api, ask->caller, &change_ops, change);
}

/* Who may: everybody their own, the rest is the policy's. */
static bool may(const struct ask *ask, GError **error)
{
	const char *method = ask->question->method;

	if (strcmp(method, "GET") == 0)
		return g_strcmp0(ask->id, ask->caller->project_id) == 0 ||
		       access_check_rule(ask->api->access, ask->caller, "get_quota", error);
	return access_check_rule(ask->api->access, ask->caller,
				 strcmp(method, "PUT") == 0 ? "update_quota" : "delete_quota",
				 error);
}

void quota_serve(const struct ask *ask)
{
	const char *method = ask->question->method;
	bool get = strcmp(method, "GET") == 0;
	g_autoptr(GError) error = NULL;

	if (get && ask->id && !ask->action &&
	    (strcmp(ask->id, "tenant") == 0 || strcmp(ask->id, "project") == 0))
		reply_wrapped(ask->request, ask->id,
			      json_pack("{s:s,s:s}", "tenant_id", ask->caller->project_id,
					"project_id", ask->caller->project_id));
	else if (!may(ask, &error))
		reply_error(ask->request, error);
	else if (get && ask->id)
		serve_one(ask);
	else if (get)
		serve_list(ask);
	else if (ask->id && !ask->action && strcmp(method, "PUT") == 0)
		serve_change(ask, false);
	else if (ask->id && !ask->action && strcmp(method, "DELETE") == 0)
		serve_change(ask, true);
	else
		reply_bad_method(ask->request);
}
