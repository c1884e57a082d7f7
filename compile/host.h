/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hosts: the row that a host's peers get, and the unit that lists what is its own.
 */
#pragma once

#include "compile/state.h"

/* The unit of NAME (interned), made if there is none. */
struct host_unit *host_get(struct compile *compile, const char *name);
/* The host object called NAME (interned) has come, gone or changed. */
void host_update(struct compile *compile, const char *name);
/* Frees the unit if nothing keeps it. */
void host_sweep(struct compile *compile, struct host_unit *host);
void host_free(void *host);
