/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schema, the epoch, the key of this program. For etcd.c only.
 */
#pragma once

#include "store/etcd_state.h"

/* Blocks. READING: nothing is put there, and there must be a store. */
bool etcd_begin(struct etcd *e, bool reading, GError **error);
