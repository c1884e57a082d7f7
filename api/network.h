/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is code about networks.
 */
#pragma once

#include "api/resource.h"

extern const struct resource api_network;
