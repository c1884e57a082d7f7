/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of this room share: one struct api, which the controller owns.
 */
#pragma once

#include "api/api.h"
#include "api/caller.h"
#include "api/mirror.h"

struct api {
	struct store *store;
	struct cloud *cloud;
	struct mirror *mirror;
	struct guestlist *guests;
	struct access *access; /* owned */
	struct quota *quota;   /* owned */
	struct api_config config;
	GHashTable *inflight; /* key, owned by its job -> struct job */
	uint32_t next_vni;    /* where the search for a free one starts */
	uint32_t next_router; /* ... router number */
	uint32_t next_identity;
	GQueue long_jobs; /* struct job: their next part waits for the loop */
	guint long_turn;  /* the loop's source of it; 0: none */
	guint upkeep;	  /* the loop's source of segment_upkeep.h; 0: none */
	struct api_counters counters;
	bool ending;
};
