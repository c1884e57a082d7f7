/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Availability zones: /availability_zones, and hints that must name one.
 */
#pragma once

#include "api/engine.h"

void zone_serve(const struct ask *ask);
/* Each of HINTS (char *) is a zone in which there is a host. */
bool zone_check_hints(const struct job *job, const struct vec *hints, GError **error);
