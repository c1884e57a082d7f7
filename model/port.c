/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The attributes of a port, and what can be said of one without its network.
 */
#include "model/port.h"

#include <string.h>

#include "lib/error.h"
#include "model/cloud.h"
#include "model/dns.h"
#include "model/gateway.h"
#include "model/host.h"
#include "model/selector_policy.h"

const struct attr_table port_fixed_ip_table = {
	.singular = "fixed_ip",
	.size = sizeof(struct fixed_ip),
	.attrs =
		(const struct attr[]){
			{.name = "subnet_id",
			 .type = ATTR_UUID,
			 .flags = ATTR_NULLABLE,
			 .offset = offsetof(struct fixed_ip, subnet_id)},
			{.name = "ip_address",
			 .type = ATTR_IP,
			 .flags = ATTR_NULLABLE,
			 .offset = offsetof(struct fixed_ip, ip)},
			{.name = NULL},
		},
};

static const struct attr_table pair_table = {
	.singular = "address_pair",
	.size = sizeof(struct address_pair),
	.attrs =
		(const struct attr[]){
			{.name = "ip_address",
			 .type = ATTR_PREFIX,
			 .flags = ATTR_REQUIRED | ATTR_BARE,
			 .offset = offsetof(struct address_pair, ip)},
			{.name = "mac_address",
			 .type = ATTR_MAC,
			 .flags = ATTR_NULLABLE,
			 .offset = offsetof(struct address_pair, mac)},
			{.name = NULL},
		},
};

static const struct attr_table option_table = {
	.singular = "dhcp_option",
	.size = sizeof(struct dhcp_option),
	.attrs =
		(const struct attr[]){
			{.name = "opt_name",
			 .type = ATTR_STRING,
			 .flags = ATTR_REQUIRED,
			 .max = 64,
			 .offset = offsetof(struct dhcp_option, name)},
			{.name = "opt_value",
			 .type = ATTR_STRING,
			 .flags = ATTR_REQUIRED | ATTR_NULLABLE,
			 .max = 255,
			 .offset = offsetof(struct dhcp_option, value)},
			{.name = "ip_version",
			 .type = ATTR_INT,
			 .min = 4,
			 .max = 6,
			 .initial = "4",
			 .offset = offsetof(struct dhcp_option, ip_version)},
			{.name = NULL},
		},
};

static const struct attr_table group_table = {
	.singular = "security_group",
	.size = sizeof(struct uuid),
	.attrs = (const struct attr[]){{.type = ATTR_UUID}},
};

static json_t *port_print_allocation(const void *object, const void *world)
{
	const struct port *port = object;

	if (port->fixed_ips.count)
		return json_string("immediate");
	return json_string(port->deferred ? "deferred" : "none");
}

static json_t *port_print_status(const void *object, const void *world)
{
	return json_string(
		status_names[world ? cloud_get_port_status(world, object) : STATUS_DOWN]);
}

static const char *port_vif_type(const struct port *port, const struct cloud *cloud)
{
	if (port_is_router_interface(port))
		return "distributed";
	if (port_is_gateway(port))
		return gateway_get_vif_type(port, cloud);
	return binding_get_vif_type(port->host_id, port->binding_state, cloud);
}

static json_t *port_print_vif_type(const void *object, const void *world)
{
	return json_string(port_vif_type(object, world));
}

static json_t *port_print_vif_details(const void *object, const void *world)
{
	return binding_print_vif_details(port_vif_type(object, world));
}

static const struct attr attrs[] = {
	OBJECT_HEAD,
	OBJECT_NAME,
	{.name = "network_id",
	 .type = ATTR_UUID,
	 .flags = ATTR_ONCE | ATTR_FIND | ATTR_REQUIRED,
	 .offset = offsetof(struct port, network_id),
	 .help = "the network it is on"},
	{.name = "mac_address",
	 .type = ATTR_MAC,
	 .flags = ATTR_BOTH | ATTR_FIND | ATTR_NULLABLE | ATTR_COLUMN,
	 .offset = offsetof(struct port, mac),
	 .help = "default: one that is free on the network"},
	{.name = "fixed_ips",
	 .type = ATTR_LIST,
	 .flags = ATTR_BOTH | ATTR_FILTER | ATTR_COLUMN,
	 .offset = offsetof(struct port, fixed_ips),
	 .item = &port_fixed_ip_table,
	 .max = PORT_FIXED_IP_MAX,
	 .help = "addresses by subnet_id, ip_address or both; default: one of each version"},
	{.name = "ip_allocation",
	 .type = ATTR_STRING,
	 .flags = ATTR_VISIBLE | ATTR_COMPUTED | ATTR_FIND,
	 .print = port_print_allocation,
	 .help = "immediate: it has addresses; none: it has none; deferred: it is given some with "
		 "a host that is joined to where they are"},
	{.name = "status",
	 .type = ATTR_STRING,
	 .flags = ATTR_VISIBLE | ATTR_COMPUTED | ATTR_FIND | ATTR_COLUMN,
	 .print = port_print_status,
	 .help = "ACTIVE when its host has wired it"},
	{.name = "admin_state_up",
	 .type = ATTR_BOOL,
	 .flags = ATTR_BOTH | ATTR_FIND,
	 .offset = offsetof(struct port, admin_state_up),
	 .initial = "true",
	 .help = "false: nothing passes"},
	{.name = "port_security_enabled",
	 .type = ATTR_BOOL,
	 .flags = ATTR_BOTH,
	 .offset = offsetof(struct port, port_security_enabled),
	 .help = "it sends only with its own addresses; default: the network's"},
	{.name = "security_groups",
	 .type = ATTR_LIST,
	 .flags = ATTR_BOTH | ATTR_FILTER | ATTR_UNIQUE,
	 .offset = offsetof(struct port, security_groups),
	 .item = &group_table,
	 .max = PORT_GROUP_MAX,
	 .help = "ids of the groups whose rules it is held to; default: the project's default"},
	{.name = "labels",
	 .type = ATTR_LIST,
	 .flags = ATTR_BOTH | ATTR_FILTER | ATTR_MAP,
	 .offset = offsetof(struct port, labels),
	 .item = &label_table,
	 .max = LABEL_MAX,
	 .help = "what policies know it by: KEY=VALUE"},
	{.name = "named_ports",
	 .type = ATTR_LIST,
	 .flags = ATTR_BOTH,
	 .offset = offsetof(struct port, named_ports),
	 .item = &named_port_table,
	 .max = NAMED_PORT_MAX,
	 .help = "names of what it serves, for policies: name, protocol, port"},
	{.name = "allowed_address_pairs",
	 .type = ATTR_LIST,
	 .flags = ATTR_BOTH,
	 .offset = offsetof(struct port, allowed_address_pairs),
	 .item = &pair_table,
	 .help = "further addresses it may send with: ip_address, mac_address"},
	{.name = "extra_dhcp_opts",
	 .type = ATTR_LIST,
	 .flags = ATTR_BOTH | ATTR_MERGE,
	 .offset = offsetof(struct port, extra_dhcp_opts),
	 .item = &option_table,
	 .max = PORT_OPTION_MAX,
	 .help = "further DHCP options: opt_name, opt_value, ip_version"},
	{.name = "device_id",
	 .type = ATTR_STRING,
	 .flags = ATTR_BOTH | ATTR_FIND,
	 .offset = offsetof(struct port, device_id),
	 .max = 255,
	 .help = "what uses it: an id that its owner understands"},
	{.name = "device_owner",
	 .type = ATTR_STRING,
	 .flags = ATTR_BOTH | ATTR_FIND,
	 .offset = offsetof(struct port, device_owner),
	 .max = 255,
	 .help = "who uses it: compute:zone, network:router_interface ..."},
	{.name = "dns_name",
	 .type = ATTR_STRING,
	 .flags = ATTR_BOTH | ATTR_FILTER | ATTR_NULL_IN,
	 .offset = offsetof(struct port, dns_name),
	 .max = DNS_NAME_MAX,
	 .help = "what DHCP calls it"},
	{.name = "dns_domain",
	 .type = ATTR_STRING,
	 .flags = ATTR_BOTH | ATTR_FILTER | ATTR_NULL_IN,
	 .offset = offsetof(struct port, dns_domain),
	 .max = DNS_NAME_MAX,
	 .help = "the domain that DHCP tells it; default: the network's"},
	{.name = "dns_assignment",
	 .type = ATTR_LIST,
	 .flags = ATTR_VISIBLE | ATTR_COMPUTED,
	 .print = dns_print_assignment,
	 .help = "its name by each address: hostname, ip_address, fqdn"},
	{.name = "binding:host_id",
	 .type = ATTR_SYMBOL,
	 .flags = ATTR_BOTH | ATTR_FILTER | ATTR_ADMIN_SET | ATTR_ADMIN_SEE | ATTR_NULL_IN,
	 .offset = offsetof(struct port, host_id),
	 .max = 255,
	 .help = "the host that is to wire it"},
	{.name = "binding:vif_type",
	 .type = ATTR_STRING,
	 .flags = ATTR_VISIBLE | ATTR_COMPUTED | ATTR_ADMIN_SEE,
	 .print = port_print_vif_type,
	 .help = "tap; unbound without a host; binding_failed with one that cannot have it"},
	{.name = "binding:vif_details",
	 .type = ATTR_DICT,
	 .flags = ATTR_VISIBLE | ATTR_COMPUTED | ATTR_ADMIN_SEE,
	 .print = port_print_vif_details,
	 .help = "what the host's hypervisor must know"},
	{.name = "binding:vnic_type",
	 .type = ATTR_ENUM,
	 .flags = ATTR_BOTH,
	 .offset = offsetof(struct port, vnic_type),
	 .names = vnic_types,
	 .initial = "normal",
	 .help = "kind of interface; only normal is wired"},
	{.name = "binding:profile",
	 .type = ATTR_DICT,
	 .flags = ATTR_BOTH | ATTR_ADMIN_SET | ATTR_ADMIN_SEE | ATTR_NULL_IN,
	 .offset = offsetof(struct port, profile),
	 .max = 4095,
	 .help = "kept for the hypervisor's manager"},
	{.name = "identity",
	 .type = ATTR_U32,
	 .flags = 0,
	 .offset = offsetof(struct port, identity),
	 .help = "what its packets carry"},
	{.name = "binding_state",
	 .type = ATTR_ENUM,
	 .flags = 0,
	 .offset = offsetof(struct port, binding_state),
	 .names = binding_states,
	 .initial = "bound",
	 .help = "whether the host took it"},
	{.name = "deferred",
	 .type = ATTR_BOOL,
	 .flags = 0,
	 .offset = offsetof(struct port, deferred),
	 .initial = "false",
	 .help = "whether it waits for addresses"},
	{.name = "bindings",
	 .type = ATTR_LIST,
	 .flags = 0,
	 .offset = offsetof(struct port, bindings),
	 .item = &binding_kept_table,
	 .max = PORT_BINDING_MAX,
	 .help = "on further hosts, until they are activated"},
	OBJECT_PROJECT,
	OBJECT_TAIL,
	OBJECT_END,
};

const struct attr_table port_table = {
	.singular = "port",
	.plural = "ports",
	.title = "Port",
	.size = sizeof(struct port),
	.attrs = attrs,
	.help = "An attachment of a workload to a network.",
};

bool port_is_router_interface(const struct port *port)
{
	return g_strcmp0(port->device_owner, PORT_OWNER_ROUTER) == 0;
}

bool port_is_gateway(const struct port *port)
{
	return g_strcmp0(port->device_owner, PORT_OWNER_GATEWAY) == 0;
}

bool port_is_bound(const struct port *port)
{
	return port->host_id && *port->host_id && port->binding_state != BINDING_REFUSED &&
	       !port_is_router_interface(port) && !port_is_gateway(port);
}

static bool port_check_mac(const struct port *port, GError **error)
{
	char text[MAC_TEXT];

	if (!mac_is_multicast(port->mac))
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
		    "Invalid input for mac_address. Reason: '%s' is not a unicast MAC address.",
		    mac_print(port->mac, text));
	return false;
}

static bool port_check_fixed_ips(const struct port *port, GError **error)
{
	const struct vec *ips = &port->fixed_ips;
	char text[IP_TEXT];

	for (uint32_t i = 0; i < ips->count; i++) {
		struct ip ip = vec_at(struct fixed_ip, ips, i)->ip;

		for (uint32_t j = 0; j < i; j++) {
			if (ip_is_none(ip) ||
			    !ip_equal(ip, vec_at(struct fixed_ip, ips, j)->ip))
				continue;
			g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
				    "Invalid input for fixed_ips. Reason: Duplicate IP address "
				    "'%s'.",
				    ip_print(ip, text));
			return false;
		}
	}
	return true;
}

static bool port_check_pairs(const struct port *port, GError **error)
{
	const struct vec *pairs = &port->allowed_address_pairs;
	char prefix[PREFIX_TEXT], mac[MAC_TEXT];

	if (pairs->count > PORT_PAIR_MAX) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "AllowedAddressPairExhausted: The number of allowed address pair "
			    "exceeds the maximum %d.",
			    PORT_PAIR_MAX);
		return false;
	}
	if (pairs->count && !port->port_security_enabled) {
		g_set_error(
			error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
			"AddressPairAndPortSecurityRequired: Port Security must be enabled in "
			"order to have allowed address pairs on a port.");
		return false;
	}
	for (uint32_t i = 0; i < pairs->count; i++) {
		const struct address_pair *pair = vec_at(struct address_pair, pairs, i);

		for (uint32_t j = 0; j < i; j++) {
			const struct address_pair *other =
				vec_at(struct address_pair, pairs, j);

			if (!prefix_equal(pair->ip, other->ip) ||
			    !mac_equal(pair->mac, other->mac))
				continue;
			g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
				    "DuplicateAddressPairInRequest: Request contains duplicate "
				    "address pair: mac_address %s ip_address %s.",
				    mac_print(pair->mac, mac), prefix_print(pair->ip, prefix));
			return false;
		}
	}
	return true;
}

bool port_option_has_value(const struct dhcp_option *option)
{
	return option->value && *option->value;
}

/* Whether one of OPTIONS from FROM on is the same option as LIKE. */
static bool option_is_in(const struct vec *options, uint32_t from,
			 const struct dhcp_option *like)
{
	for (uint32_t i = from; i < options->count; i++) {
		const struct dhcp_option *option = vec_at(struct dhcp_option, options, i);

		if (option->ip_version == like->ip_version &&
		    g_strcmp0(option->name, like->name) == 0)
			return true;
	}
	return false;
}

void port_merge_options(struct port *port, const struct port *before)
{
	struct vec all = {0}, merged = {0};
	struct dhcp_option *option;

	vec_copy(&all, &before->extra_dhcp_opts, &option_table);
	for (uint32_t i = 0; i < port->extra_dhcp_opts.count; i++) {
		option = vec_at(struct dhcp_option, &port->extra_dhcp_opts, i);
		*(struct dhcp_option *)vec_add(&all, sizeof(*option)) = *option;
		*option = (struct dhcp_option){0};
	}
	for (uint32_t i = 0; i < all.count; i++) {
		option = vec_at(struct dhcp_option, &all, i);
		if (!port_option_has_value(option) || option_is_in(&all, i + 1, option))
			continue; /* what is said last counts */
		*(struct dhcp_option *)vec_add(&merged, sizeof(*option)) = *option;
		option->name = option->value = NULL;
	}
	vec_done(&all, &option_table);
	vec_done(&port->extra_dhcp_opts, &option_table);
	port->extra_dhcp_opts = merged;
}

static bool port_check_options(const struct port *port, GError **error)
{
	if (port->extra_dhcp_opts.count > PORT_OPTION_MAX) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "Invalid input for extra_dhcp_opts. Reason: %u are more than %d.",
			    port->extra_dhcp_opts.count, PORT_OPTION_MAX);
		return false;
	}
	for (uint32_t i = 0; i < port->extra_dhcp_opts.count; i++) {
		const struct dhcp_option *option =
			vec_at(struct dhcp_option, &port->extra_dhcp_opts, i);

		if (option->name && port_option_has_value(option) && option->ip_version != 5)
			continue;
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "Invalid input for extra_dhcp_opts. Reason: '%s' has %s.",
			    option->name ? option->name : "",
			    !option->name ? "no name"
			    : !port_option_has_value(option)
				    ? "no value"
				    : "an ip_version other than 4 and 6");
		return false;
	}
	return true;
}

/* Rows about the port go to other hosts, which refuse such a name. */
static bool port_check_host(const struct port *port, GError **error)
{
	if (!port->host_id || !*port->host_id || host_check_name(port->host_id))
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
		    "Invalid input for binding:host_id. Reason: '%s' is not a valid host name.",
		    port->host_id);
	return false;
}

static bool port_check_labels(const struct port *port, GError **error)
{
	if (!label_validate(&port->labels, error)) {
		g_prefix_error(error, "Invalid input for labels. Reason: ");
		return false;
	}
	if (named_ports_validate(&port->named_ports, error))
		return true;
	g_prefix_error(error, "Invalid input for named_ports. Reason: ");
	return false;
}

bool port_validate(const struct port *port, GError **error)
{
	return dns_check_name("dns_name", port->dns_name, false, error) &&
	       dns_check_name("dns_domain", port->dns_domain, true, error) &&
	       port_check_host(port, error) && port_check_labels(port, error) &&
	       port_check_mac(port, error) && port_check_fixed_ips(port, error) &&
	       port_check_pairs(port, error) && port_check_options(port, error);
}
