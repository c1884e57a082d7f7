/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where Prometheus comes to read: GET /metrics, and nothing else, for everybody who
 * reaches it. So it is a listener of its own.
 */
#pragma once

#include <stdbool.h>
#include <glib.h>

#include "lib/http_server.h"

struct metric_server;

/* The page as it is now; owned text. */
typedef char *(*metric_page)(gsize *size, void *data);

/* WHERE is an address and a port. */
struct metric_server *metric_server_new(const char *where, metric_page page, void *data,
					GError **error);
void metric_server_free(struct metric_server *server);

/* Answers REQUEST with PAGE, which is taken. */
void metric_reply(struct http_request *request, char *page, gsize size);
