/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The OpenAPI document. What is no resource with a table (quotas, extensions, tags) is said
 * by templates below.
 */
#include "api/openapi.h"

#include "api/openapi_schema.h"
#include "api/resource.h"
#include "model/cloud.h"

/* Parameters that every list takes, and every GET. */
static const struct {
	const char *name, *help;
	bool member; /* also of one object */
	bool repeated;
	bool tags; /* of what has some */
} common[] = {
	{"fields", "Only these attributes", true, true},
	{"limit", "At most this many; networks_links then has the next ones"},
	{"marker", "Those after the object of this id"},
	{"page_reverse", "true: those before the marker"},
	{"sort_key", "Order by this attribute", false, true},
	{"sort_dir", "asc or desc, one for each sort_key", false, true},
	{"changed_since", "Changed at or after this time"},
	{"tags", "Has all of these tags, with commas between", .tags = true},
	{"tags-any", "Has one of them", .tags = true},
	{"not-tags", "Has not all of them", .tags = true},
	{"not-tags-any", "Has none of them", .tags = true},
};

static json_t *ref(const char *what, const char *name)
{
	return json_pack("{s:s++}", "$ref", "#/components/", what, name);
}

static json_t *schema_ref(const char *name, const char *suffix)
{
	return json_pack("{s:s++}", "$ref", "#/components/schemas/", name, suffix);
}

static json_t *content(json_t *schema)
{
	return json_pack("{s:{s:o}}", "application/json", "schema", schema);
}

/* {"NAME": SCHEMA} */
static json_t *wrapped(const char *name, json_t *schema)
{
	return json_pack("{s:s, s:{s:o}, s:[s]}", "type", "object", "properties", name, schema,
			 "required", name);
}

static json_t *array_of(json_t *schema)
{
	return json_pack("{s:s, s:o}", "type", "array", "items", schema);
}

/* Operations */

static json_t *operation(const char *verb, const char *name, const char *tag,
			 const char *summary)
{
	return json_pack("{s:s++, s:[s], s:s, s:[], s:{s:o}}", "operationId", verb, "_", name,
			 "tags", tag, "summary", summary, "parameters", "responses", "default",
			 ref("responses/", "Fault"));
}

static void operation_answers(json_t *operation, const char *status, const char *what,
			      json_t *schema)
{
	json_t *answer = json_pack("{s:s}", "description", what);

	if (schema)
		json_object_set_new(answer, "content", content(schema));
	json_object_set_new(json_object_get(operation, "responses"), status, answer);
}

static void operation_takes(json_t *operation, json_t *schema)
{
	json_object_set_new(operation, "requestBody",
			    json_pack("{s:b, s:o}", "required", 1, "content", content(schema)));
}

static void operation_add_parameter(json_t *operation, json_t *parameter)
{
	json_array_append_new(json_object_get(operation, "parameters"), parameter);
}

static json_t *path_parameter(const char *name)
{
	return json_pack("{s:s, s:s, s:b, s:{s:s}}", "name", name, "in", "path", "required", 1,
			 "schema", "type", "string");
}

static json_t *query_parameter(const char *name, const char *help, bool repeated)
{
	json_t *schema = json_pack("{s:s}", "type", "string");

	return json_pack("{s:s, s:s, s:s, s:o}", "name", name, "in", "query", "description",
			 help ? help : "", "schema", repeated ? array_of(schema) : schema);
}

static void operation_add_common(json_t *operation, const struct attr_table *table, bool member)
{
	for (gsize i = 0; i < G_N_ELEMENTS(common); i++)
		if ((!member || common[i].member) &&
		    (!common[i].tags || attr_find(table, "tags")))
			operation_add_parameter(operation, ref("parameters/", common[i].name));
}

static void operation_add_filters(json_t *operation, const struct attr_table *table)
{
	for (const struct attr *attr = table->attrs; attr->name; attr++) {
		if (!(attr->flags & ATTR_FILTER))
			continue;
		operation_add_parameter(operation,
					query_parameter(attr->name, attr->help, true));
		if (attr->alias)
			operation_add_parameter(operation,
						query_parameter(attr->alias, attr->help, true));
	}
}

static void operation_add_match(json_t *operation)
{
	operation_add_parameter(operation, ref("parameters/", "If-Match"));
}

/* A resource */

static bool table_has(const struct attr_table *table, uint32_t flag)
{
	for (const struct attr *attr = table->attrs; attr->name; attr++)
		if (attr->flags & flag)
			return true;
	return false;
}

static json_t *describe_list(const struct attr_table *table)
{
	const char *one = table->singular, *many = table->plural;
	g_autofree char *links = g_strconcat(many, "_links", NULL);
	json_t *list = operation("list", many, many, "List those that the caller sees");
	json_t *schema = wrapped(many, array_of(schema_ref(one, "")));

	json_object_set_new(json_object_get(schema, "properties"), links,
			    array_of(schema_ref("link", "")));
	operation_add_common(list, table, false);
	operation_add_filters(list, table);
	operation_answers(list, "200", "The list", schema);
	return list;
}

static json_t *describe_create(const struct attr_table *table)
{
	const char *one = table->singular, *many = table->plural;
	json_t *create = operation("create", one, many, "Create one, or all of a list or none");

	operation_takes(create, json_pack("{s:[o, o]}", "oneOf",
					  wrapped(one, schema_ref(one, "_create")),
					  wrapped(many, array_of(schema_ref(one, "_create")))));
	operation_answers(create, "201", "Created, durably",
			  json_pack("{s:[o, o]}", "oneOf", wrapped(one, schema_ref(one, "")),
				    wrapped(many, array_of(schema_ref(one, "")))));
	return create;
}

static json_t *describe_show(const struct attr_table *table)
{
	const char *one = table->singular;
	json_t *show = operation("show", one, table->plural, "Get one");

	operation_add_common(show, table, true);
	operation_answers(show, "200", "The object", wrapped(one, schema_ref(one, "")));
	return show;
}

static json_t *describe_update(const struct attr_table *table)
{
	const char *one = table->singular;
	json_t *update = operation("update", one, table->plural, "Change one");

	operation_add_match(update);
	operation_takes(update, wrapped(one, schema_ref(one, "_update")));
	operation_answers(update, "200", "Changed, durably", wrapped(one, schema_ref(one, "")));
	return update;
}

static json_t *describe_delete(const struct attr_table *table)
{
	json_t *delete = operation("delete", table->singular, table->plural, "Delete one");

	operation_add_match(delete);
	operation_answers(delete, "204", "Gone, durably", NULL);
	return delete;
}

/* /PATH/{port_id}/tags and the rest below one object. */
static void describe_tags(json_t *paths, const struct attr_table *table, const char *member,
			  const char *id)
{
	static const struct {
		const char *method, *verb, *summary, *status;
		bool body, one;
	} verbs[] = {
		{"get", "list", "Its tags", "200"},
		{"put", "replace", "Have these tags and no others", "200", true},
		{"post", "add", "Have these tags, too", "200", true},
		{"delete", "clear", "Have no tags", "204"},
		{"get", "has", "204 when it has the tag, 404 when not", "204", false, true},
		{"put", "add", "Have this tag, too", "201", false, true},
		{"delete", "remove", "Have this tag no more", "204", false, true},
	};
	g_autofree char *all = g_strconcat(member, "/tags", NULL);
	g_autofree char *one = g_strconcat(member, "/tags/{tag}", NULL);
	g_autofree char *names = g_strconcat(table->singular, "_tags", NULL);
	g_autofree char *name = g_strconcat(table->singular, "_tag", NULL);

	json_object_set_new(paths, all, json_pack("{s:[o]}", "parameters", path_parameter(id)));
	json_object_set_new(paths, one,
			    json_pack("{s:[o, o]}", "parameters", path_parameter(id),
				      path_parameter("tag")));
	for (gsize i = 0; i < G_N_ELEMENTS(verbs); i++) {
		json_t *made = operation(verbs[i].verb, verbs[i].one ? name : names,
					 table->plural, verbs[i].summary);
		bool told = g_str_equal(verbs[i].status, "200");

		if (verbs[i].body)
			operation_takes(made, schema_ref("tags", ""));
		operation_answers(made, verbs[i].status, verbs[i].summary,
				  told ? schema_ref("tags", "") : NULL);
		json_object_set_new(json_object_get(paths, verbs[i].one ? one : all),
				    verbs[i].method, made);
	}
}

static void describe_actions(json_t *paths, const struct resource *resource, const char *member,
			     const char *id)
{
	const struct attr_table *table = resource_table(resource);

	for (const struct resource_action *action = resource->actions; action && action->name;
	     action++) {
		g_autofree char *path = g_strconcat(member, "/", action->name, NULL);
		json_t *act =
			json_pack("{s:s, s:[s], s:s, s:{s:o}}", "operationId", action->name,
				  "tags", table->plural, "summary", action->name, "responses",
				  "default", ref("responses/", "Fault"));

		operation_takes(act, json_pack("{s:s}", "type", "object"));
		operation_answers(act, "200", "Done, durably",
				  json_pack("{s:s}", "type", "object"));
		json_object_set_new(paths, path,
				    json_pack("{s:[o], s:o}", "parameters", path_parameter(id),
					      "put", act));
	}
}

static void describe_resource(json_t *paths, const struct resource *resource)
{
	const struct attr_table *table = resource_table(resource);
	g_autofree char *id = g_strconcat(table->singular, "_id", NULL);
	g_autofree char *path = g_strconcat("/v2.0/", attr_table_path(table), NULL);
	g_autofree char *member = g_strconcat(path, "/{", id, "}", NULL);
	json_t *collection = json_pack("{s:o}", "get", describe_list(table));
	json_t *one = json_pack("{s:[o], s:o}", "parameters", path_parameter(id), "get",
				describe_show(table));

	if (resource->put && table_has(table, ATTR_POST))
		json_object_set_new(collection, "post", describe_create(table));
	if (resource->put && table_has(table, ATTR_PUT))
		json_object_set_new(one, "put", describe_update(table));
	if (resource->del)
		json_object_set_new(one, "delete", describe_delete(table));
	json_object_set_new(paths, path, collection);
	json_object_set_new(paths, member, one);
	describe_actions(paths, resource, member, id);
	if (attr_find(table, "tags"))
		describe_tags(paths, table, member, id);
}

/* The rest */

/* What has no table: one operation each. */
static const struct {
	const char *path, *method, *id, *summary, *status;
	const char *argument; /* of the path; NULL: none */
	bool text;	      /* the answer is none of JSON */
} others[] = {
	{"/", "get", "versions", "The versions that are served", "200"},
	{"/healthcheck", "get", "healthcheck", "200 while weftd serves", "200", NULL, true},
	{"/v2.0/", "get", "resources", "The resources", "200"},
	{"/v2.0/extensions", "get", "list_extensions", "The extensions that are in force",
	 "200"},
	{"/v2.0/extensions/{alias}", "get", "show_extension", "One of them", "200", "alias"},
	{"/v2.0/quotas", "get", "list_quotas", "Quotas that differ from the default", "200"},
	{"/v2.0/quotas/{project_id}", "get", "show_quota", "A project's quota", "200",
	 "project_id"},
	{"/v2.0/quotas/{project_id}", "put", "update_quota", "Change it", "200", "project_id"},
	{"/v2.0/quotas/{project_id}", "delete", "delete_quota", "Have the default again", "204",
	 "project_id"},
	{"/v2.0/quotas/{project_id}/default", "get", "show_quota_default", "The default", "200",
	 "project_id"},
	{"/v2.0/quotas/{project_id}/details.json", "get", "show_quota_details",
	 "What of it is in use", "200", "project_id"},
	{"/v2.0/auto-allocated-topology/{project_id}", "get", "show_auto_allocated_topology",
	 "A network with a way out, made when it is asked for", "200", "project_id"},
	{"/v2.0/auto-allocated-topology/{project_id}", "delete",
	 "delete_auto_allocated_topology", "Take all of it away", "204", "project_id"},
};

static void describe_others(json_t *paths)
{
	for (gsize i = 0; i < G_N_ELEMENTS(others); i++) {
		json_t *item = json_object_get(paths, others[i].path);
		json_t *made =
			json_pack("{s:s, s:[s], s:s, s:{s:o}}", "operationId", others[i].id,
				  "tags", "service", "summary", others[i].summary, "responses",
				  "default", ref("responses/", "Fault"));
		bool body = !others[i].text && *others[i].status == '2' &&
			    !g_str_equal(others[i].status, "204");

		if (!item) {
			item = json_object();
			json_object_set_new(paths, others[i].path, item);
			if (others[i].argument)
				json_object_set_new(
					item, "parameters",
					json_pack("[o]", path_parameter(others[i].argument)));
		}
		if (g_str_equal(others[i].method, "put"))
			operation_takes(made, json_pack("{s:s}", "type", "object"));
		operation_answers(made, others[i].status, others[i].summary,
				  body ? json_pack("{s:s}", "type", "object") : NULL);
		json_object_set_new(item, others[i].method, made);
	}
}

static json_t *describe_components(void)
{
	json_t *schemas = json_object(), *parameters = json_object();
	json_t *text = json_pack("{s:s}", "type", "string");

	for (unsigned int i = 0; i < RESOURCE_COUNT; i++) {
		const struct attr_table *table = resource_table(resource_by_number(i));
		g_autofree char *create = g_strconcat(table->singular, "_create", NULL);
		g_autofree char *update = g_strconcat(table->singular, "_update", NULL);

		json_object_set_new(schemas, table->singular,
				    openapi_schema_table(table, ATTR_VISIBLE));
		json_object_set_new(schemas, create, openapi_schema_table(table, ATTR_POST));
		json_object_set_new(schemas, update, openapi_schema_table(table, ATTR_PUT));
	}
	for (gsize i = 0; i < G_N_ELEMENTS(common); i++)
		json_object_set_new(
			parameters, common[i].name,
			query_parameter(common[i].name, common[i].help, common[i].repeated));
	json_object_set_new(parameters, "If-Match",
			    json_pack("{s:s, s:s, s:s, s:o}", "name", "If-Match", "in",
				      "header", "description",
				      "revision_number=N: 412 when it has another", "schema",
				      json_copy(text)));
	json_object_set_new(schemas, "tags", wrapped("tags", array_of(json_copy(text))));
	json_object_set_new(schemas, "link",
			    json_pack("{s:s, s:{s:O, s:O}, s:[s, s]}", "type", "object",
				      "properties", "rel", text, "href", text, "required",
				      "rel", "href"));
	json_object_set_new(
		schemas, "fault",
		wrapped("NeutronError",
			json_pack("{s:s, s:{s:O, s:O, s:O}, s:[s, s, s]}", "type", "object",
				  "properties", "type", text, "message", text, "detail", text,
				  "required", "type", "message", "detail")));
	json_decref(text);
	return json_pack("{s:o, s:o, s:{s:{s:s, s:o}}, s:{s:{s:s, s:s, s:s}}}", "schemas",
			 schemas, "parameters", parameters, "responses", "Fault", "description",
			 "What is wrong, by the type that clients of OpenStack Networking know",
			 "content", content(schema_ref("fault", "")), "securitySchemes",
			 "token", "type", "apiKey", "in", "header", "name", "X-Auth-Token");
}

char *openapi_print(void)
{
	json_t *paths = json_object(), *tags = json_array(), *document;
	char *text, *copy;

	json_array_append_new(tags, json_pack("{s:s, s:s}", "name", "service", "description",
					      "The service itself"));
	describe_others(paths);
	for (unsigned int i = 0; i < RESOURCE_COUNT; i++) {
		const struct attr_table *table = resource_table(resource_by_number(i));

		describe_resource(paths, resource_by_number(i));
		json_array_append_new(tags, json_pack("{s:s, s:s}", "name", table->plural,
						      "description", table->help));
	}
	document =
		json_pack("{s:s, s:{s:s, s:s, s:s, s:{s:s, s:s}}, s:[{s:s}], s:[{s:[]}, {}], "
			  "s:o, s:o, s:o}",
			  "openapi", "3.1.0", "info", "title", "Weft", "version", WEFT_VERSION,
			  "description", "OpenStack Networking v2.0 as Weft serves it",
			  "license", "name", "Apache License 2.0", "identifier", "Apache-2.0",
			  "servers", "url", "/", "security", "token", "tags", tags, "paths",
			  paths, "components", describe_components());
	text = json_dumps(document, JSON_INDENT(1));
	copy = g_strdup(text);
	free(text);
	json_decref(document);
	return copy;
}
