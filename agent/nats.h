/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Map `nat`: programs make two entries with a connection that a gateway translates; they go with it. Those
 * whose connection is not there (a program was stopped between the two, or we were between two deletions)
 * are found by a sweep in small steps of the main loop, and taken away when they are found twice.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "abi/map.h"

struct nats;

/* Descriptors of the maps. */
struct nats *nats_new(int nat, int conn, int gateway);
void nats_free(struct nats *nats);

/* A connection of a gateway has been forgotten. */
void nats_ended(struct nats *nats, const struct conn_key *conn);
/* Takes away all of slots that IS_GONE, at once. */
void nats_purge(struct nats *nats, bool (*is_gone)(uint32_t slot, void *data), void *data);
/* What the world sees in place of the tenant's end of CONN; false: that itself. */
bool nats_find(const struct nats *nats, const struct conn_key *conn, struct nat_value *out);
/* One sweep, whole. */
void nats_sweep(struct nats *nats);

gsize nats_get_count(const struct nats *nats); /* entries at the last sweep */
