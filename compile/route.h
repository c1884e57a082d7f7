/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of one router: its interfaces, and one best route for each prefix.
 */
#pragma once

#include "compile/compile.h"

/* The router an interface port names; uuid_none when device_id is no id. */
struct uuid route_port_router(const struct port *port);

/* KEY and VALUE are handed over (g_free). */
typedef void (*route_visit)(enum compile_table table, char *key, char *value, void *data);

/* Calls VISIT for each row; a key comes once. Interfaces on networks that CLOUD does not have
 * are passed over. */
void route_visit_router(const struct cloud *cloud, const struct router *router,
			route_visit visit, void *data);
