/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a policy is to hosts: rows of rules in the sets that its selectors are. A set is named by
 * what it means, so that equal selectors of a project are one set.
 */
#pragma once

#include "compile/compile.h"

/* A selector of a project, or those of its ports that call one of theirs NAME and mean NUMBER. */
struct selection {
	const char *project; /* interned */
	const struct selector *selector;
	const char *port_name; /* NULL: any port */
	int protocol;
	uint16_t number;
};

struct text_rule {
	struct selection subject;
	struct selection peer;
	bool has_peer;		   /* its peers are ports */
	struct uuid address_group; /* ... or addresses of a group; none: neither */
	char *set;		   /* names; owned */
	char *remote;		   /* NULL: names none */
	char *key;		   /* owned; to be stolen, if wanted */
	char *value;
};

/* Sorted numbers that ports of PROJECT give to NAME; the array is the caller's to free. */
typedef GArray *(*text_numbers)(const char *project, const char *name, int protocol,
				void *data);
/* RULE lives as long as the call. */
typedef void (*text_visit_rule)(struct text_rule *rule, void *data);

void text_visit_policy(const struct selector_policy *policy, text_numbers numbers,
		       text_visit_rule visit, void *data);

/* "se:" and a digest; owned. */
char *text_selection(const struct selection *selection);
bool selection_has(const struct selection *selection, const char *project,
		   const struct vec *labels, const struct vec *named_ports);

/* Each name of a port that a rule of POLICY speaks of. */
void text_visit_names(const struct selector_policy *policy,
		      void (*visit)(const char *name, int protocol, void *data), void *data);
