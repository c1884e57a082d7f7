/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names. A port without one is called host-10-0-0-5, as everywhere in OpenStack.
 */
#include "model/dns.h"

#include <string.h>

#include "lib/error.h"
#include "model/cloud.h"

#define DNS_LABEL_MAX 63

static bool refuse(const char *attr, const char *name, const char *reason, GError **error)
{
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
		    "Invalid input for %s. Reason: '%s' %s.", attr, name, reason);
	return false;
}

/* SIZE characters from LABEL. */
static bool label_is_good(const char *label, gsize size)
{
	for (gsize i = 0; i < size; i++)
		if (!g_ascii_isalnum(label[i]) && label[i] != '-')
			return false;
	return size && size <= DNS_LABEL_MAX && label[0] != '-' && label[size - 1] != '-';
}

bool dns_check_name(const char *attr, const char *name, bool domain, GError **error)
{
	const char *label = name, *last = name;

	if (!name || !*name)
		return true;
	if (strlen(name) > DNS_NAME_MAX)
		return refuse(attr, name, "is longer than 255 characters", error);
	if (domain && name[strlen(name) - 1] != '.')
		return refuse(attr, name, "is not a FQDN: it does not end with a dot", error);
	while (*label) {
		gsize size = strcspn(label, ".");

		if (!label_is_good(label, size))
			return refuse(attr, name, "is not a name of letters, digits and '-'",
				      error);
		last = label;
		label += size;
		label += *label == '.';
	}
	if (last != name && strspn(last, "0123456789") == strcspn(last, "."))
		return refuse(attr, name, "ends with a number", error);
	return true;
}

const char *dns_get_domain(const struct cloud *cloud, const struct port *port)
{
	const struct network *network;

	if (port->dns_domain && *port->dns_domain)
		return port->dns_domain;
	network = cloud ? cloud_find_network(cloud, port->network_id) : NULL;
	if (network && network->dns_domain && *network->dns_domain)
		return network->dns_domain;
	return cloud ? cloud_get_dns_domain(cloud) : NULL;
}

static bool name_is_whole(const char *name)
{
	return name && *name && name[strlen(name) - 1] == '.';
}

bool dns_check_port(const struct cloud *cloud, const struct port *port, GError **error)
{
	const char *domain = dns_get_domain(cloud, port);
	g_autofree char *end = g_strconcat(".", domain ? domain : "", NULL);
	gsize length = strlen(port->dns_name ? port->dns_name : "");

	if (!dns_check_name("dns_name", port->dns_name, false, error) ||
	    !dns_check_name("dns_domain", port->dns_domain, true, error))
		return false;
	if (!length)
		return true;
	if (name_is_whole(port->dns_name))
		return (domain && g_str_has_suffix(port->dns_name, end)) ||
		       refuse("dns_name", port->dns_name, "is not in the port's domain", error);
	return length + (domain ? strlen(end) : 0) <= DNS_NAME_MAX ||
	       refuse("dns_name", port->dns_name, "is too long in the port's domain", error);
}

char *dns_print_host(const struct cloud *cloud, const struct port *port, struct ip ip)
{
	const char *domain = dns_get_domain(cloud, port);
	g_autofree char *end = g_strconcat(".", domain ? domain : "", NULL);
	char address[IP_TEXT], *name;

	if (!port->dns_name || !*port->dns_name) {
		name = g_strdup_printf("host-%s", ip_print(ip, address));
		return g_strdelimit(name, ".:", '-');
	}
	/* One that is whole loses its domain, or, when that has changed since, only its dot. */
	name = g_strdup(port->dns_name);
	if (name_is_whole(name))
		name[strlen(name) - (g_str_has_suffix(name, end) ? strlen(end) : 1)] = '\0';
	return name;
}

json_t *dns_print_assignment(const void *object, const void *world)
{
	const struct port *port = object;
	const char *domain = dns_get_domain(world, port);
	json_t *list = json_array();
	char address[IP_TEXT];

	for (uint32_t i = 0; i < port->fixed_ips.count; i++) {
		struct ip ip = vec_at(struct fixed_ip, &port->fixed_ips, i)->ip;
		g_autofree char *host = dns_print_host(world, port, ip);
		g_autofree char *whole =
			domain ? g_strconcat(host, ".", domain, NULL) : g_strdup(host);

		json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "hostname", host,
						      "ip_address", ip_print(ip, address),
						      "fqdn", whole));
	}
	return list;
}
