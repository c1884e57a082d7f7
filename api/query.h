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

/* What {"networks":[...],"networks_links":[...]} is to hold. */
struct query_page {
	GPtrArray *objects; /* owned; they are the cloud's */
	struct attr_view view;
	char *end; /* all that follows the last object; owned */
};
/* BASE: "http://host:port" of the links. */
bool query_list(const struct api *api, const struct resource *resource,
		const struct caller *caller, const struct http_question *question,
		const char *base, struct query_page *page, GError **error);
