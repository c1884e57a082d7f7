/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests on single objects.
 */
#include "cli/crud.h"

#include <string.h>

json_t *crud_update(struct client *client, enum kind kind, const char *id, json_t *body,
		    GError **error)
{
	const struct attr_table *table = cloud_table(kind);
	g_autofree char *path = g_strdup_printf("/v2.0/%s/%s", attr_table_path(table), id);
	json_auto_t *reply = client_call(client, "PUT", path,
					 json_pack("{s:o}", table->singular, body), error);

	return reply ? json_incref(json_object_get(reply, table->singular)) : NULL;
}

bool crud_act(struct client *client, enum kind kind, const char *id, const char *action,
	      json_t *body, GError **error)
{
	g_autofree char *path = g_strdup_printf("/v2.0/%s/%s/%s",
						attr_table_path(cloud_table(kind)), id, action);
	json_auto_t *reply = client_call(client, "PUT", path, body, error);

	return reply != NULL;
}

json_t *crud_put_tags(struct client *client, enum kind kind, const char *id, json_t *tags,
		      GError **error)
{
	g_autofree char *path =
		g_strdup_printf("/v2.0/%s/%s/tags", attr_table_path(cloud_table(kind)), id);
	json_auto_t *reply =
		client_call(client, "PUT", path, json_pack("{s:O}", "tags", tags), error);
	json_t *now = json_object_get(reply, "tags");

	return reply ? json_incref(now ? now : tags) : NULL;
}

bool crud_delete(struct client *client, enum kind kind, const char *id, GError **error)
{
	g_autofree char *path =
		g_strdup_printf("/v2.0/%s/%s", attr_table_path(cloud_table(kind)), id);
	json_auto_t *reply = client_call(client, "DELETE", path, NULL, error);

	return reply != NULL;
}

bool crud_blame(const struct context *context, const char *name, GError **error)
{
	g_autofree char *subject =
		g_strdup_printf("%s '%s'", client_kind_name(context->command->kind), name);

	if (error && *error && !g_str_has_prefix((*error)->message, subject))
		g_prefix_error(error, "%s: ", subject);
	return false;
}

json_t *crud_strip_list(const json_t *list, bool *emptied)
{
	json_t *result = json_array(), *item;
	size_t i;

	*emptied = false;
	json_array_foreach (list, i, item) {
		if (json_is_null(item))
			*emptied = true;
		else
			json_array_append(result, item);
	}
	return result;
}
