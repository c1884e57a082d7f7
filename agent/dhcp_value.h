/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options that an operator has written (extra_dhcp_opts), and how their text becomes bytes: what
 * DHCPv4 and DHCPv6 have in common.
 */
#pragma once

#include <stdbool.h>
#include <glib.h>

struct dhcp_option {
	char *name; /* as the API's extra_dhcp_opts have it, or a number */
	char *value;
};

void dhcp_options_free(struct dhcp_option *options, gsize count);

/* Appends to OUT; false when TEXT cannot be one, OUT then holds anything. */
typedef bool (*dhcp_value_parser)(const char *text, GByteArray *out);

bool dhcp_parse_text(const char *text, GByteArray *out);
bool dhcp_parse_u8(const char *text, GByteArray *out);
bool dhcp_parse_u16(const char *text, GByteArray *out);
bool dhcp_parse_u32(const char *text, GByteArray *out);
bool dhcp_parse_i32(const char *text, GByteArray *out);
/* Names as the name system writes them (RFC 3397 and RFC 8415 section 10, no compression). */
bool dhcp_parse_domains(const char *text, GByteArray *out);
