/* SPDX-License-Identifier: Apache-2.0 */
/* Which routers' ports with a firewall group are on the way from a port to an address. */
#pragma once

#include "agent/row_port.h"
#include "trace/host.h"

struct trace_crossing {
	uint32_t router; /* its number */
	uint32_t bank;	 /* of the group; 0: not in place */
	bool ingress;	 /* the router sends it out of the port; else it has come in by it */
};

/*
 * Array of struct trace_crossing, in the order of the way; owned. Found by the data plane: a packet of
 * PORT is sent by HOST, to whom a workload with SOURCE would hand it. Nothing is left of it.
 */
GArray *trace_crossing_list(struct trace_host *host, const struct row_port *port,
			    struct ip source, struct ip target);
