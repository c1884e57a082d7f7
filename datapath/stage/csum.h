/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The Internet checksum (RFC 1071), over words as loaded: byte order does not matter to it. */
#pragma once

#include "datapath/env/env.h"

/* CHECK after a 16-bit word went from OLD to FRESH, all as loaded (RFC 1624). */
DP_INLINE __u16 csum_replace(__u16 check, __u16 old, __u16 fresh)
{
	__u32 sum = (__u16)~check + (__u16)~old + (__u32)fresh;

	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__u16)~sum;
}

/* Sum of COUNT 32-bit words, as loaded. */
DP_INLINE __u64 csum_words(const void *words, int count)
{
	const __u32 *w = words;
	__u64 sum = 0;

	for (int i = 0; i < count; i++)
		sum += w[i];
	return sum;
}

DP_INLINE __u16 csum_done(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__u16)~sum;
}
