/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rtnetlink on libnl's messages and sockets, with our own receive loop: one
 * request, its answers, its end.
 */
#include "lib/netlink.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <glib-unix.h>

#include "lib/error.h"

#define EVENT_BUFFER (4 << 20) /* bytes of events the kernel keeps for us */

struct netlink {
	struct nl_sock *socket;
};

struct netlink_monitor {
	struct nl_sock *socket;
	guint source;
	netlink_answer event;
	void *data;
};

static const struct {
	int number;
	enum weft_error code;
} errors[] = {
	{ENOENT, WEFT_ERROR_NOT_FOUND},	     {ENODEV, WEFT_ERROR_NOT_FOUND},
	{ESRCH, WEFT_ERROR_NOT_FOUND},	     {EEXIST, WEFT_ERROR_CONFLICT},
	{EBUSY, WEFT_ERROR_CONFLICT},	     {EADDRINUSE, WEFT_ERROR_CONFLICT},
	{EINVAL, WEFT_ERROR_INVALID},	     {ERANGE, WEFT_ERROR_INVALID},
	{EPERM, WEFT_ERROR_DENIED},	     {EACCES, WEFT_ERROR_DENIED},
	{ENOSPC, WEFT_ERROR_EXHAUSTED},	     {ENOMEM, WEFT_ERROR_EXHAUSTED},
	{ENETUNREACH, WEFT_ERROR_NOT_FOUND}, {EHOSTUNREACH, WEFT_ERROR_NOT_FOUND},
};

static void fail(GError **error, int number, const char *subject)
{
	enum weft_error code = WEFT_ERROR_INTERNAL;

	for (gsize i = 0; i < G_N_ELEMENTS(errors); i++)
		if (errors[i].number == number)
			code = errors[i].code;
	g_set_error(error, WEFT_ERROR, code, "%s: %s", subject, g_strerror(number));
}

static struct nl_sock *socket_open(GError **error)
{
	struct nl_sock *socket = nl_socket_alloc();
	int status = nl_connect(socket, NETLINK_ROUTE);

	if (status == 0)
		return socket;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INTERNAL, "rtnetlink: %s",
		    nl_geterror(status));
	nl_socket_free(socket);
	return NULL;
}

struct netlink *netlink_new(GError **error)
{
	struct nl_sock *socket = socket_open(error);
	struct netlink *netlink;

	if (!socket)
		return NULL;
	netlink = g_new0(struct netlink, 1);
	netlink->socket = socket;
	return netlink;
}

void netlink_free(struct netlink *netlink)
{
	if (!netlink)
		return;
	nl_socket_free(netlink->socket);
	g_free(netlink);
}

struct nl_msg *netlink_message(int type, int flags, const void *header, gsize size)
{
	struct nl_msg *message = nlmsg_alloc_simple(type, flags | NLM_F_REQUEST);

	if (!message || nlmsg_append(message, (void *)header, size, NLMSG_ALIGNTO) < 0)
		g_error("rtnetlink: out of memory");
	return message;
}

enum walk {
	WALK_MORE,
	WALK_DONE,
	WALK_FAILED, /* errno says why */
};

/* One datagram of answers to the request numbered SEQUENCE. */
static enum walk answer_walk(const struct nlmsghdr *message, int size, uint32_t sequence,
			     netlink_answer answer, void *data)
{
	for (; nlmsg_ok(message, size);
	     message = nlmsg_next((struct nlmsghdr *)message, &size)) {
		const struct nlmsgerr *status = nlmsg_data(message);

		if (message->nlmsg_seq != sequence)
			continue;
		if (message->nlmsg_type == NLMSG_DONE)
			return WALK_DONE;
		if (message->nlmsg_type == NLMSG_ERROR) {
			errno = -status->error;
			return status->error ? WALK_FAILED : WALK_DONE;
		}
		if (answer)
			answer(message, data);
	}
	return WALK_MORE;
}

static bool answer_read(struct netlink *netlink, uint32_t sequence, const char *subject,
			netlink_answer answer, void *data, GError **error)
{
	enum walk walk = WALK_MORE;

	while (walk == WALK_MORE) {
		struct sockaddr_nl from;
		unsigned char *buffer = NULL;
		int size = nl_recv(netlink->socket, &from, &buffer, NULL);

		if (size <= 0) {
			g_set_error(error, WEFT_ERROR, WEFT_ERROR_INTERNAL, "%s: %s", subject,
				    size ? nl_geterror(size) : "rtnetlink closed");
			return false;
		}
		walk = answer_walk((struct nlmsghdr *)buffer, size, sequence, answer, data);
		free(buffer);
	}
	if (walk == WALK_FAILED)
		fail(error, errno, subject);
	return walk == WALK_DONE;
}

bool netlink_ask(struct netlink *netlink, struct nl_msg *message, const char *subject,
		 netlink_answer answer, void *data, GError **error)
{
	struct nlmsghdr *header = nlmsg_hdr(message);
	uint32_t sequence;
	int status;

	if (!(header->nlmsg_flags & NLM_F_DUMP))
		header->nlmsg_flags |= NLM_F_ACK;
	nl_complete_msg(netlink->socket, message);
	sequence = header->nlmsg_seq;
	status = nl_send(netlink->socket, message);
	nlmsg_free(message);
	if (status < 0) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INTERNAL, "%s: %s", subject,
			    nl_geterror(status));
		return false;
	}
	return answer_read(netlink, sequence, subject, answer, data, error);
}

static gboolean monitor_read(gint fd, GIOCondition condition, gpointer user)
{
	struct netlink_monitor *monitor = user;
	/* Static, as one thread reads: events of the kernel are far smaller. */
	static char buffer[65536] __attribute__((aligned(NLMSG_ALIGNTO)));
	ssize_t got;

	while ((got = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT)) != 0) {
		struct nlmsghdr *message = (struct nlmsghdr *)buffer;
		int size = (int)got;

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == ENOBUFS) {
			monitor->event(NULL, monitor->data);
			continue;
		}
		if (got < 0)
			break;
		for (; nlmsg_ok(message, size); message = nlmsg_next(message, &size))
			monitor->event(message, monitor->data);
	}
	return G_SOURCE_CONTINUE;
}

struct netlink_monitor *netlink_monitor_new(const int *groups, netlink_answer event, void *data,
					    GError **error)
{
	struct nl_sock *socket = socket_open(error);
	struct netlink_monitor *monitor;

	if (!socket)
		return NULL;
	nl_socket_set_nonblocking(socket);
	nl_socket_set_buffer_size(socket, EVENT_BUFFER, 0);
	for (; *groups; groups++) {
		int status = nl_socket_add_membership(socket, *groups);

		if (status < 0) {
			g_set_error(error, WEFT_ERROR, WEFT_ERROR_INTERNAL,
				    "rtnetlink group %d: %s", *groups, nl_geterror(status));
			nl_socket_free(socket);
			return NULL;
		}
	}
	monitor = g_new0(struct netlink_monitor, 1);
	monitor->socket = socket;
	monitor->event = event;
	monitor->data = data;
	monitor->source =
		g_unix_fd_add(nl_socket_get_fd(socket), G_IO_IN, monitor_read, monitor);
	return monitor;
}

void netlink_monitor_free(struct netlink_monitor *monitor)
{
	if (!monitor)
		return;
	g_source_remove(monitor->source);
	nl_socket_free(monitor->socket);
	g_free(monitor);
}

void netlink_parse(const struct nlmsghdr *message, gsize header_size, struct nlattr **out,
		   int max)
{
	memset(out, 0, sizeof(*out) * (gsize)(max + 1));
	if (!nlmsg_valid_hdr(message, (int)header_size))
		return;
	nla_parse(out, max, nlmsg_attrdata(message, (int)header_size),
		  nlmsg_attrlen(message, (int)header_size), NULL);
}

int netlink_family(struct ip ip)
{
	return ip_is_v4(ip) ? AF_INET : AF_INET6;
}

void netlink_put_ip(struct nl_msg *message, int type, struct ip ip)
{
	if (ip_is_v4(ip))
		nla_put(message, type, 4, ip.b + 12);
	else
		nla_put(message, type, 16, ip.b);
}

bool netlink_get_ip(const struct nlattr *attribute, struct ip *out)
{
	struct ip ip = ip_from_v4(0);

	if (!attribute || (nla_len(attribute) != 4 && nla_len(attribute) != 16))
		return false;
	if (nla_len(attribute) == 4)
		memcpy(ip.b + 12, nla_data(attribute), 4);
	else
		memcpy(ip.b, nla_data(attribute), 16);
	*out = ip;
	return true;
}
