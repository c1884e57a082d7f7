/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gateways of routers. To every host a gateway is a next hop, the door, in the network of VNI 0 (abi/map.h); to
 * the one that carries it also a port with a slot, whose device is the physical network's. The slot is
 * a gateway's as long as its row says that it is here, whatever becomes of the device, so
 * that its connections outlive that.
 */
#pragma once

#include "agent/held.h"

void gateways_init(struct state *state);
void gateways_done(struct state *state);

void gateways_add(struct state *state, struct row *row);
void gateways_del(struct state *state, struct row *row, bool replaced);
/* The way to the host that carries the gateway of ROW is another. */
void gateways_again(struct state *state, struct row *row);
/* What all gateways have in common. */
void gateways_flush(struct state *state);
/* Rows are complete: what was found in the kernel and nobody has claimed is given up. */
void gateways_end(struct state *state);
bool gateways_hold(const struct state *state, uint32_t slot); /* found, and not claimed yet */
const struct wire *gateways_find_wire(const struct state *state, struct uuid id);
