/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Table border, and the rules of network ACLs. A host gets the borders of the networks that it has
 * ports in, one row for each subnet that names an ACL, and the rules of these ACLs. Ports are in
 * none of it: another ACL at a subnet is one row a host, however many ports there are.
 */
#pragma once

#include "compile/state.h"

/* A subnet, or what it names, has changed. */
void acl_mark(struct compile *compile, struct uuid subnet_id);
/* Rules and borders as marked; networks are known. */
void acl_flush(struct compile *compile);
/* HOST has got its first port in NET, or has lost its last. */
void acl_join(struct compile *compile, const struct net_unit *net, struct host_unit *host);
void acl_leave(struct compile *compile, const struct net_unit *net, struct host_unit *host);

/* What nothing speaks of any more; at the end of a flush. */
void acl_sweep(struct compile *compile);

void acl_init(struct compile *compile);
void acl_done(struct compile *compile);
