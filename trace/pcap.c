/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/pcap.h"

#include <stdbool.h>
#include <string.h>

#include "lib/error.h"

#define ETHERNET   1
#define FRAME_MAX  65549
#define INTERFACES 64

enum block {
	BLOCK_SECTION = 0x0a0d0d0a,
	BLOCK_INTERFACE = 1,
	BLOCK_SIMPLE = 3,
	BLOCK_PACKET = 6,
};

struct reader {
	const guint8 *at;
	gsize left;
	bool swapped;
	guint number; /* frames still to be passed */
	guint interfaces;
	guint16 link[INTERFACES]; /* of pcapng; 0: of pcap */
};

static guint32 get32(const struct reader *r, const guint8 *at)
{
	guint32 word;

	memcpy(&word, at, sizeof(word));
	return r->swapped ? GUINT32_SWAP_LE_BE(word) : word;
}

static guint16 get16(const struct reader *r, const guint8 *at)
{
	guint16 word;

	memcpy(&word, at, sizeof(word));
	return r->swapped ? GUINT16_SWAP_LE_BE(word) : word;
}

static void pass(struct reader *r, gsize size)
{
	r->at += size;
	r->left -= size;
}

static GByteArray *bad(GError **error, const char *what)
{
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "capture: %s", what);
	return NULL;
}

static GByteArray *frame_new(const guint8 *bytes, guint32 size, guint link, GError **error)
{
	if (link != ETHERNET)
		return bad(error, "the packet is of no Ethernet");
	if (!size || size > FRAME_MAX)
		return bad(error, "the packet is empty, or longer than any");
	return g_byte_array_append(g_byte_array_new(), bytes, size);
}

static GByteArray *read_pcap(struct reader *r, GError **error)
{
	guint link;

	if (r->left < 24)
		return bad(error, "it ends within its head");
	link = get32(r, r->at + 20) & 0xffff;
	pass(r, 24);
	while (r->left >= 16) {
		guint32 size = get32(r, r->at + 8);

		pass(r, 16);
		if (size > r->left)
			return bad(error, "it ends within a packet");
		if (!--r->number)
			return frame_new(r->at, size, link, error);
		pass(r, size);
	}
	return bad(error, "it has not so many packets");
}

/* The frame of a block that has one, when it is the wanted one. False: go on. */
static bool take_block(struct reader *r, guint32 type, guint32 size, GByteArray **out,
		       GError **error)
{
	bool simple = type == BLOCK_SIMPLE;
	guint head = simple ? 12 : 28;
	guint32 length, which;

	if (type == BLOCK_INTERFACE && size >= 20 && r->interfaces < INTERFACES)
		r->link[r->interfaces++] = get16(r, r->at + 8);
	if ((!simple && type != BLOCK_PACKET) || --r->number)
		return false;
	*out = NULL;
	if (size < head + 4) {
		bad(error, "a packet's block is too short");
		return true;
	}
	which = simple ? 0 : get32(r, r->at + 8);
	length = simple ? MIN(get32(r, r->at + 8), size - head - 4) : get32(r, r->at + 20);
	if (length > size - head - 4 || which >= r->interfaces)
		bad(error, "a packet's block is wrong");
	else
		*out = frame_new(r->at + head, length, r->link[which], error);
	return true;
}

static GByteArray *read_pcapng(struct reader *r, GError **error)
{
	GByteArray *out;

	while (r->left >= 12) {
		guint32 type = get32(r, r->at), size;

		/* each section says its byte order anew */
		if (type == BLOCK_SECTION) {
			memcpy(&size, r->at + 8, sizeof(size));
			r->swapped = size != 0x1a2b3c4d;
			r->interfaces = 0;
		}
		size = get32(r, r->at + 4);
		if (size < 12 || size % 4 || size > r->left)
			return bad(error, "a block is wrong, or it ends within one");
		if (take_block(r, type, size, &out, error))
			return out;
		pass(r, size);
	}
	return bad(error, "it has not so many packets");
}

GByteArray *pcap_read(const guint8 *bytes, gsize size, guint number, GError **error)
{
	struct reader r = {.at = bytes, .left = size, .number = number};
	guint32 magic;

	if (size < 12 || !number)
		return bad(error, "it is none");
	memcpy(&magic, bytes, sizeof(magic));
	if (magic == BLOCK_SECTION)
		return read_pcapng(&r, error);
	/* of microseconds or of nanoseconds, in either order of bytes */
	r.swapped = magic == 0xd4c3b2a1 || magic == 0x4d3cb2a1;
	if (!r.swapped && magic != 0xa1b2c3d4 && magic != 0xa1b23c4d)
		return bad(error, "it is neither pcap nor pcapng");
	return read_pcap(&r, error);
}
