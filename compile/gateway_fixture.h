/* SPDX-License-Identifier: Apache-2.0 */
/* For the law test: gateways of routers at random. */
#pragma once

#include "compile/history_fixture.h"

/* One is set, changed, moved to another host, left by its host, or cleared. */
void gateway_step(struct history *history);
