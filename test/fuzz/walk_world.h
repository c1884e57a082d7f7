/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three hosts, natively, and a wire between them: two tenants with the same addresses and MACs, each
 * with two networks that a router joins, and a port of each network on each host.
 *
 *   host h (0..2), slot s (1..4):  tenant (s-1)/2, network n = (s-1)%2 + 1
 *   02:00:00:00:0n:0h+1   10.0.n.1h+1   fd00:n::1h+1;   gateway  02:00:00:00:0n:fe  .1  ::1
 *
 * Each tenant's router has a way out of the cloud on host WALK_EXIT, by one device; it translates IPv4.
 */
#pragma once

#include <glib.h>

#include "datapath/env/native.h"

#define WALK_HOSTS 3
#define WALK_SLOTS 4
#define WALK_PORTS (WALK_HOSTS * WALK_SLOTS)
#define WALK_MTU   1450
#define WALK_EXIT  1		    /* host with the routers' gateways ... */
#define WALK_OUT   (WALK_SLOTS + 1) /* ... and the slot there of the first tenant's */

struct walk_port {
	int host;   /* 0.. */
	__u32 slot; /* 1.. */
	int tenant; /* 0.. */
	int net;    /* 1 or 2 */
	__u8 mac[6];
	__u8 v4[4];
	__u8 v6[16];
	bool unguarded;
};

/* The last port is the unguarded one. */
extern struct walk_port walk_ports[WALK_PORTS];

/* A frame that came out: at a port, or, with slot 0, on the wire to host; of a gateway it has left. */
struct walk_arrival {
	int host;
	__u32 slot;
	GBytes *frame;
};

/* All that came of one frame. */
struct walk_outcome {
	GArray *arrivals; /* of struct walk_arrival, in order; owns the frames */
	__u64 drops[WALK_HOSTS][DP_DROP_COUNT];
	__u64 tx[WALK_HOSTS], rx[WALK_HOSTS], punts;
};

void walk_outcome_init(struct walk_outcome *out);
void walk_outcome_done(struct walk_outcome *out);

struct native_host *walk_host(int host);
/* The gateway of network NET. */
void walk_gateway(int net, __u8 mac[6], __u8 v4[4], __u8 v6[16]);
/* Connections, fragments and flows are gone, all ports up: as at the start. */
void walk_reset(void);
void walk_forget_flows(void);
void walk_set_up(const struct walk_port *port, bool up);
bool walk_is_up(const struct walk_port *port);
/* FROM sends FRAME; what leaves its host goes on to the next, a second later than the last. */
void walk_send(const struct walk_port *from, const __u8 *frame, gsize size,
	       const struct native_meta *meta, struct walk_outcome *out);
/* The world sends FRAME to what is behind the device of the gateways, whose MAC it gets. */
void walk_reply(__u8 *frame, gsize size, struct walk_outcome *out);
