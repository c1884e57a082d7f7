/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/kernel_fixture.h"

#include <linux/if_ether.h>
#include <string.h>

#include "lib/error.h"

GBytes *kernel_bytes(const void *data, gsize size)
{
	return g_bytes_new(data, size);
}

const void *kernel_find(const struct kernel *kernel, enum desired_map map, const void *key)
{
	g_autoptr(GBytes) bytes = kernel_bytes(key, desired_shapes[map].key_size);
	GBytes *value = g_hash_table_lookup(kernel->maps[map], bytes);

	return value ? g_bytes_get_data(value, NULL) : NULL;
}

/* What PLACE names must be there while a reference is. */
static void check_place(const struct kernel *kernel, uint32_t place)
{
	uint32_t index = PLACE_INDEX(place);

	if (PLACE_KIND(place) == PLACE_PORT)
		g_assert_nonnull(kernel_find(kernel, DESIRED_PORT, &index));
	else if (PLACE_KIND(place) == PLACE_VTEP && index)
		g_assert_nonnull(kernel_find(kernel, DESIRED_VTEP, &index));
}

/* Its ACL is there, and when nothing is under way each is a port's that asks for it. */
static void check_borders(const struct kernel *kernel, bool rest)
{
	GHashTableIter iter;
	gpointer key, value;

	g_hash_table_iter_init(&iter, kernel->maps[DESIRED_BORDER]);
	while (g_hash_table_iter_next(&iter, &key, &value)) {
		const struct border_key *border = g_bytes_get_data(key, NULL);
		const struct border_value *says = g_bytes_get_data(value, NULL);
		uint32_t slot = border->slot;
		const struct port_value *port = kernel_find(kernel, DESIRED_PORT, &slot);

		g_assert_true(!rest || (port && port->flags & PORT_BORDER));
		g_assert_nonnull(kernel_find(kernel, DESIRED_POLICY, &says->acl));
	}
}

static void check_firewalls(const struct kernel *kernel)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, kernel->maps[DESIRED_FIREWALL]);
	while (g_hash_table_iter_next(&iter, NULL, &value))
		g_assert_nonnull(
			kernel_find(kernel, DESIRED_POLICY, g_bytes_get_data(value, NULL)));
}

static const struct outside_value *outside_find(const struct kernel *kernel, uint32_t ifindex,
						bool v6, struct abi_ip ip, int bits)
{
	struct outside_key key = {.prefixlen = OUTSIDE_PREFIX_BASE + (uint32_t)bits,
				  .ifindex = ifindex,
				  .ethertype = GUINT16_TO_BE(v6 ? ETH_P_IPV6 : ETH_P_IP),
				  .ip = ip};

	return kernel_find(kernel, DESIRED_OUTSIDE, &key);
}

/* Whatever others say is inside, its address is a gateway's own, and the link nobody's. */
static void check_own(const struct kernel *kernel, uint32_t slot,
		      const struct gateway_value *gateway)
{
	const struct port_value *port = kernel_find(kernel, DESIRED_PORT, &slot);

	for (int v6 = 0; v6 < 2; v6++) {
		int bits = 0;
		const struct outside_value *own, *link;

		for (int i = 0; i < 4; i++)
			bits += __builtin_popcount(gateway->mask[v6].w[i]);
		own = outside_find(kernel, port->ifindex, v6, gateway->address[v6], 128);
		link = outside_find(kernel, port->ifindex, v6, gateway->link[v6], bits);
		g_assert_true(own && own->flags & OUTSIDE_OWN);
		g_assert_true(link && link->flags & OUTSIDE_LINK);
	}
}

/* What comes from outside is for a gateway that is here; when nothing is under way, its front is, too. */
static void check_gateways(const struct kernel *kernel, bool rest)
{
	GHashTableIter iter;
	gpointer key, value;

	g_hash_table_iter_init(&iter, kernel->maps[DESIRED_OUTSIDE]);
	while (g_hash_table_iter_next(&iter, &key, &value)) {
		const struct outside_key *outside = g_bytes_get_data(key, NULL);
		const struct outside_value *says = g_bytes_get_data(value, NULL);
		const struct port_value *port = kernel_find(kernel, DESIRED_PORT, &says->slot);

		g_assert_nonnull(kernel_find(kernel, DESIRED_GATEWAY, &says->slot));
		g_assert_true(port && port->flags & PORT_GATEWAY);
		g_assert_true(!rest || port->ifindex == outside->ifindex);
	}
	g_hash_table_iter_init(&iter, kernel->maps[DESIRED_GATEWAY]);
	while (g_hash_table_iter_next(&iter, &key, &value)) {
		const struct gateway_value *gateway = g_bytes_get_data(value, NULL);
		const uint32_t *slot = g_bytes_get_data(key, NULL);

		if (!rest)
			continue;
		g_assert_nonnull(kernel_find(kernel, DESIRED_GATEWAY, &gateway->front));
		check_own(kernel, *slot, gateway);
	}
}

void kernel_check(const struct kernel *kernel, bool rest)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, kernel->maps[DESIRED_MAC]);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const struct mac_value *mac = g_bytes_get_data(value, NULL);

		check_place(kernel, mac->place);
	}
	g_hash_table_iter_init(&iter, kernel->maps[DESIRED_FLOOD]);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const struct flood_value *flood = g_bytes_get_data(value, NULL);

		for (uint32_t i = 0; i < flood->count; i++)
			check_place(kernel, flood->place[i]);
	}
	g_hash_table_iter_init(&iter, kernel->maps[DESIRED_PORT]);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const struct port_value *port = g_bytes_get_data(value, NULL);

		g_assert_true(!port->policy ||
			      kernel_find(kernel, DESIRED_POLICY, &port->policy));
	}
	g_hash_table_iter_init(&iter, kernel->maps[DESIRED_DEVICE]);
	while (g_hash_table_iter_next(&iter, NULL, &value))
		g_assert_nonnull(
			kernel_find(kernel, DESIRED_PORT, g_bytes_get_data(value, NULL)));
	check_borders(kernel, rest);
	check_firewalls(kernel);
	check_gateways(kernel, rest);
}

static gsize kernel_fail(struct kernel *kernel, gsize count, GError **error)
{
	if (!kernel->fail || g_random_int_range(0, 3))
		return count;
	kernel->failures++;
	g_set_error(error, WEFT_ERROR,
		    g_random_boolean() ? WEFT_ERROR_INTERNAL : WEFT_ERROR_EXHAUSTED,
		    "on purpose");
	return (gsize)g_random_int_range(0, (gint32)count);
}

gsize kernel_put(void *data, enum desired_map map, const void *keys, const void *values,
		 gsize count, GError **error)
{
	const struct desired_shape *shape = &desired_shapes[map];
	struct kernel *kernel = data;

	g_assert_cmpuint(g_hash_table_size(kernel->bumped), ==, 0);
	g_assert_cmpint(kernel->last_put, <=, (int)map);
	g_assert_cmpint(kernel->last_del, ==, DESIRED_MAP_COUNT);
	kernel->last_put = (int)map;
	g_assert_false(kernel->half && (map == DESIRED_BORDER || map == DESIRED_PORT));
	if (kernel->half && map == DESIRED_FIREWALL) /* closed, until the banks are whole */
		for (gsize i = 0; i < count; i++)
			g_assert_cmpuint(((const uint32_t *)values)[i], ==, 0);
	g_assert_false(kernel->unguarded && (map == DESIRED_MAC || map == DESIRED_ROUTE));
	count = kernel_fail(kernel, count, error);
	kernel->unguarded |= *error && map == DESIRED_FIREWALL;
	kernel->half |= *error && map >= DESIRED_CELL && map <= DESIRED_POLICY;
	for (gsize i = 0; i < count; i++)
		g_hash_table_replace(
			kernel->maps[map],
			kernel_bytes((const char *)keys + i * shape->key_size, shape->key_size),
			kernel_bytes((const char *)values + i * shape->value_size,
				     shape->value_size));
	kernel->writes += count;
	kernel->written[map] += count;
	return count;
}

gsize kernel_del(void *data, enum desired_map map, const void *keys, gsize count,
		 GError **error)
{
	const struct desired_shape *shape = &desired_shapes[map];
	struct kernel *kernel = data;

	g_assert_cmpuint(g_hash_table_size(kernel->bumped), ==, 0);
	g_assert_cmpint(kernel->last_del, >=, (int)map);
	kernel->last_del = (int)map;
	count = kernel_fail(kernel, count, error);
	for (gsize i = 0; i < count; i++) {
		g_autoptr(GBytes) key =
			kernel_bytes((const char *)keys + i * shape->key_size, shape->key_size);

		g_assert_true(g_hash_table_remove(kernel->maps[map], key));
	}
	kernel->writes += count;
	return count;
}

void kernel_bump(void *data, uint16_t cell)
{
	g_hash_table_add(((struct kernel *)data)->bumped, GUINT_TO_POINTER(cell + 1u));
}

void kernel_init(struct kernel *kernel)
{
	memset(kernel, 0, sizeof(*kernel));
	for (int i = 0; i < DESIRED_MAP_COUNT; i++)
		kernel->maps[i] = g_hash_table_new_full(g_bytes_hash, g_bytes_equal,
							(GDestroyNotify)g_bytes_unref,
							(GDestroyNotify)g_bytes_unref);
	kernel->bumped = g_hash_table_new(NULL, NULL);
}

void kernel_done(struct kernel *kernel)
{
	for (int i = 0; i < DESIRED_MAP_COUNT; i++)
		g_hash_table_unref(kernel->maps[i]);
	g_hash_table_unref(kernel->bumped);
}
