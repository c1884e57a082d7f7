/* SPDX-License-Identifier: Apache-2.0 */
/* The text of rows of rules, addresses and identities; see text.h. */
#pragma once

#include <jansson.h>

#include "compile/compile.h"

/* Its policy decides what passes. */
bool text_is_filtered(const struct port *port);

/* All are owned by the caller. Names of sets: */
char *text_set(struct uuid security_group_id);
char *text_address_set(struct uuid address_group_id);
/* ... that RULE names as remote; NULL: none. */
char *text_rule_remote(const struct security_rule *rule);

char *text_key_rule(const struct security_rule *rule);
/* GROUP NULL: not known yet, as if stateful. */
char *text_print_rule(const struct security_rule *rule, const struct security_group *group);
/* The identity that is in the sets NAMES, which are sorted here. */
char *text_print_identity(GPtrArray *names);

/* A rule's protocol and ports (ICMP: type and code) into its ROW. */
void text_set_service(json_t *row, int protocol, int64_t min, int64_t max);
