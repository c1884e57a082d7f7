/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows' world in the kernel: the skeleton's real maps and BPF_PROG_TEST_RUN, in a network
 * namespace of its own where every device of the world is a tap that shows what is sent to it.
 * Everything is done to a native twin as well, whose state must be the same in the end.
 */
#pragma once

#include "world.h"

/* NULL and *skip (static) when this process may not: it needs root and BPF. */
struct world_backend *kernel_backend_new(const char **skip);
void kernel_backend_free(struct world_backend *backend);
/* After the `config` lines: programs and devices. Aborts when the kernel refuses them. */
void kernel_backend_load(struct world_backend *backend);
/* A rows_check: where kernel and twin differ. */
char *kernel_backend_compare(void *self);
