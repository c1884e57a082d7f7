/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names are those that dnsmasq has for DHCPv6, which Neutron hands its options to; any other
 * option is named by its number, and its value is sent as text or, if it is only
 * addresses, as those.
 */
#include "agent/dhcp6_option.h"

#include <string.h>

#define OPTION_MAX 1024 /* bytes of one option */

void dhcp6_message_add(struct dhcp6_message *message, uint16_t code, const void *data,
		       gsize size)
{
	uint8_t head[4] = {(uint8_t)(code >> 8), (uint8_t)code, (uint8_t)(size >> 8),
			   (uint8_t)size};

	if (size > UINT16_MAX || message->bytes->len + sizeof(head) + size > message->max)
		return;
	g_byte_array_append(message->bytes, head, sizeof(head));
	if (size)
		g_byte_array_append(message->bytes, data, (guint)size);
}

static bool parse_addresses(const char *text, GByteArray *out)
{
	g_auto(GStrv) parts = g_strsplit_set(text, ", []", -1);
	struct ip ip;

	for (char **part = parts; *part; part++) {
		if (!**part)
			continue;
		if (!ip_parse(*part, &ip) || ip_is_v4(ip))
			return false;
		g_byte_array_append(out, ip.b, sizeof(ip.b));
	}
	return out->len > 0;
}

/* Each server as a suboption (RFC 5908 section 4.1). */
static bool parse_time_servers(const char *text, GByteArray *out)
{
	static const uint8_t head[] = {0, 1, 0, 16};
	g_autoptr(GByteArray) servers = g_byte_array_new();

	if (!parse_addresses(text, servers))
		return false;
	for (guint i = 0; i < servers->len; i += 16) {
		g_byte_array_append(out, head, sizeof(head));
		g_byte_array_append(out, servers->data + i, 16);
	}
	return true;
}

/* "a,b": each with its length before it (RFC 5970 section 3.2). */
static bool parse_parameters(const char *text, GByteArray *out)
{
	g_auto(GStrv) parts = g_strsplit(text, ",", -1);

	for (char **part = parts; *part; part++) {
		gsize length = strlen(*part);
		uint8_t head[2] = {(uint8_t)(length >> 8), (uint8_t)length};

		g_byte_array_append(out, head, sizeof(head));
		g_byte_array_append(out, (const uint8_t *)*part, (guint)length);
	}
	return *text != 0;
}

/* Of unknown type: addresses if it is only addresses. */
static bool parse_any(const char *text, GByteArray *out)
{
	if (parse_addresses(text, out))
		return true;
	g_byte_array_set_size(out, 0);
	return dhcp_parse_text(text, out);
}

static const struct {
	const char *name;
	uint16_t code;
	dhcp_value_parser parse;
} names[] = {
	{"sip-server-domain", 21, dhcp_parse_domains},
	{"sip-server", 22, parse_addresses},
	{"dns-server", DHCP6_DNS, parse_addresses},
	{"domain-search", 24, dhcp_parse_domains},
	{"nis-server", 27, parse_addresses},
	{"nis+-server", 28, parse_addresses},
	{"nis-domain", 29, dhcp_parse_domains},
	{"nis+-domain", 30, dhcp_parse_domains},
	{"sntp-server", 31, parse_addresses},
	{"information-refresh-time", 32, dhcp_parse_u32},
	{"posix-timezone", 41, dhcp_parse_text},
	{"tzdb-timezone", 42, dhcp_parse_text},
	{"ntp-server", 56, parse_time_servers},
	{"bootfile-url", 59, dhcp_parse_text},
	{"bootfile-param", 60, parse_parameters},
	{"sol-max-rt", 82, dhcp_parse_u32},
	{"inf-max-rt", 83, dhcp_parse_u32},
};

/* Codes the protocol itself speaks by, which no operator may say otherwise. */
static bool code_is_reserved(uint64_t code)
{
	return code <= 20 || code == DHCP6_IA_PD || code == DHCP6_PREFIX;
}

static bool option_parse(const char *name, const char *value, uint16_t *code, GByteArray *out)
{
	guint64 number = 0;

	if (g_ascii_string_to_unsigned(name, 10, 1, UINT16_MAX, &number, NULL) &&
	    code_is_reserved(number))
		return false;
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		if (strcmp(names[i].name, name) != 0 && names[i].code != number)
			continue;
		*code = names[i].code;
		return names[i].parse(value, out) && out->len <= OPTION_MAX;
	}
	*code = (uint16_t)number;
	return number && parse_any(value, out) && out->len <= OPTION_MAX;
}

bool dhcp6_option_check(const char *name, const char *value)
{
	g_autoptr(GByteArray) data = g_byte_array_new();
	uint16_t code;

	return option_parse(name, value, &code, data);
}

void dhcp6_message_add_service(struct dhcp6_message *message,
			       const struct dhcp6_service *service)
{
	bool names_dns = false;

	for (gsize i = 0; i < service->option_count; i++) {
		g_autoptr(GByteArray) data = g_byte_array_new();
		uint16_t code;

		if (!option_parse(service->options[i].name, service->options[i].value, &code,
				  data))
			continue;
		names_dns = names_dns || code == DHCP6_DNS;
		dhcp6_message_add(message, code, data->data, data->len);
	}
	if (service->dns_count && !names_dns)
		dhcp6_message_add(message, DHCP6_DNS, service->dns,
				  service->dns_count * sizeof(service->dns[0]));
}
