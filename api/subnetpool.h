/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Subnet pools. What is taken from them: allocation.h.
 */
#pragma once

#include "api/resource.h"

extern const struct resource api_subnetpool;
