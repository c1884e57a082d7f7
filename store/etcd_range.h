/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading all keys with a prefix. For etcd*.c only.
 */
#pragma once

#include "store/etcd_state.h"

/* Takes WORK. */
void etcd_range_send(struct etcd *e, struct work *work);
