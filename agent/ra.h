/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Router advertisements (RFC 4861, 8106): from what the row of a router's interface says to the
 * frame, and who asked for one. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "lib/ip.h"

struct ra_prefix {
	struct prefix prefix;
	bool automatic; /* hosts make their addresses of it */
};

/* What `ra` of the interface's row says. */
struct ra_config {
	bool managed; /* addresses by DHCPv6 */
	bool other;   /* configuration by DHCPv6 */
	struct ra_prefix *prefixes;
	gsize prefix_count;
	struct ip *dns;
	gsize dns_count;
};

void ra_config_free(struct ra_config *config);
/* Differs when something else is to be said. */
guint ra_config_hash(const struct ra_config *config);

/* Seconds. A router is this host's own, so what it says stays true while no agent runs. */
#define RA_LIFETIME	    9000
#define RA_PREFIX_VALID	    86400
#define RA_PREFIX_PREFERRED 14400

#define RA_FRAME_MAX 1294 /* an Ethernet frame of 1280 bytes, which every link carries */

/* Who is told. */
struct ra_target {
	struct ip ip;
	struct mac mac;
};

extern const struct ra_target ra_all_nodes;

/* Who sent FRAME, a router solicitation; false: it is none (RFC 4861 section 6.1.1). */
bool ra_solicited(const uint8_t *frame, gsize size, struct ra_target *out);

/*
 * What the router behind MAC says to TARGET; CONFIG NULL: that it is a router no more. MTU is of
 * the network. Returns the size of FRAME. Prefixes and servers that do not fit are left out.
 */
gsize ra_write(const struct ra_config *config, struct mac mac, uint16_t mtu,
	       const struct ra_target *target, uint8_t frame[RA_FRAME_MAX]);
