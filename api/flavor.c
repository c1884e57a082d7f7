/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A flavor keeps its profiles, a router its flavor; each is a child of what it names, so that
 * nothing goes that is named. There is one provider, Weft: a flavor says whether it may be used.
 */
#include "api/flavor.h"

#include <string.h>

#include "api/access.h"
#include "api/errand.h"
#include "api/reply.h"
#include "lib/error.h"

static bool refuse(enum weft_error code, const char *type, const char *text, struct uuid id,
		   GError **error)
{
	char name[UUID_TEXT];

	g_set_error(error, WEFT_ERROR, (gint)code, "%s: %s %s.", type, text,
		    uuid_print(id, name));
	return false;
}

/* Service profiles */

static bool profile_is_bound(struct job *job, struct uuid id)
{
	const GPtrArray *flavors = cloud_list(job_cloud(job), KIND_FLAVOR);
	uint32_t at;

	for (guint i = 0; i < flavors->len; i++)
		if (flavor_has(flavors->pdata[i], id, &at))
			return true;
	return false;
}

static bool profile_check_use(struct job *job, struct uuid id, GError **error)
{
	return !profile_is_bound(job, id) ||
	       refuse(WEFT_ERROR_CONFLICT, "ServiceProfileInUse",
		      "A flavor is associated with Service Profile", id, error);
}

static bool profile_put(struct job *job, const void *before, void *object, uint64_t given,
			GError **error)
{
	const struct service_profile *profile = object;

	if (!profile->driver && !profile->metainfo) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "ServiceProfileEmpty: Service Profile needs either a driver or "
			    "metainfo.");
		return false;
	}
	if (profile->driver && strcmp(profile->driver, PROVIDER_DRIVER) != 0) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_NOT_FOUND,
			    "ServiceProfileDriverNotFound: Service Profile driver %s could not "
			    "be found.",
			    profile->driver);
		return false;
	}
	if (!before)
		return true;
	if (!profile_check_use(job, profile->object.id, error))
		return false;
	/* No flavor gets it while it changes. */
	job_take_turn(job, KIND_SERVICE_PROFILE, profile->object.id);
	return true;
}

static bool profile_del(struct job *job, const void *object, GError **error)
{
	struct uuid id = ((const struct object *)object)->id;

	if (!profile_check_use(job, id, error))
		return false;
	job_close_guard(job, KIND_SERVICE_PROFILE, id);
	return true;
}

const struct resource api_service_profile = {
	.kind = KIND_SERVICE_PROFILE,
	.put = profile_put,
	.del = profile_del,
};

/* Flavors */

static bool profile_check(struct job *job, struct uuid id, GError **error)
{
	if (!job_find(job, KIND_SERVICE_PROFILE, id))
		return resource_not_found(resource_get(KIND_SERVICE_PROFILE), id, error);
	job_guard(job, KIND_SERVICE_PROFILE, id);
	return true;
}

static bool binding_exists(struct uuid flavor, struct uuid profile, GError **error)
{
	char id[UUID_TEXT], name[UUID_TEXT];

	g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
		    "FlavorServiceProfileBindingExists: Service Profile %s is already "
		    "associated with flavor %s.",
		    uuid_print(profile, id), uuid_print(flavor, name));
	return false;
}

static bool flavor_put(struct job *job, const void *before, void *object, uint64_t given,
		       GError **error)
{
	const struct flavor *flavor = object;
	uint32_t at;

	for (uint32_t i = 0; i < flavor->profiles.count; i++) {
		struct uuid id = *vec_at(struct uuid, &flavor->profiles, i);

		if (flavor_has(flavor, id, &at) && at != i)
			return binding_exists(flavor->object.id, id, error);
		if (given & attr_bit_of(&flavor_table, "service_profiles") &&
		    !profile_check(job, id, error))
			return false;
	}
	return true;
}

static bool flavor_del(struct job *job, const void *object, GError **error)
{
	const GPtrArray *routers = cloud_list(job_cloud(job), KIND_ROUTER);
	struct uuid id = ((const struct object *)object)->id;

	for (guint i = 0; i < routers->len; i++)
		if (uuid_equal(((const struct router *)routers->pdata[i])->flavor_id, id))
			return refuse(WEFT_ERROR_CONFLICT, "FlavorInUse",
				      "A router is made with flavor", id, error);
	job_close_guard(job, KIND_FLAVOR, id);
	return true;
}

const struct resource api_flavor = {
	.kind = KIND_FLAVOR,
	.put = flavor_put,
	.del = flavor_del,
};

/* Profiles of a flavor, one by one */

static struct flavor *flavor_edit(struct job *job, const char *action, GError **error)
{
	const struct errand *errand = job_data(job);
	const void *flavor = errand_find_member(job, error);

	g_string_truncate(errand->reply, 0);
	if (!flavor || !access_check_action(job, action, errand->resource, flavor, error))
		return NULL;
	return job_edit(job, KIND_FLAVOR, errand->id);
}

/* The answer is the flavor, under the name of what was asked for, as the reference has it. */
static bool bind_build(struct job *job, GError **error)
{
	const struct errand *errand = job_data(job);
	struct flavor *flavor = flavor_edit(job, "create_flavor_service_profile", error);
	const char *text = json_string_value(json_object_get(errand->body, "id"));
	struct uuid id;
	uint32_t at;

	if (!flavor)
		return false;
	if (!text || !uuid_parse(text, &id)) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "Invalid input for id. Reason: '%s' is not a valid UUID.",
			    text ? text : "");
		return false;
	}
	if (!profile_check(job, id, error))
		return false;
	if (flavor_has(flavor, id, &at))
		return binding_exists(errand->id, id, error);
	if (flavor->profiles.count == FLAVOR_PROFILE_MAX)
		return refuse(WEFT_ERROR_CONFLICT, "Conflict",
			      "This would be too many of flavor", errand->id, error);
	*(struct uuid *)vec_add(&flavor->profiles, sizeof(id)) = id;
	g_string_append(errand->reply, "{\"service_profile\":");
	errand_encode(job, errand, flavor);
	g_string_append_c(errand->reply, '}');
	return true;
}

static bool unbind_build(struct job *job, GError **error)
{
	const struct errand *errand = job_data(job);
	struct flavor *flavor = flavor_edit(job, "delete_flavor_service_profile", error);
	char id[UUID_TEXT];
	struct uuid profile;
	uint32_t at;

	if (!flavor)
		return false;
	if (uuid_parse(errand->tag, &profile) && flavor_has(flavor, profile, &at)) {
		struct uuid *list = flavor->profiles.items;

		memmove(list + at, list + at + 1,
			sizeof(*list) * (--flavor->profiles.count - at));
		return true;
	}
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_NOT_FOUND,
		    "FlavorServiceProfileBindingNotFound: Service Profile %s is not associated "
		    "with flavor %s.",
		    errand->tag, uuid_print(errand->id, id));
	return false;
}

static const struct job_ops bind_ops = {
	.build = bind_build,
	.finish = errand_answer,
	.free = errand_free,
};

static const struct job_ops unbind_ops = {
	.build = unbind_build,
	.finish = errand_answer,
	.free = errand_free,
};

static void profile_bind(const struct ask *ask)
{
	struct errand *errand = errand_new(ask);
	json_t *body = errand ? errand_read_body(ask) : NULL;

	if (!errand)
		return;
	errand->status = 201;
	errand->body = json_incref(json_object_get(body, "service_profile"));
	if (body && !errand->body)
		reply_plain_error(ask->request, 400, "HTTPBadRequest",
				  "Unable to find 'service_profile' in request body");
	json_decref(body);
	if (errand->body)
		job_start(ask->api, ask->caller, &bind_ops, errand);
	else
		errand_free(errand);
}

static void profile_unbind(const struct ask *ask)
{
	struct errand *errand = errand_new(ask);

	if (!errand)
		return;
	errand->status = 204;
	job_start(ask->api, ask->caller, &unbind_ops, errand);
}

void flavor_serve_profiles(const struct ask *ask)
{
	if (!ask->tag && strcmp(ask->question->method, "POST") == 0)
		profile_bind(ask);
	else if (ask->tag && strcmp(ask->question->method, "DELETE") == 0)
		profile_unbind(ask);
	else
		reply_bad_method(ask->request);
}

/* Routers */

/* The first enabled profile makes the router; that it names Weft its own rule has seen to. */
static bool flavor_find_provider(struct job *job, const struct flavor *flavor, GError **error)
{
	struct uuid id = flavor->object.id;

	if (!flavor->profiles.count)
		return refuse(WEFT_ERROR_NOT_FOUND, "FlavorServiceProfileBindingNotFound",
			      "There is no service profile associated with flavor", id, error);
	for (uint32_t i = 0; i < flavor->profiles.count; i++) {
		struct uuid profile_id = *vec_at(struct uuid, &flavor->profiles, i);
		const struct service_profile *profile =
			job_find(job, KIND_SERVICE_PROFILE, profile_id);

		if (!profile || !profile->enabled || !profile->driver)
			continue;
		job_expect(job, KIND_SERVICE_PROFILE, profile_id);
		return true;
	}
	return refuse(WEFT_ERROR_NOT_FOUND, "NoProviderFoundForFlavor",
		      "No provider was found for flavor", id, error);
}

bool flavor_take_router(struct job *job, const struct router *router, GError **error)
{
	const struct resource *flavors = resource_get(KIND_FLAVOR);
	const struct flavor *flavor = job_find(job, KIND_FLAVOR, router->flavor_id);

	if (uuid_is_none(router->flavor_id))
		return true;
	if (!flavor || !access_sees(job_api(job)->access, job_caller(job), flavors, flavor))
		return resource_not_found(flavors, router->flavor_id, error);
	if (flavor->service_type != SERVICE_ROUTER)
		return refuse(WEFT_ERROR_INVALID, "InvalidInput",
			      "Invalid input for flavor_id: no router is made with flavor",
			      router->flavor_id, error);
	if (!flavor->enabled)
		return refuse(WEFT_ERROR_UNAVAILABLE, "FlavorDisabled",
			      "Not possible to use a disabled flavor", router->flavor_id,
			      error);
	job_rely(job, KIND_FLAVOR, router->flavor_id);
	return flavor_find_provider(job, flavor, error);
}
