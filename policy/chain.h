/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One chain of a bank: rules of one direction and family in their order, and the map entries
 * that say the same.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "policy/peer.h"
#include "policy/rule.h"
#include "policy/sink.h"

struct chain;

/* RULES: of this chain, sorted, borrowed for its life. */
struct chain *chain_new(uint32_t bank, uint32_t kind, uint32_t salt,
			const struct policy_rule *const *rules, gsize count);
void chain_free(struct chain *chain);

struct policy_chain chain_to_value(const struct chain *chain);

/* What follows from the rules alone: put (or deleted, when not PUT). */
void chain_write_rules(struct chain *chain, const struct policy_sink *sink, bool put);

/* False when two classes would have one number: clear the bank, make it anew with another salt. */
bool chain_put_addresses(struct chain *chain, const struct policy_sink *sink,
			 peer_addresses addresses, void *data);
bool chain_put_identity(struct chain *chain, const struct policy_sink *sink, uint32_t identity,
			const char *const *sets, gsize count);
void chain_del_identity(struct chain *chain, const struct policy_sink *sink, uint32_t identity);
/* Deletes all that was put. */
void chain_clear(struct chain *chain, const struct policy_sink *sink);
