/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gateways of routers: a port of an external network that comes, changes and goes with what its router
 * is told by external_gateway_info.
 */
#pragma once

#include "api/resource.h"

/* ROUTER's gateway becomes what the request asks for, when it says anything of it. */
bool gateway_put(struct job *job, const struct router *before, struct router *router,
		 uint64_t given, GError **error);
/* It goes with its router. */
void gateway_forget(struct job *job, const struct router *router);
/* As the job leaves it; NULL: there is none. */
const struct port *gateway_find(struct job *job, const struct router *router);

/* Routers have gateways on the network. */
bool gateway_is_used(const struct cloud *cloud, struct uuid network);
/* ... of these projects, interned; into a set. */
void gateway_users(const struct cloud *cloud, struct uuid network, GHashTable *projects);
