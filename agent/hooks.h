/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs on devices: tcx links pinned beside the maps where the kernel has them (6.6),
 * clsact filters below. Either way they outlive the agent, and a new program takes the
 * old one's place between two packets.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

struct hooks;

enum hooks_mode {
	HOOKS_AUTO,
	HOOKS_TCX,
	HOOKS_CLSACT,
};

struct hooks *hooks_new(const char *pins, enum hooks_mode mode);
void hooks_free(struct hooks *hooks);

/* PROGRAM (a descriptor) at the ingress of device IFINDEX, in place of any of ours. */
bool hooks_attach(struct hooks *hooks, uint32_t ifindex, int program, GError **error);
/* ... where packets leave it. */
bool hooks_attach_out(struct hooks *hooks, uint32_t ifindex, int program, GError **error);
/*
 * The same as hooks_attach for a device that nobody else has filters on, without the 4 to 20 ms that a first
 * tcx link waits for readers, with all of the kernel's network configuration locked: it begins
 * with a filter, and changes over in a thread when nothing was attached for a while.
 */
bool hooks_attach_soon(struct hooks *hooks, uint32_t ifindex, int program, GError **error);
void hooks_detach(struct hooks *hooks, uint32_t ifindex);
/* Detaches from every device that KEEP does not want; NULL: from all. */
void hooks_sweep(struct hooks *hooks, bool (*keep)(uint32_t ifindex, void *data), void *data);
