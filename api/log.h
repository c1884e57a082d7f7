/* SPDX-License-Identifier: Apache-2.0 */
/* Logs; see resource.h. */
#pragma once

#include "api/resource.h"

struct http_request;

extern const struct resource api_log;

/* The security group or port ID goes: so do the logs about it. */
void log_forget(struct job *job, struct uuid id);

/* What there is to be logged: GET /v2.0/log/loggable-resources. */
void log_serve_loggable(struct http_request *request);
