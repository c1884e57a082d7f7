/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For laws: rules at random, who is in which sets, and what the walk over the rules says. The same
 * seed makes the same.
 */
#pragma once

#include "policy/bank.h"
#include "policy/twin.h"

#define RANDOM_GROUPS	  3
#define RANDOM_IDENTITIES 24
#define RANDOM_IDENTITY	  256 /* the first's number */

struct random_policy {
	bool firewall; /* the rules are a firewall group's */
	GRand *rand;
	GPtrArray *rules; /* struct policy_rule, sorted */
	GArray *groups[RANDOM_GROUPS];
	GPtrArray *members[RANDOM_IDENTITIES]; /* set names */
};

void random_policy_open(struct random_policy *policy, uint32_t seed, bool firewall);
void random_policy_close(struct random_policy *policy);

/* 0 .. N-1 */
uint32_t random_policy_roll(struct random_policy *policy, uint32_t n);
/* One of few, so that prefixes nest and packets meet them. */
struct ip random_policy_ip(struct random_policy *policy, bool v6);
struct policy_rule *random_policy_rule(struct random_policy *policy, guint number);
/* As peer_addresses; DATA is the policy. */
const struct prefix *random_policy_find_group(const char *name, gsize *count, void *data);

/* All into BANK, made of the rules. */
bool random_policy_fill(struct random_policy *policy, struct policy_bank *bank,
			const struct policy_sink *sink);
/* Somebody joins or leaves, or a group of addresses gets or loses one. */
void random_policy_change(struct random_policy *policy, struct policy_bank *bank,
			  const struct policy_sink *sink);
/* The action that PACKET meets, and the rule that says so; NULL: the default. */
uint8_t random_policy_ask(struct random_policy *policy, const struct policy_packet *packet,
			  const struct policy_rule **rule);
