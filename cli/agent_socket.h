/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent of this host, by its socket.
 */
#pragma once

#include "cli/command.h"

#define AGENT_SOCKETS "/run/weft/*/agent.sock"

/* A client of the agent: --agent, else the only socket there is. Owned. */
struct client *agent_socket_open(const struct context *context, GError **error);

/* ... whose sockets match PATTERN; for tests. */
char *agent_socket_find(const char *pattern, GError **error);

/* MAP with the mappings in it laid out as "outer.inner". */
json_t *agent_socket_flatten(const json_t *map);
