/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bodies compressed while they are sent, behind http_server.h. For http_server.c only.
 */
#pragma once

#include <stdbool.h>
#include <glib.h>

struct MHD_Response;

#define HTTP_GZIP_MIN 4096 /* bytes: below, the header costs more than it spares */

/* What a client's Accept-Encoding (NULL: none) says about gzip. RFC 9110, 12.5.3. */
bool http_gzip_is_taken(const char *accepted);

/* Takes BODY. The loop goes on between its pieces; NULL when zlib has no memory. */
struct MHD_Response *http_gzip_new(char *body, gsize size);
