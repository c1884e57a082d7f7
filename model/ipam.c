/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two forms of the same truth: a table of the addresses in use, and, where the pools
 * are small enough, a bit for each address of the pools, so that the last free one
 * of a /16 is found in a thousand steps.
 */
#include "model/ipam.h"

#include <string.h>

#include "lib/error.h"

#define BITMAP_MAX (1u << 20) /* addresses: 128 KiB of bits */
#define WINDOW_MIN 256

struct lease {
	struct ip ip; /* first: the key */
	const struct port *port;
	bool reserved;
};

struct ipam {
	GHashTable *leases; /* struct ip in struct lease -> struct lease */
	struct vec pools;   /* struct pool */
	uint64_t total;	    /* addresses in them, saturated */
	unsigned int used;  /* leases that are a port's */
	uint64_t *bits;	    /* NULL: too many, or nobody has asked yet */
};

/* Rules */

/* Whether the first and last address of the range are nobody's (RFC 3021 excepts /31;
 * RFC 4291 2.6.1 keeps the first of an IPv6 range for its routers). */
static bool has_network_address(struct prefix cidr)
{
	return cidr.bits < 127;
}

static struct pool ipam_get_range(struct prefix cidr)
{
	struct pool range = {.start = prefix_first(cidr), .end = prefix_last(cidr)};

	if (has_network_address(cidr)) {
		range.start = ip_add(range.start, 1);
		if (prefix_is_v4(cidr))
			range.end = ip_add(range.end, -1);
	}
	return range;
}

static bool pool_contains(struct pool pool, struct ip ip)
{
	return ip_compare(pool.start, ip) <= 0 && ip_compare(ip, pool.end) <= 0;
}

struct ip ipam_default_gateway(struct prefix cidr)
{
	if (cidr.bits == 128)
		return ip_none;
	return ip_add(prefix_first(cidr), 1);
}

static void pools_add(struct vec *pools, struct ip start, struct ip end)
{
	if (ip_compare(start, end) <= 0)
		*(struct pool *)vec_add(pools, sizeof(struct pool)) =
			(struct pool){.start = start, .end = end};
}

void ipam_default_pools(const struct subnet *subnet, struct vec *pools)
{
	struct pool range = ipam_get_range(subnet->cidr);

	if (ip_is_none(subnet->gateway_ip) || !pool_contains(range, subnet->gateway_ip)) {
		pools_add(pools, range.start, range.end);
		return;
	}
	if (!ip_equal(range.start, subnet->gateway_ip))
		pools_add(pools, range.start, ip_add(subnet->gateway_ip, -1));
	if (!ip_equal(range.end, subnet->gateway_ip))
		pools_add(pools, ip_add(subnet->gateway_ip, 1), range.end);
}

bool ipam_is_usable(const struct subnet *subnet, struct ip ip)
{
	return pool_contains(ipam_get_range(subnet->cidr), ip);
}

bool ipam_in_pools(const struct subnet *subnet, struct ip ip)
{
	for (uint32_t i = 0; i < subnet->allocation_pools.count; i++)
		if (pool_contains(*vec_at(struct pool, &subnet->allocation_pools, i), ip))
			return true;
	return false;
}

unsigned __int128 ipam_total(const struct subnet *subnet)
{
	unsigned __int128 total = 0;

	if (!subnet->allocation_pools.count)
		return ip_count(prefix_first(subnet->cidr), prefix_last(subnet->cidr));
	for (uint32_t i = 0; i < subnet->allocation_pools.count; i++) {
		const struct pool *pool = vec_at(struct pool, &subnet->allocation_pools, i);

		total += ip_count(pool->start, pool->end);
	}
	return total;
}

static int pool_compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct pool));
}

static bool pool_check(const struct subnet *subnet, const struct pool *pool, GError **error)
{
	char start[IP_TEXT], end[IP_TEXT], cidr[PREFIX_TEXT];

	ip_print(pool->start, start);
	ip_print(pool->end, end);
	prefix_print(subnet->cidr, cidr);
	if (ip_is_v4(pool->start) != ip_is_v4(pool->end) ||
	    ip_compare(pool->start, pool->end) > 0) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "InvalidAllocationPool: The allocation pool %s-%s is not valid.",
			    start, end);
		return false;
	}
	if (!ipam_is_usable(subnet, pool->start) || !ipam_is_usable(subnet, pool->end)) {
		g_set_error(
			error, WEFT_ERROR, WEFT_ERROR_INVALID,
			"OutOfBoundsAllocationPool: The allocation pool %s-%s spans beyond the "
			"subnet cidr %s.",
			start, end, cidr);
		return false;
	}
	return true;
}

static bool pools_check(const struct subnet *subnet, GError **error)
{
	const struct vec *pools = &subnet->allocation_pools;
	char start[IP_TEXT], end[IP_TEXT], text[PREFIX_TEXT];

	for (uint32_t i = 0; i < pools->count; i++) {
		const struct pool *pool = vec_at(struct pool, pools, i);

		if (!pool_check(subnet, pool, error))
			return false;
		ip_print(pool->start, start);
		ip_print(pool->end, end);
		if (i && ip_compare(vec_at(struct pool, pools, i - 1)->end, pool->start) >= 0) {
			g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
				    "OverlappingAllocationPools: Found overlapping allocation "
				    "pools at %s-%s for subnet %s.",
				    start, end, prefix_print(subnet->cidr, text));
			return false;
		}
		if (!ip_is_none(subnet->gateway_ip) &&
		    pool_contains(*pool, subnet->gateway_ip)) {
			g_set_error(
				error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
				"GatewayConflictWithAllocationPools: Gateway ip %s conflicts "
				"with allocation pool %s-%s.",
				ip_print(subnet->gateway_ip, text), start, end);
			return false;
		}
	}
	return true;
}

bool ipam_validate(struct subnet *subnet, GError **error)
{
	char ip[IP_TEXT], cidr[PREFIX_TEXT];

	if (!ip_is_none(subnet->gateway_ip) && !ipam_is_usable(subnet, subnet->gateway_ip)) {
		g_set_error(
			error, WEFT_ERROR, WEFT_ERROR_INVALID,
			"InvalidInput: Invalid input for operation: Gateway '%s' is not valid "
			"on subnet '%s'.",
			ip_print(subnet->gateway_ip, ip), prefix_print(subnet->cidr, cidr));
		return false;
	}
	if (subnet->allocation_pools.count)
		qsort(subnet->allocation_pools.items, subnet->allocation_pools.count,
		      sizeof(struct pool), pool_compare);
	return pools_check(subnet, error);
}

/* Use */

static guint ip_hash(gconstpointer key)
{
	const struct ip *ip = key;
	uint32_t words[4];

	memcpy(words, ip->b, sizeof(words));
	return (words[0] ^ words[1] ^ words[2]) * 31 + words[3] * 2654435761u;
}

static gboolean ip_same(gconstpointer a, gconstpointer b)
{
	return memcmp(a, b, sizeof(struct ip)) == 0;
}

static void lease_free(void *lease)
{
	g_slice_free(struct lease, lease);
}

struct ipam *ipam_new(const struct subnet *subnet)
{
	struct ipam *ipam = g_new0(struct ipam, 1);

	ipam->leases = g_hash_table_new_full(ip_hash, ip_same, NULL, lease_free);
	ipam_set_subnet(ipam, subnet);
	return ipam;
}

void ipam_free(struct ipam *ipam)
{
	if (!ipam)
		return;
	g_hash_table_unref(ipam->leases);
	g_free(ipam->pools.items);
	g_free(ipam->bits);
	g_free(ipam);
}

void ipam_set_subnet(struct ipam *ipam, const struct subnet *subnet)
{
	g_free(ipam->pools.items);
	ipam->pools = (struct vec){0};
	ipam->total = 0;
	g_clear_pointer(&ipam->bits, g_free);
	for (uint32_t i = 0; i < subnet->allocation_pools.count; i++) {
		const struct pool *pool = vec_at(struct pool, &subnet->allocation_pools, i);
		uint64_t size = ip_distance(pool->start, pool->end);

		pools_add(&ipam->pools, pool->start, pool->end);
		size += size != UINT64_MAX;
		ipam->total = ipam->total > UINT64_MAX - size ? UINT64_MAX : ipam->total + size;
	}
}

/* Where IP stands in the pools laid end to end. */
static bool ipam_to_index(const struct ipam *ipam, struct ip ip, uint64_t *out)
{
	uint64_t index = 0;

	for (uint32_t i = 0; i < ipam->pools.count; i++) {
		const struct pool *pool = vec_at(struct pool, &ipam->pools, i);

		if (pool_contains(*pool, ip)) {
			*out = index + ip_distance(pool->start, ip);
			return true;
		}
		index += ip_distance(pool->start, pool->end) + 1;
	}
	return false;
}

static struct ip ipam_from_index(const struct ipam *ipam, uint64_t index)
{
	for (uint32_t i = 0; i < ipam->pools.count; i++) {
		const struct pool *pool = vec_at(struct pool, &ipam->pools, i);
		uint64_t last = ip_distance(pool->start, pool->end);

		if (index <= last)
			return ip_add(pool->start, (int64_t)index);
		index -= last + 1;
	}
	return ip_none;
}

static void ipam_mark(struct ipam *ipam, struct ip ip, bool used)
{
	uint64_t index;

	if (!ipam->bits || !ipam_to_index(ipam, ip, &index))
		return;
	if (used)
		ipam->bits[index / 64] |= UINT64_C(1) << index % 64;
	else
		ipam->bits[index / 64] &= ~(UINT64_C(1) << index % 64);
}

static struct lease *ipam_get_lease(struct ipam *ipam, struct ip ip)
{
	struct lease *lease = g_hash_table_lookup(ipam->leases, &ip);

	if (lease)
		return lease;
	lease = g_slice_new0(struct lease);
	lease->ip = ip;
	g_hash_table_add(ipam->leases, lease);
	ipam_mark(ipam, ip, true);
	return lease;
}

static void ipam_drop_lease(struct ipam *ipam, struct lease *lease)
{
	if (lease->port || lease->reserved)
		return;
	ipam_mark(ipam, lease->ip, false);
	g_hash_table_remove(ipam->leases, lease);
}

void ipam_add(struct ipam *ipam, struct ip ip, const struct port *port)
{
	struct lease *lease = ipam_get_lease(ipam, ip);

	ipam->used += !lease->port;
	lease->port = port;
}

void ipam_del(struct ipam *ipam, struct ip ip, const struct port *port)
{
	struct lease *lease = g_hash_table_lookup(ipam->leases, &ip);

	if (!lease || lease->port != port)
		return;
	lease->port = NULL;
	ipam->used--;
	ipam_drop_lease(ipam, lease);
}

const struct port *ipam_find(const struct ipam *ipam, struct ip ip)
{
	const struct lease *lease = g_hash_table_lookup(ipam->leases, &ip);

	return lease ? lease->port : NULL;
}

unsigned int ipam_count(const struct ipam *ipam)
{
	return ipam->used;
}

bool ipam_reserve(struct ipam *ipam, struct ip ip)
{
	if (g_hash_table_contains(ipam->leases, &ip))
		return false;
	ipam_get_lease(ipam, ip)->reserved = true;
	return true;
}

void ipam_release(struct ipam *ipam, struct ip ip)
{
	struct lease *lease = g_hash_table_lookup(ipam->leases, &ip);

	if (!lease)
		return;
	lease->reserved = false;
	ipam_drop_lease(ipam, lease);
}

static void ipam_make_bits(struct ipam *ipam)
{
	GHashTableIter iter;
	void *lease;

	ipam->bits = g_new0(uint64_t, ipam->total / 64 + 1);
	g_hash_table_iter_init(&iter, ipam->leases);
	while (g_hash_table_iter_next(&iter, &lease, NULL))
		ipam_mark(ipam, ((struct lease *)lease)->ip, true);
}

/* The first clear bit from FROM on, below END. */
static bool bits_find(const uint64_t *bits, uint64_t from, uint64_t end, uint64_t *out)
{
	while (from < end) {
		uint64_t open = ~bits[from / 64] >> from % 64;

		if (open) {
			from += (uint64_t)__builtin_ctzll(open);
			*out = from;
			return from < end;
		}
		from += 64 - from % 64;
	}
	return false;
}

static uint64_t random_below(uint64_t end)
{
	uint64_t value = (uint64_t)g_random_int() << 32 | g_random_int();

	return value % end;
}

/* Pools too large for bits are never nearly full: a few tries, then a walk that must end
 * within as many steps as addresses are in use. */
static bool ipam_probe(const struct ipam *ipam, uint64_t window, uint64_t *out)
{
	uint64_t index = 0;
	struct ip ip;

	for (unsigned int i = 0; i < 64 + g_hash_table_size(ipam->leases); i++) {
		index = i < 64 ? random_below(window) : (index + 1) % ipam->total;
		ip = ipam_from_index(ipam, index);
		if (g_hash_table_contains(ipam->leases, &ip))
			continue;
		*out = index;
		return true;
	}
	return false;
}

bool ipam_pick(struct ipam *ipam, struct ip *out)
{
	uint64_t window = MAX(WINDOW_MIN, 2 * (uint64_t)g_hash_table_size(ipam->leases));
	uint64_t start, index;

	if (ipam->total == 0)
		return false;
	window = MIN(window, ipam->total);
	if (ipam->total <= BITMAP_MAX) {
		if (!ipam->bits)
			ipam_make_bits(ipam);
		start = random_below(window);
		if (!bits_find(ipam->bits, start, ipam->total, &index) &&
		    !bits_find(ipam->bits, 0, start, &index))
			return false;
	} else if (!ipam_probe(ipam, window, &index)) {
		return false;
	}
	*out = ipam_from_index(ipam, index);
	ipam_get_lease(ipam, *out)->reserved = true;
	return true;
}
