/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Zones are what hosts say: there is nothing to make or delete. Networks and routers are in all of
 * them, since they are on every host that needs them; a hint is kept for who asks, and must be true.
 */
#include "api/zone.h"

#include <string.h>

#include "api/access.h"
#include "api/made.h"
#include "api/reply.h"
#include "lib/error.h"

static bool zone_is_available(const struct cloud *cloud, const char *name)
{
	const GPtrArray *hosts = cloud_list(cloud, KIND_HOST);

	for (guint i = 0; i < hosts->len; i++) {
		const struct host *host = hosts->pdata[i];

		if (host->admin_state_up && strcmp(agent_get_zone(host), name) == 0 &&
		    cloud_is_host_alive(cloud, host->object.name))
			return true;
	}
	return false;
}

/* Borrows NAME. */
static void zones_add(GPtrArray *zones, const struct cloud *cloud, char *name)
{
	static const char *const resources[] = {"network", "router"};
	bool available = zone_is_available(cloud, name);

	for (gsize i = 0; i < G_N_ELEMENTS(resources); i++) {
		struct zone *zone = g_new(struct zone, 1);

		*zone = (struct zone){name, (char *)resources[i],
				      available ? (char *)"available" : (char *)"unavailable"};
		g_ptr_array_add(zones, zone);
	}
}

void zone_serve(const struct ask *ask)
{
	g_autoptr(GPtrArray) names = cloud_list_zones(ask->api->cloud);
	g_autoptr(GPtrArray) zones = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) error = NULL;
	char *text = NULL;
	gsize size;

	if (ask->id || strcmp(ask->question->method, "GET") != 0) {
		reply_no_resource(ask->request);
		return;
	}
	for (guint i = 0; i < names->len; i++)
		zones_add(zones, ask->api->cloud, names->pdata[i]);
	if (access_check_rule(ask->api->access, ask->caller, "get_availability_zone", &error))
		text = made_list(&zone_table, zones, NULL, ask->question, &size, &error);
	if (text)
		reply_json(ask->request, 200, text, size);
	else
		reply_error(ask->request, error);
}

bool zone_check_hints(const struct job *job, const struct vec *hints, GError **error)
{
	for (uint32_t i = 0; i < hints->count; i++) {
		const char *name = *vec_at(char *, hints, i);

		if (name && cloud_has_zone(job_cloud(job), name))
			continue;
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_NOT_FOUND,
			    "AvailabilityZoneNotFound: AvailabilityZone %s could not be found.",
			    name ? name : "");
		return false;
	}
	return true;
}
