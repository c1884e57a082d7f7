/* SPDX-License-Identifier: Apache-2.0 */
/*
 * weft KIND create NAME --attribute value ...
 */
#include "cli/cmd.h"

#include <string.h>
#include "cli/attr_option.h"
#include "cli/crud.h"
#include "cli/output.h"
#include "lib/error.h"

/* Lists without the marks of "--no-x". */
static void strip_lists(json_t *body)
{
	const char *key;
	json_t *value;
	void *next;
	bool emptied;

	json_object_foreach_safe(body, next, key, value)
	{
		if (json_is_array(value))
			json_object_set_new(body, key, crud_strip_list(value, &emptied));
		else if (json_is_object(value))
			json_object_del(value, "");
	}
}

/* A subnet's version is written in its prefix; from a pool it is IPv4 unless it is said. */
static void add_ip_version(const struct context *context, json_t *body)
{
	const char *cidr = json_string_value(json_object_get(body, "cidr"));

	if (context->command->kind == KIND_SUBNET && !json_object_get(body, "ip_version"))
		json_object_set_new(body, "ip_version",
				    json_integer(cidr && strchr(cidr, ':') ? 6 : 4));
}

/* A rule lets in, by what its address says IPv4 or IPv6. */
static void add_direction(const struct context *context, json_t *body)
{
	const char *prefix = json_string_value(json_object_get(body, "remote_ip_prefix"));
	const char *protocol = json_string_value(json_object_get(body, "protocol"));

	if (context->command->kind != KIND_SECURITY_RULE &&
	    context->command->kind != KIND_DEFAULT_RULE)
		return;
	if (!json_object_get(body, "direction"))
		json_object_set_new(body, "direction", json_string("ingress"));
	if (!json_object_get(body, "ethertype") &&
	    ((prefix && strchr(prefix, ':')) ||
	     (protocol &&
	      (g_str_has_prefix(protocol, "ipv6-") || !strcmp(protocol, "icmpv6")))))
		json_object_set_new(body, "ethertype", json_string("IPv6"));
}

/* The word of a policy is the name of an object of the type that it is about. */
static json_t *read_object(struct context *context, const json_t *body, const char *name,
			   GError **error)
{
	const char *type = json_string_value(json_object_get(body, "object_type"));
	g_autofree char *id = NULL;

	if (context->command->kind != KIND_RBAC_POLICY)
		return attr_option_read_word(context->client, context->command->kind, name,
					     error);
	for (unsigned int i = 0; type && i < RBAC_TYPE_COUNT; i++) {
		enum kind kind = rbac_get_kind((enum rbac_type)i);

		if (strcmp(cloud_table(kind)->singular, type) != 0)
			continue;
		id = client_find_id(context->client, kind, name, error);
		return id ? json_string(id) : NULL;
	}
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "--object-type is missing");
	return NULL;
}

static bool check_required(const struct attr_table *table, const json_t *body, GError **error)
{
	for (const struct attr *attr = table->attrs; attr->name; attr++) {
		if (!(attr->flags & ATTR_REQUIRED) || json_object_get(body, attr->name))
			continue;
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "--%s is missing",
			    attr_option_name(attr));
		return false;
	}
	return true;
}

/* An object that could not get its tags is taken back. */
static bool add_tags(struct context *context, json_t *object, json_t *tags, GError **error)
{
	const char *id = json_string_value(json_object_get(object, "id"));
	json_t *now;

	if (!json_array_size(tags))
		return true;
	now = crud_put_tags(context->client, context->command->kind, id, tags, error);
	if (now)
		return json_object_set_new(object, "tags", now) == 0;
	crud_delete(context->client, context->command->kind, id, NULL);
	return false;
}

static json_t *create(struct context *context, const struct arguments *arguments,
		      const char *name, GError **error)
{
	const struct attr_table *table = command_table(context);
	json_auto_t *body = attr_option_collect(command_client(context), arguments, error);
	json_auto_t *tags = NULL, *reply = NULL;
	g_autofree char *path = g_strdup_printf("/v2.0/%s", attr_table_path(table));
	json_t *object, *word;

	if (!body)
		return NULL;
	word = read_object(context, body, name, error);
	if (!word)
		return NULL;
	json_object_set_new(body, attr_option_word(context->command->kind)->name, word);
	strip_lists(body);
	tags = json_incref(json_object_get(body, "tags"));
	json_object_del(body, "tags");
	add_ip_version(context, body);
	add_direction(context, body);
	if (!check_required(table, body, error))
		return NULL;
	reply = client_call(context->client, "POST", path,
			    json_pack("{s:O}", table->singular, body), error);
	object = json_object_get(reply, table->singular);
	if (!reply || !add_tags(context, object, tags, error))
		return NULL;
	return json_incref(object);
}

bool cmd_create(struct context *context, const struct arguments *arguments, GError **error)
{
	const char *name = arguments->words->pdata[0];
	json_auto_t *object = create(context, arguments, name, error);

	if (!object)
		return crud_blame(context, name, error);
	return output_print(output_object(arguments, object, error), error);
}
