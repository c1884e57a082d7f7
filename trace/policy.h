/* SPDX-License-Identifier: Apache-2.0 */
/* What the policy of each port made of a packet that has just walked through a host. */
#pragma once

#include <jansson.h>

#include "trace/host.h"

/*
 * Appends to LIST, of stages, one {"stage":"acl","row","says"} for each border of a subnet that
 * the packet came over, and one "policy" for each filtered port that was asked; with "bank" and
 * "rule", the numbers, where a rule decided.
 */
void trace_policy_list(const struct trace_host *host, json_t *list);
/* All ports of HOST may open connections: a trace is no load. */
void trace_policy_share(struct trace_host *host);
