/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies: rules in order for the ports of a project that a selector picks. Modelled so that a
 * NetworkPolicy or AdminNetworkPolicy of Kubernetes is one policy here.
 */
#pragma once

#include "lib/ip.h"
#include "model/object.h"
#include "model/security.h"
#include "model/selector.h"

enum selector_action {
	SELECTOR_ACCEPT,
	SELECTOR_DENY,
	SELECTOR_REJECT,
	SELECTOR_PASS, /* the tiers below decide */
};

/* Ports by their labels, or addresses: one of the three. Without anything: every port. */
struct selector_peer {
	struct selector selector;
	char *cidr;	   /* as it was given */
	struct vec except; /* struct prefix, within cidr */
	struct uuid address_group_id;
};

struct selector_service {
	char *protocol;	   /* name or number */
	char *port;	   /* a number, or a name that ports give to one of theirs */
	int64_t end_port;  /* ATTR_INT_NONE: the same */
	int64_t icmp_type; /* ATTR_INT_NONE: any */
	int64_t icmp_code;
};

struct selector_rule {
	char *name;	    /* within its policy; the API makes one */
	uint32_t direction; /* enum direction */
	uint32_t action;    /* enum selector_action */
	bool log;
	struct vec peers;    /* struct selector_peer, any of them; none: anybody */
	struct vec services; /* struct selector_service, any of them; none: all */
};

struct selector_policy {
	struct object object;
	int64_t tier;
	bool baseline; /* asked after the security groups, not before */
	int64_t priority;
	struct selector subject;
	struct vec default_deny; /* uint32_t, enum direction */
	struct vec rules;	 /* struct selector_rule */
};

extern const struct attr_table selector_policy_table;

#define SELECTOR_TIERS	      3 /* POLICY_TIER_POLICY and on (policy/rule.h) */
#define SELECTOR_PRIORITY_MAX 32766
#define SELECTOR_RULE_MAX     1000
#define SELECTOR_PEER_MAX     100
#define SELECTOR_SERVICE_MAX  100
#define SELECTOR_EXCEPT_MAX   100
#define SELECTOR_PAIR_MAX     10000 /* peers times services, of all rules */
#define SELECTOR_NAME_MAX     40    /* characters of a rule's */

/* What can be said of a policy by itself; rules must have names. */
bool selector_policy_validate(const struct selector_policy *policy, GError **error);
/* Rules without a name get one: the lowest number that no other rule is called by. */
void selector_policy_name_rules(struct selector_policy *policy);
bool selector_policy_denies(const struct selector_policy *policy, enum direction direction);
bool selector_policy_names_group(const struct selector_policy *policy, struct uuid group);

/* 0-255. */
int selector_service_get_protocol(const struct selector_service *service);
/* Its port is a name, not a number. */
bool selector_service_is_named(const struct selector_service *service);
/* Ports, or ICMP type and code as type << 8 | code; of a named one both are 0. */
void selector_service_get_range(const struct selector_service *service, uint16_t *low,
				uint16_t *high);
bool selector_peer_is_ports(const struct selector_peer *peer);

/* A port's own names. */
enum port_protocol {
	PORT_PROTOCOL_TCP,
	PORT_PROTOCOL_UDP,
	PORT_PROTOCOL_SCTP,
};

struct named_port {
	char *name;
	uint32_t protocol; /* enum port_protocol */
	int64_t port;
};

extern const struct attr_table named_port_table;

#define NAMED_PORT_MAX 64 /* of one port */

bool named_ports_validate(const struct vec *named, GError **error);
int named_port_get_protocol(const struct named_port *named); /* IPPROTO_* */
