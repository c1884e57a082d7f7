/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may write. The key P/gate says it, and every flight requires it as its program knows it:
 *
 *   ""      open: any program. Each flight puts it again, so its revision is that of the last one.
 *   ID/N    program ID alone; what that one's watches were told is all there is
 *   !ID/N   shut by ID: nobody
 *
 * For etcd*.c only.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include <jansson.h>

struct etcd;

/* When the store is opened: KV is the key as it was found, WRITERS the keys of all programs. */
void etcd_gate_init(struct etcd *e, const json_t *kv, const json_t *writers);
void etcd_gate_start(struct etcd *e);
/* Others may take it at once. Blocks. */
void etcd_gate_stop(struct etcd *e);
void etcd_gate_done(struct etcd *e);

/* What was read or watched: the gate's key; a program that came, or is GONE. */
void etcd_gate_hear(struct etcd *e, const json_t *kv);
void etcd_gate_hear_writer(struct etcd *e, const char *key, bool gone);

/* What asks now for a linearizable answer, and how to say that it said the gate was ours. */
gint64 etcd_gate_now(void);
void etcd_gate_prove(struct etcd *e, gint64 asked_at);

/* Whether flights may leave; and whether nobody can know more than our watches were told. */
bool etcd_gate_lets_pass(const struct etcd *e);
bool etcd_gate_is_ours_for_sure(const struct etcd *e);

/* The last revision that any program has been answered, by the key KV as a question asked at
 * ASKED_AT has found it; 0: it cannot be told. */
uint64_t etcd_gate_find_last(struct etcd *e, const json_t *kv, gint64 asked_at);

/* For flights: what they require, and what they put (nothing when it is ours). */
void etcd_gate_append_require(const struct etcd *e, GString *out);
void etcd_gate_append_put(const struct etcd *e, GString *out);
