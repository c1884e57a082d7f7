/* SPDX-License-Identifier: Apache-2.0 */
/*
 * weft policy check PORT PORT SERVICE: may the one speak to the other? Asked of the rules that
 * their hosts are sent, without a packet.
 */
#include "cli/cmd.h"

#include <stdio.h>

#include "cli/crud.h"
#include "cli/output.h"
#include "cli/snapshot.h"
#include "lib/error.h"
#include "trace/verdict.h"

static const char *const check_columns[] = {"direction", "name", "address", "peer",
					    "verdict",	 "tier", "rule",    "says"};

/* The answer "no" is none of the errors: its exit code is 1. */
static GQuark denied_quark(void)
{
	return g_quark_from_static_string("weft-policy-denied");
}

/* Where PORT is. The host, fetched once, is HOSTS'. */
static bool find_party(struct snapshot *snapshot, GHashTable *hosts, const char *name,
		       struct trace_party *out, GError **error)
{
	g_autofree char *id = client_find_id(snapshot->client, KIND_PORT, name, error);
	json_auto_t *port = id ? client_show(snapshot->client, KIND_PORT, id, error) : NULL;
	const char *where = json_string_value(json_object_get(port, "binding:host_id"));
	struct trace_host *host;

	if (!port)
		return false;
	if (!where || !*where || !uuid_parse(id, &out->port)) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
			    "port '%s': is bound to no host", name);
		return false;
	}
	host = g_hash_table_lookup(hosts, where);
	if (!host) {
		host = snapshot_fetch(where, snapshot, error);
		if (host)
			g_hash_table_insert(hosts, g_strdup(where), host);
	}
	out->host = host;
	return host != NULL;
}

static json_t *check(struct snapshot *snapshot, const struct arguments *arguments,
		     const struct trace_service *service, GError **error)
{
	g_autoptr(GHashTable) hosts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
							    (GDestroyNotify)trace_host_free);
	struct trace_party from, to;

	if (!find_party(snapshot, hosts, arguments->words->pdata[0], &from, error) ||
	    !find_party(snapshot, hosts, arguments->words->pdata[1], &to, error))
		return NULL;
	return trace_verdict(&from, &to, service, error);
}

static void print_notes(const json_t *notes)
{
	json_t *note;
	size_t i;

	json_array_foreach (notes, i, note)
		fprintf(stderr, "weft: note: %s\n", json_string_value(note));
}

static bool print(const struct arguments *arguments, json_t *answer, GError **error)
{
	g_autoptr(GPtrArray) columns = g_ptr_array_new();

	for (gsize i = 0; i < G_N_ELEMENTS(check_columns); i++)
		g_ptr_array_add(columns, (gpointer)check_columns[i]);
	/* JSON is all of it, other formats a line for each side */
	if (!g_strcmp0(option_get(arguments, "format"), "json") &&
	    !option_has(arguments, "column"))
		return output_print(output_list(arguments, answer, NULL, error), error);
	return output_print(
		output_list(arguments, json_object_get(answer, "checks"), columns, error),
		error);
}

bool cmd_policy_check(struct context *context, const struct arguments *arguments,
		      GError **error)
{
	GPtrArray *words = arguments->words;
	struct snapshot snapshot = {0};
	struct trace_service service;
	json_auto_t *answer = NULL;

	if (!trace_service_parse(words->pdata[2], &service, error))
		return false;
	if (snapshot_init(&snapshot, command_client(context), error))
		answer = check(&snapshot, arguments, &service, error);
	snapshot_done(&snapshot);
	if (!answer || !print(arguments, answer, error))
		return false;
	print_notes(json_object_get(answer, "notes"));
	if (json_is_true(json_object_get(answer, "allowed")))
		return true;
	g_set_error(error, denied_quark(), 0, "port '%s' to port '%s', %s: denied",
		    (const char *)words->pdata[0], (const char *)words->pdata[1],
		    (const char *)words->pdata[2]);
	return false;
}
