/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is known about a packet while it walks. Offsets count from the start of
 * the (inner) frame, which itself starts at `base` of the buffer. No pointers:
 * the struct crosses functions that the verifier looks at one by one.
 */
#pragma once

#include "abi/drop.h"
#include "abi/map.h"
#include "abi/policy.h"

#define DP_ETH_SIZE 14
#define DP_PULL	    128 /* bytes of headers wanted in the linear part */
#define DP_QUOTE    128 /* bytes of a packet quoted by an ICMP error; a multiple of 4 */

/* linux/icmp.h and netinet/in.h cannot be included for the kernel's machine. */
#define DP_PROTO_ICMPV6	     58
#define DP_ICMP_ECHO_REPLY   0
#define DP_ICMP_ECHO	     8
#define DP_ICMPV6_ECHO	     128
#define DP_ICMPV6_ECHO_REPLY 129

#define DP_TCP_FIN 0x01
#define DP_TCP_SYN 0x02
#define DP_TCP_RST 0x04
#define DP_TCP_ACK 0x10

enum dp_fragment {
	DP_UNFRAGMENTED = 0,
	DP_FRAGMENT_FIRST = 1,
	DP_FRAGMENT_LATER = 2,
};

/* Headers as parsed: all that the hit path needs. */
struct dp_head {
	struct flow_key key;
	__u32 size;    /* bytes of the frame */
	__u16 base;    /* 0, or behind the tunnel headers */
	__u16 l4;      /* offset of the transport header; 0 when there is none */
	__u32 ip_size; /* bytes of the IP packet by its own word */
	__u8 l4_size;  /* bytes of the transport header */
	__u8 ttl;      /* or hop limit */
	__u8 tos;      /* or traffic class */
	__u8 tcp;      /* flags */
	__u8 fragment; /* enum dp_fragment */
	__u8 pad;
	__u16 chain; /* where what is behind an IPv6 fragment header begins; 0: there is none */
	__u32 fragment_id;
};

/* Tunnel headers as parsed. */
struct dp_outer {
	struct abi_ip source;
	__u32 flags; /* host order, without D and A */
	__u32 vni;   /* the whole second word */
	__u8 tos;
	__u8 base; /* bytes of them: where the inner frame starts */
	__u8 pad[6];
};

/* What one port's policy makes of a packet. */
enum dp_hold {
	DP_HOLD_NOTHING = 0, /* not filtered: the guard is all */
	DP_HOLD_CONN = 1,    /* its connection lets it pass */
	DP_HOLD_OPEN = 2,    /* ... which it opens */
	DP_HOLD_FREE = 3,    /* passes without one */
};

/* Who is to get it. */
enum dp_to {
	DP_TO_PLACE = 0, /* a port, here or elsewhere */
	DP_TO_ROUTER = 1,
	DP_TO_MANY = 2,
};

/* What of a packet has another form on the other side of a gateway. */
enum dp_nat {
	DP_NAT_NOTHING = 0,
	DP_NAT_FLOW = 1, /* its own address and port */
	DP_NAT_QUOTE =
		2, /* its address, and those of the packet that it, an ICMP error, quotes */
};

/* A port of this host that sends the packet, or is given it. */
struct dp_side {
	__u32 slot; /* 0: there is none */
	__u32 bank; /* of its policy */
	__u32 peer; /* identity of the other side */
	__u32 rule; /* that decided */
	__u32 acl;  /* bank of the network ACL that was asked; 0: none */
	__u32 acl_rule;
	__u8 filtered;
	__u8 hold;   /* enum dp_hold */
	__u8 made;   /* an entry of `conn` for this packet */
	__u8 log;    /* the rule that lets it pass is logged */
	__u8 border; /* network ACLs guard some of its subnets */
	__u8 pad[3];
};

/* A router's port that the packet goes through, and the firewall group there. */
struct dp_crossing {
	__u32 bank;
	__u32 ingress; /* the router sends it out of the port; else it has come in by it */
	__u32 rule;    /* that has decided */
};

#define DP_CROSSINGS (2 * LIM_ROUTER_HOPS) /* a power of two */

/* A question to the policy, and the answer. */
struct dp_ask {
	struct abi_ip peer;
	__u32 chain; /* POLICY_CHAIN() */
	__u32 identity;
	__u8 proto;
	__u8 port[2];
	__u8 portless; /* a later fragment: only what holds for any port */
	struct policy_verdict verdict;
};

/* A packet on the miss path. */
struct dp_pkt {
	struct dp_head head;
	struct dp_outer outer;

	/* who sent it, after admission */
	__u32 slot; /* 0: it came by tunnel */
	__u32 vni;
	__u32 identity;
	__u32 port_flags;
	__u32 network_flags;
	__u32 flood_chunks;
	__u32 mtu;  /* of the network it is in now */
	__u32 from; /* vtep that sent it */
	struct abi_mac port_mac;
	__u8 hops;   /* routers crossed */
	__u8 walked; /* it is no hit of the flow table */

	/* what policy has to say of it */
	struct dp_side
		side[2]; /* of the sender and of the receiver: CONN_SENT, CONN_RECEIVED */
	struct dp_ask ask;
	__u32 peer;    /* identity of the destination */
	__u32 account; /* slot that a drop counts on; 0: the sender's */
	__u8 reject;   /* the policy says that the sender is to be told */
	__u8 to;       /* enum dp_to */
	__u8 quotes;   /* it is an ICMP error about `quoted` */
	__u8 log;      /* the rule that denies it is logged */
	struct flow_key quoted;

	/* what a gateway makes of it */
	struct nat_value nat; /* its new form ... */
	struct nat_value
		raw;	 /* ... from outside: the one on the wire; p->head has the new one */
	__u8 translates; /* enum dp_nat */
	__u8 nat_made;	 /* the entries of `nat` are new with this packet */
	__u8 nat_pad[6];

	/* what routers' firewalls have to say of it */
	struct dp_crossing crossing[DP_CROSSINGS];
	__u32 crossings;
	__u32 answers;		/* it tells what was rejected: nobody judges it */
	struct flow_key judged; /* whose passing is asked about: what opened its connection */

	/* cells the verdict depends on; see GENERATIONS */
	__u32 gens;
	__u32 gen_host;	   /* cell 0, as read before any table */
	__u32 gen_routers; /* that of all routers, as well */
	__u32 gen_was[FLOW_GENS];
	__u16 gen[FLOW_GENS];
	__u16 gen_pad;

	/* what came of it */
	__u32 place;
	__s32 verdict; /* TC verdict when a stage has consumed it, else -1 */
	__u32 router;  /* the last one reached; 0: none */
	__u32 pad;
	struct abi_ip router_ip; /* its address on the sender's side; zeros: not yet asked */
	struct flow_value rec;
	__u8 quote[DP_QUOTE]; /* of an ICMP error, zeros behind its end */
};
