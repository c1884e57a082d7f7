/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is code about networks.
 */
#pragma once

#include "api/resource.h"

extern const struct resource api_network;

/* What is no way out is nobody's default. */
void network_drop_default(struct job *job, struct network *network);
