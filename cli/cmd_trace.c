/* SPDX-License-Identifier: Apache-2.0 */
/*
 * weft trace PORT PACKET: where a packet of this port would go, host after host, and which row
 * decided. Fetches what trace/ needs: the hosts (snapshot.h) and the port's subnets.
 */
#include "cli/cmd.h"

#include <string.h>
#include "cli/crud.h"
#include "cli/output.h"
#include "cli/snapshot.h"
#include "lib/error.h"
#include "trace/print.h"
#include "trace/trace.h"

/* The words behind the port: one quoted text or many words. */
static char *join_words(const struct arguments *arguments)
{
	GString *text = g_string_new(NULL);

	for (guint i = 1; i < arguments->words->len; i++)
		g_string_append_printf(text, "%s%s", i > 1 ? " " : "",
				       (const char *)arguments->words->pdata[i]);
	return g_string_free(text, FALSE);
}

static json_t *follow(struct client *client, struct snapshot *snapshot, const json_t *port,
		      struct trace_packet *packet, GError **error)
{
	const char *host = json_string_value(json_object_get(port, "binding:host_id"));
	const char *network = json_string_value(json_object_get(port, "network_id"));
	g_autofree char *query = g_strdup_printf("network_id=%s", network ? network : "");
	const char *id = json_string_value(json_object_get(port, "id"));
	json_auto_t *subnets = NULL;
	struct trace *trace;
	struct uuid uuid;
	json_t *out;

	if (!id || !uuid_parse(id, &uuid)) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INTERNAL, "the answer has no id");
		return NULL;
	}
	if (!host || !*host) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT, "is bound to no host");
		return NULL;
	}
	subnets = client_list(client, KIND_SUBNET, query, error);
	if (!subnets)
		return NULL;
	trace = trace_new(snapshot_fetch, snapshot);
	out = trace_run(trace, host, uuid, packet, subnets, error);
	trace_free(trace);
	return out;
}

static json_t *trace_port(struct context *context, const char *name,
			  struct trace_packet *packet, GError **error)
{
	struct client *client = command_client(context);
	g_autofree char *id = client_find_id(client, KIND_PORT, name, error);
	json_auto_t *port = id ? client_show(client, KIND_PORT, id, error) : NULL;
	struct snapshot snapshot = {.address = trace_packet_find_target(packet)};
	json_t *out = NULL;

	if (port && snapshot_init(&snapshot, client, error))
		out = follow(client, &snapshot, port, packet, error);
	snapshot_done(&snapshot);
	return out;
}

static const char *const result_columns[] = {"result", "host", "name", "port", "reason", NULL};

bool cmd_trace(struct context *context, const struct arguments *arguments, GError **error)
{
	const char *name = arguments->words->pdata[0];
	g_autofree char *text = join_words(arguments);
	g_autoptr(GPtrArray) columns = g_ptr_array_new();
	struct trace_packet packet;
	json_auto_t *out = NULL;

	for (const char *const *column = result_columns; *column; column++)
		g_ptr_array_add(columns, (gpointer)*column);
	if (trace_packet_parse(text, &packet, error))
		out = trace_port(context, name, &packet, error);
	trace_packet_done(&packet);
	if (!out)
		return crud_blame(context, name, error);
	if (!option_has(arguments, "format"))
		return output_print(trace_print(out), error);
	/* JSON is all of it, other formats a line for each end of the journey */
	if (!strcmp(option_get(arguments, "format"), "json") &&
	    !option_has(arguments, "column"))
		return output_print(output_list(arguments, out, NULL, error), error);
	return output_print(
		output_list(arguments, json_object_get(out, "results"), columns, error), error);
}
