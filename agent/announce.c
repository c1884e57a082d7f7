/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/announce.h"

#include <arpa/inet.h>
#include <net/ethernet.h>
#include <netinet/icmp6.h>
#include <netinet/if_ether.h>
#include <netinet/ip6.h>
#include <string.h>

struct arp_frame {
	struct ether_header ethernet;
	struct ether_arp arp;
} __attribute__((packed));

struct nd_frame {
	struct ether_header ethernet;
	struct ip6_hdr ip;
	struct nd_neighbor_advert advert;
	struct nd_opt_hdr option;
	uint8_t mac[ETH_ALEN];
} __attribute__((packed));

_Static_assert(sizeof(struct nd_frame) == ANNOUNCE_FRAME_MAX, "the larger of the two");

static gsize write_arp(struct ip ip, struct mac mac, uint8_t *out)
{
	struct arp_frame frame = {
		.ethernet.ether_type = htons(ETHERTYPE_ARP),
		.arp.ea_hdr = {htons(ARPHRD_ETHER), htons(ETHERTYPE_IP), ETH_ALEN, 4,
			       htons(ARPOP_REQUEST)},
	};

	memset(frame.ethernet.ether_dhost, 0xff, ETH_ALEN);
	memcpy(frame.ethernet.ether_shost, mac.b, ETH_ALEN);
	memcpy(frame.arp.arp_sha, mac.b, ETH_ALEN);
	memcpy(frame.arp.arp_spa, ip.b + 12, 4);
	memcpy(frame.arp.arp_tpa, ip.b + 12, 4);
	memcpy(out, &frame, sizeof(frame));
	return sizeof(frame);
}

/* Of the message with its pseudo-header (RFC 8200, section 8.1); all fields are words. */
static uint16_t checksum(const struct nd_frame *frame)
{
	const uint8_t *bytes = (const uint8_t *)&frame->ip.ip6_src;
	gsize size = sizeof(*frame) - offsetof(struct nd_frame, ip.ip6_src);
	uint32_t sum = IPPROTO_ICMPV6 + ntohs(frame->ip.ip6_plen);

	for (gsize i = 0; i < size; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static gsize write_nd(struct ip ip, struct mac mac, uint8_t *out)
{
	static const uint8_t all_nodes[16] = {0xff, 2, [15] = 1};
	static const uint8_t all_nodes_mac[ETH_ALEN] = {0x33, 0x33, 0, 0, 0, 1};
	struct nd_frame frame = {
		.ethernet.ether_type = htons(ETHERTYPE_IPV6),
		.ip.ip6_plen = htons(sizeof(frame) - offsetof(struct nd_frame, advert)),
		.ip.ip6_nxt = IPPROTO_ICMPV6,
		.ip.ip6_hlim = 255,
		.advert.nd_na_type = ND_NEIGHBOR_ADVERT,
		.advert.nd_na_flags_reserved = ND_NA_FLAG_ROUTER | ND_NA_FLAG_OVERRIDE,
		.option = {ND_OPT_TARGET_LINKADDR, 1},
	};

	frame.ip.ip6_vfc = 6 << 4; /* a union's other member, to the compiler */
	memcpy(frame.ethernet.ether_dhost, all_nodes_mac, ETH_ALEN);
	memcpy(frame.ethernet.ether_shost, mac.b, ETH_ALEN);
	memcpy(&frame.ip.ip6_src, ip.b, sizeof(ip.b));
	memcpy(&frame.ip.ip6_dst, all_nodes, sizeof(all_nodes));
	memcpy(&frame.advert.nd_na_target, ip.b, sizeof(ip.b));
	memcpy(frame.mac, mac.b, ETH_ALEN);
	frame.advert.nd_na_cksum = htons(checksum(&frame));
	memcpy(out, &frame, sizeof(frame));
	return sizeof(frame);
}

gsize announce_write(struct ip ip, struct mac mac, uint8_t *frame)
{
	return ip_is_v4(ip) ? write_arp(ip, mac, frame) : write_nd(ip, mac, frame);
}
