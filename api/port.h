/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is code about ports.
 */
#pragma once

#include "api/resource.h"

extern const struct resource api_port;

/* What a new or changed port needs whoever makes it: MAC, addresses, identity, guards. */
bool api_port_complete(struct job *job, const struct port *before, struct port *port,
		       uint64_t given, GError **error);
