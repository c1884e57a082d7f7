/* SPDX-License-Identifier: Apache-2.0 */
/* Network namespaces by name, path and number. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "lib/netlink.h"

/* A namespace that can be named to the kernel. */
struct netns {
	int fd;	 /* -1: by `pid` */
	int pid; /* a process in it, whose descriptor only CAP_SYS_PTRACE would open; 0: none */
};

/*
 * Opens WHERE: a name in /run/netns, or an absolute path (/proc/PID/ns/net too). What is no
 * network namespace is WEFT_ERROR_INVALID.
 */
bool netns_open(const char *where, struct netns *out, GError **error);
void netns_close(struct netns *netns);

/* Into a message that makes a link: where it is to be. */
void netns_put(const struct netns *netns, struct nl_msg *message);

/* The number that the kernel shows in a link's IFLA_LINK_NETNSID for it; -1: none. */
int netns_get_number(struct netlink *netlink, const struct netns *netns);

/* Is it the namespace this process is in? */
bool netns_is_ours(const struct netns *netns);

/* Name in /run/netns of the namespace that has NUMBER; NULL: none. Owned. */
char *netns_find_name(struct netlink *netlink, int number);

/* A socket that asks of the namespace, which the thread visits for a moment (CAP_SYS_ADMIN). */
struct netlink *netns_open_netlink(const struct netns *netns, GError **error);
