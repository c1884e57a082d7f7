/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Security groups, their rules, and groups of addresses: who may speak to whose ports.
 */
#pragma once

#include "lib/ip.h"
#include "model/object.h"

#define SECURITY_GROUP_DEFAULT "default" /* of each project; it cannot be taken away */

struct security_group {
	struct object object;
	bool stateful; /* replies of what its rules let pass do */
};

enum direction {
	DIRECTION_INGRESS,
	DIRECTION_EGRESS,
};

enum ethertype {
	ETHERTYPE_IPV4,
	ETHERTYPE_IPV6,
};

/* A rule lets pass; what none does is dropped. It never changes. */
struct security_rule {
	struct object object;
	struct uuid security_group_id;
	uint32_t direction;	/* enum direction */
	uint32_t ethertype;	/* enum ethertype */
	char *protocol;		/* name or number; NULL: any */
	int64_t port_range_min; /* ATTR_INT_NONE: any; ICMP: type */
	int64_t port_range_max; /* ... code */
	char *remote_ip_prefix; /* as it was given */
	struct uuid remote_group_id;
	struct uuid remote_address_group_id;
};

struct address_group {
	struct object object;
	struct vec addresses; /* struct prefix, each once */
};

extern const struct attr_table security_group_table;
extern const struct attr_table security_rule_table;
extern const struct attr_table address_group_table;

#define ADDRESS_GROUP_MAX 4096 /* addresses */

/* As it is shown: names in lower case, and all ports are no range. */
void security_rule_normalize(struct security_rule *rule);
/* What can be said of a rule without its group: protocol, ports, prefix and family agree. */
bool security_rule_validate(const struct security_rule *rule, GError **error);

/* "tcp" or "6": 0-255, or -1. */
int security_protocol_parse(const char *text);
/* 0-255, or SECURITY_PROTOCOL_ANY; the protocol must be valid. ICMP is that of the ethertype. */
#define SECURITY_PROTOCOL_ANY (-1)
int security_rule_get_protocol(const struct security_rule *rule);
bool security_protocol_has_ports(int protocol);
/* The remote prefix without host bits; false: there is none. */
bool security_rule_get_prefix(const struct security_rule *rule, struct prefix *out);
/* They let the same pass. */
bool security_rule_same(const struct security_rule *a, const struct security_rule *b);
