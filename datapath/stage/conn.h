/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Connections: the truth that flow records are made from and folded back into.
 * One entry per local port and connection, so a packet between two ports of this host
 * has two. Touched on a miss, by SYN, FIN and RST, and every few seconds (LIM_CONN_TOUCH).
 *
 * Of a port that is not filtered an entry is made by the first packet seen and is a count of
 * things. Of a filtered one it is made when the policy lets it be opened (stage/policy.h), and is
 * what lets replies in: FLOW_HELD records do not outlive it by more than LIM_CONN_TOUCH. Where routers
 * have firewalls all ports have entries, as those tell a reply by them (stage/firewall.h).
 */
#pragma once

#include <linux/in.h>

#include "abi/hash.h"
#include "abi/wire.h"
#include "datapath/env/env.h"
#include "datapath/stage/count.h"

/* Whose side, and which way a packet goes: index of dp_pkt.side. */
#define CONN_SENT     0 /* the local port has sent it */
#define CONN_RECEIVED 1 /* ... is given it */

/* An ICMP echo request: its identifier is the port of who asks. */
DP_INLINE bool conn_is_request(const struct flow_key *key)
{
	__u8 type = key->sport & 0xff; /* the first byte on the wire */

	return type == (key->proto == IPPROTO_ICMP ? DP_ICMP_ECHO : DP_ICMPV6_ECHO);
}

/* All protocols can have connections; of ICMP echo alone. */
DP_INLINE bool conn_has(const struct flow_key *key)
{
	__u8 type = key->sport & 0xff;

	if (key->kind != FLOW_WHOLE)
		return false;
	if (key->proto == IPPROTO_ICMP)
		return type == DP_ICMP_ECHO || type == DP_ICMP_ECHO_REPLY;
	if (key->proto == DP_PROTO_ICMPV6)
		return type == DP_ICMPV6_ECHO || type == DP_ICMPV6_ECHO_REPLY;
	return true;
}

/* ... whose packets are counted where nobody filters, too. */
DP_INLINE bool conn_is_counted(const struct flow_key *key)
{
	return conn_has(key) && (key->proto == IPPROTO_TCP || key->proto == IPPROTO_UDP ||
				 key->proto == IPPROTO_ICMP || key->proto == DP_PROTO_ICMPV6);
}

DP_INLINE void conn_key_set(struct conn_key *key, const struct flow_key *flow, __u32 slot,
			    __u32 way)
{
	__be16 sport = flow->sport, dport = flow->dport;

	if (flow->proto == IPPROTO_ICMP || flow->proto == DP_PROTO_ICMPV6) {
		sport = conn_is_request(flow) ? flow->dport : 0;
		dport = conn_is_request(flow) ? 0 : flow->dport;
	}
	__builtin_memset(key, 0, sizeof(*key));
	key->slot = slot;
	key->proto = flow->proto;
	if (way == CONN_SENT) {
		key->lport = sport;
		key->rport = dport;
		key->local = flow->saddr;
		key->remote = flow->daddr;
	} else {
		key->lport = dport;
		key->rport = sport;
		key->local = flow->daddr;
		key->remote = flow->saddr;
	}
}

/* Are the ports of a closed connection used again? */
DP_INLINE bool conn_is_reopened(const struct conn_value *conn, __u32 flags)
{
	return (flags & (DP_TCP_SYN | DP_TCP_ACK)) == DP_TCP_SYN && conn->state >= CONN_FIN;
}

DP_INLINE void conn_begin(struct conn_value *conn, __u32 way, __u64 now)
{
	conn->state = CONN_NEW;
	conn->origin = way;
	conn->fin = 0;
	conn->created = now;
}

/* A packet with FLAGS has gone WAY: moves the state on (RFC 9293 3.3.2, seen from outside). */
DP_INLINE void conn_step(struct conn_value *conn, __u32 way, __u8 flags, __u64 now)
{
	if (conn_is_reopened(conn, flags))
		conn_begin(conn, way, now);
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

/* One of a source's words: how many it has opened in this second. */
DP_INLINE __u32 conn_word_count(__u32 word, __u32 second)
{
	return word >> SOURCE_SECOND == (second & 0xfff) ? word & ((1u << SOURCE_SECOND) - 1)
							 : 0;
}

/*
 * May the other end of KEY open one more in this SECOND towards a port that has not much left? It has
 * two words, so that another source rarely has the same ones. Two CPUs may both count: some are lost.
 */
DP_INLINE bool conn_is_fair(struct dp_ctx *ctx, const struct conn_key *key, __u32 second)
{
	__u32 slot = key->slot, hash, first, other, most;
	struct sources_value *sources = dp_find(ctx, sources, &slot);
	__u32 *a, *b;

	if (!sources)
		return false;
	hash = hash_done(hash_mix(hash_mix(0, key->remote.d[0]), key->remote.d[1]));
	a = &sources->word[hash & ((1u << SOURCE_BITS) - 1)];
	b = &sources->word[hash >> SOURCE_BITS & ((1u << SOURCE_BITS) - 1)];
	first = conn_word_count(*a, second);
	other = conn_word_count(*b, second);
	most = sources->most ? sources->most : dp_config(ctx, conn_share) / 8;
	if (first >= most && other >= most)
		return false;
	*a = (second & 0xfff) << SOURCE_SECOND | (first + 1);
	if (b != a)
		*b = (second & 0xfff) << SOURCE_SECOND | (other + 1);
	return true;
}

/*
 * One connection more on the account of KEY's port, opened WAY? STRICT: not without a share; a port
 * that is not filtered may have none yet. Of the last half of its share no source gets all, and
 * the last eighth is for what the port opens itself.
 */
DP_INLINE bool conn_take(struct dp_ctx *ctx, const struct conn_key *key, __u32 way, bool strict)
{
	__u32 slot = key->slot;
	struct port_conns_value *share = dp_find(ctx, port_conns, &slot);
	__u32 hz = dp_config(ctx, hz);
	__u32 second = dp_jiffies(ctx) / (hz ? hz : 1);
	__s32 left;

	if (!share)
		return false;
	if (share->second != second) {
		share->second = second;
		share->before = share->opened;
	}
	if (share->opened - share->before >= LIM_OPEN_RATE)
		return false;
	left = (__s32)(share->allowed - share->opened);
	if (way == CONN_RECEIVED)
		left -= (__s32)(dp_config(ctx, conn_share) / 8);
	if (left <= 0 && (strict || share->allowed))
		return false;
	if (way == CONN_RECEIVED && share->allowed &&
	    left < (__s32)(dp_config(ctx, conn_share) / 8 * 3) &&
	    !conn_is_fair(ctx, key, second))
		return false;
	dp_count_shared(&share->opened, 1);
	return true;
}

DP_INLINE struct conn_value *conn_find(struct dp_ctx *ctx, const struct flow_key *flow,
				       __u32 slot, __u32 way)
{
	struct conn_key key;

	conn_key_set(&key, flow, slot, way);
	return dp_find(ctx, conn, &key);
}

DP_INLINE void conn_add(struct conn_value *conn, const struct flow_value *rec, __u32 way,
			__u32 flags, __u64 now)
{
	conn->seen = now;
	if (way == CONN_RECEIVED)
		conn->remote_identity = wire_identity(rec->vx_flags, rec->vx_vni);
	dp_count_shared(&conn->packets[way & 1], rec->packets);
	dp_count_shared(&conn->bytes[way & 1], rec->bytes);
	conn_step(conn, way, flags, now);
}

/* With TCP flags of a packet: no record knew it, so its connection is likely to be new. */
#define CONN_UNKNOWN 0x100
#define CONN_MADE    0x200 /* ... the sender's entry has just been made (<< 1: the receiver's) */
#define CONN_LOST    0xff  /* of conn_touch: there is none any more */

/*
 * A side that was not known, REC being its first packet. An entry that was there after all is
 * returned; else NULL, and *MADE says whether there was room for one.
 */
DP_INLINE struct conn_value *conn_make(struct dp_ctx *ctx, const struct flow_value *rec,
				       __u32 slot, __u32 way, __u32 flags, __u64 now,
				       __u32 *made)
{
	/* a reply whose first packet was not seen counts as opened by the other side */
	struct conn_value fresh = {.created = now, .seen = now, .origin = way};
	struct conn_value *conn;
	struct conn_key key;

	fresh.packets[way & 1] = rec->packets;
	fresh.bytes[way & 1] = rec->bytes;
	if (way == CONN_RECEIVED)
		fresh.remote_identity = wire_identity(rec->vx_flags, rec->vx_vni);
	conn_step(&fresh, way, flags, now);
	conn_key_set(&key, &rec->key, slot, way);
	if (conn_take(ctx, &key, way, false) && !dp_add(ctx, conn, &key, &fresh)) {
		COUNT_HOST(ctx, conn_created);
		*made |= CONN_MADE << way;
		return NULL;
	}
	conn = dp_find(ctx, conn, &key);
	if (!conn)
		COUNT_HOST(ctx, conn_full);
	return conn;
}

/* Nothing lets the packet pass but a connection that is not there, or that begins anew. */
DP_INLINE bool conn_is_lost(const struct conn_value *conn, __u32 flags)
{
	return !conn || conn_is_reopened(conn, flags);
}

/* The record lets nothing pass any more. */
DP_INLINE int conn_forget(struct flow_value *rec)
{
	rec->key.context = 0; /* nobody's device */
	rec->verdict = FLOW_EMPTY;
	return DP_DROP_NO_CONNECTION;
}

/*
 * Folds the record's counts into its connection; FLAGS are those of the packet at hand. CONN_LOST:
 * the connection that the packet would pass by is none, so it has to walk again; else CONN_MADE of
 * what had none.
 */
DP_STAGE int conn_touch(struct dp_ctx *ctx, struct flow_value *rec, __u32 flags)
{
	/* Each walk of the table is a cache miss or two: who opens does not look first. */
	bool opens = (flags & (CONN_UNKNOWN | DP_TCP_SYN | DP_TCP_ACK)) ==
		     (CONN_UNKNOWN | DP_TCP_SYN);
	struct conn_value *sent = NULL, *received = NULL;
	__u64 now = dp_jiffies(ctx);
	__u32 made = 0;
	bool tx, rx;

	if (!rec)
		return DP_DROP_INTERNAL;
	tx = rec->tx_slot && !(rec->flags & FLOW_FREE) && !(flags & CONN_MADE);
	rx = rec->rx_slot && !(rec->flags & FLOW_FREE << 1) && !(flags & CONN_MADE << 1);
	if (tx && (!opens || (rec->flags & FLOW_HELD)))
		sent = conn_find(ctx, &rec->key, rec->tx_slot, CONN_SENT);
	if (tx && (rec->flags & FLOW_HELD) && conn_is_lost(sent, flags))
		return conn_forget(rec);
	if (rx && (!opens || (rec->flags & FLOW_HELD << 1)))
		received = conn_find(ctx, &rec->key, rec->rx_slot, CONN_RECEIVED);
	if (rx && (rec->flags & FLOW_HELD << 1) && conn_is_lost(received, flags))
		return conn_forget(rec);
	if (tx && !sent)
		sent = conn_make(ctx, rec, rec->tx_slot, CONN_SENT, flags, now, &made);
	if (sent)
		conn_add(sent, rec, CONN_SENT, flags, now);
	if (rx && !received)
		received = conn_make(ctx, rec, rec->rx_slot, CONN_RECEIVED, flags, now, &made);
	if (received)
		conn_add(received, rec, CONN_RECEIVED, flags, now);
	rec->seen = now;
	rec->packets = 0;
	rec->bytes = 0;
	return (int)made;
}

/*
 * Has the tuple that REC, a denial, is about got a connection since? Then the packet may be its
 * reply. A denial of a side holds for as long as that side has none.
 */
DP_STAGE int conn_lifts(struct dp_ctx *ctx, const struct flow_value *rec)
{
	struct conn_key key;

	if (!rec ||
	    (rec->reason != DP_DROP_EGRESS && rec->reason != DP_DROP_INGRESS &&
	     rec->reason != DP_DROP_FIREWALL) ||
	    !conn_has(&rec->key))
		return 0;
	conn_key_set(&key, &rec->key, rec->tx_slot,
		     rec->reason == DP_DROP_INGRESS ? CONN_RECEIVED : CONN_SENT);
	return dp_find(ctx, conn, &key) != NULL;
}

/* ------------------------------------------------- as the policy says */

/* Makes the entry of P's side WAY, which P is the first packet of, or begins it anew. */
DP_STAGE int conn_open_side(struct dp_ctx *ctx, struct dp_pkt *p, __u32 way)
{
	struct conn_value fresh = {};
	struct conn_value *conn;
	struct dp_side *side;
	struct conn_key key;

	if (!p)
		return DP_DROP_INTERNAL;
	side = way ? &p->side[1] : &p->side[0];
	if (side->hold != DP_HOLD_OPEN)
		return DP_OK;
	p->account = side->slot;
	fresh.seen = fresh.created = dp_jiffies(ctx);
	fresh.remote_identity = side->peer;
	fresh.origin = way;
	fresh.rule = side->rule;
	fresh.packets[way & 1] = count_packets(ctx);
	fresh.bytes[way & 1] = p->head.size;
	conn_step(&fresh, way, p->head.tcp, fresh.created);
	conn_key_set(&key, &p->head.key, side->slot, way);
	if (!conn_take(ctx, &key, way, true))
		return DP_DROP_CONN_BUDGET;
	if (!dp_add(ctx, conn, &key, &fresh)) {
		COUNT_HOST(ctx, conn_created);
		side->made = 1;
		return DP_OK;
	}
	conn = dp_find(ctx, conn, &key);
	if (!conn)
		return DP_DROP_CONN_LIMIT;
	if (conn->origin == way && conn->state < CONN_FIN)
		return DP_OK; /* said once more */
	conn_begin(conn, way, fresh.created);
	conn->packets[0] = conn->packets[1] = 0;
	conn->bytes[0] = conn->bytes[1] = 0;
	conn->rule = side->rule;
	return DP_OK;
}

/* Makes the entries that the policy has asked for: all of them or none. */
DP_STAGE int conn_open(struct dp_ctx *ctx, struct dp_pkt *p)
{
	struct conn_key key;
	int reason;

	if (!p)
		return DP_DROP_INTERNAL;
	reason = conn_open_side(ctx, p, CONN_SENT);
	if (reason)
		return reason;
	reason = conn_open_side(ctx, p, CONN_RECEIVED);
	if (reason && p->side[0].made) {
		conn_key_set(&key, &p->head.key, p->side[0].slot, CONN_SENT);
		dp_del(ctx, conn, &key);
	}
	if (!reason)
		p->account = 0;
	return reason;
}

/* A record makes room: what it counted goes to its connection. */
DP_INLINE void conn_fold(struct dp_ctx *ctx, struct flow_value *rec)
{
	if ((rec->flags & FLOW_CONN) && rec->packets)
		conn_touch(ctx, rec, 0);
}
