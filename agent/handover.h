/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections of a port that leaves its slot: kept for a while, so that they go where the port
 * goes. When its row says that it is another host's, they are sent north, and weftd hands them to
 * that host; when it is attached here again, they are its own again. Nothing waits for them: what
 * does not arrive is lost as it was, and said so.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <jansson.h>

#include "lib/uuid.h"

struct agent;
struct handover;

struct handover *handover_new(struct agent *agent);
void handover_free(struct handover *handover);

/* The port has left SLOT, whose connections are taken out of the table in the next turns. */
void handover_leave(struct handover *handover, struct uuid port, uint32_t slot);
/* The port is wired: what is kept for it comes into the table. */
void handover_arrive(struct handover *handover, struct uuid port);
/* Rows have been applied: ports may belong to other hosts now. */
void handover_update(struct handover *handover);
/* weftd hands over what another host has kept of PORT. A wrong text is refused in the log. */
void handover_take(struct handover *handover, const char *port, const json_t *value);

/* Entries of SLOT are still being taken out: they are not old, nor may another have the slot. */
bool handover_holds(const struct handover *handover, uint32_t slot);
bool handover_is_collecting(const struct handover *handover);
/* All at once; for a host that is out of slots. */
void handover_collect(struct handover *handover);

struct handover_counters {
	uint64_t given; /* connections that another host has got */
	uint64_t taken; /* ... that have come into the table here */
	uint64_t lost;	/* ... that nobody has got, or for which there was no room */
};

struct handover_counters handover_get_counters(const struct handover *handover);
