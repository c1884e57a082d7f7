/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See packet.h. Frames are built with right lengths and checksums, as a workload's kernel
 * would send them.
 */
#include "trace/packet.h"

#include <errno.h>
#include <string.h>

#include "lib/error.h"
#include "trace/pcap.h"

#define SIZE_MAX_PAYLOAD 9000
#define FRAME_MAX	 9216
#define PORT_DEFAULT	 40000
#define IP4_SIZE	 20
#define DHCP_SIZE	 300 /* RFC 951: what servers may insist on */

static const char *const kinds[] = {
	[TRACE_TCP] = "tcp", [TRACE_UDP] = "udp",   [TRACE_ICMP] = "icmp",
	[TRACE_ARP] = "arp", [TRACE_ND] = "nd",	    [TRACE_DHCP] = "dhcp",
	[TRACE_HEX] = "hex", [TRACE_PCAP] = "pcap",
};

/* ------------------------------------------------------------- reading */

static bool bad(GError **error, const char *what, const char *text)
{
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "packet: %s: '%.64s'", what, text);
	return false;
}

static bool read_number(const char *text, guint64 max, uint16_t *out)
{
	guint64 number;

	if (!text || !g_ascii_string_to_unsigned(text, 10, 0, max, &number, NULL))
		return false;
	*out = (uint16_t)number;
	return true;
}

/* "10.0.0.1", "10.0.0.1:80", "fd00::1" or "[fd00::1]:80". */
static bool read_end(const char *text, struct ip *ip, uint16_t *port)
{
	const char *end = strrchr(text, ']'), *colon = strrchr(text, ':');
	g_autofree char *address = NULL;

	if (*text == '[' && end) {
		address = g_strndup(text + 1, (gsize)(end - text) - 1);
		colon = end[1] == ':' ? end + 1 : NULL;
		if (end[1] && !colon)
			return false;
	} else if (colon && strchr(text, ':') == colon) {
		address = g_strndup(text, (gsize)(colon - text));
	} else {
		address = g_strdup(text);
		colon = NULL;
	}
	return ip_parse(address, ip) && (!colon || read_number(colon + 1, 65535, port));
}

static bool read_hex(char **words, struct trace_packet *out, GError **error)
{
	g_autofree char *text = g_strjoinv("", words);
	gsize length = strlen(text);

	out->frame = g_byte_array_new();
	for (gsize i = 0; i + 1 < length; i += 2) {
		int high = g_ascii_xdigit_value(text[i]);
		int low = g_ascii_xdigit_value(text[i + 1]);
		guint8 byte = (guint8)(high << 4 | low);

		if (high < 0 || low < 0)
			return bad(error, "not a hexadecimal byte", text + i);
		g_byte_array_append(out->frame, &byte, 1);
	}
	if (length % 2 || length < 2 || length / 2 > FRAME_MAX)
		return bad(error, "not whole bytes, none, or too many", text);
	return true;
}

/* FILE [N] */
static bool read_pcap(char **words, struct trace_packet *out, GError **error)
{
	g_autofree char *bytes = NULL;
	guint64 number = 1;
	gsize size;

	if (!words[0] || (words[1] && words[2]) ||
	    (words[1] &&
	     !g_ascii_string_to_unsigned(words[1], 10, 1, G_MAXUINT, &number, NULL)))
		return bad(error, "not pcap FILE [N]", words[0] ? words[0] : "");
	if (!g_file_get_contents(words[0], &bytes, &size, error))
		return false;
	out->kind = TRACE_HEX;
	out->frame = pcap_read((const guint8 *)bytes, size, (guint)number, error);
	if (!out->frame)
		g_prefix_error(error, "%s: ", words[0]);
	return out->frame != NULL;
}

/* "SA": SYN and ACK. */
static bool read_flags(const char *text, uint8_t *flags)
{
	static const char letters[] = "FSRPA"; /* from the lowest bit */

	*flags = 0;
	for (; text && *text; text++) {
		const char *letter = strchr(letters, *text);

		if (!letter)
			return false;
		*flags |= (uint8_t)(1u << (letter - letters));
	}
	return text != NULL;
}

static bool read_option(const char *name, const char *value, struct trace_packet *out)
{
	uint16_t ttl;

	if (!strcmp(name, "ttl") && read_number(value, 255, &ttl)) {
		out->ttl = (uint8_t)ttl;
		return true;
	}
	if (!strcmp(name, "size"))
		return read_number(value, SIZE_MAX_PAYLOAD, &out->size);
	if (!strcmp(name, "flags"))
		return out->kind == TRACE_TCP && read_flags(value, &out->flags);
	if (!strcmp(name, "from"))
		return value && mac_parse(value, &out->from);
	return !strcmp(name, "to") && value && mac_parse(value, &out->to);
}

static bool check_addresses(const struct trace_packet *packet, const char *text, GError **error)
{
	if (packet->kind == TRACE_ARP && !ip_is_v4(packet->target))
		return bad(error, "arp asks for an IPv4 address", text);
	if (packet->kind == TRACE_ND && ip_is_v4(packet->target))
		return bad(error, "nd asks for an IPv6 address", text);
	if (!ip_is_none(packet->source) && packet->kind != TRACE_DHCP &&
	    ip_is_v4(packet->source) != ip_is_v4(packet->target))
		return bad(error, "source and target are of two families", text);
	return true;
}

/* The addresses, if the kind has any. Returns the first word behind them, or NULL. */
static char **read_ends(char **word, struct trace_packet *out, GError **error)
{
	if (out->kind == TRACE_DHCP)
		return word;
	if (*word && word[1] && !strcmp(word[1], "->")) {
		if (!read_end(*word, &out->source, &out->source_port)) {
			bad(error, "not an address with or without a port", *word);
			return NULL;
		}
		word += 2;
	} else if (*word && !strcmp(*word, "->")) {
		word++;
	}
	if (!*word) {
		bad(error, "where to", kinds[out->kind]);
		return NULL;
	}
	if (!read_end(*word, &out->target, &out->target_port)) {
		bad(error, "not an address with or without a port", *word);
		return NULL;
	}
	return check_addresses(out, *word, error) ? word + 1 : NULL;
}

static char **split_words(const char *text)
{
	GPtrArray *words = g_ptr_array_new();
	g_auto(GStrv) all = g_strsplit_set(text, " \t\n,", -1);

	for (char **word = all; *word; word++)
		if (**word)
			g_ptr_array_add(words, g_strdup(*word));
	g_ptr_array_add(words, NULL);
	return (char **)g_ptr_array_free(words, FALSE);
}

bool trace_packet_parse(const char *text, struct trace_packet *out, GError **error)
{
	g_auto(GStrv) words = split_words(text);
	char **word = words;
	gsize kind;

	*out = (struct trace_packet){.ttl = 64,
				     .flags = 0x02,
				     .source_port = PORT_DEFAULT,
				     .target_port = PORT_DEFAULT};
	for (kind = 0; kind < G_N_ELEMENTS(kinds); kind++)
		if (*word && !strcmp(*word, kinds[kind]))
			break;
	if (kind == G_N_ELEMENTS(kinds))
		return bad(error,
			   "does not begin with tcp, udp, icmp, arp, nd, dhcp, hex or pcap",
			   text);
	out->kind = (enum trace_kind)kind;
	if (out->kind == TRACE_HEX)
		return read_hex(word + 1, out, error);
	if (out->kind == TRACE_PCAP)
		return read_pcap(word + 1, out, error);
	word = read_ends(word + 1, out, error);
	if (!word)
		return false;
	for (; *word; word += 2)
		if (!read_option(*word, word[1], out))
			return bad(error,
				   "not ttl N, size BYTES, from MAC, to MAC or flags SAFRP",
				   *word);
	return true;
}

void trace_packet_done(struct trace_packet *packet)
{
	if (packet->frame)
		g_byte_array_unref(packet->frame);
	packet->frame = NULL;
}

/* ------------------------------------------------------------ building */

static void add(GByteArray *out, const void *bytes, guint size)
{
	g_byte_array_append(out, bytes, size);
}

static void add16(GByteArray *out, unsigned int value)
{
	guint16 word = GUINT16_TO_BE((guint16)value);

	add(out, &word, sizeof(word));
}

static void add8(GByteArray *out, unsigned int value)
{
	guint8 byte = (guint8)value;

	add(out, &byte, 1);
}

static void add_zeros(GByteArray *out, guint size)
{
	guint old = out->len;

	g_byte_array_set_size(out, old + size);
	memset(out->data + old, 0, size);
}

static guint32 sum_words(guint32 sum, const guint8 *bytes, gsize size)
{
	for (gsize i = 0; i < size; i++)
		sum += i % 2 ? bytes[i] : (guint32)bytes[i] << 8;
	return sum;
}

static void put_sum(guint8 *at, guint32 sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	sum = ~sum & 0xffff;
	at[0] = (guint8)(sum >> 8);
	at[1] = (guint8)sum;
}

static gsize ip_size(struct ip ip)
{
	return ip_is_v4(ip) ? 4 : 16;
}

static const guint8 *ip_bytes(const struct ip *ip)
{
	return ip->b + 16 - ip_size(*ip);
}

static void add_ip(GByteArray *out, const struct trace_packet *p, guint8 proto, guint room)
{
	guint at = out->len;

	if (ip_is_v4(p->target)) {
		add16(out, 0x4500);
		add16(out, IP4_SIZE + room);
		add16(out, 0);
		add16(out, 0x4000); /* do not fragment */
		add8(out, p->ttl);
		add8(out, proto);
		add16(out, 0);
	} else {
		add16(out, 0x6000);
		add16(out, 0);
		add16(out, room);
		add8(out, proto);
		add8(out, p->ttl);
	}
	add(out, ip_bytes(&p->source), (guint)ip_size(p->target));
	add(out, ip_bytes(&p->target), (guint)ip_size(p->target));
	if (ip_is_v4(p->target))
		put_sum(out->data + at + 10, sum_words(0, out->data + at, IP4_SIZE));
}

/* Over what follows L4, with the pseudo header when it has one. */
static void seal(GByteArray *out, const struct trace_packet *p, guint l4, guint sum_at,
		 guint proto, bool pseudo)
{
	guint32 sum = 0;

	if (pseudo) {
		sum = sum_words(sum, ip_bytes(&p->source), ip_size(p->target));
		sum = sum_words(sum, ip_bytes(&p->target), ip_size(p->target));
		sum += proto + out->len - l4;
	}
	put_sum(out->data + l4 + sum_at, sum_words(sum, out->data + l4, out->len - l4));
}

static void add_tcp(GByteArray *out, const struct trace_packet *p)
{
	guint l4;

	add_ip(out, p, 6, 20 + p->size);
	l4 = out->len;
	add16(out, p->source_port);
	add16(out, p->target_port);
	add_zeros(out, 8);
	add16(out, 0x5000 | p->flags);
	add16(out, 65535);
	add_zeros(out, 4 + p->size);
	seal(out, p, l4, 16, 6, true);
}

static void add_udp(GByteArray *out, const struct trace_packet *p, const GByteArray *payload)
{
	guint size = payload ? payload->len : p->size, l4;

	add_ip(out, p, 17, 8 + size);
	l4 = out->len;
	add16(out, p->source_port);
	add16(out, p->target_port);
	add16(out, 8 + size);
	add16(out, 0);
	if (payload)
		add(out, payload->data, payload->len);
	else
		add_zeros(out, size);
	seal(out, p, l4, 6, 17, true);
}

static void add_icmp(GByteArray *out, const struct trace_packet *p)
{
	bool v4 = ip_is_v4(p->target);
	guint8 proto = v4 ? 1 : 58;
	guint l4;

	add_ip(out, p, proto, 8 + p->size);
	l4 = out->len;
	add16(out, v4 ? 0x0800 : 0x8000);
	add16(out, 0);
	add16(out, 1); /* identifier and number */
	add16(out, 1);
	add_zeros(out, p->size);
	seal(out, p, l4, 2, proto, !v4);
}

static void add_arp(GByteArray *out, const struct trace_packet *p)
{
	add16(out, 1);
	add16(out, 0x0800);
	add16(out, 0x0604);
	add16(out, 1);
	add(out, p->from.b, 6);
	add(out, ip_bytes(&p->source), 4);
	add_zeros(out, 6);
	add(out, ip_bytes(&p->target), 4);
}

static void add_nd(GByteArray *out, const struct trace_packet *p)
{
	struct trace_packet inner = *p;
	guint l4;

	inner.target = (struct ip){{0xff, 2, [11] = 1, [12] = 0xff}};
	memcpy(inner.target.b + 13, p->target.b + 13, 3);
	inner.ttl = 255;
	add_ip(out, &inner, 58, 32);
	l4 = out->len;
	add16(out, 135 << 8);
	add_zeros(out, 6);
	add(out, p->target.b, 16);
	add16(out, 0x0101); /* source link-layer address */
	add(out, p->from.b, 6);
	seal(out, &inner, l4, 2, 58, true);
}

static void add_dhcp(GByteArray *out, const struct trace_packet *p)
{
	static const guint8 options[] = {0x63, 0x82, 0x53, 0x63, 53, 1, 1, 255};
	g_autoptr(GByteArray) body = g_byte_array_new();
	struct trace_packet inner = *p;

	inner.source = ip_from_v4(0);
	inner.target = ip_from_v4(0xffffffff);
	inner.source_port = 68;
	inner.target_port = 67;
	add16(body, 0x0101);
	add16(body, 0x0600);
	add_zeros(body, 24);
	add(body, p->from.b, 6);
	add_zeros(body, 202);
	add(body, options, sizeof(options));
	add_zeros(body, DHCP_SIZE - body->len);
	add_udp(out, &inner, body);
}

GByteArray *trace_packet_build(const struct trace_packet *p)
{
	GByteArray *out = g_byte_array_new();

	if (p->kind == TRACE_HEX) {
		add(out, p->frame->data, p->frame->len);
		return out;
	}
	add(out, p->to.b, 6);
	add(out, p->from.b, 6);
	if (p->kind == TRACE_ARP)
		add16(out, 0x0806);
	else
		add16(out, p->kind == TRACE_DHCP || ip_is_v4(p->target) ? 0x0800 : 0x86dd);
	switch (p->kind) {
	case TRACE_TCP:
		add_tcp(out, p);
		break;
	case TRACE_UDP:
		add_udp(out, p, NULL);
		break;
	case TRACE_ICMP:
		add_icmp(out, p);
		break;
	case TRACE_ARP:
		add_arp(out, p);
		break;
	case TRACE_ND:
		add_nd(out, p);
		break;
	case TRACE_DHCP:
		add_dhcp(out, p);
		break;
	case TRACE_HEX:
	case TRACE_PCAP:
		break;
	}
	return out;
}

bool trace_packet_find_group(const struct trace_packet *p, struct mac *mac)
{
	static const struct mac all = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
	struct ip t = p->target;

	if (p->kind == TRACE_ARP || p->kind == TRACE_DHCP ||
	    (ip_is_v4(t) && ip_to_v4(t) == 0xffffffff))
		*mac = all;
	else if (p->kind == TRACE_ND)
		*mac = (struct mac){{0x33, 0x33, 0xff, t.b[13], t.b[14], t.b[15]}};
	else if (!ip_is_multicast(t))
		return false;
	else if (ip_is_v4(t))
		*mac = (struct mac){{1, 0, 0x5e, t.b[13] & 0x7f, t.b[14], t.b[15]}};
	else
		*mac = (struct mac){{0x33, 0x33, t.b[12], t.b[13], t.b[14], t.b[15]}};
	return true;
}

/* Of an untagged frame, which workloads send. */
static struct ip frame_find_target(const GByteArray *frame)
{
	static const guint8 v4[] = {0x08, 0x00}, v6[] = {0x86, 0xdd};
	struct ip ip = ip_from_v4(0);

	if (frame->len >= 34 && memcmp(frame->data + 12, v4, sizeof(v4)) == 0) {
		memcpy(ip.b + 12, frame->data + 30, 4);
		return ip;
	}
	if (frame->len < 54 || memcmp(frame->data + 12, v6, sizeof(v6)) != 0)
		return ip_none;
	memcpy(ip.b, frame->data + 38, sizeof(ip.b));
	return ip;
}

struct ip trace_packet_find_target(const struct trace_packet *packet)
{
	if (packet->kind == TRACE_HEX)
		return frame_find_target(packet->frame);
	return packet->kind <= TRACE_ICMP ? packet->target : ip_none;
}
