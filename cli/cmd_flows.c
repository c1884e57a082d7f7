/* SPDX-License-Identifier: Apache-2.0 */
/*
 * weft flows: the connections that the agent here knows. Followed, the agent tells of each that
 * begins or ends and of what is denied; what is there already is asked for once.
 */
#include "cli/cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/agent_socket.h"
#include "cli/agent_stream.h"
#include "cli/crud.h"
#include "cli/output.h"
#include "lib/error.h"
#include "lib/http_client.h"

#define FOLLOW_LIMIT "100000" /* of what is there already */

const struct option cmd_flows_options[] = {
	{"project", 0, "PROJECT", "only of this project's ports", false, NULL, NULL},
	{"address", 0, "ADDRESS", "only with this address, or one in this prefix", false, NULL,
	 NULL},
	{"state", 0, "STATE", "only in this state: new, established, fin, closing, closed",
	 false, NULL, NULL},
	{"limit", 0, "N", "at most so many (1000)", false, NULL, NULL},
	{"follow", 0, NULL, "tell which begin, end and are denied, until interrupted", false,
	 NULL, NULL},
	{"verdict", 0, "VERDICT", "only what is accepted, or denied", false, NULL, NULL},
	{"denied", 0, NULL, "the same as --verdict denied", false, NULL, NULL},
	{NULL, 0, NULL, NULL, false, NULL, NULL},
};

static const char *const columns[] = {
	"name",	      "protocol",  "local",	  "local_port",	  "remote",	"remote_port",
	"state",      "opened_by", "age_seconds", "idle_seconds", "tx_packets", "tx_bytes",
	"rx_packets", "rx_bytes",  "rule",	  "remote_sets",  "nat",	"nat_port"};

static const char *const denied_columns[] = {"name",   "protocol",    "local",	   "local_port",
					     "remote", "remote_port", "opened_by", "reason",
					     "rule",   "remote_sets"};

static void add_condition(GString *path, const char *name, const char *text)
{
	g_autofree char *escaped = text ? http_escape(text) : NULL;

	if (text)
		g_string_append_printf(path, "%s%s=%s", strchr(path->str, '?') ? "&" : "?",
				       name, escaped);
}

/* --denied is the short word for the one that is asked for most. */
static const char *wanted_verdict(const struct arguments *arguments)
{
	return option_has(arguments, "denied") ? "denied" : option_get(arguments, "verdict");
}

static bool is_of_denials(const struct arguments *arguments)
{
	return g_strcmp0(wanted_verdict(arguments), "denied") == 0;
}

/* The question with its conditions, or NULL. */
static char *make_question(struct context *context, const struct arguments *arguments,
			   const char *what, GError **error)
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
	path = g_string_new(what);
	add_condition(path, "port", id);
	for (gsize i = 0; i < G_N_ELEMENTS(conditions); i++)
		add_condition(path, conditions[i], option_get(arguments, conditions[i]));
	add_condition(path, "verdict", wanted_verdict(arguments));
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
	if (is_of_denials(arguments))
		for (gsize i = 0; i < G_N_ELEMENTS(denied_columns); i++)
			g_ptr_array_add(shown, (gpointer)denied_columns[i]);
	else
		for (gsize i = 0; i < G_N_ELEMENTS(columns); i++)
			g_ptr_array_add(shown, (gpointer)columns[i]);
	if (!output_print(output_list(arguments, flows, shown, error), error))
		return false;
	if (truncated)
		g_printerr("weft: there are more, see --limit\n");
	return true;
}

/* ------------------------------------------------------------- following */

struct following {
	struct context *context;
	const struct arguments *arguments;
	const char *path; /* the list of what is there already; NULL: is not wanted */
};

static const char *text_of(const json_t *flow, const char *name)
{
	const char *text = json_string_value(json_object_get(flow, name));

	return text ? text : "";
}

static long long count_of(const json_t *flow, const char *name)
{
	return json_integer_value(json_object_get(flow, name));
}

/* What is known of it: a state and counts, or why it is denied. */
static char *print_rest(const json_t *flow)
{
	if (*text_of(flow, "reason"))
		return g_strdup_printf("%s (%s)", text_of(flow, "reason"),
				       text_of(flow, "sentence"));
	if (*text_of(flow, "state"))
		return g_strdup_printf("%s, sent %lld received %lld", text_of(flow, "state"),
				       count_of(flow, "tx_packets"),
				       count_of(flow, "rx_packets"));
	return g_strdup(json_is_false(json_object_get(flow, "tracked")) ? "stateless" : "new");
}

/* Who opened it stands first. */
static char *print_line(const json_t *flow)
{
	bool out = !strcmp(text_of(flow, "opened_by"), "local");
	const char *from = out ? "local" : "remote", *to = out ? "remote" : "local";
	g_autofree char *from_port = g_strconcat(from, "_port", NULL);
	g_autofree char *to_port = g_strconcat(to, "_port", NULL);
	g_autofree char *rest = print_rest(flow);
	const char *name = text_of(flow, "name");

	return g_strdup_printf("%s %s %s %s:%lld -> %s:%lld %s%s%s\n", text_of(flow, "event"),
			       *name ? name : text_of(flow, "port"), text_of(flow, "protocol"),
			       text_of(flow, from), count_of(flow, from_port),
			       text_of(flow, to), count_of(flow, to_port), rest,
			       *text_of(flow, "rule") ? ", rule " : "", text_of(flow, "rule"));
}

/* A line of text, or of JSON; at once, since somebody is looking on. */
static bool tell(const struct following *following, const json_t *flow, GError **error)
{
	char *line, *text;

	if (g_strcmp0(option_get(following->arguments, "format"), "json") != 0) {
		line = print_line(flow);
		/* names are a user's: they do not write to the terminal */
		for (char *c = line; c[0] && c[1]; c++)
			if (g_ascii_iscntrl(*c))
				*c = ' ';
	} else {
		text = json_dumps(flow, JSON_COMPACT);
		line = g_strconcat(text, "\n", NULL);
		free(text);
	}
	return output_print(line, error) && fflush(stdout) == 0;
}

/* What is there when the agent has begun to tell: none is missed, one may be told twice. */
static bool tell_present(const struct following *following, GError **error)
{
	__attribute__((cleanup(client_freep))) struct client *agent =
		agent_socket_open(following->context, error);
	bool truncated = false;
	json_auto_t *flows = agent ? ask(agent, following->path, &truncated, error) : NULL;
	json_t *flow;
	size_t i;

	if (!flows)
		return false;
	json_array_foreach (flows, i, flow) {
		json_object_set_new(flow, "event", json_string("begin"));
		json_object_set_new(flow, "verdict", json_string("accepted"));
		if (!tell(following, flow, error))
			return false;
	}
	if (truncated)
		g_printerr("weft: of what is there already, only a part is shown\n");
	return true;
}

static bool follow_line(const json_t *line, void *data, GError **error)
{
	const struct following *following = data;

	if (json_object_get(line, "host"))
		return !following->path || tell_present(following, error);
	if (!json_object_get(line, "lost"))
		return tell(following, line, error);
	g_printerr("weft: %lld flows were not told\n", count_of(line, "lost"));
	return true;
}

static bool follow(struct context *context, const struct arguments *arguments, GError **error)
{
	g_autofree char *path = make_question(context, arguments, "/v1/flows/follow", error);
	g_autofree char *list = NULL;
	struct following following = {context, arguments, NULL};

	if (!path)
		return false;
	if (option_get(arguments, "state") || option_get(arguments, "limit")) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "--%s: not with --follow",
			    option_get(arguments, "state") ? "state" : "limit");
		return false;
	}
	if (!is_of_denials(arguments)) {
		list = make_question(context, arguments, "/v1/flows", error);
		if (!list)
			return false;
	}
	following.path = list;
	return agent_stream_run(context, path, follow_line, &following, error);
}

bool cmd_flows(struct context *context, const struct arguments *arguments, GError **error)
{
	g_autofree char *path = NULL;
	__attribute__((cleanup(client_freep))) struct client *agent = NULL;

	if (option_has(arguments, "follow"))
		return follow(context, arguments, error);
	path = make_question(context, arguments, "/v1/flows", error);
	agent = path ? agent_socket_open(context, error) : NULL;
	return agent && list(agent, path, arguments, error);
}
