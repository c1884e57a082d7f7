/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nothing is allowed with the browser's own credentials: who asks shows a token.
 */
#include "lib/http_origin.h"

#include <microhttpd.h>
#include <string.h>

#define MAX_AGE "3600" /* seconds that a browser remembers it */

const char *http_origin_find(const struct http_origins *origins, struct http_request *request)
{
	const char *origin = origins ? http_request_find_header(request, "Origin") : NULL;

	for (const char *const *one = origin ? origins->origins : NULL; one && *one; one++)
		if (strcmp(*one, "*") == 0 || g_ascii_strcasecmp(*one, origin) == 0)
			return origin;
	return NULL;
}

void http_origin_add(const struct http_origins *origins, const char *origin,
		     struct MHD_Response *response)
{
	MHD_add_response_header(response, "Access-Control-Allow-Origin", origin);
	MHD_add_response_header(response, "Access-Control-Expose-Headers", origins->exposed);
	MHD_add_response_header(response, "Vary", "Origin");
}

/* NAME is one of LIST, "GET, PUT"; in any case. */
static bool list_has(const char *list, const char *name)
{
	gsize length = strlen(name);

	for (const char *at = list; length; at++) {
		if (g_ascii_strncasecmp(at, name, length) == 0 &&
		    (at[length] == ',' || at[length] == '\0'))
			return true;
		at = strchr(at, ' ');
		if (!at)
			break;
	}
	return false;
}

static bool list_has_all(const char *list, const char *names)
{
	g_auto(GStrv) each = g_strsplit(names, ",", 64);
	bool all = true;

	for (char **name = each; *name && all; name++)
		all = list_has(list, g_strstrip(*name));
	return all;
}

struct MHD_Response *http_origin_preflight(const struct http_origins *origins,
					   struct http_request *request)
{
	const char *method = http_request_find_header(request, "Access-Control-Request-Method");
	const char *names = http_request_find_header(request, "Access-Control-Request-Headers");
	struct MHD_Response *response;

	if (!method || !http_origin_find(origins, request) ||
	    !list_has(origins->methods, method) ||
	    (names && !list_has_all(origins->headers, names)))
		return NULL;
	response = MHD_create_response_from_buffer(0, (char *)"", MHD_RESPMEM_PERSISTENT);
	MHD_add_response_header(response, "Access-Control-Allow-Methods", origins->methods);
	MHD_add_response_header(response, "Access-Control-Allow-Headers", origins->headers);
	MHD_add_response_header(response, "Access-Control-Max-Age", MAX_AGE);
	return response;
}
