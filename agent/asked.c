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

#define ROOM		128
#define PATIENCE	(10 * G_USEC_PER_SEC)
#define ARP_TARGET	38 /* where the address stands that is asked for */
#define ND_TARGET	62
#define ANSWER_SIZE_MAX 256

struct ask {
	gint64 until; /* 0: none */
	uint32_t slot;
	struct uuid port;
	struct location_key key;
	uint16_t size;
	uint8_t frame[LIM_ASK_FRAME];
};

struct asked {
	const struct state *state;
	struct punt *punt;
	int program, location;
	guint next;  /* the one that is forgotten first */
	guint count; /* not more are kept: 0 nearly always */
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
static bool ask_try(struct asked *asked, const struct ask *ask)
{
	const struct wire *wire = state_find_slot(asked->state, ask->slot);
	struct location_value value;

	if (!wire || !uuid_equal(wire->id, ask->port) || g_get_monotonic_time() > ask->until)
		return true;
	if (bpf_map_lookup_elem(asked->location, &ask->key, &value))
		return false;
	ask_run(asked, ask, wire);
	return true;
}

static struct ask *ask_find(struct asked *asked, const struct ask *wanted)
{
	for (guint i = 0; i < ROOM; i++) {
		struct ask *ask = &asked->asks[i];

		if (ask->until && ask->slot == wanted->slot &&
		    memcmp(&ask->key, &wanted->key, sizeof(ask->key)) == 0)
			return ask;
	}
	return NULL;
}

void asked_keep(struct asked *asked, const struct wire *wire, const uint8_t *frame, gsize size)
{
	struct ask ask = {.slot = wire->slot, .port = wire->id, .size = (uint16_t)size}, *place;

	if (!wire->port || size > sizeof(ask.frame) ||
	    !key_read(&ask.key, wire->port->vni, frame, size))
		return;
	memcpy(ask.frame, frame, size);
	ask.until = g_get_monotonic_time() + PATIENCE;
	/* the row may have come since the program looked */
	if (ask_try(asked, &ask))
		return;
	place = ask_find(asked, &ask);
	if (!place) {
		place = &asked->asks[asked->next];
		asked->next = (asked->next + 1) % ROOM;
		asked->count += place->until == 0;
	}
	*place = ask;
}

void asked_answer(struct asked *asked)
{
	for (guint i = 0; i < ROOM && asked->count; i++) {
		struct ask *ask = &asked->asks[i];

		if (!ask->until || !ask_try(asked, ask))
			continue;
		ask->until = 0;
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
