/* SPDX-License-Identifier: Apache-2.0 */
/* A trace as text: host by host, stage by stage, and how it ended. */
#pragma once

#include <jansson.h>

/* TRACE is what trace_run gives. Owned. */
char *trace_print(const json_t *trace);
