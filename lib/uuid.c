/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Object ids. Random bytes come from the kernel in blocks: a bulk create asks
 * for thousands.
 */
#include "lib/uuid.h"

#include <string.h>
#include <sys/random.h>

const struct uuid uuid_none;

struct uuid uuid_new(void)
{
	static struct uuid pool[64];
	static unsigned int left;
	struct uuid uuid;

	if (left == 0) {
		size_t have = 0;

		while (have < sizeof(pool)) {
			ssize_t got = getrandom((char *)pool + have, sizeof(pool) - have, 0);

			if (got > 0)
				have += (size_t)got;
		}
		left = G_N_ELEMENTS(pool);
	}
	uuid = pool[--left];
	uuid.b[6] = (uuid.b[6] & 0x0f) | 0x40;
	uuid.b[8] = (uuid.b[8] & 0x3f) | 0x80;
	return uuid;
}

struct uuid uuid_from_name(struct uuid space, const char *name)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA1);
	guint8 digest[20];
	gsize size = sizeof(digest);
	struct uuid uuid;

	g_checksum_update(sum, space.b, sizeof(space.b));
	g_checksum_update(sum, (const guchar *)name, (gssize)strlen(name));
	g_checksum_get_digest(sum, digest, &size);
	memcpy(uuid.b, digest, sizeof(uuid.b));
	uuid.b[6] = (uuid.b[6] & 0x0f) | 0x50;
	uuid.b[8] = (uuid.b[8] & 0x3f) | 0x80;
	return uuid;
}

bool uuid_parse(const char *text, struct uuid *out)
{
	struct uuid uuid;
	unsigned int at = 0;

	if (strlen(text) != UUID_TEXT - 1)
		return false;
	for (unsigned int i = 0; i < sizeof(uuid.b); i++) {
		int high, low;

		if (i == 4 || i == 6 || i == 8 || i == 10)
			if (text[at++] != '-')
				return false;
		high = g_ascii_xdigit_value(text[at]);
		low = g_ascii_xdigit_value(text[at + 1]);
		if (high < 0 || low < 0)
			return false;
		uuid.b[i] = (uint8_t)(high << 4 | low);
		at += 2;
	}
	*out = uuid;
	return true;
}

char *uuid_print(struct uuid uuid, char *text)
{
	static const char digits[] = "0123456789abcdef";
	char *to = text;

	for (unsigned int i = 0; i < sizeof(uuid.b); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*to++ = '-';
		*to++ = digits[uuid.b[i] >> 4];
		*to++ = digits[uuid.b[i] & 15];
	}
	*to = '\0';
	return text;
}

bool uuid_is_none(struct uuid uuid)
{
	return uuid_equal(uuid, uuid_none);
}

bool uuid_equal(struct uuid a, struct uuid b)
{
	return memcmp(a.b, b.b, sizeof(a.b)) == 0;
}

guint uuid_hash(gconstpointer uuid)
{
	guint words[4];

	memcpy(words, uuid, sizeof(words));
	return words[0] ^ words[1] ^ words[2] ^ words[3];
}

gboolean uuid_same(gconstpointer a, gconstpointer b)
{
	return memcmp(a, b, sizeof(struct uuid)) == 0;
}
