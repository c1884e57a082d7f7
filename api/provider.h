/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "api/engine.h"

/* Serves /service-providers: who does what here. */
void provider_serve(const struct ask *ask);
