/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A level of the template is one batch: one bulk request for each kind, one for each
 * change, and the tags of the level before. So a stack costs as many turns as it is
 * deep, not as many as it has members.
 */
#include "cli/stack/apply.h"

#include <string.h>
#include "cli/stack/attributes.h"
#include "cli/stack/function.h"
#include "cli/stack/remove.h"
#include "cli/stack/rules.h"
#include "cli/value.h"
#include "lib/error.h"

enum job_kind {
	JOB_TAGS,
	JOB_BULK,
	JOB_CHANGE,
	JOB_INTERFACE,
	JOB_RULE_GONE,
	JOB_RULES,
};

/* What a request is for: same index as the request. */
struct job {
	enum job_kind kind;
	GPtrArray *steps; /* struct step, borrowed */
	json_t *undo; /* JOB_CHANGE: what the attributes were, JOB_RULE_GONE: the rule; owned */
};

struct apply {
	struct plan *plan;
	struct apply_result *result;
	GArray *requests; /* of the next batch */
	GArray *jobs;
	GPtrArray *made; /* struct stack_member, owned: what there is now and was not before */
	GArray *undo;	 /* requests that change back */
	GString *lost;	 /* keys of replaced members, deleted already */
};

static void job_clear(gpointer data)
{
	struct job *job = data;

	g_ptr_array_unref(job->steps);
	json_decref(job->undo);
}

static void made_free(gpointer data)
{
	struct stack_member *member = data;

	json_decref(member->object);
	g_free(member->key);
	g_free(member);
}

static void add_job(struct apply *apply, enum job_kind kind, GPtrArray *steps, json_t *undo,
		    const char *method, char *path, json_t *body)
{
	struct job job = {kind, steps, undo};

	client_requests_add(apply->requests, method, path, body);
	g_array_append_val(apply->jobs, job);
}

static GPtrArray *steps_of_one(struct step *step)
{
	GPtrArray *steps = g_ptr_array_new();

	g_ptr_array_add(steps, step);
	return steps;
}

static const char *id_of(const json_t *object)
{
	const char *id = json_string_value(json_object_get(object, "id"));

	return id ? id : "";
}

static bool can_post_tags(enum kind kind)
{
	return attr_find(cloud_table(kind), "tags")->flags & ATTR_POST;
}

/* The tags go with the next batch. */
static void add_tags(struct apply *apply, struct step *step)
{
	json_t *has = json_object_get(step->object, "tags");
	json_t *tags = plan_make_tags(apply->plan, step, has);

	if (json_array_size(tags) == json_array_size(has)) {
		json_decref(tags);
		return;
	}
	json_object_set(step->object, "tags", tags);
	add_job(apply, JOB_TAGS, steps_of_one(step), NULL, "PUT",
		g_strdup_printf("/v2.0/%s/%s/tags",
				attr_table_path(cloud_table(step->resource->type->kind)),
				id_of(step->object)),
		json_pack("{s:o}", "tags", tags));
}

/* The attributes as the API takes them on create. */
static json_t *make_body(const struct apply *apply, const struct step *step)
{
	json_t *body = json_copy(step->attributes);

	json_object_del(body, "tags");
	if (can_post_tags(step->resource->type->kind))
		json_object_set_new(body, "tags", plan_make_tags(apply->plan, step, NULL));
	return body;
}

static bool names_address(const struct step *step)
{
	json_t *item;
	size_t i;

	json_array_foreach (json_object_get(step->attributes, "fixed_ips"), i, item)
		if (json_object_get(item, "ip_address"))
			return true;
	return false;
}

/* Rules come in one request for each group: GROUP, the first one's. */
static bool is_of_group(const struct step *step, json_t **group)
{
	if (step->resource->type->kind != KIND_SECURITY_RULE)
		return true;
	if (step->asked)
		return false;
	if (!*group)
		*group = json_object_get(step->attributes, "security_group_id");
	return json_equal(*group, json_object_get(step->attributes, "security_group_id"));
}

/* One bulk request. Who names an address comes first, before another is given it. True: there
 * may be more of this kind. */
static bool add_bulk(struct apply *apply, enum kind kind, const GPtrArray *level)
{
	const char *plural = cloud_table(kind)->plural;
	GPtrArray *steps = g_ptr_array_new();
	json_t *list = json_array(), *group = NULL;

	for (int named = 1; named >= 0; named--)
		for (guint i = 0; i < level->len; i++) {
			struct step *step = level->pdata[i];

			if (step->resource->type->member != MEMBER_OBJECT ||
			    step->resource->type->kind != kind || step->object ||
			    names_address(step) != named || !is_of_group(step, &group))
				continue;
			step->asked = true;
			g_ptr_array_add(steps, step);
			json_array_append_new(list, make_body(apply, step));
		}
	if (steps->len) {
		add_job(apply, JOB_BULK, steps, NULL, "POST",
			g_strdup_printf("/v2.0/%s", attr_table_path(cloud_table(kind))),
			json_pack("{s:o}", plural, list));
		return group != NULL;
	}
	json_decref(list);
	g_ptr_array_unref(steps);
	return false;
}

/* CHANGES is taken over. */
static void add_put(struct apply *apply, struct step *step, json_t *changes)
{
	const struct attr_table *table = cloud_table(step->resource->type->kind);

	add_job(apply, JOB_CHANGE, steps_of_one(step),
		attributes_previous(table, step->object, changes), "PUT",
		g_strdup_printf("/v2.0/%s/%s", attr_table_path(table), id_of(step->object)),
		json_pack("{s:o}", table->singular, changes));
}

static bool add_change(struct apply *apply, struct step *step, GError **error)
{
	bool fixed;
	json_auto_t *changes = plan_find_changes(step, step->object, &fixed);

	if (fixed) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
			    "resource '%s': changed under the update, run it again",
			    step->resource->node.name);
		return false;
	}
	if (json_object_size(changes))
		add_put(apply, step, json_incref(changes));
	add_tags(apply, step);
	return true;
}

static bool add_interface(struct apply *apply, struct step *step, GError **error)
{
	const char *router = json_string_value(json_object_get(step->attributes, "router_id"));
	json_t *port = json_object_get(step->attributes, "port_id");
	json_t *subnet = json_object_get(step->attributes, "subnet_id");

	if (!router || (!port && !subnet)) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "resource '%s': refers to what was skipped",
			    step->resource->node.name);
		return false;
	}
	add_job(apply, JOB_INTERFACE, steps_of_one(step), NULL, "PUT",
		g_strdup_printf("/v2.0/routers/%s/add_router_interface", router),
		port ? json_pack("{s:O}", "port_id", port)
		     : json_pack("{s:O}", "subnet_id", subnet));
	return true;
}

static void note_made(struct apply *apply, const struct step *step)
{
	struct stack_member *member = g_new(struct stack_member, 1);

	*member = (struct stack_member){
		.key = g_strdup(step->resource->node.name),
		.member = step->resource->type->member,
		.kind = step->resource->type->kind,
		.object = json_incref(step->object),
	};
	g_ptr_array_add(apply->made, member);
}

static bool finish_bulk(struct apply *apply, const struct job *job, const json_t *reply,
			GError **error)
{
	enum kind kind = ((const struct step *)job->steps->pdata[0])->resource->type->kind;
	const json_t *list = json_object_get(reply, cloud_table(kind)->plural);

	for (guint i = 0; i < job->steps->len; i++) {
		struct step *step = job->steps->pdata[i];
		json_t *object = json_array_get(list, i);

		if (!json_is_object(object)) {
			g_set_error(error, WEFT_ERROR, WEFT_ERROR_INTERNAL,
				    "the API made fewer %s than it was asked for",
				    cloud_table(kind)->plural);
			return false;
		}
		step->object = json_incref(object);
		note_made(apply, step);
		add_tags(apply, step);
	}
	return true;
}

static void finish_change(struct apply *apply, const struct job *job,
			  const struct client_request *request)
{
	struct step *step = job->steps->pdata[0];
	const char *singular = cloud_table(step->resource->type->kind)->singular;
	json_t *object = json_object_get(request->reply, singular);
	json_t *tags = json_object_get(step->object, "tags");

	if (json_object_size(job->undo))
		client_requests_add(apply->undo, "PUT", g_strdup(request->path),
				    json_pack("{s:O}", singular, job->undo));
	if (!json_is_object(object))
		return;
	if (tags)
		json_object_set(object, "tags", tags); /* their own request is under way */
	json_decref(step->object);
	step->object = json_incref(object);
}

/* The port that the router now has: the template's own, or one made by the API. */
static json_t *find_port(const struct apply *apply, json_t *id)
{
	for (guint i = 0; i < apply->plan->steps->len; i++) {
		const struct step *step = apply->plan->steps->pdata[i];

		if (step->resource->type->member == MEMBER_OBJECT && step->object &&
		    json_equal(json_object_get(step->object, "id"), id))
			return json_incref(step->object);
	}
	return json_pack("{s:O,s:[]}", "id", id, "tags");
}

static bool finish_interface(struct apply *apply, const struct job *job, const json_t *reply,
			     GError **error)
{
	struct step *step = job->steps->pdata[0];
	json_t *id = json_object_get(reply, "port_id");

	if (!json_is_string(id)) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INTERNAL,
			    "resource '%s': the API does not say which port it made",
			    step->resource->node.name);
		return false;
	}
	step->object = find_port(apply, id);
	json_object_set(step->object, "device_id",
			json_object_get(step->attributes, "router_id"));
	note_made(apply, step);
	add_tags(apply, step);
	return true;
}

static char *rules_path(const char *id)
{
	return g_strjoin("/", "/v2.0", attr_table_path(cloud_table(KIND_SECURITY_RULE)), id,
			 NULL);
}

static void finish_rules(struct apply *apply, const json_t *reply)
{
	json_t *rule;
	size_t i;

	json_array_foreach (json_object_get(reply, "security_group_rules"), i, rule)
		client_requests_add(apply->undo, "DELETE", rules_path(id_of(rule)), NULL);
}

/* "resource 'a': " or, as a bulk request fails as a whole, "resources a, b: ". */
static void blame(const struct job *job, GError **error)
{
	g_autoptr(GString) names = g_string_new(NULL);

	for (guint i = 0; i < job->steps->len; i++) {
		const struct step *step = job->steps->pdata[i];

		g_string_append_printf(names, "%s'%s'", i ? ", " : "",
				       step->resource->node.name);
		if (i == 4 && job->steps->len > 5) {
			g_string_append(names, ", …");
			break;
		}
	}
	g_prefix_error(error, "resource %s: ", names->str);
}

static bool finish_job(struct apply *apply, const struct job *job,
		       struct client_request *request, GError **error)
{
	if (request->error) {
		g_propagate_error(error, g_error_copy(request->error));
		blame(job, error);
		return false;
	}
	if (!request->sent)
		return true;
	switch (job->kind) {
	case JOB_TAGS:
		return true;
	case JOB_BULK:
		return finish_bulk(apply, job, request->reply, error);
	case JOB_CHANGE:
		finish_change(apply, job, request);
		return true;
	case JOB_INTERFACE:
		return finish_interface(apply, job, request->reply, error);
	case JOB_RULE_GONE:
		client_requests_add(apply->undo, "POST", rules_path(NULL),
				    json_pack("{s:O}", "security_group_rule", job->undo));
		return true;
	case JOB_RULES:
		finish_rules(apply, request->reply);
		return true;
	}
	return false;
}

/* Sends the batch. What succeeded is noted also when something else failed, or it could
 * not be taken back. */
static bool run_batch(struct apply *apply, GError **error)
{
	g_autoptr(GArray) requests = apply->requests;
	g_autoptr(GArray) jobs = apply->jobs;
	GError *first = NULL;

	apply->requests = client_requests_new();
	apply->jobs = g_array_new(FALSE, FALSE, sizeof(struct job));
	g_array_set_clear_func(apply->jobs, job_clear);
	client_run(apply->plan->client, requests, NULL);
	for (guint i = 0; i < requests->len; i++) {
		GError *reason = NULL;

		finish_job(apply, &g_array_index(jobs, struct job, i),
			   &g_array_index(requests, struct client_request, i), &reason);
		if (reason && first)
			g_clear_error(&reason);
		else if (reason)
			first = reason;
	}
	if (!first)
		return true;
	g_propagate_error(error, first);
	return false;
}

static bool add_step(struct apply *apply, struct step *step, GError **error)
{
	if (!plan_evaluate(apply->plan, step, error))
		return false;
	if (function_has_unknown(step->attributes) ||
	    (step->rules && function_is_unknown(step->rules))) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INTERNAL,
			    "resource '%s': refers to what is not made yet",
			    step->resource->node.name);
		return false;
	}
	if (step->object)
		return add_change(apply, step, error);
	if (step->resource->type->member == MEMBER_INTERFACE)
		return add_interface(apply, step, error);
	return true; /* bulk */
}

/* Rules written into groups. Those that go make room for those that come. */
static void add_rules(struct apply *apply, struct step *step, bool gone)
{
	json_auto_t *missing = NULL, *extra = NULL;
	json_t *rule;
	size_t i;

	rules_compare(step->rules, step->object, &missing, &extra);
	json_array_foreach (extra, i, rule)
		if (gone)
			add_job(apply, JOB_RULE_GONE, steps_of_one(step), rules_to_body(rule),
				"DELETE", rules_path(id_of(rule)), NULL);
	if (!gone && json_array_size(missing))
		add_job(apply, JOB_RULES, steps_of_one(step), NULL, "POST", rules_path(NULL),
			json_pack("{s:O}", "security_group_rules", missing));
}

static bool run_rules(struct apply *apply, const GPtrArray *level, GError **error)
{
	bool good = true;

	for (int gone = 1; gone >= 0 && good; gone--) {
		for (guint i = 0; i < level->len; i++) {
			struct step *step = level->pdata[i];

			if (step->rules && step->object)
				add_rules(apply, step, gone);
		}
		good = !apply->jobs->len || run_batch(apply, error);
	}
	return good;
}

static bool run_level(struct apply *apply, const GPtrArray *level, GError **error)
{
	for (guint i = 0; i < level->len; i++)
		if (!add_step(apply, level->pdata[i], error))
			return false;
	for (int kind = 0; kind < KIND_COUNT; kind++)
		while (add_bulk(apply, kind, level))
			;
	return run_batch(apply, error) && run_rules(apply, level, error);
}

static bool run_levels(struct apply *apply, GError **error)
{
	const GPtrArray *steps = apply->plan->steps;
	guint i = 0;

	while (i < steps->len) {
		g_autoptr(GPtrArray) level = g_ptr_array_new();
		unsigned int depth =
			((const struct step *)steps->pdata[i])->resource->node.level;

		for (; i < steps->len; i++) {
			struct step *step = steps->pdata[i];

			if (step->resource->node.level != depth)
				break;
			if (!property_is_part(step->resource->type->member))
				g_ptr_array_add(level, step);
		}
		if (!run_level(apply, level, error))
			return false;
	}
	return true;
}

/* What the template says of a router beside it. */
struct parts {
	json_t *routes;
	json_t *gateway; /* external_gateway_info; NULL: nothing is said, null: not any more */
	guint sets;
};

static bool gather_gateway(const struct step *router, struct step *step, struct parts *parts,
			   GError **error)
{
	if (!parts->gateway && !json_object_get(router->attributes, "external_gateway_info")) {
		parts->gateway = json_pack("{s:O}", "network_id",
					   json_object_get(step->attributes, "network_id"));
		return true;
	}
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
		    "resource '%s': router '%s' is given another gateway, too",
		    step->resource->node.name, router->resource->node.name);
	return false;
}

/* All that the template routes by ROUTER; sets the object of those steps to the router's. */
static bool gather_parts(struct apply *apply, const struct step *router, struct parts *parts,
			 GError **error)
{
	for (guint i = 0; i < apply->plan->steps->len; i++) {
		struct step *step = apply->plan->steps->pdata[i];
		bool gateway = step->resource->type->member == MEMBER_GATEWAY;

		if (!property_is_part(step->resource->type->member))
			continue;
		if (!plan_evaluate(apply->plan, step, error))
			return false;
		if (g_strcmp0(json_string_value(json_object_get(step->attributes, "router_id")),
			      id_of(router->object)))
			continue;
		if (gateway && !gather_gateway(router, step, parts, error))
			return false;
		if (!gateway)
			json_array_extend(parts->routes,
					  json_object_get(step->attributes, "routes"));
		json_decref(step->object);
		step->object = json_incref(router->object);
		parts->sets++;
	}
	return true;
}

/* A set of routes that left the template leaves its tag behind. */
static bool strip_tags(struct apply *apply, struct step *router, bool *gateway)
{
	json_t *tags = json_object_get(router->object, "tags");
	bool found = false;

	for (guint i = 0; i < apply->plan->gone->len; i++) {
		const struct stack_member *member = apply->plan->gone->pdata[i];
		g_autofree char *tag = member_key_tag(member->member, member->key);

		if (!property_is_part(member->member) ||
		    strcmp(id_of(member->object), id_of(router->object)))
			continue;
		found = true;
		*gateway = *gateway || member->member == MEMBER_GATEWAY;
		for (size_t k = json_array_size(tags); k > 0; k--)
			if (!g_strcmp0(json_string_value(json_array_get(tags, k - 1)), tag))
				json_array_remove(tags, k - 1);
	}
	return found;
}

/* LEFT: some are gone already. */
static void put_route_tags(struct apply *apply, struct step *router, bool left)
{
	json_t *tags = json_object_get(router->object, "tags");
	size_t before = json_array_size(tags);

	for (guint i = 0; i < apply->plan->steps->len; i++) {
		struct step *step = apply->plan->steps->pdata[i];

		if (property_is_part(step->resource->type->member) &&
		    step->object == router->object) {
			tags = plan_make_tags(apply->plan, step, tags);
			json_object_set_new(router->object, "tags", tags);
		}
	}
	if (left || json_array_size(tags) != before)
		add_job(apply, JOB_TAGS, steps_of_one(router), NULL, "PUT",
			g_strdup_printf("/v2.0/routers/%s/tags", id_of(router->object)),
			json_pack("{s:O}", "tags", tags));
}

static void change_unless_so(json_t *changes, const json_t *object, const char *name,
			     json_t *wanted)
{
	const struct attr *attr = attr_find(cloud_table(KIND_ROUTER), name);

	if (!value_matches(attr, wanted, json_object_get(object, name)))
		json_object_set(changes, name, wanted);
}

/* A router's routes are one attribute, whoever in the template adds to them; its gateway is one, too. */
static bool run_routes(struct apply *apply, struct step *router, GError **error)
{
	json_auto_t *routes = json_array(), *changes = json_object(), *gateway = NULL;
	struct parts parts = {.routes = routes};
	bool good = gather_parts(apply, router, &parts, error), left, parted = false;

	gateway = parts.gateway;
	if (!good)
		return false;
	left = strip_tags(apply, router, &parted);
	if (!parts.sets && !left)
		return true;
	if (!gateway && parted && !json_object_get(router->attributes, "external_gateway_info"))
		gateway = json_null();
	put_route_tags(apply, router, left);
	change_unless_so(changes, router->object, "routes", routes);
	if (gateway)
		change_unless_so(changes, router->object, "external_gateway_info", gateway);
	if (json_object_size(changes))
		add_put(apply, router, json_incref(changes));
	return true;
}

static bool run_all_routes(struct apply *apply, GError **error)
{
	for (guint i = 0; i < apply->plan->steps->len; i++) {
		struct step *step = apply->plan->steps->pdata[i];

		if (step->resource->type->member == MEMBER_OBJECT &&
		    step->resource->type->kind == KIND_ROUTER &&
		    !run_routes(apply, step, error))
			return false;
	}
	return run_batch(apply, error);
}

/* Interfaces that go may be what a kept router's routes lead over: those are taken away,
 * and set again at the end. */
static void add_routes(struct apply *apply, GPtrArray *members)
{
	bool parted = false;

	for (guint i = 0; i < members->len; i++)
		parted = parted || ((const struct stack_member *)members->pdata[i])->member ==
					   MEMBER_INTERFACE;
	for (guint i = 0; parted && i < apply->plan->steps->len; i++) {
		const struct step *step = apply->plan->steps->pdata[i];

		if (step->old && step->resource->type->member == MEMBER_ROUTES)
			g_ptr_array_add(members, (gpointer)step->old);
	}
}

static void forget_routes(const GPtrArray *members)
{
	for (guint i = 0; i < members->len; i++) {
		const struct stack_member *member = members->pdata[i];

		if (member->member == MEMBER_ROUTES)
			json_object_set_new(member->object, "routes", json_array());
	}
}

/* Groups and ACLs that left are held by ports and subnets which stay until these are changed: they
 * go at the end. */
static void add_gone(const struct apply *apply, GPtrArray *members)
{
	for (guint i = 0; i < apply->plan->gone->len; i++) {
		const struct stack_member *member = apply->plan->gone->pdata[i];

		if (member->kind != KIND_SECURITY_GROUP && member->kind != KIND_ADDRESS_GROUP &&
		    member->kind != KIND_NETWORK_ACL)
			g_ptr_array_add(members, (gpointer)member);
	}
}

/* Replaced members make room first, and with them goes what left the template, as it may
 * hold on to them. */
static bool remove_replaced(struct apply *apply, GError **error)
{
	g_autoptr(GPtrArray) members = g_ptr_array_new();

	for (guint i = 0; i < apply->plan->steps->len; i++) {
		const struct step *step = apply->plan->steps->pdata[i];

		if (step->action != ACTION_REPLACE)
			continue;
		g_ptr_array_add(members, (gpointer)step->old);
		g_string_append_printf(apply->lost, "%s%s", apply->lost->len ? ", " : "",
				       step->resource->node.name);
	}
	if (!members->len)
		return true;
	add_gone(apply, members);
	add_routes(apply, members);
	if (!remove_members(apply->plan->client, members, true, error))
		return false;
	forget_routes(members);
	return true;
}

static bool remove_gone(struct apply *apply, GError **error)
{
	return remove_members(apply->plan->client, apply->plan->gone, false, error);
}

static void count(struct apply *apply)
{
	struct apply_result *result = apply->result;

	for (guint i = 0; i < apply->plan->steps->len; i++) {
		const struct step *step = apply->plan->steps->pdata[i];

		result->created += step->action == ACTION_CREATE;
		result->updated += step->action == ACTION_UPDATE;
		result->replaced += step->action == ACTION_REPLACE;
	}
	result->deleted = apply->plan->gone->len;
}

/* Adds to ERROR how the way back went. */
static void roll_back(struct apply *apply, GError **error)
{
	g_autoptr(GError) reason = NULL;
	g_autofree char *cause = g_strdup((*error)->message);
	GError *told;
	bool good;

	good = client_run(apply->plan->client, apply->undo, &reason);
	good = remove_members(apply->plan->client, apply->made, true,
			      reason ? NULL : &reason) &&
	       good;
	told = g_error_new((*error)->domain, (*error)->code, "%s; %s%s%s%s", cause,
			   good ? "rolled back" : "and could not be rolled back: ",
			   good ? "" : reason->message,
			   apply->lost->len ? "; deleted to be replaced, and not restored: "
					    : "",
			   apply->lost->str);
	g_clear_error(error);
	g_propagate_error(error, told);
}

static bool run(struct apply *apply, GError **error)
{
	return remove_replaced(apply, error) && run_levels(apply, error) &&
	       run_all_routes(apply, error);
}

static void apply_done(struct apply *apply)
{
	g_array_unref(apply->requests);
	g_array_unref(apply->jobs);
	g_array_unref(apply->undo);
	g_ptr_array_unref(apply->made);
	g_string_free(apply->lost, TRUE);
}

bool apply_plan(struct plan *plan, struct apply_result *result, GError **error)
{
	struct apply apply = {.plan = plan, .result = result};
	GError *reason = NULL;
	bool good;

	*result = (struct apply_result){0};
	apply.requests = client_requests_new();
	apply.jobs = g_array_new(FALSE, FALSE, sizeof(struct job));
	g_array_set_clear_func(apply.jobs, job_clear);
	apply.undo = client_requests_new();
	apply.made = g_ptr_array_new_with_free_func(made_free);
	apply.lost = g_string_new(NULL);
	good = run(&apply, &reason);
	if (!good)
		roll_back(&apply, &reason);
	else
		good = remove_gone(&apply, &reason);
	if (good)
		count(&apply);
	else
		g_propagate_error(error, reason);
	apply_done(&apply);
	return good;
}
