/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Does a packet go over the border of a port's subnet, and which network ACL judges it there? The
 * subnet is that of the port's own end: an address is in the subnet that holds it, and one that
 * none of the port's holds is at home where the port is (abi/map.h, `border`).
 */
#pragma once

#include "datapath/env/env.h"
#include "datapath/stage/conn.h"
#include "datapath/stage/guard.h"

DP_INLINE bool border_holds(const struct border_value *border, const struct abi_ip *ip)
{
	return !(((border->subnet.d[0] ^ ip->d[0]) & border->mask.d[0]) |
		 ((border->subnet.d[1] ^ ip->d[1]) & border->mask.d[1]));
}

/* What goes to a group, or from one link-local address to another, stays where it is. */
DP_INLINE bool border_is_local(const struct flow_key *key)
{
	return guard_is_multicast(key) ||
	       (!guard_is_v4(key) && guard_is_link_local(&key->saddr) &&
		guard_is_link_local(&key->daddr));
}

/*
 * Does P go over a border at the port of side WAY? Then 1, and who judges there into its `acl`. A
 * stage of its own: its key and the frames of what judges would be more than kernel 6.1 allows.
 */
DP_STAGE int border_stage(struct dp_ctx *ctx, struct dp_pkt *p, __u32 way)
{
	const struct border_value *border;
	const struct flow_key *flow;
	struct border_key key;
	struct dp_side *side;

	if (!p)
		return 0;
	side = way ? &p->side[1] : &p->side[0];
	flow = &p->head.key;
	if (border_is_local(flow))
		return 0;
	key.prefixlen = BORDER_PREFIX_BASE + 128;
	key.slot = (__u16)side->slot;
	key.ethertype = flow->ethertype;
	key.ip = way == CONN_SENT ? flow->saddr : flow->daddr;
	border = dp_find(ctx, border, &key);
	if (!border || border_holds(border, way == CONN_SENT ? &flow->daddr : &flow->saddr))
		return 0;
	side->acl = border->acl;
	return 1;
}
