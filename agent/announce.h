/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tells a physical network that an address has come to this host: a gratuitous ARP request (RFC 5227,
 * section 3) or an unsolicited neighbour advertisement (RFC 4861, section 7.2.6).
 */
#pragma once

#include <stdint.h>
#include <glib.h>

#include "lib/ip.h"

#define ANNOUNCE_FRAME_MAX 86

/* IP is at MAC: the frame into FRAME (ANNOUNCE_FRAME_MAX bytes), its size. */
gsize announce_write(struct ip ip, struct mac mac, uint8_t *frame);
