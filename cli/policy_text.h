/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A policy's rule, and what a selector asks for, as a person writes them in one word or line:
 *
 *	ingress accept from app=web,env!=test tcp/443 tcp/8000-8080 log
 *	egress deny to 10.0.0.0/8!10.1.0.0/16 icmp/8
 */
#pragma once

#include <jansson.h>
#include "model/attr.h"

/* What the API takes for one of "rules"; NULL: the error names the word that is wrong. */
json_t *policy_text_parse_rule(const char *text, GError **error);
/* One of "match_expressions": "tier=a|b", "tier!=a|b", "tier", "!tier". */
json_t *policy_text_parse_requirement(const char *text, GError **error);
/* "app=web,tier=a|b,!old": a list of these. */
json_t *policy_text_parse_selector(const char *text, GError **error);
/* All of the list hold for a port's LABELS, as the API shows them. */
bool policy_text_selects(const json_t *requirements, const json_t *labels);

/* The inverses, of what the API shows; owned. */
char *policy_text_print_rule(const json_t *rule);
char *policy_text_print_requirement(const json_t *requirement);
