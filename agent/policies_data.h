/* SPDX-License-Identifier: Apache-2.0 */
/* What policies.c keeps, for policies_look.c, which only looks. */
#pragma once

#include "agent/policies.h"
#include "agent/policy_share.h"
#include "policy/bank.h"

/* A set of ports, or a group of addresses: while anything speaks of it. */
struct set {
	char *name;	       /* GRefString */
	GPtrArray *rules;      /* const struct policy_rule */
	GPtrArray *identities; /* struct identity that are in it */
	GPtrArray *banks;      /* struct bank that name it as a peer */
	GArray *addresses;     /* struct prefix, of a group */
	bool dirty;	       /* something about it has changed */
	bool changed;	       /* ... its rules or addresses */
};

struct identity {
	uint32_t number;
	bool known; /* its row is here */
	bool dirty;
	bool rebuild;
	uint32_t holds;
	GPtrArray *sets;  /* struct set */
	GPtrArray *banks; /* struct bank that have been told of it */
	struct bank *bank;
};

struct bank {
	struct policies *policies;
	struct policy_bank *bank;
	struct policy_share *share;
	GPtrArray *identities; /* struct identity whose ports it is for */
	GPtrArray *told;       /* struct identity it knows as peers */
	char *refused;	       /* why it cannot be made: nothing passes; NULL: it can */
};

struct policies {
	struct desired *desired;
	struct policies_ops ops;
	void *data;
	GHashTable *sets;	/* name -> struct set */
	GHashTable *identities; /* number -> struct identity */
	GHashTable *banks;	/* digest -> struct bank */
	GHashTable *numbers;	/* bank number -> struct bank */
	GPtrArray *dirty_sets;
	GPtrArray *dirty_identities;
	GPtrArray *rebuild;
	GPtrArray *resting; /* struct bank that nobody holds, and a walk may still be in */
	bool patient;	    /* there are walks */
	struct policy_shares *shares;
	gsize refused; /* banks */
	gsize writes;
};
