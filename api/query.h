/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a GET asks for beside the path: fields, filters, order, pages.
 */
#pragma once

#include "api/resource.h"
#include "lib/http_server.h"
#include "model/attr_json.h"

/* The fields that QUESTION wants, told to CALLER; what of them it may see is access.h's. */
struct attr_view query_view(const struct api *api, const struct resource *resource,
			    const struct caller *caller, const struct http_question *question);

/* {"networks":[...],"networks_links":[...]}, owned; NULL on an error. BASE: "http://host:port"
 * of the links. */
char *query_list(const struct api *api, const struct resource *resource,
		 const struct caller *caller, const struct http_question *question,
		 const char *base, gsize *size, GError **error);
