/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Address scopes: what subnet pools may be in one, and what it means to the subnets of a network.
 */
#pragma once

#include "api/resource.h"

extern const struct resource api_address_scope;

/* POOL, as it is to be, may be in its scope: the caller sees that, versions agree, and no other
 * pool of it has an address in common. */
bool address_scope_check(struct job *job, const struct subnetpool *pool, GError **error);
