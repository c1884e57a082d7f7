/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses as values: one form for IPv4 and IPv6, so that no code has twins.
 * parse and print are inverses.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

/* 16 bytes in network order; IPv4 is mapped (::ffff:a.b.c.d, RFC 4291 2.5.5.2). */
struct ip {
	uint8_t b[16];
};

/* A network: BITS counts within the 128 (an IPv4 /24 has 120). Host bits are zero. */
struct prefix {
	struct ip ip;
	uint8_t bits;
};

struct mac {
	uint8_t b[6];
};

/* VXLAN network identifier, 24 bits; 0 is none. */
struct vni {
	uint32_t value;
};

#define IP_TEXT	    46 /* longest printed address with its end */
#define PREFIX_TEXT 50 /* ... prefix */
#define MAC_TEXT    18 /* ... MAC */

extern const struct ip ip_none; /* all zero: no address; also IPv6 "unspecified" */

bool ip_parse(const char *text, struct ip *out);
/* Prints into TEXT (IP_TEXT bytes) and returns it. RFC 5952 form. */
char *ip_print(struct ip ip, char *text);
bool ip_is_none(struct ip ip);
bool ip_is_v4(struct ip ip);
bool ip_is_multicast(struct ip ip);
int ip_compare(struct ip a, struct ip b); /* as memcmp */
bool ip_equal(struct ip a, struct ip b);
struct ip ip_from_v4(uint32_t host_order);
uint32_t ip_to_v4(struct ip ip); /* host order; ip must be IPv4 */
/* IP plus N, carrying over all 128 bits (n may be negative). */
struct ip ip_add(struct ip ip, int64_t n);
/* B - A, saturated at UINT64_MAX; 0 if b < a. */
uint64_t ip_distance(struct ip a, struct ip b);
/* How many there are from A to B, both counted; exact. 0 if b < a. */
unsigned __int128 ip_count(struct ip a, struct ip b);

/* "10.0.0.0/24" or "fd00::/64"; a bare address is a full-length prefix. Host bits must be
 * zero when STRICT, else they are cleared. */
bool prefix_parse(const char *text, bool strict, struct prefix *out);
char *prefix_print(struct prefix prefix, char *text);
/* Bits as people write them: 24 for an IPv4 /24. */
uint8_t prefix_length(struct prefix prefix);
bool prefix_is_v4(struct prefix prefix);
/* No IPv6 prefix contains or overlaps anything of IPv4, ::/0 included. */
bool prefix_contains(struct prefix prefix, struct ip ip);
bool prefix_overlaps(struct prefix a, struct prefix b);
bool prefix_equal(struct prefix a, struct prefix b);
struct ip prefix_first(struct prefix prefix);
struct ip prefix_last(struct prefix prefix);

/* "02:00:00:00:00:01", any case, ':' or '-'. Printed in lower case with ':'. */
bool mac_parse(const char *text, struct mac *out);
char *mac_print(struct mac mac, char *text);
bool mac_is_none(struct mac mac);
bool mac_is_multicast(struct mac mac);
bool mac_equal(struct mac a, struct mac b);
/* The modified EUI-64 address of MAC in PREFIX, which must be a /64 (RFC 4291 appendix A). */
struct ip ip_from_eui64(struct prefix prefix, struct mac mac);
