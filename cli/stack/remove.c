/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules name groups, ports are in them. Routes need interfaces, interfaces hold ports, ports hold
 * subnets, subnets hold segments, networks and pools, pools hold scopes: one batch of requests each.
 */
#include "cli/stack/remove.h"

#include <string.h>
#include "lib/error.h"

static const char *id_of(const struct stack_member *member)
{
	const char *id = json_string_value(json_object_get(member->object, "id"));

	return id ? id : "";
}

/* Sends all of REQUESTS, whatever some of them meet. Returns false if one failed with
 * anything but "not found", with the first in ERROR unless there is one already. */
static bool run_all(struct client *client, GArray *requests, GError **error)
{
	bool good = true;

	while (requests->len) {
		g_autoptr(GArray) rest = client_requests_new();
		guint i;

		client_run(client, requests, NULL);
		for (i = 0; i < requests->len; i++) {
			struct client_request *request =
				&g_array_index(requests, struct client_request, i);

			if (!request->sent) {
				client_requests_add(rest, request->method,
						    g_steal_pointer(&request->path),
						    g_steal_pointer(&request->body));
				continue;
			}
			if (!request->error ||
			    g_error_matches(request->error, WEFT_ERROR, WEFT_ERROR_NOT_FOUND))
				continue;
			good = false;
			if (error && !*error)
				*error = g_error_copy(request->error);
			if (g_error_matches(request->error, WEFT_ERROR, WEFT_ERROR_UNAVAILABLE))
				return false;
		}
		g_array_set_size(requests, 0);
		for (i = 0; i < rest->len; i++) {
			struct client_request *request =
				&g_array_index(rest, struct client_request, i);

			client_requests_add(requests, request->method,
					    g_steal_pointer(&request->path),
					    g_steal_pointer(&request->body));
		}
	}
	return good;
}

/* ROUTER's routes go if they can hinder. */
static void clear_router(GArray *requests, GHashTable *cleared, const char *router)
{
	if (router && *router && g_hash_table_add(cleared, (gpointer)router))
		client_requests_add(requests, "PUT",
				    g_strdup_printf("/v2.0/routers/%s", router),
				    json_pack("{s:{s:[]}}", "router", "routes"));
}

static bool has_routes(const struct stack_member *member)
{
	return member->kind == KIND_ROUTER &&
	       json_array_size(json_object_get(member->object, "routes")) > 0;
}

static bool clear_all(struct client *client, const GPtrArray *members, bool kept_too,
		      GError **error)
{
	g_autoptr(GArray) requests = client_requests_new();
	g_autoptr(GHashTable) cleared = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < members->len; i++) {
		const struct stack_member *member = members->pdata[i];

		if (has_routes(member) && (kept_too || member->member == MEMBER_OBJECT))
			clear_router(requests, cleared, id_of(member));
	}
	return run_all(client, requests, error);
}

static bool part_interfaces(struct client *client, const GPtrArray *members, GError **error)
{
	g_autoptr(GArray) requests = client_requests_new();

	for (guint i = 0; i < members->len; i++) {
		const struct stack_member *member = members->pdata[i];
		const char *router =
			json_string_value(json_object_get(member->object, "device_id"));

		if (member->member == MEMBER_INTERFACE && router)
			client_requests_add(
				requests, "PUT",
				g_strdup_printf("/v2.0/routers/%s/remove_router_interface",
						router),
				json_pack("{s:s}", "port_id", id_of(member)));
	}
	return run_all(client, requests, error);
}

static bool delete_kind(struct client *client, const GPtrArray *members, enum kind kind,
			GError **error)
{
	g_autoptr(GArray) requests = client_requests_new();

	for (guint i = 0; i < members->len; i++) {
		const struct stack_member *member = members->pdata[i];

		if (member->member == MEMBER_OBJECT && member->kind == kind)
			client_requests_add(requests, "DELETE",
					    g_strdup_printf("/v2.0/%s/%s",
							    attr_table_path(cloud_table(kind)),
							    id_of(member)),
					    NULL);
	}
	return run_all(client, requests, error);
}

bool remove_members(struct client *client, const GPtrArray *members, bool clear_routes,
		    GError **error)
{
	static const enum kind order[] = {
		KIND_PORT,	  KIND_POLICY,	       KIND_SECURITY_RULE,
		KIND_RBAC_POLICY, KIND_SECURITY_GROUP, KIND_ADDRESS_GROUP,
		KIND_ROUTER,	  KIND_SUBNET,	       KIND_NETWORK_ACL_RULE,
		KIND_NETWORK_ACL, KIND_SEGMENT,	       KIND_NETWORK,
		KIND_SUBNETPOOL,  KIND_ADDRESS_SCOPE};
	GError *first = NULL;

	clear_all(client, members, clear_routes, &first);
	part_interfaces(client, members, &first);
	for (size_t i = 0; i < G_N_ELEMENTS(order); i++)
		delete_kind(client, members, order[i], &first);
	if (!first)
		return true;
	g_propagate_error(error, first);
	return false;
}
