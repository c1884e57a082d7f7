/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taps that nobody asks us to attach: a hypervisor's manager, Nova, makes one for each port, called
 * "tap" and the first eleven characters of the port's id, and expects that it works.
 */
#pragma once

#include <stdint.h>

#include "lib/uuid.h"

struct agent;
struct link;
struct taps;

struct taps *taps_new(struct agent *agent);
void taps_free(struct taps *taps);

/* The row of PORT has come or changed: its tap may be here already. */
void taps_note_row(struct taps *taps, struct uuid port);
/* Rows are applied. */
void taps_rows_applied(struct taps *taps);
/* A device has appeared or changed; IFINDEX 0: some may have. */
void taps_link_seen(struct taps *taps, uint32_t ifindex, const char *name);
/* Somebody has asked that PORT be detached: its device, if such a tap, is not taken again. */
void taps_let_go(struct taps *taps, struct uuid port, const struct link *link);

/* Into NAME (LINK_NAME bytes). */
void taps_print_name(struct uuid port, char *name);
