/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Can hosts make what is asked of them? Rules are compiled there (policy/), and what is too large is
 * refused there, too, where only an operator sees it; who asks for it is told before it is stored.
 */
#pragma once

#include <stdbool.h>

#include "model/firewall.h"

/*
 * RULES: a firewall policy's, in order; those that are not enabled do not count. False: *ERROR names
 * the rule that does most to it, how many combinations of ends and ports would have to be told apart, and
 * how many may be.
 */
bool fit_firewall(const struct firewall_rule *const *rules, guint count, GError **error);
