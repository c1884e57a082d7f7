/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What new security groups begin with: rules without a group, each for the default group of a
 * project, for the others, or for both.
 */
#pragma once

#include "model/security.h"

#define DEFAULT_RULE_PARENT "PARENT" /* remote_group_id: the group that the rule goes into */

struct default_rule {
	struct security_rule rule; /* of no group */
	char *remote_group_id;	   /* an id, or DEFAULT_RULE_PARENT */
	bool used_in_default_sg;
	bool used_in_non_default_sg;
};

extern const struct attr_table default_rule_table;

/* Those of a cloud in which nobody has said anything. New. */
#define DEFAULT_RULE_INITIAL 4
struct default_rule *default_rule_new_initial(unsigned int number);

/* The rule is for a group of this sort. */
bool default_rule_is_for(const struct default_rule *rule, bool default_group);
/* The group that it names; false: none, or its own. */
bool default_rule_get_remote(const struct default_rule *rule, struct uuid *group);
/* As a rule of GROUP; new. */
struct security_rule *default_rule_make(const struct default_rule *rule, struct uuid group);
/* What can be said of it alone. */
bool default_rule_validate(const struct default_rule *rule, GError **error);
/* Some group would get the same from both. */
bool default_rule_same(const struct default_rule *a, const struct default_rule *b);
