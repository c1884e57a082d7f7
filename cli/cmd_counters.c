/* SPDX-License-Identifier: Apache-2.0 */
/*
 * weft port stats PORT, weft drops, weft status: what the agent here counts.
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

/* ROWS with all the columns that they have. Without rows a table is empty, not a head. */
static bool print_rows(const struct arguments *arguments, const json_t *rows, GError **error)
{
	g_autoptr(GPtrArray) columns = g_ptr_array_new();
	json_t *row;
	size_t i;

	json_array_foreach (rows, i, row)
		add_columns(columns, row);
	if (!columns->len && !option_has(arguments, "format"))
		return true;
	return output_print(output_list(arguments, rows, columns, error), error);
}

static void add_drops(json_t *rows, json_t *port, json_t *name, const json_t *drops)
{
	const char *reason;
	json_t *packets;

	json_object_foreach ((json_t *)drops, reason, packets)
		json_array_append_new(rows,
				      json_pack("{s:O?,s:O?,s:s,s:O}", "port", port, "name",
						name, "reason", reason, "packets", packets));
}

/* {"drops": [{"port", "name", "drops": {reason: packets}}], "host": {reason: packets}}: a
 * row for each reason; those of the host have no port. */
static bool list_drops(struct context *context, const struct arguments *arguments,
		       GError **error)
{
	json_auto_t *reply = ask(context, "/v1/drops", error);
	json_auto_t *rows = json_array();
	json_t *entry;
	size_t i;

	if (!reply)
		return false;
	json_array_foreach (json_object_get(reply, "drops"), i, entry)
		add_drops(rows, json_object_get(entry, "port"), json_object_get(entry, "name"),
			  json_object_get(entry, "drops"));
	add_drops(rows, NULL, NULL, json_object_get(reply, "host"));
	return print_rows(arguments, rows, error);
}

bool cmd_drops(struct context *context, const struct arguments *arguments, GError **error)
{
	bool chosen = option_has(arguments, "port") || option_has(arguments, "reason");

	if (option_has(arguments, "follow"))
		return cmd_follow(context, arguments, error);
	if (!chosen)
		return list_drops(context, arguments, error);
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
		    "drops: --port and --reason are of --follow");
	return false;
}

bool cmd_status(struct context *context, const struct arguments *arguments, GError **error)
{
	json_auto_t *reply = ask(context, "/v1/status", error);
	json_auto_t *flat = NULL;

	if (!reply)
		return false;
	flat = agent_socket_flatten(reply);
	return output_print(output_object(arguments, flat, error), error);
}
