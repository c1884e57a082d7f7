/* SPDX-License-Identifier: Apache-2.0 */
/*
 * weft trace PORT PACKET: where a packet of this port would go, host after host, and which row
 * decided. Fetches what trace/ needs: rows as the controller sends them, the port's subnets,
 * and which ports are wired.
 */
#include "cli/cmd.h"

#include <string.h>
#include "cli/crud.h"
#include "cli/output.h"
#include "lib/error.h"
#include "lib/http_client.h"
#include "trace/print.h"
#include "trace/trace.h"

/* Answers trace_fetch. */
struct fetcher {
	struct client *client;
	json_t *hosts; /* all of them, as the API lists them */
};

static bool malformed(GError **error, const char *what)
{
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INTERNAL, "the answer has no %s", what);
	return false;
}

static const json_t *find_host(const struct fetcher *fetcher, const char *name)
{
	json_t *host;
	size_t i;

	json_array_foreach (fetcher->hosts, i, host)
		if (!g_strcmp0(json_string_value(json_object_get(host, "name")), name))
			return host;
	return NULL;
}

static bool put_rows(struct trace_host *host, const json_t *reply, GError **error)
{
	const json_t *rows = json_object_get(reply, "rows");
	json_t *row;
	size_t i;

	if (!json_is_array(rows))
		return malformed(error, "rows");
	json_array_foreach (rows, i, row) {
		const char *table = json_string_value(json_object_get(row, "table"));
		const char *key = json_string_value(json_object_get(row, "key"));

		if (!table || !key)
			return malformed(error, "table or key of a row");
		if (!trace_host_put(host, table, key, json_object_get(row, "value"), error))
			return false;
	}
	return true;
}

/* A port that is up, on a host that is alive, and yet not ACTIVE has no device. */
static bool unwire(struct fetcher *fetcher, struct trace_host *host, const char *name,
		   GError **error)
{
	g_autofree char *escaped = http_escape(name);
	g_autofree char *query = g_strdup_printf(
		"binding:host_id=%s&fields=id&fields=status&fields=admin_state_up", escaped);
	json_auto_t *ports = client_list(fetcher->client, KIND_PORT, query, error);
	json_t *port;
	size_t i;

	json_array_foreach (ports, i, port) {
		const char *id = json_string_value(json_object_get(port, "id"));
		struct uuid uuid;

		if (id && uuid_parse(id, &uuid) &&
		    json_is_true(json_object_get(port, "admin_state_up")) &&
		    g_strcmp0(json_string_value(json_object_get(port, "status")), "ACTIVE"))
			trace_host_unwire(host, uuid);
	}
	return ports != NULL;
}

static bool fill_host(struct fetcher *fetcher, struct trace_host *host, const json_t *known,
		      GError **error)
{
	const char *name = json_string_value(json_object_get(known, "name"));
	g_autofree char *path = g_strdup_printf("/weft/v1/hosts/%s/rows?snapshot=1", name);
	json_auto_t *reply = client_call(fetcher->client, "GET", path, NULL, error);

	return reply && put_rows(host, reply, error) &&
	       (!json_is_true(json_object_get(known, "alive")) ||
		unwire(fetcher, host, name, error)) &&
	       trace_host_wire(host, error);
}

static struct trace_host *fetch(const char *name, void *data, GError **error)
{
	struct fetcher *fetcher = data;
	const json_t *known = find_host(fetcher, name);
	const char *text = json_string_value(json_object_get(known, "tunnel_ip"));
	struct trace_host *host;
	struct ip ip;

	if (!text || !ip_parse(text, &ip)) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_NOT_FOUND, "host '%s': %s", name,
			    known ? "has no tunnel address yet" : "is not known");
		return NULL;
	}
	host = trace_host_new(name, ip);
	if (!json_is_true(json_object_get(known, "alive")))
		trace_host_set_note(host, "the host is not alive: what it has may be older");
	if (fill_host(fetcher, host, known, error))
		return host;
	g_prefix_error(error, "host '%s': ", name);
	trace_host_free(host);
	return NULL;
}

/* The words behind the port: one quoted text or many words. */
static char *join_words(const struct arguments *arguments)
{
	GString *text = g_string_new(NULL);

	for (guint i = 1; i < arguments->words->len; i++)
		g_string_append_printf(text, "%s%s", i > 1 ? " " : "",
				       (const char *)arguments->words->pdata[i]);
	return g_string_free(text, FALSE);
}

static json_t *follow(struct client *client, struct fetcher *fetcher, const json_t *port,
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
		malformed(error, "id");
		return NULL;
	}
	if (!host || !*host) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT, "is bound to no host");
		return NULL;
	}
	subnets = client_list(client, KIND_SUBNET, query, error);
	if (!subnets)
		return NULL;
	trace = trace_new(fetch, fetcher);
	out = trace_run(trace, host, uuid, packet, subnets, error);
	trace_free(trace);
	return out;
}

static json_t *trace_port(struct context *context, const char *name,
			  struct trace_packet *packet, GError **error)
{
	struct fetcher fetcher = {.client = command_client(context)};
	g_autofree char *id = client_find_id(fetcher.client, KIND_PORT, name, error);
	json_auto_t *port = id ? client_show(fetcher.client, KIND_PORT, id, error) : NULL;
	json_t *out = NULL;

	if (port)
		fetcher.hosts = client_list(fetcher.client, KIND_HOST, "", error);
	if (fetcher.hosts)
		out = follow(fetcher.client, &fetcher, port, packet, error);
	json_decref(fetcher.hosts);
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
