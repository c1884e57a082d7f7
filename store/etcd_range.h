/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading: all keys with a prefix, and how far the others are. For etcd*.c only.
 */
#pragma once

#include "store/etcd_state.h"

/* Takes WORK. */
void etcd_range_send(struct etcd *e, struct work *work);
/* Asks a quorum for the revision, for all that wait in `syncs`. */
void etcd_sync_send(struct etcd *e);
