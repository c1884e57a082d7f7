/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions for hosts that are connected to another controller. They go by the store, as a key
 * that is there for a moment only; the host's answer comes straight to us.
 */
#pragma once

#include <stdbool.h>

#include "api/mirror.h"
#include "store/store.h"
#include "sync/hub.h"

struct relay;

/* Borrows everything. */
struct relay *relay_new(struct store *store, struct hub *hub);
void relay_stop(struct relay *relay); /* before the store is closed */
void relay_free(struct relay *relay); /* after it */

/* To whoever has HOST; the arguments are those of hub_ask. */
void relay_forward(struct relay *relay, const char *host, const char *id, const char *address);
