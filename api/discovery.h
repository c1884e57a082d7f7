/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What there is to be asked for: versions, resources, extensions, health.
 */
#pragma once

#include <stdbool.h>

#include "lib/http_server.h"

/* False when PATH is none of these documents. */
bool discovery_serve(struct http_request *request, const char *path);
