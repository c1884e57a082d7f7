/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What kind of path a request has, for those who count requests: a path without ids. There
 * are as many of them as the API has, whatever clients ask for.
 */
#pragma once

#include <glib.h>

#define ROUTE_TEXT 96

/* "/v2.0/ports/{id}" for the path of a port, "other" for what the API does not have. Into TEXT,
 * of ROUTE_TEXT bytes, unless it is constant; borrowed. */
const char *route_print(const char *path, char *text);
