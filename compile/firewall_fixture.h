/* SPDX-License-Identifier: Apache-2.0 */
/* Random changes to firewall groups, their policies, rules and ports. */
#pragma once

#include "compile/history_fixture.h"

void firewall_step(struct history *history);
