/* SPDX-License-Identifier: Apache-2.0 */
/* Frames as people read them, and as the vxlan device would wrap them. */
#pragma once

#include <stdbool.h>
#include <glib.h>

#include "lib/ip.h"

struct native_output;

/* "tcp 10.0.1.5:40000 -> 10.0.2.7:80, ttl 64, 54 bytes, 02:.. -> 02:.."; owned. */
char *trace_frame_print(const void *frame, gsize size);
/* The same of a frame of LENGTH bytes that is known by its first SIZE. */
char *trace_frame_print_part(const void *frame, gsize size, gsize length);

/* The outer destination of a frame in a tunnel. */
bool trace_frame_find_remote(const void *frame, gsize size, struct ip *remote);

/* What the vxlan device sends for OUTPUT from LOCAL. Owned. */
GBytes *trace_frame_wrap(const struct native_output *output, struct ip local);
