/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DHCP options: those a lease implies, those an operator named (extra_dhcp_opts), and
 * their order in a reply of bounded size.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "agent/dhcp4.h"

/* RFC 2132 unless said. */
enum dhcp4_code {
	DHCP4_PAD = 0,
	DHCP4_MASK = 1,
	DHCP4_ROUTER = 3,
	DHCP4_DNS = 6,
	DHCP4_HOSTNAME = 12,
	DHCP4_DOMAIN = 15,
	DHCP4_MTU = 26,
	DHCP4_BROADCAST = 28,
	DHCP4_REQUESTED_IP = 50,
	DHCP4_LEASE = 51,
	DHCP4_TYPE = 53,
	DHCP4_SERVER = 54,
	DHCP4_PARAMETERS = 55,
	DHCP4_MAX_SIZE = 57,
	DHCP4_T1 = 58,
	DHCP4_T2 = 59,
	DHCP4_CLIENT_ID = 61,
	DHCP4_BOOTFILE = 67,
	DHCP4_ROUTES = 121,	      /* RFC 3442 */
	DHCP4_ROUTES_MICROSOFT = 249, /* the same, before there was a number */
	DHCP4_END = 255,
};

struct dhcp4_options {
	GByteArray *data[256]; /* NULL: not there */
	uint32_t next_server;  /* siaddr, network order; 0: none */
};

void dhcp4_options_init(struct dhcp4_options *options);
void dhcp4_options_done(struct dhcp4_options *options);
void dhcp4_options_set(struct dhcp4_options *options, uint8_t code, const void *data,
		       gsize size);

/* What LEASE and MTU imply, then the operator's options in place of those. */
void dhcp4_options_fill(struct dhcp4_options *options, const struct dhcp4_lease *lease,
			uint16_t mtu);

/*
 * Writes those that fit SIZE bytes: the protocol's own first, then in the order of WISHES, then
 * the rest. Long ones in pieces (RFC 3396). Returns the bytes written, end mark included.
 */
gsize dhcp4_options_write(const struct dhcp4_options *options, const uint8_t *wishes,
			  gsize wish_count, uint8_t *out, gsize size);
