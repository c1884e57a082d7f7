/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports: the row that their own host gets, and all that a port contributes to its network,
 * its host and its router.
 */
#pragma once

#include "compile/state.h"

void port_update(struct compile *compile, struct uuid id);
/* The value of ROW, of table PORT, as the cloud is now; NULL: the port is gone. Owned. */
GRefString *port_print_row(const struct compile *compile, const struct row *row);
/* What was printed may be more than the last flush knew: the next one tells it again. */
void port_doubt_row(struct compile *compile, struct row *row);
void port_free(void *port);
