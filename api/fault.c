/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From GError to the body of a reply.
 */
#include "api/fault.h"

#include <string.h>

#include "lib/error.h"
#include "model/attr_json.h"

static const char *const code_types[] = {
	[WEFT_ERROR_INVALID] = "HTTPBadRequest",
	[WEFT_ERROR_NOT_FOUND] = "HTTPNotFound",
	[WEFT_ERROR_CONFLICT] = "Conflict",
	[WEFT_ERROR_EXHAUSTED] = "Conflict",
	[WEFT_ERROR_DENIED] = "PolicyNotAuthorized",
	[WEFT_ERROR_UNAVAILABLE] = "ServiceUnavailable",
	[WEFT_ERROR_INTERNAL] = "HTTPInternalServerError",
	[WEFT_ERROR_UNAUTHENTICATED] = "Unauthorized",
	[WEFT_ERROR_STALE] = "RevisionNumberConstraintFailed",
};

/* The one 500 that is no fault of ours: by its type Nova knows to look for another host. */
#define FAULT_TOLD "PortBindingError: "

/* Length of the type in front of ": ", or 0. */
static gsize fault_type_length(const char *message)
{
	gsize length = 0;

	if (!g_ascii_isupper(message[0]))
		return 0;
	while (g_ascii_isalnum(message[length]))
		length++;
	return message[length] == ':' && message[length + 1] == ' ' ? length : 0;
}

char *fault_print_plain(const char *type, const char *message)
{
	GString *out = g_string_new("{\"NeutronError\":{\"type\":");

	attr_encode_string(out, type);
	g_string_append(out, ",\"message\":");
	attr_encode_string(out, message);
	g_string_append(out, ",\"detail\":\"\"}}");
	return g_string_free(out, FALSE);
}

static char *fault_print_unauthenticated(void)
{
	return g_strdup("{\"error\":{\"code\":401,\"title\":\"Unauthorized\",\"message\":"
			"\"The request you have made requires authentication.\"}}");
}

char *fault_print(const GError *error, unsigned int *status)
{
	gsize length = fault_type_length(error->message);
	g_autofree char *type = NULL;

	*status = weft_error_to_status(error);
	if (*status == 401)
		return fault_print_unauthenticated();
	if (*status == 500 && !g_str_has_prefix(error->message, FAULT_TOLD))
		return fault_print_plain(
			"HTTPInternalServerError",
			"Request Failed: internal server error while processing "
			"your request.");
	if (length) {
		type = g_strndup(error->message, length);
		return fault_print_plain(type, error->message + length + 2);
	}
	return fault_print_plain(code_types[error->code], error->message);
}
