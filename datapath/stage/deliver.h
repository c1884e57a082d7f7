/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A record's verdict is carried out: by the hit path on the record it found, by the miss
 * path on the one it made.
 */
#pragma once

#include "datapath/env/env.h"
#include "datapath/stage/conn.h"
#include "datapath/stage/count.h"
#include "datapath/stage/flow.h"
#include "datapath/stage/tunnel.h"

/* Does it fit the way out? Of a super-packet, the packets that it becomes. */
DP_INLINE bool deliver_fits(struct dp_ctx *ctx, const struct dp_head *h, __u32 mtu)
{
	__u32 segment = ctx->gso_size;

	if (dp_likely(h->ip_size <= mtu))
		return true;
	return segment && segment + h->l4 + h->l4_size - DP_ETH_SIZE <= mtu;
}

/* The packet counts on its record ... */
DP_INLINE void deliver_note(struct dp_ctx *ctx, const struct dp_head *h, struct flow_value *rec)
{
	rec->packets += count_packets(ctx);
	rec->bytes += h->size;
}

/* ... and on its ports ... */
DP_INLINE void deliver_count(struct dp_ctx *ctx, const struct dp_head *h,
			     struct flow_value *rec)
{
	__u32 packets = count_packets(ctx);

	if (rec->tx_slot)
		count_tx(ctx, rec->tx_slot, packets, h->size);
	if (rec->rx_slot)
		count_rx(ctx, rec->rx_slot, packets, h->size);
}

/*
 * ... and every LIM_CONN_TOUCH seconds on its connection, whose memory is cold when flows are
 * many. False: the connection that let it pass is no more.
 */
DP_INLINE bool deliver_account(struct dp_ctx *ctx, const struct dp_head *h,
			       struct flow_value *rec)
{
	__u32 now = dp_jiffies(ctx);

	deliver_note(ctx, h, rec);
	if (dp_likely(rec->flags & FLOW_CONN) &&
	    dp_unlikely((h->tcp & (DP_TCP_FIN | DP_TCP_SYN | DP_TCP_RST)) ||
			now - rec->seen > dp_config(ctx, hz) * LIM_CONN_TOUCH) &&
	    (conn_touch(ctx, rec, h->tcp) & CONN_LOST))
		return false;
	deliver_count(ctx, h, rec);
	return true;
}

/* The routers' share: TTL less by their number (RFC 1624), MACs of the last network. */
DP_INLINE int deliver_routed(struct dp_ctx *ctx, const struct flow_value *rec)
{
	const __u8 *macs = (const __u8 *)&rec->dmac;
	__u8 *eth = dp_at(ctx, 0, DP_ETH_SIZE + 12);
	__u32 check;

	if (!eth)
		return -1;
	dp_set32(eth, dp_get32(macs));
	dp_set32(eth + 4, dp_get32(macs + 4));
	dp_set32(eth + 8, dp_get32(macs + 8));
	if (rec->key.ethertype == dp_htons(ETH_P_IPV6)) {
		eth[DP_ETH_SIZE + 7] -= rec->hops;
		return 0;
	}
	eth[DP_ETH_SIZE + 8] -= rec->hops;
	/* TTL is the upper byte of its word: as loaded, the lower */
	check = dp_get16(eth + DP_ETH_SIZE + 10) + (__u32)rec->hops;
	dp_set16(eth + DP_ETH_SIZE + 10, (__u16)(check + (check >= 0xffff)));
	return 0;
}

/* Into the namespace behind a veth, or out of a tap. */
DP_INLINE int deliver_port(struct dp_ctx *ctx, const struct flow_value *rec)
{
	if (!(rec->flags & FLOW_PEER))
		return dp_redirect(ctx, rec->out);
	/* it was addressed to another MAC than the device it came by */
	if (ctx->pkt_type)
		dp_to_us(ctx);
	return dp_redirect_peer(ctx, rec->out);
}

/* A packet of a local port, by its record. */
DP_INLINE int deliver_from_port(struct dp_ctx *ctx, const struct dp_head *h,
				struct flow_value *rec)
{
	if (rec->verdict == FLOW_PORT)
		sample_arrives(ctx, rec->rx_slot);
	if (rec->hops && deliver_routed(ctx, rec))
		return count_drop(ctx, rec->tx_slot, DP_DROP_INTERNAL);
	if (rec->verdict == FLOW_PORT)
		return deliver_port(ctx, rec);
	return tunnel_send(ctx, rec, h->tos);
}

/* A packet that came by tunnel with SIZE bytes of headers around it, by its record. */
DP_INLINE int deliver_from_tunnel(struct dp_ctx *ctx, struct flow_value *rec, __u32 size)
{
	sample_arrives(ctx, rec->rx_slot);
	if (tunnel_strip(ctx, rec, size))
		return count_drop(ctx, rec->rx_slot, DP_DROP_ENCAP);
	/*
	 * A device's transmit function sets skb->protocol anew, so that is the way of what the
	 * kernel still takes for the outer protocol.
	 */
	if (dp_unlikely(rec->key.ethertype != dp_htons(ETH_P_IP) &&
			rec->key.ethertype != dp_htons(ETH_P_IPV6)))
		return dp_redirect(ctx, rec->out);
	return deliver_port(ctx, rec);
}
