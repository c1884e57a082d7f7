/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Packets without a sender's stack: `generate` runs over live XDP frames and
 * redirects each into a device; `count` is what the last device of the
 * way does with them.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

#define TC_DROP 2 /* TC_ACT_SHOT */

/* Ethernet, IPv4, UDP; before them those of a tunnel. */
#define HEADERS 92
#define PORTS	60000 /* UDP source ports in use; more flows have other destination ports */
#define FIRST	1024

const volatile __u32 ifindex = 0; /* where frames go */
const volatile __u32 flows = 1;
const volatile __u32 size = HEADERS; /* of `headers`, even */
const volatile __u8 headers[HEADERS] = {0};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} arrived SEC(".maps");

__u32 turn = 0;

/* In no order that a prefetcher could guess: a prime, so that all are met. */
static __always_inline __u32 next_flow(void)
{
	return (__u64)turn++ * 2654435761u % flows;
}

SEC("xdp")
int generate(struct xdp_md *xdp)
{
	unsigned char *data = (void *)(long)xdp->data;
	__u32 flow = next_flow();
	struct udphdr *udp;

	if (data + size > (unsigned char *)(long)xdp->data_end)
		return XDP_DROP;
	/* A frame comes back from where it was sent with what the way has written into it. */
	for (__u32 i = 0; i < size; i += 2)
		*(__u16 *)(data + i) = *(const volatile __u16 *)(headers + i);
	udp = (void *)(data + size - sizeof(*udp));
	udp->source = bpf_htons(FIRST + flow % PORTS);
	udp->dest = bpf_htons(bpf_ntohs(udp->dest) + flow / PORTS);
	return bpf_redirect(ifindex, 0);
}

SEC("tc")
int count(struct __sk_buff *skb)
{
	__u64 *n = bpf_map_lookup_elem(&arrived, &(__u32){0});

	if (n)
		++*n;
	return TC_DROP;
}

/* What the programs are compared with. */
SEC("tc")
int nothing(struct __sk_buff *skb)
{
	return TC_DROP;
}

/* What a tunnel's headers cost at the least, without a byte of them written. */
#define ROOM 50

SEC("tc")
int grow(struct __sk_buff *skb)
{
	if (bpf_skb_adjust_room(
		    skb, ROOM, BPF_ADJ_ROOM_MAC,
		    BPF_F_ADJ_ROOM_FIXED_GSO | BPF_F_ADJ_ROOM_NO_CSUM_RESET |
			    BPF_F_ADJ_ROOM_ENCAP_L3_IPV4 | BPF_F_ADJ_ROOM_ENCAP_L4_UDP |
			    BPF_F_ADJ_ROOM_ENCAP_L2_ETH | BPF_F_ADJ_ROOM_ENCAP_L2(ETH_HLEN)))
		return TC_DROP;
	return bpf_redirect(skb->ifindex, 0);
}

SEC("tc")
int shrink(struct __sk_buff *skb)
{
	if (bpf_skb_adjust_room(skb, -ROOM, BPF_ADJ_ROOM_MAC,
				BPF_F_ADJ_ROOM_FIXED_GSO | BPF_F_ADJ_ROOM_NO_CSUM_RESET))
		return TC_DROP;
	return bpf_redirect_peer(skb->ifindex, 0);
}

char _license[] SEC("license") = "GPL";
