/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Port: one attachment of a workload to a network.
 */
#pragma once

#include "lib/ip.h"
#include "model/binding.h"
#include "model/object.h"

struct fixed_ip {
	struct uuid subnet_id;
	struct ip ip;
};

struct address_pair {
	struct prefix ip;
	struct mac mac; /* none in a request: the port's own */
};

struct dhcp_option {
	char *name;
	char *value;
	int64_t ip_version;
};

#define PORT_OWNER_ROUTER  "network:router_interface"
#define PORT_OWNER_GATEWAY "network:router_gateway"
#define PORT_OWNER_COMPUTE "compute:"
#define PORT_OWNER_DHCP	   "network:dhcp"

struct port {
	struct object object;
	struct uuid network_id;
	struct mac mac;
	bool admin_state_up;
	bool port_security_enabled;
	struct vec fixed_ips;		  /* struct fixed_ip */
	struct vec allowed_address_pairs; /* struct address_pair */
	struct vec extra_dhcp_opts;	  /* struct dhcp_option */
	struct vec security_groups;	  /* struct uuid, sorted, each once */
	struct vec labels;		  /* struct label, sorted by key */
	struct vec named_ports;		  /* struct named_port */
	char *device_id; /* a router's id when device_owner is PORT_OWNER_ROUTER or _GATEWAY */
	char *device_owner;
	const char *host_id; /* binding:host_id, interned; NULL: unbound */
	char *profile;	     /* binding:profile, JSON text */
	char *dns_name;	     /* lower case; "" or NULL: none */
	char *dns_domain;    /* ... and goes before the network's */
	struct vec bindings; /* struct binding: those that wait, none for host_id */
	uint32_t vnic_type;
	uint32_t identity;	/* 24 bits; never 0 */
	uint32_t binding_state; /* enum binding_state of host_id */
	bool deferred; /* it waits for addresses until it is on a host that is joined to some */
};

extern const struct attr_table port_table;
extern const struct attr_table port_fixed_ip_table; /* items of fixed_ips */

#define PORT_FIXED_IP_MAX 64
#define PORT_OPTION_MAX	  64
#define PORT_PAIR_MAX	  10
#define PORT_GROUP_MAX	  64
#define PORT_BINDING_MAX  16

/* What can be said of a port without its network: no duplicates, usable MAC, complete pairs,
 * options that can be. */
bool port_validate(const struct port *port, GError **error);

bool port_is_router_interface(const struct port *port);
bool port_is_gateway(const struct port *port);
/* Its host is to wire it as a workload's: there is one, and it was not refused. */
bool port_is_bound(const struct port *port);

bool port_option_has_value(const struct dhcp_option *option);
/* The options of PORT, as an update gives them, become those of BEFORE with these changes: an option
 * (by name and ip_version) with a value is set, one without is taken away. */
void port_merge_options(struct port *port, const struct port *before);
