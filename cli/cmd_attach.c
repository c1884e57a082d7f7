/* SPDX-License-Identifier: Apache-2.0 */
/*
 * weft port attach PORT --netns NS [--name eth0] | --tap NAME, and weft port detach.
 * A port that no host has is bound to this one first; the agent then waits for its
 * row and wires it.
 */
#include "cli/cmd.h"

#include <string.h>
#include "cli/agent_socket.h"
#include "cli/crud.h"
#include "cli/output.h"
#include "lib/error.h"

const struct option cmd_attach_options[] = {
	{"netns", 0, "NAME|PATH", "put one end into this network namespace", false, NULL, NULL},
	{"name", 0, "DEVICE", "its name there (eth0)", false, NULL, NULL},
	{"tap", 0, "DEVICE", "wire this tap device", false, NULL, NULL},
	{NULL, 0, NULL, NULL, false, NULL, NULL},
};

static json_t *make_attachment(const struct arguments *arguments, const char *id,
			       GError **error)
{
	const char *netns = option_get(arguments, "netns");
	const char *tap = option_get(arguments, "tap");
	const char *name = option_get(arguments, "name");

	if (netns && !tap)
		return json_pack("{s:s,s:s,s:s}", "port", id, "netns", netns, "name",
				 name ? name : "eth0");
	if (tap && !netns && !name)
		return json_pack("{s:s,s:s}", "port", id, "tap", tap);
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
		    "takes --netns NAME [--name DEVICE] or --tap DEVICE");
	return NULL;
}

static char *read_host(struct client *agent, GError **error)
{
	json_auto_t *status = client_call(agent, "GET", "/v1/status", NULL, error);
	const char *host = json_string_value(json_object_get(status, "host"));

	if (status && !host)
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INTERNAL,
			    "the agent does not say which host it is");
	return g_strdup(host);
}

/* The port is on this host, or nobody's and then bound to it. */
static bool bind_port(struct context *context, struct client *agent, const char *id,
		      GError **error)
{
	g_autofree char *here = read_host(agent, error);
	json_auto_t *port = NULL, *bound = NULL;
	const char *host;

	if (!here)
		return false;
	port = client_show(command_client(context), KIND_PORT, id, error);
	if (!port)
		return false;
	host = json_string_value(json_object_get(port, "binding:host_id"));
	if (host && !strcmp(host, here))
		return true;
	if (host && *host) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
			    "is bound to host '%s', and this is '%s'", host, here);
		return false;
	}
	bound = crud_update(context->client, KIND_PORT, id,
			    json_pack("{s:s}", "binding:host_id", here), error);
	return bound != NULL;
}

static bool attach(struct context *context, const struct arguments *arguments, const char *name,
		   GError **error)
{
	__attribute__((cleanup(client_freep))) struct client *agent = NULL;
	json_auto_t *attachment = make_attachment(arguments, "", error);
	json_auto_t *reply = NULL;
	g_autofree char *id = NULL;

	if (!attachment)
		return false;
	agent = agent_socket_open(context, error);
	if (agent)
		id = client_find_id(command_client(context), KIND_PORT, name, error);
	if (!id || !bind_port(context, agent, id, error))
		return false;
	json_object_set_new(attachment, "port", json_string(id));
	reply = client_call(agent, "POST", "/v1/attach", json_incref(attachment), error);
	return reply != NULL;
}

bool cmd_attach(struct context *context, const struct arguments *arguments, GError **error)
{
	const char *name = arguments->words->pdata[0];

	return attach(context, arguments, name, error) || crud_blame(context, name, error);
}

static bool detach(struct context *context, const char *name, GError **error)
{
	__attribute__((cleanup(client_freep))) struct client *agent =
		agent_socket_open(context, error);
	json_auto_t *reply = NULL;
	g_autofree char *id = NULL;

	if (agent)
		id = client_find_id(command_client(context), KIND_PORT, name, error);
	if (id)
		reply = client_call(agent, "POST", "/v1/detach", json_pack("{s:s}", "port", id),
				    error);
	return reply != NULL;
}

bool cmd_detach(struct context *context, const struct arguments *arguments, GError **error)
{
	const char *name = arguments->words->pdata[0];

	return detach(context, name, error) || crud_blame(context, name, error);
}
