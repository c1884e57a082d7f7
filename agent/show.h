/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent tells of itself, as JSON. All return a new reference. */
#pragma once

#include <jansson.h>

#include "agent/ports.h"
#include "agent/state.h"

struct agent;

json_t *show_status(struct agent *agent);
json_t *show_ports(struct agent *agent);
json_t *show_device(struct agent *agent, const struct ports_device *device);
/* Counters and drops by reason of one port, that has a row. */
json_t *show_stats(struct agent *agent, const struct row_port *port);
/* Drops of all ports that are not zero, and of frames that no port sent. */
json_t *show_drops(struct agent *agent);
