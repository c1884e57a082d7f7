/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes from a tenant as a DHCPv6 request: the whole frame, or what stands behind sound headers.
 * First byte: which, and what the port has. A reply must be a frame that a client can read: lengths
 * and checksum agree, options end where they say, and no address lives that is not the
 * port's. The same bytes are tried as a router solicitation. For libFuzzer.
 */
#include <string.h>
#include <glib.h>

#include "agent/dhcp6.h"
#include "agent/dhcp6_option.h"
#include "agent/ra.h"

#define AT_IP	   14
#define AT_UDP	   54
#define AT_MESSAGE 62
#define AT_OPTIONS 66

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char many[2000], number[] = "65000", search[] = "domain-search",
			names[] = "a.example, b";
static char ntp[] = "ntp-server", server[] = "fd00::7";

static struct ip ips[40], dns[] = {{.b = {0xfd, [15] = 0x53}}};
static struct dhcp_option options[] = {{number, many}, {search, names}, {ntp, server}};

static unsigned int word(const uint8_t *at)
{
	return (unsigned int)at[0] << 8 | at[1];
}

static void check_address(const struct dhcp6_service *service, const uint8_t *at, gsize size)
{
	static const uint8_t none[4];

	g_assert(size == 24);
	if (!memcmp(at + 20, none, 4))
		return;
	for (gsize i = 0; i < service->ip_count; i++)
		if (!memcmp(at, service->ips[i].b, 16))
			return;
	g_error("an address that is not the port's");
}

static void check_options(const struct dhcp6_service *service, const uint8_t *at, gsize size)
{
	while (size) {
		gsize length, fixed;
		unsigned int code;

		g_assert(size >= 4 && size >= 4 + word(at + 2));
		code = word(at);
		length = word(at + 2);
		fixed = code == DHCP6_IA_TA ? 4 : 12;
		if (code == DHCP6_ADDRESS)
			check_address(service, at + 4, length);
		if (code == DHCP6_IA_NA || code == DHCP6_IA_TA || code == DHCP6_IA_PD) {
			g_assert(length >= fixed);
			check_options(service, at + 4 + fixed, length - fixed);
		}
		at += 4 + length;
		size -= 4 + length;
	}
}

static void check_reply(const struct dhcp6_service *service, const uint8_t *reply, gsize size,
			uint16_t mtu)
{
	uint32_t sum = (uint32_t)(17 + size - AT_UDP);

	g_assert(size >= AT_OPTIONS && size <= DHCP6_FRAME_MAX);
	g_assert(size <= AT_IP + MAX(mtu, 1280u));
	g_assert(word(reply + AT_IP + 4) == size - AT_UDP);
	g_assert(word(reply + AT_UDP + 4) == size - AT_UDP);
	for (gsize i = AT_IP + 8; i < size; i++)
		sum += i & 1 ? reply[i] : (uint32_t)reply[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	g_assert(sum == 0xffff);
	g_assert(!(reply[0] & 1) && reply[AT_IP + 24] != 0xff);
	g_assert(reply[AT_MESSAGE] == 2 || reply[AT_MESSAGE] == 7);
	check_options(service, reply + AT_OPTIONS, size - AT_OPTIONS);
}

/* PAYLOAD behind the headers of a request. */
static uint8_t *wrap(const uint8_t *payload, gsize size, gsize *out_size)
{
	static const uint8_t head[AT_UDP] = {0x33, 0x33, 0,  1,	   0,	 2,    2,	0, 0,
					     0,	   0,	 5,  0x86, 0xdd, 0x60, 0,	0, 0,
					     0,	   0,	 17, 1,	   0xfe, 0x80, [37] = 5};
	uint8_t *frame = g_malloc0(AT_MESSAGE + size);
	gsize length = size + AT_MESSAGE - AT_UDP;

	memcpy(frame, head, sizeof(head));
	frame[AT_IP + 4] = frame[AT_UDP + 4] = (uint8_t)(length >> 8);
	frame[AT_IP + 5] = frame[AT_UDP + 5] = (uint8_t)length;
	frame[AT_UDP + 2] = 2;
	frame[AT_UDP + 3] = 0x23;
	if (size)
		memcpy(frame + AT_MESSAGE, payload, size);
	*out_size = AT_MESSAGE + size;
	return frame;
}

static void fuzz_request(const struct dhcp6_service *service, uint8_t head, const uint8_t *data,
			 gsize size)
{
	g_autofree uint8_t *frame = NULL, *reply = g_malloc(DHCP6_FRAME_MAX);
	uint16_t mtu = head & 4 ? 1450 : head & 0x40 ? 68 : 9000;
	gsize frame_size = size, reply_size = 0;
	struct ra_target target;
	uint8_t type;

	if (size > 1600) /* what the ring holds */
		return;
	if (head & 1)
		frame = wrap(data, MIN(size, 1500u), &frame_size);
	else
		frame = size ? g_memdup2(data, size) : g_malloc(1);
	if (dhcp6_answer(service, mtu, frame, frame_size, reply, &reply_size, &type) ==
	    DHCP6_REPLY)
		check_reply(service, reply, reply_size, mtu);
	if (ra_solicited(frame, frame_size, &target))
		g_assert(ip_equal(target.ip, ra_all_nodes.ip) || !ip_is_multicast(target.ip));
}

/* "name=value" as an operator's option. */
static void fuzz_option(const uint8_t *data, gsize size)
{
	g_autofree char *name = g_strndup((const char *)data, size);
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	struct dhcp6_message message = {bytes, 1000};
	char *value = strchr(name, '=');
	struct dhcp6_service service = {.option_count = 1};

	if (!value)
		return;
	*value++ = '\0';
	service.options = &(struct dhcp_option){name, value};
	dhcp6_message_add_service(&message, &service);
	g_assert(!bytes->len || dhcp6_option_check(name, value));
	g_assert(bytes->len <= message.max);
	check_options(&service, bytes->data, bytes->len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dhcp6_service service = {.ips = ips, .dns = dns, .options = options};
	uint8_t head;

	if (!size)
		return 0;
	head = *data++;
	size--;
	memset(many, 'f', 900);
	for (gsize i = 0; i < G_N_ELEMENTS(ips); i++)
		ips[i] = (struct ip){{0xfd, [15] = (uint8_t)i}};
	service.ip_count = (gsize[]){0, 1, 2, 40}[head >> 4 & 3];
	service.dns_count = head & 8 ? 1 : 0;
	service.option_count = head & 8 ? G_N_ELEMENTS(options) : 0;
	if (head & 0x80)
		fuzz_option(data, size);
	else
		fuzz_request(&service, head, data, size);
	return 0;
}
