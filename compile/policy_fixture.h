/* SPDX-License-Identifier: Apache-2.0 */
/* Random changes to security groups, rules and address groups, and ports' membership. */
#pragma once

#include "compile/history_fixture.h"

void policy_step(struct history *history);
/* PORT gets some groups, and the identity that goes with them. */
void policy_give(struct history *history, struct port *port);
