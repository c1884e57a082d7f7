/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables rule, addresses and identity. A host gets the rules of the sets that its own ports
 * are in, the addresses these rules name, and the identities: of its own ports, and those that
 * are in a set which these rules name.
 */
#pragma once

#include "compile/state.h"

/* A port that hosts have (or NULL) contributes: its identity, and HOST's interest in it. */
void policy_set_port(struct compile *compile, struct port_unit *unit, const struct port *port,
		     struct host_unit *host);

void policy_update_group(struct compile *compile, struct uuid id);
void policy_update_rule(struct compile *compile, struct uuid id);
void policy_update_addresses(struct compile *compile, struct uuid id);

/* Identities that no port has any more go; after all ports. */
void policy_end_identities(struct compile *compile);
/* ... and what the others are in is said. */
void policy_print_identities(struct compile *compile);
/* What nothing speaks of any more; at the end of a flush. */
void policy_sweep(struct compile *compile);

void policy_init(struct compile *compile);
void policy_done(struct compile *compile);
