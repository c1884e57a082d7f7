/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What new security groups begin with.
 */
#pragma once

#include "api/resource.h"

extern const struct resource api_default_rule;

/* GROUP, which the job makes, gets its rules; DEFAULT_GROUP: it is a project's default one. */
void default_rule_give(struct job *job, const struct security_group *group, bool default_group);
/* The security group goes, and the default rules that name it with it. */
void default_rule_forget(struct job *job, struct uuid group);
/* Some default rule names this address group. */
bool default_rule_names(const struct job *job, struct uuid address_group);
