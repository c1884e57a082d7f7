/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Connections: the truth that flow records are made from and folded back into.
 * One entry per local port and connection, so a packet between two ports of this host
 * has two. Touched on a miss, by SYN, FIN and RST, and every few seconds (LIM_CONN_TOUCH).
 */
#pragma once

#include <linux/in.h>

#include "abi/wire.h"
#include "datapath/env/env.h"
#include "datapath/stage/count.h"

#define CONN_SENT     0 /* the local port has sent it */
#define CONN_RECEIVED 1 /* ... is given it */

/* TCP, UDP and ICMP echo have connections. */
DP_INLINE bool conn_has(const struct flow_key *key)
{
	__u8 type = key->sport & 0xff; /* of ICMP: the first byte on the wire */

	if (key->kind != FLOW_WHOLE)
		return false;
	switch (key->proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
		return true;
	case IPPROTO_ICMP:
		return type == DP_ICMP_ECHO || type == DP_ICMP_ECHO_REPLY;
	case DP_PROTO_ICMPV6:
		return type == DP_ICMPV6_ECHO || type == DP_ICMPV6_ECHO_REPLY;
	default:
		return false;
	}
}

DP_INLINE void conn_key_set(struct conn_key *key, const struct flow_key *flow, __u32 slot,
			    __u32 way)
{
	bool echo = flow->proto == IPPROTO_ICMP || flow->proto == DP_PROTO_ICMPV6;
	__be16 sport = echo ? flow->dport : flow->sport;

	__builtin_memset(key, 0, sizeof(*key));
	key->slot = slot;
	key->proto = flow->proto;
	if (way == CONN_SENT) {
		key->lport = sport;
		key->rport = flow->dport;
		key->local = flow->saddr;
		key->remote = flow->daddr;
	} else {
		key->lport = flow->dport;
		key->rport = sport;
		key->local = flow->daddr;
		key->remote = flow->saddr;
	}
}

/* A packet with FLAGS has gone WAY: moves the state on (RFC 9293 3.3.2, seen from outside). */
DP_INLINE void conn_step(struct conn_value *conn, __u32 way, __u8 flags, __u64 now)
{
	bool syn = (flags & (DP_TCP_SYN | DP_TCP_ACK)) == DP_TCP_SYN;

	if (syn && conn->state >= CONN_FIN) {
		conn->state = CONN_NEW; /* the ports are used again */
		conn->origin = way;
		conn->fin = 0;
		conn->created = now;
	}
	if (conn->state == CONN_NEW && conn->origin != way)
		conn->state = CONN_ESTABLISHED;
	if (flags & DP_TCP_FIN) {
		conn->fin |= 1 << way;
		if (conn->state < CONN_CLOSED)
			conn->state = conn->fin == 3 ? CONN_CLOSING : CONN_FIN;
	} else if (conn->state == CONN_CLOSING) {
		conn->state = CONN_CLOSED;
	}
	if (flags & DP_TCP_RST)
		conn->state = CONN_CLOSED;
}

/* With TCP flags of a packet: no record knew it, so its connection is likely to be new. */
#define CONN_UNKNOWN 0x100

/*
 * What SLOT's side knows of the record's connection; created when it knows nothing. Each walk
 * of the table is a cache miss or two: what opens a connection is put without looking first.
 */
DP_INLINE void conn_touch_side(struct dp_ctx *ctx, struct flow_value *rec, __u32 slot,
			       __u32 way, __u32 flags, __u64 now)
{
	bool opens = (flags & (CONN_UNKNOWN | DP_TCP_SYN | DP_TCP_ACK)) ==
		     (CONN_UNKNOWN | DP_TCP_SYN);
	struct conn_value *conn = NULL;
	struct conn_key key;

	conn_key_set(&key, &rec->key, slot, way);
	if (!opens)
		conn = dp_find(ctx, conn, &key);
	if (!conn) {
		/* a reply whose first packet was not seen counts as opened by the other side */
		struct conn_value fresh = {.created = now, .seen = now, .origin = way};

		fresh.packets[way & 1] = rec->packets;
		fresh.bytes[way & 1] = rec->bytes;
		if (way == CONN_RECEIVED)
			fresh.remote_identity = wire_identity(rec->vx_flags, rec->vx_vni);
		conn_step(&fresh, way, flags, now);
		if (!dp_add(ctx, conn, &key, &fresh)) {
			COUNT_HOST(ctx, conn_created);
			return;
		}
		conn = dp_find(ctx, conn, &key);
		if (!conn) {
			COUNT_HOST(ctx, conn_full);
			return;
		}
	}
	conn->seen = now;
	if (way == CONN_RECEIVED)
		conn->remote_identity = wire_identity(rec->vx_flags, rec->vx_vni);
	dp_count_shared(&conn->packets[way & 1], rec->packets);
	dp_count_shared(&conn->bytes[way & 1], rec->bytes);
	conn_step(conn, way, flags, now);
}

/*
 * Folds the record's counts into its connection; FLAGS are those of the packet at hand, and
 * CONN_UNKNOWN.
 */
DP_STAGE int conn_touch(struct dp_ctx *ctx, struct flow_value *rec, __u32 flags)
{
	__u64 now = dp_jiffies(ctx);

	if (!rec)
		return DP_DROP_INTERNAL;
	if (rec->tx_slot)
		conn_touch_side(ctx, rec, rec->tx_slot, CONN_SENT, flags, now);
	if (rec->rx_slot)
		conn_touch_side(ctx, rec, rec->rx_slot, CONN_RECEIVED, flags, now);
	rec->seen = now;
	rec->packets = 0;
	rec->bytes = 0;
	return DP_OK;
}

/* A record makes room: what it counted goes to its connection. */
DP_INLINE void conn_fold(struct dp_ctx *ctx, struct flow_value *rec)
{
	if ((rec->flags & FLOW_CONN) && rec->packets)
		conn_touch(ctx, rec, 0);
}
