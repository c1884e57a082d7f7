/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bank: the rules of a list of sets, compiled. Its number follows from the rules' content (not
 * from who is a member of what), so that a restarted agent finds its work done, and a changed
 * rule makes another bank beside the old one. Members and addresses come and go in place: each
 * packet's class stands in one entry.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "policy/peer.h"
#include "policy/rule.h"
#include "policy/sink.h"

struct policy_bank;

/*
 * RULES in any order; copied. SALT: 0, and another when the number is taken or two classes of
 * peers met in one number (a chance of 2^-31 a pair).
 */
struct policy_bank *policy_bank_new(const struct policy_rule *const *rules, gsize count,
				    uint32_t salt);
void policy_bank_free(struct policy_bank *bank);

uint32_t policy_bank_number(const struct policy_bank *bank); /* 1 .. 2^29 - 1 */
/* SHA-256 of the rules, hexadecimal: what banks that may stand for each other share. */
const char *policy_bank_digest(const struct policy_bank *bank);
/* The digest of rules that are not yet a bank; owned. */
char *policy_digest(const struct policy_rule *const *rules, gsize count);

/* Sets and groups of addresses that the rules name, each once; borrowed. */
const GPtrArray *policy_bank_sets(const struct policy_bank *bank);
const GPtrArray *policy_bank_groups(const struct policy_bank *bank);
/* The rules in their order; const struct policy_rule. */
const GPtrArray *policy_bank_rules(const struct policy_bank *bank);
/* More pairs of classes follow from the rules than there may be: it cannot be put. */
bool policy_bank_is_too_big(const struct policy_bank *bank);

/* All that follows from the rules. False: see SALT; clear and make anew. So with the next two. */
bool policy_bank_put(struct policy_bank *bank, const struct policy_sink *sink,
		     peer_addresses addresses, void *data);
bool policy_bank_put_addresses(struct policy_bank *bank, const struct policy_sink *sink,
			       peer_addresses addresses, void *data);
/* Ports of IDENTITY are in SETS (interned as the rules' names). */
bool policy_bank_put_identity(struct policy_bank *bank, const struct policy_sink *sink,
			      uint32_t identity, const char *const *sets, gsize count);
void policy_bank_del_identity(struct policy_bank *bank, const struct policy_sink *sink,
			      uint32_t identity);
/* Deletes all that was put. */
void policy_bank_clear(struct policy_bank *bank, const struct policy_sink *sink);
