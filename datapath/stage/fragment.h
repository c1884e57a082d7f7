/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Later fragments carry no ports. The first one leaves its own under the IP id,
 * so that all fragments of a datagram share its flow; those that come before it are a
 * flow of their own, without ports (FLOW_FRAGMENT).
 */
#pragma once

#include "datapath/env/env.h"

DP_INLINE void fragment_key_set(struct fragment_key *key, const struct dp_head *h)
{
	__builtin_memset(key, 0, sizeof(*key));
	key->context = h->key.context;
	key->id = h->fragment_id;
	key->saddr = h->key.saddr;
	key->daddr = h->key.daddr;
	key->proto = h->key.proto;
	if (key->context == (FLOW_TUNNEL | GATEWAY_VNI)) /* tenants meet there: whose router? */
		__builtin_memcpy(&key->door, h->key.dmac.b + 2, sizeof(key->door));
}

/* Completes the key of a later fragment. */
DP_STAGE int fragment_find(struct dp_ctx *ctx, struct dp_pkt *p)
{
	const struct fragment_value *first;
	struct fragment_key key;

	if (!p)
		return DP_DROP_INTERNAL;
	fragment_key_set(&key, &p->head);
	first = dp_find(ctx, fragment, &key);
	if (!first)
		return DP_OK;
	p->head.key.sport = first->sport;
	p->head.key.dport = first->dport;
	p->head.key.kind = FLOW_WHOLE;
	return DP_OK;
}

/* The first fragment goes on its way: the others may follow. */
DP_STAGE int fragment_keep(struct dp_ctx *ctx, struct dp_pkt *p)
{
	struct fragment_value value;
	struct fragment_key key;

	if (!p)
		return DP_DROP_INTERNAL;
	fragment_key_set(&key, &p->head);
	value.sport = p->head.key.sport;
	value.dport = p->head.key.dport;
	dp_put(ctx, fragment, &key, &value);
	return DP_OK;
}
