/* SPDX-License-Identifier: Apache-2.0 */
/* Extension headers of IPv6 are not walked: behind them nothing matches a port. */
#include "agent/tuple.h"

#include <string.h>
#include <netinet/in.h>
#include <linux/if_ether.h>

#include "abi/wire.h"
#include "lib/error.h"

struct ends {
	int proto;
	struct ip source, target;
	uint16_t ports[2]; /* host order; 0: none */
	gsize l4;
};

static uint16_t read16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static struct ip read_ip4(const uint8_t *at)
{
	return ip_from_v4((uint32_t)read16(at) << 16 | read16(at + 2));
}

static bool ends_read(const uint8_t *frame, gsize size, struct ends *out)
{
	const uint8_t *ip = frame + ETH_HLEN;

	memset(out, 0, sizeof(*out));
	if (size >= ETH_HLEN + 20 && read16(frame + 12) == ETH_P_IP) {
		out->proto = ip[9];
		out->source = read_ip4(ip + 12);
		out->target = read_ip4(ip + 16);
		/* later fragments have no ports */
		out->l4 = read16(ip + 6) & 0x1fff ? size : ETH_HLEN + (gsize)(ip[0] & 15) * 4;
	} else if (size >= ETH_HLEN + 40 && read16(frame + 12) == ETH_P_IPV6) {
		out->proto = ip[6];
		memcpy(out->source.b, ip + 8, 16);
		memcpy(out->target.b, ip + 24, 16);
		out->l4 = ETH_HLEN + 40;
	} else {
		return false;
	}
	if ((out->proto == IPPROTO_TCP || out->proto == IPPROTO_UDP) && size >= out->l4 + 4) {
		out->ports[0] = read16(frame + out->l4);
		out->ports[1] = read16(frame + out->l4 + 2);
	}
	return true;
}

gsize tuple_find_inner(const uint8_t *frame, gsize size)
{
	struct ends ends;

	if (!ends_read(frame, size, &ends) || ends.proto != IPPROTO_UDP ||
	    ends.ports[1] != WIRE_UDP_PORT || size < ends.l4 + 16 + ETH_HLEN)
		return 0;
	return ends.l4 + 16;
}

static bool proto_parse(const char *text, int *out)
{
	static const struct {
		const char *name;
		int proto;
	} names[] = {{"tcp", IPPROTO_TCP}, {"udp", IPPROTO_UDP}, {"icmp", IPPROTO_ICMP}};

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		if (strcmp(names[i].name, text) == 0) {
			*out = names[i].proto;
			return true;
		}
	return false;
}

bool tuple_parse(const char *proto, const char *ip, const char *port, struct tuple *out,
		 GError **error)
{
	struct tuple tuple = {.proto = -1};
	const char *wrong = NULL, *value = NULL;
	guint64 number = 0;

	if (proto && !proto_parse(proto, &tuple.proto)) {
		wrong = "not tcp, udp or icmp";
		value = proto;
	} else if (ip && !ip_parse(ip, &tuple.ip)) {
		wrong = "not an address";
		value = ip;
	} else if (port && !g_ascii_string_to_unsigned(port, 10, 1, 65535, &number, NULL)) {
		wrong = "not a port from 1 to 65535";
		value = port;
	}
	if (wrong) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "filter %.64s: %s", value,
			    wrong);
		return false;
	}
	tuple.port = (uint16_t)number;
	*out = tuple;
	return true;
}

static bool ends_match(const struct tuple *tuple, const struct ends *ends)
{
	int proto = ends->proto == IPPROTO_ICMPV6 ? IPPROTO_ICMP : ends->proto;

	return (tuple->proto < 0 || tuple->proto == proto) &&
	       (ip_is_none(tuple->ip) || ip_equal(tuple->ip, ends->source) ||
		ip_equal(tuple->ip, ends->target)) &&
	       (!tuple->port || tuple->port == ends->ports[0] || tuple->port == ends->ports[1]);
}

bool tuple_match(const struct tuple *tuple, const uint8_t *frame, gsize size)
{
	gsize inner = tuple_find_inner(frame, size);
	struct ends ends;

	if (tuple->proto < 0 && ip_is_none(tuple->ip) && !tuple->port)
		return true;
	/* What a workload's own tunnel looks like is asked for by its outside, too. */
	return (ends_read(frame, size, &ends) && ends_match(tuple, &ends)) ||
	       (inner && ends_read(frame + inner, size - inner, &ends) &&
		ends_match(tuple, &ends));
}
