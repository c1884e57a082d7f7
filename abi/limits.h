/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every table's limit, for kernel and user space alike. Reaching one is an
 * error with a name (enum dp_drop here, WEFT_ERROR_EXHAUSTED in user space).
 */
#pragma once

#define LIM_HOST_PORTS	  4096	  /* ports on one host; also the size of the port array */
#define LIM_HOSTS	  16384	  /* hosts known to one host (vtep array) */
#define LIM_LOCATIONS	  4194304 /* addresses of other ports known to one host */
#define LIM_NETWORKS	  65536	  /* networks known to one host */
#define LIM_ROUTES	  262144  /* routes of all routers known to one host */
#define LIM_GUARDS	  131072  /* (port, MAC, prefix) triples that may send */
#define LIM_BORDERS	  65536	  /* (port, subnet) pairs that a network ACL judges */
#define LIM_FIREWALLS	  65536	  /* routers' ports with a firewall group known to one host */
#define LIM_OUTSIDE	  16384 /* gateways' addresses, links and prefixes inside, on one host */
#define LIM_NAT_TRIES	  32	/* ports looked at for one that is free outside */
#define LIM_FLOOD_CHUNK	  28	/* replication targets in one map entry */
#define LIM_FLOOD_CHUNKS  32	/* entries of one network: 896 targets */
#define LIM_GENERATIONS	  65536 /* generation cells; a power of two */
#define LIM_FRAGMENTS	  16384 /* datagrams whose fragments are under way */
#define LIM_ROUTER_HOPS	  8	/* routers one packet may cross inside a host */
#define LIM_EXT_HEADERS	  6	/* IPv6 extension headers walked */
#define LIM_PUNT_FRAME	  1600	/* bytes of a frame handed to the agent */
#define LIM_PUNT_RATE	  32	/* frames a port may hand to the agent per second */
#define LIM_ASK_RATE	  32	/* addresses in vain that it is told of per second, of a port */
#define LIM_ASK_FRAME	  128	/* bytes of who asks for one */
#define LIM_ERROR_RATE	  100	/* ICMP errors that a port is sent per second */
#define LIM_CONN_TOUCH	  4	/* seconds a connection's counts may lag behind its packets */
#define LIM_OPEN_RATE	  100000  /* connections a port may open or be opened per second */
#define LIM_POLICIES	  8192	  /* banks of compiled policy on one host */
#define LIM_POLICY_FLOORS 4	  /* tiers that may pass, and what is below them */
#define LIM_PEERS	  1048576 /* prefixes that the banks speak of; identities, at the most */
#define LIM_SERVICES	  262144  /* prefixes of ports in all banks */
#define LIM_CELLS	  1048576   /* pairs of a peer class and a service class, at the most */
#define LIM_GROUP_CELLS	  65536	    /* of one firewall group, each way and family */
#define LIM_SAMPLE_SHORT  256	    /* bytes of a frame shown to who looks on: its headers */
#define LIM_SAMPLE_LONG	  1664	    /* ... at most */
#define LIM_SAMPLE_RATE	  100	    /* drops, or flows, of a port shown per second and CPU */
#define LIM_SAMPLE_RING	  (1 << 20) /* bytes of the ring they travel by */
#define LIM_PUNT_RING	  (1 << 20) /* bytes of the ring they travel by */

/* Defaults of the tables an operator may size (weft-agent --flows, --connections ...). */
#define DEF_FLOW_SETS 16384  /* sets of FLOW_WAYS records, per CPU; a power of two */
#define DEF_FLOW_HOST 131072 /* sets of all CPUs together: many CPUs have fewer each */
#define DEF_CONNS     131072 /* connections on one host */
#define DEF_NATS      262144 /* two for each of them, at the most */
#define DEF_LOCATIONS 131072 /* entries of `location` and `mac`; up to LIM_LOCATIONS */
#define DEF_POLICY    131072 /* entries of `cell` and `peer_identity`; up to LIM_CELLS */
