/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What says to the others that this program is there. For etcd*.c only.
 */
#pragma once

#include "store/etcd_state.h"

/* Blocks. */
bool etcd_leases_grant(struct etcd *e, GError **error);
void etcd_leases_start(struct etcd *e);
void etcd_leases_stop(struct etcd *e);
/* A lease was not known: find out at once. */
void etcd_leases_beat(struct etcd *e);
bool etcd_lease_is_held(const struct etcd *e, enum store_lease lease);
/* A transaction of ours was applied: what to put again if we are taken for dead. */
void etcd_leases_note(struct etcd *e, const struct store_txn *txn);
