/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of routers' firewalls, and the policies that order them. */
#pragma once

#include "api/resource.h"

extern const struct resource api_firewall_rule;
extern const struct resource api_firewall_policy;

/* A policy of COUNT new rules, made whatever the quota says and the name; takes RULES. */
struct firewall_policy *firewall_policy_new(struct job *job, const char *project,
					    const char *name, const char *description,
					    struct firewall_rule *const *rules, guint count);
/* POLICY goes, unless another than GROUP has it. */
bool firewall_policy_remove(struct job *job, const struct firewall_policy *policy,
			    struct uuid group, GError **error);
