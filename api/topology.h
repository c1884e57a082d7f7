/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a project has without drawing it: a network with a subnet of each default pool, and a router to
 * the default external network. Made by whoever asks for it first.
 */
#pragma once

#include "api/engine.h"

#define TOPOLOGY_PATH "auto-allocated-topology"

/* /v2.0/auto-allocated-topology/PROJECT; "None" is the caller's. */
void topology_serve(const struct ask *ask);
