/* SPDX-License-Identifier: Apache-2.0 */
/* All that one port may open to another, by the rules that their hosts have; without a packet. */
#pragma once

#include "trace/verdict.h"

/*
 * [{"service", "family", "egress", "ingress"}]: what is allowed, one for each stretch of services
 * that the same rules let pass, of each address family; "any" is every service. NULL with ERROR as
 * trace_verdict.
 */
json_t *trace_reach(const struct trace_party *from, const struct trace_party *to,
		    GError **error);
/* What PARTY's packets carry; 0: its host does not have the port. */
uint32_t trace_identity(const struct trace_party *party);
