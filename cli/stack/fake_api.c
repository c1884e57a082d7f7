/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of JSON objects, and the few rules that make the order of requests matter.
 */
#include "cli/stack/fake_api.h"

#include <string.h>
#include "lib/error.h"

/* "/v2.0/PLURAL/ID/ACTION?QUERY" in parts; absent ones are "". */
struct target {
	enum kind kind;
	const char *id;
	const char *action;
	const char *query;
};

void fake_api_init(struct fake_api *api)
{
	*api = (struct fake_api){.log = g_ptr_array_new_with_free_func(g_free)};
	for (int kind = 0; kind < KIND_COUNT; kind++)
		api->objects[kind] = json_array();
}

void fake_api_done(struct fake_api *api)
{
	for (int kind = 0; kind < KIND_COUNT; kind++)
		json_decref(api->objects[kind]);
	g_ptr_array_unref(api->log);
}

guint fake_api_count(const struct fake_api *api, enum kind kind)
{
	return (guint)json_array_size(api->objects[kind]);
}

static json_t *find_by(const struct fake_api *api, enum kind kind, const char *key,
		       const char *text)
{
	json_t *object;
	size_t i;

	json_array_foreach (api->objects[kind], i, object)
		if (!g_strcmp0(json_string_value(json_object_get(object, key)), text))
			return object;
	return NULL;
}

json_t *fake_api_find(const struct fake_api *api, enum kind kind, const char *name)
{
	return find_by(api, kind, "name", name);
}

static void refuse(struct client_request *request, enum weft_error code, const char *text)
{
	request->error = g_error_new_literal(WEFT_ERROR, (gint)code, text);
}

static json_t *add_object(struct fake_api *api, enum kind kind, json_t *body);

/* A group lets everything out. */
static void complete_group(struct fake_api *api, const json_t *group)
{
	for (int v6 = 0; v6 < 2; v6++) {
		json_auto_t *body =
			json_pack("{s:s,s:s,s:O}", "direction", "egress", "ethertype",
				  v6 ? "IPv6" : "IPv4", "security_group_id",
				  json_object_get(group, "id"));

		add_object(api, KIND_SECURITY_RULE, body);
	}
}

/* As the API answers: a group with its rules. */
static json_t *show(const struct fake_api *api, enum kind kind, json_t *object)
{
	json_t *copy = json_deep_copy(object), *rules, *rule;
	size_t i;

	if (kind != KIND_SECURITY_GROUP)
		return copy;
	rules = json_array();
	json_array_foreach (api->objects[KIND_SECURITY_RULE], i, rule)
		if (json_equal(json_object_get(rule, "security_group_id"),
			       json_object_get(object, "id")))
			json_array_append_new(rules, json_deep_copy(rule));
	json_object_set_new(copy, "security_group_rules", rules);
	return copy;
}

/* A port gets an address on every subnet of its network, if it names none. */
static void complete_port(struct fake_api *api, json_t *port)
{
	const char *network = json_string_value(json_object_get(port, "network_id"));
	json_t *ips, *subnet;
	size_t i;

	if (json_object_get(port, "fixed_ips"))
		return;
	ips = json_array();
	json_array_foreach (api->objects[KIND_SUBNET], i, subnet)
		if (!g_strcmp0(json_string_value(json_object_get(subnet, "network_id")),
			       network))
			json_array_append_new(ips, json_pack("{s:O,s:s}", "subnet_id",
							     json_object_get(subnet, "id"),
							     "ip_address", "10.0.0.77"));
	json_object_set_new(port, "fixed_ips", ips);
}

static json_t *add_object(struct fake_api *api, enum kind kind, json_t *body)
{
	g_autofree char *id = g_strdup_printf("00000000-0000-4000-8000-%012x", ++api->ids);
	json_t *object = json_deep_copy(body);

	json_object_set_new(object, "id", json_string(id));
	json_object_set_new(object, "tags", json_array());
	if (!json_object_get(object, "admin_state_up"))
		json_object_set_new(object, "admin_state_up", json_true());
	if (kind == KIND_ROUTER)
		json_object_set_new(object, "routes", json_array());
	if (kind == KIND_PORT)
		complete_port(api, object);
	if (kind == KIND_SECURITY_GROUP)
		complete_group(api, object);
	json_array_append_new(api->objects[kind], object);
	return object;
}

/* All rules of one request are of one group. */
static bool are_of_one_group(const json_t *bulk)
{
	const json_t *first = json_object_get(json_array_get(bulk, 0), "security_group_id");
	json_t *rule;
	size_t i;

	json_array_foreach (bulk, i, rule)
		if (!json_equal(json_object_get(rule, "security_group_id"), first))
			return false;
	return true;
}

static void answer_post(struct fake_api *api, const struct target *target,
			struct client_request *request)
{
	const struct attr_table *table = cloud_table(target->kind);
	json_t *bulk = json_object_get(request->body, table->plural);
	json_t *one = json_object_get(request->body, table->singular);
	json_t *list, *body;
	size_t i;

	if (one) {
		request->reply =
			json_pack("{s:o}", table->singular,
				  show(api, target->kind, add_object(api, target->kind, one)));
		return;
	}
	if (target->kind == KIND_SECURITY_RULE && !are_of_one_group(bulk)) {
		refuse(request, WEFT_ERROR_INVALID, "rules of two groups");
		return;
	}
	list = json_array();
	json_array_foreach (bulk, i, body)
		json_array_append_new(
			list, show(api, target->kind, add_object(api, target->kind, body)));
	request->reply = json_pack("{s:o}", table->plural, list);
}

static bool matches(const json_t *object, const char *query)
{
	json_t *tag;
	size_t i;

	if (g_str_has_prefix(query, "name=")) {
		g_autofree char *name = g_strndup(query + 5, strcspn(query + 5, "&"));

		return !g_strcmp0(json_string_value(json_object_get(object, "name")), name);
	}
	if (!g_str_has_prefix(query, "tags="))
		return true;
	json_array_foreach (json_object_get(object, "tags"), i, tag) {
		g_autofree char *wanted = g_uri_unescape_string(query + 5, NULL);

		if (!g_strcmp0(json_string_value(tag), wanted))
			return true;
	}
	return false;
}

static void answer_get(struct fake_api *api, const struct target *target,
		       struct client_request *request)
{
	const struct attr_table *table = cloud_table(target->kind);
	json_t *list, *object;
	size_t i;

	if (*target->id) {
		object = find_by(api, target->kind, "id", target->id);
		if (object)
			request->reply = json_pack("{s:o}", table->singular,
						   show(api, target->kind, object));
		else
			refuse(request, WEFT_ERROR_NOT_FOUND, "no such object");
		return;
	}
	list = json_array();
	json_array_foreach (api->objects[target->kind], i, object)
		if (matches(object, target->query))
			json_array_append_new(list, show(api, target->kind, object));
	request->reply = json_pack("{s:o}", table->plural, list);
}

static bool refers(const struct fake_api *api, enum kind kind, const char *key, const char *id)
{
	return find_by(api, kind, key, id) != NULL;
}

static bool has_port_on(const struct fake_api *api, const char *subnet)
{
	json_t *port, *ip;
	size_t i, k;

	json_array_foreach (api->objects[KIND_PORT], i, port)
		json_array_foreach (json_object_get(port, "fixed_ips"), k, ip)
			if (!g_strcmp0(json_string_value(json_object_get(ip, "subnet_id")),
				       subnet))
				return true;
	return false;
}

static bool has_port_in(const struct fake_api *api, const char *group)
{
	json_t *port, *id;
	size_t i, k;

	json_array_foreach (api->objects[KIND_PORT], i, port)
		json_array_foreach (json_object_get(port, "security_groups"), k, id)
			if (!g_strcmp0(json_string_value(id), group))
				return true;
	return false;
}

static bool is_in_use(const struct fake_api *api, enum kind kind, const char *id)
{
	switch (kind) {
	case KIND_NETWORK:
		return refers(api, KIND_SUBNET, "network_id", id) ||
		       refers(api, KIND_PORT, "network_id", id);
	case KIND_SUBNET:
		return has_port_on(api, id);
	case KIND_ROUTER:
		return refers(api, KIND_PORT, "device_id", id);
	case KIND_SECURITY_GROUP:
		return has_port_in(api, id);
	case KIND_ADDRESS_GROUP:
		return refers(api, KIND_SECURITY_RULE, "remote_address_group_id", id);
	default:
		return refers(api, KIND_ROUTER, "id",
			      json_string_value(json_object_get(find_by(api, kind, "id", id),
								"device_id")));
	}
}

static void remove_object(struct fake_api *api, enum kind kind, const char *id)
{
	json_t *object;
	size_t i;

	json_array_foreach (api->objects[kind], i, object)
		if (!g_strcmp0(json_string_value(json_object_get(object, "id")), id)) {
			json_array_remove(api->objects[kind], i);
			return;
		}
}

/* They go with their group. */
static void remove_rules(struct fake_api *api, const char *group)
{
	const json_t *rule;

	while ((rule = find_by(api, KIND_SECURITY_RULE, "security_group_id", group)))
		remove_object(api, KIND_SECURITY_RULE,
			      json_string_value(json_object_get(rule, "id")));
}

static void answer_delete(struct fake_api *api, const struct target *target,
			  struct client_request *request)
{
	if (!find_by(api, target->kind, "id", target->id))
		refuse(request, WEFT_ERROR_NOT_FOUND, "no such object");
	else if (is_in_use(api, target->kind, target->id))
		refuse(request, WEFT_ERROR_CONFLICT, "is in use");
	else
		remove_object(api, target->kind, target->id);
	if (!request->error && target->kind == KIND_SECURITY_GROUP)
		remove_rules(api, target->id);
	if (!request->error)
		request->reply = json_null();
}

static void add_interface(struct fake_api *api, json_t *router, struct client_request *request)
{
	const char *subnet = json_string_value(json_object_get(request->body, "subnet_id"));
	const char *id = json_string_value(json_object_get(request->body, "port_id"));
	json_t *port = id ? find_by(api, KIND_PORT, "id", id) : NULL;
	json_t *network;
	json_auto_t *body = NULL;

	if (!port) {
		network =
			json_object_get(find_by(api, KIND_SUBNET, "id", subnet), "network_id");
		body = json_pack("{s:s,s:O,s:[{s:s,s:s}]}", "name", "", "network_id", network,
				 "fixed_ips", "subnet_id", subnet, "ip_address", "10.0.0.1");
		port = add_object(api, KIND_PORT, body);
	}
	json_object_set(port, "device_id", json_object_get(router, "id"));
	request->reply = json_pack("{s:O,s:O}", "id", json_object_get(router, "id"), "port_id",
				   json_object_get(port, "id"));
}

static void remove_interface(struct fake_api *api, const json_t *router,
			     struct client_request *request)
{
	const char *id = json_string_value(json_object_get(request->body, "port_id"));

	if (json_array_size(json_object_get(router, "routes")))
		refuse(request, WEFT_ERROR_CONFLICT, "is needed by a route");
	else if (!find_by(api, KIND_PORT, "id", id))
		refuse(request, WEFT_ERROR_NOT_FOUND, "no such port");
	else
		remove_object(api, KIND_PORT, id);
	if (!request->error)
		request->reply = json_object();
}

static void answer_put(struct fake_api *api, const struct target *target,
		       struct client_request *request)
{
	const char *singular = cloud_table(target->kind)->singular;
	json_t *object = find_by(api, target->kind, "id", target->id);
	json_auto_t *copy = json_deep_copy(request->body);

	if (!object) {
		refuse(request, WEFT_ERROR_NOT_FOUND, "no such object");
	} else if (!strcmp(target->action, "tags")) {
		json_object_update(object, copy);
		request->reply = json_incref(copy);
	} else if (!strcmp(target->action, "add_router_interface")) {
		add_interface(api, object, request);
	} else if (!strcmp(target->action, "remove_router_interface")) {
		remove_interface(api, object, request);
	} else {
		json_object_update(object, json_object_get(copy, singular));
		request->reply = json_pack("{s:o}", singular, json_deep_copy(object));
	}
}

/* What is behind the path of KIND's collection in REST, or NULL: it is another's. */
static const char *behind(const char *rest, int kind)
{
	const char *path = attr_table_path(cloud_table(kind));
	gsize length = strlen(path);

	if (strncmp(rest, path, length) != 0 || (rest[length] && rest[length] != '/'))
		return NULL;
	return rest + length;
}

/* PARTS: "", id, action. */
static bool parse_target(const char *path, GStrv *parts, struct target *target)
{
	const char *query = strchr(path, '?'), *rest = NULL;
	g_autofree char *bare = g_strndup(path, query ? (gsize)(query - path) : strlen(path));
	guint count;

	if (!g_str_has_prefix(bare, "/v2.0/"))
		return false;
	for (int kind = 0; kind < KIND_COUNT && !rest; kind++) {
		rest = behind(bare + strlen("/v2.0/"), kind);
		target->kind = kind;
	}
	if (!rest)
		return false;
	*parts = g_strsplit(rest, "/", -1);
	count = g_strv_length(*parts);
	target->query = query ? query + 1 : "";
	target->id = count > 1 ? (*parts)[1] : "";
	target->action = count > 2 ? (*parts)[2] : "";
	return true;
}

void fake_api_answer(void *data, struct client_request *request)
{
	static const struct {
		const char *method;
		void (*answer)(struct fake_api *api, const struct target *target,
			       struct client_request *request);
	} answers[] = {{"GET", answer_get},
		       {"POST", answer_post},
		       {"PUT", answer_put},
		       {"DELETE", answer_delete}};
	struct fake_api *api = data;
	g_auto(GStrv) parts = NULL;
	struct target target;
	char *line = g_strdup_printf("%s %s", request->method, request->path);

	if (!parse_target(request->path, &parts, &target)) {
		refuse(request, WEFT_ERROR_NOT_FOUND, line);
		g_free(line);
		return;
	}
	if (api->fail && strstr(line, api->fail)) {
		api->fail = NULL;
		refuse(request, WEFT_ERROR_EXHAUSTED, "no more of it");
	}
	for (size_t i = 0; i < G_N_ELEMENTS(answers) && !request->error; i++)
		if (!strcmp(answers[i].method, request->method))
			answers[i].answer(api, &target, request);
	if (strcmp(request->method, "GET"))
		g_ptr_array_add(api->log, line);
	else
		g_free(line);
}
