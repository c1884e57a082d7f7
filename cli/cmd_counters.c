/* SPDX-License-Identifier: Apache-2.0 */
/*
 * weft port stats PORT, weft drops, weft connections: what the agent here counts.
 */
#include "cli/cmd.h"

#include "cli/agent_socket.h"
#include "cli/crud.h"
#include "cli/output.h"
#include "lib/error.h"

static json_t *ask(struct context *context, const char *path, GError **error)
{
	__attribute__((cleanup(client_freep))) struct client *agent =
		agent_socket_open(context, error);

	return agent ? client_call(agent, "GET", path, NULL, error) : NULL;
}

bool cmd_stats(struct context *context, const struct arguments *arguments, GError **error)
{
	const char *name = arguments->words->pdata[0];
	g_autofree char *id = client_find_id(command_client(context), KIND_PORT, name, error);
	g_autofree char *path = g_strdup_printf("/v1/ports/%s/stats", id ? id : "");
	json_auto_t *reply = id ? ask(context, path, error) : NULL;
	json_auto_t *flat = NULL;

	if (!reply)
		return crud_blame(context, name, error);
	flat = agent_socket_flatten(reply);
	return output_print(output_object(arguments, flat, error), error);
}

static void add_columns(GPtrArray *columns, const json_t *row)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)row, key, value)
		if (!g_ptr_array_find_with_equal_func(columns, key, g_str_equal, NULL))
			g_ptr_array_add(columns, (gpointer)key);
}

static bool print_rows(struct context *context, const struct arguments *arguments,
		       const char *path, GError **error)
{
	json_auto_t *reply = ask(context, path, error);
	json_auto_t *rows = json_array();
	g_autoptr(GPtrArray) columns = g_ptr_array_new();
	json_t *list = agent_socket_rows(reply), *row;
	size_t i;

	if (reply && !list)
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INTERNAL,
			    "agent: the answer to %s has no list", path);
	if (!list)
		return false;
	json_array_foreach (list, i, row) {
		json_array_append_new(rows, agent_socket_flatten(row));
		add_columns(columns, json_array_get(rows, i));
	}
	if (!columns->len && !option_has(arguments, "format"))
		return true;
	return output_print(output_list(arguments, rows, columns, error), error);
}

bool cmd_drops(struct context *context, const struct arguments *arguments, GError **error)
{
	return print_rows(context, arguments, "/v1/drops", error);
}

bool cmd_connections(struct context *context, const struct arguments *arguments, GError **error)
{
	return print_rows(context, arguments, "/v1/connections", error);
}
