/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DHCPv6 for one port (RFC 8415, 3646): from a request frame and what the port's row says to the
 * reply frame. Pure. The request is written by a tenant: nothing in it is believed before it
 * is bounded.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "agent/dhcp_value.h"
#include "lib/ip.h"

/* What `dhcp6` of the port's row says. */
struct dhcp6_service {
	struct ip *ips; /* the port's addresses on stateful subnets; none: configuration only */
	gsize ip_count;
	struct ip *dns;
	gsize dns_count;
	struct dhcp_option *options;
	gsize option_count;
};

void dhcp6_service_free(struct dhcp6_service *service);

enum dhcp6_outcome {
	DHCP6_IGNORED, /* not DHCPv6, malformed, for another server, or not a client's */
	DHCP6_REPLY,
};

#define DHCP6_FRAME_MAX	    1514
#define DHCP6_LEASE_SECONDS 86400

/*
 * REQUEST is an Ethernet frame, MTU that of the port's network. With DHCP6_REPLY, REPLY holds
 * DHCP6_FRAME_MAX bytes at most, *REPLY_SIZE of them valid. *TYPE (may be NULL) is the
 * request's message type, 0 if none.
 */
enum dhcp6_outcome dhcp6_answer(const struct dhcp6_service *service, uint16_t mtu,
				const uint8_t *request, gsize size,
				uint8_t reply[DHCP6_FRAME_MAX], gsize *reply_size,
				uint8_t *type);
