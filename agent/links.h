/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices of ports: veths made for them, taps found or made, known again after a restart
 * by their alias.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "lib/ip.h"
#include "agent/netns.h"
#include "lib/netlink.h"
#include "lib/uuid.h"

#define LINK_NAME 16 /* bytes of a device's name with its end */

struct link {
	uint32_t ifindex;
	uint32_t mtu;
	uint32_t peer;	/* interface number of a veth's other end, in its own namespace */
	int peer_netns; /* number of that namespace; -1: ours, or no veth */
	struct mac mac;
	bool up;
	bool running; /* its queues are: see links_wait_peer */
	char name[LINK_NAME];
	char kind[16]; /* "veth", "tun", "vxlan" ...; "" */
	char alias[64];
};

/* "wf" and the first 11 digits of the port's id, into NAME (LINK_NAME bytes). */
void links_name(struct uuid port, char *name);
/* The port that an alias of ours names. *MADE: the device is ours to delete. */
bool links_parse_alias(const char *alias, struct uuid *port, bool *made);

bool links_find(struct netlink *netlink, const char *name, struct link *out);
bool links_find_index(struct netlink *netlink, uint32_t ifindex, struct link *out);
/* All devices of our namespace; owned array of struct link. */
GArray *links_list(struct netlink *netlink, GError **error);

struct veth_plan {
	struct uuid port;
	struct mac mac; /* of the workload's end */
	uint32_t mtu;
	const struct netns *netns;
	const char *name; /* of the workload's end */
};

/* Makes both ends; ours stays down. */
bool links_make_veth(struct netlink *netlink, const struct veth_plan *plan, uint32_t *ifindex,
		     GError **error);
/* A tap that stays when nobody has it open. */
bool links_make_tap(const char *name, GError **error);
/* Marks a device as the port's and keeps the host's own stack off it. */
bool links_adopt(struct netlink *netlink, uint32_t ifindex, struct uuid port, bool made,
		 uint32_t mtu, GError **error);
/* The reverse, for a device that is not ours to delete. */
void links_release(struct netlink *netlink, uint32_t ifindex);
bool links_set_up(struct netlink *netlink, uint32_t ifindex, GError **error);
/*
 * LINK is a veth that has come up. Its other end, up before, loses what it sends until the kernel
 * has noticed the carrier, by a worker that waits for the lock that all changes of devices take; an
 * ARP request that is lost is sent again a second later. From kernel 6.8 who asks for the device
 * has it noticed; before, we wait.
 * False: not within a tenth of a second, or somebody took it down.
 */
bool links_wait_peer(struct netlink *netlink, const struct link *link);
bool links_set_mtu(struct netlink *netlink, uint32_t ifindex, uint32_t mtu, GError **error);
/* A device that is gone already is no error. */
bool links_delete(struct netlink *netlink, uint32_t ifindex, GError **error);
