/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Option names are those of dnsmasq, which OpenStack clients know ("dnsmasq --help dhcp");
 * a number is taken for a code, its value as text or, if it is only addresses, as those.
 */
#include "agent/dhcp4_option.h"

#include <arpa/inet.h>
#include <string.h>

#define OPTION_MAX 2048 /* bytes of one option before it is cut in pieces */

void dhcp4_options_init(struct dhcp4_options *options)
{
	memset(options, 0, sizeof(*options));
}

void dhcp4_options_done(struct dhcp4_options *options)
{
	for (gsize i = 0; i < G_N_ELEMENTS(options->data); i++)
		if (options->data[i])
			g_byte_array_unref(options->data[i]);
}

void dhcp4_options_set(struct dhcp4_options *options, uint8_t code, const void *data,
		       gsize size)
{
	if (code == DHCP4_PAD || code == DHCP4_END || size > OPTION_MAX)
		return;
	if (!options->data[code])
		options->data[code] = g_byte_array_new();
	g_byte_array_set_size(options->data[code], 0);
	g_byte_array_append(options->data[code], data, (guint)size);
}

/* ------------------------------------------------- values that are text */

static bool parse_addresses(const char *text, GByteArray *out)
{
	g_auto(GStrv) parts = g_strsplit_set(text, ", ", -1);
	struct ip ip;

	for (char **part = parts; *part; part++) {
		if (!**part)
			continue;
		if (!ip_parse(*part, &ip) || !ip_is_v4(ip))
			return false;
		g_byte_array_append(out, ip.b + 12, 4);
	}
	return out->len > 0;
}

static void route_append(GByteArray *out, struct prefix destination, struct ip via)
{
	uint8_t length = prefix_length(destination);

	g_byte_array_append(out, &length, 1);
	g_byte_array_append(out, destination.ip.b + 12, (length + 7u) / 8);
	g_byte_array_append(out, via.b + 12, 4);
}

/* "10.0.0.0/8,10.1.1.1,..." as dnsmasq has it. */
static bool parse_routes(const char *text, GByteArray *out)
{
	g_auto(GStrv) parts = g_strsplit_set(text, ", ", -1);
	struct prefix prefix;
	struct ip via;

	for (char **part = parts; *part; part += 2) {
		if (!part[1] || !prefix_parse(part[0], true, &prefix) ||
		    !prefix_is_v4(prefix) || !ip_parse(part[1], &via) || !ip_is_v4(via))
			return false;
		route_append(out, prefix, via);
	}
	return out->len > 0;
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
	uint8_t code; /* 0: the header's siaddr */
	dhcp_value_parser parse;
} names[] = {
	{"netmask", 1, parse_addresses},
	{"time-offset", 2, dhcp_parse_i32},
	{"router", 3, parse_addresses},
	{"dns-server", 6, parse_addresses},
	{"log-server", 7, parse_addresses},
	{"lpr-server", 9, parse_addresses},
	{"hostname", 12, dhcp_parse_text},
	{"boot-file-size", 13, dhcp_parse_u16},
	{"domain-name", 15, dhcp_parse_text},
	{"swap-server", 16, parse_addresses},
	{"root-path", 17, dhcp_parse_text},
	{"extension-path", 18, dhcp_parse_text},
	{"ip-forward-enable", 19, dhcp_parse_u8},
	{"default-ttl", 23, dhcp_parse_u8},
	{"mtu", 26, dhcp_parse_u16},
	{"broadcast", 28, parse_addresses},
	{"router-discovery", 31, dhcp_parse_u8},
	{"static-route", 33, parse_addresses},
	{"arp-timeout", 35, dhcp_parse_u32},
	{"tcp-ttl", 37, dhcp_parse_u8},
	{"tcp-keepalive", 38, dhcp_parse_u32},
	{"nis-domain", 40, dhcp_parse_text},
	{"nis-server", 41, parse_addresses},
	{"ntp-server", 42, parse_addresses},
	{"netbios-ns", 44, parse_addresses},
	{"netbios-dd", 45, parse_addresses},
	{"netbios-nodetype", 46, dhcp_parse_u8},
	{"netbios-scope", 47, dhcp_parse_text},
	{"x-windows-fs", 48, parse_addresses},
	{"x-windows-dm", 49, parse_addresses},
	{"lease-time", 51, dhcp_parse_u32},
	{"T1", 58, dhcp_parse_u32},
	{"T2", 59, dhcp_parse_u32},
	{"vendor-class", 60, dhcp_parse_text},
	{"nis+-domain", 64, dhcp_parse_text},
	{"nis+-server", 65, parse_addresses},
	{"tftp-server", 66, dhcp_parse_text},
	{"tftp-server-name", 66, dhcp_parse_text},
	{"bootfile-name", 67, dhcp_parse_text},
	{"mobile-ip-home", 68, parse_addresses},
	{"smtp-server", 69, parse_addresses},
	{"pop3-server", 70, parse_addresses},
	{"nntp-server", 71, parse_addresses},
	{"irc-server", 74, parse_addresses},
	{"posix-timezone", 100, dhcp_parse_text},
	{"tzdb-timezone", 101, dhcp_parse_text},
	{"domain-search", 119, dhcp_parse_domains},
	{"classless-static-route", 121, parse_routes},
	{"tftp-server-address", 150, parse_addresses},
	{"server-ip-address", 0, parse_addresses},
};

/* Codes the protocol itself speaks by, which no operator may say otherwise. */
static bool code_is_reserved(uint32_t code)
{
	return code == DHCP4_PAD || code == DHCP4_END || code == DHCP4_TYPE ||
	       code == DHCP4_SERVER || code == 52 || code == DHCP4_REQUESTED_IP ||
	       code == DHCP4_PARAMETERS || code == DHCP4_MAX_SIZE || code == DHCP4_CLIENT_ID;
}

static bool option_parse(const char *name, const char *value, uint8_t *code, GByteArray *out)
{
	guint64 number;

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		if (strcmp(names[i].name, name) != 0)
			continue;
		*code = names[i].code;
		return names[i].parse(value, out) && out->len <= OPTION_MAX;
	}
	if (!g_ascii_string_to_unsigned(name, 10, 1, 254, &number, NULL) ||
	    code_is_reserved((uint32_t)number))
		return false;
	*code = (uint8_t)number;
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		if (names[i].code == number)
			return names[i].parse(value, out) && out->len <= OPTION_MAX;
	return parse_any(value, out) && out->len <= OPTION_MAX;
}

bool dhcp4_option_check(const char *name, const char *value)
{
	g_autoptr(GByteArray) data = g_byte_array_new();
	uint8_t code;

	return option_parse(name, value, &code, data);
}

/* ------------------------------------------------------ what is implied */

static void set_u32(struct dhcp4_options *options, uint8_t code, uint32_t value)
{
	uint32_t wire = htonl(value);

	dhcp4_options_set(options, code, &wire, sizeof(wire));
}

static void set_ip(struct dhcp4_options *options, uint8_t code, struct ip ip)
{
	dhcp4_options_set(options, code, ip.b + 12, 4);
}

static void fill_dns(struct dhcp4_options *options, const struct dhcp4_lease *lease)
{
	g_autoptr(GByteArray) data = g_byte_array_new();

	for (gsize i = 0; i < lease->dns_count; i++)
		g_byte_array_append(data, lease->dns[i].b + 12, 4);
	if (data->len)
		dhcp4_options_set(options, DHCP4_DNS, data->data, data->len);
}

/* A client that reads 121 must not read 3 (RFC 3442), so the default route stands in both. */
static void fill_routes(struct dhcp4_options *options, const struct dhcp4_lease *lease)
{
	static const struct prefix any = {.ip = {.b = {[10] = 0xff, [11] = 0xff}}, .bits = 96};
	g_autoptr(GByteArray) data = g_byte_array_new();
	bool has_default = false;

	for (gsize i = 0; i < lease->route_count; i++) {
		route_append(data, lease->routes[i].destination, lease->routes[i].next_hop);
		has_default = has_default || prefix_length(lease->routes[i].destination) == 0;
	}
	if (!data->len)
		return;
	if (!has_default && !ip_is_none(lease->gateway))
		route_append(data, any, lease->gateway);
	dhcp4_options_set(options, DHCP4_ROUTES, data->data, data->len);
}

static void fill_subnet(struct dhcp4_options *options, struct prefix prefix)
{
	uint8_t length = prefix_length(prefix);

	set_u32(options, DHCP4_MASK, length ? 0xffffffffu << (32 - length) : 0);
	set_ip(options, DHCP4_BROADCAST, prefix_last(prefix));
}

static void fill_operator(struct dhcp4_options *options, const struct dhcp4_lease *lease)
{
	for (gsize i = 0; i < lease->option_count; i++) {
		g_autoptr(GByteArray) data = g_byte_array_new();
		uint8_t code;

		if (!option_parse(lease->options[i].name, lease->options[i].value, &code, data))
			continue;
		if (code == 0)
			memcpy(&options->next_server, data->data, 4);
		else
			dhcp4_options_set(options, code, data->data, data->len);
	}
}

void dhcp4_options_fill(struct dhcp4_options *options, const struct dhcp4_lease *lease,
			uint16_t mtu)
{
	uint16_t wire = htons(mtu);

	fill_subnet(options, lease->prefix);
	if (!ip_is_none(lease->gateway))
		set_ip(options, DHCP4_ROUTER, lease->gateway);
	fill_dns(options, lease);
	if (lease->hostname && *lease->hostname)
		dhcp4_options_set(options, DHCP4_HOSTNAME, lease->hostname,
				  strlen(lease->hostname));
	dhcp4_options_set(options, DHCP4_MTU, &wire, sizeof(wire));
	set_u32(options, DHCP4_LEASE, DHCP4_LEASE_SECONDS);
	set_u32(options, DHCP4_T1, DHCP4_LEASE_SECONDS / 2);
	set_u32(options, DHCP4_T2, DHCP4_LEASE_SECONDS / 8 * 7);
	fill_routes(options, lease);
	fill_operator(options, lease);
	if (options->data[DHCP4_ROUTES])
		dhcp4_options_set(options, DHCP4_ROUTES_MICROSOFT,
				  options->data[DHCP4_ROUTES]->data,
				  options->data[DHCP4_ROUTES]->len);
}

/* -------------------------------------------------------------- writing */

struct output {
	uint8_t *at;
	gsize left; /* without the end mark */
	bool written[256];
};

static void write_one(struct output *output, const struct dhcp4_options *options, uint8_t code)
{
	const GByteArray *data = options->data[code];
	gsize pieces, from = 0;

	if (!data || output->written[code])
		return;
	output->written[code] = true;
	pieces = data->len ? (data->len + 254) / 255 : 1;
	if (data->len + 2 * pieces > output->left)
		return;
	output->left -= data->len + 2 * pieces;
	do {
		gsize size = MIN(data->len - from, 255);

		*output->at++ = code;
		*output->at++ = (uint8_t)size;
		memcpy(output->at, data->data + from, size);
		output->at += size;
		from += size;
	} while (from < data->len);
}

gsize dhcp4_options_write(const struct dhcp4_options *options, const uint8_t *wishes,
			  gsize wish_count, uint8_t *out, gsize size)
{
	static const uint8_t first[] = {DHCP4_TYPE, DHCP4_SERVER, DHCP4_LEASE,
					DHCP4_T1,   DHCP4_T2,	  DHCP4_MASK};
	struct output output = {out, size - 1};
	bool microsoft = false;

	for (gsize i = 0; i < G_N_ELEMENTS(first); i++)
		write_one(&output, options, first[i]);
	for (gsize i = 0; i < wish_count; i++) {
		write_one(&output, options, wishes[i]);
		microsoft = microsoft || wishes[i] == DHCP4_ROUTES_MICROSOFT;
	}
	if (!microsoft)
		output.written[DHCP4_ROUTES_MICROSOFT] = true;
	for (int code = 1; code < 255; code++)
		write_one(&output, options, (uint8_t)code);
	*output.at++ = DHCP4_END;
	return (gsize)(output.at - out);
}
