/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who names which firewall rule, policy and port. cloud.c keeps it; the objects are the cloud's.
 */
#pragma once

#include "model/firewall.h"

struct firewall_index;

struct firewall_index *firewall_index_new(void);
void firewall_index_free(struct firewall_index *index);

void firewall_index_link_policy(struct firewall_index *index,
				const struct firewall_policy *policy);
void firewall_index_unlink_policy(struct firewall_index *index,
				  const struct firewall_policy *policy);
void firewall_index_link_group(struct firewall_index *index,
			       const struct firewall_group *group);
void firewall_index_unlink_group(struct firewall_index *index,
				 const struct firewall_group *group);

/* Policies with the rule, groups with the policy, each once. Borrowed; NULL: none. */
const GPtrArray *firewall_index_policies(const struct firewall_index *index, struct uuid rule);
const GPtrArray *firewall_index_groups(const struct firewall_index *index, struct uuid policy);
/* The group that stands at a port, or NULL. */
const struct firewall_group *firewall_index_find(const struct firewall_index *index,
						 struct uuid port);
/* The default group of PROJECT, or NULL. */
const struct firewall_group *firewall_index_default(const struct firewall_index *index,
						    const char *project);
