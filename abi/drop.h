/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Why a packet was dropped: the one table. It feeds the programs, the counters,
 * the command line, metrics, trace and the manual. Numbers are never reused.
 *
 * X(number, NAME, "name", "sentence")
 */
#pragma once

#define DP_DROP_TABLE(X)                                                                       \
	X(1, MALFORMED, "malformed", "a header is cut short or contradicts itself")            \
	X(2, ETHERTYPE, "ethertype", "not IPv4, IPv6 or ARP")                                  \
	X(3, VLAN, "vlan-tag", "a VLAN tag from a port that is no trunk")                      \
	X(4, IP_OPTIONS, "ip-options", "IPv4 options that the data plane does not carry")      \
	X(5, EXT_HEADERS, "extension-headers",                                                 \
	  "too many IPv6 extension headers, or an unknown one")                                \
	X(6, SOURCE_MAC, "source-mac", "the source MAC is not the port's")                     \
	X(7, SOURCE_IP, "source-ip", "the source address is not the port's")                   \
	X(8, ARP_SPOOF, "arp-spoof", "an ARP sender address that is not the port's")           \
	X(9, ND_SPOOF, "nd-spoof", "a neighbour advertisement for an address not the port's")  \
	X(10, DHCP_SERVER, "dhcp-server", "a port may not act as a DHCP server")               \
	X(11, RA, "router-advertisement", "a port may not advertise itself as a router")       \
	X(12, ARP_UNKNOWN, "arp-unknown",                                                      \
	  "ARP for an address that no port of the network has")                                \
	X(13, ND_UNKNOWN, "nd-unknown",                                                        \
	  "neighbour solicitation for an address that no port has")                            \
	X(14, ARP_ANNOUNCE, "arp-announce", "an announcement or reply that nobody needs")      \
	X(15, ND_ANNOUNCE, "nd-announce",                                                      \
	  "an unsolicited neighbour message that nobody needs")                                \
	X(16, NO_PORT, "no-port", "the device belongs to no port")                             \
	X(17, PORT_DOWN, "port-down", "the port's admin_state_up is false")                    \
	X(18, NETWORK_DOWN, "network-down", "the network's admin_state_up is false")           \
	X(19, NO_NETWORK, "no-network", "the VNI is not known on this host")                   \
	X(20, UNKNOWN_UNICAST, "unknown-unicast", "no port of the network has this MAC")       \
	X(21, OWN_MAC, "own-mac", "addressed to the port that sent it")                        \
	X(22, NO_ROUTE, "no-route", "the router has no route to the destination")              \
	X(23, BLACKHOLE, "blackhole", "the route says discard")                                \
	X(24, NO_NEIGHBOUR, "no-neighbour", "no port has the next hop's address")              \
	X(25, TTL, "ttl-exceeded", "the time to live ran out at a router")                     \
	X(26, ROUTER_LOOP, "router-loop", "too many routers in a row")                         \
	X(27, ROUTER_DOWN, "router-down", "the router's admin_state_up is false")              \
	X(28, ROUTER_LOCAL, "router-local", "addressed to a router, which serves only ping")   \
	X(29, TOO_BIG, "too-big", "longer than the MTU of the way out")                        \
	X(30, UNKNOWN_PEER, "unknown-peer", "the outer source is no host of this cloud")       \
	X(31, TUNNEL_HEADER, "tunnel-header",                                                  \
	  "a VXLAN header without a VNI or with unknown flags")                                \
	X(32, NOT_LOCAL, "not-local", "came by tunnel for a MAC that is not on this host")     \
	X(33, ENCAP, "encapsulation", "the kernel refused to add or remove the tunnel header") \
	X(34, ECN, "ecn", "congestion marked outside on a packet that cannot say so inside")   \
	X(35, FLOOD_LIMIT, "flood-limit",                                                      \
	  "the network has more hosts than one packet is copied to")                           \
	X(36, MULTICAST_ROUTE, "multicast-route", "a router does not forward multicast")       \
	X(37, PUNT_RATE, "punt-rate", "the port asks the agent more often than it may")        \
	X(38, PUNT_FULL, "punt-full", "the agent is not reading")                              \
	X(39, CONN_LIMIT, "connection-limit", "the host's connection table is full")           \
	X(40, NO_VTEP, "no-vtep", "the host that has the address is not known here")           \
	X(41, INTERNAL, "internal", "a table of the data plane is missing or a helper failed") \
	X(42, FRAGMENT, "fragment", "a fragment that overlaps or is too short")                \
	X(43, RS, "router-solicitation", "no router advertises on this network")               \
	X(44, DHCP_OTHER, "dhcp-other", "DHCP the agent does not serve on this port")          \
	X(45, NO_POLICY, "no-policy", "the port's policy is not in place yet")                 \
	X(46, EGRESS, "egress-denied", "no rule lets the port send it")                        \
	X(47, INGRESS, "ingress-denied", "no rule lets the port receive it")                   \
	X(48, EGRESS_ACL, "egress-acl", "the subnet's network ACL keeps it in")                \
	X(49, INGRESS_ACL, "ingress-acl", "the subnet's network ACL keeps it out")             \
	X(50, NO_CONNECTION, "no-connection",                                                  \
	  "a reply, an error or the middle of a connection that nobody has opened")            \
	X(51, CONN_BUDGET, "connection-budget",                                                \
	  "the port has more connections, or opens them faster, than its share")               \
	X(52, LINK_SCOPE, "link-scope", "a router does not forward from a link-local address") \
	X(53, MARTIAN, "martian", "an address that no packet may have where this one goes")    \
	X(54, FIREWALL, "firewall-denied",                                                     \
	  "the firewall group of a router's port on the way does not let it pass")             \
	X(55, NAT_FULL, "nat-full", "no port or no room is left to translate it at a gateway") \
	X(56, NAT, "not-translatable",                                                         \
	  "a gateway cannot translate it: a protocol, or a fragment without its first")

enum dp_drop {
	DP_OK = 0, /* walk on */
#define X(number, NAME, name, sentence) DP_DROP_##NAME = number,
	DP_DROP_TABLE(X)
#undef X
		DP_DROP_COUNT = 64, /* size of the counter arrays; numbers stay below */
};

/*
 * Of these, what a policy, a network ACL or a firewall says no by for as long as nothing changes, and whose
 * it is: the sender's, the receiver's, or that of the end whose device the packet came by.
 *
 * X(NAME, SIDE)
 */
#define DP_DENIAL_TABLE(X)                                                                     \
	X(NO_POLICY, DEVICE)                                                                   \
	X(EGRESS, SENT)                                                                        \
	X(INGRESS, RECEIVED)                                                                   \
	X(EGRESS_ACL, SENT)                                                                    \
	X(INGRESS_ACL, RECEIVED)                                                               \
	X(FIREWALL, SENT)

enum dp_denial_side {
	DP_DENIAL_SENT = 1,
	DP_DENIAL_RECEIVED = 2,
	DP_DENIAL_DEVICE = 4,
};

/* A bit for each whose side is in SIDES. */
#define DP_DENIAL_BIT(NAME, SIDE, SIDES)                                                       \
	(DP_DENIAL_##SIDE & (SIDES) ? 1ull << DP_DROP_##NAME : 0)
#define DP_DENIAL_SENT_BIT(NAME, SIDE)	   | DP_DENIAL_BIT(NAME, SIDE, DP_DENIAL_SENT)
#define DP_DENIAL_RECEIVED_BIT(NAME, SIDE) | DP_DENIAL_BIT(NAME, SIDE, DP_DENIAL_RECEIVED)
#define DP_DENIAL_ANY_BIT(NAME, SIDE)	   | 1ull << DP_DROP_##NAME
#define DP_DENIALS_SENT			   (0 DP_DENIAL_TABLE(DP_DENIAL_SENT_BIT))
#define DP_DENIALS_RECEIVED		   (0 DP_DENIAL_TABLE(DP_DENIAL_RECEIVED_BIT))
#define DP_DENIALS			   (0 DP_DENIAL_TABLE(DP_DENIAL_ANY_BIT))

_Static_assert((DP_DROP_COUNT & (DP_DROP_COUNT - 1)) == 0, "counters are indexed by mask");
