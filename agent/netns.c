/* SPDX-License-Identifier: Apache-2.0 */
/* A socket stays in the namespace it was made in, so a visit is as long as making one. */
#include "agent/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <linux/capability.h>
#include <linux/if_link.h>
#include <linux/net_namespace.h>
#include <linux/nsfs.h>
#include <linux/rtnetlink.h>

#include "lib/error.h"
#include "lib/privilege.h"

#define NETNS_FOLDER "/run/netns"

static char *netns_path(const char *where)
{
	if (where[0] == '/')
		return g_strdup(where);
	if (!*where || strchr(where, '/') || strcmp(where, ".") == 0 ||
	    strcmp(where, "..") == 0)
		return NULL;
	return g_build_filename(NETNS_FOLDER, where, NULL);
}

/* "/proc/PID/ns/net": the kernel finds it by the process alone. */
static bool netns_from_process(const char *path, struct netns *out)
{
	char rest[8] = "";
	int pid;

	if (sscanf(path, "/proc/%d/ns/ne%7s", &pid, rest) != 2 || strcmp(rest, "t") != 0 ||
	    pid <= 0)
		return false;
	*out = (struct netns){.fd = -1, .pid = pid};
	return true;
}

bool netns_open(const char *where, struct netns *out, GError **error)
{
	g_autofree char *path = netns_path(where);
	/* Not O_PATH, which ioctl refuses; not blocking, if it should be a pipe. */
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;

	if (!path) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "netns %s: neither a name nor an absolute path", where);
		return false;
	}
	if (fd < 0 && errno == EACCES && netns_from_process(path, out))
		return true;
	if (fd < 0) {
		g_set_error(error, WEFT_ERROR,
			    errno == ENOENT ? WEFT_ERROR_NOT_FOUND : WEFT_ERROR_INVALID,
			    "netns %s: %s", where, g_strerror(errno));
		return false;
	}
	if (ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
			    "netns %s: not a network namespace", where);
		close(fd);
		return false;
	}
	*out = (struct netns){.fd = fd};
	return true;
}

void netns_close(struct netns *netns)
{
	if (netns->fd >= 0)
		close(netns->fd);
	netns->fd = -1;
}

void netns_put(const struct netns *netns, struct nl_msg *message)
{
	if (netns->fd >= 0)
		nla_put_u32(message, IFLA_NET_NS_FD, (uint32_t)netns->fd);
	else
		nla_put_u32(message, IFLA_NET_NS_PID, (uint32_t)netns->pid);
}

static void number_read(const struct nlmsghdr *message, void *data)
{
	struct nlattr *attributes[NETNSA_MAX + 1];

	netlink_parse(message, sizeof(struct rtgenmsg), attributes, NETNSA_MAX);
	if (attributes[NETNSA_NSID])
		*(int *)data = (int)nla_get_u32(attributes[NETNSA_NSID]);
}

int netns_get_number(struct netlink *netlink, const struct netns *netns)
{
	struct rtgenmsg header = {.rtgen_family = AF_UNSPEC};
	struct nl_msg *message = netlink_message(RTM_GETNSID, 0, &header, sizeof(header));
	int number = -1;

	if (netns->fd >= 0)
		nla_put_u32(message, NETNSA_FD, (uint32_t)netns->fd);
	else
		nla_put_u32(message, NETNSA_PID, (uint32_t)netns->pid);
	netlink_ask(netlink, message, "netns", number_read, &number, NULL);
	return number;
}

bool netns_is_ours(const struct netns *netns)
{
	struct stat ours, theirs;

	return netns->fd >= 0 && stat("/proc/self/ns/net", &ours) == 0 &&
	       fstat(netns->fd, &theirs) == 0 && ours.st_dev == theirs.st_dev &&
	       ours.st_ino == theirs.st_ino;
}

char *netns_find_name(struct netlink *netlink, int number)
{
	g_autoptr(GDir) folder = g_dir_open(NETNS_FOLDER, 0, NULL);
	const char *name;

	while (number >= 0 && folder && (name = g_dir_read_name(folder))) {
		struct netns netns;
		int found;

		if (!netns_open(name, &netns, NULL))
			continue;
		found = netns_get_number(netlink, &netns);
		netns_close(&netns);
		if (found == number)
			return g_strdup(name);
	}
	return NULL;
}

struct netlink *netns_open_netlink(const struct netns *netns, GError **error)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	struct netlink *netlink = NULL;

	privilege_raise(CAP_SYS_ADMIN);
	if (home < 0 || setns(netns->fd, CLONE_NEWNET)) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_DENIED,
			    "netns: cannot be entered: %s", g_strerror(errno));
	} else {
		netlink = netlink_new(error);
		/* All else the agent does would go to the workload's namespace. */
		if (setns(home, CLONE_NEWNET))
			g_error("netns: cannot return: %s", g_strerror(errno));
	}
	privilege_lower(CAP_SYS_ADMIN);
	if (home >= 0)
		close(home);
	return netlink;
}
