/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "api/engine.h"

/* Serves /network-ip-availabilities: how many addresses there are, and are in use. */
void availability_serve(const struct ask *ask);
