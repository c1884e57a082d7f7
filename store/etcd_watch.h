/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stream of changes into the history. For etcd*.c only.
 */
#pragma once

#include "store/etcd_state.h"

/* From behind what the history has. */
void etcd_watch_start(struct etcd *e);
void etcd_watch_stop(struct etcd *e);
/* Takes in what was heard, for as long as a turn of the loop may last. */
void etcd_watch_read(struct etcd *e);
