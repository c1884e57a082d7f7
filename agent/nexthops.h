/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way to each other host on the underlay: route, then neighbour, which the kernel is
 * told to keep fresh (NTF_EXT_MANAGED, 5.16). Routes and neighbours that change are told at
 * once.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "agent/state.h"
#include "lib/ip.h"
#include "lib/netlink.h"

struct nexthops;

typedef void (*nexthops_changed)(struct ip remote, const struct next_hop *hop, void *data);
/* A device of the namespace is gone, or is there, new or changed; 0: some may be. */
typedef void (*nexthops_link_gone)(uint32_t ifindex, void *data);
typedef void (*nexthops_link_seen)(uint32_t ifindex, const char *name, void *data);

struct nexthops *nexthops_new(struct netlink *netlink, nexthops_changed changed,
			      nexthops_link_gone gone, nexthops_link_seen seen, void *data,
			      GError **error);
void nexthops_free(struct nexthops *nexthops); /* the kernel goes on keeping them fresh */

/* What is known of the way to REMOTE at once; later by `changed`. Watches are counted. */
void nexthops_watch(struct nexthops *nexthops, struct ip remote, struct next_hop *out);
void nexthops_unwatch(struct nexthops *nexthops, struct ip remote);

/* The device that has ADDRESS, or by which the default route leaves; 0: none. */
uint32_t nexthops_find_uplink(struct netlink *netlink, struct ip address);
