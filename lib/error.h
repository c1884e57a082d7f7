/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one error domain. A code maps to an HTTP status and an exit code in one
 * table; the message names the object, the attribute and the value.
 */
#pragma once

#include <glib.h>

/* X(CODE, "name", HTTP status, exit code) */
#define WEFT_ERROR_TABLE(X)                                                                    \
	X(INVALID, "invalid", 400, 2)                                                          \
	X(NOT_FOUND, "not-found", 404, 3)                                                      \
	X(CONFLICT, "conflict", 409, 4)                                                        \
	X(EXHAUSTED, "exhausted", 409, 5)                                                      \
	X(DENIED, "denied", 403, 6)                                                            \
	X(UNAVAILABLE, "unavailable", 503, 7)                                                  \
	X(INTERNAL, "internal", 500, 1)                                                        \
	X(UNAUTHENTICATED, "unauthenticated", 401, 8)                                          \
	X(STALE, "stale", 412, 9)

enum weft_error {
#define X(code, name, status, exit_code) WEFT_ERROR_##code,
	WEFT_ERROR_TABLE(X)
#undef X
};

#define WEFT_ERROR (weft_error_quark())
GQuark weft_error_quark(void);

/* HTTP status of ERROR; 500 for an error of another domain. */
unsigned int weft_error_to_status(const GError *error);

/* Exit code of ERROR; 1 for an error of another domain. */
int weft_error_to_exit(const GError *error);

/* The code whose HTTP status is STATUS; WEFT_ERROR_INTERNAL when there is none. */
enum weft_error weft_error_from_status(unsigned int status);

/* "invalid", "not-found" ...: borrowed. */
const char *weft_error_to_name(enum weft_error code);
