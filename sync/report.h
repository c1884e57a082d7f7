/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decodes what hosts post. For hub.c and its tests only.
 */
#pragma once

#include "sync/hub.h"

/* NULL and WEFT_ERROR_INVALID naming the attribute when BODY is no report. */
struct hub_report *report_parse(const char *host, const char *body, gsize size, GError **error);
void report_free(struct hub_report *report);
