/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verbs, for any resource.
 */
#include "api/engine.h"

#include <string.h>

#include "api/access.h"
#include "api/errand.h"
#include "api/listing.h"
#include "api/query.h"
#include "api/reply.h"
#include "api/tags.h"
#include "lib/error.h"

/* Reading */

static void list_now(const struct ask *ask)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *base = reply_base(ask->request);
	struct query_page page = {0};
	struct sight sight;

	sight_init(&sight, ask->api->access, ask->resource, ask->caller);
	if (ask->resource->admin_only && sight_is_blind(&sight))
		resource_denied("get", ask->resource, NULL, &error);
	else
		query_list(ask->api, ask->resource, ask->caller, ask->question, base, &page,
			   &error);
	if (error)
		reply_error(ask->request, error);
	else
		listing_start(ask, &page);
}

/* A question that waits until what it needs is made. */
struct late {
	struct ask ask;
	struct caller caller;
};

static bool late_build(struct job *job, GError **error)
{
	const struct late *late = job_data(job);

	return late->ask.resource->prepare(job, error);
}

static void late_finish(struct job *job, const GError *error)
{
	struct late *late = job_data(job);

	if (error)
		reply_error(late->ask.request, error);
	else
		list_now(&late->ask);
}

static const struct job_ops late_ops = {
	.build = late_build,
	.finish = late_finish,
	.free = g_free,
};

void engine_list(const struct ask *ask)
{
	const struct resource *resource = ask->resource;
	struct late *late;

	if (!resource->need || !resource->need(ask->api->cloud, ask->caller)) {
		list_now(ask);
		return;
	}
	late = g_new0(struct late, 1);
	late->ask = *ask;
	late->caller = *ask->caller;
	late->ask.caller = &late->caller;
	job_start(ask->api, ask->caller, &late_ops, late);
}

void engine_show(const struct ask *ask)
{
	struct attr_view view = query_view(ask->api, ask->resource, ask->caller, ask->question);
	const struct attr_table *table = resource_table(ask->resource);
	const void *object = NULL;
	g_autofree char *message = NULL, *type = NULL;
	struct uuid id;
	GString *out;

	if (uuid_parse(ask->id, &id))
		object = cloud_find(ask->api->cloud, ask->resource->kind, id);
	if (!object || !access_sees(ask->api->access, ask->caller, ask->resource, object)) {
		type = g_strconcat(table->title, "NotFound", NULL);
		message = g_strdup_printf("%s %s could not be found.", table->title, ask->id);
		reply_plain_error(ask->request, 404, type, message);
		return;
	}
	view.hidden = access_hides(ask->api->access, ask->caller, ask->resource, object);
	out = g_string_sized_new(1024);
	g_string_append_printf(out, "{\"%s\":", table->singular);
	attr_encode(table, object, &view, out);
	g_string_append_c(out, '}');
	reply_json(ask->request, 200, out->str, out->len);
	g_string_free(out, FALSE);
}

/* Changing: what all have */

/* Names that are kept for good are looked at before they are: a project that is not the
 * caller's, a host that this caller may not name at all. */
static bool check_symbols(struct job *job, const struct resource *resource, enum verb verb,
			  json_t *body, GError **error)
{
	const struct attr_table *table = resource_table(resource);
	const struct caller *caller = job_caller(job);

	for (const struct attr *attr = table->attrs; attr->name && !caller->admin; attr++) {
		json_t *value = json_object_get(body, attr->name);
		const char *text;

		if (!value && attr->alias)
			value = json_object_get(body, attr->alias);
		text = json_string_value(value);
		if (attr->type != ATTR_SYMBOL || !text || !*text)
			continue;
		if (access_refuses(job_api(job)->access, caller, verb, resource, attr))
			return resource_denied(verb == VERB_CREATE ? "create" : "update",
					       resource, attr->name, error);
		if (strcmp(attr->name, "project_id") != 0 ||
		    strcmp(text, caller->project_id) == 0)
			continue;
		g_set_error(
			error, WEFT_ERROR, WEFT_ERROR_INVALID,
			"Specifying 'project_id' or 'tenant_id' other than the authenticated "
			"project in request requires admin privileges");
		return false;
	}
	return true;
}

/* The reply once more, from the cloud as it is after the commit: new children show. */
static void errand_print_late(struct job *job)
{
	struct errand *errand = job_data(job);
	const struct attr_table *table = resource_table(errand->resource);
	const char *name = errand->bulk ? table->plural : table->singular;

	for (guint i = 0; i < errand->made->len; i++)
		if (!cloud_find(job_cloud(job), errand->resource->kind,
				g_array_index(errand->made, struct uuid, i)))
			return; /* gone already: the build's text stands */
	g_string_printf(errand->reply, "{\"%s\":%s", name, errand->bulk ? "[" : "");
	for (guint i = 0; i < errand->made->len; i++) {
		if (i)
			g_string_append_c(errand->reply, ',');
		errand_encode(job, errand,
			      cloud_find(job_cloud(job), errand->resource->kind,
					 g_array_index(errand->made, struct uuid, i)));
	}
	g_string_append(errand->reply, errand->bulk ? "]}" : "}");
}

/* Gives the reply away; the errand ends after this. */
static void errand_finish(struct job *job, const GError *error)
{
	struct errand *errand = job_data(job);
	gsize size;

	if (!error && errand->resource->late && errand->made->len)
		errand_print_late(job);
	size = errand->reply->len;
	if (error)
		errand_refuse(job, error);
	else if (errand->status == 204)
		reply_json(errand->request, 204, NULL, 0);
	else
		reply_json(errand->request, errand->status,
			   g_string_free(g_steal_pointer(&errand->reply), FALSE), size);
}

/* Creating */

static void create_set_project(struct job *job, struct object *object,
			       const struct attr_table *table)
{
	if (!object->project_id && attr_find(table, "project_id"))
		object->project_id = job_caller(job)->project_id;
}

static void *create_one(struct job *job, const struct resource *resource, json_t *body,
			GError **error)
{
	const struct attr_table *table = resource_table(resource);
	struct object *object = attr_new(table);
	uint64_t given;

	if (!check_symbols(job, resource, VERB_CREATE, body, error) ||
	    !attr_decode(table, body, ATTR_POST, object, &given, error) ||
	    !tags_normalize(&object->tags, error)) {
		attr_free(table, object);
		return NULL;
	}
	create_set_project(job, object, table);
	if (!access_check(job, VERB_CREATE, resource, object, given, error)) {
		attr_free(table, object);
		return NULL;
	}
	job_add(job, resource->kind, object);
	g_array_append_val(((struct errand *)job_data(job))->made, object->id);
	return resource->put(job, NULL, object, given, error) ? object : NULL;
}

static bool create_build(struct job *job, GError **error)
{
	struct errand *errand = job_data(job);
	void *object;

	g_string_truncate(errand->reply, 0);
	g_array_set_size(errand->made, 0);
	errand->printed = 0;
	if (errand->bulk) {
		g_string_append_printf(errand->reply, "{\"%s\":[",
				       resource_table(errand->resource)->plural);
		return true;
	}
	object = create_one(job, errand->resource, errand->body, error);
	if (object)
		errand_print(job, errand, object);
	return object;
}

/* One of a bulk, and when all are made, one of the reply. */
static bool create_build_more(struct job *job, bool *more, GError **error)
{
	struct errand *errand = job_data(job);
	guint count = errand->bulk ? (guint)json_array_size(errand->body) : 0;
	json_t *body, *inner;
	struct uuid id;

	*more = errand->bulk;
	if (!errand->bulk)
		return true;
	if (errand->made->len < count) {
		body = json_array_get(errand->body, errand->made->len);
		inner = json_object_get(body, resource_table(errand->resource)->singular);
		return create_one(job, errand->resource, inner ? inner : body, error);
	}
	if (errand->printed)
		g_string_append_c(errand->reply, ',');
	id = g_array_index(errand->made, struct uuid, errand->printed++);
	errand_encode(job, errand, job_find(job, errand->resource->kind, id));
	*more = errand->printed < count;
	if (!*more)
		g_string_append(errand->reply, "]}");
	return true;
}

#define BULK_MAX 10000 /* objects in one request */

/* {"network":{...}} or {"networks":[...]}: the inner one, borrowed. */
static json_t *create_unwrap(const struct ask *ask, json_t *body, bool *bulk)
{
	const struct attr_table *table = resource_table(ask->resource);
	json_t *one = json_object_get(body, table->singular);
	json_t *many = json_object_get(body, table->plural);
	g_autofree char *text = NULL;

	*bulk = !one && many;
	if (one)
		return one;
	if (json_array_size(many) > 0 && json_array_size(many) <= BULK_MAX)
		return many;
	if (json_array_size(many))
		text = g_strdup_printf("%zu %s in one request: at most %d",
				       json_array_size(many), table->plural, BULK_MAX);
	else if (many)
		text = g_strdup("Resources required");
	else
		text = g_strdup_printf("Unable to find '%s' in request body", table->singular);
	reply_plain_error(ask->request, 400, "HTTPBadRequest", text);
	return NULL;
}

static const struct job_ops create_ops = {
	.build = create_build,
	.build_more = create_build_more,
	.finish = errand_finish,
	.free = errand_free,
};

void engine_create(const struct ask *ask)
{
	struct errand *errand;
	json_t *body, *inner;
	bool bulk;

	body = errand_read_body(ask);
	inner = body ? create_unwrap(ask, body, &bulk) : NULL;
	errand = inner ? errand_new(ask) : NULL;
	if (errand) {
		errand->body = json_incref(inner);
		errand->bulk = bulk;
		errand->status = 201;
	}
	json_decref(body);
	if (errand)
		job_start(ask->api, ask->caller, &create_ops, errand);
}

/* Updating */

static bool update_build(struct job *job, GError **error)
{
	struct errand *errand = job_data(job);
	const struct resource *resource = errand->resource;
	const struct attr_table *table = resource_table(resource);
	struct object *object;
	const void *before;
	uint64_t given;

	g_string_truncate(errand->reply, 0);
	/* What can be said of no object is said whether there is this one or not. */
	if (!attr_check_names(table, errand->body, ATTR_PUT, error))
		return false;
	before = errand_find_member(job, error);
	if (!before)
		return false;
	object = job_edit(job, resource->kind, errand->id);
	if (!access_check(job, VERB_UPDATE, resource, before, 0, error) ||
	    !check_symbols(job, resource, VERB_UPDATE, errand->body, error) ||
	    !attr_decode(table, errand->body, ATTR_PUT, object, &given, error) ||
	    !access_check(job, VERB_UPDATE, resource, object, given, error) ||
	    !resource->put(job, before, object, given, error))
		return false;
	g_array_set_size(errand->made, 0);
	g_array_append_val(errand->made, object->id);
	errand_print(job, errand, object);
	return true;
}

static const struct job_ops update_ops = {
	.build = update_build,
	.finish = errand_finish,
	.free = errand_free,
};

void engine_update(const struct ask *ask)
{
	const struct attr_table *table = resource_table(ask->resource);
	struct errand *errand = errand_new(ask);
	json_t *body;

	if (!errand)
		return;
	body = errand_read_body(ask);
	errand->body = json_incref(json_object_get(body, table->singular));
	errand->status = 200;
	if (body && !errand->body) {
		g_autofree char *text =
			g_strdup_printf("Unable to find '%s' in request body", table->singular);

		reply_plain_error(ask->request, 400, "HTTPBadRequest", text);
	}
	json_decref(body);
	if (errand->body)
		job_start(ask->api, ask->caller, &update_ops, errand);
	else
		errand_free(errand);
}

/* Deleting */

static bool delete_build(struct job *job, GError **error)
{
	const struct errand *errand = job_data(job);
	const void *object = errand_find_member(job, error);

	if (!object || !access_check(job, VERB_DELETE, errand->resource, object, 0, error) ||
	    !errand->resource->del(job, object, error))
		return false;
	job_del(job, errand->resource->kind, errand->id);
	return true;
}

static const struct job_ops delete_ops = {
	.build = delete_build,
	.finish = errand_finish,
	.free = errand_free,
};

void engine_delete(const struct ask *ask)
{
	struct errand *errand = errand_new(ask);

	if (!errand)
		return;
	errand->status = 204;
	job_start(ask->api, ask->caller, &delete_ops, errand);
}

/* Acting */

static bool act_build(struct job *job, GError **error)
{
	struct errand *errand = job_data(job);
	const void *object = errand_find_member(job, error);

	g_string_truncate(errand->reply, 0);
	if (!object ||
	    !access_check_action(job, errand->action->name, errand->resource, object, error) ||
	    !errand->action->build(job, errand->id, errand->body, errand->reply, error))
		return false;
	if (errand->reply->len == 0)
		errand_print(job, errand, job_find(job, errand->resource->kind, errand->id));
	return true;
}

static const struct job_ops act_ops = {
	.build = act_build,
	.finish = errand_finish,
	.free = errand_free,
};

bool engine_act(const struct ask *ask)
{
	const struct resource_action *action = ask->resource->actions;
	struct errand *errand;

	while (action && action->name && strcmp(action->name, ask->action) != 0)
		action++;
	if (!action || !action->name)
		return false;
	errand = errand_new(ask);
	if (!errand)
		return true;
	errand->action = action;
	errand->status = 200;
	errand->body = errand_read_body(ask);
	if (errand->body)
		job_start(ask->api, ask->caller, &act_ops, errand);
	else
		errand_free(errand);
	return true;
}
