/* SPDX-License-Identifier: Apache-2.0 */
/* Groups of addresses that rules name together; see resource.h. */
#pragma once

#include "api/resource.h"

extern const struct resource api_address_group;
