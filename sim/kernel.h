/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The maps of a simulated host's kernel: what its agent writes stays when the agent ends.
 */
#pragma once

#include "agent/apply.h"
#include "agent/desired.h"
#include "agent/state.h"

struct kernel;

struct kernel *kernel_new(void);
void kernel_free(struct kernel *kernel);

struct apply_writer kernel_get_writer(struct kernel *kernel);
gsize kernel_count(const struct kernel *kernel);

/* What an agent reads at its start: entries into DESIRED, numbers of hosts into STATE. */
void kernel_load(const struct kernel *kernel, struct desired *desired);
void kernel_recover(const struct kernel *kernel, struct state *state);

/* The kernel holds what DESIRED wants and nothing else; a line of text (owned) when not. */
char *kernel_compare(const struct kernel *kernel, struct desired *desired);
