/* SPDX-License-Identifier: Apache-2.0 */
/*
 * weft router add-interface ROUTER SUBNET|port=PORT, and its opposite.
 */
#include "cli/cmd.h"

#include <string.h>
#include "cli/crud.h"
#include "cli/output.h"

/* "port=P", "subnet=S" or a subnet. */
static json_t *read_interface(struct client *client, const char *text, GError **error)
{
	bool port = g_str_has_prefix(text, "port=");
	const char *name = port				       ? text + strlen("port=")
			   : g_str_has_prefix(text, "subnet=") ? text + strlen("subnet=")
							       : text;
	g_autofree char *id =
		client_find_id(client, port ? KIND_PORT : KIND_SUBNET, name, error);

	return id ? json_pack("{s:s}", port ? "port_id" : "subnet_id", id) : NULL;
}

static json_t *change_interface(struct context *context, const struct arguments *arguments,
				const char *action, GError **error)
{
	struct client *client = command_client(context);
	const char *name = arguments->words->pdata[0];
	g_autofree char *router = client_find_id(client, KIND_ROUTER, name, error);
	g_autofree char *path = NULL;
	json_t *reply = NULL, *body = NULL;

	if (router)
		body = read_interface(client, arguments->words->pdata[1], error);
	if (body) {
		path = g_strdup_printf("/v2.0/routers/%s/%s", router, action);
		reply = client_call(client, "PUT", path, body, error);
	}
	if (!reply)
		crud_blame(context, name, error);
	return reply;
}

bool cmd_interface_add(struct context *context, const struct arguments *arguments,
		       GError **error)
{
	json_auto_t *reply =
		change_interface(context, arguments, "add_router_interface", error);

	return reply && output_print(output_object(arguments, reply, error), error);
}

bool cmd_interface_remove(struct context *context, const struct arguments *arguments,
			  GError **error)
{
	json_auto_t *reply =
		change_interface(context, arguments, "remove_router_interface", error);

	return reply != NULL;
}
