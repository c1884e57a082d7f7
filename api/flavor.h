/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flavors, their service profiles, and what is made with a flavor.
 */
#pragma once

#include "api/engine.h"

extern const struct resource api_flavor;
extern const struct resource api_service_profile;

/* /flavors/ID/service_profiles[/PROFILE] */
void flavor_serve_profiles(const struct ask *ask);

/* A new ROUTER is to be made with the flavor that it names: is there somebody who makes it? */
bool flavor_take_router(struct job *job, const struct router *router, GError **error);
