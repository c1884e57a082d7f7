/* SPDX-License-Identifier: Apache-2.0 */
/*
 * weft flows: the connections that the agent here knows. Followed, they are asked for once a
 * second, and what has come or gone in between is told.
 */
#include "cli/cmd.h"

#include <string.h>
#include "cli/agent_socket.h"
#include "cli/crud.h"
#include "cli/output.h"
#include "lib/error.h"
#include "lib/http_client.h"

#define FOLLOW_LIMIT "100000" /* unless given; more are not compared */

const struct option cmd_flows_options[] = {
	{"project", 0, "PROJECT", "only of this project's ports", false, NULL, NULL},
	{"address", 0, "ADDRESS", "only with this address, or one in this prefix", false, NULL,
	 NULL},
	{"state", 0, "STATE", "only in this state: new, established, fin, closing, closed",
	 false, NULL, NULL},
	{"limit", 0, "N", "at most so many (1000)", false, NULL, NULL},
	{"follow", 0, NULL, "tell which begin and end, by a look each second", false, NULL,
	 NULL},
	{NULL, 0, NULL, NULL, false, NULL, NULL},
};

static const char *const columns[] = {"name",	     "protocol",     "local",	   "local_port",
				      "remote",	     "remote_port",  "state",	   "opened_by",
				      "age_seconds", "idle_seconds", "tx_packets", "tx_bytes",
				      "rx_packets",  "rx_bytes",     "rule"};

/* What tells a connection from others of its host. */
static const char *const key_members[] = {"port",	"protocol", "local",
					  "local_port", "remote",   "remote_port"};

static void add_condition(GString *path, const char *name, const char *text)
{
	g_autofree char *escaped = text ? http_escape(text) : NULL;

	if (text)
		g_string_append_printf(path, "%s%s=%s", strchr(path->str, '?') ? "&" : "?",
				       name, escaped);
}

/* The question with its conditions, or NULL. */
static char *make_question(struct context *context, const struct arguments *arguments,
			   GError **error)
{
	static const char *const conditions[] = {"project", "address", "state"};
	const char *limit = option_get(arguments, "limit");
	g_autofree char *id = NULL;
	GString *path;

	if (arguments->words->len) {
		id = client_find_id(command_client(context), KIND_PORT,
				    arguments->words->pdata[0], error);
		if (!id)
			return NULL;
	}
	path = g_string_new("/v1/flows");
	add_condition(path, "port", id);
	for (gsize i = 0; i < G_N_ELEMENTS(conditions); i++)
		add_condition(path, conditions[i], option_get(arguments, conditions[i]));
	if (!limit && option_has(arguments, "follow"))
		limit = FOLLOW_LIMIT;
	add_condition(path, "limit", limit);
	return g_string_free(path, FALSE);
}

/* {"flows": [...], "truncated": bool}: the list; a new reference. */
static json_t *ask(struct client *agent, const char *path, bool *truncated, GError **error)
{
	json_auto_t *reply = client_call(agent, "GET", path, NULL, error);
	json_t *flows = json_object_get(reply, "flows");

	if (reply && !json_is_array(flows))
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INTERNAL,
			    "agent: the answer has no flows");
	if (!json_is_array(flows))
		return NULL;
	*truncated = json_is_true(json_object_get(reply, "truncated"));
	return json_incref(flows);
}

static bool list(struct client *agent, const char *path, const struct arguments *arguments,
		 GError **error)
{
	g_autoptr(GPtrArray) shown = g_ptr_array_new();
	bool truncated;
	json_auto_t *flows = ask(agent, path, &truncated, error);

	if (!flows)
		return false;
	for (gsize i = 0; i < G_N_ELEMENTS(columns); i++)
		g_ptr_array_add(shown, (gpointer)columns[i]);
	if (!output_print(output_list(arguments, flows, shown, error), error))
		return false;
	if (truncated)
		g_printerr("weft: there are more, see --limit\n");
	return true;
}

/* ------------------------------------------------------------- following */

static char *flow_key(const json_t *flow)
{
	GString *key = g_string_new(NULL);

	for (gsize i = 0; i < G_N_ELEMENTS(key_members); i++) {
		g_autofree char *text =
			json_dumps(json_object_get(flow, key_members[i]), JSON_ENCODE_ANY);

		g_string_append_printf(key, "%s ", text ? text : "");
	}
	return g_string_free(key, FALSE);
}

static const char *text_of(const json_t *flow, const char *name)
{
	const char *text = json_string_value(json_object_get(flow, name));

	return text ? text : "";
}

static long long count_of(const json_t *flow, const char *name)
{
	return json_integer_value(json_object_get(flow, name));
}

/* Who opened it stands first. */
static char *print_line(const char *event, const json_t *flow)
{
	bool out = !strcmp(text_of(flow, "opened_by"), "local");
	const char *from = out ? "local" : "remote", *to = out ? "remote" : "local";
	g_autofree char *from_port = g_strconcat(from, "_port", NULL);
	g_autofree char *to_port = g_strconcat(to, "_port", NULL);

	return g_strdup_printf("%s %s %s %s:%lld -> %s:%lld %s, sent %lld received %lld%s%s\n",
			       event, text_of(flow, "name"), text_of(flow, "protocol"),
			       text_of(flow, from), count_of(flow, from_port),
			       text_of(flow, to), count_of(flow, to_port),
			       text_of(flow, "state"), count_of(flow, "tx_packets"),
			       count_of(flow, "rx_packets"),
			       *text_of(flow, "rule") ? ", rule " : "", text_of(flow, "rule"));
}

/* A line of text, or of JSON with the member "event". */
static bool tell(const struct arguments *arguments, const char *event, json_t *flow,
		 GError **error)
{
	char *line, *text;

	if (g_strcmp0(option_get(arguments, "format"), "json") != 0) {
		line = print_line(event, flow);
		/* names are a user's: they do not write to the terminal */
		for (char *c = line; c[0] && c[1]; c++)
			if (g_ascii_iscntrl(*c))
				*c = ' ';
		return output_print(line, error);
	}
	json_object_set_new(flow, "event", json_string(event));
	text = json_dumps(flow, JSON_COMPACT);
	line = g_strconcat(text, "\n", NULL);
	free(text);
	return output_print(line, error);
}

static GHashTable *index_flows(const json_t *flows)
{
	GHashTable *index = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
						  (GDestroyNotify)json_decref);
	json_t *flow;
	size_t i;

	json_array_foreach (flows, i, flow)
		g_hash_table_replace(index, flow_key(flow), json_incref(flow));
	return index;
}

/* Tells EVENT of what is in INDEX and not in OTHER. */
static bool tell_others(const struct arguments *arguments, const char *event, GHashTable *index,
			GHashTable *other, GError **error)
{
	GHashTableIter iter;
	gpointer key, flow;

	g_hash_table_iter_init(&iter, index);
	while (g_hash_table_iter_next(&iter, &key, &flow))
		if (!g_hash_table_contains(other, key) && !tell(arguments, event, flow, error))
			return false;
	return true;
}

/* One look, compared with the last in *BEFORE (NULL: the first; all that is there begins). */
static bool look(struct client *agent, const char *path, const struct arguments *arguments,
		 GHashTable **before, GError **error)
{
	g_autoptr(GHashTable) now = NULL, last = *before;
	bool truncated;
	json_auto_t *flows = ask(agent, path, &truncated, error);

	*before = NULL;
	if (!flows)
		return false;
	if (truncated) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_EXHAUSTED,
			    "flows: more than --limit, so that some would be missed: give a "
			    "port or an address");
		return false;
	}
	now = index_flows(flows);
	if (!last)
		last = g_hash_table_new(g_str_hash, g_str_equal);
	if (!tell_others(arguments, "end", last, now, error) ||
	    !tell_others(arguments, "begin", now, last, error))
		return false;
	*before = g_steal_pointer(&now);
	return true;
}

static bool follow(struct client *agent, const char *path, const struct arguments *arguments,
		   GError **error)
{
	GHashTable *before = NULL;

	while (look(agent, path, arguments, &before, error))
		g_usleep(G_USEC_PER_SEC);
	return false;
}

bool cmd_flows(struct context *context, const struct arguments *arguments, GError **error)
{
	g_autofree char *path = make_question(context, arguments, error);
	__attribute__((cleanup(client_freep))) struct client *agent =
		path ? agent_socket_open(context, error) : NULL;

	if (!agent)
		return false;
	return option_has(arguments, "follow") ? follow(agent, path, arguments, error)
					       : list(agent, path, arguments, error);
}
