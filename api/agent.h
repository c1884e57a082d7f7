/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "api/resource.h"

/* Hosts, as /agents. */
extern const struct resource api_agent;
