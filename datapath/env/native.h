/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The native world: a host is an object with real tables and plain buffers, so
 * that tests, fuzzers, trace and the simulator run the same stages. Any number
 * of hosts live in one process; one thread each.
 *
 * The upper half is for those users; the lower half is the list of names that
 * stages use, as in bpf.h.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include "datapath/map.h"
#include "datapath/packet.h"

enum native_map {
#define X(map, kind, entries, flags, key, value) NATIVE_MAP_##map,
	DP_MAP_TABLE(X)
#undef X
		NATIVE_MAPS,
};

struct dp_config {
#define X(type, name, value) type name;
	DP_CONFIG_TABLE(X)
#undef X
};

enum native_way {
	NATIVE_REDIRECT, /* out of the device */
	NATIVE_PEER,	 /* into the namespace at its other end */
	NATIVE_NEIGH,	 /* out of the device, MACs by the kernel's neighbour table */
	NATIVE_CLONE,	 /* a copy, out of the device */
	NATIVE_INGRESS,	 /* as if it came from the device */
};

/*
 * A frame that left. TUNNEL_*: what the vxlan device would wrap it in (remote not zero). NEXT_HOP: whose
 * MAC the kernel puts in (NATIVE_NEIGH); zeros: of whom its own routes name.
 */
struct native_output {
	enum native_way way;
	__u32 ifindex;
	GBytes *frame;
	struct abi_ip tunnel_remote;
	__u32 tunnel_vni;
	__u32 tunnel_gbp;
	struct abi_ip next_hop;
};

struct native_punt {
	__u32 kind;
	__u32 slot;
	GBytes *frame;
};

struct native_sample {
	__u32 slot;
	__u32 length;
	__u8 kind;
	__u8 reason;
	__u8 flags;
	GBytes *frame; /* SAMPLE_OPEN, SAMPLE_DENY: a struct sample_flow */
};

struct native_table;

struct native_host {
	struct dp_config config;
	__u64 jiffies;
	__u32 linear; /* bytes of a new packet's linear part; default all */
	struct native_table *tables[NATIVE_MAPS]; /* owned */
	GArray *outputs;			  /* of struct native_output; owns the frames */
	GArray *punts;				  /* of struct native_punt; owns the frames */
	GArray *samples;			  /* of struct native_sample; owns the frames */
	bool punt_full;				  /* the agent does not read */
	enum native_map full;			  /* takes no more; the first, an array: none */
	/* Told of each look-up that a stage makes, VALUE NULL when nothing is there: for trace. */
	void (*look)(enum native_map map, const void *key, const void *value, void *arg);
	void *look_arg;
};

/* What a packet brings besides its bytes. */
struct native_meta {
	__u32 ifindex;
	__u32 gso_size;
	__u32 gso_segs;
	bool vlan_present;
	__u32 mark;
	bool encapsulation; /* has been in a tunnel: room is refused once more */
	bool csum_partial;  /* its transport checksum is to be completed by who sends it out */
};

/* FLOW_SETS: entries of `flow`, a power of two. */
struct native_host *native_host_new(__u32 flow_sets);
void native_host_free(struct native_host *host);
/* Forgets outputs and punts. */
void native_host_forget(struct native_host *host);
/* Takes them away: the caller owns both arrays, the host begins new ones. */
void native_host_take(struct native_host *host, GArray **outputs, GArray **punts);

/* The tables as the agent sees them. KEY and VALUE have the sizes of abi/map.h. */
void *native_find(struct native_host *host, enum native_map map, const void *key);
/* False when the table is full or the index out of range. */
bool native_put(struct native_host *host, enum native_map map, const void *key,
		const void *value);
void native_del(struct native_host *host, enum native_map map, const void *key);
/* Empties the table; an array becomes zeros. */
void native_clear(struct native_host *host, enum native_map map);
void native_for_each(struct native_host *host, enum native_map map,
		     void (*each)(const void *key, void *value, void *arg), void *arg);
/* Increments cell CELL, as a writer does. */
void native_bump(struct native_host *host, __u16 cell);

/*
 * Runs a frame through the program of a workload device or of the underlay
 * device. Returns the TC verdict. What left is appended to host->outputs; *left, when not
 * NULL, is the buffer as the program left it (to be freed).
 */
int native_run_port(struct native_host *host, const void *frame, size_t size,
		    const struct native_meta *meta, GBytes **left);
int native_run_uplink(struct native_host *host, const void *frame, size_t size,
		      const struct native_meta *meta, GBytes **left);
/* ... of a physical device, and what the host itself sends out of that. */
int native_run_outside(struct native_host *host, const void *frame, size_t size,
		       const struct native_meta *meta, GBytes **left);
int native_run_asks(struct native_host *host, const void *frame, size_t size,
		    const struct native_meta *meta, GBytes **left);

/* False: parse_fast takes the frame at BASE but reads it otherwise than parse_frame. */
bool native_parse_agrees(struct native_host *host, const void *frame, size_t size, __u32 base);

/* ---------------------------------------------------- names that stages use */

#define DP_INLINE static inline
#define DP_STAGE  static inline
#define DP_UNROLL

struct dp_ctx {
	struct native_host *host;
	__u8 *data; /* owned; exactly len bytes, so that ASan sees every step outside */
	__u32 len;
	__u32 linear;
	__u32 ifindex;
	__u32 gso_size;
	__u32 gso_segs;
	__u32 vlan_present;
	__u32 pkt_type;
	__u32 mark;
	__be16 protocol; /* of the outermost network header; 0 when neither IPv4 nor IPv6 */
	bool encapsulation;
	bool csum_partial;
	struct native_output redirect;
	struct abi_ip tunnel_remote;
	__u32 tunnel_vni;
	__u32 tunnel_gbp;
};

#define dp_htons(x)    GUINT16_TO_BE(x)
#define dp_ntohs(x)    GUINT16_FROM_BE(x)
#define dp_htonl(x)    GUINT32_TO_BE(x)
#define dp_ntohl(x)    GUINT32_FROM_BE(x)
#define dp_likely(x)   __builtin_expect(!!(x), 1)
#define dp_unlikely(x) __builtin_expect(!!(x), 0)

#define dp_config(ctx, name)   ((ctx)->host->config.name)
#define dp_find(ctx, map, key) dp_look((ctx)->host, NATIVE_MAP_##map, key)
#define dp_put(ctx, map, key, value)                                                           \
	(native_put((ctx)->host, NATIVE_MAP_##map, key, value) ? 0 : -1)
#define dp_add(ctx, map, key, value)                                                           \
	(!native_find((ctx)->host, NATIVE_MAP_##map, key) &&                                   \
			 native_put((ctx)->host, NATIVE_MAP_##map, key, value)                 \
		 ? 0                                                                           \
		 : -1)
#define dp_del(ctx, map, key)	native_del((ctx)->host, NATIVE_MAP_##map, key)
#define dp_hide(variable)	((void)(variable))
#define dp_cpu(ctx)		0u
#define dp_jiffies(ctx)		((ctx)->host->jiffies)
#define dp_count_shared(ptr, n) (*(ptr) += (n))

static inline __u16 dp_get16(const void *ptr)
{
	__u16 v;

	memcpy(&v, ptr, sizeof(v));
	return v;
}

static inline __u32 dp_get32(const void *ptr)
{
	__u32 v;

	memcpy(&v, ptr, sizeof(v));
	return v;
}

static inline __u64 dp_get64(const void *ptr)
{
	__u64 v;

	memcpy(&v, ptr, sizeof(v));
	return v;
}

static inline void dp_set16(void *ptr, __u16 v)
{
	memcpy(ptr, &v, sizeof(v));
}

static inline void dp_set32(void *ptr, __u32 v)
{
	memcpy(ptr, &v, sizeof(v));
}

static inline void dp_set64(void *ptr, __u64 v)
{
	memcpy(ptr, &v, sizeof(v));
}

static inline void *dp_at(struct dp_ctx *ctx, __u32 offset, __u32 size)
{
	return (__u64)offset + size <= ctx->linear ? ctx->data + offset : NULL;
}

#define DP_ROOM_ENCAP	 1u
#define DP_ROOM_V4	 2u
#define DP_ROOM_V6	 4u
#define DP_ROOM_FIXED	 0u
#define DP_ROOM_DECAP_V4 8u
#define DP_ROOM_DECAP_V6 16u

#define DP_CSUM_PSEUDO 1u /* the word is of the pseudo header, too */
#define DP_CSUM_UDP    2u /* 0 says that there is none */

/* native_find() by a stage. */
void *dp_look(struct native_host *host, enum native_map map, const void *key);
int dp_load(struct dp_ctx *ctx, __u32 offset, void *to, __u32 size);
int dp_store(struct dp_ctx *ctx, __u32 offset, const void *from, __u32 size);
int dp_pull(struct dp_ctx *ctx, __u32 size);
int dp_resize(struct dp_ctx *ctx, __u32 size);
int dp_redirect(struct dp_ctx *ctx, __u32 ifindex);
int dp_redirect_in(struct dp_ctx *ctx, __u32 ifindex);
int dp_redirect_peer(struct dp_ctx *ctx, __u32 ifindex);
int dp_redirect_neigh(struct dp_ctx *ctx, __u32 ifindex);
/* ... with the MAC of NEXT, which is IPv6 or not, on the link of the device. */
int dp_redirect_next(struct dp_ctx *ctx, __u32 ifindex, bool v6, const struct abi_ip *next);
int dp_clone(struct dp_ctx *ctx, __u32 ifindex);
int dp_to_us(struct dp_ctx *ctx);
int dp_adjust(struct dp_ctx *ctx, int size, __u64 flags);
int dp_translate(struct dp_ctx *ctx, __be16 ethertype);
/* The transport checksum at OFFSET after a word of SIZE bytes went from OLD to FRESH. */
int dp_csum(struct dp_ctx *ctx, __u32 offset, __u32 old, __u32 fresh, __u32 size, __u32 flags);
int dp_tunnel_key(struct dp_ctx *ctx, const struct vtep_value *to, __u32 vni, __u32 gbp,
		  __u32 tos);
#define dp_now(ctx) ((ctx)->host->jiffies)
bool dp_sample(struct dp_ctx *ctx, const struct sample_event *head, __u32 size);
struct sample_event *dp_tell(struct dp_ctx *ctx);
void dp_told(struct dp_ctx *ctx, struct sample_event *event);
enum dp_drop dp_punt(struct dp_ctx *ctx, __u32 kind, __u32 slot, __u32 size);
