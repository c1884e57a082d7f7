/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A veth is made with one message, so that the workload's end is born in its namespace with
 * its MAC and MTU. The host's end has no ARP, no IPv6 and no address.
 */
#include "agent/links.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>

#include "lib/error.h"

#define ALIAS_START "weft:"
#define ALIAS_FOUND " found" /* a device that was here before us */
#define PEER_TRIES  100
#define PEER_PAUSE  1000 /* us */

void links_name(struct uuid port, char *name)
{
	char text[UUID_TEXT];
	gsize length = 2;

	uuid_print(port, text);
	memcpy(name, "wf", 2);
	for (const char *at = text; length < 13; at++)
		if (*at != '-')
			name[length++] = *at;
	name[length] = 0;
}

bool links_parse_alias(const char *alias, struct uuid *port, bool *made)
{
	char text[UUID_TEXT] = "";

	if (!g_str_has_prefix(alias, ALIAS_START))
		return false;
	g_strlcpy(text, alias + strlen(ALIAS_START), sizeof(text));
	if (!uuid_parse(text, port))
		return false;
	*made = !g_str_has_suffix(alias, ALIAS_FOUND);
	return true;
}

/* -------------------------------------------------------------- reading */

static void kind_read(struct nlattr *info, struct link *link)
{
	struct nlattr *attributes[IFLA_INFO_MAX + 1];

	if (info && nla_parse_nested(attributes, IFLA_INFO_MAX, info, NULL) == 0 &&
	    attributes[IFLA_INFO_KIND])
		nla_strlcpy(link->kind, attributes[IFLA_INFO_KIND], sizeof(link->kind));
}

static bool link_read(const struct nlmsghdr *message, struct link *link)
{
	const struct ifinfomsg *header = NLMSG_DATA(message);
	struct nlattr *attributes[IFLA_MAX + 1];

	if (message->nlmsg_type != RTM_NEWLINK)
		return false;
	netlink_parse(message, sizeof(*header), attributes, IFLA_MAX);
	memset(link, 0, sizeof(*link));
	link->ifindex = (uint32_t)header->ifi_index;
	link->up = header->ifi_flags & IFF_UP;
	link->running = attributes[IFLA_OPERSTATE] &&
			nla_get_u8(attributes[IFLA_OPERSTATE]) == IF_OPER_UP;
	link->peer_netns = -1;
	if (attributes[IFLA_IFNAME])
		nla_strlcpy(link->name, attributes[IFLA_IFNAME], sizeof(link->name));
	if (attributes[IFLA_IFALIAS])
		nla_strlcpy(link->alias, attributes[IFLA_IFALIAS], sizeof(link->alias));
	if (attributes[IFLA_MTU])
		link->mtu = nla_get_u32(attributes[IFLA_MTU]);
	if (attributes[IFLA_LINK])
		link->peer = nla_get_u32(attributes[IFLA_LINK]);
	if (attributes[IFLA_LINK_NETNSID])
		link->peer_netns = (int)nla_get_u32(attributes[IFLA_LINK_NETNSID]);
	if (attributes[IFLA_ADDRESS] && nla_len(attributes[IFLA_ADDRESS]) == 6)
		memcpy(link->mac.b, nla_data(attributes[IFLA_ADDRESS]), 6);
	kind_read(attributes[IFLA_LINKINFO], link);
	return true;
}

static void link_one(const struct nlmsghdr *message, void *data)
{
	link_read(message, data);
}

bool links_find(struct netlink *netlink, const char *name, struct link *out)
{
	struct ifinfomsg header = {0};
	struct nl_msg *message = netlink_message(RTM_GETLINK, 0, &header, sizeof(header));

	nla_put_string(message, IFLA_IFNAME, name);
	return netlink_ask(netlink, message, name, link_one, out, NULL);
}

bool links_find_index(struct netlink *netlink, uint32_t ifindex, struct link *out)
{
	struct ifinfomsg header = {.ifi_index = (int)ifindex};
	struct nl_msg *message = netlink_message(RTM_GETLINK, 0, &header, sizeof(header));

	return netlink_ask(netlink, message, "device", link_one, out, NULL);
}

static void link_append(const struct nlmsghdr *message, void *data)
{
	struct link link;

	if (link_read(message, &link))
		g_array_append_val((GArray *)data, link);
}

GArray *links_list(struct netlink *netlink, GError **error)
{
	struct ifinfomsg header = {0};
	GArray *list = g_array_new(FALSE, FALSE, sizeof(struct link));
	struct nl_msg *message =
		netlink_message(RTM_GETLINK, NLM_F_DUMP, &header, sizeof(header));

	if (netlink_ask(netlink, message, "devices", link_append, list, error))
		return list;
	g_array_unref(list);
	return NULL;
}

/* -------------------------------------------------------------- changing */

/* Ours: the kernel puts it where the asking socket is. */
static void veth_put_peer(struct nl_msg *message, const char *name, uint32_t mtu)
{
	struct ifinfomsg header = {0};
	struct nlattr *peer = nla_nest_start(message, VETH_INFO_PEER);

	nlmsg_append(message, &header, sizeof(header), NLMSG_ALIGNTO);
	nla_put_string(message, IFLA_IFNAME, name);
	nla_put_u32(message, IFLA_MTU, mtu);
	nla_nest_end(message, peer);
}

/*
 * The workload's end is the one that is asked for, since that can be born up: so nobody has to
 * enter its namespace. It has no carrier before our end is up.
 */
bool links_make_veth(struct netlink *netlink, const struct veth_plan *plan, uint32_t *ifindex,
		     GError **error)
{
	struct ifinfomsg header = {.ifi_flags = IFF_UP, .ifi_change = IFF_UP};
	struct nl_msg *message = netlink_message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL,
						 &header, sizeof(header));
	g_autofree char *subject = g_strdup_printf("device %s", plan->name);
	struct nlattr *info, *data;
	char name[LINK_NAME];
	struct link made;

	links_name(plan->port, name);
	nla_put_string(message, IFLA_IFNAME, plan->name);
	nla_put(message, IFLA_ADDRESS, sizeof(plan->mac.b), plan->mac.b);
	nla_put_u32(message, IFLA_MTU, plan->mtu);
	netns_put(plan->netns, message);
	info = nla_nest_start(message, IFLA_LINKINFO);
	nla_put_string(message, IFLA_INFO_KIND, "veth");
	data = nla_nest_start(message, IFLA_INFO_DATA);
	veth_put_peer(message, name, plan->mtu);
	nla_nest_end(message, data);
	nla_nest_end(message, info);
	if (!netlink_ask(netlink, message, subject, NULL, NULL, error))
		return false;
	if (!links_find(netlink, name, &made)) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INTERNAL,
			    "device %s: made, and gone at once", name);
		return false;
	}
	*ifindex = made.ifindex;
	return true;
}

bool links_make_tap(const char *name, GError **error)
{
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	bool ok;

	g_strlcpy(request.ifr_name, name, sizeof(request.ifr_name));
	ok = fd >= 0 && ioctl(fd, TUNSETIFF, &request) == 0 && ioctl(fd, TUNSETPERSIST, 1) == 0;
	if (!ok)
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INTERNAL,
			    "device %s: cannot make a tap: %s", name, g_strerror(errno));
	if (fd >= 0)
		close(fd);
	return ok;
}

static bool sysctl_write(const char *family, const char *device, const char *name,
			 const char *value)
{
	g_autofree char *path =
		g_strdup_printf("/proc/sys/net/%s/conf/%s/%s", family, device, name);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, value, strlen(value)) > 0;

	if (fd >= 0)
		close(fd);
	return ok;
}

static void put_no_autoconf(struct nl_msg *message)
{
	struct nlattr *spec = nla_nest_start(message, IFLA_AF_SPEC);
	struct nlattr *family = nla_nest_start(message, AF_INET6);

	nla_put_u8(message, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	nla_nest_end(message, family);
	nla_nest_end(message, spec);
}

static bool link_set(struct netlink *netlink, struct nl_msg *message, GError **error)
{
	return netlink_ask(netlink, message, "device", NULL, NULL, error);
}

bool links_adopt(struct netlink *netlink, uint32_t ifindex, struct uuid port, bool made,
		 uint32_t mtu, GError **error)
{
	struct ifinfomsg header = {
		.ifi_index = (int)ifindex, .ifi_flags = IFF_NOARP, .ifi_change = IFF_NOARP};
	struct nl_msg *message = netlink_message(RTM_SETLINK, 0, &header, sizeof(header));
	char id[UUID_TEXT], name[IF_NAMESIZE];
	g_autofree char *alias =
		g_strconcat(ALIAS_START, uuid_print(port, id), made ? "" : ALIAS_FOUND, NULL);

	nla_put(message, IFLA_IFALIAS, (int)strlen(alias), alias);
	nla_put_u32(message, IFLA_MTU, mtu);
	if (!link_set(netlink, message, error))
		return false;
	/* Without IPv6 in the kernel there is nothing to turn off. */
	if (if_indextoname(ifindex, name) && !sysctl_write("ipv6", name, "disable_ipv6", "1")) {
		message = netlink_message(RTM_SETLINK, 0, &header, sizeof(header));
		put_no_autoconf(message);
		link_set(netlink, message, NULL);
	}
	return true;
}

void links_release(struct netlink *netlink, uint32_t ifindex)
{
	struct ifinfomsg header = {.ifi_index = (int)ifindex, .ifi_change = IFF_NOARP};
	struct nl_msg *message = netlink_message(RTM_SETLINK, 0, &header, sizeof(header));
	char name[IF_NAMESIZE];

	nla_put(message, IFLA_IFALIAS, 1, "");
	link_set(netlink, message, NULL);
	if (if_indextoname(ifindex, name))
		sysctl_write("ipv6", name, "disable_ipv6", "0");
}

bool links_set_up(struct netlink *netlink, uint32_t ifindex, GError **error)
{
	struct ifinfomsg header = {
		.ifi_index = (int)ifindex, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};

	return link_set(netlink, netlink_message(RTM_SETLINK, 0, &header, sizeof(header)),
			error);
}

static bool peer_find(struct netlink *netlink, const struct link *link, struct link *out)
{
	struct ifinfomsg header = {.ifi_index = (int)link->peer};
	struct nl_msg *message = netlink_message(RTM_GETLINK, 0, &header, sizeof(header));

	if (link->peer_netns >= 0)
		nla_put_u32(message, IFLA_TARGET_NETNSID, (uint32_t)link->peer_netns);
	return netlink_ask(netlink, message, "device", link_one, out, NULL);
}

bool links_wait_peer(struct netlink *netlink, const struct link *link)
{
	struct link peer = {0};

	for (int i = 0; i < PEER_TRIES; i++) {
		if (!peer_find(netlink, link, &peer) || !peer.up)
			return false;
		if (peer.running)
			return true;
		g_usleep(PEER_PAUSE);
	}
	return false;
}

bool links_set_mtu(struct netlink *netlink, uint32_t ifindex, uint32_t mtu, GError **error)
{
	struct ifinfomsg header = {.ifi_index = (int)ifindex};
	struct nl_msg *message = netlink_message(RTM_SETLINK, 0, &header, sizeof(header));

	nla_put_u32(message, IFLA_MTU, mtu);
	return link_set(netlink, message, error);
}

bool links_delete(struct netlink *netlink, uint32_t ifindex, GError **error)
{
	struct ifinfomsg header = {.ifi_index = (int)ifindex};
	struct nl_msg *message = netlink_message(RTM_DELLINK, 0, &header, sizeof(header));
	GError *failure = NULL;

	if (netlink_ask(netlink, message, "device", NULL, NULL, &failure))
		return true;
	if (g_error_matches(failure, WEFT_ERROR, WEFT_ERROR_NOT_FOUND)) {
		g_error_free(failure);
		return true;
	}
	g_propagate_error(error, failure);
	return false;
}
