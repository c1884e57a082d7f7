/* SPDX-License-Identifier: Apache-2.0 */
/* Removes pins, hooks, devices and folder of a host whose agent has ended. */
#pragma once

#include <stdbool.h>
#include <glib.h>

bool cleanup_host(const char *run, const char *host, GError **error);
