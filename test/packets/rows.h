/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of expected packets. A file is a world (world.h), or that of another file (`use FILE`),
 * and then rows:
 *
 *   row WHAT IT MEANS
 *   send DEVICE [gso SIZE SEGMENTS] [vlan] [tunnelled] [told] [partial] [asks] [times N] [flows N] : LAYERS   (packet.h)
 *   out redirect|peer|neigh|clone|ingress DEVICE [key REMOTE VNI GBP] [next IP] : LAYERS
 *   drop REASON [SLOT]  |  pass [: LAYERS]  |  punt SLOT [dhcp4|dhcp6|rs|ask]  |  silent
 *   stat FIELD N  |  tx SLOT PACKETS BYTES  |  rx SLOT PACKETS BYTES   (since the row began)
 *   connection SLOT PROTO LOCAL LPORT REMOTE RPORT STATE SENT RECEIVED
 *   no connection SLOT PROTO LOCAL LPORT REMOTE RPORT
 *   translated SLOT PROTO ADDR PORT REMOTE RPORT FORM PORT     both entries of `nat`
 *   no nat SLOT PROTO ADDR PORT REMOTE RPORT
 *   full TABLE                                    nothing more goes in
 *   told SLOT OPENED DENIED                       flows that the agent is told of (world: looks)
 *   end SLOT PROTO LOCAL LPORT REMOTE RPORT       the agent ages the connection away
 *   time JIFFIES
 *
 * times N: N of them, what is said is of the last; flows N: N of them from as many UDP ports
 * over IPv4, the last from the one that is written. What follows a `send` is all that may come of it. World commands stand between
 * packets. DEVICE `up` is the underlay's; another is NAME.if; of a physical one (world: physical) it is what
 * comes in, or (asks) what the host itself sends. partial: its checksum is for the sender to complete. A line that begins with
 * white space continues the one before; # begins a comment. Tests print TAP.
 */
#pragma once

#include "world.h"

/* After each row, when not NULL: what else must hold. NULL or a text to be freed. */
typedef char *(*rows_check)(void *self);

struct rows {
	struct world_backend *backend;
	rows_check check;
	guint passed, failed, skipped;
};

/* The world's `config` lines of FILE only, for a backend that needs them early. */
bool rows_configure(struct rows *rows, const char *file);
void rows_run(struct rows *rows, const char *file);
/* Plan line and exit code; a run that only skips is a failure. */
int rows_finish(struct rows *rows);
