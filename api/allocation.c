/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Subnets from pools. Whoever takes a prefix does so as the pool is, and alone
 * (job_take_turn): two controllers that take from one pool at the same time cannot both commit,
 * and the second looks again.
 */
#include "api/allocation.h"

#include "api/access.h"
#include "api/rbac.h"
#include "lib/error.h"

static bool invalid(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static bool invalid(GError **error, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_set_error_literal(error, WEFT_ERROR, WEFT_ERROR_INVALID, text);
	return false;
}

static bool was_given(uint64_t given, const char *name)
{
	return given & attr_bit_of(&subnet_table, name);
}

/* Which pool */

static bool default_find(struct job *job, struct subnet *subnet, GError **error)
{
	const GPtrArray *pools = cloud_list(job_cloud(job), KIND_SUBNETPOOL);

	if (!uuid_is_none(subnet->subnetpool_id))
		return invalid(error,
			       "InvalidInput: Invalid input for operation: subnetpool_id "
			       "and use_default_subnetpool cannot both be specified.");
	for (guint i = 0; i < pools->len; i++) {
		const struct subnetpool *pool = pools->pdata[i];

		if (pool->is_default && pool->ip_version == subnet->ip_version) {
			subnet->subnetpool_id = pool->object.id;
			return true;
		}
	}
	return invalid(error,
		       "BadRequest: Bad subnets request: No default subnetpool found for "
		       "IPv%" G_GINT64_FORMAT ".",
		       subnet->ip_version);
}

static const struct subnetpool *pool_find(struct job *job, const struct subnet *subnet,
					  GError **error)
{
	const struct resource *pools = resource_get(KIND_SUBNETPOOL);
	const struct subnetpool *pool = job_find(job, KIND_SUBNETPOOL, subnet->subnetpool_id);

	if (!pool || !access_sees(job_api(job)->access, job_caller(job), pools, pool)) {
		resource_not_found(pools, subnet->subnetpool_id, error);
		return NULL;
	}
	if (pool->ip_version == subnet->ip_version)
		return pool;
	invalid(error,
		"InvalidInput: Invalid input for operation: Cannot allocate IPv%" G_GINT64_FORMAT
		" subnet from IPv%" G_GINT64_FORMAT " subnet pool.",
		subnet->ip_version, pool->ip_version);
	return NULL;
}

/* Which prefix */

/* What is taken of the pool, by the job itself, too; of PROJECT alone or (NULL) of all. */
static GArray *taken_list(struct job *job, const struct subnetpool *pool,
			  const struct subnet *except, const char *project)
{
	const GPtrArray *known = cloud_list_pool_subnets(job_cloud(job), pool->object.id);
	g_autoptr(GPtrArray) own = job_list_changed(job, KIND_SUBNET);
	GArray *taken = g_array_new(FALSE, FALSE, sizeof(struct prefix));

	for (guint i = 0; i < known->len + own->len; i++) {
		const struct subnet *subnet =
			i < known->len ? known->pdata[i] : own->pdata[i - known->len];
		bool twice = i >= known->len &&
			     cloud_find(job_cloud(job), KIND_SUBNET, subnet->object.id);

		if (!twice && subnet != except &&
		    uuid_equal(subnet->subnetpool_id, pool->object.id) &&
		    (!project || g_strcmp0(subnet->object.project_id, project) == 0))
			g_array_append_val(taken, subnet->cidr);
	}
	return taken;
}

static bool length_check(const struct subnetpool *pool, int64_t length, GError **error)
{
	bool large = length < pool->min_prefixlen;

	if (!large && length <= pool->max_prefixlen)
		return true;
	return invalid(error,
		       "%sPrefixSubnetAllocationError: Unable to allocate subnet with prefix "
		       "length %" G_GINT64_FORMAT ", %simum allowed prefix is %" G_GINT64_FORMAT
		       ".",
		       large ? "Min" : "Max", length, large ? "min" : "max",
		       large ? pool->min_prefixlen : pool->max_prefixlen);
}

static bool quota_check(struct job *job, const struct subnetpool *pool,
			const struct subnet *subnet, GError **error)
{
	g_autoptr(GArray) taken = NULL;
	double sum = subnetpool_weigh(subnet->cidr);

	if (pool->default_quota == ATTR_INT_NONE)
		return true;
	taken = taken_list(job, pool, subnet, subnet->object.project_id);
	for (guint i = 0; i < taken->len; i++)
		sum += subnetpool_weigh(g_array_index(taken, struct prefix, i));
	if (sum <= (double)pool->default_quota)
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
		    "SubnetPoolQuotaExceeded: Per-tenant subnet pool prefix quota exceeded.");
	return false;
}

static bool prefix_refuse(enum weft_error code, const char *why, struct prefix prefix,
			  GError **error)
{
	char text[PREFIX_TEXT];

	g_set_error(error, WEFT_ERROR, (gint)code,
		    "SubnetAllocationError: Failed to allocate subnet %s: %s.",
		    prefix_print(prefix, text), why);
	return false;
}

/* The one that was asked for. */
static bool prefix_take(const struct subnetpool *pool, const struct subnet *subnet,
			const GArray *taken, GError **error)
{
	if (!subnetpool_contains(pool, subnet->cidr))
		return prefix_refuse(WEFT_ERROR_INVALID, "it is not in the subnet pool",
				     subnet->cidr, error);
	for (guint i = 0; i < taken->len; i++)
		if (prefix_overlaps(g_array_index(taken, struct prefix, i), subnet->cidr))
			return prefix_refuse(WEFT_ERROR_CONFLICT,
					     "it overlaps one that is allocated", subnet->cidr,
					     error);
	return true;
}

static bool prefix_pick(const struct subnetpool *pool, struct subnet *subnet, GArray *taken,
			int64_t length, GError **error)
{
	unsigned int bits = (unsigned int)length + (pool->ip_version == 4 ? 96 : 0);

	if (subnetpool_pick(pool, (struct prefix *)(void *)taken->data, taken->len, bits,
			    &subnet->cidr))
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
		    "SubnetAllocationError: Failed to allocate subnet: Insufficient prefix "
		    "space to allocate subnet size /%" G_GINT64_FORMAT ".",
		    length);
	return false;
}

static bool pool_take(struct job *job, const struct subnetpool *pool, struct subnet *subnet,
		      uint64_t given, GError **error)
{
	bool named = subnet->cidr.bits || !ip_is_none(subnet->cidr.ip);
	g_autoptr(GArray) taken = taken_list(job, pool, subnet, NULL);
	int64_t length = named				 ? prefix_length(subnet->cidr)
			 : was_given(given, "prefixlen") ? subnet->prefixlen
							 : pool->default_prefixlen;

	if (!named && (was_given(given, "allocation_pools") ||
		       (was_given(given, "gateway_ip") && !ip_is_none(subnet->gateway_ip))))
		return invalid(error, "BadRequest: Bad subnets request: allocation_pools and "
				      "gateway_ip allowed only for specific subnet requests.");
	if (!length_check(pool, length, error) ||
	    (named ? !prefix_take(pool, subnet, taken, error)
		   : !prefix_pick(pool, subnet, taken, length, error)) ||
	    !quota_check(job, pool, subnet, error))
		return false;
	job_take_turn(job, KIND_SUBNETPOOL, pool->object.id);
	rbac_use(job, KIND_SUBNETPOOL, pool, subnet->object.project_id);
	return true;
}

bool allocation_take(struct job *job, struct subnet *subnet, uint64_t given, GError **error)
{
	bool named = subnet->cidr.bits || !ip_is_none(subnet->cidr.ip);
	const struct subnetpool *pool;

	if (named && was_given(given, "prefixlen"))
		return invalid(error,
			       "BadRequest: Bad subnets request: cidr and prefixlen must "
			       "not be supplied together.");
	if (subnet->use_default_subnetpool && !default_find(job, subnet, error))
		return false;
	if (uuid_is_none(subnet->subnetpool_id))
		return named || invalid(error, "BadRequest: Bad subnets request: a subnetpool "
					       "must be specified in the absence of a cidr.");
	pool = pool_find(job, subnet, error);
	return pool && pool_take(job, pool, subnet, given, error);
}

/* Networks */

/* The scope that the pool of SUBNET is in; a pool that decides something stays as it is. */
static struct uuid scope_of(struct job *job, const struct subnet *subnet)
{
	const struct subnetpool *pool = job_find(job, KIND_SUBNETPOOL, subnet->subnetpool_id);

	if (!pool)
		return uuid_none;
	job_expect(job, KIND_SUBNETPOOL, pool->object.id);
	return pool->address_scope_id;
}

/* No other subnet of OTHERS on its network is of another scope or pool. */
static bool network_check(struct job *job, const struct subnet *subnet, const GPtrArray *others,
			  GError **error)
{
	struct uuid scope = scope_of(job, subnet);

	for (guint i = 0; i < others->len; i++) {
		const struct subnet *other = others->pdata[i];

		if (!uuid_equal(other->network_id, subnet->network_id) ||
		    other->ip_version != subnet->ip_version ||
		    uuid_equal(other->object.id, subnet->object.id) ||
		    uuid_equal(other->subnetpool_id, subnet->subnetpool_id))
			continue;
		if (!uuid_equal(scope_of(job, other), scope))
			return invalid(error,
				       "NetworkAddressScopeAffinityError: Subnets of the same "
				       "address family hosted on the same network must all be "
				       "on the same address scope.");
		if (uuid_is_none(scope))
			return invalid(error,
				       "NetworkSubnetPoolAffinityError: Subnets hosted on the "
				       "same network must be allocated from the same subnet "
				       "pool.");
	}
	return true;
}

bool allocation_check_network(struct job *job, const struct subnet *subnet, GError **error)
{
	g_autoptr(GPtrArray) own = job_list_changed(job, KIND_SUBNET);

	return network_check(job, subnet,
			     cloud_list_subnets(job_cloud(job), subnet->network_id), error) &&
	       network_check(job, subnet, own, error);
}
