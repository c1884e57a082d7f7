/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Segment: what a network is made of. One on the overlay, whose number is its VNI; and markers:
 * flat networks and VLANs of a physical network, which belong to it outside.
 */
#pragma once

#include "lib/ip.h"
#include "model/object.h"

enum segment_type {
	SEGMENT_VXLAN = 0,
	SEGMENT_FLAT = 1,
	SEGMENT_VLAN = 2,
};

extern const char *const segment_types[]; /* "vxlan", "flat", "vlan" */

/* Where a segment is; no two segments are in one place. */
struct segment_place {
	uint32_t type;		/* enum segment_type */
	char *physical_network; /* NULL: the overlay */
	uint32_t number;	/* VNI or VLAN; 0: flat, or not chosen yet */
};

struct segment {
	struct object object;
	struct uuid network_id;
	struct segment_place place;
};

#define SEGMENT_MAX	     16	  /* of a network */
#define SEGMENT_PHYSICAL_MAX 64	  /* characters */
#define SEGMENT_VLAN_MAX     4094 /* IEEE 802.1Q: 0 and 4095 are nobody's */
#define SEGMENT_VNI_MAX	     ((1 << 24) - 1)

extern const struct attr_table segment_table;
extern const struct attr_table segment_place_table; /* items of a network's "segments" */

/* A physical network where it must be, and nowhere else; the number fits its type. "" becomes
 * NULL. */
bool segment_place_check(struct segment_place *place, GError **error);
void segment_place_copy(struct segment_place *to, const struct segment_place *from);
bool segment_place_equal(const struct segment_place *a, const struct segment_place *b);
/* "VLAN 7 on physical network physnet1", for errors; into SEGMENT_PLACE_TEXT bytes. */
#define SEGMENT_PLACE_TEXT 320
char *segment_place_print(const struct segment_place *place, char *text);

/* For GHashTable: keys point to struct segment_place. */
guint segment_place_hash(gconstpointer place);
gboolean segment_place_same(gconstpointer a, gconstpointer b);
