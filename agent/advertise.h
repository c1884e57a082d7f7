/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The routers' voices: who asks for a router is answered at once, and every port of a network whose
 * router advertises is told from time to time (ra_clock.h).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "agent/punt.h"
#include "agent/state.h"

struct advertise;

struct advertise_counters {
	uint64_t solicited, unsolicited, final; /* advertisements sent */
	uint64_t failed;			/* could not be sent */
};

/* STATE and PUNT must outlive it. */
struct advertise *advertise_new(struct state *state, struct punt *punt);
void advertise_free(struct advertise *advertise);

/* Ports or routers of network VNI have come, gone or changed. */
void advertise_update(struct advertise *advertise, uint32_t vni);
/* A router solicitation of WIRE, whose row is here. */
void advertise_answer(struct advertise *advertise, const struct wire *wire,
		      const uint8_t *frame, gsize size);

const struct advertise_counters *advertise_get_counters(const struct advertise *advertise);
