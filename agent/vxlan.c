/* SPDX-License-Identifier: Apache-2.0 */
/* One for each network namespace; see vxlan.h. */
#include "agent/vxlan.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <string.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "abi/wire.h"
#include "agent/links.h"
#include "lib/error.h"

static bool vxlan_make(struct netlink *netlink, GError **error)
{
	struct ifinfomsg header = {.ifi_flags = IFF_NOARP, .ifi_change = IFF_NOARP};
	struct nl_msg *message = netlink_message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL,
						 &header, sizeof(header));
	struct nlattr *info, *data;

	nla_put_string(message, IFLA_IFNAME, VXLAN_DEVICE);
	info = nla_nest_start(message, IFLA_LINKINFO);
	nla_put_string(message, IFLA_INFO_KIND, "vxlan");
	data = nla_nest_start(message, IFLA_INFO_DATA);
	nla_put_u8(message, IFLA_VXLAN_COLLECT_METADATA, 1);
	nla_put_u8(message, IFLA_VXLAN_LEARNING, 0);
	nla_put_u8(message, IFLA_VXLAN_UDP_CSUM, 0);
	nla_put_u16(message, IFLA_VXLAN_PORT, htons(WIRE_UDP_PORT));
	nla_put_flag(message, IFLA_VXLAN_GBP);
	nla_nest_end(message, data);
	nla_nest_end(message, info);
	return netlink_ask(netlink, message, "device " VXLAN_DEVICE, NULL, NULL, error);
}

/* No addresses on it: what the programs let pass must find no stack behind it. */
static void vxlan_quiet(struct netlink *netlink, uint32_t ifindex)
{
	struct ifinfomsg header = {.ifi_index = (int)ifindex};
	struct nl_msg *message = netlink_message(RTM_SETLINK, 0, &header, sizeof(header));
	struct nlattr *spec = nla_nest_start(message, IFLA_AF_SPEC);
	struct nlattr *family = nla_nest_start(message, AF_INET6);

	nla_put_u8(message, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	nla_nest_end(message, family);
	nla_nest_end(message, spec);
	netlink_ask(netlink, message, VXLAN_DEVICE, NULL, NULL, NULL);
}

bool vxlan_open(struct netlink *netlink, uint32_t *ifindex, GError **error)
{
	struct link link = {0};

	if (links_find(netlink, VXLAN_DEVICE, &link) && strcmp(link.kind, "vxlan") != 0) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
			    "device " VXLAN_DEVICE ": is a %s, not a vxlan", link.kind);
		return false;
	}
	if (!link.ifindex) {
		if (!vxlan_make(netlink, error))
			return false;
		if (!links_find(netlink, VXLAN_DEVICE, &link)) {
			g_set_error(error, WEFT_ERROR, WEFT_ERROR_INTERNAL,
				    "device " VXLAN_DEVICE ": made, and gone at once");
			return false;
		}
	}
	vxlan_quiet(netlink, link.ifindex);
	if (!links_set_up(netlink, link.ifindex, error)) {
		/* Somebody else has the port. */
		links_delete(netlink, link.ifindex, NULL);
		g_prefix_error(error, "UDP port %u: ", WIRE_UDP_PORT);
		return false;
	}
	*ifindex = link.ifindex;
	return true;
}

void vxlan_delete(struct netlink *netlink)
{
	struct link link = {0};

	if (links_find(netlink, VXLAN_DEVICE, &link) && strcmp(link.kind, "vxlan") == 0)
		links_delete(netlink, link.ifindex, NULL);
}
