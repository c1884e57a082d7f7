/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Components: scopes that router interfaces link, directly or through others, and the hosts
 * that have ports in them. All that a host sees follows from its components.
 */
#pragma once

#include "compile/state.h"

struct component {
	GHashTable *scopes; /* set of struct scope */
	GHashTable *hosts;  /* struct host_unit -> count of networks it is a member of, and of
			     * routers whose gateways it carries */
};

/* SCOPE alone. */
void component_new(struct scope *scope);
/* Takes SCOPE, which must be alone, out of its component and frees that. */
void component_free(struct scope *scope);

void component_destroy(void *component);

/* HOST has become, or is no longer, a member of a network of SCOPE's component, or carries a gateway. */
void component_join(struct compile *compile, struct scope *scope, struct host_unit *host);
void component_leave(struct compile *compile, struct scope *scope, struct host_unit *host);

/* The components of A and B are one now. */
void component_merge(struct compile *compile, struct scope *a, struct scope *b);
/* Links have gone from the component: makes a component of each part that hangs together. */
void component_split(struct compile *compile, struct component *component);
