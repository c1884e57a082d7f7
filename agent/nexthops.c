/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Remotes by address; a neighbour is asked of the kernel for each, so that those behind one
 * gateway share the kernel's own entry and no table of ours.
 */
#include "agent/nexthops.h"

#include <net/if.h>
#include <string.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "abi/hash.h"
#include "agent/links.h"

#define SETTLE_MS 20 /* routes change in bunches */

/* Neighbour states in which its address may be used. */
#define NUD_USABLE                                                                             \
	(NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE)

struct remote {
	struct ip ip;
	unsigned int watches;
	struct ip via; /* the neighbour: a gateway, or the remote itself */
	struct next_hop hop;
};

struct nexthops {
	struct netlink *netlink;
	struct netlink_monitor *monitor;
	GHashTable *remotes; /* by ip */
	nexthops_changed changed;
	nexthops_link_gone gone;
	nexthops_link_seen seen;
	void *data;
	guint timer;
};

static guint remote_hash(gconstpointer data)
{
	struct abi_ip ip;

	memcpy(&ip, data, sizeof(ip));
	return hash_done(generation_address_id(0, &ip));
}

static gboolean remote_same(gconstpointer a, gconstpointer b)
{
	return memcmp(a, b, sizeof(struct ip)) == 0;
}

/* ---------------------------------------------------------------- route */

struct way {
	uint32_t ifindex;
	struct ip via; /* ip_none: on the link */
	uint32_t mtu;  /* of the route; 0: the device's */
};

static void way_read_metrics(struct nlattr *metrics, struct way *way)
{
	struct nlattr *attributes[RTAX_MAX + 1];

	if (metrics && nla_parse_nested(attributes, RTAX_MAX, metrics, NULL) == 0 &&
	    attributes[RTAX_MTU])
		way->mtu = nla_get_u32(attributes[RTAX_MTU]);
}

static void way_read(const struct nlmsghdr *message, void *data)
{
	const struct rtmsg *header = NLMSG_DATA(message);
	struct nlattr *attributes[RTA_MAX + 1];
	struct way *way = data;

	/* To ourselves, or nowhere. */
	if (message->nlmsg_type != RTM_NEWROUTE || header->rtm_type != RTN_UNICAST)
		return;
	netlink_parse(message, sizeof(*header), attributes, RTA_MAX);
	if (attributes[RTA_OIF])
		way->ifindex = nla_get_u32(attributes[RTA_OIF]);
	netlink_get_ip(attributes[RTA_GATEWAY], &way->via);
	/* A gateway of the other family (RFC 5549). */
	if (attributes[RTA_VIA] && nla_len(attributes[RTA_VIA]) == 2 + 16)
		memcpy(way->via.b, (const char *)nla_data(attributes[RTA_VIA]) + 2, 16);
	way_read_metrics(attributes[RTA_METRICS], way);
}

static bool way_find(struct netlink *netlink, struct ip remote, struct way *out)
{
	struct rtmsg header = {.rtm_family = (unsigned char)netlink_family(remote),
			       .rtm_dst_len = ip_is_v4(remote) ? 32 : 128};
	struct nl_msg *message = netlink_message(RTM_GETROUTE, 0, &header, sizeof(header));
	struct way way = {0};

	netlink_put_ip(message, RTA_DST, remote);
	if (!netlink_ask(netlink, message, "route", way_read, &way, NULL) || !way.ifindex)
		return false;
	*out = way;
	return true;
}

/* ------------------------------------------------------------ neighbour */

struct neighbour {
	struct ip ip;
	uint32_t ifindex;
	bool usable;
	bool fixed; /* by hand: nothing to keep fresh */
	struct mac mac;
};

static bool neighbour_read(const struct nlmsghdr *message, struct neighbour *out)
{
	const struct ndmsg *header = NLMSG_DATA(message);
	struct nlattr *attributes[NDA_MAX + 1];

	memset(out, 0, sizeof(*out));
	netlink_parse(message, sizeof(*header), attributes, NDA_MAX);
	if (header->ndm_family == AF_BRIDGE || !netlink_get_ip(attributes[NDA_DST], &out->ip))
		return false;
	out->ifindex = (uint32_t)header->ndm_ifindex;
	if (message->nlmsg_type == RTM_NEWNEIGH && (header->ndm_state & NUD_USABLE) &&
	    attributes[NDA_LLADDR] && nla_len(attributes[NDA_LLADDR]) == 6) {
		memcpy(out->mac.b, nla_data(attributes[NDA_LLADDR]), 6);
		out->usable = true;
		out->fixed = header->ndm_state & (NUD_PERMANENT | NUD_NOARP);
	}
	return true;
}

static void neighbour_one(const struct nlmsghdr *message, void *data)
{
	neighbour_read(message, data);
}

static struct nl_msg *neighbour_message(int type, int flags, struct ip ip, uint32_t ifindex,
					uint16_t state)
{
	struct ndmsg header = {.ndm_family = (unsigned char)netlink_family(ip),
			       .ndm_ifindex = (int)ifindex,
			       .ndm_state = state};
	struct nl_msg *message = netlink_message(type, flags, &header, sizeof(header));

	netlink_put_ip(message, NDA_DST, ip);
	return message;
}

/* Have the kernel resolve IP and keep it so; or no longer. */
static void neighbour_manage(struct netlink *netlink, struct ip ip, uint32_t ifindex,
			     bool managed)
{
	/* Without the flag any state but stale would forget the address others may use. */
	struct nl_msg *message =
		neighbour_message(RTM_NEWNEIGH, (managed ? NLM_F_CREATE : 0) | NLM_F_REPLACE,
				  ip, ifindex, managed ? NUD_NONE : NUD_STALE);

	nla_put_u32(message, NDA_FLAGS_EXT, managed ? NTF_EXT_MANAGED : 0);
	if (netlink_ask(netlink, message, "neighbour", NULL, NULL, NULL) || !managed)
		return;
	/* Below 5.16 traffic itself must keep it fresh; ask for it once. */
	message = neighbour_message(RTM_NEWNEIGH, NLM_F_CREATE, ip, ifindex, NUD_NONE);
	((struct ndmsg *)NLMSG_DATA(nlmsg_hdr(message)))->ndm_flags = NTF_USE;
	netlink_ask(netlink, message, "neighbour", NULL, NULL, NULL);
}

static bool neighbour_find(struct netlink *netlink, struct ip ip, uint32_t ifindex,
			   struct neighbour *out)
{
	return netlink_ask(netlink, neighbour_message(RTM_GETNEIGH, 0, ip, ifindex, 0),
			   "neighbour", neighbour_one, out, NULL);
}

/* --------------------------------------------------------------- remotes */

static void remote_resolve(struct nexthops *nexthops, struct remote *remote,
			   struct next_hop *hop)
{
	struct neighbour neighbour = {0};
	struct link link;
	struct way way;

	*hop = (struct next_hop){0};
	remote->via = ip_none;
	if (!way_find(nexthops->netlink, remote->ip, &way) ||
	    !links_find_index(nexthops->netlink, way.ifindex, &link))
		return;
	remote->via = ip_is_none(way.via) ? remote->ip : way.via;
	hop->ifindex = way.ifindex;
	hop->source = link.mac;
	hop->mtu = (uint16_t)MIN(way.mtu && way.mtu < link.mtu ? way.mtu : link.mtu, 65535);
	neighbour_find(nexthops->netlink, remote->via, way.ifindex, &neighbour);
	if (!neighbour.fixed)
		neighbour_manage(nexthops->netlink, remote->via, way.ifindex, true);
	/* A device without link addresses is left to the kernel's way (redirect_neigh). */
	hop->next = neighbour.mac;
	hop->resolved = neighbour.usable && !mac_is_none(link.mac);
}

static bool hop_equal(const struct next_hop *a, const struct next_hop *b)
{
	return a->resolved == b->resolved && a->ifindex == b->ifindex && a->mtu == b->mtu &&
	       mac_equal(a->next, b->next) && mac_equal(a->source, b->source);
}

static void remote_set(struct nexthops *nexthops, struct remote *remote,
		       const struct next_hop *hop)
{
	if (hop_equal(&remote->hop, hop))
		return;
	remote->hop = *hop;
	nexthops->changed(remote->ip, hop, nexthops->data);
}

static gboolean routes_changed(gpointer data)
{
	struct nexthops *nexthops = data;
	GHashTableIter iter;
	gpointer value;

	nexthops->timer = 0;
	g_hash_table_iter_init(&iter, nexthops->remotes);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		struct next_hop hop;

		remote_resolve(nexthops, value, &hop);
		remote_set(nexthops, value, &hop);
	}
	return G_SOURCE_REMOVE;
}

static void routes_mark(struct nexthops *nexthops)
{
	if (!nexthops->timer && g_hash_table_size(nexthops->remotes))
		nexthops->timer = g_timeout_add(SETTLE_MS, routes_changed, nexthops);
}

static void neighbour_event(struct nexthops *nexthops, const struct nlmsghdr *message)
{
	struct neighbour neighbour;
	GHashTableIter iter;
	gpointer value;

	if (!neighbour_read(message, &neighbour))
		return;
	g_hash_table_iter_init(&iter, nexthops->remotes);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		struct remote *remote = value;
		struct next_hop hop = remote->hop;

		if (!ip_equal(remote->via, neighbour.ip) || hop.ifindex != neighbour.ifindex)
			continue;
		hop.next = neighbour.mac;
		hop.resolved = neighbour.usable;
		remote_set(nexthops, remote, &hop);
		/* Flushed by somebody: it must be asked for again. */
		if (message->nlmsg_type == RTM_DELNEIGH)
			routes_mark(nexthops);
	}
}

/* A device by which a remote is reached, or might be that is not now. */
static bool link_matters(struct nexthops *nexthops, uint32_t ifindex)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, nexthops->remotes);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const struct remote *remote = value;

		if (!remote->hop.ifindex || remote->hop.ifindex == ifindex)
			return true;
	}
	return false;
}

static void link_tell_seen(struct nexthops *nexthops, const struct nlmsghdr *message)
{
	const struct ifinfomsg *header = NLMSG_DATA(message);
	struct nlattr *attributes[IFLA_MAX + 1];

	netlink_parse(message, sizeof(*header), attributes, IFLA_MAX);
	if (attributes[IFLA_IFNAME])
		nexthops->seen((uint32_t)header->ifi_index,
			       nla_get_string(attributes[IFLA_IFNAME]), nexthops->data);
}

static void link_event(struct nexthops *nexthops, const struct nlmsghdr *message)
{
	const struct ifinfomsg *header = NLMSG_DATA(message);

	if (header->ifi_family != AF_UNSPEC)
		return;
	if (message->nlmsg_type == RTM_DELLINK)
		nexthops->gone((uint32_t)header->ifi_index, nexthops->data);
	else
		link_tell_seen(nexthops, message);
	if (link_matters(nexthops, (uint32_t)header->ifi_index))
		routes_mark(nexthops);
}

static void kernel_event(const struct nlmsghdr *message, void *data)
{
	struct nexthops *nexthops = data;

	if (!message) {
		routes_mark(nexthops);
		nexthops->gone(0, nexthops->data);
		nexthops->seen(0, NULL, nexthops->data);
		return;
	}
	switch (message->nlmsg_type) {
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH:
		neighbour_event(nexthops, message);
		break;
	case RTM_NEWLINK:
	case RTM_DELLINK:
		link_event(nexthops, message);
		break;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		routes_mark(nexthops);
		break;
	}
}

struct nexthops *nexthops_new(struct netlink *netlink, nexthops_changed changed,
			      nexthops_link_gone gone, nexthops_link_seen seen, void *data,
			      GError **error)
{
	static const int groups[] = {RTNLGRP_LINK, RTNLGRP_NEIGH, RTNLGRP_IPV4_ROUTE,
				     RTNLGRP_IPV6_ROUTE, 0};
	struct nexthops *nexthops = g_new0(struct nexthops, 1);

	nexthops->netlink = netlink;
	nexthops->changed = changed;
	nexthops->gone = gone;
	nexthops->seen = seen;
	nexthops->data = data;
	nexthops->remotes = g_hash_table_new_full(remote_hash, remote_same, NULL, g_free);
	nexthops->monitor = netlink_monitor_new(groups, kernel_event, nexthops, error);
	if (nexthops->monitor)
		return nexthops;
	nexthops_free(nexthops);
	return NULL;
}

void nexthops_free(struct nexthops *nexthops)
{
	if (!nexthops)
		return;
	if (nexthops->timer)
		g_source_remove(nexthops->timer);
	netlink_monitor_free(nexthops->monitor);
	g_hash_table_unref(nexthops->remotes);
	g_free(nexthops);
}

void nexthops_watch(struct nexthops *nexthops, struct ip ip, struct next_hop *out)
{
	struct remote *remote = g_hash_table_lookup(nexthops->remotes, &ip);

	if (!remote) {
		remote = g_new0(struct remote, 1);
		remote->ip = ip;
		g_hash_table_insert(nexthops->remotes, &remote->ip, remote);
		remote_resolve(nexthops, remote, &remote->hop);
	}
	remote->watches++;
	*out = remote->hop;
}

/* Does another remote need the neighbour? */
static bool via_is_shared(struct nexthops *nexthops, const struct remote *remote)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, nexthops->remotes);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const struct remote *other = value;

		if (other != remote && ip_equal(other->via, remote->via))
			return true;
	}
	return false;
}

void nexthops_unwatch(struct nexthops *nexthops, struct ip ip)
{
	struct remote *remote = g_hash_table_lookup(nexthops->remotes, &ip);

	if (!remote || --remote->watches)
		return;
	if (remote->hop.ifindex && !via_is_shared(nexthops, remote))
		neighbour_manage(nexthops->netlink, remote->via, remote->hop.ifindex, false);
	g_hash_table_remove(nexthops->remotes, &ip);
}

/* ---------------------------------------------------------------- uplink */

struct owner_search {
	struct ip address;
	uint32_t ifindex;
};

static void address_read(const struct nlmsghdr *message, void *data)
{
	const struct ifaddrmsg *header = NLMSG_DATA(message);
	struct nlattr *attributes[IFA_MAX + 1];
	struct owner_search *search = data;
	struct ip ip;

	netlink_parse(message, sizeof(*header), attributes, IFA_MAX);
	if (netlink_get_ip(attributes[IFA_LOCAL] ? attributes[IFA_LOCAL]
						 : attributes[IFA_ADDRESS],
			   &ip) &&
	    ip_equal(ip, search->address))
		search->ifindex = header->ifa_index;
}

uint32_t nexthops_find_uplink(struct netlink *netlink, struct ip address)
{
	struct ifaddrmsg header = {.ifa_family = (unsigned char)netlink_family(address)};
	struct nl_msg *message =
		netlink_message(RTM_GETADDR, NLM_F_DUMP, &header, sizeof(header));
	struct owner_search search = {address, 0};
	struct way way;
	uint32_t loopback = if_nametoindex("lo");

	netlink_ask(netlink, message, "addresses", address_read, &search, NULL);
	if (search.ifindex && search.ifindex != loopback)
		return search.ifindex;
	/* The address is on the loopback (a routed host): leave as everything does. */
	if (way_find(netlink, ip_is_v4(address) ? ip_from_v4(0x08080808) : address, &way))
		return way.ifindex;
	return 0;
}
