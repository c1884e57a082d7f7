/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * An answer made of the packet at hand goes back to the port that sent it. Straight into its
 * namespace where there is one: for up to a second after a veth has come up its transmit side
 * has no queue yet and would lose the first answer, which is the one that is waited for.
 */
#pragma once

#include "datapath/env/env.h"
#include "datapath/stage/count.h"

/* SIZE bytes of frame. Returns the TC verdict. */
DP_INLINE int back_send(struct dp_ctx *ctx, const struct dp_pkt *p, __u32 size)
{
	count_rx(ctx, p->slot, 1, size);
	if (!(p->port_flags & PORT_PEER))
		return dp_redirect(ctx, ctx->ifindex);
	dp_to_us(ctx);
	return dp_redirect_peer(ctx, ctx->ifindex);
}
