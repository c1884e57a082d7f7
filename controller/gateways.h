/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gateways whose host is lost, or has left their physical network, go to another host: of the
 * controllers that share a store the elected one sees to it.
 */
#pragma once

#include "api/api.h"
#include "model/cloud.h"
#include "store/store.h"

struct gateways;

/* Borrows all. */
struct gateways *gateways_new(struct store *store, struct cloud *cloud, struct api *api);
/* The store is about to be closed: nothing is begun any more. */
void gateways_stop(struct gateways *gateways);
/* After the store is closed. */
void gateways_free(struct gateways *gateways);

/* For metrics. */
struct gateways_counters {
	uint64_t moves;	       /* from one host to another, by this controller */
	unsigned int all;      /* gateways of routers */
	unsigned int homeless; /* ... on no host, or on one that is lost */
	bool leads;
};
struct gateways_counters gateways_get_counters(const struct gateways *gateways);
