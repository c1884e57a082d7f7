/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Keys and values of the data plane's maps: what the agent writes, the programs
 * read, and trace runs natively. One noun a struct. Every key is free of
 * padding. Addresses are 16 bytes (IPv4 as ::ffff:a.b.c.d, RFC 4291 2.5.5.2).
 *
 * Order of writing: what is referred to before what refers to it; then the
 * generation cells of what changed (see GENERATIONS), by one store each.
 */
#pragma once

#include <linux/types.h>

#include "abi/limits.h"

/*
 * Of this page. A running agent carries maps of older ones over, by the names of their members;
 * those of newer ones it refuses. Counted up when something changes that the names do not say, too:
 * then no cached verdict survives.
 */
#define ABI_VERSION 2

struct abi_ip {
	union {
		__u8 b[16];
		__be32 w[4];
		__u64 d[2];
	};
};

struct abi_mac {
	__u8 b[6];
};

/* ------------------------------------------------------------------ ports */

#define PORT_UP	       0x01 /* admin_state_up */
#define PORT_PEER      0x02 /* veth into a namespace: deliver by bpf_redirect_peer */
#define PORT_UNGUARDED 0x04 /* port_security_enabled is false: guard lets all pass */
#define PORT_DHCP4     0x08 /* the agent serves DHCPv4 here */
#define PORT_FILTERED  0x10 /* `policy` decides; else what the guard lets pass does */
#define PORT_DHCP6     0x20 /* the agent serves DHCPv6 here */
#define PORT_BORDER    0x40 /* `border` has entries of it; else none of its subnets is guarded */
#define PORT_GATEWAY   0x80 /* a router's: the outside is behind a physical device, `ifindex` */

/* Map `port`: array by port slot (1..LIM_HOST_PORTS-1; slot 0 is nobody). */
struct port_value {
	__u32 ifindex; /* host end of the veth, or the tap; 0: slot is free */
	__u32 vni;
	__u32 identity; /* 24 bits */
	__u32 flags;	/* PORT_* */
	struct abi_mac mac;
	__u16 mtu;    /* of the tenant network: the largest IP packet */
	__u32 policy; /* bank (abi/policy.h); 0: none yet */
};

/* Map `device`: hash from ifindex (__u32) to port slot (__u32). */

/*
 * Map `guard`: LPM trie. A port may send from (MAC, address) pairs that are
 * here; the port's own addresses with full length, allowed address pairs with
 * their prefix. For ARP and ND the same look-up.
 */
struct guard_key {
	__u32 prefixlen; /* GUARD_PREFIX_BASE + address bits (96 + n for IPv4) */
	__u32 slot;
	struct abi_mac mac;
	__be16 ethertype; /* IPv4 (ARP, too) or IPv6: ::/0 is not 0.0.0.0/0 */
	struct abi_ip ip;
} __attribute__((packed));

#define GUARD_PREFIX_BASE 96 /* bits of guard_key before the address */

/* value: __u32, 1 */

/*
 * Map `border`: LPM trie: the network ACL (abi/policy.h, POLICY_STATELESS) that judges what goes
 * over the border of a port's subnet. Keys are the port's own addresses: its subnets', and in
 * front of each family's addresses the subnet where one is at home that lies in none of them.
 */
struct border_key {
	__u32 prefixlen; /* BORDER_PREFIX_BASE + address bits (96 + n for IPv4) */
	__u16 slot;
	__be16 ethertype; /* IPv4 or IPv6 */
	struct abi_ip ip;
};

#define BORDER_PREFIX_BASE 32 /* bits of border_key before the address */

struct border_value {
	struct abi_ip subnet; /* whoever is in it, too, is not on the other side */
	struct abi_ip mask;
	__u32 acl; /* bank; 0: not in place yet, nothing passes */
	__u32 pad;
};

/* --------------------------------------------------------------- networks */

#define NETWORK_UP	 0x01
#define NETWORK_FLOOD	 0x02 /* unknown unicast and ARP are replicated, not dropped */
#define NETWORK_RA	 0x04 /* a router advertises: solicitations are the agent's */
/* Some router on the way to or from it has a port with a firewall group: ports keep connections. */
#define NETWORK_FIREWALL 0x08
/* ... and has not had it for long: TCP connections of which nobody has kept anything may go on. */
#define NETWORK_RESUME	 0x10

/* Map `network`: hash from VNI (__u32). */
struct network_value {
	__u32 flags;	    /* NETWORK_* */
	__u32 mtu;	    /* largest IP packet */
	__u32 flood_chunks; /* entries of `flood` with this VNI */
	__u32 pad;
};

/*
 * A place: where a frame goes. Upper 4 bits say what kind, lower 28 the index.
 */
#define PLACE_KIND(place)  ((place) >> 28)
#define PLACE_INDEX(place) ((place)&0x0fffffff)
#define PLACE(kind, index) ((__u32)(kind) << 28 | (index))

enum place_kind {
	PLACE_NONE = 0,
	PLACE_PORT = 1,	  /* index: port slot on this host */
	PLACE_VTEP = 2,	  /* index: entry of `vtep` */
	PLACE_ROUTER = 3, /* index: router number; the MAC is a router interface's */
};

/* Map `mac`: hash, the forwarding table: who has this MAC in this network. */
struct mac_key {
	__u32 vni;
	struct abi_mac mac;
	__u8 pad[2]; /* zero */
};

struct mac_value {
	__u32 place;
	__u32 identity;
};

/* Map `location`: hash, the neighbour table: who has this address in this network. */
struct location_key {
	__u32 vni;
	__u32 pad; /* zero */
	struct abi_ip ip;
};

struct location_value {
	struct abi_mac mac;
	__u16 pad;
};

/* Map `flood`: hash. Where a broadcast of a network is replicated to. */
struct flood_key {
	__u32 vni;
	__u32 chunk; /* 0 .. flood_chunks-1 */
};

struct flood_value {
	__u32 count;
	__u32 place[LIM_FLOOD_CHUNK]; /* PLACE_PORT before PLACE_VTEP over all chunks */
};

/* ---------------------------------------------------------------- routers */

#define ROUTE_UP	0x01 /* the router's admin_state_up */
#define ROUTE_BLACKHOLE 0x02 /* discard */
#define ROUTE_GATEWAY	0x04 /* next hop is `via`, else the destination itself */
#define ROUTE_LOCAL	0x08 /* the router's own address (a full-length route) */

/* Map `route`: LPM trie. Two questions of a router, each with prefixes of its own. */
enum route_kind {
	ROUTE_TO = 0,  /* where to with a packet for this address? */
	ROUTE_OWN = 1, /* as whom does the router speak to it? `via`: its address there */
};

struct route_key {
	__u32 prefixlen; /* ROUTE_PREFIX_BASE + address bits (96 + n for IPv4) */
	__u32 router;
	__be16 ethertype; /* IPv4 or IPv6 */
	__u16 kind;	  /* enum route_kind */
	struct abi_ip ip;
} __attribute__((packed));

#define ROUTE_PREFIX_BASE 64 /* bits of route_key before the address */

struct route_value {
	__u32 flags; /* ROUTE_* */
	__u32 vni;   /* of the network the packet enters */
	struct abi_ip via;
	struct abi_mac mac; /* the router's interface on that network: new source MAC */
	__u16 mtu; /* largest IP packet on this way, if less than the network's; 0: it is not */
};

/*
 * Map `firewall`: hash from mac_key, the MAC of a router's port, to the bank (__u32; abi/policy.h) of
 * its firewall group; 0: not in place yet, nothing passes. What the router sends out of the port is its
 * ingress chains', what enters by it its egress chains'. Only networks with NETWORK_FIREWALL ask.
 */

/* --------------------------------------------------------------- gateways */

/*
 * A router's way out of the cloud is a port on one host, with a slot there (PORT_GATEWAY). To the
 * others it is a next hop of the router like any, the *door*, in the network of VNI 0, which is
 * no tenant's: its MAC, one for each router, leads there by `mac`, on that host to the slot.
 */
#define GATEWAY_VNI 0

#define GATEWAY_SNAT 0x01 /* IPv4 leaves under its own address, or not at all */

/*
 * Map `gateway`: array by port slot. Pairs are of IPv4 and IPv6, zeros where there is none. The
 * world is asked for on the wire as far as it is in `link`, else it is behind `next_hop`, if any.
 */
struct gateway_value {
	struct abi_ip address[2]; /* its own: what it translates to, and speaks as */
	struct abi_ip next_hop[2];
	struct abi_ip link[2]; /* the external subnet */
	struct abi_ip mask[2];
	__u32 router; /* number: where what comes in begins */
	__u32 flags;  /* GATEWAY_* */
	__u32 front;  /* slot that `outside` has for its address: one of those that share it */
	struct abi_mac device_mac; /* the physical device's: the wire knows no other */
	__u16 pad;
	__u32 reserved;
};

#define OUTSIDE_OWN  0x01 /* an address of the gateway itself (full length) */
#define OUTSIDE_LINK 0x02 /* the external subnet: not for us; ARP asks in SLOT's name */

/*
 * Map `outside`: LPM trie: what of a physical device's traffic is for gateways. Without flags: a
 * prefix inside that the world reaches through SLOT as it is.
 */
struct outside_key {
	__u32 prefixlen; /* OUTSIDE_PREFIX_BASE + address bits (96 + n for IPv4) */
	__u32 ifindex;
	__be16 ethertype; /* IPv4 (ARP, too) or IPv6 */
	__u16 pad;	  /* zero */
	struct abi_ip ip;
} __attribute__((packed));

#define OUTSIDE_PREFIX_BASE 64 /* bits of outside_key before the address */

struct outside_value {
	__u32 slot;
	__u32 flags; /* OUTSIDE_* */
};

enum nat_way {
	NAT_OUT = 0, /* from the inside: what the world sees in its place */
	NAT_IN = 1,  /* from the world: who is meant */
};

/*
 * Map `nat`: hash, two entries a connection through a gateway that translates. Programs make them
 * with the entry of `conn` (whose `local` end is outside), without which they mean nothing: who takes
 * that away takes them, too. ICMP echo: the identifier is `port`. Protocols without ports have 0 and 0.
 */
struct nat_key {
	__u32 slot; /* NAT_OUT: the gateway's; NAT_IN: its `front` */
	__u8 proto;
	__u8 way;  /* enum nat_way */
	__u16 pad; /* zero */
	__be16 port;
	__be16 rport;
	__u32 reserved;	      /* zero */
	struct abi_ip addr;   /* with `port`: inside (NAT_OUT), or in its place (NAT_IN) */
	struct abi_ip remote; /* with `rport`: outside */
};

struct nat_value {
	struct abi_ip addr; /* the other form of addr and port */
	__be16 port;
	__u16 pad;
	__u32 slot; /* the gateway's */
};

_Static_assert(sizeof(struct outside_key) == 28, "no padding but its own");
_Static_assert(sizeof(struct nat_key) == 48, "no padding but its own");
_Static_assert(sizeof(struct gateway_value) == 152, "no padding but its own");

/* ------------------------------------------------------------------ hosts */

#define VTEP_KNOWN    0x01 /* entry in use */
#define VTEP_RESOLVED 0x02 /* dst/src MAC and ifindex are valid: no FIB look-up */
#define VTEP_V6	      0x04 /* IPv6 underlay */

/*
 * Map `vtep`: array by index (1..LIM_HOSTS-1). How to reach a host. Read on
 * every encapsulated packet, so a new next hop takes effect at once.
 */
struct vtep_value {
	struct abi_ip remote;
	struct abi_ip local;
	__u32 flags; /* VTEP_* */
	__u32 ifindex;
	struct abi_mac next_hop; /* outer destination MAC */
	struct abi_mac source;	 /* outer source MAC */
	__u16 mtu;		 /* underlay MTU towards it */
	__u16 csum;		 /* vtep_header_csum(); 0 with VTEP_V6 */
	__u32 pad[2];
};

/*
 * Checksum of the outer IPv4 header towards VTEP but for its length and TOS: 16-bit words
 * as loaded, so that the data plane adds the two in network order (RFC 1624).
 */
static inline __u16 vtep_header_csum(const struct vtep_value *vtep)
{
	/* version and length, do not fragment, TTL 64 and UDP: big-endian words */
	static const __u8 fixed[8] = {0x45, 0, 0x40, 0, 64, 17, 0, 0};
	__u32 sum = 0;
	__u16 word;

	for (int i = 0; i < 8; i += 2) {
		__builtin_memcpy(&word, fixed + i, 2);
		sum += word;
	}
	for (int i = 12; i < 16; i += 2) {
		__builtin_memcpy(&word, vtep->local.b + i, 2);
		sum += word;
		__builtin_memcpy(&word, vtep->remote.b + i, 2);
		sum += word;
	}
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__u16)~sum;
}

/* Map `peer`: hash from outer source address (struct abi_ip) to vtep index (__u32). */

/* -------------------------------------------------------------- the flows */

/*
 * GENERATIONS. Map `generation`: one array element holding LIM_GENERATIONS
 * cells. A verdict remembers the sum of the cells it was made under: cell 0
 * (this host) and up to FLOW_GENS cells of the things it used, each cell chosen
 * by hash (an unused place names cell 0 again). A writer increments the cells of what it changed after the tables
 * are written; cells only grow, so an equal sum means nothing changed. Two things
 * that share a cell cost a needless walk, never a wrong verdict.
 *
 * A walk through several routers uses one cell for all routers of this host in place of one for each, and
 * none for the addresses and MACs by which one leads to the next: so five do for any number.
 */
struct generation_value {
	__u32 cell[LIM_GENERATIONS];
};

enum generation_kind {
	GEN_PORT = 1,	 /* id: port slot */
	GEN_MAC = 2,	 /* id: hash of VNI and MAC; see abi/hash.h */
	GEN_ROUTER = 3,	 /* id: router number */
	GEN_NETWORK = 4, /* id: VNI */
	GEN_ADDRESS = 5, /* id: hash of VNI and address */
	GEN_ROUTERS = 6, /* all routers; see generation_routers() */
};

/*
 * What a writer bumps, after its tables are written:
 *   port, guard, border  GEN_PORT of the slot
 *   mac             GEN_MAC; for a router's MAC also GEN_ROUTER (of both, old and new)
 *   location        GEN_ADDRESS; of an address that was a router's also GEN_ROUTERS
 *   route           GEN_ROUTER
 *   gateway         GEN_PORT of the slot, as of `port`; `outside` and `nat` nothing
 *   firewall        GEN_ROUTER of the router whose MAC it is
 *   ... GEN_ROUTERS with each GEN_ROUTER
 *   network         cell 0 when flags or mtu of a known network change, else nothing
 *   device, flood   nothing (they are read for each packet that needs them)
 *   vtep, peer      cell 0 when an index gets another host or a peer goes, else nothing
 */

#define FLOW_WAYS 8 /* a power of two */
/* Sender, receiver, destination MAC and address, router or all of them: who needs more is not cached. */
#define FLOW_GENS 5

#define FLOW_TUNNEL  0x80000000 /* in flow_key.context: came by tunnel, rest is the VNI */
#define FLOW_OUTSIDE 0x40000000 /* ... from outside through a gateway, rest is its slot */

/* 56 bytes, seven words. Two packets with equal keys are treated alike. */
struct flow_key {
	__u32 context; /* ifindex of the port's device; or FLOW_TUNNEL | VNI ... */
	__be16 sport;  /* ICMP: type and code; echo: identifier in dport */
	__be16 dport;
	struct abi_mac smac;
	__u8 proto; /* IPPROTO_*, after extension headers */
	__u8 kind;  /* enum flow_kind */
	struct abi_mac dmac;
	__be16 ethertype; /* IPv4 or IPv6 */
	struct abi_ip saddr;
	struct abi_ip daddr;
};

enum flow_kind {
	FLOW_WHOLE = 0,	   /* not a fragment, or one whose ports are known */
	FLOW_FRAGMENT = 1, /* later fragment with no known first: ports are 0 */
};

enum flow_verdict {
	FLOW_EMPTY = 0,
	FLOW_DROP = 1,	  /* reason says why */
	FLOW_PORT = 2,	  /* deliver to a port of this host */
	FLOW_VTEP = 3,	  /* encapsulate */
	FLOW_GATEWAY = 4, /* to the physical network, by the gateway in rx_slot */
};

#define FLOW_ROUTED 0x01 /* rewrite MACs and decrement TTL by hops */
#define FLOW_PEER   0x02 /* deliver by bpf_redirect_peer */
#define FLOW_CONN   0x04 /* a conn entry of tx_slot or rx_slot is to be touched */
/* What the policy of the sender, and of the receiver (<< 1), has made of it. */
#define FLOW_HELD   0x08 /* passes by a connection: without its entry the packet walks */
#define FLOW_FREE   0x20 /* passes without: has no entry */
#define FLOW_REJECT 0x80 /* of FLOW_DROP: the sender is told */
#define FLOW_LOG    0x01 /* of FLOW_DROP: the rule that denies is logged */

/*
 * Map `flow`: array of sets of FLOW_WAYS records, one range of sets a CPU, in it by hash of
 * the key. The first cache line decides, the second acts. Not a per-CPU array: that one's
 * elements are found by a table of pointers, whose line is cold when flows are many, and begin
 * at any multiple of eight; memory that can be mapped begins at a page.
 */
struct flow_value {
	/* first line */
	struct flow_key key;
	__u32 gen_sum;
	__u16 gen[2]; /* the first two cells; the others stand in `more` */
	/* second line */
	__u8 verdict; /* enum flow_verdict */
	__u8 reason;  /* enum dp_drop */
	__u8 flags;   /* FLOW_* */
	__u8 hops;    /* routers crossed */
	__u16 more[FLOW_GENS - 2];
	__be16 sport;	     /* outer source port */
	__u32 out;	     /* ifindex to deliver to, or vtep index */
	__u32 from;	     /* tunnel: vtep index that must be the outer source */
	struct abi_mac dmac; /* MACs on the way out, routed or not */
	struct abi_mac smac;
	__u32 vx_flags; /* tunnel header, host order; on receipt: what it must be */
	__u32 vx_vni;
	__u16 tx_slot; /* port whose packet this is (0: it came by tunnel) */
	__u16 rx_slot; /* port it is delivered to (0: it leaves by tunnel) */
	__u32 mtu;     /* largest IP packet on the way out */
	__u32 seen; /* jiffies, low bits: when conn was last touched; of a denial: the rule */
	__u32 packets; /* since conn was last touched; of a denial: the peer's identity */
	__u64 bytes;
};

struct flow_set {
	struct flow_value way[FLOW_WAYS];
};

_Static_assert(sizeof(struct guard_key) == 32, "no padding");
_Static_assert(sizeof(struct border_key) == 24, "no padding");
_Static_assert(sizeof(struct mac_key) == 12, "no padding");
_Static_assert(sizeof(struct location_key) == 24, "no padding but its own");
_Static_assert(sizeof(struct route_key) == 28, "no padding");
_Static_assert(sizeof(struct vtep_value) == 64, "one cache line");
_Static_assert(sizeof(struct flow_key) == 56, "seven words");
_Static_assert(sizeof(struct flow_value) == 128, "two cache lines");

/*
 * Map `conn`: hash, the truth about connections. One entry per
 * local port and connection; addresses as that port sees them, canonical order:
 * the port's own side is `local`. ICMP echo: the identifier is the port of the side that asks,
 * the other's is 0. Protocols without ports have 0 and 0.
 */
struct conn_key {
	__u32 slot; /* local port */
	__be16 lport;
	__be16 rport;
	struct abi_ip local;
	struct abi_ip remote;
	__u32 proto;
	__u32 pad; /* zero */
};

enum conn_state {
	CONN_NEW = 0,	      /* one direction seen */
	CONN_ESTABLISHED = 1, /* both directions seen */
	CONN_FIN = 2,	      /* one side has sent FIN */
	CONN_CLOSING = 3,     /* both have */
	CONN_CLOSED = 4,      /* RST, or FIN acknowledged */
};

struct conn_value {
	__u64 seen;	  /* jiffies64 of the last packet that touched it */
	__u64 created;	  /* jiffies64 */
	__u64 packets[2]; /* [0] sent by the local port, [1] received */
	__u64 bytes[2];
	__u32 remote_identity;
	__u8 state;  /* enum conn_state */
	__u8 origin; /* 0: the local port opened it, 1: the other side */
	__u8 fin;    /* bit 0: local has sent FIN, bit 1: remote has */
	__u8 pad;
	__u32 rule; /* that let it be opened (abi/policy.h); 0: a default, or no policy */
	__u32 reserved;
};

/*
 * Map `port_conns`: array by port slot, a port's share of `conn`. Programs count what they open
 * and stop at `allowed` (serial arithmetic); the agent moves it on by what has ended. The
 * programs' words come first, the agent writes its own alone.
 */
struct port_conns_value {
	__u32 opened; /* entries ever made */
	__u32 second; /* low bits of jiffies64 / HZ: of the current second ... */
	__u32 before; /* ... `opened` when it began: up to LIM_OPEN_RATE more */
	__u32 allowed;
};

/*
 * Map `sources`: array by port slot. From whom connections towards the port come: of one source's two
 * words one has the second (upper 12 bits) and how many it has opened in it. While most of the port's
 * share is in use, each source may open `most` a second and no more, so that one that floods cannot
 * take what is left from the others. The agent writes `most` alone.
 */
#define SOURCE_BITS   5
#define SOURCE_SECOND 20 /* bits of the count below it */

struct sources_value {
	__u32 most; /* 0: an eighth of the share */
	__u32 pad;
	__u32 word[1 << SOURCE_BITS];
};

_Static_assert(sizeof(struct conn_key) == 48, "no padding but its own");
_Static_assert(sizeof(struct conn_value) == 64, "one cache line");
_Static_assert(sizeof(struct port_conns_value) == 16, "no padding");
_Static_assert(sizeof(struct sources_value) % 8 == 0, "as the kernel spaces what is mapped");

/* Map `fragment`: LRU hash from the first fragment to its ports. */
struct fragment_key {
	__u32 context; /* as flow_key.context */
	__u32 id;      /* IP identification, as on the wire */
	struct abi_ip saddr;
	struct abi_ip daddr;
	__u32 proto;
	__u32 door; /* what goes to a gateway by tunnel: last bytes of its MAC; else zero */
};

struct fragment_value {
	__be16 sport;
	__be16 dport;
};

/* --------------------------------------------------------------- counters */

/* Map `port_stats`: per-CPU array by port slot. "rx" is what the workload receives. */
struct port_stats_value {
	__u64 tx_packets;
	__u64 tx_bytes;
	__u64 rx_packets;
	__u64 rx_bytes;
};

/* Map `drops`: per-CPU array of __u64 by slot * DP_DROP_COUNT + reason; slot 0: no port. */

/* Map `host_stats`: per-CPU array, one element. */
struct host_stats_value {
	__u64 flow_hits;
	__u64 flow_misses;
	__u64 flow_evictions; /* a live record made room */
	__u64 conn_created;
	__u64 encap_fallbacks; /* left by the vxlan device: -EALREADY */
	__u64 flood_copies;
	__u64 punts;
	__u64 conn_full; /* passed without an entry in `conn` */
};

/* ------------------------------------------------------------------ punts */

enum punt_kind {
	PUNT_DHCP4 = 1,
	PUNT_DHCP6 = 2,
	PUNT_RS = 3,  /* router solicitation */
	PUNT_ASK = 4, /* ARP or ND, for an address that is not known yet */
};

/* Ring buffer `punt`: a frame for the agent. */
struct punt_event {
	__u32 kind; /* enum punt_kind */
	__u32 slot; /* the port that sent it */
	__u32 size; /* bytes of frame; the frame is not longer */
	__u32 pad;
	__u8 frame[LIM_PUNT_FRAME];
};

/* Map `budget`: array by port slot: what was done on its account in a second. */
struct budget_value {
	__u64 second;  /* jiffies64 / HZ of the current second */
	__u32 punts;   /* up to LIM_PUNT_RATE */
	__u32 errors;  /* ICMP errors sent to it, up to LIM_ERROR_RATE */
	__u32 rejects; /* answers to what its policy rejects, up to LIM_ERROR_RATE */
	__u32 asks;    /* up to LIM_ASK_RATE */
};

/* ---------------------------------------------------------------- samples */

enum sample_kind {
	SAMPLE_DROP = 1,   /* dropped, and why */
	SAMPLE_BEFORE = 2, /* as it came */
	SAMPLE_AFTER = 3,  /* as it leaves */
	SAMPLE_OPEN = 4,   /* of a flow: it may pass, and begins; see sample_flow */
	SAMPLE_DENY = 5,   /* ... it may not */
	SAMPLE_SOME = 6,   /* of slot 0: flows of ports whose own slots say so */
};

#define SAMPLE_RECEIVED 0x01 /* for the port; without it: from the port */
#define SAMPLE_LOGGED	0x02 /* of a flow: its rule asks for it, whoever looks on */
#define SAMPLE_FREE	0x04 /* ... passes without a connection */

/* Ring buffer `sample`: how a frame begins, for who looks on. */
struct sample_event {
	__u64 time; /* CLOCK_MONOTONIC, ns */
	__u32 slot;
	__u32 length; /* bytes of the frame */
	__u16 size;   /* of them, as many follow */
	__u8 kind;    /* enum sample_kind */
	__u8 reason;  /* enum dp_drop */
	__u8 flags;   /* SAMPLE_* */
	__u8 pad[3];
	__u8 frame[];
};

/* In place of a frame, of SAMPLE_OPEN and SAMPLE_DENY: the flow as its port sees it. */
struct sample_flow {
	struct conn_key key;
	__u32 identity; /* of the other end; 0: not known */
	__u32 rule;	/* that decided; 0: a default */
};

/* Map `sampling`: array by port slot: what is looked at. Drops and flows of all: by slot 0. */
struct sampling_value {
	__u64 until; /* jiffies64: an agent that has died looks on no longer */
	__u32 kinds; /* bits 1 << enum sample_kind; 0: nothing, the rest is not read */
	__u32 size;  /* bytes of a frame, up to LIM_SAMPLE_LONG */
};

/* Map `sampled`: per-CPU array by port slot. */
struct sampled_value {
	__u64 lost; /* not sampled: too many in a second, or the ring is full */
	__u64 second;
	__u64 taken; /* drops in it, up to LIM_SAMPLE_RATE */
	__u64 told;  /* flows in it, as many; of each kind by itself */
	__u64 denied;
	__u64 untold; /* flows that were too many, or for which the ring was full */
};

_Static_assert(sizeof(struct sample_event) == 24, "no padding");
_Static_assert(sizeof(struct sample_flow) == sizeof(struct conn_key) + 8, "no padding");
