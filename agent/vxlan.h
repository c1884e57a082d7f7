/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The idle vxlan device: it owns UDP 4789, so the kernel's tunnel GRO works for us, and it is
 * the way out where our own encapsulation cannot serve. Nothing is delivered by it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "lib/netlink.h"

#define VXLAN_DEVICE "weft-vxlan"

/* Found or made, up. */
bool vxlan_open(struct netlink *netlink, uint32_t *ifindex, GError **error);
void vxlan_delete(struct netlink *netlink);
