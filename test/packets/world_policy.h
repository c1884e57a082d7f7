/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies of a world (world.h), as rules one a line, first match wins:
 *
 *   rule BANK CHAIN ACTION [from IDENTITY | from PREFIX] [SERVICE] [id N] [stateless] [log]
 *        [floor N] [next N]
 *   default BANK CHAIN ACTION [stateless]
 *   policy SLOT BANK                 the port is filtered by it
 *   border SLOT PREFIX BANK [in SUBNET]   the port's addresses of PREFIX are in SUBNET (PREFIX
 *                                    itself), whose network ACL is the bank; also after `del`
 *   firewall VNI MAC BANK            the router's port with this MAC has one; also after `del`
 *
 * CHAIN: egress, ingress, acl-egress, acl-ingress, of a bank of a firewall group
 * fw-egress, fw-ingress. ACTION: accept, deny, reject, pass (then on
 * floor `next`). SERVICE: tcp|udp|sctp|gre [PORT | PORT/BITS], icmp|icmp6 [TYPE [CODE]]. A rule without `floor`
 * is on floor 0 alone. A firewall group's says `from` and `to` of a packet, and `sport PORT[/BITS]`. A bank denies by default.
 *
 * What the rules of a chain make of classes and cells is worked out here in the plainest way, so
 * that rows do not lean on the compiler that the agent uses.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

struct world;

/* Carries out a command of the above; WORDS of COUNT, names replaced. False and *why, or NULL when
 * it is none of these. */
bool world_policy_command(struct world *world, char **words, guint count, bool del, char **why);
/* The rules of a world, which owns them. */
GArray *world_policy_new(void);
void world_policy_free(GArray *rules);
