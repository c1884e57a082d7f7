/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rtnetlink: requests that wait for the kernel's answer (microseconds, it never
 * sleeps on the network), and events in the default main context. Messages are
 * built with libnl's nla_put and friends.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include <netlink/netlink.h>
#include <netlink/msg.h>
#include <netlink/attr.h>

#include "lib/ip.h"

struct netlink;
struct netlink_monitor;

/* The interface number of the network namespace the process is in. */
struct ifindex {
	uint32_t value;
};

struct netlink *netlink_new(GError **error);
void netlink_free(struct netlink *netlink);

/* Called for each message of an answer; borrowed. */
typedef void (*netlink_answer)(const struct nlmsghdr *message, void *data);

/* A message of TYPE that begins with HEADER (an ifinfomsg, rtmsg ...). Never NULL. */
struct nl_msg *netlink_message(int type, int flags, const void *header, gsize size);

/*
 * Sends MESSAGE (taken) and waits until it is done. The error's code follows errno
 * (ENOENT, ENODEV, ESRCH: not-found; EEXIST, EBUSY, EADDRINUSE: conflict ...), its text is
 * SUBJECT and the kernel's reason. ANSWER may be NULL.
 */
bool netlink_ask(struct netlink *netlink, struct nl_msg *message, const char *subject,
		 netlink_answer answer, void *data, GError **error);

/* EVENT with NULL: messages were lost, look again. GROUPS: RTNLGRP_* up to a 0. */
struct netlink_monitor *netlink_monitor_new(const int *groups, netlink_answer event, void *data,
					    GError **error);
void netlink_monitor_free(struct netlink_monitor *monitor);

/* Attributes behind a header of HEADER_SIZE bytes, by type; missing ones are NULL. */
void netlink_parse(const struct nlmsghdr *message, gsize header_size, struct nlattr **out,
		   int max);

/* An address as the 4 or 16 bytes of FAMILY, and back; false for a wrong size. */
void netlink_put_ip(struct nl_msg *message, int type, struct ip ip);
bool netlink_get_ip(const struct nlattr *attribute, struct ip *out);
int netlink_family(struct ip ip); /* AF_INET or AF_INET6 */
