/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scripts of other origins (CORS, fetch.spec.whatwg.org), behind http_server.h. For
 * http_server.c only.
 */
#pragma once

#include "lib/http_server.h"

struct MHD_Response;

/* What REQUEST says of where it comes from is one of ORIGINS: that header, or NULL. */
const char *http_origin_find(const struct http_origins *origins, struct http_request *request);
/* Lets scripts of ORIGIN read the answer. */
void http_origin_add(const struct http_origins *origins, const char *origin,
		     struct MHD_Response *response);
/* The answer to a browser that asks whether it may ask; NULL: REQUEST is no such question. */
struct MHD_Response *http_origin_preflight(const struct http_origins *origins,
					   struct http_request *request);
