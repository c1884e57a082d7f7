/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is code about networks.
 */
#pragma once

#include "api/resource.h"

extern const struct resource api_network;

/* NETWORK, which has no ports left, goes with all that is its. */
void network_drop(struct job *job, const struct network *network);
/* What is no way out is nobody's default. */
void network_drop_default(struct job *job, struct network *network);
