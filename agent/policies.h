/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policies of this host's ports: rows of rules, identities and addresses, and the banks
 * that follow (policy/bank.h). A port holds its identity; a bank lives while somebody holds an
 * identity with its rules.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "agent/desired.h"
#include "policy/rule.h"

struct policies;

struct policies_ops {
	/* Ports of IDENTITY have another bank now, or none. */
	void (*moved)(uint32_t identity, void *data);
	/* Their bank stays, and says something else of others. */
	void (*stale)(uint32_t identity, void *data);
	void (*complain)(const char *text, void *data); /* a limit is reached: one line */
	/* The project whose ports have IDENTITY, whose share of the tables its bank is of; NULL: nobody's. */
	const char *(*owner)(uint32_t identity, void *data);
};

/* DESIRED must outlive it. */
struct policies *policies_new(struct desired *desired, const struct policies_ops *ops,
			      void *data);
void policies_free(struct policies *policies);
/* Room for LIMIT pairs of classes, and as many identities (at first DEF_POLICY). */
void policies_limit(struct policies *policies, gsize limit);

/* SETS: names, copied. */
void policies_put_identity(struct policies *policies, uint32_t identity,
			   const char *const *sets, gsize count);
void policies_del_identity(struct policies *policies, uint32_t identity);
/* RULE is borrowed until it is deleted. */
void policies_put_rule(struct policies *policies, const struct policy_rule *rule);
void policies_del_rule(struct policies *policies, const struct policy_rule *rule);
void policies_put_address(struct policies *policies, const char *group, struct prefix prefix);
void policies_del_address(struct policies *policies, const char *group, struct prefix prefix);

/* A port of this host has IDENTITY, and has no more. */
void policies_hold(struct policies *policies, uint32_t identity);
void policies_release(struct policies *policies, uint32_t identity);

/* Brings banks up to date; ops are called from here. */
void policies_flush(struct policies *policies);

/*
 * A packet on its walk has read its port's bank and asks it a moment later. From now on a bank
 * that no port has any more rests, until policies_settle: when all walks of before are over.
 */
void policies_be_patient(struct policies *policies);
bool policies_is_resting(const struct policies *policies);
void policies_settle(struct policies *policies); /* what it frees is flushed with the rest */

/* As peer_addresses (policy/peer.h); DATA is the policies. */
const struct prefix *policies_find_addresses(const char *group, gsize *count, void *data);
