/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/snapshot.h"

#include <string.h>

#include "lib/error.h"
#include "lib/http_client.h"

static bool malformed(GError **error, const char *what)
{
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INTERNAL, "the answer has no %s", what);
	return false;
}

static const json_t *find_host(const struct snapshot *snapshot, const char *name)
{
	json_t *host;
	size_t i;

	json_array_foreach (snapshot->hosts, i, host)
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
static bool unwire(const struct snapshot *snapshot, struct trace_host *host, const char *name,
		   GError **error)
{
	g_autofree char *escaped = http_escape(name);
	g_autofree char *query = g_strdup_printf(
		"binding:host_id=%s&fields=id&fields=status&fields=admin_state_up", escaped);
	json_auto_t *ports = client_list(snapshot->client, KIND_PORT, query, error);
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

static bool fill_host(const struct snapshot *snapshot, struct trace_host *host,
		      const json_t *known, GError **error)
{
	const char *name = json_string_value(json_object_get(known, "name"));
	g_autofree char *path = g_strdup_printf("/weft/v1/hosts/%s/rows?snapshot=1", name);
	json_auto_t *reply = client_call(snapshot->client, "GET", path, NULL, error);

	return reply && put_rows(host, reply, error) &&
	       (!json_is_true(json_object_get(known, "alive")) ||
		unwire(snapshot, host, name, error)) &&
	       trace_host_wire(host, error);
}

static void note_conns(struct trace_host *host, const char *why)
{
	g_autofree char *note = g_strdup_printf("which connections it has is not known (%s): "
						"a reply may be taken for a first packet",
						why);

	trace_host_add_note(host, note);
}

/* Connections are known to each host's agent alone, and weftd asks it: what a reply would be let in
 * by. Without them the rest is still true. */
static void fill_conns(const struct snapshot *snapshot, struct trace_host *host,
		       const char *name)
{
	char address[IP_TEXT];
	g_autofree char *path = g_strdup_printf("/weft/v1/hosts/%s/conns?address=%s", name,
						ip_print(snapshot->address, address));
	g_autoptr(GError) error = NULL;
	json_auto_t *reply = client_call(snapshot->client, "GET", path, NULL, &error);
	json_t *flow;
	size_t i;

	if (!reply) {
		note_conns(host, error->message);
		return;
	}
	json_array_foreach (json_object_get(reply, "flows"), i, flow)
		trace_host_put_conn(host, flow);
	if (json_is_true(json_object_get(reply, "truncated")))
		note_conns(host, "it has more than it tells");
}

/* What the rows say is not all that the host does. */
static void note_refused(struct trace_host *host, const json_t *known)
{
	json_t *text;
	size_t i;

	json_array_foreach (json_object_get(known, "refused"), i, text) {
		g_autofree char *note = g_strdup_printf(
			"rules that it has and could not make, so nothing passes "
			"there: %s",
			json_string_value(text));

		trace_host_add_note(host, note);
	}
}

struct trace_host *snapshot_fetch(const char *name, void *data, GError **error)
{
	const struct snapshot *snapshot = data;
	const json_t *known = find_host(snapshot, name);
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
		trace_host_add_note(host, "the host is not alive: what it has may be older");
	note_refused(host, known);
	if (fill_host(snapshot, host, known, error)) {
		if (!ip_is_none(snapshot->address))
			fill_conns(snapshot, host, name);
		return host;
	}
	g_prefix_error(error, "host '%s': ", name);
	trace_host_free(host);
	return NULL;
}

bool snapshot_init(struct snapshot *snapshot, struct client *client, GError **error)
{
	snapshot->client = client;
	snapshot->hosts = client_list(client, KIND_HOST, "", error);
	return snapshot->hosts != NULL;
}

void snapshot_done(struct snapshot *snapshot)
{
	json_decref(snapshot->hosts);
	snapshot->hosts = NULL;
}
