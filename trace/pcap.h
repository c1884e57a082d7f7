/* SPDX-License-Identifier: Apache-2.0 */
/* A packet out of a capture: pcap (draft-ietf-opsawg-pcap) or pcapng, of Ethernet. */
#pragma once

#include <glib.h>

/* The NUMBERth frame in BYTES, the first is 1; owned. The error says what is wrong with them. */
GByteArray *pcap_read(const guint8 *bytes, gsize size, guint number, GError **error);
