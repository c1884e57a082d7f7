/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Range of segments: numbers, and whose networks get them.
 */
#pragma once

#include "model/segment.h"

struct segment_range {
	struct object object; /* a shared one has no project */
	bool is_default;      /* of weftd's options: nobody changes it */
	bool shared;
	uint32_t type; /* "network_type", an index of its own; segment_range_get_type */
	char *physical_network;
	int64_t minimum, maximum;
};

/* Free numbers that a range lists, the lowest: all of a physical network's VLANs. */
#define SEGMENT_RANGE_LISTED 4096

extern const struct attr_table segment_range_table;

/* What can be said of a range alone. */
bool segment_range_check(struct segment_range *range, GError **error);
/* False: segments of its type have no ranges. */
bool segment_range_get_type(const struct segment_range *range, enum segment_type *out);
bool segment_range_has(const struct segment_range *range, const struct segment_place *place);
/* Some number is in both. */
bool segment_range_meets(const struct segment_range *a, const struct segment_range *b);
