/* SPDX-License-Identifier: Apache-2.0 */
/* The rows' world in plain memory. */
#pragma once

#include "world.h"

#define NATIVE_BACKEND_SETS 32 /* entries of `flow`, in both worlds */

struct world_backend *native_backend_new(void);
void native_backend_free(struct world_backend *backend);
struct native_host *native_backend_host(struct world_backend *backend);
/* Size of MAP's values. */
gsize native_backend_value_size(enum native_map map);
