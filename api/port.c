/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports: MAC and addresses, identity, binding.
 */
#include "api/port.h"

#include <string.h>

#include "api/access.h"
#include "api/address.h"
#include "api/binding.h"
#include "api/log.h"
#include "api/interface.h"
#include "api/notice.h"
#include "api/rbac.h"
#include "api/security.h"
#include "lib/error.h"
#include "model/dns.h"

#define MAC_TRIES 64

static bool was_given(uint64_t given, const char *name)
{
	return given & attr_bit_of(&port_table, name);
}

/* MAC */

static bool port_generate_mac(struct job *job, struct port *port)
{
	for (unsigned int i = 0; i < MAC_TRIES; i++) {
		guint32 random = g_random_int();

		port->mac = (struct mac){{0xfa, 0x16, 0x3e, (uint8_t)(random >> 16),
					  (uint8_t)(random >> 8), (uint8_t)random}};
		if (address_claim_mac(job, port))
			return true;
	}
	return false;
}

static bool port_take_mac(struct job *job, struct port *port, GError **error)
{
	char id[UUID_TEXT], mac[MAC_TEXT];

	uuid_print(port->network_id, id);
	if (mac_is_none(port->mac)) {
		if (port_generate_mac(job, port))
			return true;
		g_set_error(
			error, WEFT_ERROR, WEFT_ERROR_UNAVAILABLE,
			"NetworkMacAddressGenerationFailure: Unable to generate unique mac on "
			"network %s.",
			id);
		return false;
	}
	if (address_claim_mac(job, port))
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
		    "MacAddressInUse: Unable to complete operation for network %s. The mac "
		    "address %s is in use.",
		    id, mac_print(port->mac, mac));
	return false;
}

/* A workload that runs would go on with the old one. */
static bool port_change_mac(struct job *job, const struct port *before, struct port *port,
			    GError **error)
{
	char id[UUID_TEXT], was[MAC_TEXT], is[MAC_TEXT];

	if (mac_equal(before->mac, port->mac))
		return true;
	if (before->host_id) {
		g_set_error(
			error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
			"PortBound: Unable to complete operation on port %s, port is already "
			"bound, port type: tap, old_mac %s, new_mac %s.",
			uuid_print(port->object.id, id), mac_print(before->mac, was),
			mac_print(port->mac, is));
		return false;
	}
	if (!port_take_mac(job, port, error))
		return false;
	address_release_mac(job, before);
	/* Automatic addresses follow the MAC. */
	for (uint32_t i = 0; i < port->fixed_ips.count; i++) {
		struct fixed_ip *fixed = vec_at(struct fixed_ip, &port->fixed_ips, i);
		const struct subnet *subnet = job_find(job, KIND_SUBNET, fixed->subnet_id);

		if (subnet && subnet_is_auto_address(subnet))
			fixed->ip = ip_none;
	}
	return true;
}

static void port_fill_pairs(struct port *port)
{
	for (uint32_t i = 0; i < port->allowed_address_pairs.count; i++) {
		struct address_pair *pair =
			vec_at(struct address_pair, &port->allowed_address_pairs, i);

		if (mac_is_none(pair->mac))
			pair->mac = port->mac;
	}
}

static bool port_take_identity(struct job *job, struct port *port, GError **error)
{
	g_autofree char *label = security_print_label(port);

	port->identity = job_get_identity(job, label);
	if (port->identity)
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_EXHAUSTED,
		    "OverQuota: Project %s: all identities are taken.",
		    port->object.project_id);
	return false;
}

/* What its identity stands for may have changed. */
static bool port_is_another(uint64_t given)
{
	return was_given(given, "security_groups") || was_given(given, "labels") ||
	       was_given(given, "named_ports");
}

bool api_port_complete(struct job *job, const struct port *before, struct port *port,
		       uint64_t given, GError **error)
{
	bool addresses = was_given(given, "fixed_ips");

	if (!port_validate(port, error))
		return false;
	if (before) {
		if (!port_change_mac(job, before, port, error))
			return false;
		port_fill_pairs(port);
		return port_validate(port, error) &&
		       security_complete_port(job, before, port, given, error) &&
		       (!port_is_another(given) || port_take_identity(job, port, error)) &&
		       address_allocate(job, before, port, addresses, error);
	}
	if (!port_take_mac(job, port, error))
		return false;
	port_fill_pairs(port);
	job_guard(job, KIND_NETWORK, port->network_id);
	if (!port_is_gateway(port)) /* used as a way out, by its router's project */
		rbac_use(job, KIND_NETWORK, job_find(job, KIND_NETWORK, port->network_id),
			 port->object.project_id);
	return port_validate(port, error) &&
	       security_complete_port(job, NULL, port, given, error) &&
	       port_take_identity(job, port, error) &&
	       address_allocate(job, NULL, port, addresses, error);
}

static bool port_is_routers(const struct port *port)
{
	return port_is_router_interface(port) || port_is_gateway(port);
}

/* Ports of routers are made and moved by the router's own actions, which check more. */
static bool port_check_owner(const struct port *before, const struct port *port, uint64_t given,
			     GError **error)
{
	bool was = before && port_is_routers(before);
	char id[UUID_TEXT];

	if (!was && !port_is_routers(port))
		return true;
	if (was && !was_given(given, "device_owner") && !was_given(given, "device_id") &&
	    !was_given(given, "mac_address") && !was_given(given, "binding:host_id") &&
	    !(port_is_gateway(before) && was_given(given, "fixed_ips")))
		return true;
	g_set_error(
		error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
		"UnsupportedPortDeviceOwner: Operation %s is not supported for device_owner %s "
		"on port %s.",
		before ? "update" : "create", was ? before->device_owner : port->device_owner,
		uuid_print(port->object.id, id));
	return false;
}

/* Nova is owed NOTICE by the very transaction that makes it true. */
static void port_owe(struct job *job, const struct port *port, enum notice notice)
{
	char key[NOTICE_TEXT], value[NOTICE_TEXT];

	if (!job_api(job)->config.nova || !notice_is_due(port))
		return;
	notice_print(port, notice, job_now(job), key, value);
	job_set(job, key, value);
}

static bool port_has_moved(const struct port *before, const struct port *port)
{
	const struct attr *addresses = attr_find(&port_table, "fixed_ips");

	return !mac_equal(before->mac, port->mac) ||
	       attr_compare(addresses, before, port, NULL) != 0;
}

/* Names are the same in any case. */
static void name_lower(char **name)
{
	char *lower = *name ? g_ascii_strdown(*name, -1) : NULL;

	g_free(*name);
	*name = lower;
}

static void port_lower_names(struct port *port)
{
	name_lower(&port->dns_name);
	name_lower(&port->dns_domain);
}

/* A name that its network's domain has left behind hinders no other change. */
static bool port_check_names(struct job *job, const struct port *before,
			     const struct port *port, uint64_t given, GError **error)
{
	return (before && !was_given(given, "dns_name") && !was_given(given, "dns_domain")) ||
	       dns_check_port(job_cloud(job), port, error);
}

static bool port_put(struct job *job, const void *before_object, void *object, uint64_t given,
		     GError **error)
{
	const struct resource *networks = resource_get(KIND_NETWORK);
	const struct port *before = before_object;
	struct port *port = object;
	const struct network *network = job_find(job, KIND_NETWORK, port->network_id);

	if (!network ||
	    (!before && !access_sees(job_api(job)->access, job_caller(job), networks, network)))
		return resource_not_found(networks, port->network_id, error);
	if (!port_check_owner(before, port, given, error))
		return false;
	if (before)
		port_merge_options(port, before);
	if (!before && !was_given(given, "port_security_enabled"))
		port->port_security_enabled = network->port_security_enabled;
	if (!port_is_gateway(port))
		binding_judge(job, before, port);
	port_lower_names(port);
	if (!port_check_names(job, before, port, given, error) ||
	    !api_port_complete(job, before, port, given, error) ||
	    (before && port_is_router_interface(before) && was_given(given, "fixed_ips") &&
	     !interface_update(job, before, port, error)))
		return false;
	if (before && port_has_moved(before, port))
		port_owe(job, port, NOTICE_CHANGED);
	return true;
}

static bool port_del(struct job *job, const void *object, GError **error)
{
	const struct port *port = object;
	char id[UUID_TEXT];

	if (port_is_routers(port)) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
			    "ServicePortInUse: Port %s cannot be deleted directly via the port "
			    "API: has device owner %s.",
			    uuid_print(port->object.id, id), port->device_owner);
		return false;
	}
	address_release(job, port);
	log_forget(job, port->object.id);
	port_owe(job, port, NOTICE_DELETED);
	return true;
}

const struct resource api_port = {
	.kind = KIND_PORT,
	.put = port_put,
	.del = port_del,
};
