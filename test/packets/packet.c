/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Built from the last layer to the first, so that each layer knows what it
 * carries. IP layers put the transport checksum in, since it covers their addresses.
 */
#include "packet.h"

#include <string.h>

#include "lib/ip.h"

struct layer {
	char **words; /* borrowed from build.words */
	guint count;
};

struct build {
	GByteArray *bytes; /* of the layers built so far */
	GHashTable *names;
	GPtrArray *owned; /* word arrays */
	int ethertype;	  /* what an Ethernet layer above should say; -1: nothing yet */
	int proto;	  /* ... an IP layer; -1 */
	int csum;	  /* offset of a transport checksum to be filled; -1 */
	gboolean pseudo;  /* ... for now with the sum of the pseudo header alone */
	GString *why;
};

static void fail(struct build *b, const char *what, const char *word)
{
	if (!b->why->len)
		g_string_printf(b->why, "%s: '%s'", what, word ? word : "(nothing)");
}

static const char *name(struct build *b, const char *word)
{
	const char *value = word && b->names ? g_hash_table_lookup(b->names, word) : NULL;

	return value ? value : word;
}

static const char *word(struct build *b, const struct layer *l, guint n)
{
	return n < l->count ? name(b, l->words[n]) : NULL;
}

static guint64 number(struct build *b, const char *text)
{
	char *end = NULL;
	guint64 n = text ? g_ascii_strtoull(text, &end, 0) : 0;

	if (!text || end == text || *end)
		fail(b, "not a number", text);
	return n;
}

static gboolean has(const struct layer *l, const char *option)
{
	for (guint i = 1; i < l->count; i++)
		if (!strcmp(l->words[i], option))
			return TRUE;
	return FALSE;
}

/* The word behind OPTION, or NULL. */
static const char *option(struct build *b, const struct layer *l, const char *option)
{
	for (guint i = 1; i + 1 < l->count; i++)
		if (!strcmp(l->words[i], option))
			return name(b, l->words[i + 1]);
	return NULL;
}

static guint64 number_or(struct build *b, const struct layer *l, const char *key, guint64 other)
{
	const char *text = option(b, l, key);

	return text ? number(b, text) : other;
}

static void put_mac(struct build *b, guint8 *to, const char *text)
{
	struct mac mac;

	if (!text || !mac_parse(text, &mac)) {
		fail(b, "not a MAC", text);
		return;
	}
	memcpy(to, mac.b, 6);
}

static void put_ip(struct build *b, guint8 *to, const char *text, gboolean v4)
{
	struct ip ip;

	/* IPv4 addresses as IPv6 has them may stand in an IPv6 header, as far as rows go */
	if (!text || !ip_parse(text, &ip) || (strchr(text, ':') == NULL) != v4) {
		fail(b, "not an address of this family", text);
		return;
	}
	if (v4)
		memcpy(to, ip.b + 12, 4);
	else
		memcpy(to, ip.b, 16);
}

static void put16(guint8 *to, guint64 v)
{
	to[0] = v >> 8 & 0xff;
	to[1] = v & 0xff;
}

static void put32(guint8 *to, guint64 v)
{
	put16(to, v >> 16);
	put16(to + 2, v);
}

static guint32 sum16(const guint8 *bytes, gsize size, guint32 sum)
{
	for (gsize i = 0; i < size; i++)
		sum += i % 2 ? bytes[i] : (guint32)bytes[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void prepend(struct build *b, const guint8 *bytes, gsize size)
{
	g_byte_array_prepend(b->bytes, bytes, size);
}

static void hex(struct build *b, const char *text, GByteArray *out)
{
	for (const char *p = text; p && p[0] && p[1]; p += 2) {
		int high = g_ascii_xdigit_value(p[0]), low = g_ascii_xdigit_value(p[1]);
		guint8 byte = (guint8)(high << 4 | low);

		if (high < 0 || low < 0)
			fail(b, "not hex", text);
		g_byte_array_append(out, &byte, 1);
	}
}

/* ---------------------------------------------------------- link layers */

static void build_eth(struct build *b, const struct layer *l)
{
	guint8 eth[14];

	put_mac(b, eth, word(b, l, 1));
	put_mac(b, eth + 6, word(b, l, 2));
	put16(eth + 12, number_or(b, l, "type", b->ethertype < 0 ? 0 : b->ethertype));
	prepend(b, eth, sizeof(eth));
	b->ethertype = 0x6558; /* for a tunnel that names its payload */
}

static void build_vlan(struct build *b, const struct layer *l)
{
	guint8 tag[4];

	put16(tag, number(b, word(b, l, 1)));
	put16(tag + 2, b->ethertype);
	prepend(b, tag, sizeof(tag));
	b->ethertype = number_or(b, l, "type", 0x8100);
}

/* arp request|reply SENDER_MAC SENDER_IP TARGET_MAC TARGET_IP */
static void build_arp(struct build *b, const struct layer *l)
{
	guint8 arp[28] = {0, 1, 8, 0, 6, 4, 0, 1};
	const char *what = word(b, l, 1);

	if (!g_strcmp0(what, "reply"))
		arp[7] = 2;
	else if (g_strcmp0(what, "request"))
		put16(arp + 6, number(b, what));
	put_mac(b, arp + 8, word(b, l, 2));
	put_ip(b, arp + 14, word(b, l, 3), TRUE);
	put_mac(b, arp + 18, word(b, l, 4));
	put_ip(b, arp + 24, word(b, l, 5), TRUE);
	if (option(b, l, "hw"))
		put16(arp, number_or(b, l, "hw", 1));
	prepend(b, arp, sizeof(arp));
	b->ethertype = 0x0806;
}

static void build_vxlan(struct build *b, const struct layer *l)
{
	guint64 vni = number(b, word(b, l, 1)), id = number(b, word(b, l, 2));
	guint8 vx[8];

	put32(vx,
	      number_or(b, l, "flags", 0x08000000 | (id ? 0x80000000u : 0) | (id & 0xffff)));
	put32(vx + 4, vni << 8 | (id >> 16 & 0xff));
	prepend(b, vx, sizeof(vx));
}

/* ------------------------------------------------------------ IP layers */

/* The checksum of what is carried, over the pseudo header that starts with ADDRESSES. */
static void fill_csum(struct build *b, const guint8 *addresses, gsize size, int proto)
{
	guint32 sum;
	guint8 *at;

	if (b->csum < 0)
		return;
	at = b->bytes->data + b->csum;
	sum = proto == 1 ? 0 : sum16(addresses, size, b->bytes->len + proto);
	if (b->pseudo) {
		put16(at, sum);
	} else {
		sum = ~sum16(b->bytes->data, b->bytes->len, sum) & 0xffff;
		put16(at, sum || proto != 17 ? sum : 0xffff);
	}
	b->pseudo = FALSE;
	b->csum = -1;
}

static void build_ip4(struct build *b, const struct layer *l)
{
	g_autoptr(GByteArray) ip = g_byte_array_new();
	int proto = number_or(b, l, "proto", b->proto < 0 ? 253 : b->proto);
	const char *options = option(b, l, "opt");
	guint flags;

	g_byte_array_set_size(ip, 20);
	memset(ip->data, 0, 20);
	hex(b, options, ip);
	flags = number_or(b, l, "off", 0) | (has(l, "df") ? 0x4000 : 0) |
		(has(l, "mf") ? 0x2000 : 0);
	ip->data[0] = 0x40 | number_or(b, l, "ihl", ip->len / 4);
	ip->data[1] = number_or(b, l, "tos", 0);
	put16(ip->data + 2, number_or(b, l, "len", ip->len + b->bytes->len));
	put16(ip->data + 4, number_or(b, l, "id", 0));
	put16(ip->data + 6, flags);
	ip->data[8] = number_or(b, l, "ttl", 64);
	ip->data[9] = proto;
	put_ip(b, ip->data + 12, word(b, l, 1), TRUE);
	put_ip(b, ip->data + 16, word(b, l, 2), TRUE);
	fill_csum(b, ip->data + 12, 8, proto);
	put16(ip->data + 10, ~sum16(ip->data, ip->len, has(l, "wrong") ? 0x1111 : 0));
	prepend(b, ip->data, ip->len);
	b->ethertype = 0x0800;
	b->proto = 4;
}

static void build_ip6(struct build *b, const struct layer *l)
{
	guint8 ip[40] = {0};
	int proto = b->proto < 0 ? 253 : b->proto;

	put32(ip, 0x60000000 | number_or(b, l, "tc", 0) << 20 | number_or(b, l, "flow", 0));
	put16(ip + 4, number_or(b, l, "len", b->bytes->len));
	ip[6] = number_or(b, l, "next", proto);
	ip[7] = number_or(b, l, "hop", 64);
	put_ip(b, ip + 8, word(b, l, 1), FALSE);
	put_ip(b, ip + 24, word(b, l, 2), FALSE);
	if (b->csum >= 0 && b->csum < 24) /* no extension header between */
		fill_csum(b, ip + 8, 32, proto);
	b->csum = -1;
	prepend(b, ip, sizeof(ip));
	b->ethertype = 0x86dd;
	b->proto = 41;
}

/*
 * An extension header of 8 bytes, or of so many as its first word says: TYPE, with FIRST and
 * SECOND as its first own bytes.
 */
static void build_extension(struct build *b, int type, guint8 first, guint8 second,
			    guint64 size)
{
	guint8 header[2048] = {b->proto < 0 ? 59 : b->proto, 0, first, second};

	if (size < 8 || size > sizeof(header) || size % 8) {
		fail(b, "an extension header of such a size", NULL);
		return;
	}
	header[1] = size / 8 - 1;
	prepend(b, header, size);
	b->proto = type;
	b->csum = -1;
}

/* Options that are all padding (PadN, of as many as there are). */
static void build_options(struct build *b, const struct layer *l, int type)
{
	guint64 size = l->count > 1 ? number(b, word(b, l, 1)) : 8;

	build_extension(b, type, 1, size - 4 > 255 ? 0 : size - 4, size);
}

static void build_hbh(struct build *b, const struct layer *l)
{
	build_options(b, l, 0);
}

static void build_dstopts(struct build *b, const struct layer *l)
{
	build_options(b, l, 60);
}

static void build_routing(struct build *b, const struct layer *l)
{
	build_extension(b, 43, number(b, word(b, l, 1)), number(b, word(b, l, 2)), 8);
}

/* frag OFFSET(units of 8) MORE(0|1) ID [next N] */
static void build_frag(struct build *b, const struct layer *l)
{
	guint field = number(b, word(b, l, 1)) << 3 | number(b, word(b, l, 2));
	guint8 header[8] = {number_or(b, l, "next", b->proto < 0 ? 59 : b->proto), 0};

	put16(header + 2, field);
	put32(header + 4, number(b, word(b, l, 3)));
	prepend(b, header, sizeof(header));
	b->proto = 44;
	b->csum = -1;
}

static void build_ah(struct build *b, const struct layer *l)
{
	guint8 header[24] = {b->proto < 0 ? 59 : b->proto, 4};

	prepend(b, header, sizeof(header));
	b->proto = 51;
	b->csum = -1;
}

/* ----------------------------------------------------- transport layers */

static void build_udp(struct build *b, const struct layer *l)
{
	guint8 udp[8] = {0};

	if (g_strcmp0(word(b, l, 1), "*"))
		put16(udp, number(b, word(b, l, 1)));
	put16(udp + 2, number(b, word(b, l, 2)));
	put16(udp + 4, number_or(b, l, "len", b->bytes->len + 8));
	put16(udp + 6, number_or(b, l, "sum", 0));
	prepend(b, udp, sizeof(udp));
	b->proto = 17;
	b->csum = has(l, "nocsum") || has(l, "sum") ? -1 : 6;
	b->pseudo = has(l, "pseudo");
}

static void build_tcp(struct build *b, const struct layer *l)
{
	static const char letters[] = "FSRPAU";
	guint8 tcp[20] = {0};
	const char *flags = option(b, l, "flags");

	put16(tcp, number(b, word(b, l, 1)));
	put16(tcp + 2, number(b, word(b, l, 2)));
	put32(tcp + 4, number_or(b, l, "seq", 1));
	put32(tcp + 8, number_or(b, l, "ack", 0));
	tcp[12] = number_or(b, l, "doff", 5) << 4;
	for (const char *p = flags ? flags : "A"; *p; p++) {
		const char *found = strchr(letters, *p);

		if (!found)
			fail(b, "not TCP flags", flags);
		else
			tcp[13] |= 1 << (found - letters);
	}
	put16(tcp + 14, number_or(b, l, "win", 0xffff));
	put16(tcp + 16, number_or(b, l, "sum", 0));
	prepend(b, tcp, sizeof(tcp));
	b->proto = 6;
	b->csum = has(l, "sum") ? -1 : 16;
	b->pseudo = has(l, "pseudo");
}

static void build_icmp(struct build *b, const struct layer *l)
{
	guint8 icmp[8] = {0};

	icmp[0] = number(b, word(b, l, 1));
	icmp[1] = number(b, word(b, l, 2));
	put16(icmp + 4, number_or(b, l, "id", 0));
	put16(icmp + 6, number_or(b, l, "seq", 0));
	put16(icmp + 2, number_or(b, l, "sum", 0));
	prepend(b, icmp, sizeof(icmp));
	b->proto = strcmp(l->words[0], "icmp") ? 58 : 1;
	b->csum = has(l, "sum") ? -1 : 2;
}

/* ns TARGET [slla MAC], na TARGET [rso FLAGS] [tlla MAC]; ra and rs are bare */
static void build_nd(struct build *b, const struct layer *l)
{
	gboolean ns = !strcmp(l->words[0], "ns");
	const char *mac = option(b, l, ns ? "slla" : "tlla");
	guint8 nd[32] = {ns ? 135 : 136};

	put32(nd + 4, number_or(b, l, "rso", 0) << 29);
	put_ip(b, nd + 8, word(b, l, 1), FALSE);
	if (mac) {
		nd[24] = ns ? 1 : 2;
		nd[25] = 1;
		put_mac(b, nd + 26, mac);
	}
	prepend(b, nd, mac ? 32 : 24);
	b->proto = 58;
	b->csum = 2;
}

static void build_ra(struct build *b, const struct layer *l)
{
	gboolean ra = !strcmp(l->words[0], "ra");
	guint8 nd[16] = {ra ? 134 : 133};

	prepend(b, nd, ra ? 16 : 8);
	b->proto = 58;
	b->csum = 2;
}

static void build_data(struct build *b, const struct layer *l)
{
	guint64 count = number(b, word(b, l, 1));

	for (guint64 i = MIN(count, 65535); i-- > 0;) {
		guint8 byte = i & 0xff;

		g_byte_array_append(b->bytes, &byte, 1);
	}
}

static void build_hex(struct build *b, const struct layer *l)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();

	hex(b, word(b, l, 1), bytes);
	prepend(b, bytes->data, bytes->len);
}

/* quote N: of what follows only the first N bytes, as data of what is before. */
static void build_quote(struct build *b, const struct layer *l)
{
	guint64 size = number(b, word(b, l, 1));

	g_byte_array_set_size(b->bytes, MIN(size, b->bytes->len));
	b->ethertype = b->proto = b->csum = -1;
}

static const struct {
	const char *name;
	void (*build)(struct build *b, const struct layer *l);
} layers[] = {
	{"eth", build_eth},	{"vlan", build_vlan},	    {"arp", build_arp},
	{"vxlan", build_vxlan}, {"ip4", build_ip4},	    {"ip6", build_ip6},
	{"hbh", build_hbh},	{"dstopts", build_dstopts}, {"routing", build_routing},
	{"frag", build_frag},	{"ah", build_ah},	    {"udp", build_udp},
	{"tcp", build_tcp},	{"icmp", build_icmp},	    {"icmp6", build_icmp},
	{"ns", build_nd},	{"na", build_nd},	    {"ra", build_ra},
	{"rs", build_ra},	{"data", build_data},	    {"hex", build_hex},
	{"quote", build_quote},
};

static void build_layer(struct build *b, const struct layer *l)
{
	for (guint i = 0; i < G_N_ELEMENTS(layers); i++)
		if (!strcmp(l->words[0], layers[i].name)) {
			layers[i].build(b, l);
			return;
		}
	fail(b, "no such layer", l->words[0]);
}

/* The last words: what becomes of the whole. */
static void finish(struct build *b, const struct layer *l)
{
	guint64 size = number(b, word(b, l, 1));
	guint old = b->bytes->len;

	if (size > 65535)
		fail(b, "too long", l->words[1]);
	if (b->why->len)
		return;
	g_byte_array_set_size(b->bytes, size);
	if (size > old)
		memset(b->bytes->data + old, 0, size - old);
}

/* TEXT with whole layers put in for their names, which begin with '@'. */
static char *expand(const char *text, GHashTable *names)
{
	GString *out = g_string_new(text);
	GHashTableIter iter;
	gpointer key, value;

	if (!names)
		return g_string_free(out, FALSE);
	g_hash_table_iter_init(&iter, names);
	while (g_hash_table_iter_next(&iter, &key, &value))
		if (*(char *)key == '@')
			g_string_replace(out, key, value, 0);
	return g_string_free(out, FALSE);
}

GBytes *packet_build(const char *text, GHashTable *names, char **why)
{
	struct build b = {.names = names, .ethertype = -1, .proto = -1, .csum = -1};
	g_autofree char *whole = expand(text, names);
	g_auto(GStrv) parts = g_strsplit(whole, "/", -1);
	g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(struct layer));

	b.bytes = g_byte_array_new();
	b.owned = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
	b.why = g_string_new(NULL);
	for (guint i = 0; parts[i]; i++) {
		g_autoptr(GRegex) spaces = g_regex_new("\\s+", 0, 0, NULL);
		char **words = g_regex_split(spaces, g_strstrip(parts[i]), 0);
		struct layer l = {words, g_strv_length(words)};

		g_ptr_array_add(b.owned, words);
		if (!l.count || !*words[0])
			fail(&b, "an empty layer in", text);
		else
			g_array_append_val(found, l);
	}
	for (guint i = found->len; i-- > 0 && !b.why->len;) {
		const struct layer *l = &g_array_index(found, struct layer, i);

		if (strcmp(l->words[0], "cut") && strcmp(l->words[0], "pad"))
			build_layer(&b, l);
	}
	for (guint i = 0; i < found->len && !b.why->len; i++) {
		const struct layer *l = &g_array_index(found, struct layer, i);

		if (!strcmp(l->words[0], "cut") || !strcmp(l->words[0], "pad"))
			finish(&b, l);
	}
	g_ptr_array_unref(b.owned);
	if (b.why->len) {
		*why = g_string_free(b.why, FALSE);
		g_byte_array_unref(b.bytes);
		return NULL;
	}
	g_string_free(b.why, TRUE);
	return g_byte_array_free_to_bytes(b.bytes);
}

char *packet_dump(GBytes *bytes)
{
	GString *out = g_string_new(NULL);
	gsize size;
	const guint8 *p = g_bytes_get_data(bytes, &size);

	g_string_append_printf(out, "%zu bytes", size);
	for (gsize i = 0; i < MIN(size, 160); i++)
		g_string_append_printf(out, "%s%02x", i % 16 ? " " : "\n#     ", p[i]);
	return g_string_free(out, FALSE);
}
