/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which ports have lately left which host for which: who may hand their connections to whom. In
 * memory only: a controller that has just begun knows of none, and the connections are lost.
 */
#pragma once

#include "lib/uuid.h"
#include "model/cloud.h"

struct moves;

struct moves *moves_new(struct cloud *cloud); /* listens to it as long as it lives */
void moves_free(struct moves *moves);	      /* after the last change of the cloud */

/* The host that PORT is bound to, if it was bound to FROM before, a minute ago at most; else NULL.
 * Interned. */
const char *moves_find(const struct moves *moves, struct uuid port, const char *from);
