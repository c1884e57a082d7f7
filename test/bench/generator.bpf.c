/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Forwarding without a sender's stack: `generate` runs over live XDP frames and
 * redirects each into a workload's device; `count` is what the last device of the
 * way does with them.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

#define TC_DROP 2 /* TC_ACT_SHOT */

/* Ethernet, IPv4, UDP. */
#define HEADERS 42

const volatile __u32 ifindex = 0; /* where frames go */
const volatile __u32 flows = 1;	  /* by UDP source port, at most 60000 */
const volatile __u8 headers[HEADERS] = {0};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} arrived SEC(".maps");

__u32 turn = 0;

SEC("xdp")
int generate(struct xdp_md *xdp)
{
	unsigned char *data = (void *)(long)xdp->data;
	struct udphdr *udp = (void *)(data + ETH_HLEN + sizeof(struct iphdr));

	if ((void *)(udp + 1) > (void *)(long)xdp->data_end)
		return XDP_DROP;
	/* A frame comes back from where it was sent with what the way has written into it. */
	for (int i = 0; i < HEADERS; i++)
		data[i] = headers[i];
	udp->source = bpf_htons(1024 + turn % flows);
	turn++;
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

char _license[] SEC("license") = "GPL";
