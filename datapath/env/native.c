/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Hosts and packets of the native world: what the kernel's helpers do to a
 * buffer, with their refusals, and a record of what left.
 */
#include "datapath/env/native.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>

#include "datapath/env/native_table.h"
#include "datapath/program/outside.h"
#include "datapath/program/port.h"
#include "datapath/program/uplink.h"

static void output_clear(gpointer p)
{
	g_clear_pointer(&((struct native_output *)p)->frame, g_bytes_unref);
}

static void sample_clear(gpointer p)
{
	g_clear_pointer(&((struct native_sample *)p)->frame, g_bytes_unref);
}

static void punt_clear(gpointer p)
{
	g_clear_pointer(&((struct native_punt *)p)->frame, g_bytes_unref);
}

static void records_new(struct native_host *host)
{
	host->outputs = g_array_new(FALSE, FALSE, sizeof(struct native_output));
	host->punts = g_array_new(FALSE, FALSE, sizeof(struct native_punt));
	host->samples = g_array_new(FALSE, FALSE, sizeof(struct native_sample));
	g_array_set_clear_func(host->samples, sample_clear);
	g_array_set_clear_func(host->outputs, output_clear);
	g_array_set_clear_func(host->punts, punt_clear);
}

struct native_host *native_host_new(__u32 flow_sets)
{
	struct native_host *host = g_new0(struct native_host, 1);

#define X(type, name, value) host->config.name = value;
	DP_CONFIG_TABLE(X)
#undef X
#define X(map, kind, entries, flags, key, value)                                               \
	host->tables[NATIVE_MAP_##map] =                                                       \
		native_table_new(BPF_MAP_TYPE_##kind,                                          \
				 NATIVE_MAP_##map == NATIVE_MAP_flow ? flow_sets : entries,    \
				 sizeof(key), sizeof(value));
	DP_MAP_TABLE(X)
#undef X
	host->config.flow_mask = flow_sets - 1;
	host->linear = G_MAXUINT32;
	host->jiffies = 1000000;
	records_new(host);
	return host;
}

void native_host_free(struct native_host *host)
{
	if (!host)
		return;
	for (guint i = 0; i < NATIVE_MAPS; i++)
		native_table_free(host->tables[i]);
	g_array_unref(host->outputs);
	g_array_unref(host->punts);
	g_array_unref(host->samples);
	g_free(host);
}

void native_host_forget(struct native_host *host)
{
	g_array_set_size(host->outputs, 0);
	g_array_set_size(host->punts, 0);
	g_array_set_size(host->samples, 0);
}

void native_host_take(struct native_host *host, GArray **outputs, GArray **punts)
{
	*outputs = host->outputs;
	*punts = host->punts;
	g_array_unref(host->samples);
	records_new(host);
}

void *native_find(struct native_host *host, enum native_map map, const void *key)
{
	return native_table_find(host->tables[map], key);
}

bool native_put(struct native_host *host, enum native_map map, const void *key,
		const void *value)
{
	if (host->full && map == host->full && !native_find(host, map, key))
		return false;
	return native_table_put(host->tables[map], key, value);
}

void native_del(struct native_host *host, enum native_map map, const void *key)
{
	native_table_del(host->tables[map], key);
}

void native_clear(struct native_host *host, enum native_map map)
{
	native_table_clear(host->tables[map]);
}

void native_for_each(struct native_host *host, enum native_map map,
		     void (*each)(const void *key, void *value, void *arg), void *arg)
{
	native_table_for_each(host->tables[map], each, arg);
}

void native_bump(struct native_host *host, __u16 cell)
{
	__u32 zero = 0;
	struct generation_value *generation = native_find(host, NATIVE_MAP_generation, &zero);

	generation->cell[cell]++;
}

/* -------------------------------------------------------------- running */

static void ctx_init(struct dp_ctx *ctx, struct native_host *host, const void *frame,
		     size_t size, const struct native_meta *meta)
{
	*ctx = (struct dp_ctx){.host = host,
			       .data = g_malloc(size),
			       .len = size,
			       .linear = MIN(size, host->linear),
			       .ifindex = meta->ifindex,
			       .gso_size = meta->gso_size,
			       .gso_segs = meta->gso_segs,
			       .mark = meta->mark,
			       .vlan_present = meta->vlan_present,
			       .pkt_type = PACKET_OTHERHOST,
			       .encapsulation = meta->encapsulation,
			       .csum_partial = meta->csum_partial};
	if (size)
		memcpy(ctx->data, frame, size);
	if (size >= DP_ETH_SIZE)
		memcpy(&ctx->protocol, ctx->data + 12, 2);
}

static void ctx_record(struct dp_ctx *ctx, enum native_way way, __u32 ifindex)
{
	struct native_output out = {
		.way = way, .ifindex = ifindex, .next_hop = ctx->redirect.next_hop};

	out.frame = g_bytes_new(ctx->data, ctx->len);
	if (ifindex == ctx->host->config.vxlan_ifindex) {
		out.tunnel_remote = ctx->tunnel_remote;
		out.tunnel_vni = ctx->tunnel_vni;
		out.tunnel_gbp = ctx->tunnel_gbp;
	}
	g_array_append_val(ctx->host->outputs, out);
}

static int ctx_finish(struct dp_ctx *ctx, int verdict, GBytes **left)
{
	if (verdict == TC_ACT_REDIRECT)
		ctx_record(ctx, ctx->redirect.way, ctx->redirect.ifindex);
	if (left)
		*left = g_bytes_new_take(ctx->data, ctx->len);
	else
		g_free(ctx->data);
	return verdict;
}

int native_run_port(struct native_host *host, const void *frame, size_t size,
		    const struct native_meta *meta, GBytes **left)
{
	struct dp_ctx ctx;

	ctx_init(&ctx, host, frame, size, meta);
	return ctx_finish(&ctx, port_run(&ctx), left);
}

int native_run_uplink(struct native_host *host, const void *frame, size_t size,
		      const struct native_meta *meta, GBytes **left)
{
	struct dp_ctx ctx;

	ctx_init(&ctx, host, frame, size, meta);
	ctx.pkt_type = PACKET_HOST;
	return ctx_finish(&ctx, uplink_run(&ctx), left);
}

int native_run_outside(struct native_host *host, const void *frame, size_t size,
		       const struct native_meta *meta, GBytes **left)
{
	struct dp_ctx ctx;

	ctx_init(&ctx, host, frame, size, meta);
	ctx.pkt_type = PACKET_HOST;
	return ctx_finish(&ctx, outside_run(&ctx), left);
}

int native_run_asks(struct native_host *host, const void *frame, size_t size,
		    const struct native_meta *meta, GBytes **left)
{
	struct dp_ctx ctx;

	ctx_init(&ctx, host, frame, size, meta);
	return ctx_finish(&ctx, outside_asks(&ctx), left);
}

bool native_parse_agrees(struct native_host *host, const void *frame, size_t size, __u32 base)
{
	struct native_meta meta = {};
	struct dp_head fast = {};
	struct dp_pkt slow = {};
	struct dp_ctx ctx;
	bool agrees = true;

	ctx_init(&ctx, host, frame, size, &meta);
	if (size >= base && parse_fast(&ctx, base, 7, &fast)) {
		agrees = parse_frame(&ctx, &slow, base, 7) == DP_OK;
		slow.head.fragment_id = 0; /* only fragments need it */
		agrees = agrees && !memcmp(&fast, &slow.head, sizeof(fast));
	}
	ctx_finish(&ctx, TC_ACT_OK, NULL);
	return agrees;
}

/* -------------------------------------------------------------- helpers */

void *dp_look(struct native_host *host, enum native_map map, const void *key)
{
	void *value = native_find(host, map, key);

	if (host->look)
		host->look(map, key, value, host->look_arg);
	return value;
}

static bool inside(const struct dp_ctx *ctx, __u32 offset, __u32 size)
{
	return (__u64)offset + size <= ctx->len;
}

int dp_load(struct dp_ctx *ctx, __u32 offset, void *to, __u32 size)
{
	if (!inside(ctx, offset, size)) {
		memset(to, 0, size);
		return -EFAULT;
	}
	memcpy(to, ctx->data + offset, size);
	return 0;
}

int dp_store(struct dp_ctx *ctx, __u32 offset, const void *from, __u32 size)
{
	if (!inside(ctx, offset, size))
		return -EFAULT;
	memcpy(ctx->data + offset, from, size);
	return 0;
}

int dp_pull(struct dp_ctx *ctx, __u32 size)
{
	if (size > ctx->len)
		return -ENOMEM;
	ctx->linear = MAX(ctx->linear, size);
	return 0;
}

/* As bpf_skb_change_tail: what was a super-packet is one packet. */
int dp_resize(struct dp_ctx *ctx, __u32 size)
{
	__u8 *data = g_malloc0(size);

	memcpy(data, ctx->data, MIN(size, ctx->len));
	g_free(ctx->data);
	ctx->data = data;
	ctx->len = ctx->linear = size;
	ctx->gso_size = ctx->gso_segs = 0;
	return 0;
}

static int redirect(struct dp_ctx *ctx, enum native_way way, __u32 ifindex)
{
	ctx->redirect.way = way;
	ctx->redirect.ifindex = ifindex;
	return TC_ACT_REDIRECT;
}

int dp_redirect(struct dp_ctx *ctx, __u32 ifindex)
{
	return redirect(ctx, NATIVE_REDIRECT, ifindex);
}

int dp_redirect_in(struct dp_ctx *ctx, __u32 ifindex)
{
	return redirect(ctx, NATIVE_INGRESS, ifindex);
}

/* The other side takes it for what skb->protocol says; what it is not, it loses. */
int dp_redirect_peer(struct dp_ctx *ctx, __u32 ifindex)
{
	if (!inside(ctx, 0, DP_ETH_SIZE) || memcmp(&ctx->protocol, ctx->data + 12, 2) != 0)
		return TC_ACT_SHOT;
	return redirect(ctx, NATIVE_PEER, ifindex);
}

int dp_redirect_neigh(struct dp_ctx *ctx, __u32 ifindex)
{
	return redirect(ctx, NATIVE_NEIGH, ifindex);
}

int dp_redirect_next(struct dp_ctx *ctx, __u32 ifindex, bool v6, const struct abi_ip *next)
{
	ctx->redirect.next_hop = *next;
	return redirect(ctx, NATIVE_NEIGH, ifindex);
}

int dp_clone(struct dp_ctx *ctx, __u32 ifindex)
{
	ctx_record(ctx, NATIVE_CLONE, ifindex);
	return 0;
}

int dp_to_us(struct dp_ctx *ctx)
{
	ctx->pkt_type = PACKET_HOST;
	return 0;
}

/* As bpf_skb_adjust_room in MAC mode: the Ethernet header moves, the room is behind it. */
int dp_adjust(struct dp_ctx *ctx, int size, __u64 flags)
{
	__u32 cut = size < 0 ? (__u32)-size : 0;
	__u32 len = ctx->len + (__u32)size;
	__u8 *data;

	if (ctx->protocol != dp_htons(ETH_P_IP) && ctx->protocol != dp_htons(ETH_P_IPV6))
		return -EOPNOTSUPP;
	if (size > 0 && (flags & DP_ROOM_ENCAP) && ctx->encapsulation)
		return -EALREADY;
	if (!inside(ctx, DP_ETH_SIZE, cut))
		return -EFAULT;
	data = g_malloc0(len);
	memcpy(data, ctx->data, DP_ETH_SIZE);
	memcpy(data + DP_ETH_SIZE + (size > 0 ? size : 0), ctx->data + DP_ETH_SIZE + cut,
	       ctx->len - DP_ETH_SIZE - cut);
	g_free(ctx->data);
	ctx->data = data;
	ctx->len = len;
	ctx->linear = size > 0 ? MIN(len, ctx->linear + (__u32)size) : MIN(len, ctx->linear);
	ctx->encapsulation |= size > 0;
	if (flags & (DP_ROOM_V4 | DP_ROOM_DECAP_V4))
		ctx->protocol = dp_htons(ETH_P_IP);
	if (flags & (DP_ROOM_V6 | DP_ROOM_DECAP_V6))
		ctx->protocol = dp_htons(ETH_P_IPV6);
	return 0;
}

/* As bpf_skb_change_proto: what is in the room, and what is lost, says nothing. */
int dp_translate(struct dp_ctx *ctx, __be16 ethertype)
{
	bool to_v6 = ethertype == dp_htons(ETH_P_IPV6);
	int more = WIRE_OVERHEAD_V6 - WIRE_OVERHEAD_V4;

	if (ctx->protocol != dp_htons(to_v6 ? ETH_P_IP : ETH_P_IPV6))
		return -EOPNOTSUPP;
	if (dp_adjust(ctx, to_v6 ? more : -more, DP_ROOM_FIXED))
		return -EFAULT;
	ctx->protocol = ethertype;
	return 0;
}

/*
 * As bpf_l4_csum_replace: a checksum that is to be completed has the sum of the pseudo header in its
 * place, so of the rest nothing.
 */
int dp_csum(struct dp_ctx *ctx, __u32 offset, __u32 old, __u32 fresh, __u32 size, __u32 flags)
{
	__u16 check;

	if (dp_load(ctx, offset, &check, sizeof(check)))
		return -EFAULT;
	if ((flags & DP_CSUM_UDP) && !check)
		return 0;
	if (ctx->csum_partial && !(flags & DP_CSUM_PSEUDO))
		return 0;
	if (ctx->csum_partial)
		check = ~check;
	check = csum_replace(check, old & 0xffff, fresh & 0xffff);
	if (size == 4)
		check = csum_replace(check, old >> 16, fresh >> 16);
	if (ctx->csum_partial)
		check = ~check;
	if ((flags & DP_CSUM_UDP) && !check)
		check = 0xffff;
	return dp_store(ctx, offset, &check, sizeof(check));
}

int dp_tunnel_key(struct dp_ctx *ctx, const struct vtep_value *to, __u32 vni, __u32 gbp,
		  __u32 tos)
{
	ctx->tunnel_remote = to->remote;
	ctx->tunnel_vni = vni;
	ctx->tunnel_gbp = gbp;
	return 0;
}

bool dp_sample(struct dp_ctx *ctx, const struct sample_event *head, __u32 size)
{
	struct native_sample sample = {head->slot,   head->length, head->kind,
				       head->reason, head->flags,  NULL};

	if (!size || size > ctx->len || size > LIM_SAMPLE_LONG)
		return false;
	sample.frame = g_bytes_new(ctx->data, size);
	g_array_append_val(ctx->host->samples, sample);
	return true;
}

struct sample_event *dp_tell(struct dp_ctx *ctx)
{
	return g_malloc0(sizeof(struct sample_event) + sizeof(struct sample_flow));
}

void dp_told(struct dp_ctx *ctx, struct sample_event *event)
{
	struct native_sample sample = {event->slot,   event->length, event->kind,
				       event->reason, event->flags,  NULL};

	sample.frame = g_bytes_new(event->frame, event->size);
	g_array_append_val(ctx->host->samples, sample);
	g_free(event);
}

enum dp_drop dp_punt(struct dp_ctx *ctx, __u32 kind, __u32 slot, __u32 size)
{
	struct native_punt punt = {.kind = kind, .slot = slot};

	if (size < 1 || size > LIM_PUNT_FRAME || size > ctx->len)
		return DP_DROP_MALFORMED;
	if (ctx->host->punt_full)
		return DP_DROP_PUNT_FULL;
	punt.frame = g_bytes_new(ctx->data, size);
	g_array_append_val(ctx->host->punts, punt);
	return DP_OK;
}
