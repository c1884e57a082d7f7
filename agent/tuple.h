/* SPDX-License-Identifier: Apache-2.0 */
/* Which packets somebody asked for: by protocol, an address and a port, in a tunnel or not. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "lib/ip.h"

struct tuple {
	int proto;     /* IPPROTO_*; -1: any. ICMP is that of both families */
	struct ip ip;  /* of either end; none: any */
	uint16_t port; /* of either end, host order; 0: any */
};

/* PROTO ("tcp", "udp", "icmp"), IP and PORT as text; each may be NULL. */
bool tuple_parse(const char *proto, const char *ip, const char *port, struct tuple *out,
		 GError **error);

/* Does a frame that begins with these SIZE bytes match, or the frame in its tunnel? */
bool tuple_match(const struct tuple *tuple, const uint8_t *frame, gsize size);

/* Bytes of tunnel around the frame; 0: none. */
gsize tuple_find_inner(const uint8_t *frame, gsize size);
