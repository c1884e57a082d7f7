/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is left over: of the controllers that share a store one at a time, the elected one,
 * removes the keys in which hosts speak of ports that are gone or elsewhere.
 */
#pragma once

#include "model/cloud.h"
#include "store/store.h"

struct sweep;

/* Borrows both. Does nothing where the store is not shared. */
struct sweep *sweep_new(struct store *store, struct cloud *cloud);
/* The store is about to be closed: nothing is begun any more. */
void sweep_stop(struct sweep *sweep);
/* After the store is closed. */
void sweep_free(struct sweep *sweep);
/* This controller is the elected one; for metrics. */
bool sweep_leads(const struct sweep *sweep);
