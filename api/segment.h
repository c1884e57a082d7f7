/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Segments: each network has one from its birth, of the overlay unless it is only a marker of what
 * is outside; external networks may have more, which are markers.
 */
#pragma once

#include "api/resource.h"

extern const struct resource api_segment;

/* The segments that a new network asks for by "provider:*" or "segments", of GIVEN attributes; one
 * on the overlay when it asks for none. */
bool segment_make_all(struct job *job, struct network *network, uint64_t given, GError **error);
/* A network that is changed has no markers unless it is external. */
bool segment_check_external(const struct network *network, GError **error);
/* The network goes, and all of them with it. */
void segment_drop_all(struct job *job, const struct network *network);
/* The segment that SUBNET (BEFORE, or NULL) names is its network's, and stays. */
bool segment_guard_subnet(struct job *job, const struct subnet *before,
			  const struct subnet *subnet, GError **error);

/* PLACE becomes NETWORK's alone; false: it is somebody's. */
bool segment_claim(struct job *job, const struct segment_place *place,
		   const struct network *network);
