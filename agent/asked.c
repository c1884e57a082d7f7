/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See asked.h. What the answer is the program knows: it is run on the frame once more
 * (BPF_PROG_TEST_RUN), and what it makes of it goes out of the port's device.
 */
#include "agent/asked.h"

#include <string.h>
#include <arpa/inet.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf.h>

#include "abi/map.h"
#include "agent/ask_room.h"

#define ROOM		128
#define PATIENCE	(10 * G_USEC_PER_SEC)
#define ARP_TARGET	38 /* where the address stands that is asked for */
#define ND_TARGET	62
#define ANSWER_SIZE_MAX 256

struct ask {
	struct uuid port;
	struct location_key key;
	uint16_t size;
	uint8_t frame[LIM_ASK_FRAME];
};

struct asked {
	const struct state *state;
	struct punt *punt;
	int program, location;
	guint count;		     /* not more are kept: 0 nearly always */
	struct ask_seat seats[ROOM]; /* of each question; until 0: none */
	struct ask asks[ROOM];
};

static bool key_read(struct location_key *key, uint32_t vni, const uint8_t *frame, gsize size)
{
	uint16_t ethertype;

	memset(key, 0, sizeof(*key));
	key->vni = vni;
	if (size < ARP_TARGET + 4)
		return false;
	memcpy(&ethertype, frame + 12, 2);
	if (ethertype == htons(ETH_P_ARP)) {
		key->ip.b[10] = key->ip.b[11] = 0xff;
		memcpy(key->ip.b + 12, frame + ARP_TARGET, 4);
		return true;
	}
	if (ethertype != htons(ETH_P_IPV6) || size < ND_TARGET + 16)
		return false;
	memcpy(key->ip.b, frame + ND_TARGET, 16);
	return true;
}

/* Runs the program on the frame of ASK and sends what it answers; false: nothing. */
static bool ask_run(struct asked *asked, const struct ask *ask, const struct wire *wire)
{
	struct __sk_buff context = {.ifindex = wire->ifindex};
	uint8_t answer[ANSWER_SIZE_MAX];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = ask->frame, .data_size_in = ask->size,
		    .data_out = answer, .data_size_out = sizeof(answer), .ctx_in = &context,
		    .ctx_size_in = sizeof(context), .repeat = 1);

	return bpf_prog_test_run_opts(asked->program, &opts) == 0 &&
	       opts.retval == TC_ACT_REDIRECT &&
	       punt_send(asked->punt, wire->ifindex, answer, opts.data_size_out, NULL);
}

/* True: it is done with, answered or not. */
static bool ask_try(struct asked *asked, const struct ask_seat *seat, const struct ask *ask)
{
	const struct wire *wire = state_find_slot(asked->state, seat->slot);
	struct location_value value;

	if (!wire || !uuid_equal(wire->id, ask->port) || g_get_monotonic_time() > seat->until)
		return true;
	if (bpf_map_lookup_elem(asked->location, &ask->key, &value))
		return false;
	ask_run(asked, ask, wire);
	return true;
}

/* Where the question of SLOT sits already, or may sit. */
static guint ask_place(struct asked *asked, const struct ask *wanted, uint32_t slot)
{
	for (guint i = 0; i < ROOM; i++)
		if (asked->seats[i].until && asked->seats[i].slot == slot &&
		    memcmp(&asked->asks[i].key, &wanted->key, sizeof(wanted->key)) == 0)
			return i;
	return ask_room_pick(asked->seats, ROOM, slot, g_get_monotonic_time());
}

void asked_keep(struct asked *asked, const struct wire *wire, const uint8_t *frame, gsize size)
{
	struct ask_seat seat = {g_get_monotonic_time() + PATIENCE, wire->slot};
	struct ask ask = {.port = wire->id, .size = (uint16_t)size};
	guint place;

	if (!wire->port || size > sizeof(ask.frame) ||
	    !key_read(&ask.key, wire->port->vni, frame, size))
		return;
	memcpy(ask.frame, frame, size);
	/* the row may have come since the program looked */
	if (ask_try(asked, &seat, &ask))
		return;
	place = ask_place(asked, &ask, wire->slot);
	asked->count += asked->seats[place].until == 0;
	asked->seats[place] = seat;
	asked->asks[place] = ask;
}

void asked_answer(struct asked *asked)
{
	for (guint i = 0; i < ROOM && asked->count; i++) {
		struct ask_seat *seat = &asked->seats[i];

		if (!seat->until || !ask_try(asked, seat, &asked->asks[i]))
			continue;
		*seat = (struct ask_seat){0};
		asked->count--;
	}
}

struct asked *asked_new(const struct state *state, struct punt *punt, int program, int location)
{
	struct asked *asked = g_new0(struct asked, 1);

	asked->state = state;
	asked->punt = punt;
	asked->program = program;
	asked->location = location;
	return asked;
}

void asked_free(struct asked *asked)
{
	g_free(asked);
}
