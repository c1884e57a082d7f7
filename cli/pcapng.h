/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets as wireshark and tcpdump read them, with names for where they were seen: pcapng
 * (draft-ietf-opsawg-pcapng), of which libpcap only reads and writes the older form.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

/* An interface is a point where packets are seen; Ethernet, times in nanoseconds. */
void pcapng_add_section(GByteArray *out, const char *hardware, const char *application);
void pcapng_add_interface(GByteArray *out, const char *name, const char *description,
			  uint32_t snaplen);

struct pcapng_packet {
	uint32_t interface; /* in the order in which they were added, from 0 */
	uint64_t time;	    /* ns since 1970 */
	uint32_t length;    /* of the frame */
	bool inbound;	    /* else outbound */
};

void pcapng_add_packet(GByteArray *out, const struct pcapng_packet *packet, const void *frame,
		       gsize size);
/* At the end: how many were seen, and how many lost. */
void pcapng_add_statistics(GByteArray *out, uint32_t interface, uint64_t time, uint64_t seen,
			   uint64_t lost);
