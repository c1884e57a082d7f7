/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A port has one binding in force and others that wait: a virtual machine that moves gets its
 * second one first, and with its activation the port's rows go to the other host.
 */
#include "api/binding.h"

#include <string.h>

#include "api/access.h"
#include "api/errand.h"
#include "api/made.h"
#include "api/reply.h"
#include "lib/error.h"
#include "model/attr_json.h"

/* --- whether a host takes it --------------------------------------------------------- */

/* None is joined to a network that is only a marker of what is outside. */
static uint32_t host_judge(struct cloud *cloud, const struct port *port, const char *name,
			   uint32_t vnic_type)
{
	const struct network *network = cloud_find_network(cloud, port->network_id);
	const struct host *host = name ? cloud_find_host(cloud, name) : NULL;

	if (vnic_type != VNIC_NORMAL || (host && !host->admin_state_up) ||
	    (network && !network_is_overlay(network)))
		return BINDING_REFUSED;
	return host && cloud_is_host_alive(cloud, name) ? BINDING_BOUND : BINDING_ABSENT;
}

static struct binding *kept_find(const struct port *port, const char *host)
{
	for (uint32_t i = 0; i < port->bindings.count; i++) {
		struct binding *binding = vec_at(struct binding, &port->bindings, i);

		if (g_strcmp0(binding->host, host) == 0)
			return binding;
	}
	return NULL;
}

static void kept_del(struct port *port, struct binding *binding)
{
	struct binding *list = port->bindings.items;

	g_free(binding->profile);
	*binding = list[--port->bindings.count];
}

/* Bound once it stays so, whatever becomes of the host; what failed is tried with each change,
 * and what is asked for on another host. */
void binding_judge(struct job *job, const struct port *before, struct port *port)
{
	bool same = before && before->host_id == port->host_id &&
		    before->vnic_type == port->vnic_type;
	struct binding *kept = kept_find(port, port->host_id);

	if (!same && kept)
		kept_del(port, kept);
	if (!port->host_id || !*port->host_id)
		port->binding_state = BINDING_BOUND;
	else if (!same || port->binding_state != BINDING_BOUND)
		port->binding_state =
			host_judge(job_cloud(job), port, port->host_id, port->vnic_type);
}

/* --- errors -------------------------------------------------------------------------- */

static bool refuse(enum weft_error code, const char *type, const char *text, struct uuid port,
		   const char *host, GError **error)
{
	char id[UUID_TEXT];

	g_set_error(error, WEFT_ERROR, (gint)code, "%s: Binding for port %s on host %s %s.",
		    type, uuid_print(port, id), host ? host : "", text);
	return false;
}

static bool not_found(struct uuid port, const char *host, GError **error)
{
	return refuse(WEFT_ERROR_NOT_FOUND, "PortBindingNotFound", "could not be found", port,
		      host, error);
}

/* What Nova is told when a host cannot have the port: it looks for another one. */
static bool failed(struct uuid port, const char *host, GError **error)
{
	return refuse(WEFT_ERROR_INTERNAL, "PortBindingError", "failed", port, host, error);
}

/* --- the bindings of a port ---------------------------------------------------------- */

static bool port_is_served(const struct api *api, const struct caller *caller,
			   const struct port *port, struct uuid id, GError **error)
{
	const struct resource *ports = resource_get(KIND_PORT);
	char text[UUID_TEXT];

	if (!port || !access_sees(api->access, caller, ports, port))
		return resource_not_found(ports, id, error);
	if (port->device_owner && g_str_has_prefix(port->device_owner, PORT_OWNER_COMPUTE))
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
		    "BadRequest: Bad port request: Invalid port %s. Operation only valid on "
		    "compute ports.",
		    uuid_print(id, text));
	return false;
}

/* The one in force, as a binding; borrows from PORT. */
static struct binding active_get(const struct port *port)
{
	return (struct binding){
		.host = port->host_id,
		.profile = port->profile,
		.vnic_type = port->vnic_type,
		.state = port->binding_state,
		.active = true,
	};
}

/* TEXT without "/activate"; owned. */
static char *host_read(const char *text)
{
	return g_strndup(text, strcspn(text, "/"));
}

static bool host_is_bound(const struct port *port)
{
	return port->host_id && *port->host_id;
}

static void binding_print(const struct job *job, const struct binding *binding, GString *out)
{
	struct attr_view view = attr_view_all;

	view.world = job_cloud(job);
	g_string_assign(out, "{\"binding\":");
	attr_encode(&binding_table, binding, &view, out);
	g_string_append_c(out, '}');
}

/* --- reading ------------------------------------------------------------------------- */

static bool bindings_list(const struct ask *ask, const struct port *port, GError **error)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new();
	struct binding active = active_get(port);
	gsize size;
	char *text;

	if (host_is_bound(port))
		g_ptr_array_add(list, &active);
	for (uint32_t i = 0; i < port->bindings.count; i++)
		g_ptr_array_add(list, vec_at(struct binding, &port->bindings, i));
	text = made_list(&binding_table, list, ask->api->cloud, ask->question, &size, error);
	if (text)
		reply_json(ask->request, 200, text, size);
	return text;
}

static bool binding_show(const struct ask *ask, const struct port *port, GError **error)
{
	struct binding active = active_get(port);
	const struct binding *binding =
		g_strcmp0(active.host, ask->tag) == 0 ? &active : kept_find(port, ask->tag);
	gsize size;
	char *text;

	if (!binding)
		return not_found(port->object.id, ask->tag, error);
	text = made_show(&binding_table, binding, ask->api->cloud, ask->question, &size);
	reply_json(ask->request, 200, text, size);
	return true;
}

static void bindings_read(const struct ask *ask)
{
	g_autoptr(GError) error = NULL;
	const struct port *port = NULL;
	struct uuid id = uuid_none;

	if (uuid_parse(ask->id, &id))
		port = cloud_find_port(ask->api->cloud, id);
	if (!port_is_served(ask->api, ask->caller, port, id, &error) ||
	    !access_check_rule(ask->api->access, ask->caller, "get_port_binding", &error) ||
	    !(ask->tag ? binding_show : bindings_list)(ask, port, &error))
		reply_error(ask->request, error);
}

/* --- changing ------------------------------------------------------------------------ */

/* The port to change, when the caller may: a copy that is written. */
static struct port *port_edit(struct job *job, const char *rule, GError **error)
{
	const struct errand *errand = job_data(job);
	const struct port *port = cloud_find_port(job_cloud(job), errand->id);

	g_string_truncate(errand->reply, 0);
	if (!port_is_served(job_api(job), job_caller(job), port, errand->id, error) ||
	    !access_check_action(job, rule, errand->resource, port, error))
		return NULL;
	return job_edit(job, KIND_PORT, errand->id);
}

static bool create_fill(struct job *job, struct port *port, struct binding *binding,
			GError **error)
{
	struct uuid id = port->object.id;

	if (!binding->host || !host_check_name(binding->host)) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "Invalid input for host. Reason: '%s' is not a valid host name.",
			    binding->host ? binding->host : "");
		return false;
	}
	if (g_strcmp0(port->host_id, binding->host) == 0 || kept_find(port, binding->host))
		return refuse(WEFT_ERROR_CONFLICT, "PortBindingAlreadyExists", "already exists",
			      id, binding->host, error);
	if (port->bindings.count == PORT_BINDING_MAX)
		return refuse(WEFT_ERROR_CONFLICT, "Conflict", "is one too many", id,
			      binding->host, error);
	binding->state = host_judge(job_cloud(job), port, binding->host, binding->vnic_type);
	return binding->state == BINDING_BOUND || failed(id, binding->host, error);
}

static bool create_build(struct job *job, GError **error)
{
	struct errand *errand = job_data(job);
	struct port *port = port_edit(job, "create_port_binding", error);
	struct binding *binding = port ? attr_new(&binding_table) : NULL;
	uint64_t given;

	if (!port ||
	    !attr_decode(&binding_table, errand->body, ATTR_POST, binding, &given, error) ||
	    !create_fill(job, port, binding, error)) {
		attr_free(&binding_table, binding);
		return false;
	}
	binding_print(job, binding, errand->reply);
	*(struct binding *)vec_add(&port->bindings, sizeof(*binding)) = *binding;
	g_free(binding);
	return true;
}

static bool update_build(struct job *job, GError **error)
{
	struct errand *errand = job_data(job);
	struct port *port = port_edit(job, "update_port_binding", error);
	struct binding *kept, active;
	uint64_t given;
	bool good;

	if (!port)
		return false;
	kept = kept_find(port, errand->tag);
	if (kept) {
		good = attr_decode(&binding_table, errand->body, ATTR_PUT, kept, &given, error);
		kept->state = host_judge(job_cloud(job), port, kept->host, kept->vnic_type);
		binding_print(job, kept, errand->reply);
		return good;
	}
	if (g_strcmp0(port->host_id, errand->tag) != 0)
		return not_found(errand->id, errand->tag, error);
	active = active_get(port);
	good = attr_decode(&binding_table, errand->body, ATTR_PUT, &active, &given, error);
	port->profile = active.profile;
	port->vnic_type = active.vnic_type;
	port->binding_state = host_judge(job_cloud(job), port, port->host_id, port->vnic_type);
	active.state = port->binding_state;
	binding_print(job, &active, errand->reply);
	return good;
}

/* Of the one in force too: the port is then on no host. */
static bool delete_build(struct job *job, GError **error)
{
	struct errand *errand = job_data(job);
	struct port *port = port_edit(job, "delete_port_binding", error);
	struct binding *kept;

	if (!port)
		return false;
	kept = kept_find(port, errand->tag);
	if (kept) {
		kept_del(port, kept);
		return true;
	}
	if (!host_is_bound(port) || strcmp(port->host_id, errand->tag) != 0)
		return not_found(errand->id, errand->tag, error);
	port->host_id = NULL;
	g_clear_pointer(&port->profile, g_free);
	port->binding_state = BINDING_BOUND;
	return true;
}

/* They change places. */
static void port_swap(struct port *port, struct binding *kept)
{
	struct binding before = active_get(port);

	port->host_id = kept->host;
	port->profile = kept->profile;
	port->vnic_type = kept->vnic_type;
	port->binding_state = kept->state;
	before.active = false;
	*kept = before;
	if (!before.host || !*before.host)
		kept_del(port, kept);
}

static bool activate_build(struct job *job, GError **error)
{
	struct errand *errand = job_data(job);
	struct port *port = port_edit(job, "activate_port_binding", error);
	g_autofree char *host = host_read(errand->tag);
	struct binding *kept, active;

	if (!port)
		return false;
	if (g_strcmp0(port->host_id, host) == 0)
		return refuse(WEFT_ERROR_CONFLICT, "PortBindingAlreadyActive",
			      "is already active", errand->id, host, error);
	kept = kept_find(port, host);
	if (!kept)
		return not_found(errand->id, host, error);
	kept->state = host_judge(job_cloud(job), port, host, kept->vnic_type);
	if (kept->state != BINDING_BOUND)
		return failed(errand->id, host, error);
	port_swap(port, kept);
	active = active_get(port);
	binding_print(job, &active, errand->reply);
	return true;
}

static const struct job_ops changes[] = {
	{.build = create_build, .finish = errand_answer, .free = errand_free},
	{.build = update_build, .finish = errand_answer, .free = errand_free},
	{.build = delete_build, .finish = errand_answer, .free = errand_free},
	{.build = activate_build, .finish = errand_answer, .free = errand_free},
};

/* What is asked below /bindings, beside reading. */
static const struct {
	const char *method;
	bool host, activate; /* they are in the path */
	bool body;
	unsigned int status;
} questions[G_N_ELEMENTS(changes)] = {
	{"POST", false, false, true, 201},
	{"PUT", true, false, true, 200},
	{"DELETE", true, false, false, 204},
	{"PUT", true, true, false, 200},
};

static bool errand_take_body(const struct ask *ask, struct errand *errand)
{
	json_t *body = errand_read_body(ask);

	errand->body = json_incref(json_object_get(body, "binding"));
	if (body && !errand->body)
		reply_plain_error(ask->request, 400, "HTTPBadRequest",
				  "Unable to find 'binding' in request body");
	json_decref(body);
	return errand->body;
}

static void binding_change(const struct ask *ask, gsize which)
{
	struct errand *errand = errand_new(ask);

	if (!errand)
		return;
	errand->status = questions[which].status;
	if (!questions[which].body || errand_take_body(ask, errand))
		job_start(ask->api, ask->caller, &changes[which], errand);
	else
		errand_free(errand);
}

void binding_serve(const struct ask *ask)
{
	const char *below = ask->tag ? strchr(ask->tag, '/') : NULL;
	bool activate = below && strcmp(below, "/activate") == 0;

	if (below && !activate) {
		reply_no_resource(ask->request);
		return;
	}
	if (!activate && strcmp(ask->question->method, "GET") == 0) {
		bindings_read(ask);
		return;
	}
	for (gsize i = 0; i < G_N_ELEMENTS(questions); i++) {
		if (strcmp(ask->question->method, questions[i].method) != 0 ||
		    questions[i].host != (ask->tag != NULL) ||
		    questions[i].activate != activate)
			continue;
		binding_change(ask, i);
		return;
	}
	reply_bad_method(ask->request);
}
