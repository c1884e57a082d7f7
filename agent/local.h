/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's socket: HTTP and JSON for the command line and for plug-ins of this host. */
#pragma once

#include <glib.h>

struct agent;
struct local;

/* Listens on agent.sock in the host's folder. */
struct local *local_new(struct agent *agent, GError **error);
void local_free(struct local *local);

/* New rows are in place: an attach may be waiting for them. */
void local_rows_applied(struct local *local);
