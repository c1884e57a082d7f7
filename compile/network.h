/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Networks: their own row, and which hosts have ports in them.
 */
#pragma once

#include "compile/state.h"

void network_update(struct compile *compile, struct uuid id);

/* The member for HOST, made if there is none; one port more. */
struct member *network_add_port(struct compile *compile, struct net_unit *net,
				struct host_unit *host);
/* One port less. */
void network_del_port(struct compile *compile, struct member *member);
/* Brings a queued member's row up to date; joins its host to the component. */
void network_update_member(struct compile *compile, struct member *member);
void network_join_member(struct compile *compile, struct member *member);
/* Parts a host that has no port left, and frees the member. */
void network_leave_member(struct compile *compile, struct member *member);

void network_free(void *net);
