/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network: one L2 domain.
 */
#pragma once

#include "lib/ip.h"
#include "model/object.h"
#include "model/segment.h"

struct network {
	struct object object;
	bool admin_state_up;
	bool shared;		    /* with everybody: there is a policy that says so */
	bool external;		    /* as a way out, with somebody */
	bool is_default;	    /* the external one of who names none */
	bool port_security_enabled; /* default of its ports */
	bool flood;		    /* "flood": unknown unicast is replicated, not dropped */
	char *dns_domain;	    /* ends with '.'; "" or NULL: the cloud's */
	struct vec zone_hints;	    /* char *: availability zones */
	int64_t mtu;		    /* largest IP packet of a workload */
	struct segment_place place; /* provider:*: on the overlay, or of its first segment */
	struct vec segments;	    /* struct segment_place: all, where there are several */
};

#define NETWORK_MTU_MIN_V4 68	/* RFC 791 */
#define NETWORK_MTU_MIN_V6 1280 /* RFC 8200 section 5 */

extern const struct attr_table network_table;

/* Hosts can have ports of it: it is not only a marker of what is outside. */
static inline bool network_is_overlay(const struct network *network)
{
	return network->place.type == SEGMENT_VXLAN;
}

/* 0: it is none of the overlay. */
static inline struct vni network_get_vni(const struct network *network)
{
	return (struct vni){network_is_overlay(network) ? network->place.number : 0};
}
