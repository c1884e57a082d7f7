/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the flow caches remember of packets that were denied: who may not speak to whom, until
 * something changes that it depends on, or another flow needs the room. No times and no counts.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "abi/map.h"

struct maps;

/* As the port sees it whose policy, or whose subnet's, says no. */
struct denial {
	struct conn_key key;
	bool received; /* it was for the port; else the port has sent it */
	uint8_t reason;
	uint32_t identity; /* of the other end */
	uint32_t rule;	   /* abi/policy.h; 0: a default */
};

guint denial_hash(gconstpointer denial);
gboolean denial_same(gconstpointer a, gconstpointer b);

/* False: the record is not, or not any more, one of a denial. */
bool denial_read(const struct maps *maps, const struct flow_value *record, struct denial *out);
