/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The one object that is loaded: all programs, so that they share their maps.
 *   weft_port    TC ingress of each workload's device
 *   weft_uplink  TC ingress of the underlay's device
 *   weft_outside TC ingress of a physical device with gateways behind it
 *   weft_asks    TC egress of the same
 *   weft_idle    TC ingress of the vxlan device, which only lends its UDP port
 */
#include "datapath/env/env.h"
#include "datapath/program/outside.h"
#include "datapath/program/port.h"
#include "datapath/program/uplink.h"

/* What is the host's own the device's other programs are to see, too. */
DP_INLINE int leave_to_others(int verdict)
{
	return verdict == TC_ACT_OK ? TC_ACT_UNSPEC : verdict;
}

SEC("tc") int weft_port(struct __sk_buff *skb)
{
	/* An answer in a port's name is nothing that its workload has sent. */
	if (dp_config(skb, capture) && !reject_is_answer(skb))
		sample_sent(skb);
	return port_run(skb);
}

SEC("tc") int weft_uplink(struct __sk_buff *skb)
{
	return uplink_run(skb);
}

SEC("tc") int weft_outside(struct __sk_buff *skb)
{
	return leave_to_others(outside_run(skb));
}

SEC("tc") int weft_asks(struct __sk_buff *skb)
{
	return leave_to_others(outside_asks(skb));
}

/* Outer fragments and outer options reach the kernel's own tunnel code: here they end. */
SEC("tc") int weft_idle(struct __sk_buff *skb)
{
	return count_drop(skb, 0, DP_DROP_TUNNEL_HEADER);
}

char weft_license[] SEC("license") = "Dual BSD/GPL";
