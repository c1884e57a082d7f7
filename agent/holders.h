/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the rows of a state and its policies: which ports have which identity, and whose flows
 * are to be looked at again.
 */
#pragma once

#include "agent/held.h"

void holders_init(struct state *state); /* its desired entries are known */
void holders_done(struct state *state);

/* Rows of ports, and of what their policies are made of, come and go. */
void holders_add(struct state *state, struct row *row);
void holders_del(struct state *state, struct row *row);
void holders_add_rule(struct state *state, struct row *row);
void holders_del_rule(struct state *state, struct row *row, bool replaced);
void holders_add_address(struct state *state, struct row *row);
void holders_del_address(struct state *state, struct row *row, bool replaced);
void holders_add_identity(struct state *state, struct row *row);
void holders_del_identity(struct state *state, struct row *row, bool replaced);
