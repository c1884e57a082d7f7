/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pools enter a scope one at a time (job_take_turn), so that two of them cannot overlap.
 */
#include "api/address_scope.h"

#include "api/access.h"
#include "api/rbac.h"
#include "lib/error.h"

static bool scope_check_shared(struct job *job, const struct address_scope *before,
			       const struct address_scope *scope, GError **error)
{
	char id[UUID_TEXT];

	if (scope->shared == (before && before->shared))
		return true;
	if (scope->shared)
		return rbac_share(job, KIND_ADDRESS_SCOPE, scope, true);
	g_set_error(
		error, WEFT_ERROR, WEFT_ERROR_INVALID,
		"AddressScopeUpdateError: Unable to update address scope %s: Shared address "
		"scope can't be unshared.",
		uuid_print(scope->object.id, id));
	return false;
}

static bool scope_put(struct job *job, const void *before, void *object, uint64_t given,
		      GError **error)
{
	struct address_scope *scope = object;

	if (scope->ip_version == 5) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "Invalid input for ip_version. Reason: '5' is not in [4, 6].");
		return false;
	}
	return scope_check_shared(job, before, scope, error);
}

static bool scope_del(struct job *job, const void *object, GError **error)
{
	const GPtrArray *pools = cloud_list(job_cloud(job), KIND_SUBNETPOOL);
	const struct uuid scope = ((const struct object *)object)->id;
	char id[UUID_TEXT];

	for (guint i = 0; i < pools->len; i++) {
		const struct subnetpool *pool = pools->pdata[i];

		if (!uuid_equal(pool->address_scope_id, scope))
			continue;
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
			    "AddressScopeInUse: Unable to complete operation on address scope "
			    "%s. There are one or more subnet pools in use on the address "
			    "scope.",
			    uuid_print(scope, id));
		return false;
	}
	rbac_forget(job, scope);
	job_close_guard(job, KIND_ADDRESS_SCOPE, scope);
	return true;
}

const struct resource api_address_scope = {
	.kind = KIND_ADDRESS_SCOPE,
	.late = true, /* shared is what its policies say */
	.put = scope_put,
	.del = scope_del,
};

static bool refuse(const char *type, enum weft_error code, const struct subnetpool *pool,
		   const char *why, GError **error)
{
	char id[UUID_TEXT], scope[UUID_TEXT];

	g_set_error(error, WEFT_ERROR, (gint)code,
		    "%s: Illegal subnetpool association: subnetpool %s cannot be associated "
		    "with address scope %s: %s.",
		    type, uuid_print(pool->object.id, id),
		    uuid_print(pool->address_scope_id, scope), why);
	return false;
}

static bool pool_meets(const struct subnetpool *pool, const GPtrArray *others)
{
	for (guint i = 0; i < others->len; i++) {
		const struct subnetpool *other = others->pdata[i];

		if (!uuid_equal(other->object.id, pool->object.id) &&
		    uuid_equal(other->address_scope_id, pool->address_scope_id) &&
		    subnetpool_overlaps(pool, other))
			return true;
	}
	return false;
}

bool address_scope_check(struct job *job, const struct subnetpool *pool, GError **error)
{
	const struct resource *scopes = resource_get(KIND_ADDRESS_SCOPE);
	const struct address_scope *scope =
		job_find(job, KIND_ADDRESS_SCOPE, pool->address_scope_id);
	g_autoptr(GPtrArray) own = job_list_changed(job, KIND_SUBNETPOOL);

	if (!scope || !access_sees(job_api(job)->access, job_caller(job), scopes, scope))
		return resource_not_found(scopes, pool->address_scope_id, error);
	if (scope->ip_version != pool->ip_version)
		return refuse("IllegalSubnetPoolIpVersionAssociationToAddressScope",
			      WEFT_ERROR_INVALID, pool, "it is of another IP version", error);
	if (pool_meets(pool, cloud_list(job_cloud(job), KIND_SUBNETPOOL)) ||
	    pool_meets(pool, own)) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
			    "AddressScopePrefixConflict: Failed to associate address scope: "
			    "subnetpools within an address scope must have unique prefixes.");
		return false;
	}
	job_take_turn(job, KIND_ADDRESS_SCOPE, scope->object.id);
	rbac_use(job, KIND_ADDRESS_SCOPE, scope, pool->object.project_id);
	return true;
}
