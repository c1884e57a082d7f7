/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Borders of subnets and the network ACLs that judge there. An ACL's bank is made as a port's is
 * (policies.h), held under a number that is no identity's; what a port gets of it stands in map
 * `border`, so that another ACL at a subnet costs each of its ports here an entry, and no row.
 */
#pragma once

#include "agent/held.h"

void borders_init(struct state *state); /* its policies are there */
void borders_done(struct state *state); /* ... and have been freed */

void borders_add(struct state *state, struct row *row);
void borders_del(struct state *state, struct row *row, bool replaced);
/* Ports of networks whose borders have changed are derived anew. */
void borders_flush(struct state *state);
/* NUMBER is an ACL's, and its bank another: its ports are derived anew. */
bool borders_moved(struct state *state, uint32_t number);
/* Is NUMBER an ACL's? Its set, and the project of ports that it judges here; or NULL. */
bool borders_is_number(uint32_t number);
const char *borders_find_name(const struct state *state, uint32_t number);
const char *borders_find_project(const struct state *state, uint32_t number);
/* Some subnet of network VNI has an ACL. */
bool borders_guard(const struct state *state, uint32_t vni);

/* What the port of ROW, wired as SLOT, needs in `border`; false: nothing. */
bool borders_claim(struct state *state, struct row *row, uint32_t slot);
/* The set of the ACL that judges what crosses the border of the subnet that ADDRESS of PORT is in;
 * NULL: none does, or PEER is in there, too. Its number for policies.h into *NUMBER. */
const char *borders_find_acl(const struct state *state, const struct row_port *port,
			     struct ip address, struct ip peer, uint32_t *number);
