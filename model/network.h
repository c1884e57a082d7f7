/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network: one L2 domain.
 */
#pragma once

#include "lib/ip.h"
#include "model/object.h"

struct network {
	struct object object;
	bool admin_state_up;
	bool shared;
	bool port_security_enabled; /* default of its ports */
	bool flood;		    /* "flood": unknown unicast is replicated, not dropped */
	int64_t mtu;		    /* largest IP packet of a workload */
	struct vni vni;		    /* provider:segmentation_id */
};

extern const struct attr_table network_table;
