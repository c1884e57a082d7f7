/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The one object that is loaded: both programs, so that they share their maps. */
#include "datapath/env/env.h"
#include "abi/hash.h"
#include "abi/wire.h"

SEC("tc")
int weft_port(struct __sk_buff *skb)
{
	return TC_ACT_OK;
}

SEC("tc")
int weft_uplink(struct __sk_buff *skb)
{
	return TC_ACT_OK;
}

char weft_license[] SEC("license") = "Dual BSD/GPL";
