/* SPDX-License-Identifier: Apache-2.0 */
/* A connection as JSON: the members are the same in lists and in what is followed. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <jansson.h>

#include "abi/map.h"
#include "agent/state.h"

/* Whose it is, and its two ends; a new reference. */
json_t *flow_show_ends(const struct wire *wire, const struct conn_key *key);
/* What stands outside for its remote end. */
void flow_show_nat(json_t *out, const struct nat_value *seen);
/* State, ages at NOW (jiffies64), packets and bytes. */
void flow_show_counts(json_t *out, const struct conn_value *value, uint64_t now);
/* The identity of the other end and the sets it stands for. */
void flow_show_peer(json_t *out, const struct state *state, uint32_t identity);
/* RULE: as flow_find_rule has it. */
void flow_show_rule(json_t *out, const char *rule);

/* That it is denied, for REASON (abi/drop.h), and whether the other end sent it. */
void flow_show_denial(json_t *out, bool received, uint8_t reason);

/* "SET/ID" of the rule with NUMBER, "" of one whose row has gone, NULL of 0 (a default); owned. */
char *flow_find_rule(const struct state *state, uint32_t number);

#define FLOW_PROTO_TEXT 12
const char *flow_proto_name(uint32_t proto, char text[FLOW_PROTO_TEXT]);
