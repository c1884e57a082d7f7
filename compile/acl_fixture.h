/* SPDX-License-Identifier: Apache-2.0 */
/* Random changes to network ACLs' rules, and to what subnets name. */
#pragma once

#include "compile/history_fixture.h"

void acl_step(struct history *history);
