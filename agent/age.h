/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ageing of connections: those idle for longer than their state allows go, and those of
 * ports that are gone. A sweep goes through the table in small steps of the main loop: every
 * few seconds, each second while a port has nearly used up its share (share.h).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "abi/map.h"

struct age;
struct share;

struct age_ops {
	bool (*is_gone)(uint32_t slot, void *data); /* no port has this slot */
	/* A connection has been forgotten. */
	void (*ended)(const struct conn_key *key, const struct conn_value *value, void *data);
	void (*swept)(void *data); /* everything that was there at the start has been seen */
};

/* SHARE may be NULL: no port has one. */
struct age *age_new(int conn_fd, struct share *share, const struct age_ops *ops, void *data);
void age_free(struct age *age);

/* Seconds a connection may be silent. */
uint32_t age_get_timeout(uint32_t proto, enum conn_state state);
const char *age_state_name(enum conn_state state);

/* Sweeps at once and whole; for a host that is out of slots. */
void age_sweep(struct age *age);
gsize age_get_count(const struct age *age); /* connections at the last sweep */
gsize age_get_state_count(const struct age *age, enum conn_state state); /* of these */
gsize age_get_expired(const struct age *age);
