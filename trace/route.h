/* SPDX-License-Identifier: Apache-2.0 */
/* What a workload's kernel decides before it sends: source address and next hop. */
#pragma once

#include <stdbool.h>
#include <jansson.h>

#include "agent/rows.h"
#include "lib/ip.h"

/* The port's own address that goes best with TARGET: else unspecified, of its family. */
struct ip trace_route_source(const struct row_port *port, struct ip target);

/*
 * The neighbour to send to: TARGET when it is on one of SUBNETS (as the API prints them) or
 * link-local, else by their host routes, else the gateway of SOURCE's subnet.
 */
bool trace_route_next(const json_t *subnets, struct ip source, struct ip target,
		      struct ip *next);

/* TARGET is the broadcast address of an IPv4 subnet. */
bool trace_route_is_broadcast(const json_t *subnets, struct ip target, struct mac *mac);
