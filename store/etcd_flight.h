/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One etcd transaction of those works at the head of the queue that can go together. For
 * etcd*.c only.
 */
#pragma once

#include "store/etcd_state.h"

void etcd_flight_send(struct etcd *e);
