/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What workloads of two tenants on three hosts send, one frame after the other (walk_world.h), held to
 * what a network must be, whatever they send:
 *   - nothing crosses tenants, and nothing arrives but at the port it is addressed to;
 *   - no guarded port is heard under an address that is not its own;
 *   - what is sound arrives, or leaves the cloud, and the answer to it reaches who asked;
 *   - nothing leaves but by the way out of who sends it, and of IPv4 nothing under an inner address;
 *   - a frame fares the same whether its flow is known or not: same drops, same bytes;
 *   - sent = passed + dropped, and given = arrived.
 * Five bytes and what they ask for are a frame, two a change of the world.
 */
#include <string.h>

#include "abi/wire.h"
#include "walk_world.h"

#define STEPS_MAX 24
#define FRAME_MAX 1600

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

struct reader {
	const guint8 *at;
	gsize left;
};

static guint8 take(struct reader *reader)
{
	if (!reader->left)
		return 0;
	reader->left--;
	return *reader->at++;
}

enum kind { TCP, UDP, ECHO, ECHO_REPLY, OTHER, NEIGHBOUR, DHCP, ERROR_MESSAGE };
enum piece { WHOLE, WHOLE_TOO, FIRST, LATER };
enum source { OWN = 0, OTHERS_IP = 10, OTHERS_MAC, NO_IP, LINK_LOCAL, MARTIAN, GATEWAYS };

#define TO_GATEWAY   12
#define TO_FAR	     13 /* the other network's gateway */
#define TO_OUTSIDE   14
#define TO_BROADCAST 15

struct shot {
	int from, to; /* ports; to may be a TO_ */
	enum source source;
	enum kind kind;
	bool v6, tunnelled, routed;
	enum piece piece;
	guint16 sport, dport;
	guint8 flags, ttl;
	gsize size; /* of the data */
	bool changed;
	guint8 frame[FRAME_MAX];
	gsize frame_size;
};

/* ------------------------------------------------------------ making frames */

static void put16(guint8 *to, guint value)
{
	to[0] = value >> 8 & 0xff;
	to[1] = value & 0xff;
}

static guint16 sum16(const guint8 *bytes, gsize size)
{
	guint32 sum = 0;

	for (gsize i = 0; i + 1 < size; i += 2)
		sum += (guint32)bytes[i] << 8 | bytes[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* The port that is meant by index TO: of FROM's tenant, whatever the index says. */
static const struct walk_port *target_of(const struct shot *shot)
{
	const struct walk_port *from = &walk_ports[shot->from], *to;

	if (shot->to >= WALK_PORTS)
		return NULL;
	to = &walk_ports[shot->to];
	return &walk_ports[to->host * WALK_SLOTS + from->tenant * 2 + to->net - 1];
}

struct ends {
	guint8 dmac[6], smac[6], d4[4], s4[4], d6[16], s6[16];
};

static void ends_to(const struct shot *shot, struct ends *e)
{
	const struct walk_port *from = &walk_ports[shot->from], *to = target_of(shot);
	guint8 mac[6];

	walk_gateway(from->net, e->dmac, e->d4, e->d6);
	if (to) {
		memcpy(e->d4, to->v4, 4);
		memcpy(e->d6, to->v6, 16);
		if (to->net == from->net && !shot->routed)
			memcpy(e->dmac, to->mac, 6);
	} else if (shot->to == TO_FAR) {
		walk_gateway(3 - from->net, mac, e->d4, e->d6);
	} else if (shot->to == TO_OUTSIDE) {
		e->d4[0] = 192;
		e->d6[0] = 0x20;
	} else if (shot->to == TO_BROADCAST) {
		memset(e->dmac, 0xff, 6);
		e->d4[3] = 255;
		memset(e->d6, 0, 16);
		e->d6[0] = 0xff;
		e->d6[1] = 2;
		e->d6[15] = 1;
	}
}

static void ends_from(const struct shot *shot, struct ends *e)
{
	const struct walk_port *from = &walk_ports[shot->from];
	const struct walk_port *other = &walk_ports[(shot->from + 1) % WALK_PORTS];
	guint8 mac[6];

	memcpy(e->smac, shot->source == OTHERS_MAC ? other->mac : from->mac, 6);
	memcpy(e->s4, shot->source == OTHERS_IP ? other->v4 : from->v4, 4);
	memcpy(e->s6, shot->source == OTHERS_IP ? other->v6 : from->v6, 16);
	if (shot->source == NO_IP) {
		memset(e->s4, 0, 4);
		memset(e->s6, 0, 16);
	} else if (shot->source == LINK_LOCAL) {
		memcpy(e->s6,
		       (guint8[]){0xfe, 0x80, 0, 0, 0, 0, 0, 0, from->mac[0] ^ 2, from->mac[1],
				  from->mac[2], 0xff, 0xfe, from->mac[3], from->mac[4],
				  from->mac[5]},
		       16);
	} else if (shot->source == MARTIAN) {
		e->s4[0] = 127;
		e->s6[0] = 0xff;
	} else if (shot->source == GATEWAYS) {
		walk_gateway(from->net, mac, e->s4, e->s6);
	}
}

/* The transport header at L4 and what is behind it; returns its protocol. */
static guint8 put_l4(const struct shot *shot, const struct ends *e, guint8 *l4, gsize *size)
{
	static const guint8 protocols[] = {6, 17, 1, 1, 47, 1, 17, 1};
	bool v6 = shot->v6;
	gsize head = shot->kind == TCP ? 20 : shot->kind == OTHER ? 0 : 8;
	guint8 proto = protocols[shot->kind];

	proto = proto == 1 && v6 ? 58 : proto;
	*size = shot->size + (shot->kind == TCP && shot->piece == FIRST ? 4 : 0);
	if (shot->piece == LATER)
		return proto;
	*size += head;
	put16(l4, shot->sport);
	put16(l4 + 2, shot->dport);
	if (shot->kind == TCP) {
		l4[12] = 0x50;
		l4[13] = shot->flags;
	} else if (shot->kind == UDP || shot->kind == DHCP) {
		put16(l4 + 4, shot->piece == FIRST ? 2000 : *size);
		if (shot->kind == DHCP) {
			put16(l4, v6 ? 546 : 68);
			put16(l4 + 2, v6 ? 547 : 67);
		}
	} else if (shot->kind == NEIGHBOUR) {
		memset(l4, 0, 32);
		l4[0] = 135;
		memcpy(l4 + 8, e->d6, 16);
		l4[24] = l4[25] = 1;
		memcpy(l4 + 26, e->smac, 6);
		*size = 32;
	} else if (shot->kind != OTHER) {
		l4[0] = shot->kind == ERROR_MESSAGE ? (v6 ? 1 : 3)
			: shot->kind == ECHO	    ? (v6 ? 128 : 8)
						    : (v6 ? 129 : 0);
		l4[1] = 0;
		put16(l4 + 4, shot->sport);
	}
	return proto;
}

static void build_arp(struct shot *shot, const struct ends *e)
{
	static const guint8 head[] = {8, 6, 0, 1, 8, 0, 6, 4, 0, 1};
	guint8 *f = shot->frame;

	memset(f, 0xff, 6);
	memcpy(f + 12, head, sizeof(head));
	memcpy(f + 22, e->smac, 6);
	memcpy(f + 28, e->s4, 4);
	memcpy(f + 38, e->d4, 4);
	shot->frame_size = 42;
}

static void build_v4(struct shot *shot, const struct ends *e)
{
	guint8 *ip = shot->frame + 14;
	gsize size;

	shot->frame[12] = 8;
	ip[0] = 0x45;
	ip[5] = 9;
	ip[8] = shot->ttl;
	ip[9] = put_l4(shot, e, ip + 20, &size);
	if (shot->piece == FIRST)
		ip[6] = 0x20;
	if (shot->piece == LATER)
		ip[7] = 185;
	put16(ip + 2, size + 20);
	memcpy(ip + 12, e->s4, 4);
	memcpy(ip + 16, e->d4, 4);
	put16(ip + 10, ~sum16(ip, 20));
	shot->frame_size = 34 + size;
}

static void build_v6(struct shot *shot, const struct ends *e)
{
	guint8 *ip = shot->frame + 14;
	gsize size, more = shot->piece >= FIRST ? 8 : 0;

	shot->frame[12] = 0x86;
	shot->frame[13] = 0xdd;
	ip[0] = 0x60;
	ip[7] = shot->kind == NEIGHBOUR ? 255 : shot->ttl;
	ip[6] = put_l4(shot, e, ip + 40 + more, &size);
	if (more) {
		ip[40] = ip[6];
		ip[6] = 44;
		put16(ip + 42, shot->piece == FIRST ? 1 : 185 << 3);
		ip[47] = 9;
	}
	put16(ip + 4, size + more);
	memcpy(ip + 8, e->s6, 16);
	memcpy(ip + 24, e->d6, 16);
	shot->frame_size = 54 + more + size;
}

static void shot_build(struct shot *shot)
{
	struct ends e;

	memset(shot->frame, 0, sizeof(shot->frame));
	ends_to(shot, &e);
	ends_from(shot, &e);
	memcpy(shot->frame, e.dmac, 6);
	memcpy(shot->frame + 6, e.smac, 6);
	if (shot->kind == NEIGHBOUR && !shot->v6)
		build_arp(shot, &e);
	else if (shot->v6)
		build_v6(shot, &e);
	else
		build_v4(shot, &e);
}

static void shot_read(struct shot *shot, struct reader *reader, guint8 first)
{
	static const guint8 ttls[] = {64, 1, 2, 0};
	static const guint16 sizes[] = {8, 104, 1400, 1480};
	guint8 ends = take(reader), what = take(reader), ports = take(reader);
	guint8 how = take(reader);

	*shot = (struct shot){.from = first % WALK_PORTS, .to = ends & 15};
	shot->source = ends >> 4 < OTHERS_IP ? OWN : ends >> 4;
	shot->kind = what & 7;
	shot->v6 = what >> 3 & 1;
	shot->piece = what >> 4 & 3;
	shot->tunnelled = what >> 6 & 1;
	shot->sport = 1000 + (ports & 3);
	shot->dport = 2000 + (ports >> 2 & 3);
	shot->flags = ports >> 4;
	shot->ttl = ttls[how & 3];
	shot->size = sizes[how >> 2 & 3];
	shot->routed = how >> 4 & 1;
	shot_build(shot);
	if (!(what >> 7))
		return;
	shot->changed = true;
	for (int i = how >> 6; i >= 0; i--) {
		gsize place = take(reader);

		shot->frame[place % MIN(shot->frame_size, 128u)] ^= take(reader);
	}
	if (how >> 5 & 1)
		shot->frame_size = MIN(shot->frame_size, take(reader));
}

/* --------------------------------------------------------- what must hold */

/* Says which, and the frame. */
static void G_GNUC_NORETURN broken(const struct shot *shot, const char *what)
{
	g_autoptr(GString) hex = g_string_new(NULL);

	for (gsize i = 0; i < MIN(shot->frame_size, 120u); i++)
		g_string_append_printf(hex, "%02x", shot->frame[i]);
	g_error("%s: from host %d slot %u: %s", what, walk_ports[shot->from].host,
		walk_ports[shot->from].slot, hex->str);
}

static bool is_own_v6(const struct walk_port *port, const guint8 *ip)
{
	static const guint8 none[16];

	/* a host without an address asks and reports; what, the rows say */
	return !memcmp(ip, port->v6, 16) || !memcmp(ip, none, 16) ||
	       (ip[0] == 0xfe && ip[1] == 0x80 && !memcmp(ip + 13, port->mac + 3, 3));
}

static void check_source(const struct shot *shot, const struct walk_port *to, const guint8 *f)
{
	const struct walk_port *from = &walk_ports[shot->from];
	guint8 mac[6], v4[4], v6[16];
	static const guint8 none[4];

	if (from->unguarded)
		return;
	walk_gateway(from->net, mac, v4, v6);
	if (!memcmp(shot->frame, mac, 6))
		walk_gateway(to->net, mac, v4, v6); /* routed */
	else
		memcpy(mac, from->mac, 6);
	if (memcmp(f + 6, mac, 6))
		broken(shot, "heard from a MAC that is not its own");
	if (f[12] == 8 && !f[13]) {
		if (memcmp(f + 26, from->v4, 4) && (memcmp(f + 26, none, 4) || f[23] != 2))
			broken(shot, "heard from an address that is not its own");
	} else if (f[12] == 0x86 && f[13] == 0xdd) {
		if (!is_own_v6(from, f + 22))
			broken(shot, "heard from an address that is not its own");
	} else {
		broken(shot, "neither IPv4 nor IPv6 has arrived");
	}
}

/* It has left by a gateway. */
static void check_left(const struct shot *shot, const struct walk_arrival *arrival)
{
	const struct walk_port *from = &walk_ports[shot->from];
	gsize size;
	const guint8 *f = g_bytes_get_data(arrival->frame, &size);
	guint8 own[4] = {203, 0, 113, 5 + from->tenant};

	if (arrival->slot != (__u32)(WALK_OUT + from->tenant))
		broken(shot, "has left by another tenant's gateway");
	if (f[12] == 8 && !f[13]) {
		if (memcmp(f + 26, own, 4))
			broken(shot, "has left under an address that is not the gateway's");
	} else if (f[12] != 0x86 || f[13] != 0xdd) {
		broken(shot, "neither IPv4 nor IPv6 has left");
	} else if (!from->unguarded && !is_own_v6(from, f + 22)) {
		broken(shot, "has left under an address that is not its own");
	}
}

/* At another port than the sender's. */
static void check_arrival(const struct shot *shot, const struct walk_arrival *arrival)
{
	const struct walk_port *from = &walk_ports[shot->from];
	const struct walk_port *to;
	gsize size;
	const guint8 *f = g_bytes_get_data(arrival->frame, &size);

	g_assert(size >= 34);
	if (arrival->slot >= WALK_OUT) {
		check_left(shot, arrival);
		return;
	}
	to = &walk_ports[arrival->host * WALK_SLOTS + arrival->slot - 1];
	if (to->tenant != from->tenant)
		broken(shot, "crossed tenants");
	if (!walk_is_up(to))
		broken(shot, "arrived at a port that is down");
	if (memcmp(f, to->mac, 6) && !(f[0] & 1))
		broken(shot, "arrived at a port that it is not addressed to");
	if (to->net != from->net && (f[0] & 1))
		broken(shot, "a broadcast has left its network");
	check_source(shot, to, f);
}

static guint64 sum(const __u64 *values, gsize count)
{
	guint64 all = 0;

	for (gsize i = 0; i < count; i++)
		all += values[i];
	return all;
}

static void check_counters(const struct shot *shot, const struct walk_outcome *out)
{
	int home = walk_ports[shot->from].host;
	guint64 given = 0, dropped = sum(out->drops[home], DP_DROP_COUNT), wire = 0, lost = 0;

	for (guint i = 0; i < out->arrivals->len; i++) {
		const struct walk_arrival *arrival =
			&g_array_index(out->arrivals, struct walk_arrival, i);

		given += arrival->slot != 0;
		wire += arrival->slot == 0;
	}
	for (int h = 0; h < WALK_HOSTS; h++)
		lost += h == home ? 0 : sum(out->drops[h], DP_DROP_COUNT);
	if (sum(out->tx, WALK_HOSTS) + dropped != 1)
		broken(shot, "sent is not passed and dropped");
	if (sum(out->rx, WALK_HOSTS) != given)
		broken(shot, "given is not arrived");
	if (wire == 1 && given + lost != 1)
		broken(shot, "what was on the wire is neither given nor dropped");
	if (out->punts > 1 || (out->punts && given))
		broken(shot, "handed to the agent, and more");
}

static void check_same(const struct shot *shot, const struct walk_outcome *a,
		       const struct walk_outcome *b)
{
	if (a->arrivals->len != b->arrivals->len || a->punts != b->punts ||
	    memcmp(a->drops, b->drops, sizeof(a->drops)))
		broken(shot, "fares otherwise when its flow is not known");
	for (guint i = 0; i < a->arrivals->len; i++) {
		const struct walk_arrival *x =
			&g_array_index(a->arrivals, struct walk_arrival, i);
		const struct walk_arrival *y =
			&g_array_index(b->arrivals, struct walk_arrival, i);

		if (x->host != y->host || x->slot != y->slot ||
		    !g_bytes_equal(x->frame, y->frame))
			broken(shot, "arrives otherwise when its flow is not known");
	}
}

/* How often it has arrived at PORT. */
static guint arrived_at(const struct walk_outcome *out, const struct walk_port *port)
{
	guint count = 0;

	for (guint i = 0; i < out->arrivals->len; i++) {
		const struct walk_arrival *arrival =
			&g_array_index(out->arrivals, struct walk_arrival, i);

		count += arrival->host == port->host && arrival->slot == port->slot;
	}
	return count;
}

/* The reference: must it arrive at its target? */
static bool must_arrive(const struct shot *shot)
{
	const struct walk_port *from = &walk_ports[shot->from], *to = target_of(shot);
	bool routed = to && (shot->routed || to->net != from->net);
	gsize ip_size = shot->frame_size - 14;

	return !shot->changed && to && to != from && shot->source == OWN &&
	       shot->kind != NEIGHBOUR && shot->kind != DHCP && ip_size <= WALK_MTU &&
	       (!routed || shot->ttl > 1) && walk_is_up(from) && walk_is_up(to);
}

/* ... or must it leave the cloud? What is told apart by its port has one. */
static bool must_leave(const struct shot *shot)
{
	return !shot->changed && shot->to == TO_OUTSIDE && shot->source == OWN &&
	       shot->kind <= ECHO && shot->piece < LATER &&
	       !(shot->kind == TCP && shot->flags & 4) && shot->frame_size - 14 <= WALK_MTU &&
	       shot->ttl > 1 && walk_is_up(&walk_ports[shot->from]);
}

/* The frame that has left, or NULL. */
static GBytes *left_by(const struct walk_outcome *out)
{
	for (guint i = 0; i < out->arrivals->len; i++) {
		const struct walk_arrival *arrival =
			&g_array_index(out->arrivals, struct walk_arrival, i);

		if (arrival->slot >= WALK_OUT)
			return arrival->frame;
	}
	return NULL;
}

static void check_target(const struct shot *shot, const struct walk_outcome *out)
{
	const struct walk_port *from = &walk_ports[shot->from], *to = target_of(shot);

	if (must_arrive(shot) && arrived_at(out, to) != 1)
		broken(shot, "has not arrived");
	if (must_leave(shot) && !left_by(out))
		broken(shot, "has not left");
	/* what comes back to the sender is an answer, or its own */
	for (guint i = 0; i < out->arrivals->len; i++) {
		const struct walk_arrival *arrival =
			&g_array_index(out->arrivals, struct walk_arrival, i);

		if (arrival->slot &&
		    !(arrival->host == from->host && arrival->slot == from->slot))
			check_arrival(shot, arrival);
	}
	if (!shot->changed && to && to != from)
		for (int i = 0; i < WALK_PORTS; i++)
			if (&walk_ports[i] != to && &walk_ports[i] != from &&
			    arrived_at(out, &walk_ports[i]))
				broken(shot, "has arrived at somebody else");
}

static void send(const struct shot *shot, struct walk_outcome *out)
{
	struct native_meta meta = {.encapsulation = shot->tunnelled};
	g_autofree guint8 *exact = g_memdup2(shot->frame, MAX(shot->frame_size, 1u));

	walk_outcome_init(out);
	walk_send(&walk_ports[shot->from], exact, shot->frame_size, &meta, out);
	check_target(shot, out);
	check_counters(shot, out);
}

/* As it is remembered, as it is not, and as it is again. */
static void check_shot(const struct shot *shot)
{
	struct walk_outcome warm, cold, again;

	send(shot, &warm);
	walk_forget_flows();
	send(shot, &cold);
	send(shot, &again);
	check_same(shot, &warm, &cold);
	check_same(shot, &warm, &again);
	walk_outcome_done(&warm);
	walk_outcome_done(&cold);
	walk_outcome_done(&again);
}

/* Who was asked answers. */
static void check_answer(const struct shot *question)
{
	struct shot answer = *question;

	if (question->piece >= FIRST || question->kind > ECHO || !must_arrive(question))
		return;
	answer.from = target_of(question) - walk_ports;
	answer.to = question->from;
	answer.sport = question->kind == ECHO ? question->sport : question->dport;
	answer.dport = question->sport;
	answer.kind = question->kind == ECHO ? ECHO_REPLY : question->kind;
	answer.ttl = 64;
	answer.flags = 0x12;
	answer.routed = false;
	shot_build(&answer);
	check_shot(&answer);
}

/* Addresses, of SIZE bytes at OFFSET, and ports of a frame the other way round. */
static void turn(guint8 *f, gsize offset, gsize size, gsize ports)
{
	guint8 old[16];

	memcpy(old, f + offset, size);
	memcpy(f + offset, f + offset + size, size);
	memcpy(f + offset + size, old, size);
	if (!ports)
		return;
	memcpy(old, f + ports, 2);
	memcpy(f + ports, f + ports + 2, 2);
	memcpy(f + ports + 2, old, 2);
}

/* What has arrived at PORT, or NULL. */
static const guint8 *frame_at(const struct walk_outcome *out, const struct walk_port *port)
{
	for (guint i = 0; i < out->arrivals->len; i++) {
		const struct walk_arrival *arrival =
			&g_array_index(out->arrivals, struct walk_arrival, i);

		if (arrival->host == port->host && arrival->slot == port->slot)
			return g_bytes_get_data(arrival->frame, NULL);
	}
	return NULL;
}

/* Who was spoken to out there answers: the answer reaches who spoke, as who he is inside. */
static void check_world(const struct shot *shot)
{
	const struct walk_port *from = &walk_ports[shot->from];
	gsize size, l4 = shot->v6 ? 54 : 34, at = shot->kind == ECHO ? 4 : 0;
	struct walk_outcome out, back;
	g_autofree guint8 *answer = NULL;
	const guint8 *bytes, *f;

	/* of two tenants' IPv6 the world knows one */
	if (!must_leave(shot) || shot->piece >= FIRST || (shot->v6 && from->tenant))
		return;
	send(shot, &out);
	bytes = g_bytes_get_data(left_by(&out), &size);
	answer = g_memdup2(bytes, size);
	turn(answer, shot->v6 ? 22 : 26, shot->v6 ? 16 : 4, shot->kind == ECHO ? 0 : l4);
	answer[shot->v6 ? 21 : 22] = 60;
	if (shot->kind == ECHO)
		answer[l4] = shot->v6 ? 129 : 0;
	else if (shot->kind == TCP)
		answer[l4 + 13] = 0x12;
	walk_outcome_init(&back);
	walk_reply(answer, size, &back);
	f = frame_at(&back, from);
	if (!f || arrived_at(&back, from) != 1)
		broken(shot, "is not answered");
	if (memcmp(f + (shot->v6 ? 38 : 30), shot->v6 ? from->v6 : from->v4,
		   shot->v6 ? 16 : 4) ||
	    memcmp(f + l4 + (at ? at : 2), shot->frame + l4 + at, 2))
		broken(shot, "is answered as somebody else");
	walk_outcome_done(&back);
	walk_outcome_done(&out);
}

static void change_world(guint8 first, guint8 second)
{
	const struct walk_port *port = &walk_ports[second % WALK_PORTS];

	if (first & 1)
		walk_set_up(port, !walk_is_up(port));
	else if (first & 2)
		walk_forget_flows();
	else
		native_bump(walk_host(port->host), second);
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
	struct reader reader = {data, size};
	struct shot shot;

	walk_reset();
	for (int i = 0; i < STEPS_MAX && reader.left; i++) {
		guint8 first = take(&reader);

		if (first >= 240) {
			change_world(first, take(&reader));
			continue;
		}
		shot_read(&shot, &reader, first);
		check_shot(&shot);
		check_answer(&shot);
		check_world(&shot);
	}
	return 0;
}
