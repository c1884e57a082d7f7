/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ra.h"

#include <arpa/inet.h>
#include <string.h>
#include <linux/if_ether.h>
#include <linux/ipv6.h>
#include <netinet/in.h>

#define TYPE_SOLICITATION  133
#define TYPE_ADVERTISEMENT 134

#define OPTION_SOURCE_LINK 1
#define OPTION_PREFIX	   3
#define OPTION_MTU	   5
#define OPTION_RDNSS	   25 /* RFC 8106 section 5.1 */

#define FLAG_MANAGED   0x80
#define FLAG_OTHER     0x40
#define FLAG_ON_LINK   0x80
#define FLAG_AUTOMATIC 0x40

#define SERVERS_MAX    16
#define HOP_LIMIT      255
#define HOST_HOP_LIMIT 64 /* what hosts shall send with */

struct message {
	uint8_t type, code;
	__be16 checksum;
	uint8_t hop_limit, flags;
	__be16 lifetime;
	__be32 reachable, retransmit; /* 0: not said */
} __attribute__((packed));

struct frame {
	struct ethhdr ethernet;
	struct ipv6hdr ip;
	struct message message;
	uint8_t options[];
} __attribute__((packed));

struct prefix_option {
	uint8_t type, size, bits, flags;
	__be32 valid, preferred, reserved;
	uint8_t prefix[16];
} __attribute__((packed));

_Static_assert(sizeof(struct message) == 16, "RFC 4861 section 4.2");
_Static_assert(sizeof(struct prefix_option) == 32, "RFC 4861 section 4.6.2");

static const struct prefix link_local = {.ip = {.b = {0xfe, 0x80}}, .bits = 64};

const struct ra_target ra_all_nodes = {
	.ip = {.b = {0xff, 0x02, [15] = 1}},
	.mac = {.b = {0x33, 0x33, 0, 0, 0, 1}},
};

void ra_config_free(struct ra_config *config)
{
	if (!config)
		return;
	g_free(config->prefixes);
	g_free(config->dns);
	g_free(config);
}

static guint hash_bytes(guint hash, const void *data, gsize size)
{
	const uint8_t *bytes = data;

	for (gsize i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * 16777619u; /* FNV-1a */
	return hash;
}

guint ra_config_hash(const struct ra_config *config)
{
	guint hash = 2166136261u ^ (config->managed | config->other << 1);

	for (gsize i = 0; i < config->prefix_count; i++) {
		uint8_t rest[] = {config->prefixes[i].prefix.bits,
				  config->prefixes[i].automatic};

		hash = hash_bytes(hash, config->prefixes[i].prefix.ip.b, sizeof(struct ip));
		hash = hash_bytes(hash, rest, sizeof(rest));
	}
	return hash_bytes(hash, config->dns, config->dns_count * sizeof(struct ip));
}

bool ra_solicited(const uint8_t *bytes, gsize size, struct ra_target *out)
{
	struct {
		struct ethhdr ethernet;
		struct ipv6hdr ip;
		uint8_t message[8];
	} __attribute__((packed)) frame;

	if (size < sizeof(frame))
		return false;
	memcpy(&frame, bytes, sizeof(frame));
	if (frame.ethernet.h_proto != htons(ETH_P_IPV6) || frame.ip.hop_limit != HOP_LIMIT ||
	    frame.ip.nexthdr != IPPROTO_ICMPV6 || frame.message[0] != TYPE_SOLICITATION ||
	    frame.message[1])
		return false;
	memcpy(out->ip.b, &frame.ip.saddr, sizeof(out->ip.b));
	memcpy(out->mac.b, frame.ethernet.h_source, sizeof(out->mac.b));
	if (ip_is_multicast(out->ip) || mac_is_multicast(out->mac))
		return false;
	if (ip_is_none(out->ip)) /* it has no address to be told at */
		*out = ra_all_nodes;
	return true;
}

/* -------------------------------------------------------------- options */

struct output {
	uint8_t *at;
	gsize left;
};

/* Zeroed room for an option of SIZE bytes, its type and length set; NULL: it does not fit. */
static void *option_add(struct output *output, uint8_t type, gsize size)
{
	uint8_t *option = output->at;

	if (size > output->left)
		return NULL;
	memset(option, 0, size);
	option[0] = type;
	option[1] = (uint8_t)(size / 8);
	output->at += size;
	output->left -= size;
	return option;
}

static void add_prefix(struct output *output, const struct ra_prefix *prefix)
{
	struct prefix_option *option = option_add(output, OPTION_PREFIX, sizeof(*option));

	if (!option)
		return;
	option->bits = prefix_length(prefix->prefix);
	option->flags = FLAG_ON_LINK | (prefix->automatic ? FLAG_AUTOMATIC : 0);
	option->valid = htonl(RA_PREFIX_VALID);
	option->preferred = htonl(RA_PREFIX_PREFERRED);
	memcpy(option->prefix, prefix->prefix.ip.b, sizeof(option->prefix));
}

static void add_dns(struct output *output, const struct ip *servers, gsize count)
{
	uint8_t *option = count ? option_add(output, OPTION_RDNSS, 8 + 16 * count) : NULL;
	uint32_t lifetime = htonl(RA_LIFETIME);

	if (!option)
		return;
	memcpy(option + 4, &lifetime, sizeof(lifetime));
	memcpy(option + 8, servers, 16 * count);
}

static void add_mtu(struct output *output, uint16_t mtu)
{
	uint8_t *option = option_add(output, OPTION_MTU, 8);
	uint32_t value = htonl(mtu);

	memcpy(option + 4, &value, sizeof(value));
}

static gsize options_write(const struct ra_config *config, struct mac mac, uint16_t mtu,
			   uint8_t *out, gsize size)
{
	struct output output = {out, size};

	memcpy((uint8_t *)option_add(&output, OPTION_SOURCE_LINK, 8) + 2, mac.b, sizeof(mac.b));
	if (config) {
		add_mtu(&output, mtu);
		add_dns(&output, config->dns, MIN(config->dns_count, SERVERS_MAX));
		for (gsize i = 0; i < config->prefix_count; i++)
			add_prefix(&output, &config->prefixes[i]);
	}
	return (gsize)(output.at - out);
}

/* ---------------------------------------------------------------- frame */

/* RFC 4443 section 2.3. SIZE, that of the message, is even. */
static uint16_t checksum(const struct frame *frame, gsize size)
{
	const uint8_t *bytes = (const uint8_t *)&frame->ip.saddr;
	uint32_t sum = (uint32_t)(IPPROTO_ICMPV6 + size);

	for (gsize i = 0; i < 32 + size; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

gsize ra_write(const struct ra_config *config, struct mac mac, uint16_t mtu,
	       const struct ra_target *target, uint8_t out[RA_FRAME_MAX])
{
	struct frame *frame = (struct frame *)out;
	struct ip from = ip_from_eui64(link_local, mac);
	gsize size = sizeof(frame->message);

	memset(frame, 0, sizeof(*frame));
	memcpy(frame->ethernet.h_dest, target->mac.b, ETH_ALEN);
	memcpy(frame->ethernet.h_source, mac.b, ETH_ALEN);
	frame->ethernet.h_proto = htons(ETH_P_IPV6);
	frame->ip.version = 6;
	frame->ip.nexthdr = IPPROTO_ICMPV6;
	frame->ip.hop_limit = HOP_LIMIT;
	memcpy(&frame->ip.saddr, from.b, sizeof(from.b));
	memcpy(&frame->ip.daddr, target->ip.b, sizeof(target->ip.b));
	frame->message.type = TYPE_ADVERTISEMENT;
	frame->message.hop_limit = HOST_HOP_LIMIT;
	if (config) {
		frame->message.flags =
			(config->managed ? FLAG_MANAGED : 0) | (config->other ? FLAG_OTHER : 0);
		frame->message.lifetime = htons(RA_LIFETIME);
	}
	size += options_write(config, mac, mtu, frame->options, RA_FRAME_MAX - sizeof(*frame));
	frame->ip.payload_len = htons((uint16_t)size);
	frame->message.checksum = htons(checksum(frame, size));
	return sizeof(*frame) - sizeof(frame->message) + size;
}
