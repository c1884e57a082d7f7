/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses, prefixes and MACs as values.
 */
#include "lib/ip.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct ip ip_none;

static const uint8_t v4_mapped[12] = {[10] = 0xff, [11] = 0xff};

bool ip_parse(const char *text, struct ip *out)
{
	struct ip ip = {0};

	if (strchr(text, ':')) {
		if (inet_pton(AF_INET6, text, ip.b) != 1)
			return false;
	} else {
		memcpy(ip.b, v4_mapped, sizeof(v4_mapped));
		if (inet_pton(AF_INET, text, ip.b + 12) != 1)
			return false;
	}
	*out = ip;
	return true;
}

char *ip_print(struct ip ip, char *text)
{
	if (ip_is_v4(ip))
		inet_ntop(AF_INET, ip.b + 12, text, IP_TEXT);
	else
		inet_ntop(AF_INET6, ip.b, text, IP_TEXT);
	return text;
}

bool ip_is_none(struct ip ip)
{
	return memcmp(&ip, &ip_none, sizeof(ip)) == 0;
}

bool ip_is_v4(struct ip ip)
{
	return memcmp(ip.b, v4_mapped, sizeof(v4_mapped)) == 0;
}

bool ip_is_multicast(struct ip ip)
{
	return ip_is_v4(ip) ? (ip.b[12] & 0xf0) == 0xe0 : ip.b[0] == 0xff;
}

int ip_compare(struct ip a, struct ip b)
{
	return memcmp(a.b, b.b, sizeof(a.b));
}

bool ip_equal(struct ip a, struct ip b)
{
	return ip_compare(a, b) == 0;
}

struct ip ip_from_v4(uint32_t host_order)
{
	uint32_t wire = htonl(host_order);
	struct ip ip;

	memcpy(ip.b, v4_mapped, sizeof(v4_mapped));
	memcpy(ip.b + 12, &wire, sizeof(wire));
	return ip;
}

uint32_t ip_to_v4(struct ip ip)
{
	uint32_t wire;

	memcpy(&wire, ip.b + 12, sizeof(wire));
	return ntohl(wire);
}

static __int128 ip_to_number(struct ip ip)
{
	unsigned __int128 n = 0;

	for (unsigned int i = 0; i < sizeof(ip.b); i++)
		n = n << 8 | ip.b[i];
	return (__int128)n;
}

struct ip ip_add(struct ip ip, int64_t n)
{
	unsigned __int128 sum =
		(unsigned __int128)ip_to_number(ip) + (unsigned __int128)(__int128)n;

	for (int i = sizeof(ip.b) - 1; i >= 0; i--, sum >>= 8)
		ip.b[i] = (uint8_t)sum;
	return ip;
}

uint64_t ip_distance(struct ip a, struct ip b)
{
	unsigned __int128 x = (unsigned __int128)ip_to_number(a);
	unsigned __int128 y = (unsigned __int128)ip_to_number(b);

	if (y <= x)
		return 0;
	return y - x > UINT64_MAX ? UINT64_MAX : (uint64_t)(y - x);
}

unsigned __int128 ip_count(struct ip a, struct ip b)
{
	unsigned __int128 x = (unsigned __int128)ip_to_number(a);
	unsigned __int128 y = (unsigned __int128)ip_to_number(b);

	return y < x ? 0 : y - x + 1;
}

/* IP with all but the first BITS set to FILL (0 or 1). */
static struct ip ip_fill(struct ip ip, unsigned int bits, bool fill)
{
	for (unsigned int i = 0; i < sizeof(ip.b); i++) {
		unsigned int keep = bits > 8 * i ? bits - 8 * i : 0;
		uint8_t mask = keep >= 8 ? 0 : (uint8_t)(0xff >> keep);

		ip.b[i] = fill ? ip.b[i] | mask : ip.b[i] & (uint8_t)~mask;
	}
	return ip;
}

bool prefix_parse(const char *text, bool strict, struct prefix *out)
{
	const char *slash = strchr(text, '/');
	char address[IP_TEXT] = "";
	struct prefix prefix;
	unsigned long length;
	unsigned int width;
	char *end;

	if ((slash ? (size_t)(slash - text) : strlen(text)) >= sizeof(address))
		return false;
	memcpy(address, text, slash ? (size_t)(slash - text) : strlen(text));
	if (!ip_parse(address, &prefix.ip))
		return false;
	width = ip_is_v4(prefix.ip) ? 32 : 128;
	length = width;
	if (slash) {
		if (!g_ascii_isdigit(slash[1]))
			return false;
		length = strtoul(slash + 1, &end, 10);
		if (*end || length > width)
			return false;
	}
	prefix.bits = (uint8_t)(128 - width + length);
	if (strict && !ip_equal(prefix.ip, ip_fill(prefix.ip, prefix.bits, false)))
		return false;
	prefix.ip = ip_fill(prefix.ip, prefix.bits, false);
	*out = prefix;
	return true;
}

char *prefix_print(struct prefix prefix, char *text)
{
	char address[IP_TEXT];

	snprintf(text, PREFIX_TEXT, "%s/%u", ip_print(prefix.ip, address),
		 prefix_length(prefix));
	return text;
}

uint8_t prefix_length(struct prefix prefix)
{
	return prefix_is_v4(prefix) ? prefix.bits - 96 : prefix.bits;
}

bool prefix_is_v4(struct prefix prefix)
{
	return prefix.bits >= 96 && ip_is_v4(prefix.ip);
}

bool prefix_contains(struct prefix prefix, struct ip ip)
{
	/* IPv4 lives inside ::/0, but is no part of it. */
	return prefix_is_v4(prefix) == ip_is_v4(ip) &&
	       ip_equal(ip_fill(ip, prefix.bits, false), prefix.ip);
}

bool prefix_overlaps(struct prefix a, struct prefix b)
{
	return a.bits <= b.bits ? prefix_contains(a, b.ip) : prefix_contains(b, a.ip);
}

bool prefix_equal(struct prefix a, struct prefix b)
{
	return a.bits == b.bits && ip_equal(a.ip, b.ip);
}

struct ip prefix_first(struct prefix prefix)
{
	return prefix.ip;
}

struct ip prefix_last(struct prefix prefix)
{
	return ip_fill(prefix.ip, prefix.bits, true);
}

bool mac_parse(const char *text, struct mac *out)
{
	struct mac mac;

	if (strlen(text) != MAC_TEXT - 1)
		return false;
	for (unsigned int i = 0; i < sizeof(mac.b); i++) {
		int high = g_ascii_xdigit_value(text[3 * i]);
		int low = g_ascii_xdigit_value(text[3 * i + 1]);
		char end = text[3 * i + 2];

		if (high < 0 || low < 0 || (i < 5 ? end != ':' && end != '-' : end != '\0'))
			return false;
		mac.b[i] = (uint8_t)(high << 4 | low);
	}
	*out = mac;
	return true;
}

char *mac_print(struct mac mac, char *text)
{
	const uint8_t *b = mac.b;

	snprintf(text, MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4],
		 b[5]);
	return text;
}

bool mac_is_none(struct mac mac)
{
	return mac_equal(mac, (struct mac){{0}});
}

bool mac_is_multicast(struct mac mac)
{
	return mac.b[0] & 1;
}

bool mac_equal(struct mac a, struct mac b)
{
	return memcmp(a.b, b.b, sizeof(a.b)) == 0;
}

struct ip ip_from_eui64(struct prefix prefix, struct mac mac)
{
	struct ip ip = prefix.ip;
	const uint8_t interface[8] = {(uint8_t)(mac.b[0] ^ 2),
				      mac.b[1],
				      mac.b[2],
				      0xff,
				      0xfe,
				      mac.b[3],
				      mac.b[4],
				      mac.b[5]};

	memcpy(ip.b + 8, interface, sizeof(interface));
	return ip;
}
