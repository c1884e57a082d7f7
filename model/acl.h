/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network ACLs: numbered rules at the borders of subnets, each direction and each packet by itself.
 * A subnet names its ACL (subnet.h); what no rule of that means is denied.
 */
#pragma once

#include "lib/ip.h"
#include "model/object.h"

struct network_acl {
	struct object object;
};

/* The first rule, by its number, that means a packet decides about it. */
struct network_acl_rule {
	struct object object;
	struct uuid network_acl_id;
	int64_t number;		/* its alone in its ACL and direction */
	uint32_t direction;	/* enum direction: into the subnet, out of it */
	uint32_t action;	/* enum acl_action */
	uint32_t ethertype;	/* 0: both; else enum ethertype + 1 */
	char *protocol;		/* name or number; NULL: any */
	int64_t port_range_min; /* ATTR_INT_NONE: any; ICMP: type */
	int64_t port_range_max; /* ... code */
	char *remote_ip_prefix; /* whoever is on the other side; NULL: anybody */
};

enum acl_action {
	ACL_ALLOW,
	ACL_DENY,
};

extern const struct attr_table network_acl_table;
extern const struct attr_table network_acl_rule_table;

#define ACL_NUMBER_MAX 32766 /* behind it stands the rule that denies all */

/* Names in lower case, prefixes without host bits, and the family that follows from the rest. */
void network_acl_rule_complete(struct network_acl_rule *rule);
/* What can be said of a completed rule without its ACL. */
bool network_acl_rule_validate(const struct network_acl_rule *rule, GError **error);
/* 0-255, or SECURITY_PROTOCOL_ANY; the protocol must be valid. */
int network_acl_rule_get_protocol(const struct network_acl_rule *rule);
bool network_acl_rule_get_prefix(const struct network_acl_rule *rule, struct prefix *out);
