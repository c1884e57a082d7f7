/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a port may say and hear: keys and values of the policy's maps. A *bank* is one
 * compiled policy, shared by all ports of this host that have the same rules; its number
 * follows from the rules' content, so a changed rule makes another bank, which is written
 * whole before a port's `policy` names it by one store: no packet is judged by a mixture.
 *
 * A bank has eight chains. In each, a packet's peer becomes a class (by the identity in the
 * tunnel header, and by its address), its service another (protocol, and destination port or
 * ICMP type and code), and `cell` says what follows: the cost is that of four look-ups, with
 * ten rules or ten thousand. Where identity and address both say something, the lower order wins.
 *
 * A bank of a firewall group, which judges what routers pass on, speaks of both ends. The peer is the
 * *far* end: who sends into the subnet that the router's port is on, or is sent to from there. What is
 * said of the other one, the *near* end, stands under the same chain with POLICY_NEAR: its address
 * becomes a class, and the source port another; `cell` has all four.
 */
#pragma once

#include "abi/map.h"

/* Which chain: flags, so that 0 is what an IPv4 packet leaves by. */
#define POLICY_INGRESS	 1 /* the packet is given to the port; else the port has sent it */
#define POLICY_V6	 2
#define POLICY_STATELESS 4 /* network ACLs: banks of their own (map `border`), asked first */
#define POLICY_NEAR	 4 /* ... and in a bank of a firewall group (map `firewall`): see above */
#define POLICY_CHAINS	 8

#define POLICY_BANK_BITS	 29 /* bank 0 is none: nothing passes */
#define POLICY_CHAIN(bank, kind) ((__u32)(bank) << 3 | (kind))

enum policy_action {
	POLICY_DENY = 0,
	POLICY_ACCEPT = 1,
	POLICY_REJECT = 2, /* denied, and the sender is told: TCP reset, ICMP prohibited */
	POLICY_PASS = 3,   /* ask again on the floor `next`: the tiers below decide */
};

/* Of a verdict (policy_verdict.flags). */
#define POLICY_NO_STATE 0x01 /* accepted without a connection: its reply has no right to pass */
#define POLICY_LOG	0x02

struct policy_verdict {
	__u32 order; /* place among the chain's rules, 0 first */
	__u32 rule;  /* number of the rule that says so (policy/rule.h); 0: the default */
	__u8 action; /* enum policy_action */
	__u8 flags;
	__u16 next; /* of POLICY_PASS */
};

/* What a chain has to be asked for (policy_chain.sources). */
#define POLICY_BY_ANY	   0x01 /* cells of POLICY_PEER_ANY */
#define POLICY_BY_IDENTITY 0x02
#define POLICY_BY_PREFIX   0x04
#define POLICY_ONE_SERVICE                                                                     \
	0x08 /* all packets are of service class 1: `service` need not be asked */
#define POLICY_BY_NEAR 0x10 /* some rule speaks of the near end's address */
#define POLICY_BY_SPORT                                                                        \
	0x20 /* ... of source ports: `service` of POLICY_NEAR is asked, else the class is 0 */

/* SOURCES is 0 where the default says all: no look-up more. */
struct policy_chain {
	struct policy_verdict otherwise; /* what no cell speaks of; order is the highest */
	__u32 sources;
};

/* Map `policy`: hash from bank (__u32). */
struct policy_value {
	struct policy_chain chain[POLICY_CHAINS];
};

#define POLICY_PEER_ANY 0 /* peer class of everybody; others begin at 1, by either source */

/* Map `peer_identity`: hash; value: __u32, peer class. */
struct peer_identity_key {
	__u32 chain; /* POLICY_CHAIN() */
	__u32 identity;
};

/* Map `peer_prefix`: LPM trie; value: __u32, peer class (0: an exception, nobody's). */
struct peer_prefix_key {
	__u32 prefixlen; /* PEER_PREFIX_BASE + address bits (96 + n for IPv4) */
	__u32 chain;
	struct abi_ip ip;
};

#define PEER_PREFIX_BASE 32 /* bits of peer_prefix_key before the address */

/*
 * Map `service`: LPM trie; value: __u32, service class (from 1). A range of ports is some
 * prefixes of 16 bits; any protocol is a prefix that ends before it.
 */
struct service_key {
	__u32 prefixlen; /* SERVICE_ANY, SERVICE_PROTO, or SERVICE_PROTO + bits of the port */
	__u32 chain;
	__u8 proto;   /* IPPROTO_*, after extension headers */
	__u8 port[2]; /* destination port, big-endian; ICMP: type, code; else 0 */
	__u8 pad;     /* zero */
};

#define SERVICE_ANY   32
#define SERVICE_PROTO 40

/*
 * Map `cell`: hash; value: struct policy_verdict. Floor 0 knows all rules; floor n those of the
 * tiers that are left when the nth tier has passed, and exists only where one can.
 */
struct cell_key {
	__u32 chain;
	__u32 peer;
	__u32 service; /* CELL_SERVICE() */
	__u32 floor;   /* of a firewall group, which has no floors: class of the near end */
};

/* Classes of destination and source port; of the latter 0 where nobody asks. */
#define CELL_SERVICE(destination, source) ((destination) | (source) << 16)
#define CELL_CLASSES			  65536 /* fewer of each */

_Static_assert(sizeof(struct policy_verdict) == 12, "no padding but its own");
_Static_assert(sizeof(struct policy_value) == 128, "two cache lines");
_Static_assert(sizeof(struct peer_prefix_key) == 24, "no padding");
_Static_assert(sizeof(struct service_key) == 12, "no padding but its own");
_Static_assert(sizeof(struct cell_key) == 16, "no padding");
