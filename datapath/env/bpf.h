/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel's world: names that stages use, as BPF helpers. native.h has the
 * same list. A DP_STAGE function is verified on its own and once, so it takes
 * the context and pointers to plain memory, which it must check for NULL. Before kernel
 * 6.4 such memory is no key for a map: look up by a copy on the stack.
 */
#pragma once

#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <stdbool.h>
#include <stddef.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "datapath/map.h"
#include "datapath/packet.h"

#define DP_INLINE static __always_inline
#define DP_STAGE  __attribute__((noinline, weak)) /* weak: callers may assume nothing */
#define DP_UNROLL _Pragma("unroll")

#define dp_ctx	       __sk_buff
#define dp_htons(x)    bpf_htons(x)
#define dp_ntohs(x)    bpf_ntohs(x)
#define dp_htonl(x)    bpf_htonl(x)
#define dp_ntohl(x)    bpf_ntohl(x)
#define dp_likely(x)   __builtin_expect(!!(x), 1)
#define dp_unlikely(x) __builtin_expect(!!(x), 0)

/*
 * A map has the noun's name, and so has many a local variable: stages reach maps and
 * settings through functions, whose names cannot be hidden.
 */
#define X(map, kind, entries, flags, key_type, value_type)                                     \
	struct {                                                                               \
		__uint(type, BPF_MAP_TYPE_##kind);                                             \
		__uint(max_entries, entries);                                                  \
		__uint(map_flags, flags);                                                      \
		__type(key, key_type);                                                         \
		__type(value, value_type);                                                     \
	} map SEC(".maps");                                                                    \
	DP_INLINE void *map_##map(void)                                                        \
	{                                                                                      \
		return &map;                                                                   \
	}
DP_MAP_TABLE(X)
#undef X

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, LIM_PUNT_RING);
} punt SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, LIM_SAMPLE_RING);
} sample SEC(".maps");

#define X(type, name, value)                                                                   \
	volatile const type name = value;                                                      \
	DP_INLINE type config_##name(void)                                                     \
	{                                                                                      \
		return name;                                                                   \
	}
DP_CONFIG_TABLE(X)
#undef X

#define dp_config(ctx, name)	     config_##name()
#define dp_find(ctx, map, key)	     bpf_map_lookup_elem(map_##map(), key)
#define dp_put(ctx, map, key, value) bpf_map_update_elem(map_##map(), key, value, BPF_ANY)
#define dp_add(ctx, map, key, value) bpf_map_update_elem(map_##map(), key, value, BPF_NOEXIST)
#define dp_cpu(ctx)		     bpf_get_smp_processor_id()
#define dp_del(ctx, map, key)	     bpf_map_delete_elem(map_##map(), key)
#define dp_jiffies(ctx)		     bpf_jiffies64()
#define dp_count_shared(ptr, n)	     __sync_fetch_and_add(ptr, n)

/*
 * From here on the compiler knows nothing of the variable: it keeps the register that was
 * compared, which is the only one whose bounds kernels before 6.8 have learnt.
 */
#define dp_hide(variable) asm volatile("" : "+r"(variable))

/* The packet goes out of device INDEX: stage/sample.h. Nothing is left of it where nobody captures. */
int sample_leaves(struct dp_ctx *ctx, __u32 ifindex);

DP_INLINE void dp_leaves(struct dp_ctx *ctx, __u32 ifindex)
{
	if (config_capture())
		sample_leaves(ctx, ifindex);
}

#define dp_now(ctx) bpf_ktime_get_ns()

/*
 * Words at any address, of the packet or of several members: the kernel's machines read them
 * unaligned.
 */
#define DP_WORD(type, ptr) (*(type __attribute__((may_alias)) *)(ptr))
#define dp_get16(ptr)	   DP_WORD(__u16, ptr)
#define dp_get32(ptr)	   DP_WORD(__u32, ptr)
#define dp_get64(ptr)	   DP_WORD(__u64, ptr)
#define dp_set16(ptr, v)   (DP_WORD(__u16, ptr) = (v))
#define dp_set32(ptr, v)   (DP_WORD(__u32, ptr) = (v))
#define dp_set64(ptr, v)   (DP_WORD(__u64, ptr) = (v))

/* SIZE bytes at constant OFFSET of the linear part, or NULL. */
DP_INLINE void *dp_at(struct dp_ctx *ctx, __u32 offset, __u32 size)
{
	void *data = (void *)(long)ctx->data;

	if (data + offset + size > (void *)(long)ctx->data_end)
		return NULL;
	return data + offset;
}

#define dp_load(ctx, offset, to, size)	  bpf_skb_load_bytes(ctx, offset, to, size)
#define dp_store(ctx, offset, from, size) bpf_skb_store_bytes(ctx, offset, from, size, 0)
#define dp_pull(ctx, size)		  bpf_skb_pull_data(ctx, size)
#define dp_redirect(ctx, index)		  (dp_leaves(ctx, index), bpf_redirect(index, 0))
#define dp_redirect_in(ctx, index)	  bpf_redirect(index, BPF_F_INGRESS)
#define dp_redirect_peer(ctx, index)	  (dp_leaves(ctx, index), bpf_redirect_peer(index, 0))
#define dp_redirect_neigh(ctx, index)                                                          \
	(dp_leaves(ctx, index), bpf_redirect_neigh(index, NULL, 0, 0))
/* ... with the MAC of NEXT, which is IPv6 or not, on the link of the device. */
DP_INLINE int dp_redirect_next(struct dp_ctx *ctx, __u32 ifindex, bool v6,
			       const struct abi_ip *next)
{
	struct bpf_redir_neigh to = {};

	to.nh_family = v6 ? 10 : 2; /* AF_INET6, AF_INET */
	if (v6)
		__builtin_memcpy(to.ipv6_nh, next, sizeof(*next));
	else
		to.ipv4_nh = next->w[3];
	dp_leaves(ctx, ifindex);
	return bpf_redirect_neigh(ifindex, &to, sizeof(to), 0);
}

#define dp_clone(ctx, index) (dp_leaves(ctx, index), bpf_clone_redirect(ctx, index, 0))
#define dp_to_us(ctx)	     bpf_skb_change_type(ctx, 0 /* PACKET_HOST */)

#define DP_ROOM_FIXED (BPF_F_ADJ_ROOM_FIXED_GSO | BPF_F_ADJ_ROOM_NO_CSUM_RESET)
#define DP_ROOM_ENCAP                                                                          \
	(DP_ROOM_FIXED | BPF_F_ADJ_ROOM_ENCAP_L4_UDP | BPF_F_ADJ_ROOM_ENCAP_L2_ETH |           \
	 BPF_F_ADJ_ROOM_ENCAP_L2(DP_ETH_SIZE))
#define DP_ROOM_V4	 BPF_F_ADJ_ROOM_ENCAP_L3_IPV4
#define DP_ROOM_V6	 BPF_F_ADJ_ROOM_ENCAP_L3_IPV6
#define DP_ROOM_DECAP_V4 (1ull << 7) /* BPF_F_ADJ_ROOM_DECAP_L3_IPV4, kernel 6.3 */
#define DP_ROOM_DECAP_V6 (1ull << 8)

#define DP_CSUM_PSEUDO BPF_F_PSEUDO_HDR	    /* the word is of the pseudo header, too */
#define DP_CSUM_UDP    BPF_F_MARK_MANGLED_0 /* 0 says that there is none */

/* The transport checksum at OFFSET after a word of SIZE bytes went from OLD to FRESH. */
#define dp_csum(ctx, offset, old, fresh, size, flags)                                          \
	bpf_l4_csum_replace(ctx, offset, old, fresh, (flags) | (size))

/* Room for SIZE bytes (or less by -SIZE) behind the Ethernet header. */
#define dp_adjust(ctx, size, flags)  bpf_skb_adjust_room(ctx, size, BPF_ADJ_ROOM_MAC, flags)
/* Behind the Ethernet header 20 bytes more for IPv6, 20 less for IPv4, and the kernel takes it for that. */
#define dp_translate(ctx, ethertype) bpf_skb_change_proto(ctx, ethertype, 0)

/*
 * The frame gets SIZE bytes; what is behind the Ethernet header is to be written anew. What has come
 * through a tunnel may be marked as encapsulated for ever (by the card, or by a sender on this very
 * machine), and then its tail cannot be moved, but its head can.
 */
DP_INLINE int dp_resize(struct dp_ctx *ctx, __u32 size)
{
	if (!bpf_skb_change_tail(ctx, size, 0))
		return 0;
	return dp_adjust(ctx, (int)(size - ctx->len), DP_ROOM_FIXED);
}

/* What the vxlan device will put around the packet; 0 or an error. */
DP_INLINE int dp_tunnel_key(struct dp_ctx *ctx, const struct vtep_value *to, __u32 vni,
			    __u32 gbp, __u32 tos)
{
	struct bpf_tunnel_key key = {};
	__u64 flags = BPF_F_ZERO_CSUM_TX | BPF_F_DONT_FRAGMENT;

	key.tunnel_id = vni;
	key.tunnel_ttl = 64;
	key.tunnel_tos = tos;
	if (to->flags & VTEP_V6) {
		for (int i = 0; i < 4; i++)
			key.remote_ipv6[i] = to->remote.w[i];
		flags |= BPF_F_TUNINFO_IPV6;
	} else {
		key.remote_ipv4 = bpf_ntohl(to->remote.w[3]);
	}
	if (bpf_skb_set_tunnel_key(ctx, &key, sizeof(key), flags))
		return -1;
	/* Without the device's gbp flag the option is refused or ignored; the VNI still goes. */
	if (gbp)
		bpf_skb_set_tunnel_opt(ctx, &gbp, sizeof(gbp));
	return 0;
}

/* Hands SIZE bytes of the frame to the agent. */
DP_INLINE enum dp_drop dp_punt(struct dp_ctx *ctx, __u32 kind, __u32 slot, __u32 size)
{
	struct punt_event *event;

	/* Kernels before 6.8 learn nothing from `!= 0`: let them see 1 + (0 .. LIM - 1). */
	__u32 last = size - 1;

	if (last >= LIM_PUNT_FRAME)
		return DP_DROP_MALFORMED;
	dp_hide(last);
	event = bpf_ringbuf_reserve(&punt, sizeof(*event), 0);
	if (!event)
		return DP_DROP_PUNT_FULL;
	event->kind = kind;
	event->slot = slot;
	event->size = size;
	event->pad = 0;
	if (bpf_skb_load_bytes(ctx, 0, event->frame, last + 1)) {
		bpf_ringbuf_discard(event, 0);
		return DP_DROP_MALFORMED;
	}
	bpf_ringbuf_submit(event, 0);
	return DP_OK;
}

/* The first SIZE bytes of the frame behind HEAD, in room for LIMIT; false when there is none. */
DP_INLINE bool dp_sample_into(struct dp_ctx *ctx, const struct sample_event *head, __u32 size,
			      const __u32 limit)
{
	struct sample_event *event;
	__u32 last = size - 1;

	/* hidden first: what is compared is what is handed over, not the same reckoned anew */
	dp_hide(last);
	if (last >= limit)
		return false;
	dp_hide(last);
	event = bpf_ringbuf_reserve(&sample, sizeof(*event) + limit, 0);
	if (!event)
		return false;
	*event = *head;
	event->size = size;
	if (bpf_skb_load_bytes(ctx, 0, event->frame, last + 1)) {
		bpf_ringbuf_discard(event, 0);
		return false;
	}
	bpf_ringbuf_submit(event, 0);
	return true;
}

/* Room for a flow that the agent is told of, and on its way it goes; NULL: there is none. */
#define dp_tell(ctx)                                                                           \
	bpf_ringbuf_reserve(&sample, sizeof(struct sample_event) + sizeof(struct sample_flow), \
			    0)
#define dp_told(ctx, event) bpf_ringbuf_submit(event, 0)

DP_INLINE bool dp_sample(struct dp_ctx *ctx, const struct sample_event *head, __u32 size)
{
	if (size <= LIM_SAMPLE_SHORT)
		return dp_sample_into(ctx, head, size, LIM_SAMPLE_SHORT);
	return dp_sample_into(ctx, head, size, LIM_SAMPLE_LONG);
}
