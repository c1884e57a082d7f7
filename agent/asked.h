/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ARP requests and neighbour solicitations for addresses that were not known when they came
 * (datapath/stage/ask.h): answered when they are, within some seconds.
 */
#pragma once

#include <stdint.h>
#include <glib.h>

#include "agent/punt.h"
#include "agent/state.h"

struct asked;

/*
 * PROGRAM: the one for what ports send, which makes the answers; LOCATION: the map that it makes
 * them from. STATE and PUNT must outlive it.
 */
struct asked *asked_new(const struct state *state, struct punt *punt, int program,
			int location);
void asked_free(struct asked *asked);

/* A port has sent FRAME, and has had no answer. */
void asked_keep(struct asked *asked, const struct wire *wire, const uint8_t *frame, gsize size);
/* There may be new addresses. */
void asked_answer(struct asked *asked);
