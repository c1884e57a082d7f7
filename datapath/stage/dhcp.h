/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * No DHCP packet leaves the host: clients are answered by the agent, which gets
 * the frame through the ring `punt`, and nobody else may serve.
 */
#pragma once

#include <linux/in.h>

#include "datapath/env/env.h"
#include "datapath/stage/budget.h"
#include "datapath/stage/count.h"
#include "datapath/stage/guard.h"

#define DHCP_SERVER  67
#define DHCP_CLIENT  68
#define DHCP6_CLIENT 546
#define DHCP6_SERVER 547

/* DHCPv6 is spoken from the link-local address (RFC 8415 section 13), DHCPv4 from none. */
DP_INLINE bool dhcp_may_ask(struct dp_ctx *ctx, const struct dp_pkt *p)
{
	const struct flow_key *key = &p->head.key;

	if (guard_is_v4(key) ? guard_is_unspecified(key)
			     : guard_is_eui64(&key->saddr, &key->smac))
		return true;
	return guard_allows(ctx, p->slot, &key->smac, key->ethertype, &key->saddr);
}

/* A client's packet to a server, by a port that the agent serves. */
DP_STAGE int dhcp_ask(struct dp_ctx *ctx, struct dp_pkt *p)
{
	const struct flow_key *key;
	int reason;

	if (!p)
		return DP_DROP_INTERNAL;
	key = &p->head.key;
	if (!(p->port_flags & PORT_UNGUARDED)) {
		if (!guard_same_mac(&key->smac, &p->port_mac))
			return DP_DROP_SOURCE_MAC;
		if (!dhcp_may_ask(ctx, p))
			return DP_DROP_SOURCE_IP;
	}
	if (!budget_take_punt(ctx, p->slot))
		return DP_DROP_PUNT_RATE;
	reason =
		dp_punt(ctx, guard_is_v4(key) ? PUNT_DHCP4 : PUNT_DHCP6, p->slot, p->head.size);
	if (reason)
		return reason;
	COUNT_HOST(ctx, punts);
	p->verdict = TC_ACT_SHOT; /* the ring has it */
	return DP_OK;
}

/* A server may speak from any port (RFC 8415 section 7.2): its client's port tells. */
DP_INLINE int dhcp_stage_v6(struct dp_ctx *ctx, struct dp_pkt *p)
{
	const struct flow_key *key = &p->head.key;

	if (key->dport == dp_htons(DHCP6_CLIENT))
		return DP_DROP_DHCP_SERVER;
	if (key->dport != dp_htons(DHCP6_SERVER))
		return DP_OK;
	if (key->sport == dp_htons(DHCP6_SERVER)) /* between servers and relays */
		return DP_DROP_DHCP_SERVER;
	if (!(p->port_flags & PORT_DHCP6) || p->head.fragment)
		return DP_DROP_DHCP_OTHER;
	return dhcp_ask(ctx, p);
}

DP_INLINE int dhcp_stage(struct dp_ctx *ctx, struct dp_pkt *p)
{
	const struct flow_key *key = &p->head.key;

	if (dp_likely(key->proto != IPPROTO_UDP || key->kind != FLOW_WHOLE))
		return DP_OK;
	if (!guard_is_v4(key))
		return dhcp_stage_v6(ctx, p);
	if (key->sport == dp_htons(DHCP_SERVER) && key->dport == dp_htons(DHCP_CLIENT))
		return DP_DROP_DHCP_SERVER;
	if (key->dport != dp_htons(DHCP_SERVER))
		return DP_OK;
	if (key->sport == dp_htons(DHCP_SERVER)) /* between servers and relays */
		return DP_DROP_DHCP_SERVER;
	if (!(p->port_flags & PORT_DHCP4) || p->head.fragment)
		return DP_DROP_DHCP_OTHER;
	return dhcp_ask(ctx, p);
}
