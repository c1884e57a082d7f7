/* SPDX-License-Identifier: Apache-2.0 */
/*
 * weft policy reach --from PORTS: whom ports of a group, or with labels, can reach, with what, and by
 * which rules. Ports that rules cannot tell apart (those of one identity) are told together.
 */
#include "cli/cmd.h"

#include <string.h>

#include "cli/crud.h"
#include "cli/output.h"
#include "cli/policy_text.h"
#include "cli/snapshot.h"
#include "lib/error.h"
#include "trace/reach.h"

const struct option cmd_reach_options[] = {
	{"from", 0, "PORTS", "who asks: of a security group, or with labels (app=web,!old)",
	 false, NULL, NULL},
	{"to", 0, "PORTS", "who is asked, in the same words; all without", false, NULL, NULL},
	{NULL},
};

static const char *const reach_columns[] = {"from",   "to",	"service",
					    "family", "egress", "ingress"};

/* Which ports: of a group, with labels, or all. */
struct choice {
	char *group;
	json_t *selector;
};

/* Ports that are treated alike. */
struct alike {
	struct trace_party party;
	GString *names;
	guint count;
};

static void alike_free(gpointer data)
{
	struct alike *alike = data;

	g_string_free(alike->names, TRUE);
	g_free(alike);
}

#define NAMES_MAX 3 /* told by name */

static void alike_add(struct alike *alike, const json_t *port)
{
	const char *name = json_string_value(json_object_get(port, "name"));

	if (!name || !*name)
		name = json_string_value(json_object_get(port, "id"));
	if (alike->count++ < NAMES_MAX)
		g_string_append_printf(alike->names, "%s%s", alike->names->len ? "," : "",
				       name);
}

/* What is told of them all. */
static char *alike_print(const struct alike *alike)
{
	return alike->count > NAMES_MAX
		       ? g_strdup_printf("%s+%u", alike->names->str, alike->count - NAMES_MAX)
		       : g_strdup(alike->names->str);
}

/* PORT's host, fetched once; NULL without an error: it is bound to none. */
static bool find_host(struct snapshot *snapshot, GHashTable *hosts, const json_t *port,
		      struct trace_host **out, GError **error)
{
	const char *where = json_string_value(json_object_get(port, "binding:host_id"));

	*out = where && *where ? g_hash_table_lookup(hosts, where) : NULL;
	if (*out || !where || !*where)
		return true;
	*out = snapshot_fetch(where, snapshot, error);
	if (*out)
		g_hash_table_insert(hosts, g_strdup(where), *out);
	return *out;
}

/* The ports of CHOICE, of those that are seen, by identity. */
static GPtrArray *list_alike(struct snapshot *snapshot, GHashTable *hosts,
			     const struct choice *choice, GError **error)
{
	g_autofree char *query = choice->group
					 ? g_strconcat("security_groups=", choice->group, NULL)
					 : g_strdup("");
	json_auto_t *ports = client_list(snapshot->client, KIND_PORT, query, error);
	g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
	g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(alike_free);
	json_t *port;
	size_t i;

	json_array_foreach (ports, i, port) {
		const char *id = json_string_value(json_object_get(port, "id"));
		struct trace_party party = {0};
		struct trace_host *host = NULL;
		struct alike *alike;
		uint32_t identity;

		if (!policy_text_selects(choice->selector, json_object_get(port, "labels")))
			continue;
		if (!find_host(snapshot, hosts, port, &host, error))
			return NULL;
		party.host = host;
		identity =
			host && id && uuid_parse(id, &party.port) ? trace_identity(&party) : 0;
		if (!identity) /* nowhere yet */
			continue;
		alike = g_hash_table_lookup(seen, GUINT_TO_POINTER(identity));
		if (!alike) {
			alike = g_new0(struct alike, 1);
			alike->party = party;
			alike->names = g_string_new(NULL);
			g_hash_table_insert(seen, GUINT_TO_POINTER(identity), alike);
			g_ptr_array_add(all, alike);
		}
		alike_add(alike, port);
	}
	return ports ? g_steal_pointer(&all) : NULL;
}

static void add_lines(json_t *lines, const struct alike *from, const struct alike *to,
		      json_t *reach)
{
	g_autofree char *source = alike_print(from), *target = alike_print(to);
	json_t *line;
	size_t i;

	json_array_foreach (reach, i, line) {
		json_object_set_new(line, "from", json_string(source));
		json_object_set_new(line, "to", json_string(target));
		json_array_append(lines, line);
	}
}

static json_t *reach(struct snapshot *snapshot, const struct choice *from,
		     const struct choice *to, GError **error)
{
	g_autoptr(GHashTable) hosts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
							    (GDestroyNotify)trace_host_free);
	g_autoptr(GPtrArray) sources = list_alike(snapshot, hosts, from, error);
	g_autoptr(GPtrArray) targets = sources ? list_alike(snapshot, hosts, to, error) : NULL;
	json_auto_t *lines = json_array();

	for (guint i = 0; targets && i < sources->len; i++)
		for (guint n = 0; n < targets->len; n++) {
			const struct alike *source = sources->pdata[i];
			const struct alike *target = targets->pdata[n];
			g_autoptr(GError) apart = NULL;
			json_auto_t *one = trace_reach(&source->party, &target->party, &apart);

			/* of no common family: they cannot speak */
			if (one)
				add_lines(lines, source, target, one);
		}
	return targets ? json_incref(lines) : NULL;
}

/* What OPTION says; all when it was not given. A group whose name looks like labels has an id, too. */
static bool choice_read(struct client *client, const struct arguments *arguments,
			const char *option, struct choice *out, GError **error)
{
	const char *text = option_get(arguments, option);

	if (!text)
		return true;
	if (strpbrk(text, "=!")) {
		out->selector = policy_text_parse_selector(text, error);
		return out->selector != NULL;
	}
	out->group = client_find_id(client, KIND_SECURITY_GROUP, text, error);
	return out->group != NULL;
}

static void choice_done(struct choice *choice)
{
	g_free(choice->group);
	json_decref(choice->selector);
}

bool cmd_policy_reach(struct context *context, const struct arguments *arguments,
		      GError **error)
{
	struct client *client = command_client(context);
	__attribute__((cleanup(choice_done))) struct choice from = {0}, to = {0};
	g_autoptr(GPtrArray) columns = g_ptr_array_new();
	struct snapshot snapshot = {0};
	json_auto_t *lines = NULL;

	if (!option_has(arguments, "from")) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "--from is missing");
		return false;
	}
	if (!choice_read(client, arguments, "from", &from, error) ||
	    !choice_read(client, arguments, "to", &to, error))
		return false;
	for (gsize i = 0; i < G_N_ELEMENTS(reach_columns); i++)
		g_ptr_array_add(columns, (gpointer)reach_columns[i]);
	if (snapshot_init(&snapshot, client, error))
		lines = reach(&snapshot, &from, &to, error);
	snapshot_done(&snapshot);
	return lines && output_print(output_list(arguments, lines, columns, error), error);
}
