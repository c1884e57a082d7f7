/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A packet followed from host to host. The outcome is one JSON document:
 *
 *   {"packet": TEXT,
 *    "hosts": [{"host", "from", "port", "name", "note", "frame", "bytes",
 *               "stages": [{"stage", "row", "says"}], "results": [R...]}],
 *    "results": [R...]}                                   where the packet's journey ends
 *
 * R is {"result": "delivered", "host", "port", "name", "frame", "bytes"}
 *      {"result": "dropped", "host", "port", "name", "reason", "sentence"}
 *      {"result": "answered", "host", "frame", "bytes"}   the host itself answers the sender
 *      {"result": "agent", "host"}                        the agent answers (DHCP)
 *      {"result": "left", "host", "physical", "next_hop", "frame", "bytes"}
 *                                                         by a gateway, for the world; its MACs are
 *                                                         the kernel's to put in
 *      {"result": "sent", "host", "to", "frame", "bytes"} by tunnel; only within "hosts"
 *      {"result": "nobody", "host"}                       a broadcast that reaches nobody
 *      {"result": "lost", "host", "sentence"}             to a host that is not known
 *      {"result": "passed", "host"}                       no tunnel of ours: the host's kernel has it
 *      {"result": "unsent", "host", "sentence"}           no neighbour tells the workload its MAC
 *
 * "bytes" are the frame in hexadecimal.
 */
#pragma once

#include <jansson.h>

#include "trace/host.h"
#include "trace/packet.h"

struct trace;

/* The host NAME with its rows, wired; owned by the trace. NULL with ERROR ends the trace. */
typedef struct trace_host *(*trace_fetch)(const char *name, void *data, GError **error);

struct trace *trace_new(trace_fetch fetch, void *data);
void trace_free(struct trace *trace);

/*
 * PACKET as PORT of HOST would send it, which is filled in: addresses not given are the port's
 * own. SUBNETS are the port's as the API prints them (cidr, gateway_ip, host_routes), to tell
 * whom the workload would ask for a MAC; that question is traced first. A new reference, or
 * NULL with ERROR.
 */
json_t *trace_run(struct trace *trace, const char *host, struct uuid port,
		  struct trace_packet *packet, const json_t *subnets, GError **error);

/* FRAME by device IFINDEX of HOST, as it is. For laws. */
json_t *trace_frame(struct trace *trace, struct trace_host *host, uint32_t ifindex,
		    GBytes *frame, GError **error);
