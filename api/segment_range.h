/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ranges of segments: whose networks get which numbers.
 */
#pragma once

#include "api/resource.h"

extern const struct resource api_segment_range;

/* The one that weftd's options say, on any controller. */
extern const struct uuid segment_range_default_id;

/* PLACE, whose type and physical network are set, gets a number that is free, from the ranges of
 * NETWORK's project or else the shared ones, and is claimed for it. */
bool segment_range_take(struct job *job, struct segment_place *place,
			const struct network *network, GError **error);
