/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/denials.h"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <string.h>

#include "abi/drop.h"
#include "agent/maps.h"

/* Others are kept by no record, or are no policy's. */
static const struct {
	uint8_t reason;
	enum dp_denial_side side;
} reasons[] = {
#define X(NAME, SIDE) {DP_DROP_##NAME, DP_DENIAL_##SIDE},
	DP_DENIAL_TABLE(X)
#undef X
};

static bool find_side(const struct maps *maps, const struct flow_value *record, bool *received)
{
	for (gsize i = 0; i < G_N_ELEMENTS(reasons); i++) {
		if (reasons[i].reason != record->reason)
			continue;
		*received =
			reasons[i].side == DP_DENIAL_DEVICE
				? maps_find_slot(maps, record->key.context) != record->tx_slot
				: reasons[i].side == DP_DENIAL_RECEIVED;
		return true;
	}
	return false;
}

/* An echo's identifier is the port of who asks, as in `conn`. */
static void find_ports(const struct flow_key *flow, __be16 *from, __be16 *to)
{
	uint8_t type = *(const uint8_t *)&flow->sport; /* the first byte on the wire */

	*from = flow->sport;
	*to = flow->dport;
	if (flow->proto != IPPROTO_ICMP && flow->proto != IPPROTO_ICMPV6)
		return;
	*from = 0;
	if (type == (flow->proto == IPPROTO_ICMP ? ICMP_ECHO : ICMP6_ECHO_REQUEST)) {
		*from = flow->dport;
		*to = 0;
	}
}

static void fill_ends(const struct flow_value *record, bool received, struct conn_key *out)
{
	const struct flow_key *flow = &record->key;
	__be16 from, to;

	find_ports(flow, &from, &to);
	out->slot = record->tx_slot;
	out->proto = flow->proto;
	out->lport = received ? to : from;
	out->rport = received ? from : to;
	out->local = received ? flow->daddr : flow->saddr;
	out->remote = received ? flow->saddr : flow->daddr;
}

guint denial_hash(gconstpointer denial)
{
	g_autoptr(GBytes) bytes = g_bytes_new_static(denial, sizeof(struct conn_key));

	return g_bytes_hash(bytes);
}

gboolean denial_same(gconstpointer a, gconstpointer b)
{
	return memcmp(a, b, sizeof(struct denial)) == 0;
}

bool denial_read(const struct maps *maps, const struct flow_value *record, struct denial *out)
{
	bool received;

	if (record->verdict != FLOW_DROP || !find_side(maps, record, &received) ||
	    !maps_is_current(maps, record))
		return false;
	memset(out, 0, sizeof(*out));
	fill_ends(record, received, &out->key);
	out->received = received;
	out->reason = record->reason;
	out->identity = record->packets;
	out->rule = record->seen;
	return true;
}
