/* SPDX-License-Identifier: Apache-2.0 */
/* From rows to the map entries that follow from them. */
#pragma once

#include "agent/held.h"

/* Claims what ROW says; called again whenever what it depends on changes. */
void derive_host(struct state *state, struct row *row);
void derive_interface(struct state *state, struct row *row);
void derive_route(struct state *state, struct row *row);
void derive_location(struct state *state, struct row *row);
void derive_port(struct state *state, struct row *row);
void derive_net(struct state *state, struct net *net);
