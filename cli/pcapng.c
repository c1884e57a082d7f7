/* SPDX-License-Identifier: Apache-2.0 */
/* Words are in the machine's order, which the section's magic tells. */
#include "cli/pcapng.h"

#include <string.h>

#define BLOCK_SECTION	 0x0a0d0d0a
#define BLOCK_INTERFACE	 1
#define BLOCK_STATISTICS 5
#define BLOCK_PACKET	 6
#define MAGIC		 0x1a2b3c4d
#define LINK_ETHERNET	 1

enum option {
	OPTION_END = 0,
	OPTION_HARDWARE = 2,	/* of the section */
	OPTION_APPLICATION = 4, /* ... */
	OPTION_NAME = 2,	/* of an interface */
	OPTION_DESCRIPTION = 3, /* ... */
	OPTION_RESOLUTION = 9,	/* ... */
	OPTION_FLAGS = 2,	/* of a packet */
	OPTION_SEEN = 4,	/* of statistics */
	OPTION_LOST = 5,	/* ... */
};

static void put16(GByteArray *out, uint16_t value)
{
	g_byte_array_append(out, (const guint8 *)&value, sizeof(value));
}

static void put32(GByteArray *out, uint32_t value)
{
	g_byte_array_append(out, (const guint8 *)&value, sizeof(value));
}

/* Up to a whole word. */
static void put_padded(GByteArray *out, const void *bytes, gsize size)
{
	static const guint8 zeros[3];

	g_byte_array_append(out, bytes, (guint)size);
	g_byte_array_append(out, zeros, (guint)(-size & 3));
}

static void put_option(GByteArray *out, enum option code, const void *bytes, gsize size)
{
	put16(out, (uint16_t)code);
	put16(out, (uint16_t)size);
	put_padded(out, bytes, size);
}

static void put_text(GByteArray *out, enum option code, const char *text)
{
	put_option(out, code, text, MIN(strlen(text), 1000));
}

/* Times are in two halves, the upper one first. */
static void put_time(GByteArray *out, uint64_t time)
{
	put32(out, (uint32_t)(time >> 32));
	put32(out, (uint32_t)time);
}

/* Where the block's length will stand. */
static guint block_begin(GByteArray *out, uint32_t type)
{
	put32(out, type);
	put32(out, 0);
	return out->len - 4;
}

static void block_end(GByteArray *out, guint at)
{
	uint32_t length;

	put_option(out, OPTION_END, "", 0);
	length = out->len + 4 - (at - 4);
	memcpy(out->data + at, &length, sizeof(length));
	put32(out, length);
}

void pcapng_add_section(GByteArray *out, const char *hardware, const char *application)
{
	guint at = block_begin(out, BLOCK_SECTION);

	put32(out, MAGIC);
	put16(out, 1);
	put16(out, 0);
	put32(out, G_MAXUINT32); /* its length is not known */
	put32(out, G_MAXUINT32);
	put_text(out, OPTION_HARDWARE, hardware);
	put_text(out, OPTION_APPLICATION, application);
	block_end(out, at);
}

void pcapng_add_interface(GByteArray *out, const char *name, const char *description,
			  uint32_t snaplen)
{
	guint at = block_begin(out, BLOCK_INTERFACE);
	const guint8 nanoseconds = 9;

	put16(out, LINK_ETHERNET);
	put16(out, 0);
	put32(out, snaplen);
	put_text(out, OPTION_NAME, name);
	put_text(out, OPTION_DESCRIPTION, description);
	put_option(out, OPTION_RESOLUTION, &nanoseconds, 1);
	block_end(out, at);
}

void pcapng_add_packet(GByteArray *out, const struct pcapng_packet *packet, const void *frame,
		       gsize size)
{
	guint at = block_begin(out, BLOCK_PACKET);
	const uint32_t flags = packet->inbound ? 1 : 2;

	put32(out, packet->interface);
	put_time(out, packet->time);
	put32(out, (uint32_t)size);
	put32(out, packet->length);
	put_padded(out, frame, size);
	put_option(out, OPTION_FLAGS, &flags, sizeof(flags));
	block_end(out, at);
}

void pcapng_add_statistics(GByteArray *out, uint32_t interface, uint64_t time, uint64_t seen,
			   uint64_t lost)
{
	guint at = block_begin(out, BLOCK_STATISTICS);

	put32(out, interface);
	put_time(out, time);
	put_option(out, OPTION_SEEN, &seen, sizeof(seen));
	put_option(out, OPTION_LOST, &lost, sizeof(lost));
	block_end(out, at);
}
