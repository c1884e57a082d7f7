/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an error is called, and what HTTP and the shell are told of it.
 */
#include "lib/error.h"

static const struct {
	const char *name;
	unsigned int status;
	int exit_code;
} codes[] = {
#define X(code, text, http, exits) [WEFT_ERROR_##code] = {text, http, exits},
	WEFT_ERROR_TABLE(X)
#undef X
};

G_DEFINE_QUARK(weft - error, weft_error)

static gboolean error_is_ours(const GError *error)
{
	return error->domain == WEFT_ERROR && error->code >= 0 &&
	       (gsize)error->code < G_N_ELEMENTS(codes);
}

unsigned int weft_error_to_status(const GError *error)
{
	return error_is_ours(error) ? codes[error->code].status : 500;
}

int weft_error_to_exit(const GError *error)
{
	return error_is_ours(error) ? codes[error->code].exit_code : 1;
}

enum weft_error weft_error_from_status(unsigned int status)
{
	for (gsize i = 0; i < G_N_ELEMENTS(codes); i++)
		if (codes[i].status == status)
			return (enum weft_error)i;
	return WEFT_ERROR_INTERNAL;
}

const char *weft_error_to_name(enum weft_error code)
{
	return codes[code].name;
}
