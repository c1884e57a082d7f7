/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keystone's bodies: what a token says, and how weftd asks for its own.
 */
#pragma once

#include "api/identity.h"

/* {"token":{...}} of a validation. EXPIRES_AT: seconds since 1970. */
bool identity_token_parse(const char *body, gsize size, struct caller *out, gint64 *expires_at,
			  GError **error);
/* {"auth":{...}}; owned. */
char *identity_login_print(const struct identity_config *config);
