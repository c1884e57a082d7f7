/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers are in network order, lists are separated by commas or spaces. */
#include "agent/dhcp_value.h"

#include <stdint.h>
#include <string.h>

#define DOMAIN_MAX 255 /* bytes of one name on the wire (RFC 1035 section 2.3.4) */

void dhcp_options_free(struct dhcp_option *options, gsize count)
{
	for (gsize i = 0; i < count; i++) {
		g_free(options[i].name);
		g_free(options[i].value);
	}
	g_free(options);
}

bool dhcp_parse_text(const char *text, GByteArray *out)
{
	g_byte_array_append(out, (const uint8_t *)text, (guint)strlen(text));
	return *text != 0;
}

static bool parse_number(const char *text, int64_t min, int64_t max, int bytes, GByteArray *out)
{
	gint64 value;

	if (!g_ascii_string_to_signed(text, 10, min, max, &value, NULL))
		return false;
	for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
		uint8_t byte = (uint8_t)(value >> shift);

		g_byte_array_append(out, &byte, 1);
	}
	return true;
}

bool dhcp_parse_u8(const char *text, GByteArray *out)
{
	return parse_number(text, 0, 255, 1, out);
}

bool dhcp_parse_u16(const char *text, GByteArray *out)
{
	return parse_number(text, 0, 65535, 2, out);
}

bool dhcp_parse_u32(const char *text, GByteArray *out)
{
	return parse_number(text, 0, 4294967295, 4, out);
}

bool dhcp_parse_i32(const char *text, GByteArray *out)
{
	return parse_number(text, INT32_MIN, INT32_MAX, 4, out);
}

/* One name; a dot at its end changes nothing. */
static bool parse_domain(const char *name, GByteArray *out)
{
	g_auto(GStrv) labels = g_strsplit(name, ".", -1);
	guint start = out->len;

	for (char **label = labels; *label; label++) {
		gsize length = strlen(*label);
		uint8_t byte = (uint8_t)length;

		if (length == 0 && label != labels && !label[1])
			break;
		if (length == 0 || length > 63)
			return false;
		g_byte_array_append(out, &byte, 1);
		g_byte_array_append(out, (const uint8_t *)*label, (guint)length);
	}
	g_byte_array_append(out, (const uint8_t *)"", 1);
	return out->len - start <= DOMAIN_MAX;
}

bool dhcp_parse_domains(const char *text, GByteArray *out)
{
	g_auto(GStrv) names = g_strsplit_set(text, ", ", -1);

	for (char **name = names; *name; name++)
		if (**name && !parse_domain(*name, out))
			return false;
	return out->len > 0;
}
