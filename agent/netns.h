/* SPDX-License-Identifier: Apache-2.0 */
/* Network namespaces by name, path and number. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "lib/netlink.h"

/*
 * Opens WHERE: a name in /run/netns, or an absolute path (/proc/PID/ns/net too). The
 * descriptor, or -1; what is no network namespace is WEFT_ERROR_INVALID.
 */
int netns_open(const char *where, GError **error);

/* The number that the kernel shows in a link's IFLA_LINK_NETNSID for FD; -1: none. */
int netns_get_number(struct netlink *netlink, int fd);

/* Is FD the namespace this process is in? */
bool netns_is_ours(int fd);

/* Name in /run/netns of the namespace that has NUMBER; NULL: none. Owned. */
char *netns_find_name(struct netlink *netlink, int number);

/* A socket that asks of the namespace FD, which the thread visits for a moment. */
struct netlink *netns_open_netlink(int fd, GError **error);
