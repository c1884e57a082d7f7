/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A packet as a user writes it:
 *
 *   tcp|udp [SOURCE[:PORT] ->] TARGET[:PORT]    IPv6 with a port: [fd00::1]:80
 *   icmp [SOURCE ->] TARGET                     an echo request, of IPv6 for its addresses
 *   arp ADDRESS | nd ADDRESS                    who has it?
 *   dhcp                                        a client's discover
 *   hex BYTES                                   a whole frame
 *   pcap FILE [N]                               the first or Nth frame of a capture
 *
 * and behind it any of: ttl N, size BYTES (of payload), from MAC, to MAC, flags SAFRP (of TCP).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "lib/ip.h"

enum trace_kind {
	TRACE_TCP,
	TRACE_UDP,
	TRACE_ICMP,
	TRACE_ARP,
	TRACE_ND,
	TRACE_DHCP,
	TRACE_HEX,
	TRACE_PCAP, /* read, it is TRACE_HEX */
};

struct trace_packet {
	enum trace_kind kind;
	struct ip source; /* ip_none: the port's own */
	struct ip target;
	uint16_t source_port, target_port;
	uint8_t ttl;
	uint8_t flags;	   /* of TCP */
	uint16_t size;	   /* of the payload */
	struct mac from;   /* none: the port's own */
	struct mac to;	   /* none: worked out */
	GByteArray *frame; /* TRACE_HEX; owned */
};

/* OUT is to be cleared by trace_packet_done in any case. */
bool trace_packet_parse(const char *text, struct trace_packet *out, GError **error);
void trace_packet_done(struct trace_packet *packet);

/* The frame; source, from and to must be filled in. Owned. */
GByteArray *trace_packet_build(const struct trace_packet *packet);
/* Its destination MAC follows from its kind and target: no neighbour has to be asked. */
bool trace_packet_find_group(const struct trace_packet *packet, struct mac *mac);
/* Whom it is for, by its IP header; none: it has none, or asks for an address (ARP, ND, DHCP). */
struct ip trace_packet_find_target(const struct trace_packet *packet);
