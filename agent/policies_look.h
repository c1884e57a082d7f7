/* SPDX-License-Identifier: Apache-2.0 */
/* What there is of the policies of this host's ports (policies.h), for who asks. */
#pragma once

#include "agent/policies.h"

/* The bank of IDENTITY's ports; 0: not known, nothing passes. */
uint32_t policies_find_bank(const struct policies *policies, uint32_t identity);
/* The rules of IDENTITY's ports in their order, or NULL; const struct policy_rule, borrowed. */
const GPtrArray *policies_find_rules(const struct policies *policies, uint32_t identity);
/* A rule of any bank by its number in the kernel, or NULL. */
const struct policy_rule *policies_find_rule(const struct policies *policies, uint32_t number);
/* Names of IDENTITY's sets, or NULL; owned array of borrowed strings. */
GPtrArray *policies_list_sets(const struct policies *policies, uint32_t identity);

/* Each identity held here that has no bank, and why: nothing passes at its ports. */
typedef void (*policies_refusal)(uint32_t identity, const char *why, void *data);
void policies_visit_refused(const struct policies *policies, policies_refusal visit,
			    void *data);
gsize policies_count_refused(const struct policies *policies); /* banks */

gsize policies_count_banks(const struct policies *policies);
gsize policies_count_identities(const struct policies *policies);
