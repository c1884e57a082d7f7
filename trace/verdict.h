/* SPDX-License-Identifier: Apache-2.0 */
/*
 * May one port speak to another, by their policies alone? Asked of the rules that the two
 * hosts hold, and without a packet: whether one finds the way to the other is trace.h's.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <jansson.h>

#include "trace/host.h"

/* "tcp/443", "udp/53", "sctp/9", "icmp[/TYPE[/CODE]]" (an echo request; of IPv6 for its
 * addresses), or the number of another protocol. */
struct trace_service {
	uint8_t proto;
	bool icmp;
	bool typed;    /* `port` is an ICMP type << 8 | code */
	uint16_t port; /* 0: has none */
};

bool trace_service_parse(const char *text, struct trace_service *out, GError **error);

/* A port and the host it is on. */
struct trace_party {
	struct trace_host *host;
	struct uuid port;
};

/*
 * {"allowed": BOOL, "checks": [{"direction", "port", "name", "address", "peer", "verdict",
 * "tier", "rule", "says"}], "notes": [TEXT]}: what egress of FROM, firewall groups of routers' ports on the way and
 * ingress of TO say, once for each family that both have addresses of; allowed when all of them are.
 * A router's "port" is null, its "address" the one behind the port; source ports are taken for
 * ephemeral ones. NULL with ERROR when they have
 * none in common, or a host does not have its port.
 */
json_t *trace_verdict(const struct trace_party *from, const struct trace_party *to,
		      const struct trace_service *service, GError **error);
