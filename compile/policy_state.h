/* SPDX-License-Identifier: Apache-2.0 */
/* What policy.c and selectors.c share: sets, rules of them, and who is in them. */
#pragma once

#include "compile/audience.h"
#include "compile/text_selector.h"

struct shelf;

/* What a set that is a selector picks: its own copies. */
struct picks {
	struct selection selection;
	struct selector selector;
	char *port_name;
};

/* Ports that rules are for or name, or addresses that they name. */
struct set {
	char *name;		  /* "sg:UUID", "ag:UUID", "se:DIGEST" */
	struct audience holders;  /* of its rules: hosts with ports in it */
	struct audience watchers; /* of its addresses: hosts that hold a rule naming it */
	GHashTable *remotes;	  /* struct set -> count of its rules that name it */
	GHashTable *identities;	  /* set of struct identity that have it */
	GHashTable *addresses;	  /* text of a prefix -> struct row */
	struct picks *picks;	  /* NULL: members are told, not selected */
	struct shelf *shelf;	  /* ... where it looks for them */
	guint users;		  /* rules that are of it or name it */
	bool queued;
};

struct rule {
	struct set *set;
	struct set *remote; /* NULL: names none */
	struct row *row;
};

struct identity {
	uint32_t number;
	guint ports;
	const char *project; /* interned */
	struct vec labels;
	struct vec named_ports;
	GPtrArray *sets;
	GHashTable *holds; /* struct host_unit -> count of filtered ports */
	struct audience audience;
	struct row *row;
	bool queued;
	bool stale; /* its row is to be printed */
};

/* The set NAME, which is taken over, made when it is new. */
struct set *set_get(struct compile *compile, char *name);
void set_queue(struct compile *compile, struct set *set);
void set_join(struct compile *compile, struct set *set, struct identity *identity);
void set_part(struct compile *compile, struct set *set, struct identity *identity);

/* REMOTE may be NULL. KEY and VALUE are taken over; *RULE NULL: a new one. */
void rule_put(struct compile *compile, struct rule **rule, struct set *set, struct set *remote,
	      char *key, char *value);
/* Clears *RULE. */
void rule_end(struct compile *compile, struct rule **rule);
