/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding and asking the agent. What it answers is shown as it comes: its tables are
 * its own, and the command line has no second copy of them.
 */
#include "cli/agent_socket.h"

#include <glob.h>
#include <string.h>
#include "lib/error.h"

char *agent_socket_find(const char *pattern, GError **error)
{
	glob_t found;
	char *path = NULL;
	size_t count = glob(pattern, 0, NULL, &found) == 0 ? found.gl_pathc : 0;

	if (count == 1)
		path = g_strdup(found.gl_pathv[0]);
	else if (count == 0)
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_UNAVAILABLE,
			    "agent: no socket %s, is weft-agent running?", pattern);
	else
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "agent: %zu agents run here (%s, %s, …), choose with --agent",
			    count, found.gl_pathv[0], found.gl_pathv[1]);
	globfree(&found);
	return path;
}

struct client *agent_socket_open(const struct context *context, GError **error)
{
	g_autofree char *path = context->agent ? g_strdup(context->agent)
					       : agent_socket_find(AGENT_SOCKETS, error);
	g_autofree char *url = NULL;

	if (!path)
		return NULL;
	url = g_str_has_prefix(path, "unix:") ? g_strdup(path)
					      : g_strconcat("unix:", path, NULL);
	return client_new(url, NULL, NULL);
}

static void flatten_into(json_t *out, const char *prefix, const json_t *map)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)map, key, value) {
		g_autofree char *name =
			*prefix ? g_strdup_printf("%s.%s", prefix, key) : g_strdup(key);

		if (json_is_object(value))
			flatten_into(out, name, value);
		else
			json_object_set(out, name, value);
	}
}

json_t *agent_socket_flatten(const json_t *map)
{
	json_t *out = json_object();

	flatten_into(out, "", map);
	return out;
}
