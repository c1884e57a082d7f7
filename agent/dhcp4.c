/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request is taken apart with every length checked, what it asks becomes a decision, and
 * the reply is put together. One server for all of a port's subnets; it has no state,
 * for the leases are the controller's.
 */
#include "agent/dhcp4.h"

#include <arpa/inet.h>
#include <string.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <linux/ip.h>
#include <linux/udp.h>

#include "agent/dhcp4_option.h"

#define PORT_SERVER	67
#define PORT_CLIENT	68
#define COOKIE		0x63825363u /* RFC 2131 section 3 */
#define FLAG_BROADCAST	0x8000
#define MESSAGE_MIN	300 /* old clients want BOOTP's size (RFC 1542 section 2.1) */
#define MESSAGE_DEFAULT 576 /* IP packet every client takes (RFC 2131 section 2) */

enum message_type {
	TYPE_DISCOVER = 1,
	TYPE_OFFER = 2,
	TYPE_REQUEST = 3,
	TYPE_DECLINE = 4,
	TYPE_ACK = 5,
	TYPE_NAK = 6,
	TYPE_RELEASE = 7,
	TYPE_INFORM = 8,
};

struct message {
	uint8_t op, htype, hlen, hops;
	__be32 xid;
	__be16 secs;
	__be16 flags;
	__be32 ciaddr, yiaddr, siaddr, giaddr;
	uint8_t chaddr[16];
	uint8_t sname[64];
	uint8_t file[128];
	__be32 cookie;
} __attribute__((packed));

struct reply_frame {
	struct ethhdr ethernet;
	struct iphdr ip;
	struct udphdr udp;
	struct message message;
	uint8_t options[];
} __attribute__((packed));

_Static_assert(sizeof(struct message) == 240, "RFC 2131 section 2");

/* A request, believed as far as it was checked. */
struct request {
	struct message message;
	uint8_t type;
	__be32 requested; /* option 50 */
	__be32 server;	  /* option 54 */
	uint16_t max_size;
	uint8_t wishes[255];
	gsize wish_count;
	uint8_t client_id[255];
	gsize client_id_size;
};

/* The server's own MAC: local, the same on each host, so that moving a port shows nothing. */
static const uint8_t server_mac[6] = {0xfe, 0x57, 0x66, 0x74, 0x00, 0x67};

void dhcp4_lease_done(struct dhcp4_lease *lease)
{
	g_free(lease->dns);
	g_free(lease->routes);
	g_free(lease->hostname);
	dhcp_options_free(lease->options, lease->option_count);
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

/* Down to the UDP payload; what the headers say must fit what there is. */
static bool headers_read(struct bytes *bytes)
{
	struct ethhdr ethernet;
	struct iphdr ip;
	struct udphdr udp;
	gsize header;

	if (!bytes_take(bytes, &ethernet, sizeof(ethernet)) ||
	    ethernet.h_proto != htons(ETH_P_IP) || bytes->left < sizeof(ip))
		return false;
	memcpy(&ip, bytes->at, sizeof(ip));
	header = ip.ihl * 4u;
	if (ip.version != 4 || header < sizeof(ip) || ip.protocol != IPPROTO_UDP ||
	    (ip.frag_off & htons(0x3fff)) || ntohs(ip.tot_len) < header ||
	    ntohs(ip.tot_len) > bytes->left)
		return false;
	bytes->left = ntohs(ip.tot_len);
	if (!bytes_take(bytes, NULL, header) || !bytes_take(bytes, &udp, sizeof(udp)) ||
	    udp.dest != htons(PORT_SERVER) || ntohs(udp.len) < sizeof(udp) ||
	    ntohs(udp.len) - sizeof(udp) > bytes->left)
		return false;
	bytes->left = ntohs(udp.len) - sizeof(udp);
	return true;
}

static void option_read(struct request *request, uint8_t code, const uint8_t *data,
			uint8_t size)
{
	uint16_t word;

	if (code == DHCP4_TYPE && size == 1) {
		request->type = data[0];
	} else if (code == DHCP4_REQUESTED_IP && size == 4) {
		memcpy(&request->requested, data, 4);
	} else if (code == DHCP4_SERVER && size == 4) {
		memcpy(&request->server, data, 4);
	} else if (code == DHCP4_MAX_SIZE && size == 2) {
		memcpy(&word, data, 2);
		request->max_size = ntohs(word);
	} else if (code == DHCP4_PARAMETERS) {
		memcpy(request->wishes, data, size);
		request->wish_count = size;
	} else if (code == DHCP4_CLIENT_ID) {
		memcpy(request->client_id, data, size);
		request->client_id_size = size;
	}
}

static bool options_read(struct request *request, struct bytes bytes)
{
	uint8_t code, size;

	while (bytes_take(&bytes, &code, 1)) {
		if (code == DHCP4_PAD)
			continue;
		if (code == DHCP4_END)
			return true;
		if (!bytes_take(&bytes, &size, 1) || bytes.left < size)
			return false;
		option_read(request, code, bytes.at, size);
		bytes_take(&bytes, NULL, size);
	}
	/* Without an end mark: some clients do so. */
	return true;
}

static bool request_read(struct request *request, const struct dhcp4_port *port,
			 const uint8_t *frame, gsize size)
{
	struct bytes bytes = {frame, size};

	memset(request, 0, sizeof(*request));
	if (!headers_read(&bytes) ||
	    !bytes_take(&bytes, &request->message, sizeof(request->message)))
		return false;
	/* A relay would be asking for somebody else. */
	if (request->message.op != 1 || request->message.htype != 1 ||
	    request->message.hlen != 6 || request->message.cookie != htonl(COOKIE) ||
	    request->message.giaddr ||
	    memcmp(request->message.chaddr, port->mac.b, sizeof(port->mac.b)) != 0)
		return false;
	return options_read(request, bytes);
}

/* ------------------------------------------------------------- decision */

static __be32 wire_ip(struct ip ip)
{
	__be32 out;

	memcpy(&out, ip.b + 12, sizeof(out));
	return out;
}

static const struct dhcp4_lease *lease_find(const struct dhcp4_port *port, __be32 ip)
{
	for (gsize i = 0; i < port->count; i++)
		if (wire_ip(port->leases[i].ip) == ip)
			return &port->leases[i];
	return NULL;
}

static bool server_is_ours(const struct dhcp4_port *port, __be32 server)
{
	for (gsize i = 0; i < port->count; i++)
		if (wire_ip(port->leases[i].server) == server)
			return true;
	return false;
}

struct decision {
	enum dhcp4_outcome outcome;
	uint8_t type;			 /* of the reply */
	const struct dhcp4_lease *lease; /* of a NAK: whose server speaks */
};

static struct decision decide_discover(const struct dhcp4_port *port,
				       const struct request *request)
{
	const struct dhcp4_lease *lease = lease_find(port, request->requested);

	return (struct decision){DHCP4_REPLY, TYPE_OFFER, lease ? lease : &port->leases[0]};
}

/* RFC 2131 section 4.3.2: selecting, rebooting (option 50), renewing, rebinding (ciaddr). */
static struct decision decide_request(const struct dhcp4_port *port,
				      const struct request *request)
{
	__be32 wanted = request->requested ? request->requested : request->message.ciaddr;
	const struct dhcp4_lease *lease = lease_find(port, wanted);

	if ((request->server && !server_is_ours(port, request->server)) || !wanted)
		return (struct decision){DHCP4_IGNORED};
	if (!lease)
		return (struct decision){DHCP4_REPLY, TYPE_NAK, &port->leases[0]};
	return (struct decision){DHCP4_REPLY, TYPE_ACK, lease};
}

static struct decision decide_inform(const struct dhcp4_port *port,
				     const struct request *request)
{
	const struct dhcp4_lease *lease = lease_find(port, request->message.ciaddr);

	if (!request->message.ciaddr)
		return (struct decision){DHCP4_IGNORED};
	return (struct decision){DHCP4_REPLY, TYPE_ACK, lease ? lease : &port->leases[0]};
}

static struct decision decide_noted(const struct dhcp4_port *port,
				    const struct request *request)
{
	return (struct decision){DHCP4_NOTED};
}

typedef struct decision (*decider)(const struct dhcp4_port *port,
				   const struct request *request);

static const decider deciders[] = {
	[TYPE_DISCOVER] = decide_discover, [TYPE_REQUEST] = decide_request,
	[TYPE_DECLINE] = decide_noted,	   [TYPE_RELEASE] = decide_noted,
	[TYPE_INFORM] = decide_inform,
};

/* ---------------------------------------------------------------- reply */

/* RFC 1071; SUM carries what was added before. */
static uint16_t checksum(const void *data, gsize size, uint32_t sum)
{
	const uint8_t *bytes = data;

	for (gsize i = 0; i + 1 < size; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	if (size & 1)
		sum += (uint32_t)bytes[size - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static void options_fill(struct dhcp4_options *options, const struct dhcp4_port *port,
			 const struct request *request, const struct decision *decision)
{
	__be32 server = wire_ip(decision->lease->server);

	if (decision->type != TYPE_NAK)
		dhcp4_options_fill(options, decision->lease, port->mtu);
	dhcp4_options_set(options, DHCP4_TYPE, &decision->type, 1);
	dhcp4_options_set(options, DHCP4_SERVER, &server, sizeof(server));
	if (request->client_id_size) /* RFC 6842 */
		dhcp4_options_set(options, DHCP4_CLIENT_ID, request->client_id,
				  request->client_id_size);
	if (request->type != TYPE_INFORM)
		return;
	/* Who has an address already gets no lease (RFC 2131 section 4.3.5). */
	for (gsize i = 0; i < 3; i++) {
		uint8_t code = (const uint8_t[]){DHCP4_LEASE, DHCP4_T1, DHCP4_T2}[i];

		g_clear_pointer(&options->data[code], g_byte_array_unref);
	}
}

static void message_fill(struct message *message, const struct request *request,
			 const struct decision *decision, const struct dhcp4_options *options)
{
	const GByteArray *file = options->data[DHCP4_BOOTFILE];

	memset(message, 0, sizeof(*message));
	message->op = 2;
	message->htype = 1;
	message->hlen = 6;
	message->xid = request->message.xid;
	message->flags = request->message.flags;
	memcpy(message->chaddr, request->message.chaddr, sizeof(message->chaddr));
	message->cookie = htonl(COOKIE);
	if (decision->type == TYPE_NAK)
		return;
	if (decision->type == TYPE_ACK)
		message->ciaddr = request->message.ciaddr;
	if (request->type != TYPE_INFORM)
		message->yiaddr = wire_ip(decision->lease->ip);
	message->siaddr = options->next_server;
	if (file && file->len < sizeof(message->file))
		memcpy(message->file, file->data, file->len);
}

/* RFC 2131 section 4.1: where the client can hear it. */
static __be32 reply_target(const struct request *request, const struct decision *decision)
{
	if (decision->type == TYPE_NAK)
		return INADDR_BROADCAST;
	if (request->message.ciaddr)
		return request->message.ciaddr;
	if (request->message.flags & htons(FLAG_BROADCAST))
		return INADDR_BROADCAST;
	return wire_ip(decision->lease->ip);
}

static void headers_fill(struct reply_frame *frame, gsize payload, __be32 from, __be32 to)
{
	uint16_t udp_size = (uint16_t)(sizeof(frame->udp) + payload);
	uint32_t sum;

	if (to == INADDR_BROADCAST)
		memset(frame->ethernet.h_dest, 0xff, 6);
	else
		memcpy(frame->ethernet.h_dest, frame->message.chaddr, 6);
	memcpy(frame->ethernet.h_source, server_mac, 6);
	frame->ethernet.h_proto = htons(ETH_P_IP);
	frame->ip = (struct iphdr){.version = 4,
				   .ihl = 5,
				   .tos = 0x10,
				   .tot_len = htons((uint16_t)(sizeof(frame->ip) + udp_size)),
				   .ttl = 64,
				   .protocol = IPPROTO_UDP,
				   .saddr = from,
				   .daddr = to};
	frame->ip.check = htons((uint16_t)~checksum(&frame->ip, sizeof(frame->ip), 0));
	frame->udp = (struct udphdr){.source = htons(PORT_SERVER),
				     .dest = htons(PORT_CLIENT),
				     .len = htons(udp_size)};
	sum = checksum(&frame->ip.saddr, 8, (uint32_t)IPPROTO_UDP + udp_size);
	sum = (uint16_t)~checksum(&frame->udp, udp_size, sum);
	frame->udp.check = htons(sum ? (uint16_t)sum : 0xffff);
}

static gsize options_room(const struct dhcp4_port *port, const struct request *request)
{
	gsize packet = MAX(request->max_size, MESSAGE_DEFAULT);

	packet = MIN(packet, MAX(port->mtu, MESSAGE_DEFAULT));
	packet = MIN(packet, DHCP4_FRAME_MAX - sizeof(struct ethhdr));
	return packet - sizeof(struct iphdr) - sizeof(struct udphdr) - sizeof(struct message);
}

static gsize reply_write(const struct dhcp4_port *port, const struct request *request,
			 const struct decision *decision, uint8_t *out)
{
	struct reply_frame *frame = (struct reply_frame *)out;
	struct dhcp4_options options;
	gsize payload;

	memset(out, 0, DHCP4_FRAME_MAX);
	dhcp4_options_init(&options);
	options_fill(&options, port, request, decision);
	message_fill(&frame->message, request, decision, &options);
	payload = sizeof(frame->message) +
		  dhcp4_options_write(&options, request->wishes, request->wish_count,
				      frame->options, options_room(port, request));
	dhcp4_options_done(&options);
	payload = MAX(payload, MESSAGE_MIN);
	headers_fill(frame, payload, wire_ip(decision->lease->server),
		     reply_target(request, decision));
	return G_STRUCT_OFFSET(struct reply_frame, message) + payload;
}

enum dhcp4_outcome dhcp4_answer(const struct dhcp4_port *port, const uint8_t *request_frame,
				gsize size, uint8_t reply[DHCP4_FRAME_MAX], gsize *reply_size,
				uint8_t *type)
{
	struct decision decision = {DHCP4_IGNORED};
	struct request request;
	bool ok = request_read(&request, port, request_frame, size);

	if (type)
		*type = ok ? request.type : 0;
	if (ok && port->count && request.type < G_N_ELEMENTS(deciders) &&
	    deciders[request.type])
		decision = deciders[request.type](port, &request);
	if (decision.outcome == DHCP4_REPLY)
		*reply_size = reply_write(port, &request, &decision, reply);
	return decision.outcome;
}
