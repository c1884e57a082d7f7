/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes from a tenant as a DHCP request: the whole frame, or what stands behind sound headers.
 * First byte: which, and what the port has. A reply must be a frame that a client can read: lengths
 * and checksums agree, options end, and no address is given that is not the port's. For libFuzzer.
 */
#include <string.h>
#include <glib.h>

#include "agent/dhcp4.h"
#include "agent/dhcp4_option.h"

#define AT_IP	   14
#define AT_UDP	   34
#define AT_BOOTP   42
#define AT_OPTIONS 282

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char many[2000], number[] = "224", boot[] = "bootfile-name", file[] = "pxelinux.0";
static char host[] = "host-10-0-1-5", next[] = "server-ip-address", tftp[] = "10.0.0.9";

static struct ip dns[] = {{.b = {[10] = 255, 255, 9, 9, 9, 9}}};
static struct dhcp4_route routes[300];
static struct dhcp_option options[] = {{number, many}, {boot, file}, {next, tftp}};

static struct ip address(uint8_t net, uint8_t last)
{
	return ip_from_v4(10u << 24 | (unsigned int)net << 8 | last);
}

static void lease_set(struct dhcp4_lease *lease, uint8_t net, bool rich)
{
	*lease = (struct dhcp4_lease){.ip = address(net, 5),
				      .prefix = {address(net, 0), 96 + 24},
				      .server = address(net, 1),
				      .gateway = address(net, 1),
				      .hostname = host};
	if (!rich)
		return;
	lease->dns = dns;
	lease->dns_count = G_N_ELEMENTS(dns);
	lease->routes = routes;
	lease->route_count = G_N_ELEMENTS(routes);
	lease->options = options;
	lease->option_count = G_N_ELEMENTS(options);
}

/* Sum of 16-bit words, folded: 0xffff when the checksum among them is right. */
static uint16_t fold(const uint8_t *bytes, gsize size, uint32_t sum)
{
	for (gsize i = 0; i < size; i++)
		sum += i & 1 ? bytes[i] : (uint32_t)bytes[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static unsigned int word(const uint8_t *at)
{
	return (unsigned int)at[0] << 8 | at[1];
}

/* Each option inside the message, one type, an end mark. */
static void check_options(const uint8_t *at, const uint8_t *end)
{
	unsigned int types = 0;

	while (at < end && *at != DHCP4_END) {
		if (*at == DHCP4_PAD) {
			at++;
			continue;
		}
		g_assert(end - at >= 2 && end - at >= 2 + at[1]);
		types += *at == DHCP4_TYPE;
		at += 2 + at[1];
	}
	g_assert(at < end && types == 1);
}

static void check_address(const struct dhcp4_port *port, const uint8_t *at)
{
	static const uint8_t none[4];

	if (!memcmp(at, none, 4))
		return;
	for (gsize i = 0; i < port->count; i++)
		if (!memcmp(at, port->leases[i].ip.b + 12, 4))
			return;
	g_error("an address that is not the port's");
}

static void check_reply(const struct dhcp4_port *port, const uint8_t *reply, gsize size)
{
	static const uint8_t all[6] = {255, 255, 255, 255, 255, 255};

	g_assert(size >= AT_BOOTP + 300 && size <= DHCP4_FRAME_MAX);
	g_assert(size <= AT_IP + MAX(port->mtu, 576u));
	g_assert(!memcmp(reply, all, 6) || !memcmp(reply, port->mac.b, 6));
	g_assert(word(reply + AT_IP + 2) == size - AT_IP);
	g_assert(word(reply + AT_UDP + 4) == size - AT_UDP);
	g_assert(fold(reply + AT_IP, 20, 0) == 0xffff);
	g_assert(fold(reply + AT_IP + 12, size - AT_IP - 12, (uint32_t)(17 + size - AT_UDP)) ==
		 0xffff);
	g_assert(!memcmp(reply + AT_BOOTP + 28, port->mac.b, 6));
	check_address(port, reply + AT_BOOTP + 16);
	check_options(reply + AT_OPTIONS, reply + size);
}

/* PAYLOAD behind the headers of a request of PORT, its BOOTP part mended by HEAD. */
static uint8_t *wrap(const struct dhcp4_port *port, const uint8_t *payload, gsize size,
		     bool mend, gsize *out_size)
{
	static const uint8_t fixed[] = {0x08, 0, 0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17};
	gsize room = MAX(size, mend ? 240u : 0u);
	uint8_t *frame = g_malloc0(AT_BOOTP + room);

	memcpy(frame + 12, fixed, sizeof(fixed));
	frame[AT_IP + 2] = (uint8_t)((room + 28) >> 8);
	frame[AT_IP + 3] = (uint8_t)(room + 28);
	frame[AT_UDP + 1] = 68;
	frame[AT_UDP + 3] = 67;
	frame[AT_UDP + 4] = (uint8_t)((room + 8) >> 8);
	frame[AT_UDP + 5] = (uint8_t)(room + 8);
	if (size)
		memcpy(frame + AT_BOOTP, payload, size);
	if (mend) {
		memcpy(frame + AT_BOOTP, "\1\1\6", 3);
		memset(frame + AT_BOOTP + 24, 0, 4);
		memcpy(frame + AT_BOOTP + 28, port->mac.b, 6);
		memcpy(frame + AT_BOOTP + 236, "\x63\x82\x53\x63", 4);
	}
	*out_size = AT_BOOTP + room;
	return frame;
}

static void fuzz_request(const struct dhcp4_port *port, uint8_t head, const uint8_t *data,
			 gsize size)
{
	g_autofree uint8_t *frame = NULL, *reply = g_malloc(DHCP4_FRAME_MAX);
	gsize frame_size = size, reply_size = 0;
	enum dhcp4_outcome outcome;
	uint8_t type;

	if (size > 1600) /* what the ring holds */
		return;
	if (head & 1)
		frame = wrap(port, data, MIN(size, 1500u), head & 2, &frame_size);
	else
		frame = size ? g_memdup2(data, size) : g_malloc(1);
	outcome = dhcp4_answer(port, frame, frame_size, reply, &reply_size, &type);
	g_assert(outcome == DHCP4_IGNORED || type);
	if (outcome == DHCP4_REPLY)
		check_reply(port, reply, reply_size);
}

/* "name=value" as an operator's option. */
static void fuzz_option(const uint8_t *data, gsize size)
{
	g_autofree char *name = g_strndup((const char *)data, size);
	char *value = strchr(name, '=');
	struct dhcp4_options out;
	struct dhcp4_lease lease;
	uint8_t bytes[576];
	gsize used;

	if (!value)
		return;
	*value++ = '\0';
	lease_set(&lease, 1, false);
	lease.options = &(struct dhcp_option){name, value};
	lease.option_count = 1;
	dhcp4_option_check(name, value);
	dhcp4_options_init(&out);
	dhcp4_options_fill(&out, &lease, 1450);
	dhcp4_options_set(&out, DHCP4_TYPE, "\1", 1);
	used = dhcp4_options_write(&out, NULL, 0, bytes, sizeof(bytes));
	g_assert(used <= sizeof(bytes));
	check_options(bytes, bytes + used);
	dhcp4_options_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dhcp4_port port = {.mac = {{2, 0, 0, 0, 0, 5}}};
	struct dhcp4_lease leases[2];
	uint8_t head;

	if (!size)
		return 0;
	head = *data++;
	size--;
	memset(many, 'f', sizeof(many) - 1);
	for (gsize i = 0; i < G_N_ELEMENTS(routes); i++)
		routes[i] = (struct dhcp4_route){{ip_from_v4((unsigned int)i << 16), 96 + 16},
						 address(1, 9)};
	lease_set(&leases[0], 1, head & 8);
	lease_set(&leases[1], 2, false);
	port.leases = leases;
	port.count = head >> 4 & 3;
	port.count = MIN(port.count, G_N_ELEMENTS(leases));
	port.mtu = head & 4 ? 1450 : head & 0x40 ? 68 : 9000;
	if (head & 0x80)
		fuzz_option(data, size);
	else
		fuzz_request(&port, head, data, size);
	return 0;
}
