/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths and what they do. An attach whose row has not come is kept for a while: who made the
 * port may be quicker than the controller's stream.
 */
#include "agent/local.h"

#include <stdlib.h>
#include <string.h>
#include <jansson.h>

#include "agent/agent.h"
#include "agent/flows.h"
#include "agent/follow.h"
#include "agent/ports.h"
#include "agent/scrape.h"
#include "agent/show.h"
#include "agent/watch.h"
#include "lib/error.h"
#include "lib/http_server.h"
#include "lib/log.h"
#include "lib/metric_server.h"

#define WAIT_MS 5000

struct local {
	struct agent *agent;
	struct http_server *server;
	GPtrArray *waiting; /* struct waiting */
};

struct attach {
	struct uuid port;
	char *netns; /* NULL: a tap */
	char *name;
};

struct waiting {
	struct local *local;
	struct http_request *request;
	struct attach attach;
	guint timer;
};

/* --------------------------------------------------------------- replies */

static void reply(struct http_request *request, unsigned int status, json_t *body)
{
	http_reply_json(request, status, json_dumps(body, JSON_COMPACT));
	json_decref(body);
}

/* ERROR is freed. */
static void reply_error(struct http_request *request, GError *error)
{
	unsigned int status = weft_error_to_status(error);
	const char *type =
		error->domain == WEFT_ERROR ? weft_error_to_name(error->code) : "internal";

	reply(request, status,
	      json_pack("{s:{s:s,s:s}}", "error", "type", type, "message", error->message));
	g_error_free(error);
}

static GError *refuse(enum weft_error code, const char *format, ...) G_GNUC_PRINTF(2, 3);

static GError *refuse(enum weft_error code, const char *format, ...)
{
	GError *error;
	va_list arguments;

	va_start(arguments, format);
	error = g_error_new_valist(WEFT_ERROR, code, format, arguments);
	va_end(arguments);
	return error;
}

/* ---------------------------------------------------------------- bodies */

static void attach_done(struct attach *attach)
{
	g_free(attach->netns);
	g_free(attach->name);
}

/* Members of BODY that are strings; others are refused. */
static bool member_read(json_t *body, const char *name, char **out, GError **error)
{
	json_t *member = json_object_get(body, name);

	if (!member || json_is_string(member)) {
		*out = g_strdup(json_string_value(member));
		return true;
	}
	*error = refuse(WEFT_ERROR_INVALID, "attribute %s: not a string", name);
	return false;
}

static json_t *body_read(const struct http_question *question, GError **error)
{
	json_error_t failure;
	json_t *body = json_loadb(question->body, question->body_size, JSON_REJECT_DUPLICATES,
				  &failure);

	if (json_is_object(body))
		return body;
	*error = refuse(WEFT_ERROR_INVALID, "body: %s", body ? "not an object" : failure.text);
	json_decref(body);
	return NULL;
}

static bool port_read(json_t *body, struct uuid *out, GError **error)
{
	g_autofree char *text = NULL;

	if (!member_read(body, "port", &text, error))
		return false;
	if (text && uuid_parse(text, out))
		return true;
	*error = refuse(WEFT_ERROR_INVALID, "attribute port: %.64s is not a uuid",
			text ? text : "nothing");
	return false;
}

static bool attach_read(json_t *body, struct attach *out, GError **error)
{
	g_autofree char *tap = NULL;

	if (!port_read(body, &out->port, error) ||
	    !member_read(body, "netns", &out->netns, error) ||
	    !member_read(body, "name", &out->name, error) ||
	    !member_read(body, "tap", &tap, error))
		return false;
	if (!tap == !out->netns) {
		*error = refuse(WEFT_ERROR_INVALID,
				"attribute netns: give it or tap, and not both");
		return false;
	}
	if (tap) {
		g_free(out->name);
		out->name = g_steal_pointer(&tap);
	} else if (!out->name) {
		out->name = g_strdup("eth0");
	}
	return true;
}

/* ---------------------------------------------------------------- attach */

/* True when REQUEST is answered. */
static bool attach_try(struct local *local, struct http_request *request,
		       const struct attach *attach, bool last)
{
	struct agent *agent = local->agent;
	struct ports_place place = {attach->netns, attach->name};
	const struct ports_device *device;
	GError *error = NULL;

	if (!last &&
	    (!state_find_port(agent->state, attach->port) || !state_is_full(agent->state)))
		return false;
	device = ports_attach(agent->ports, attach->port, &place, &error);
	if (device)
		reply(request, 200, show_device(agent, device));
	else
		reply_error(request, error);
	return true;
}

static void waiting_free(gpointer data)
{
	struct waiting *waiting = data;

	if (waiting->timer)
		g_source_remove(waiting->timer);
	attach_done(&waiting->attach);
	g_free(waiting);
}

static gboolean waiting_over(gpointer data)
{
	struct waiting *waiting = data;

	waiting->timer = 0;
	attach_try(waiting->local, waiting->request, &waiting->attach, true);
	g_ptr_array_remove_fast(waiting->local->waiting, waiting);
	return G_SOURCE_REMOVE;
}

/* An attach applies, and so calls us again; the one under way must not be seen twice. */
void local_rows_applied(struct local *local)
{
	g_autoptr(GPtrArray) ready = g_ptr_array_new_with_free_func(waiting_free);

	for (guint i = 0; local && i < local->waiting->len;) {
		struct waiting *waiting = g_ptr_array_index(local->waiting, i);

		if (state_find_port(local->agent->state, waiting->attach.port) &&
		    state_is_full(local->agent->state))
			g_ptr_array_add(ready, g_ptr_array_steal_index_fast(local->waiting, i));
		else
			i++;
	}
	for (guint i = 0; i < ready->len; i++) {
		struct waiting *waiting = g_ptr_array_index(ready, i);

		attach_try(local, waiting->request, &waiting->attach, true);
	}
}

static void do_attach(struct local *local, struct http_request *request,
		      const struct http_question *question, const char *rest)
{
	GError *error = NULL;
	json_t *body = body_read(question, &error);
	struct waiting *waiting = g_new0(struct waiting, 1);

	waiting->local = local;
	waiting->request = request;
	if (!body || !attach_read(body, &waiting->attach, &error)) {
		reply_error(request, error);
		waiting_free(waiting);
	} else if (attach_try(local, request, &waiting->attach, false)) {
		waiting_free(waiting);
	} else {
		waiting->timer = g_timeout_add(WAIT_MS, waiting_over, waiting);
		g_ptr_array_add(local->waiting, waiting);
	}
	json_decref(body);
}

static void do_detach(struct local *local, struct http_request *request,
		      const struct http_question *question, const char *rest)
{
	GError *error = NULL;
	json_t *body = body_read(question, &error);
	struct uuid port;

	if (body && port_read(body, &port, &error) &&
	    ports_detach(local->agent->ports, port, &error))
		reply(request, 200, json_object());
	else
		reply_error(request, error);
	json_decref(body);
}

/* ------------------------------------------------------------------ shows */

static void do_ports(struct local *local, struct http_request *request,
		     const struct http_question *question, const char *rest)
{
	reply(request, 200, show_ports(local->agent));
}

static void do_drops(struct local *local, struct http_request *request,
		     const struct http_question *question, const char *rest)
{
	reply(request, 200, show_drops(local->agent));
}

static void do_follow(struct local *local, struct http_request *request,
		      const struct http_question *question, const char *rest)
{
	GError *error = watch_drops(local->agent->watch, request, question);

	if (error)
		reply_error(request, error);
}

static void do_capture(struct local *local, struct http_request *request,
		       const struct http_question *question, const char *rest)
{
	GError *error = watch_capture(local->agent->watch, request, question);

	if (error)
		reply_error(request, error);
}

static void do_metrics(struct local *local, struct http_request *request,
		       const struct http_question *question, const char *rest)
{
	gsize size;
	char *page = scrape_print(&size, local->agent->scrape);

	metric_reply(request, page, size);
}

static void do_status(struct local *local, struct http_request *request,
		      const struct http_question *question, const char *rest)
{
	reply(request, 200, show_status(local->agent));
}

/* REST: "UUID/stats". */
static void do_stats(struct local *local, struct http_request *request,
		     const struct http_question *question, const char *rest)
{
	g_autofree char *text = g_strndup(rest, strcspn(rest, "/"));
	const struct row_port *port = NULL;
	struct uuid id;

	if (strcmp(rest + strlen(text), "/stats") != 0) {
		reply_error(request, refuse(WEFT_ERROR_NOT_FOUND, "path %.200s: not known",
					    question->path));
		return;
	}
	if (uuid_parse(text, &id))
		port = state_find_port(local->agent->state, id);
	if (port)
		reply(request, 200, show_stats(local->agent, port));
	else
		reply_error(request, refuse(WEFT_ERROR_NOT_FOUND,
					    "port %.64s: not known on this host", text));
}

static void do_flows_follow(struct local *local, struct http_request *request,
			    const struct http_question *question, const char *rest)
{
	GError *error = follow_open(local->agent->follow, request, question);

	if (error)
		reply_error(request, error);
}

static void do_flows(struct local *local, struct http_request *request,
		     const struct http_question *question, const char *rest)
{
	GError *error = NULL;

	if (!flows_list(local->agent->flows, request, question, &error))
		reply_error(request, error);
}

/* A path that ends in '/' takes what follows it. */
static const struct {
	const char *method;
	const char *path;
	void (*act)(struct local *local, struct http_request *request,
		    const struct http_question *question, const char *rest);
} paths[] = {
	{"POST", "/v1/attach", do_attach},
	{"POST", "/v1/detach", do_detach},
	{"GET", "/v1/ports", do_ports},
	{"GET", "/v1/ports/", do_stats},
	{"GET", "/v1/drops", do_drops},
	{"GET", "/v1/flows", do_flows},
	{"GET", "/v1/drops/follow", do_follow},
	{"GET", "/v1/capture", do_capture},
	{"GET", "/v1/status", do_status},
	{"GET", "/metrics", do_metrics},
	{"GET", "/v1/flows/follow", do_flows_follow},
};

static void serve(struct http_request *request, const struct http_question *question,
		  void *data)
{
	bool known = false;

	for (gsize i = 0; i < G_N_ELEMENTS(paths); i++) {
		gsize length = strlen(paths[i].path);
		bool open = paths[i].path[length - 1] == '/';

		if (open ? strncmp(question->path, paths[i].path, length) != 0
			 : strcmp(question->path, paths[i].path) != 0)
			continue;
		known = true;
		if (strcmp(question->method, paths[i].method) != 0)
			continue;
		paths[i].act(data, request, question, question->path + length);
		return;
	}
	reply_error(request, known ? refuse(WEFT_ERROR_INVALID, "path %.200s: not by %.16s",
					    question->path, question->method)
				   : refuse(WEFT_ERROR_NOT_FOUND, "path %.200s: not known",
					    question->path));
}

struct local *local_new(struct agent *agent, GError **error)
{
	struct local *local = g_new0(struct local, 1);
	g_autofree char *where = g_strdup_printf("unix:%s/agent.sock", agent->folder);

	local->agent = agent;
	local->waiting = g_ptr_array_new_with_free_func(waiting_free);
	local->server = http_server_new(serve, local);
	if (http_server_listen(local->server, where, error))
		return local;
	local_free(local);
	return NULL;
}

void local_free(struct local *local)
{
	if (!local)
		return;
	http_server_free(local->server);
	g_ptr_array_unref(local->waiting);
	g_free(local);
}
