/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DHCPv4 for one port (RFC 2131, 2132, 3442): from a request frame
 * and what the port's row says to the reply frame. Pure. The request is written by a
 * tenant: nothing in it is believed before it is bounded.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "agent/dhcp_value.h"
#include "lib/ip.h"

struct dhcp4_route {
	struct prefix destination;
	struct ip next_hop;
};

/* One address of the port on a subnet with DHCP; what `dhcp4` of the port's row says. */
struct dhcp4_lease {
	struct ip ip;
	struct prefix prefix;
	struct ip server;
	struct ip gateway; /* ip_none: none */
	struct ip *dns;
	gsize dns_count;
	struct dhcp4_route *routes;
	gsize route_count;
	char *hostname; /* NULL: none */
	struct dhcp_option *options;
	gsize option_count;
};

void dhcp4_lease_done(struct dhcp4_lease *lease);

struct dhcp4_port {
	struct mac mac;
	uint16_t mtu;
	const struct dhcp4_lease *leases; /* the first is offered */
	gsize count;
};

enum dhcp4_outcome {
	DHCP4_IGNORED, /* not DHCP, malformed, or for another server */
	DHCP4_NOTED,   /* DECLINE, RELEASE: understood, no reply is due */
	DHCP4_REPLY,
};

#define DHCP4_FRAME_MAX	    1514
#define DHCP4_LEASE_SECONDS 86400

/*
 * REQUEST is an Ethernet frame. With DHCP4_REPLY, REPLY holds DHCP4_FRAME_MAX bytes at most,
 * *REPLY_SIZE of them valid. *TYPE (may be NULL) is the request's message type, 0 if none.
 */
enum dhcp4_outcome dhcp4_answer(const struct dhcp4_port *port, const uint8_t *request,
				gsize size, uint8_t reply[DHCP4_FRAME_MAX], gsize *reply_size,
				uint8_t *type);

/* True when NAME is an option we can send and VALUE fits it; for the log, once at the row. */
bool dhcp4_option_check(const char *name, const char *value);
