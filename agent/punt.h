/* SPDX-License-Identifier: Apache-2.0 */
/* Frames that the programs hand to the agent, and frames it sends out of a device. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "abi/map.h"

struct punt;

/* A frame of KIND from the port with SLOT; borrowed, SIZE is within LIM_PUNT_FRAME. */
typedef void (*punt_handler)(enum punt_kind kind, uint32_t slot, const uint8_t *frame,
			     gsize size, void *data);

struct punt *punt_new(int ring_fd, punt_handler handler, void *data, GError **error);
void punt_free(struct punt *punt);
/* Out of device IFINDEX, as if the network had sent it. */
bool punt_send(struct punt *punt, uint32_t ifindex, const uint8_t *frame, gsize size,
	       GError **error);
