/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports: the row that their own host gets, and all that a port contributes to its network,
 * its host and its router.
 */
#pragma once

#include "compile/state.h"

void port_update(struct compile *compile, struct uuid id);
void port_free(void *port);
