/* SPDX-License-Identifier: Apache-2.0 */
/*
 * weft port binding list PORT | create PORT HOST | activate PORT HOST | delete PORT HOST
 */
#include "cli/cmd.h"

#include "cli/crud.h"
#include "cli/output.h"
#include "lib/http_client.h"

/* METHOD on the port that the first word names, its binding to the host of the second, and what
 * is BELOW; of a new one the host is in BODY. */
static json_t *ask(struct context *context, const struct arguments *arguments,
		   const char *method, const char *below, json_t *body, GError **error)
{
	struct client *client = command_client(context);
	const char *name = arguments->words->pdata[0];
	g_autofree char *port = client_find_id(client, KIND_PORT, name, error);
	g_autofree char *host = NULL, *path = NULL;
	json_t *reply = NULL;

	if (port && arguments->words->len > 1 && !body)
		host = http_escape(arguments->words->pdata[1]);
	if (port) {
		path = g_strdup_printf("/v2.0/ports/%s/bindings%s%s%s", port, host ? "/" : "",
				       host ? host : "", below);
		reply = client_call(client, method, path, body, error);
	} else {
		json_decref(body);
	}
	if (!reply)
		crud_blame(context, name, error);
	return reply;
}

bool cmd_binding_list(struct context *context, const struct arguments *arguments,
		      GError **error)
{
	json_auto_t *reply = ask(context, arguments, "GET", "", NULL, error);
	g_autoptr(GPtrArray) columns = g_ptr_array_new();

	for (const struct attr *attr = binding_table.attrs; attr->name; attr++)
		if (attr->flags & ATTR_COLUMN)
			g_ptr_array_add(columns, (gpointer)attr->name);
	return reply && output_print(output_list(arguments, json_object_get(reply, "bindings"),
						 columns, error),
				     error);
}

static bool print(const struct arguments *arguments, const json_t *reply, GError **error)
{
	return reply &&
	       output_print(output_object(arguments, json_object_get(reply, "binding"), error),
			    error);
}

bool cmd_binding_create(struct context *context, const struct arguments *arguments,
			GError **error)
{
	json_t *body = json_pack("{s:{s:s}}", "binding", "host", arguments->words->pdata[1]);
	json_auto_t *reply = ask(context, arguments, "POST", "", body, error);

	return print(arguments, reply, error);
}

bool cmd_binding_activate(struct context *context, const struct arguments *arguments,
			  GError **error)
{
	json_auto_t *reply = ask(context, arguments, "PUT", "/activate", NULL, error);

	return print(arguments, reply, error);
}

bool cmd_binding_delete(struct context *context, const struct arguments *arguments,
			GError **error)
{
	json_auto_t *reply = ask(context, arguments, "DELETE", "", NULL, error);

	return reply != NULL;
}
