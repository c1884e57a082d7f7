/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets written layer by layer:
 *
 *   eth DST SRC [type N] / ip4 SRC DST [ttl N] [tos N] [id N] [df] [mf] [off N] [opt HEX]
 *     [proto N] [len N] [ihl N] [wrong] / udp SPORT DPORT [len N] [nocsum] [pseudo] [sum N] / data N
 *
 * Lengths, protocol numbers and checksums follow from the layers unless they are given (wrong: the
 * header's checksum is off by as much as a change of the header keeps it; pseudo: the transport's is for now
 * the pseudo header's sum alone). Layers:
 *   eth vlan arp ip4 ip6 hbh dstopts routing frag ah udp tcp icmp icmp6 ns na ra rs vxlan
 *   data hex quote, and at the end: cut N (bytes left), pad N (zeros up to).
 * quote N: the first N bytes of the layers behind it, as data.
 * A name that begins with '@' stands for layers. udp * 4789: some source port of a tunnel.
 */
#pragma once

#include <glib.h>

/* TEXT with NAMES (text -> text) replaced word by word. NULL and *why (to be freed) on nonsense. */
GBytes *packet_build(const char *text, GHashTable *names, char **why);

/* For a failed comparison: a hex dump, to be freed. */
char *packet_dump(GBytes *bytes);
