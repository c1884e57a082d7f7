/* SPDX-License-Identifier: Apache-2.0 */
/* See route.h. */
#include "trace/route.h"

static unsigned int common_bits(struct ip a, struct ip b)
{
	unsigned int bits = 0;

	while (bits < 128 && !((a.b[bits / 8] ^ b.b[bits / 8]) & 0x80 >> bits % 8))
		bits++;
	return bits;
}

static bool is_link_local(struct ip ip)
{
	return ip.b[0] == 0xfe && (ip.b[1] & 0xc0) == 0x80;
}

struct ip trace_route_source(const struct row_port *port, struct ip target)
{
	struct ip best = ip_is_v4(target) ? ip_from_v4(0) : ip_none;
	struct prefix link = {{{0xfe, 0x80}}, 64};
	bool found = false;

	for (gsize i = 0; i < port->pair_count; i++) {
		const struct row_pair *pair = &port->pairs[i];
		struct ip ip = pair->prefix.ip;

		if (pair->prefix.bits != 128 || !mac_equal(pair->mac, port->mac) ||
		    ip_is_v4(ip) != ip_is_v4(target))
			continue;
		if (!found || common_bits(ip, target) > common_bits(best, target))
			best = ip;
		found = true;
	}
	if (!ip_is_v4(target) && (!found || is_link_local(target)))
		best = ip_from_eui64(link, port->mac);
	return best;
}

static bool read_prefix(const json_t *object, const char *name, struct prefix *out)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text && prefix_parse(text, false, out);
}

static bool read_ip(const json_t *object, const char *name, struct ip *out)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text && ip_parse(text, out);
}

static bool find_host_route(const json_t *subnets, struct ip target, struct ip *next)
{
	json_t *subnet, *route;
	int best = -1;
	size_t i, k;

	json_array_foreach ((json_t *)subnets, i, subnet)
		json_array_foreach (json_object_get(subnet, "host_routes"), k, route) {
			struct prefix prefix;
			struct ip hop;

			if (!read_prefix(route, "destination", &prefix) ||
			    !read_ip(route, "nexthop", &hop) || prefix.bits <= best ||
			    !prefix_contains(prefix, target))
				continue;
			best = prefix.bits;
			*next = hop;
		}
	return best >= 0;
}

bool trace_route_next(const json_t *subnets, struct ip source, struct ip target,
		      struct ip *next)
{
	struct prefix prefix;
	json_t *subnet;
	struct ip any = ip_none;
	size_t i;

	if (!ip_is_v4(target) && is_link_local(target)) {
		*next = target;
		return true;
	}
	json_array_foreach ((json_t *)subnets, i, subnet)
		if (read_prefix(subnet, "cidr", &prefix) && prefix_contains(prefix, target)) {
			*next = target;
			return true;
		}
	if (find_host_route(subnets, target, next))
		return true;
	json_array_foreach ((json_t *)subnets, i, subnet) {
		struct ip gateway;

		if (!read_prefix(subnet, "cidr", &prefix) ||
		    !read_ip(subnet, "gateway_ip", &gateway) ||
		    ip_is_v4(gateway) != ip_is_v4(target))
			continue;
		if (ip_is_none(any) || prefix_contains(prefix, source))
			any = gateway;
	}
	*next = any;
	return !ip_is_none(any);
}

bool trace_route_is_broadcast(const json_t *subnets, struct ip target, struct mac *mac)
{
	struct prefix prefix;
	json_t *subnet;
	size_t i;

	json_array_foreach ((json_t *)subnets, i, subnet)
		if (read_prefix(subnet, "cidr", &prefix) && prefix_is_v4(prefix) &&
		    prefix.bits < 127 && ip_equal(prefix_last(prefix), target)) {
			*mac = (struct mac){{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
			return true;
		}
	return false;
}
