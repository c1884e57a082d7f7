/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Subnet pools: their prefixes, which shrink only where nothing is taken, the default of each IP
 * version, and subnets that come into one later.
 */
#include "api/subnetpool.h"

#include "api/access.h"
#include "api/address_scope.h"
#include "api/allocation.h"
#include "api/claim.h"
#include "api/rbac.h"
#include "lib/error.h"
#include "model/attr_json.h"

static bool was_given(uint64_t given, const char *name)
{
	return given & attr_bit_of(&subnetpool_table, name);
}

/* Everything that is taken is still the pool's. */
static bool pool_check_taken(struct job *job, const struct subnetpool *pool, GError **error)
{
	const GPtrArray *subnets = cloud_list_pool_subnets(job_cloud(job), pool->object.id);
	char id[UUID_TEXT], cidr[PREFIX_TEXT];

	for (guint i = 0; i < subnets->len; i++) {
		const struct subnet *subnet = subnets->pdata[i];

		if (subnetpool_contains(pool, subnet->cidr))
			continue;
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "IllegalSubnetPoolPrefixUpdate: Illegal update to prefixes: subnet "
			    "%s has %s.",
			    uuid_print(subnet->object.id, id),
			    prefix_print(subnet->cidr, cidr));
		return false;
	}
	return true;
}

/* A PUT may only add: what somebody plans to take does not vanish by the way. */
static bool pool_check_grown(const struct subnetpool *before, const struct subnetpool *pool,
			     GError **error)
{
	if (before->ip_version != pool->ip_version) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "PrefixVersionMismatch: Cannot mix IPv4 and IPv6 prefixes in a "
			    "subnet pool.");
		return false;
	}
	for (uint32_t i = 0; i < before->prefixes.count; i++) {
		if (subnetpool_contains(pool, *vec_at(struct prefix, &before->prefixes, i)))
			continue;
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "IllegalSubnetPoolPrefixUpdate: Illegal update to prefixes: "
			    "Existing prefixes must be a subset of the new prefixes.");
		return false;
	}
	return true;
}

static bool pool_set_default(struct job *job, const struct subnetpool *before,
			     const struct subnetpool *pool, GError **error)
{
	const GPtrArray *pools = cloud_list(job_cloud(job), KIND_SUBNETPOOL);
	char key[CLAIM_TEXT], id[UUID_TEXT];
	bool taken = false;

	claim_print_default_pool(pool->ip_version, key);
	if (pool->is_default == (before && before->is_default))
		return true;
	if (!pool->is_default) {
		job_unclaim(job, key);
		return true;
	}
	for (guint i = 0; i < pools->len; i++) {
		const struct subnetpool *other = pools->pdata[i];

		taken |= other->is_default && other->ip_version == pool->ip_version;
	}
	if (!taken && job_claim(job, key, uuid_print(pool->object.id, id)))
		return true;
	g_set_error(
		error, WEFT_ERROR, WEFT_ERROR_INVALID,
		"InvalidInput: Invalid input for operation: A default subnetpool for this IP "
		"family has already been set. Only one default may exist per IP family.");
	return false;
}

/* Another scope would part subnets that share a network. */
static bool pool_check_networks(struct job *job, const struct subnetpool *pool, GError **error)
{
	const GPtrArray *subnets = cloud_list_pool_subnets(job_cloud(job), pool->object.id);

	for (guint i = 0; i < subnets->len; i++)
		if (!allocation_check_network(job, subnets->pdata[i], error))
			return false;
	return true;
}

/* What a scope holds says who owns it: who may only use it adds nothing later. */
static bool pool_check_scope_owner(struct job *job, const struct subnetpool *before,
				   GError **error)
{
	const struct object *scope =
		job_find(job, KIND_ADDRESS_SCOPE, before->address_scope_id);
	const struct caller *caller = job_caller(job);
	char id[UUID_TEXT], name[UUID_TEXT];

	if (!scope || caller->admin || g_strcmp0(scope->project_id, caller->project_id) == 0)
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
		    "IllegalSubnetPoolUpdate: Illegal subnetpool update: subnetpool %s cannot "
		    "be updated when associated with shared address scope %s.",
		    uuid_print(before->object.id, name), uuid_print(scope->id, id));
	return false;
}

static bool pool_check_scope(struct job *job, const struct subnetpool *before,
			     const struct subnetpool *pool, uint64_t given, GError **error)
{
	bool moved = before && !uuid_equal(before->address_scope_id, pool->address_scope_id);

	if (before && (moved || was_given(given, "prefixes")) &&
	    !pool_check_scope_owner(job, before, error))
		return false;
	if (moved && !pool_check_networks(job, pool, error))
		return false;
	if (uuid_is_none(pool->address_scope_id) ||
	    (before && !moved && !was_given(given, "prefixes")))
		return true;
	return address_scope_check(job, pool, error);
}

static bool pool_put(struct job *job, const void *before_object, void *object, uint64_t given,
		     GError **error)
{
	const struct subnetpool *before = before_object;
	struct subnetpool *pool = object;

	if (!pool->object.name) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "Invalid input for name. Reason: '' Blank strings are not "
			    "permitted.");
		return false;
	}
	if ((!before || was_given(given, "prefixes")) && !subnetpool_set_prefixes(pool, error))
		return false;
	if (before && was_given(given, "prefixes") && !pool_check_grown(before, pool, error))
		return false;
	if (!subnetpool_set_lengths(pool, before ? UINT64_MAX : given, error) ||
	    !pool_set_default(job, before, pool, error) ||
	    !pool_check_scope(job, before, pool, given, error))
		return false;
	if (before)
		job_take_turn(job, KIND_SUBNETPOOL, pool->object.id);
	return before || !pool->shared || rbac_share(job, KIND_SUBNETPOOL, pool, true);
}

static bool pool_del(struct job *job, const void *object, GError **error)
{
	const struct subnetpool *pool = object;
	struct uuid id = pool->object.id;
	char key[CLAIM_TEXT];

	if (cloud_list_pool_subnets(job_cloud(job), id)->len) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "SubnetPoolDeleteError: Unable to delete subnet pool: Subnet pool "
			    "has existing allocations.");
		return false;
	}
	if (pool->is_default)
		job_unclaim(job, claim_print_default_pool(pool->ip_version, key));
	rbac_forget(job, id);
	job_close_guard(job, KIND_SUBNETPOOL, id);
	return true;
}

/* Actions */

static void prefixes_print(const struct subnetpool *pool, GString *reply)
{
	char text[PREFIX_TEXT];

	g_string_append(reply, "{\"prefixes\":[");
	for (uint32_t i = 0; i < pool->prefixes.count; i++)
		g_string_append_printf(
			reply, "%s\"%s\"", i ? "," : "",
			prefix_print(*vec_at(struct prefix, &pool->prefixes, i), text));
	g_string_append(reply, "]}");
}

/* {"prefixes":[...]}; the pool that holds them is to be freed. NULL: they are none. */
static struct subnetpool *prefixes_decode(json_t *body, GError **error)
{
	struct subnetpool *wanted = attr_new(&subnetpool_table);
	json_t *list = json_object_get(body, "prefixes");
	json_t *only = json_pack("{s:O?}", "prefixes", list);
	uint64_t given;
	bool good =
		list && attr_decode(&subnetpool_table, only, ATTR_PUT, wanted, &given, error);

	if (!list)
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "Unable to find 'prefixes' in request body");
	json_decref(only);
	if (good && subnetpool_set_prefixes(wanted, error))
		return wanted;
	attr_free(&subnetpool_table, wanted);
	return NULL;
}

static bool prefixes_add(struct job *job, struct uuid id, json_t *body, GString *reply,
			 GError **error)
{
	const struct subnetpool *before = cloud_find(job_cloud(job), KIND_SUBNETPOOL, id);
	struct subnetpool *wanted = prefixes_decode(body, error);
	struct subnetpool *pool;
	bool good;

	if (!wanted)
		return false;
	pool = job_edit(job, KIND_SUBNETPOOL, id);
	for (uint32_t i = 0; i < wanted->prefixes.count; i++)
		*(struct prefix *)vec_add(&pool->prefixes, sizeof(struct prefix)) =
			*vec_at(struct prefix, &wanted->prefixes, i);
	good = pool_put(job, before, pool, attr_bit_of(&subnetpool_table, "prefixes"), error);
	attr_free(&subnetpool_table, wanted);
	if (good)
		prefixes_print(pool, reply);
	return good;
}

static bool prefix_is_in(struct prefix prefix, const struct vec *prefixes, uint32_t *at)
{
	for (*at = 0; *at < prefixes->count; ++*at)
		if (prefix_equal(*vec_at(struct prefix, prefixes, *at), prefix))
			return true;
	return false;
}

static bool prefixes_take(struct subnetpool *pool, const struct subnetpool *wanted,
			  GError **error)
{
	struct prefix *list = pool->prefixes.items;
	char text[PREFIX_TEXT], id[UUID_TEXT];
	uint32_t at;

	for (uint32_t i = 0; i < wanted->prefixes.count; i++) {
		struct prefix prefix = *vec_at(struct prefix, &wanted->prefixes, i);

		if (prefix_is_in(prefix, &pool->prefixes, &at)) {
			list[at] = list[--pool->prefixes.count];
			continue;
		}
		g_set_error(
			error, WEFT_ERROR, WEFT_ERROR_INVALID,
			"IllegalSubnetPoolPrefixUpdate: Illegal update to prefixes: %s is no "
			"prefix of subnet pool %s.",
			prefix_print(prefix, text), uuid_print(pool->object.id, id));
		return false;
	}
	return subnetpool_set_prefixes(pool, error);
}

static bool prefixes_remove(struct job *job, struct uuid id, json_t *body, GString *reply,
			    GError **error)
{
	struct subnetpool *wanted = prefixes_decode(body, error);
	struct subnetpool *pool;
	bool good;

	if (!wanted)
		return false;
	pool = job_edit(job, KIND_SUBNETPOOL, id);
	good = prefixes_take(pool, wanted, error) && pool_check_taken(job, pool, error);
	attr_free(&subnetpool_table, wanted);
	if (!good)
		return false;
	job_take_turn(job, KIND_SUBNETPOOL, id);
	prefixes_print(pool, reply);
	return true;
}

/* Onboarding: subnets that were made without a pool are in it from now on, and their prefixes
 * are the pool's. */

static bool subnet_onboard(struct job *job, struct subnetpool *pool,
			   const struct subnet *present, GError **error)
{
	const GPtrArray *taken = cloud_list_pool_subnets(job_cloud(job), pool->object.id);
	char id[UUID_TEXT], cidr[PREFIX_TEXT];
	bool clash = !uuid_is_none(present->subnetpool_id);
	struct subnet *subnet;

	for (guint i = 0; i < taken->len && !clash; i++)
		clash = prefix_overlaps(((const struct subnet *)taken->pdata[i])->cidr,
					present->cidr);
	if (clash) {
		g_set_error(
			error, WEFT_ERROR, WEFT_ERROR_INVALID,
			"IllegalSubnetPoolUpdate: Illegal subnetpool update: subnet %s (%s) "
			"is of a subnet pool already, or overlaps one of this pool.",
			uuid_print(present->object.id, id), prefix_print(present->cidr, cidr));
		return false;
	}
	subnet = job_edit(job, KIND_SUBNET, present->object.id);
	subnet->subnetpool_id = pool->object.id;
	*(struct prefix *)vec_add(&pool->prefixes, sizeof(struct prefix)) = present->cidr;
	return true;
}

static bool network_find_own(struct job *job, json_t *body, const struct network **out,
			     GError **error)
{
	const struct resource *networks = resource_get(KIND_NETWORK);
	const char *text = json_string_value(json_object_get(body, "network_id"));
	const struct caller *caller = job_caller(job);
	struct uuid id;

	if (!text || !uuid_parse(text, &id)) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "InvalidInput: Invalid input for operation: network_id must be "
			    "specified.");
		return false;
	}
	*out = job_find(job, KIND_NETWORK, id);
	return (*out && (caller->admin ||
			 g_strcmp0((*out)->object.project_id, caller->project_id) == 0)) ||
	       resource_not_found(networks, id, error);
}

static bool pool_onboard(struct job *job, struct uuid id, json_t *body, GString *reply,
			 GError **error)
{
	const struct subnetpool *before = cloud_find(job_cloud(job), KIND_SUBNETPOOL, id);
	const struct network *network;
	struct subnetpool *pool;
	const GPtrArray *subnets;

	if (!network_find_own(job, body, &network, error))
		return false;
	/* Nobody makes a subnet on it meanwhile. */
	job_edit(job, KIND_NETWORK, network->object.id);
	pool = job_edit(job, KIND_SUBNETPOOL, id);
	subnets = cloud_list_subnets(job_cloud(job), network->object.id);
	for (guint i = 0; i < subnets->len; i++) {
		const struct subnet *subnet = subnets->pdata[i];

		if (subnet->ip_version == before->ip_version &&
		    !subnet_onboard(job, pool, subnet, error))
			return false;
	}
	return pool_put(job, before, pool, attr_bit_of(&subnetpool_table, "prefixes"), error);
}

static const struct resource_action actions[] = {
	{"add_prefixes", prefixes_add},
	{"remove_prefixes", prefixes_remove},
	{"onboard_network_subnets", pool_onboard},
	{NULL, NULL},
};

const struct resource api_subnetpool = {
	.kind = KIND_SUBNETPOOL,
	.late = true, /* shared is what its policies say */
	.put = pool_put,
	.del = pool_del,
	.actions = actions,
};
