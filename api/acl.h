/* SPDX-License-Identifier: Apache-2.0 */
/* Network ACLs, their rules, and the subnets that name them. */
#pragma once

#include "api/resource.h"

extern const struct resource api_network_acl;
extern const struct resource api_network_acl_rule;

/* The ACL that SUBNET (BEFORE, or NULL) names is there, seen by the caller, and stays. */
bool acl_guard_subnet(struct job *job, const struct subnet *before, const struct subnet *subnet,
		      GError **error);
