/* SPDX-License-Identifier: Apache-2.0 */
/* The insides of struct trace_host: for this room and its laws. */
#pragma once

#include "agent/state.h"
#include "datapath/env/native.h"
#include "trace/host.h"

#define TRACE_UPLINK 100 /* ifindexes; ports come after them */
#define TRACE_VXLAN  101

struct trace_conn {
	struct conn_key key;
	struct conn_value value;
};

struct trace_host {
	const char *name; /* interned */
	struct ip ip;	  /* its tunnel address */
	struct desired *desired;
	struct state *state;
	struct native_host *native;
	GHashTable *peers;    /* struct ip of other hosts -> name, interned */
	char *note;	      /* NULL: none */
	GHashTable *unwired;  /* struct uuid of ports without a device */
	GArray *conns;	      /* struct trace_conn: there before each packet */
	GPtrArray *physicals; /* names, interned: of the devices that gateways are behind */
	uint32_t physical;    /* ifindex of the first of these */
};

/* The name of the host whose tunnel address is IP, or NULL. */
const char *trace_host_find_peer(const struct trace_host *host, struct ip ip);
/* What earlier packets left behind must not answer for the next one. */
void trace_host_forget(struct trace_host *host);
/* The physical network that a device is on, or NULL. */
const char *trace_host_find_physical(const struct trace_host *host, uint32_t ifindex);
/* The port of a device, or NULL. */
const struct wire *trace_host_find_wire(const struct trace_host *host, uint32_t ifindex);
