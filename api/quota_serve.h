/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /v2.0/quotas[/PROJECT[/default|/details]]: PROJECT is ask->id, what follows ask->action.
 */
#pragma once

#include "api/engine.h"

void quota_serve(const struct ask *ask);
