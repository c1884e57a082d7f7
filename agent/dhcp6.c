/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request is taken apart with every length checked; a table says what a message of its type
 * must bear and what is done about it. The server has no state: a port's binding is its row.
 * The first IA_NA of a message gets all of the port's addresses, another gets none.
 */
#include "agent/dhcp6.h"

#include <arpa/inet.h>
#include <string.h>
#include <linux/if_ether.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <netinet/in.h>

#include "agent/dhcp6_option.h"

#define PORT_CLIENT	546
#define PORT_SERVER	547
#define IA_MAX		8   /* of one message; what is beyond is not answered */
#define IA_ADDRESS_MAX	16  /* of one IA */
#define DUID_MAX	130 /* RFC 8415 section 11.1 */
#define PREFERENCE_MOST 255 /* the client need not wait for another server */

enum message_type {
	TYPE_SOLICIT = 1,
	TYPE_ADVERTISE = 2,
	TYPE_REQUEST = 3,
	TYPE_CONFIRM = 4,
	TYPE_RENEW = 5,
	TYPE_REBIND = 6,
	TYPE_REPLY = 7,
	TYPE_RELEASE = 8,
	TYPE_DECLINE = 9,
	TYPE_INFORMATION = 11,
};

enum status {
	STATUS_SUCCESS = 0,
	STATUS_NO_ADDRESS = 2,
	STATUS_NO_BINDING = 3,
	STATUS_NOT_ON_LINK = 4,
	STATUS_NO_PREFIX = 6,
};

struct reply_frame {
	struct ethhdr ethernet;
	struct ipv6hdr ip;
	struct udphdr udp;
	uint8_t message[];
} __attribute__((packed));

_Static_assert(sizeof(struct reply_frame) == 62, "Ethernet, IPv6, UDP");

/* An identity association as the client names it. */
struct ia {
	uint16_t code; /* DHCP6_IA_* */
	uint8_t id[4];
	struct ip ips[IA_ADDRESS_MAX];
	gsize ip_count;
};

/* A request, believed as far as it was checked. Pointers are into the frame. */
struct request {
	struct mac mac;
	struct ip ip;	 /* the client's */
	uint8_t head[4]; /* type and transaction */
	const uint8_t *client_id;
	gsize client_id_size;
	bool names_server, names_us;
	bool rapid;
	struct ia ias[IA_MAX];
	gsize ia_count;
};

/* The server's own MAC, that of DHCPv4; DUID-LL (RFC 8415 section 11.4) and address of it. */
static const uint8_t server_mac[6] = {0xfe, 0x57, 0x66, 0x74, 0x00, 0x67};
static const uint8_t server_id[] = {0, 3, 0, 1, 0xfe, 0x57, 0x66, 0x74, 0x00, 0x67};
static const struct prefix link_local = {.ip = {.b = {0xfe, 0x80}}, .bits = 64};

void dhcp6_service_free(struct dhcp6_service *service)
{
	if (!service)
		return;
	g_free(service->ips);
	g_free(service->dns);
	dhcp_options_free(service->options, service->option_count);
	g_free(service);
}

/* -------------------------------------------------------------- request */

struct bytes {
	const uint8_t *at;
	gsize left;
};

static bool bytes_take(struct bytes *bytes, void *out, gsize size)
{
	if (bytes->left < size)
		return false;
	if (out)
		memcpy(out, bytes->at, size);
	bytes->at += size;
	bytes->left -= size;
	return true;
}

/* The next option; false at the end and where the lengths contradict. */
static bool option_take(struct bytes *bytes, uint16_t *code, struct bytes *data)
{
	uint8_t head[4];

	if (!bytes_take(bytes, head, sizeof(head)))
		return false;
	*code = (uint16_t)(head[0] << 8 | head[1]);
	data->at = bytes->at;
	data->left = (gsize)head[2] << 8 | head[3];
	return bytes_take(bytes, NULL, data->left);
}

/* Down to the UDP payload; what the headers say must fit what there is. */
static bool headers_read(struct bytes *bytes, struct request *request)
{
	struct ethhdr ethernet;
	struct ipv6hdr ip;
	struct udphdr udp;

	if (!bytes_take(bytes, &ethernet, sizeof(ethernet)) ||
	    ethernet.h_proto != htons(ETH_P_IPV6) || !bytes_take(bytes, &ip, sizeof(ip)) ||
	    ip.version != 6 || ip.nexthdr != IPPROTO_UDP || ntohs(ip.payload_len) > bytes->left)
		return false;
	bytes->left = ntohs(ip.payload_len);
	if (!bytes_take(bytes, &udp, sizeof(udp)) || udp.dest != htons(PORT_SERVER) ||
	    ntohs(udp.len) < sizeof(udp) || ntohs(udp.len) - sizeof(udp) > bytes->left)
		return false;
	bytes->left = ntohs(udp.len) - sizeof(udp);
	memcpy(request->mac.b, ethernet.h_source, sizeof(request->mac.b));
	memcpy(request->ip.b, &ip.saddr, sizeof(request->ip.b));
	return !ip_is_none(request->ip) && !ip_is_multicast(request->ip) &&
	       !mac_is_multicast(request->mac);
}

static bool ia_read(struct request *request, uint16_t code, struct bytes data)
{
	struct bytes inner;
	uint16_t inner_code;
	struct ia *ia;

	if (request->ia_count == IA_MAX)
		return true;
	ia = &request->ias[request->ia_count];
	ia->code = code;
	if (!bytes_take(&data, ia->id, sizeof(ia->id)) ||
	    (code != DHCP6_IA_TA && !bytes_take(&data, NULL, 8))) /* T1, T2 */
		return false;
	while (data.left) {
		if (!option_take(&data, &inner_code, &inner))
			return false;
		if (inner_code != DHCP6_ADDRESS || ia->ip_count == IA_ADDRESS_MAX)
			continue;
		if (inner.left < 24)
			return false;
		memcpy(ia->ips[ia->ip_count++].b, inner.at, 16);
	}
	request->ia_count++;
	return true;
}

static bool option_read(struct request *request, uint16_t code, struct bytes data)
{
	if (code == DHCP6_IA_NA || code == DHCP6_IA_TA || code == DHCP6_IA_PD)
		return ia_read(request, code, data);
	if (code == DHCP6_CLIENT_ID) {
		request->client_id = data.at;
		request->client_id_size = data.left;
		return data.left >= 3 && data.left <= DUID_MAX;
	}
	if (code == DHCP6_SERVER_ID) {
		request->names_server = true;
		request->names_us = data.left == sizeof(server_id) &&
				    memcmp(data.at, server_id, sizeof(server_id)) == 0;
	} else if (code == DHCP6_RAPID_COMMIT) {
		request->rapid = true;
	}
	return true;
}

static bool request_read(struct request *request, const uint8_t *frame, gsize size)
{
	struct bytes bytes = {frame, size}, data;
	uint16_t code;

	memset(request, 0, sizeof(*request));
	if (!headers_read(&bytes, request) ||
	    !bytes_take(&bytes, request->head, sizeof(request->head)))
		return false;
	while (bytes.left)
		if (!option_take(&bytes, &code, &data) || !option_read(request, code, data))
			return false;
	return true;
}

/* ------------------------------------------------------- parts of replies */

static bool service_has(const struct dhcp6_service *service, struct ip ip)
{
	for (gsize i = 0; i < service->ip_count; i++)
		if (ip_equal(service->ips[i], ip))
			return true;
	return false;
}

static void add_status(struct dhcp6_message *message, enum status status)
{
	uint8_t word[2] = {0, (uint8_t)status};

	dhcp6_message_add(message, DHCP6_STATUS, word, sizeof(word));
}

static void put_u32(uint8_t *out, uint32_t value)
{
	value = htonl(value);
	memcpy(out, &value, sizeof(value));
}

/* SECONDS 0: no longer the client's. */
static void add_address(struct dhcp6_message *message, struct ip ip, uint32_t seconds)
{
	uint8_t data[24];

	memcpy(data, ip.b, sizeof(ip.b));
	put_u32(data + 16, seconds);
	put_u32(data + 20, seconds);
	dhcp6_message_add(message, DHCP6_ADDRESS, data, sizeof(data));
}

/* Is it the one IA of the message that the port's addresses are in? */
static bool ia_is_served(const struct request *request, const struct ia *ia)
{
	for (const struct ia *other = request->ias; other <= ia; other++)
		if (other->code == DHCP6_IA_NA)
			return other == ia;
	return false;
}

/* What an IA contains, by what is done; false: the IA is not in the reply. */
typedef bool (*ia_filler)(struct dhcp6_message *inner, const struct dhcp6_service *service,
			  const struct request *request, const struct ia *ia);

static void fill_addresses(struct dhcp6_message *inner, const struct dhcp6_service *service)
{
	for (gsize i = 0; i < service->ip_count; i++)
		add_address(inner, service->ips[i], DHCP6_LEASE_SECONDS);
}

/* Solicit and Request (RFC 8415 sections 18.3.1, 18.3.2). */
static bool fill_grant(struct dhcp6_message *inner, const struct dhcp6_service *service,
		       const struct request *request, const struct ia *ia)
{
	if (ia->code == DHCP6_IA_PD)
		add_status(inner, STATUS_NO_PREFIX);
	else if (service->ip_count && ia_is_served(request, ia))
		fill_addresses(inner, service);
	else
		add_status(inner, STATUS_NO_ADDRESS);
	return true;
}

/* Renew and Rebind (sections 18.3.4, 18.3.5): what is not the port's any more ends. */
static bool fill_extend(struct dhcp6_message *inner, const struct dhcp6_service *service,
			const struct request *request, const struct ia *ia)
{
	bool served = service->ip_count && ia_is_served(request, ia);

	if (served)
		fill_addresses(inner, service);
	else
		add_status(inner, STATUS_NO_BINDING);
	for (gsize i = 0; i < ia->ip_count; i++)
		if (!served || !service_has(service, ia->ips[i]))
			add_address(inner, ia->ips[i], 0);
	return true;
}

/* Release and Decline (sections 18.3.7, 18.3.8): only what was not its own is told. */
static bool fill_end(struct dhcp6_message *inner, const struct dhcp6_service *service,
		     const struct request *request, const struct ia *ia)
{
	for (gsize i = 0; i < ia->ip_count; i++)
		if (service_has(service, ia->ips[i]))
			return false;
	add_status(inner, STATUS_NO_BINDING);
	return true;
}

static void add_ia(struct dhcp6_message *message, const struct dhcp6_service *service,
		   const struct request *request, const struct ia *ia, ia_filler fill)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	struct dhcp6_message inner = {bytes, message->max};
	uint8_t times[8];

	g_byte_array_append(bytes, ia->id, sizeof(ia->id));
	put_u32(times, DHCP6_LEASE_SECONDS / 2);
	put_u32(times + 4, DHCP6_LEASE_SECONDS / 5 * 4);
	if (ia->code != DHCP6_IA_TA)
		g_byte_array_append(bytes, times, sizeof(times));
	if (fill(&inner, service, request, ia))
		dhcp6_message_add(message, ia->code, bytes->data, bytes->len);
}

static void add_ias(struct dhcp6_message *message, const struct dhcp6_service *service,
		    const struct request *request, ia_filler fill)
{
	for (gsize i = 0; i < request->ia_count; i++)
		add_ia(message, service, request, &request->ias[i], fill);
}

/* ------------------------------------------------------- message by message */

/* Fills what follows the two identifiers, and returns the type; 0: no reply. */
typedef uint8_t (*answerer)(struct dhcp6_message *message, const struct dhcp6_service *service,
			    const struct request *request);

static uint8_t answer_solicit(struct dhcp6_message *message,
			      const struct dhcp6_service *service,
			      const struct request *request)
{
	static const uint8_t preference = PREFERENCE_MOST;
	bool rapid = request->rapid && service->ip_count;

	if (rapid)
		dhcp6_message_add(message, DHCP6_RAPID_COMMIT, NULL, 0);
	else
		dhcp6_message_add(message, DHCP6_PREFERENCE, &preference, 1);
	add_ias(message, service, request, fill_grant);
	dhcp6_message_add_service(message, service);
	return rapid ? TYPE_REPLY : TYPE_ADVERTISE;
}

static uint8_t answer_request(struct dhcp6_message *message,
			      const struct dhcp6_service *service,
			      const struct request *request)
{
	add_ias(message, service, request, fill_grant);
	dhcp6_message_add_service(message, service);
	return TYPE_REPLY;
}

static uint8_t answer_renew(struct dhcp6_message *message, const struct dhcp6_service *service,
			    const struct request *request)
{
	add_ias(message, service, request, fill_extend);
	dhcp6_message_add_service(message, service);
	return TYPE_REPLY;
}

/* The port is the link: an address that is not the port's does not belong here (18.3.3). */
static uint8_t answer_confirm(struct dhcp6_message *message,
			      const struct dhcp6_service *service,
			      const struct request *request)
{
	gsize named = 0;
	bool all = true;

	for (gsize i = 0; i < request->ia_count; i++) {
		const struct ia *ia = &request->ias[i];

		named += ia->ip_count;
		for (gsize j = 0; j < ia->ip_count; j++)
			all = all && service_has(service, ia->ips[j]);
	}
	if (!named)
		return 0;
	add_status(message, all ? STATUS_SUCCESS : STATUS_NOT_ON_LINK);
	return TYPE_REPLY;
}

static uint8_t answer_end(struct dhcp6_message *message, const struct dhcp6_service *service,
			  const struct request *request)
{
	add_status(message, STATUS_SUCCESS);
	add_ias(message, service, request, fill_end);
	return TYPE_REPLY;
}

static uint8_t answer_information(struct dhcp6_message *message,
				  const struct dhcp6_service *service,
				  const struct request *request)
{
	if (request->ia_count)
		return 0;
	dhcp6_message_add_service(message, service);
	return TYPE_REPLY;
}

/* RFC 8415 section 16: which identifiers a message bears. */
enum need {
	NEED_MUST_NOT,
	NEED_MAY,
	NEED_MUST,
};

static const struct rule {
	answerer answer;
	enum need client, server;
} rules[] = {
	[TYPE_SOLICIT] = {answer_solicit, NEED_MUST, NEED_MUST_NOT},
	[TYPE_REQUEST] = {answer_request, NEED_MUST, NEED_MUST},
	[TYPE_CONFIRM] = {answer_confirm, NEED_MUST, NEED_MUST_NOT},
	[TYPE_RENEW] = {answer_renew, NEED_MUST, NEED_MUST},
	[TYPE_REBIND] = {answer_renew, NEED_MUST, NEED_MUST_NOT},
	[TYPE_RELEASE] = {answer_end, NEED_MUST, NEED_MUST},
	[TYPE_DECLINE] = {answer_end, NEED_MUST, NEED_MUST},
	[TYPE_INFORMATION] = {answer_information, NEED_MAY, NEED_MAY},
};

static bool need_is_met(enum need need, bool has)
{
	return need == NEED_MAY || has == (need == NEED_MUST);
}

static bool rule_is_met(const struct rule *rule, const struct request *request)
{
	return rule->answer && need_is_met(rule->client, request->client_id) &&
	       need_is_met(rule->server, request->names_server) &&
	       (!request->names_server || request->names_us);
}

/* ---------------------------------------------------------------- frame */

/* RFC 8200 section 8.1. */
static uint16_t frame_checksum(const struct reply_frame *frame, gsize size)
{
	const uint8_t *bytes = (const uint8_t *)&frame->ip.saddr;
	gsize count = 32 + size;
	uint32_t sum = (uint32_t)(IPPROTO_UDP + size);

	for (gsize i = 0; i + 1 < count; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	if (count & 1)
		sum += (uint32_t)bytes[count - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	sum = (uint16_t)~sum;
	return sum ? (uint16_t)sum : 0xffff;
}

static gsize frame_write(const struct request *request, const GByteArray *message, uint8_t *out)
{
	struct reply_frame *frame = (struct reply_frame *)out;
	struct mac mac;
	struct ip from;
	uint16_t size = (uint16_t)(sizeof(frame->udp) + message->len);

	memset(frame, 0, sizeof(*frame));
	memcpy(mac.b, server_mac, sizeof(mac.b));
	from = ip_from_eui64(link_local, mac);
	memcpy(frame->ethernet.h_dest, request->mac.b, 6);
	memcpy(frame->ethernet.h_source, server_mac, 6);
	frame->ethernet.h_proto = htons(ETH_P_IPV6);
	frame->ip.version = 6;
	frame->ip.payload_len = htons(size);
	frame->ip.nexthdr = IPPROTO_UDP;
	frame->ip.hop_limit = 64;
	memcpy(&frame->ip.saddr, from.b, 16);
	memcpy(&frame->ip.daddr, request->ip.b, 16);
	frame->udp.source = htons(PORT_SERVER);
	frame->udp.dest = htons(PORT_CLIENT);
	frame->udp.len = htons(size);
	memcpy(frame->message, message->data, message->len);
	frame->udp.check = htons(frame_checksum(frame, size));
	return sizeof(*frame) + message->len;
}

static gsize message_room(uint16_t mtu)
{
	gsize packet = MIN(MAX(mtu, 1280), DHCP6_FRAME_MAX - sizeof(struct ethhdr));

	return packet - sizeof(struct ipv6hdr) - sizeof(struct udphdr);
}

enum dhcp6_outcome dhcp6_answer(const struct dhcp6_service *service, uint16_t mtu,
				const uint8_t *frame, gsize size,
				uint8_t reply[DHCP6_FRAME_MAX], gsize *reply_size,
				uint8_t *type)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	struct dhcp6_message message = {bytes, message_room(mtu)};
	struct request request;
	bool ok = request_read(&request, frame, size);
	uint8_t asked = ok ? request.head[0] : 0, answer;

	if (type)
		*type = asked;
	if (!ok || asked >= G_N_ELEMENTS(rules) || !rule_is_met(&rules[asked], &request))
		return DHCP6_IGNORED;
	g_byte_array_append(bytes, request.head, sizeof(request.head));
	dhcp6_message_add(&message, DHCP6_SERVER_ID, server_id, sizeof(server_id));
	if (request.client_id)
		dhcp6_message_add(&message, DHCP6_CLIENT_ID, request.client_id,
				  request.client_id_size);
	answer = rules[asked].answer(&message, service, &request);
	if (!answer)
		return DHCP6_IGNORED;
	bytes->data[0] = answer;
	*reply_size = frame_write(&request, bytes, reply);
	return DHCP6_REPLY;
}
