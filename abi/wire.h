/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The tunnel header: VXLAN (RFC 7348) with the Group Policy bits
 * (draft-smith-vxlan-group-policy). The identity's lower 16 bits travel in the
 * Group Policy ID, its upper 8 in the last reserved byte, so every packet says
 * who sent it for the plain 50 bytes, and the kernel's own vxlan device, which
 * knows the Group Policy ID only, carries identities below 65536 whole.
 */
#pragma once

#include <linux/types.h>

#define WIRE_UDP_PORT	4789
#define WIRE_SPORT_MIN	49152  /* outer source ports: a hash of the inner tuple */
#define WIRE_SPORT_MASK 0x3fff /* ... 49152-65535 */

#define WIRE_VXLAN_I 0x08000000 /* flags, host order: the VNI is valid */
#define WIRE_VXLAN_G 0x80000000 /* a Group Policy ID is present */
#define WIRE_VXLAN_D 0x00400000 /* don't learn: came by way of transit */
#define WIRE_VXLAN_A 0x00080000 /* policy was applied by the sender */

struct wire_vxlan {
	__be32 flags; /* WIRE_VXLAN_*, Group Policy ID in the low 16 bits */
	__be32 vni;   /* VNI << 8 | upper 8 bits of the identity */
} __attribute__((packed));

_Static_assert(sizeof(struct wire_vxlan) == 8, "RFC 7348 section 5");

/* Outer Ethernet, IPv4, UDP and VXLAN: what encapsulation adds. */
#define WIRE_OVERHEAD_V4 50
#define WIRE_OVERHEAD_V6 70

/* Host-order words of the header that says VNI VNI and identity ID. */
static inline __u32 wire_flags(__u32 id)
{
	return WIRE_VXLAN_I | (id ? WIRE_VXLAN_G : 0) | (id & 0xffff);
}

static inline __u32 wire_vni(__u32 vni, __u32 id)
{
	return vni << 8 | (id >> 16 & 0xff);
}

/* The identity in host-order header words; 0 when the sender named none. */
static inline __u32 wire_identity(__u32 flags, __u32 vni)
{
	return flags & WIRE_VXLAN_G ? (vni & 0xff) << 16 | (flags & 0xffff) : 0;
}
