/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Subnets that are taken from subnet pools.
 */
#pragma once

#include "api/resource.h"

/* A new SUBNET gets its pool, when it asks for one, and its prefix from there; GIVEN: the
 * attributes of the request. */
bool allocation_take(struct job *job, struct subnet *subnet, uint64_t given, GError **error);
/* SUBNET's network has no subnets of its version from elsewhere. */
bool allocation_check_network(struct job *job, const struct subnet *subnet, GError **error);
