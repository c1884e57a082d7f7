/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the rules mean, said the slow way: a walk over them. It is the definition that banks are
 * compared with, and answers "may A speak to B" where no packet is at hand.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "policy/peer.h"
#include "policy/rule.h"

/* A packet as one port's chain sees it. */
struct policy_packet {
	uint32_t kind;		 /* POLICY_INGRESS | POLICY_V6 | POLICY_STATELESS */
	uint8_t proto;		 /* IPPROTO_* */
	uint16_t port;		 /* destination port, or ICMP type << 8 | code; else 0 */
	uint16_t source;	 /* source port; else 0 */
	struct ip peer;		 /* the other end's address */
	struct ip near;		 /* ... and this end's, of what a firewall group judges */
	const char *const *sets; /* ... its sets, interned */
	gsize set_count;
};

/* Does RULE mean PACKET? */
bool policy_twin_matches(const struct policy_rule *rule, const struct policy_packet *packet,
			 peer_addresses addresses, void *data);

/*
 * The rule that decides among RULES (sorted by policy_rule_compare), or NULL: by default, which
 * is to deny.
 */
const struct policy_rule *policy_twin_find(const struct policy_rule *const *rules, gsize count,
					   const struct policy_packet *packet,
					   peer_addresses addresses, void *data);
