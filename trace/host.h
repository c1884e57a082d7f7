/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host as it would be with these rows: the agent's own code makes map entries of them, and
 * a native data plane runs on the entries. Its flows are always empty, so every packet walks the
 * whole way; connections are those that it is told of.
 */
#pragma once

#include <stdbool.h>
#include <jansson.h>

#include "lib/ip.h"
#include "lib/uuid.h"

struct trace_host;

struct trace_host *trace_host_new(const char *name, struct ip ip);
void trace_host_free(struct trace_host *host);

/* One row as the controller sends it. The error names table, key and attribute. */
bool trace_host_put(struct trace_host *host, const char *table, const char *key, json_t *value,
		    GError **error);
/* The port has no device; all others have one. Before trace_host_wire. */
void trace_host_unwire(struct trace_host *host, struct uuid port);
/* What a reader should know of the host, too; printed with each run there. */
void trace_host_add_note(struct trace_host *host, const char *note);
/* A connection as the host's agent lists it (GET /v1/flows); after trace_host_wire. False: it is none
 * of a port here. */
bool trace_host_put_conn(struct trace_host *host, const json_t *flow);
/* After the last row: devices and entries. */
bool trace_host_wire(struct trace_host *host, GError **error);
