/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Firewalls of routers (fwaas_v2): rules, ordered into policies, which groups set before the
 * interfaces of routers. A group judges what a router sends out of such a port (ingress: into the
 * subnet behind it) and what enters the router by it (egress); the first rule that means a
 * connection decides, and what none means is denied.
 */
#pragma once

#include "lib/ip.h"
#include "model/object.h"

enum firewall_action {
	FIREWALL_ALLOW,
	FIREWALL_DENY,
	FIREWALL_REJECT,
};

struct firewall_rule {
	struct object object;
	char *protocol; /* name or number; NULL: any */
	int64_t ip_version;
	char *source_ip_address; /* an address or a prefix; NULL: any */
	char *destination_ip_address;
	char *source_port; /* "80" or "80:90"; NULL: any */
	char *destination_port;
	uint32_t action; /* enum firewall_action */
	bool enabled;	 /* false: as if it were in no policy */
	bool shared;
	struct uuid source_group_id, destination_group_id; /* wishes, refused */
};

struct firewall_policy {
	struct object object;
	struct vec rules; /* struct uuid, each once, in the order in which they are asked */
	bool audited;	  /* somebody has looked at it since it changed */
	bool shared;
};

struct firewall_group {
	struct object object;
	struct uuid ingress_policy_id, egress_policy_id; /* none: all is denied */
	struct vec ports;    /* struct uuid of routers' interfaces, each in one group at most */
	bool admin_state_up; /* false: all is denied */
	bool shared;
};

extern const struct attr_table firewall_rule_table;
extern const struct attr_table firewall_policy_table;
extern const struct attr_table firewall_group_table;

#define FIREWALL_DEFAULT	 "default" /* the group of each project */
#define FIREWALL_DEFAULT_INGRESS "default ingress"
#define FIREWALL_DEFAULT_EGRESS	 "default egress"

#define FIREWALL_RULE_MAX 1000 /* of a policy */
#define FIREWALL_PORT_MAX 1000 /* of a group */

/* What can be said of a rule alone: protocol, ports, addresses and version agree. */
bool firewall_rule_validate(const struct firewall_rule *rule, GError **error);
/* 0-255, or SECURITY_PROTOCOL_ANY; the protocol must be valid. */
int firewall_rule_get_protocol(const struct firewall_rule *rule);
/* False: it says none. */
bool firewall_rule_get_source(const struct firewall_rule *rule, struct prefix *out);
bool firewall_rule_get_destination(const struct firewall_rule *rule, struct prefix *out);
/* "80" or "80:90"; false: NULL, or neither. */
bool firewall_ports_parse(const char *text, uint16_t *low, uint16_t *high);

bool firewall_group_has_port(const struct firewall_group *group, struct uuid port_id);
bool firewall_policy_has_rule(const struct firewall_policy *policy, struct uuid rule_id);
