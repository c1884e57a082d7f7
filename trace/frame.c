/* SPDX-License-Identifier: Apache-2.0 */
/* See frame.h. Frames may be anything that a user typed: nothing is believed of them. */
#include "trace/frame.h"

#include <linux/if_ether.h>
#include <string.h>

#include "abi/wire.h"
#include "datapath/env/native.h"

#define ARP_SIZE 28

static unsigned int read16(const guint8 *bytes)
{
	return (unsigned int)bytes[0] << 8 | bytes[1];
}

static struct mac read_mac(const guint8 *bytes)
{
	struct mac mac;

	memcpy(mac.b, bytes, sizeof(mac.b));
	return mac;
}

static struct ip read_ip4(const guint8 *bytes)
{
	return ip_from_v4((guint32)read16(bytes) << 16 | read16(bytes + 2));
}

static struct ip read_ip6(const guint8 *bytes)
{
	struct ip ip;

	memcpy(ip.b, bytes, sizeof(ip.b));
	return ip;
}

static const char *proto_name(unsigned int proto)
{
	static const struct {
		unsigned int proto;
		const char *name;
	} names[] = {{1, "icmp"}, {2, "igmp"}, {6, "tcp"}, {17, "udp"}, {58, "icmpv6"}};

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		if (names[i].proto == proto)
			return names[i].name;
	return NULL;
}

/* "10.0.0.1:80", "[fd00::1]:80" or without a port (NULL). */
static void append_end(GString *out, struct ip ip, const guint8 *port)
{
	char text[IP_TEXT];

	ip_print(ip, text);
	if (!port)
		g_string_append(out, text);
	else if (ip_is_v4(ip))
		g_string_append_printf(out, "%s:%u", text, read16(port));
	else
		g_string_append_printf(out, "[%s]:%u", text, read16(port));
}

/* An IP packet whose transport header, of PROTO, is at L4 with ROOM bytes. */
static void append_ip(GString *out, struct ip source, struct ip target, unsigned int proto,
		      const guint8 *l4, gsize room, unsigned int ttl)
{
	bool ports = (proto == 6 || proto == 17) && room >= 4;
	bool types = (proto == 1 || proto == 58) && room >= 2;
	const char *name = proto_name(proto);

	if (name)
		g_string_append(out, name);
	else
		g_string_append_printf(out, "protocol %u", proto);
	if (types)
		g_string_append_printf(out, " type %u code %u", l4[0], l4[1]);
	g_string_append_c(out, ' ');
	append_end(out, source, ports ? l4 : NULL);
	g_string_append(out, " -> ");
	append_end(out, target, ports ? l4 + 2 : NULL);
	g_string_append_printf(out, ", ttl %u", ttl);
}

static void append_arp(GString *out, const guint8 *arp)
{
	unsigned int operation = read16(arp + 6);
	char sender[IP_TEXT], target[IP_TEXT], mac[MAC_TEXT];

	ip_print(read_ip4(arp + 14), sender);
	ip_print(read_ip4(arp + 24), target);
	if (operation == 1)
		g_string_append_printf(out, "arp who has %s, tell %s", target, sender);
	else
		g_string_append_printf(out, "arp %s is at %s, to %s", sender,
				       mac_print(read_mac(arp + 8), mac), target);
}

static void append_network(GString *out, const guint8 *bytes, gsize size)
{
	unsigned int type = read16(bytes + 12);
	const guint8 *l3 = bytes + ETH_HLEN;
	gsize room = size - ETH_HLEN;
	gsize header = room ? (l3[0] & 15) * 4u : 0;

	if (type == ETH_P_ARP && room >= ARP_SIZE)
		append_arp(out, l3);
	else if (type == ETH_P_IP && room >= 20 && header >= 20 && header <= room)
		append_ip(out, read_ip4(l3 + 12), read_ip4(l3 + 16), l3[9], l3 + header,
			  read16(l3 + 6) & 0x1fff ? 0 : room - header, l3[8]);
	else if (type == ETH_P_IPV6 && room >= 40)
		append_ip(out, read_ip6(l3 + 8), read_ip6(l3 + 24), l3[6], l3 + 40, room - 40,
			  l3[7]);
	else
		g_string_append_printf(out, "ethertype 0x%04x", type);
}

/* SIZE bytes of a frame of LENGTH. */
static char *print_plain(const void *frame, gsize size, gsize length)
{
	GString *out = g_string_new(NULL);
	const guint8 *bytes = frame;
	char from[MAC_TEXT], to[MAC_TEXT];

	if (size < ETH_HLEN) {
		g_string_printf(out, "%zu bytes, no Ethernet header", size);
		return g_string_free(out, FALSE);
	}
	append_network(out, bytes, size);
	g_string_append_printf(out, ", %zu bytes, %s -> %s", length,
			       mac_print(read_mac(bytes + 6), from),
			       mac_print(read_mac(bytes), to));
	return g_string_free(out, FALSE);
}

/* The tunnel's headers and the frame in them; false when they are none. */
static bool append_tunnel(GString *out, const guint8 *bytes, gsize size, gsize length)
{
	bool v4 = size >= ETH_HLEN && read16(bytes + 12) == ETH_P_IP;
	gsize overhead = v4 ? WIRE_OVERHEAD_V4 : WIRE_OVERHEAD_V6;
	const guint8 *udp = bytes + overhead - 16;
	char source[IP_TEXT], target[IP_TEXT];
	g_autofree char *inner = NULL;

	if (size < overhead + ETH_HLEN || (!v4 && read16(bytes + 12) != ETH_P_IPV6) ||
	    (v4 ? bytes[14] != 0x45 || bytes[23] != 17 : bytes[20] != 17) ||
	    read16(udp + 2) != WIRE_UDP_PORT)
		return false;
	ip_print(v4 ? read_ip4(bytes + 26) : read_ip6(bytes + 22), source);
	ip_print(v4 ? read_ip4(bytes + 30) : read_ip6(bytes + 38), target);
	inner = print_plain(bytes + overhead, size - overhead, length - overhead);
	g_string_printf(out, "tunnel %s -> %s, VNI %u, identity %u: %s", source, target,
			read16(udp + 12) << 8 | udp[14],
			(unsigned int)udp[15] << 16 | read16(udp + 10), inner);
	return true;
}

char *trace_frame_print_part(const void *frame, gsize size, gsize length)
{
	GString *out = g_string_new(NULL);

	length = MAX(size, length);
	if (append_tunnel(out, frame, size, length))
		return g_string_free(out, FALSE);
	g_string_free(out, TRUE);
	return print_plain(frame, size, length);
}

char *trace_frame_print(const void *frame, gsize size)
{
	return trace_frame_print_part(frame, size, size);
}

bool trace_frame_find_remote(const void *frame, gsize size, struct ip *remote)
{
	const guint8 *bytes = frame;

	if (size >= WIRE_OVERHEAD_V4 && read16(bytes + 12) == ETH_P_IP)
		*remote = read_ip4(bytes + 30);
	else if (size >= WIRE_OVERHEAD_V6 && read16(bytes + 12) == ETH_P_IPV6)
		*remote = read_ip6(bytes + 38);
	else
		return false;
	return true;
}

static void write16(guint8 *at, unsigned int value)
{
	at[0] = (guint8)(value >> 8);
	at[1] = (guint8)value;
}

static void write32(guint8 *at, guint32 value)
{
	write16(at, value >> 16);
	write16(at + 2, value & 0xffff);
}

GBytes *trace_frame_wrap(const struct native_output *output, struct ip local)
{
	bool v4 = ip_is_v4(local);
	gsize inner_size, overhead = v4 ? WIRE_OVERHEAD_V4 : WIRE_OVERHEAD_V6;
	const void *inner = g_bytes_get_data(output->frame, &inner_size);
	guint8 *out = g_malloc0(overhead + inner_size), *udp = out + overhead - 16;
	guint udp_size = (guint)inner_size + 16;

	write16(out + 12, v4 ? ETH_P_IP : ETH_P_IPV6);
	if (v4) { /* the receiving program does not look at the header's checksum */
		out[14] = 0x45;
		write16(out + 16, 20 + udp_size);
		out[22] = 64;
		out[23] = 17;
		memcpy(out + 26, local.b + 12, 4);
		memcpy(out + 30, output->tunnel_remote.b + 12, 4);
	} else {
		out[14] = 0x60;
		write16(out + 18, udp_size);
		out[20] = 17;
		out[21] = 64;
		memcpy(out + 22, local.b, 16);
		memcpy(out + 38, output->tunnel_remote.b, 16);
	}
	write16(udp, WIRE_SPORT_MIN);
	write16(udp + 2, WIRE_UDP_PORT);
	write16(udp + 4, udp_size);
	/* the device knows 16 bits of an identity (abi/wire.h) */
	write32(udp + 8, wire_flags(output->tunnel_gbp & 0xffff));
	write32(udp + 12, output->tunnel_vni << 8);
	memcpy(udp + 16, inner, inner_size);
	return g_bytes_new_take(out, overhead + inner_size);
}
