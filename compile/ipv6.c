/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/ipv6.h"

#include "compile/text.h"
#include "compile/value.h"

/* The IPv6 subnet of the port's Nth address, or NULL. */
static const struct subnet *subnet_of(const struct cloud *cloud, const struct port *port,
				      uint32_t n)
{
	const struct fixed_ip *fixed = port->fixed_ips.items;
	const struct subnet *subnet = cloud_find_subnet(cloud, fixed[n].subnet_id);

	return subnet && !prefix_is_v4(subnet->cidr) ? subnet : NULL;
}

static bool list_has(json_t *list, json_t *value)
{
	json_t *other;
	size_t i;

	json_array_foreach (list, i, other)
		if (json_equal(other, value))
			return true;
	return false;
}

/* A port may have several addresses on one subnet: it is said once. Takes the reference. */
static void list_add(json_t *list, json_t *value)
{
	if (list_has(list, value))
		json_decref(value);
	else
		json_array_append_new(list, value);
}

static void list_add_dns(json_t *list, const struct subnet *subnet)
{
	const struct ip *servers = subnet->dns_nameservers.items;

	for (uint32_t i = 0; i < subnet->dns_nameservers.count; i++)
		if (!ip_is_v4(servers[i]))
			list_add(list, value_from_ip(servers[i]));
}

/* Several subnets of a network have one router's interface: one advertisement tells of all. */
json_t *ipv6_print_ra(const struct cloud *cloud, const struct port *port)
{
	json_t *prefixes = json_array(), *dns = json_array(), *ra;
	bool managed = false, other = false;

	for (uint32_t i = 0; i < port->fixed_ips.count; i++) {
		const struct subnet *subnet = subnet_of(cloud, port, i);
		json_t *prefix;

		if (!subnet || subnet->ipv6_ra_mode == IPV6_MODE_NONE)
			continue;
		managed = managed || subnet->ipv6_ra_mode == IPV6_MODE_DHCPV6_STATEFUL;
		other = other || subnet->ipv6_ra_mode == IPV6_MODE_DHCPV6_STATELESS;
		prefix = json_object();
		json_object_set_new(prefix, "prefix", value_from_prefix(subnet->cidr));
		json_object_set_new(
			prefix, "auto",
			json_boolean(subnet->ipv6_ra_mode != IPV6_MODE_DHCPV6_STATEFUL));
		list_add(prefixes, prefix);
		list_add_dns(dns, subnet);
	}
	if (!json_array_size(prefixes)) {
		json_decref(prefixes);
		json_decref(dns);
		return NULL;
	}
	ra = json_object();
	json_object_set_new(ra, "managed", json_boolean(managed));
	json_object_set_new(ra, "other", json_boolean(other));
	json_object_set_new(ra, "prefixes", prefixes);
	json_object_set_new(ra, "dns", dns);
	return ra;
}

static bool is_stateful(const struct subnet *subnet)
{
	return subnet->ipv6_address_mode == IPV6_MODE_DHCPV6_STATEFUL ||
	       (subnet->ipv6_address_mode == IPV6_MODE_NONE &&
		subnet->ipv6_ra_mode == IPV6_MODE_NONE);
}

json_t *ipv6_print_dhcp(const struct cloud *cloud, const struct port *port)
{
	const struct fixed_ip *fixed = port->fixed_ips.items;
	json_t *ips = json_array(), *dns = json_array(), *dhcp = json_object();
	bool served = false;

	for (uint32_t i = 0; i < port->fixed_ips.count; i++) {
		const struct subnet *subnet = subnet_of(cloud, port, i);

		if (!subnet || !subnet->enable_dhcp ||
		    (!is_stateful(subnet) &&
		     subnet->ipv6_address_mode != IPV6_MODE_DHCPV6_STATELESS))
			continue;
		served = true;
		if (is_stateful(subnet))
			json_array_append_new(ips, value_from_ip(fixed[i].ip));
		list_add_dns(dns, subnet);
	}
	json_object_set_new(dhcp, "ips", ips);
	json_object_set_new(dhcp, "dns", dns);
	if (served) {
		json_object_set_new(dhcp, "options", text_list_options(cloud, port, 6));
		return dhcp;
	}
	json_decref(dhcp);
	return NULL;
}
