/* SPDX-License-Identifier: Apache-2.0 */
/* See agent_stream.h. An interrupt is how it is meant to end. */
#include "cli/agent_stream.h"

#include <signal.h>
#include <string.h>
#include <glib-unix.h>

#include "cli/agent_socket.h"
#include "lib/error.h"
#include "lib/http_client.h"

struct listening {
	GMainLoop *loop;
	agent_stream_line line;
	void *data;
	struct http_call *call;
	GError *error;
	bool enough;
};

static gboolean interrupted(gpointer data)
{
	struct listening *listening = data;

	listening->enough = true;
	g_main_loop_quit(listening->loop);
	return G_SOURCE_CONTINUE;
}

static void line_come(char *text, gsize size, void *data)
{
	struct listening *listening = data;
	json_auto_t *line = json_loadb(text, size, 0, NULL);

	if (listening->enough)
		return;
	if (!line)
		g_set_error(&listening->error, WEFT_ERROR, WEFT_ERROR_INTERNAL,
			    "agent: a line is not JSON");
	else if (listening->line(line, listening->data, &listening->error))
		return;
	listening->enough = true;
	g_main_loop_quit(listening->loop);
}

static void ended(const struct http_answer *answer, const GError *error, void *data)
{
	struct listening *listening = data;
	json_auto_t *body = answer && answer->body ? json_loads(answer->body, 0, NULL) : NULL;
	const char *message = NULL;
	const char *type = NULL;

	listening->call = NULL;
	g_main_loop_quit(listening->loop);
	if (listening->enough || listening->error)
		return;
	if (error) {
		listening->error = g_error_copy(error);
		return;
	}
	json_unpack(body, "{s:{s:s,s:s}}", "error", "type", &type, "message", &message);
	listening->error = g_error_new(WEFT_ERROR, weft_error_from_status(answer->status), "%s",
				       message ? message : "the agent has ended the stream");
}

bool agent_stream_run(struct context *context, const char *path, agent_stream_line line,
		      void *data, GError **error)
{
	struct listening listening = {.line = line, .data = data};
	g_autofree char *socket = context->agent ? g_strdup(context->agent)
						 : agent_socket_find(AGENT_SOCKETS, error);
	g_autofree char *base = NULL, *url = NULL;
	struct http_client *http;
	struct http_ask ask = {0};
	guint sources[2];

	if (!socket)
		return false;
	base = g_str_has_prefix(socket, "unix:") ? g_strdup(socket)
						 : g_strconcat("unix:", socket, NULL);
	url = http_join(base, path);
	ask.url = url;
	http = http_client_new();
	listening.loop = g_main_loop_new(NULL, FALSE);
	sources[0] = g_unix_signal_add(SIGINT, interrupted, &listening);
	sources[1] = g_unix_signal_add(SIGTERM, interrupted, &listening);
	listening.call = http_client_stream(http, &ask, line_come, ended, &listening);
	g_main_loop_run(listening.loop);
	g_source_remove(sources[0]);
	g_source_remove(sources[1]);
	http_client_free(http);
	g_main_loop_unref(listening.loop);
	if (!listening.error)
		return true;
	g_propagate_error(error, listening.error);
	return false;
}

GBytes *agent_stream_frame(const json_t *line)
{
	const char *hex = agent_stream_text(line, "frame");
	gsize size = strlen(hex) / 2;
	guint8 *bytes = g_malloc(size + 1);

	for (gsize i = 0; i < size; i++) {
		int high = g_ascii_xdigit_value(hex[2 * i]);
		int low = g_ascii_xdigit_value(hex[2 * i + 1]);

		if (high < 0 || low < 0) {
			g_free(bytes);
			return NULL;
		}
		bytes[i] = (guint8)(high << 4 | low);
	}
	return g_bytes_new_take(bytes, size);
}

int64_t agent_stream_number(const json_t *line, const char *name)
{
	return json_integer_value(json_object_get(line, name));
}

const char *agent_stream_text(const json_t *line, const char *name)
{
	const char *text = json_string_value(json_object_get(line, name));

	return text ? text : "";
}
