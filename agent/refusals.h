/* SPDX-License-Identifier: Apache-2.0 */
/* Which policies this host could not make, so that an operator sees them where they matter: at the
 * ports, network ACLs and firewall groups that pass nothing for it. */
#pragma once

#include <jansson.h>

#include "agent/state.h"

#define REFUSALS_MAX 100 /* that are listed */

/* [{"what": "port:ID", "acl:ID" or "fw:ID", "why": TEXT}, ...], sorted; owned. */
json_t *refusals_list(const struct state *state);
