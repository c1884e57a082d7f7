/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One chain of a firewall group's bank: rules that speak of both ends of a packet and of both ports.
 * They name prefixes alone, so nobody joins or leaves a class: all follows from the rules.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "policy/rule.h"
#include "policy/sink.h"

struct firewall_chain;

/* RULES: of this chain, sorted, borrowed for its life. KIND is without POLICY_NEAR. */
struct firewall_chain *firewall_chain_new(uint32_t bank, uint32_t kind, uint32_t salt,
					  const struct policy_rule *const *rules, gsize count);
void firewall_chain_free(struct firewall_chain *chain);

/* More cells follow from the rules than one bank may have (LIM_GROUP_CELLS): it has none. */
bool firewall_chain_is_too_big(const struct firewall_chain *chain);
/* Two classes have one number: make it anew with another salt. */
bool firewall_chain_is_mixed(const struct firewall_chain *chain);
struct policy_chain firewall_chain_to_value(const struct firewall_chain *chain);

/* All entries but the chain's own: put (or deleted, when not PUT). */
void firewall_chain_write(const struct firewall_chain *chain, const struct policy_sink *sink,
			  bool put);

/*
 * How many cells follow from RULES of one chain, sorted, as a bank counts them; as many as there are
 * is not known above 2^40. *WIDEST: the place of the rule that means most of them.
 */
uint64_t firewall_count_cells(uint32_t kind, const struct policy_rule *const *rules,
			      gsize count, guint *widest);
