/* SPDX-License-Identifier: Apache-2.0 */
/* A gateway's row, typed. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "lib/ip.h"
#include "lib/uuid.h"

/* An address of a gateway. */
struct row_exit {
	struct ip ip;
	struct prefix subnet; /* the external one */
	struct ip next_hop;   /* who leads on; ip_none: all is on link */
};

/* A router's way out of the cloud, of one realm of the router. */
struct row_gateway {
	struct uuid id;	  /* of its port */
	const char *host; /* that carries it; interned; NULL: none */
	struct mac mac;
	uint32_t mtu;
	char *physical; /* what the host's device is on; owned; NULL: nothing */
	struct row_exit *exits;
	gsize exit_count;
	struct prefix *routes; /* what goes out by it */
	gsize route_count;
	struct prefix *inside; /* what comes in by it untranslated */
	gsize inside_count;
	bool up;
	bool snat; /* IPv4 is translated */
};
