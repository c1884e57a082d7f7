/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules of firewall groups. The row of a router's interface names the group there (route.c); whoever
 * sees the router gets the group's rules, once, however many ports it stands at.
 */
#pragma once

#include "compile/state.h"

/* GROUP stands at other ports than it did: their routers. */
void firewall_mark(struct compile *compile, const struct firewall_group *group);
/* Rules as marked. */
void firewall_flush(struct compile *compile);
/* The groups at the interfaces of ROUTER, which is no more when OBJECT is NULL. */
void firewall_update_router(struct compile *compile, struct scope *scope,
			    const struct router *object);
/* Those that have come are shown to who sees their routers; components are as they will be. */
void firewall_attach(struct compile *compile);
/* HOST sees SCOPE from now on, or no more. */
void firewall_gain(struct compile *compile, const struct scope *scope, struct host_unit *host);
void firewall_lose(struct compile *compile, const struct scope *scope, struct host_unit *host);

/* What nothing speaks of any more; at the end of a flush. */
void firewall_sweep(struct compile *compile);

void firewall_init(struct compile *compile);
void firewall_done(struct compile *compile);
