/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The attributes of subnet pools and address scopes, and what can be said of a pool's prefixes
 * without anybody else.
 */
#include "model/subnetpool.h"

#include <math.h>
#include <stdlib.h>

#include "lib/error.h"
#include "model/cloud.h"

/* Who has just been made has no policy in the world yet. */
static json_t *scope_print_shared(const void *object, const void *world, const char *project)
{
	const struct address_scope *scope = object;

	return scope->shared ? json_true() : rbac_print_shared(object, world, project);
}

static json_t *pool_print_shared(const void *object, const void *world, const char *project)
{
	const struct subnetpool *pool = object;

	return pool->shared ? json_true() : rbac_print_shared(object, world, project);
}

static const struct attr scope_attrs[] = {
	OBJECT_HEAD,
	OBJECT_NAME,
	{.name = "ip_version",
	 .type = ATTR_INT,
	 .flags = ATTR_POST | ATTR_VISIBLE | ATTR_FIND | ATTR_REQUIRED | ATTR_COLUMN,
	 .offset = offsetof(struct address_scope, ip_version),
	 .min = 4,
	 .max = 6,
	 .help = "4 or 6"},
	{.name = "shared",
	 .type = ATTR_BOOL,
	 .flags = ATTR_BOTH | ATTR_FIND | ATTR_ADMIN_SET | ATTR_CALLER,
	 .offset = offsetof(struct address_scope, shared),
	 .print_for = scope_print_shared,
	 .initial = "false",
	 .help = "every project may have pools in it"},
	OBJECT_PROJECT,
	OBJECT_TAIL,
	OBJECT_END,
};

const struct attr_table address_scope_table = {
	.singular = "address_scope",
	.plural = "address_scopes",
	.path = "address-scopes",
	.title = "AddressScope",
	.size = sizeof(struct address_scope),
	.attrs = scope_attrs,
	.help = "Subnet pools without an address in common; routers route within it.",
};

static const struct attr_table prefix_table = {
	.singular = "prefix",
	.size = sizeof(struct prefix),
	.attrs = (const struct attr[]){{.type = ATTR_PREFIX, .flags = ATTR_MEMBER}},
};

/* Lengths are strings in replies: the reference prints them so, and its clients compare them. */
static const struct attr pool_attrs[] = {
	OBJECT_HEAD,
	OBJECT_NAME,
	{.name = "prefixes",
	 .type = ATTR_LIST,
	 .flags = ATTR_BOTH | ATTR_REQUIRED | ATTR_COLUMN,
	 .offset = offsetof(struct subnetpool, prefixes),
	 .item = &prefix_table,
	 .max = SUBNETPOOL_PREFIX_MAX,
	 .help = "what subnets are taken from"},
	{.name = "ip_version",
	 .type = ATTR_INT,
	 .flags = ATTR_VISIBLE | ATTR_FIND,
	 .offset = offsetof(struct subnetpool, ip_version),
	 .help = "that of its prefixes"},
	{.name = "default_prefixlen",
	 .type = ATTR_INT,
	 .flags = ATTR_BOTH | ATTR_FIND | ATTR_QUOTED,
	 .offset = offsetof(struct subnetpool, default_prefixlen),
	 .max = 128,
	 .help = "length of a subnet that names none; default: min_prefixlen"},
	{.name = "min_prefixlen",
	 .type = ATTR_INT,
	 .flags = ATTR_BOTH | ATTR_FIND | ATTR_QUOTED,
	 .offset = offsetof(struct subnetpool, min_prefixlen),
	 .max = 128,
	 .help = "of the largest subnet; default: 8, or 64 of IPv6"},
	{.name = "max_prefixlen",
	 .type = ATTR_INT,
	 .flags = ATTR_BOTH | ATTR_FIND | ATTR_QUOTED,
	 .offset = offsetof(struct subnetpool, max_prefixlen),
	 .max = 128,
	 .help = "of the smallest subnet; default: 32, or 128 of IPv6"},
	{.name = "default_quota",
	 .type = ATTR_INT,
	 .flags = ATTR_BOTH | ATTR_FIND | ATTR_NULLABLE,
	 .offset = offsetof(struct subnetpool, default_quota),
	 .max = INT32_MAX,
	 .help = "how many addresses, or /64s of IPv6, a project may take"},
	{.name = "address_scope_id",
	 .type = ATTR_UUID,
	 .flags = ATTR_BOTH | ATTR_FIND | ATTR_NULLABLE,
	 .offset = offsetof(struct subnetpool, address_scope_id),
	 .help = "the scope it is in; null: none"},
	{.name = "shared",
	 .type = ATTR_BOOL,
	 .flags = ATTR_POST | ATTR_VISIBLE | ATTR_FIND | ATTR_ADMIN_SET | ATTR_CALLER,
	 .offset = offsetof(struct subnetpool, shared),
	 .print_for = pool_print_shared,
	 .initial = "false",
	 .help = "every project may take subnets from it"},
	{.name = "is_default",
	 .type = ATTR_BOOL,
	 .flags = ATTR_BOTH | ATTR_FIND | ATTR_ADMIN_SET,
	 .offset = offsetof(struct subnetpool, is_default),
	 .initial = "false",
	 .help = "what use_default_subnetpool of a subnet means, for its version"},
	OBJECT_PROJECT,
	OBJECT_TAIL,
	OBJECT_END,
};

const struct attr_table subnetpool_table = {
	.singular = "subnetpool",
	.plural = "subnetpools",
	.title = "SubnetPool",
	.size = sizeof(struct subnetpool),
	.attrs = pool_attrs,
	.help = "Prefixes from which subnets are taken, so that none overlaps another.",
};

/* Prefixes */

static int prefix_order(const void *a, const void *b)
{
	const struct prefix *x = a, *y = b;
	int order = ip_compare(x->ip, y->ip);

	return order ? order : (int)x->bits - (int)y->bits;
}

/* IP begins a prefix of one bit less, too. */
static bool bit_is_clear(struct ip ip, unsigned int bits)
{
	return !(ip.b[(bits - 1) / 8] >> (7 - (bits - 1) % 8) & 1);
}

/* The two halves of one prefix, which is left in A. */
static bool prefix_join(struct prefix *a, struct prefix b)
{
	struct prefix whole = {a->ip, (uint8_t)(a->bits - 1)};

	if (a->bits != b.bits || prefix_length(*a) <= 1 || !bit_is_clear(a->ip, a->bits) ||
	    !prefix_contains(whole, b.ip))
		return false;
	*a = whole;
	return true;
}

static bool prefix_within(struct prefix outer, struct prefix inner)
{
	return inner.bits >= outer.bits && prefix_contains(outer, inner.ip);
}

static void prefixes_join(struct vec *prefixes)
{
	struct prefix *list = prefixes->items;
	uint32_t kept = 0;

	qsort(list, prefixes->count, sizeof(*list), prefix_order);
	for (uint32_t i = 0; i < prefixes->count; i++) {
		if (kept && prefix_within(list[kept - 1], list[i]))
			continue;
		list[kept++] = list[i];
		while (kept > 1 && prefix_join(&list[kept - 2], list[kept - 1]))
			kept--;
	}
	prefixes->count = kept;
}

bool subnetpool_set_prefixes(struct subnetpool *pool, GError **error)
{
	const struct prefix *list = pool->prefixes.items;

	if (!pool->prefixes.count) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "EmptySubnetPoolPrefixList: Empty subnet pool prefix list.");
		return false;
	}
	for (uint32_t i = 1; i < pool->prefixes.count; i++) {
		if (prefix_is_v4(list[i]) == prefix_is_v4(list[0]))
			continue;
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "PrefixVersionMismatch: Cannot mix IPv4 and IPv6 prefixes in a "
			    "subnet pool.");
		return false;
	}
	pool->ip_version = prefix_is_v4(list[0]) ? 4 : 6;
	prefixes_join(&pool->prefixes);
	if (pool->prefixes.count <= SUBNETPOOL_PREFIX_MAX)
		return true;
	/* They come one by one, too: a stored pool with more could not be read. */
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
		    "Invalid input for prefixes. Reason: %u exceed the maximum of %d.",
		    pool->prefixes.count, SUBNETPOOL_PREFIX_MAX);
	return false;
}

static bool bounds_refuse(const char *name, int64_t value, const char *other, int64_t bound,
			  GError **error)
{
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
		    "IllegalSubnetPoolPrefixBounds: Illegal prefix bounds: %s=%" G_GINT64_FORMAT
		    ", %s=%" G_GINT64_FORMAT ".",
		    name, value, other, bound);
	return false;
}

bool subnetpool_set_lengths(struct subnetpool *pool, uint64_t given, GError **error)
{
	int64_t most = pool->ip_version == 4 ? 32 : 128;

	if (!(given & attr_bit_of(&subnetpool_table, "min_prefixlen")))
		pool->min_prefixlen = pool->ip_version == 4 ? 8 : 64;
	if (!(given & attr_bit_of(&subnetpool_table, "max_prefixlen")))
		pool->max_prefixlen = most;
	if (!(given & attr_bit_of(&subnetpool_table, "default_prefixlen")))
		pool->default_prefixlen = pool->min_prefixlen;
	if (pool->min_prefixlen < 1) { /* a subnet of all addresses is none */
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "UnsupportedMinSubnetPoolPrefix: Prefix '%" G_GINT64_FORMAT
			    "' not supported in IPv%" G_GINT64_FORMAT " pool.",
			    pool->min_prefixlen, pool->ip_version);
		return false;
	}
	if (pool->max_prefixlen > most)
		return bounds_refuse("max_prefixlen", pool->max_prefixlen, "ip_version",
				     pool->ip_version, error);
	if (pool->min_prefixlen > pool->max_prefixlen)
		return bounds_refuse("min_prefixlen", pool->min_prefixlen, "max_prefixlen",
				     pool->max_prefixlen, error);
	if (pool->default_prefixlen > pool->max_prefixlen)
		return bounds_refuse("default_prefixlen", pool->default_prefixlen,
				     "max_prefixlen", pool->max_prefixlen, error);
	return pool->default_prefixlen >= pool->min_prefixlen ||
	       bounds_refuse("default_prefixlen", pool->default_prefixlen, "min_prefixlen",
			     pool->min_prefixlen, error);
}

bool subnetpool_contains(const struct subnetpool *pool, struct prefix prefix)
{
	for (uint32_t i = 0; i < pool->prefixes.count; i++)
		if (prefix_within(*vec_at(struct prefix, &pool->prefixes, i), prefix))
			return true;
	return false;
}

bool subnetpool_overlaps(const struct subnetpool *a, const struct subnetpool *b)
{
	for (uint32_t i = 0; i < a->prefixes.count; i++)
		for (uint32_t j = 0; j < b->prefixes.count; j++)
			if (prefix_overlaps(*vec_at(struct prefix, &a->prefixes, i),
					    *vec_at(struct prefix, &b->prefixes, j)))
				return true;
	return false;
}

double subnetpool_weigh(struct prefix prefix)
{
	return ldexp(1, (prefix_is_v4(prefix) ? 128 : 64) - prefix.bits);
}

/* A free one */

struct hunt {
	unsigned int bits;
	struct prefix best; /* a free range that is large enough */
	bool found;
};

/* The largest prefix that begins at FROM and ends at TO or before. */
static struct prefix range_first(struct ip from, struct ip to)
{
	struct prefix prefix = {from, 128};

	while (prefix.bits) {
		struct prefix larger = {from, (uint8_t)(prefix.bits - 1)};

		if (!bit_is_clear(from, prefix.bits) || ip_compare(prefix_last(larger), to) > 0)
			break;
		prefix = larger;
	}
	return prefix;
}

/* FROM to TO is free; as prefixes, the smallest that will do is kept. */
static void hunt_range(struct hunt *hunt, struct ip from, struct ip to)
{
	while (ip_compare(from, to) <= 0) {
		struct prefix free = range_first(from, to);
		struct ip last = prefix_last(free);

		if (free.bits <= hunt->bits && (!hunt->found || free.bits > hunt->best.bits)) {
			hunt->best = free;
			hunt->found = true;
		}
		from = ip_add(last, 1);
		if (ip_compare(from, last) < 0) /* it was the last address of all */
			return;
	}
}

bool subnetpool_pick(const struct subnetpool *pool, struct prefix *taken, guint count,
		     unsigned int bits, struct prefix *out)
{
	struct hunt hunt = {.bits = bits};
	guint next = 0;

	if (count)
		qsort(taken, count, sizeof(*taken), prefix_order);
	for (uint32_t i = 0; i < pool->prefixes.count; i++) {
		struct prefix prefix = *vec_at(struct prefix, &pool->prefixes, i);
		struct ip from = prefix_first(prefix), last = prefix_last(prefix);

		while (next < count && ip_compare(taken[next].ip, from) < 0)
			next++; /* not of the pool any more */
		for (; next < count && prefix_contains(prefix, taken[next].ip); next++) {
			hunt_range(&hunt, from, ip_add(taken[next].ip, -1));
			from = ip_add(prefix_last(taken[next]), 1);
		}
		/* When the last address of all is taken FROM has wrapped to none. */
		if (!ip_is_none(from) || ip_is_none(prefix_first(prefix)))
			hunt_range(&hunt, from, last);
	}
	if (hunt.found)
		*out = (struct prefix){hunt.best.ip, (uint8_t)bits};
	return hunt.found;
}
