/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is code about routers.
 */
#pragma once

#include "api/resource.h"

extern const struct resource api_router;

/* ROUTER, which has no interfaces left, goes with its gateway. */
void router_drop(struct job *job, const struct router *router);
