/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules in force: the defaults, and what the operator's file says instead. A rule is
 * looked up once and asked often; reading the file again changes what it says, not where it
 * is.
 */
#pragma once

#include <stdio.h>

#include "rights/check.h"

struct policy;
struct rule;

/*
 * PATH: a YAML (or JSON) mapping of rule names to checks, as oslo.policy reads it; NULL: the
 * defaults alone. A file that is not there, a check that cannot be read and rules that name each
 * other in a ring are errors.
 */
struct policy *policy_new(const char *path, GError **error);
void policy_free(struct policy *policy);
/* Reads the file again; keeps what was in force when that fails. Rules may be new. */
bool policy_reload(struct policy *policy, GError **error);

/* "create_network:shared", or NULL. Lives as long as POLICY. */
const struct rule *policy_find(const struct policy *policy, const char *name);
/* What answers for a rule that there is not: "default". */
const struct rule *policy_get_default(const struct policy *policy);

const char *rule_name(const struct rule *rule);
/* May CREDS? Without TARGET: ANSWER_UNKNOWN when it depends on that. A token whose scope is not
 * a project is refused where the rule wants one. */
enum answer rule_ask(const struct rule *rule, const struct creds *creds,
		     const struct target *target);

/* The defaults as an oslo.policy file with comments. */
void policy_print_defaults(FILE *out);
/* Each rule, in the order of their names, as it is in force. */
void policy_visit(const struct policy *policy,
		  void (*visit)(const struct rule *rule, void *data), void *data);
