/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rule of a policy, whatever it was called where it came from: a security group's, a network
 * ACL's, a selector policy's, a firewall group's. It belongs to a set (of ports), and speaks of peers and services.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "abi/policy.h"
#include "lib/ip.h"

/* Asked in this order; the first tier that decides has decided. What none accepts is denied. */
enum policy_tier {
	POLICY_TIER_ACL = 0, /* stateless, each direction by itself: banks of their own */
	POLICY_TIER_POLICY = 1,
	POLICY_TIER_POLICY_LAST = 3, /* each that passes is a floor: LIM_POLICY_FLOORS */
	POLICY_TIER_GROUP = 4,
	POLICY_TIER_BASELINE = 5, /* does not pass: nothing comes after it */
	POLICY_TIER_FIREWALL =
		6, /* at routers' ports: banks of their own, and the tier alone */
	POLICY_TIER_COUNT,
};

enum policy_family {
	POLICY_FAMILY_V4 = 1,
	POLICY_FAMILY_V6 = 2,
	POLICY_FAMILY_BOTH = 3,
};

enum policy_peer {
	POLICY_ANYBODY,
	POLICY_PREFIX,	  /* `prefix` but for `except` */
	POLICY_SET,	  /* ports whose identity has the set `name` */
	POLICY_ADDRESSES, /* addresses of the group `name` */
};

#define POLICY_PROTO_ANY 256

/* Names are owned references to interned GRefStrings, so that equal ones are one pointer. */
struct policy_rule {
	const char *set;  /* the ports it is for */
	const char *id;	  /* what a person knows it by */
	const char *name; /* of POLICY_SET and POLICY_ADDRESSES */
	struct prefix prefix;
	struct prefix *except; /* owned; sorted */
	struct prefix near; /* POLICY_TIER_FIREWALL: the near end's addresses; no bits: all */
	uint32_t except_count;
	uint32_t order; /* within the tier, lower first */
	uint16_t proto; /* IPPROTO_* or POLICY_PROTO_ANY */
	uint16_t low;	/* ports, or ICMP type and code as type << 8 | code */
	uint16_t high;
	uint16_t source_low; /* POLICY_TIER_FIREWALL: source ports */
	uint16_t source_high;
	bool has_source; /* ... which it speaks of */
	uint8_t tier;	 /* enum policy_tier */
	uint8_t family;	 /* enum policy_family, as flags */
	uint8_t peer;	 /* enum policy_peer */
	uint8_t action;	 /* enum policy_action */
	bool ingress;
	bool stateless;
	bool log;
};

void policy_rule_done(struct policy_rule *rule);
void policy_rule_free(struct policy_rule *rule);
struct policy_rule *policy_rule_copy(const struct policy_rule *rule);

/* RULE, which is zero, becomes the last of SET in its direction: it denies all, and is known by what
 * OWNER ("acl:UUID") is, as default-UUID. */
void policy_rule_end_with(struct policy_rule *rule, const char *set, const char *owner,
			  enum policy_tier tier, bool ingress);

/* The rule's number in the kernel: from its id, so that it needs no memory; a firewall's may be in
 * several sets, and is another rule in each. Not 0. */
uint32_t policy_rule_number(const struct policy_rule *rule);

/*
 * Before (< 0) or after OTHER. Rules of one tier and order agree in their action, so that those
 * who say most stand first: one that accepts all with state spares the others.
 */
int policy_rule_compare(const struct policy_rule *rule, const struct policy_rule *other);

/* Is the rule about everybody, and every service? */
bool policy_rule_is_total(const struct policy_rule *rule);
/* ... in the chain KIND (POLICY_INGRESS | POLICY_V6 | POLICY_STATELESS)? */
bool policy_rule_is_in(const struct policy_rule *rule, uint32_t kind);

struct policy_verdict policy_rule_to_verdict(const struct policy_rule *rule, uint32_t order);
