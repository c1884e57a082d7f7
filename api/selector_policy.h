/* SPDX-License-Identifier: Apache-2.0 */
/* Policies with selectors; see resource.h. */
#pragma once

#include "api/resource.h"

extern const struct resource api_selector_policy;
